"""Members join, and are found again."""

import pytest

from loyalty_app.accounts import rules
from loyalty_app.accounts.models import Account, Role
from loyalty_app.accounts.service import SignedIn
from loyalty_app.core.errors import InvalidError
from loyalty_app.core.reasons import Reason
from loyalty_app.members import service as members
from loyalty_app.members.models import Member
from tests.builders import ADMIN, NOON, PEER, member, newcomer
from tests.doors import change, rows, see

pytestmark = pytest.mark.usefixtures("database")


def test_whoever_joins_is_signed_in_at_once():
    signed_in = change(members.join, newcomer("Mia"), peer=PEER, now=NOON)

    assert isinstance(signed_in, SignedIn)
    assert signed_in.role is Role.MEMBER
    assert [(row.name, row.email) for row in rows(Member)] == [("Mia", "mia@example.com")]


def test_nobody_joins_twice():
    change(members.join, newcomer("Mia"), peer=PEER, now=NOON)

    with pytest.raises(InvalidError):
        change(members.join, newcomer("Mia"), peer=PEER, now=NOON)
    assert len(rows(Member)) == 1


def test_a_peer_with_too_many_sign_ups_waits(monkeypatch):
    monkeypatch.setattr(rules, "SIGN_UPS_A_PEER", 1)
    change(members.join, newcomer("Mia"), peer=PEER, now=NOON)

    assert change(members.join, newcomer("Ola"), peer=PEER, now=NOON).reason is Reason.RATE_LIMITED
    assert [row.name for row in rows(Member)] == ["Mia"]
    assert "Ola" not in {account.name for account in rows(Account)}


def test_members_are_found_by_account_and_staff_are_none():
    mia, ola = change(member, "Mia"), change(member, "Ola")
    found = see(members.ids_of_accounts, [mia.account_id, ola.account_id, ADMIN.account_id])

    names = {row.id: row.name for row in rows(Member)}
    assert [names[found[who.account_id]] for who in (mia, ola)] == ["Mia", "Ola"]
    assert ADMIN.account_id not in found
