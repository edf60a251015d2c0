"""People sign in and out, guessers are slowed down, and setup works once."""

from datetime import timedelta

import pytest

from loyalty_app.accounts import rules
from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, AccountSession, Role, SetupLink, Throttle
from loyalty_app.accounts.service import ProgramDetails, SignedIn, SignInRefused
from loyalty_app.audit.models import AuditEntry
from loyalty_app.core import secrets
from loyalty_app.core.actor import STRANGER, Permission
from loyalty_app.core.errors import ForbiddenError, InvalidError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.program import service as programs
from tests.builders import ADMIN, CASHIER, MARKETER, NOON, PASSWORD, PEER, newcomer
from tests.doors import at_once, change, rows, see

KASIA = "kasia@example.com"
CAFE = ProgramDetails("Kawa", "Europe/Warsaw", "PLN", "pl-PL")

furnished = pytest.mark.usefixtures("database")
before_setup = pytest.mark.usefixtures("empty_database")


def try_in(email=KASIA, *, is_right=True, peer=PEER, now=NOON):
    return change(accounts.sign_in, email, is_right=is_right, peer=peer, now=now)


def fail(times, email=KASIA, **where):
    return [try_in(email, is_right=False, **where) for _ in range(times)]


def who(signed_in, now=NOON):
    return see(accounts.actor_of, secrets.fingerprint(signed_in.secret), now=now)


@furnished
def test_only_the_right_password_is_right():
    assert see(accounts.password_is_right, " Kasia@Example.com", PASSWORD)
    assert not see(accounts.password_is_right, KASIA, PASSWORD + "!")
    assert not see(accounts.password_is_right, "nobody@example.com", PASSWORD)
    assert not see(accounts.password_is_right, "no address at all", PASSWORD)


@furnished
def test_whoever_signs_in_is_known_by_the_secret_alone():
    signed_in = try_in()

    assert isinstance(signed_in, SignedIn)
    assert signed_in.role is Role.STAFF
    assert who(signed_in) == accounts.actor_for(rows(Account)[2], secrets.fingerprint(signed_in.secret))
    assert see(accounts.actor_of, secrets.fingerprint("another secret"), now=NOON) is STRANGER
    assert see(accounts.actor_of, "", now=NOON) is STRANGER


@furnished
def test_the_secret_itself_is_not_stored():
    signed_in = try_in()

    assert signed_in.secret not in repr([row.model_dump() for row in rows(AccountSession)])


@furnished
@pytest.mark.parametrize(("role", "days"), [(Role.STAFF, 16 / 24), (Role.MEMBER, 60)])
def test_a_session_is_over_when_its_time_is(role, days):
    change(accounts.create, newcomer("Ola"), role, by=ADMIN, now=NOON)
    signed_in = try_in("ola@example.com")

    assert signed_in.expires_at == NOON + timedelta(days=days)
    assert who(signed_in, signed_in.expires_at - timedelta(seconds=1)).is_signed_in
    assert who(signed_in, signed_in.expires_at) is STRANGER


@furnished
def test_signing_out_ends_this_session_and_no_other():
    phone, till = try_in(), try_in()

    change(accounts.close_session, secrets.fingerprint(phone.secret))
    change(accounts.close_session, secrets.fingerprint(phone.secret))

    assert who(phone) is STRANGER
    assert who(till).name == "Kasia"


@furnished
def test_all_sessions_of_an_account_end_at_once():
    phone, till, other = try_in(), try_in(), try_in("ada@example.com")

    change(accounts.close_all_sessions, CASHIER.account_id)

    assert who(phone) is who(till) is STRANGER
    assert who(other).name == "Ada"


@furnished
def test_sessions_that_are_over_are_swept_at_the_next_sign_in():
    try_in(now=NOON - timedelta(days=2))
    try_in()

    assert len(rows(AccountSession)) == 1


@furnished
def test_whoever_fails_too_often_waits_and_the_owner_elsewhere_does_not():
    assert {answer.reason for answer in fail(rules.FAILURES_A_PLACE)} == {Reason.LOGIN_REQUIRED}

    refused = try_in(now=NOON + timedelta(minutes=5))
    assert refused == SignInRefused(Reason.RATE_LIMITED, retry_after=601)
    assert isinstance(try_in("ada@example.com"), SignedIn)
    assert isinstance(try_in(peer="198.51.100.1"), SignedIn)


@furnished
def test_an_address_waits_after_too_many_failures_from_anywhere():
    for number in range(rules.FAILURES_AN_ADDRESS):
        fail(1, peer=f"198.51.100.{number}")

    assert try_in(peer="203.0.113.9").reason is Reason.RATE_LIMITED
    assert isinstance(try_in("ada@example.com", peer="203.0.113.9"), SignedIn)


@furnished
def test_a_peer_waits_after_too_many_failures_at_any_addresses():
    for number in range(rules.FAILURES_A_PEER):
        fail(1, f"guess{number}@example.com")

    assert try_in().reason is Reason.RATE_LIMITED
    assert isinstance(try_in(peer="198.51.100.1"), SignedIn)


@furnished
def test_failures_are_forgotten_when_their_window_ends():
    fail(rules.FAILURES_A_PLACE)

    assert isinstance(try_in(now=NOON + rules.THROTTLE_WINDOW), SignedIn)


@furnished
def test_a_new_window_begins_with_the_first_failure_after_the_old_one():
    fail(rules.FAILURES_A_PLACE)
    later = NOON + rules.THROTTLE_WINDOW

    assert fail(1, now=later)[0].reason is Reason.LOGIN_REQUIRED
    assert isinstance(try_in(now=later), SignedIn)


@furnished
def test_a_success_forgives_the_address_but_not_the_peer():
    fail(rules.FAILURES_A_PLACE - 1)
    try_in()
    fail(rules.FAILURES_A_PLACE - 1)

    assert isinstance(try_in(), SignedIn)
    assert [row.failures for row in rows(Throttle)] == [2 * (rules.FAILURES_A_PLACE - 1)]


@furnished
def test_failures_survive_a_restart(database):
    fail(rules.FAILURES_A_PLACE)
    database.dispose()

    assert try_in().reason is Reason.RATE_LIMITED


@furnished
def test_failures_counted_at_the_same_time_are_all_counted():
    at_once([lambda: fail(1, "ada@example.com")] * 8)

    # Some may find the limit reached by the others: they are refused without being counted.
    assert min(row.failures for row in rows(Throttle)) >= rules.FAILURES_A_PLACE
    assert try_in("ada@example.com").reason is Reason.RATE_LIMITED


@furnished
def test_addresses_and_peers_are_not_stored_in_the_throttle():
    fail(1)

    assert KASIA not in repr(rows(Throttle))
    assert PEER not in repr(rows(Throttle))


@furnished
def test_signing_up_makes_a_member_and_nothing_more():
    change(accounts.sign_up, newcomer("Mia"), peer=PEER, now=NOON)

    assert rows(Account)[-1].role is Role.MEMBER


@furnished
def test_an_address_has_one_account():
    with pytest.raises(InvalidError) as refused:
        change(accounts.sign_up, newcomer("Kasia"), peer=PEER, now=NOON)

    assert refused.value.problems.keys() == {"email"}


@furnished
def test_sign_ups_of_one_peer_are_limited(monkeypatch):
    monkeypatch.setattr(rules, "SIGN_UPS_A_PEER", 2)
    for name in ("Mia", "Ola"):
        change(accounts.sign_up, newcomer(name), peer=PEER, now=NOON)

    refused = change(accounts.sign_up, newcomer("Ela"), peer=PEER, now=NOON)

    assert refused.reason is Reason.RATE_LIMITED
    assert {account.name for account in rows(Account)} >= {"Mia", "Ola"}
    assert "Ela" not in {account.name for account in rows(Account)}


@furnished
def test_only_who_manages_users_makes_accounts():
    for by in (STRANGER, MARKETER, CASHIER):
        with pytest.raises(ForbiddenError):
            change(accounts.create, newcomer("Ola"), Role.ADMIN, by=by, now=NOON)

    change(accounts.create, newcomer("Ola"), Role.STAFF, by=ADMIN, now=NOON)
    entry = rows(AuditEntry)[-1]
    assert (entry.verb, entry.details, entry.account_id) == ("create", "staff", ADMIN.account_id)


def test_a_newcomer_with_wrong_fields_is_refused():
    with pytest.raises(InvalidError) as refused:
        accounts.newcomer("", "nowhere", "short")

    assert refused.value.problems.keys() == {"name", "email", "password"}


@before_setup
def test_setup_works_once():
    secret = change(accounts.new_setup_secret)
    assert see(accounts.setup_is_open, secret)

    admin = change(accounts.set_up, secret, newcomer("Ada"), CAFE, now=NOON)

    assert admin.role is Role.ADMIN
    assert see(programs.current).name == "Kawa"
    assert not see(accounts.setup_is_open, secret)
    assert change(accounts.set_up, secret, newcomer("Eve"), CAFE, now=NOON) is None
    assert change(accounts.new_setup_secret) is None
    assert [account.name for account in rows(Account)] == ["Ada"]


@before_setup
def test_only_the_newest_setup_link_works():
    old, new = change(accounts.new_setup_secret), change(accounts.new_setup_secret)

    assert change(accounts.set_up, old, newcomer("Eve"), CAFE, now=NOON) is None
    assert change(accounts.set_up, "", newcomer("Eve"), CAFE, now=NOON) is None
    assert change(accounts.set_up, new, newcomer("Ada"), CAFE, now=NOON) is not None


@before_setup
def test_a_setup_that_fails_leaves_the_link_open():
    secret = change(accounts.new_setup_secret)

    with pytest.raises(InvalidError):
        change(accounts.set_up, secret, newcomer("Ada"), ProgramDetails(time_zone="Mars/Base"), now=NOON)

    assert see(accounts.setup_is_open, secret)
    assert rows(Account) == []


@before_setup
def test_of_two_who_press_the_button_at_once_one_sets_up(other_processes):
    secret = change(accounts.new_setup_secret)

    made = at_once(
        [lambda name=name: change(accounts.set_up, secret, newcomer(name), CAFE, now=NOON) for name in ("Ada", "Eve")]
    )

    assert sorted(account is None for account in made) == [False, True]
    assert len(rows(Account)) == 1
    assert rows(SetupLink) == []


@before_setup
def test_before_setup_the_system_may_do_everything():
    for permission in Permission:
        accounts.SYSTEM.must(permission)


@furnished
def test_names_are_found_by_account():
    assert see(accounts.names, {1, 3, 99}) == {1: "Ada", 3: "Kasia"}


@furnished
def test_an_admin_sees_who_works_here_and_no_members():
    change(accounts.sign_up, newcomer("Mia"), peer=PEER, now=NOON)

    assert [who.name for who in see(accounts.staff, by=ADMIN)] == ["Ada", "Kasia", "Marek", "Tomek", "Wiktor"]
    for by in (MARKETER, CASHIER, STRANGER):
        with pytest.raises(ForbiddenError):
            see(accounts.staff, by=by)


@furnished
def test_an_admin_signs_somebody_out_everywhere_and_nobody_else():
    lost, kept = [try_in(), try_in()], try_in("marek@example.com")

    assert change(accounts.end_sessions, CASHIER.account_id, by=ADMIN, now=NOON) == "Kasia"
    assert [who(one) for one in lost] == [STRANGER, STRANGER]
    assert who(kept).name == "Marek"
    assert rows(AuditEntry)[-1].verb == "end_sessions"
    with pytest.raises(ForbiddenError):
        change(accounts.end_sessions, MARKETER.account_id, by=MARKETER, now=NOON)


@furnished
def test_a_member_is_not_among_those_who_can_be_signed_out_here():
    member = change(accounts.sign_up, newcomer("Mia"), peer=PEER, now=NOON)

    for nobody in (member.id, 999):
        with pytest.raises(NotFoundError):
            change(accounts.end_sessions, nobody, by=ADMIN, now=NOON)
