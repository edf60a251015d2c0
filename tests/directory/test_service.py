"""Everything of a member in one place, for who may see members."""

from datetime import timedelta

import pytest

from loyalty_app.codes.models import Code
from loyalty_app.core.actor import STRANGER
from loyalty_app.core.errors import ForbiddenError, NotFoundError
from loyalty_app.directory import service as directory
from loyalty_app.directory.service import Place
from loyalty_app.members.models import Member
from loyalty_app.points import service as ledger
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.asks import Ask
from tests import builders
from tests.builders import ADMIN, CASHIER, MARKETER, NOON, VIEWER
from tests.doors import change, rows, see

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def mia(database):
    return change(builders.member)


def profile(member_id=1, place=None, *, by=MARKETER):
    return see(directory.profile, member_id, place or Place(), by=by)


def test_a_member_has_points_redemptions_and_vouchers_of_both_kinds(mia):
    change(builders.claimed, change(builders.batch), mia)
    change(redemptions.redeem_many, [Ask(builders.link(change(builders.scan_batch, points=20)), mia)], now=NOON)
    nina = change(builders.member, "Nina")
    change(builders.claimed, change(builders.batch, name="Others"), nina)

    found = profile()

    assert (found.member.name, found.member.points) == ("Mia", 20)
    assert [(one.points, one.balance) for one in found.entries] == [(20, 20)]
    assert [(line.points, line.member) for line in found.redemptions] == [(20, "Mia")]
    assert [voucher.promise.title for voucher in found.vouchers] == ["One coffee"]


def test_the_long_lists_are_read_a_page_at_a_time(mia, monkeypatch):
    monkeypatch.setattr(directory, "PAGE", 2)
    batch = change(builders.scan_batch, 5, points=20)
    for serial in range(1, 6):
        change(redemptions.redeem_many, [Ask(builders.link(batch, serial), mia)], now=NOON)

    first = profile()
    second = profile(place=Place(first.entries[1].id, first.redemptions[1].id))

    assert [one.balance for one in first.entries] == [100, 80, 60]
    assert [one.balance for one in second.entries] == [60, 40, 20]
    assert [line.id for line in second.redemptions] == [3, 2, 1]


def test_all_vouchers_are_read_a_page_at_a_time(mia, monkeypatch):
    monkeypatch.setattr(directory, "PAGE", 2)
    for minutes in (0, 0, 0, 1, 2):  # some claimed in the same moment
        change(builders.claimed, change(builders.batch), mia, now=NOON + timedelta(minutes=minutes))

    found, after = [], 0
    while page := profile(place=Place(voucher=after)).vouchers[:2]:
        found += [one.id for one in page]
        after = found[-1]

    claimed = sorted(rows(Code), key=lambda code: (code.claimed_at or NOON, code.id or 0), reverse=True)
    assert found == [code.id for code in claimed if code.claimed_at]


def test_an_unknown_member_is_not_found(mia):
    with pytest.raises(NotFoundError):
        profile(99)


@pytest.mark.parametrize("by", [CASHIER, VIEWER, STRANGER], ids=lambda one: one.name or "stranger")
def test_who_may_not_see_members_sees_none(mia, by):
    with pytest.raises(ForbiddenError):
        profile(by=by)


def test_what_a_members_page_depends_on_is_told_when_points_move(mia):
    assert ledger.topic(rows(Member)[0].id) in directory.topics(1)
    assert change(ledger.adjust, 1, 5, "Why", by=ADMIN, now=NOON).balance == 5
