"""People sign in and out, guessers are slowed down, and setup works once."""

import re
from datetime import timedelta

import pytest

from loyalty_app.accounts import rules
from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, AccountSession, PasswordReset, Role, SetupLink, Throttle
from loyalty_app.accounts.service import LastAdminError, OwnRoleError, ProgramDetails, SignedIn, SignInRefused
from loyalty_app.audit.models import AuditEntry
from loyalty_app.core import secrets
from loyalty_app.core.actor import STRANGER, Permission
from loyalty_app.core.errors import ForbiddenError, InvalidError, NotFoundError
from loyalty_app.core.languages import ENGLISH
from loyalty_app.core.reasons import Reason
from loyalty_app.core.secrets import fingerprint
from loyalty_app.mail.models import Mail
from loyalty_app.program import service as programs
from tests.builders import ADMIN, CASHIER, MARKETER, NOON, PASSWORD, PEER, newcomer
from tests.doors import at_once, change, rows, see

KASIA = "kasia@example.com"
CAFE = ProgramDetails("Kawa", "Europe/Warsaw", "PLN", "pl-PL")
RECOMMENDED = "$argon2id$v=19$m=65536,t=3,p=4$"
"""The second choice of RFC 9106, section 4: three passes over 64 MiB."""

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


def test_a_hash_is_as_slow_as_is_recommended_for_nobody_too(hash_cost, monkeypatch):
    monkeypatch.setattr(accounts, "HASH_COST", hash_cost)
    kept = accounts.new_password(PASSWORD)

    assert kept.startswith(RECOMMENDED)
    assert accounts._nobodys_hash.startswith(RECOMMENDED)
    assert accounts.fits(kept, PASSWORD)
    assert not accounts.fits(kept, PASSWORD + "!")


def test_a_hash_of_another_library_and_of_a_lower_cost_is_still_good():
    """RFC 9106 and the PHC text say all that is needed."""
    kept = "$argon2id$v=19$m=65536,t=3,p=4$NNFmlnJ+I5UKLWFH/T3QOg$hc/cziTpGQcqTqYCbKA7F5eCQ+SyyLasuUgk23FPms4"

    assert accounts.fits(kept, "abc")
    assert not accounts.fits(kept, "abd")


@pytest.mark.parametrize("kept", ["", "no hash", "$argon2id$v=19$m=65536,t=3,p=4$$", "$2b$12$abcdefghijklmnopqrstuv"])
def test_nothing_fits_what_is_no_hash(kept):
    assert not accounts.fits(kept, PASSWORD)
    assert not accounts.fits(kept, "")


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
    change(accounts.sign_up, newcomer("Mia"), now=NOON)

    assert rows(Account)[-1].role is Role.MEMBER


@furnished
def test_an_address_has_one_account():
    with pytest.raises(InvalidError) as refused:
        change(accounts.sign_up, newcomer("Kasia"), now=NOON)

    assert refused.value.problems.keys() == {"email"}


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
    change(accounts.sign_up, newcomer("Mia"), now=NOON)

    names = ["Ada", "Kasia", "Lena", "Marek", "Tomek", "Wiktor"]
    assert [who.name for who in see(accounts.staff, by=ADMIN)] == names
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
    member = change(accounts.sign_up, newcomer("Mia"), now=NOON)

    for nobody in (member.id, 999):
        with pytest.raises(NotFoundError):
            change(accounts.end_sessions, nobody, by=ADMIN, now=NOON)


# --- A forgotten password. -------------------------------------------------------------------------------------------


def ask_for_reset(email=KASIA, *, peer=PEER, now=NOON):
    return change(accounts.ask_for_reset, email, ENGLISH, peer=peer, now=now)


def link_sent():
    """Return the secret of the link in the newest letter."""
    return re.search(r"/reset-password/\?token=(\S+)", rows(Mail)[-1].body).group(1)


def reset(secret, now=NOON):
    return change(accounts.reset_password, secret, accounts.new_password("another good one"), peer=PEER, now=now)


@furnished
def test_a_link_in_a_mail_changes_the_password_once_and_ends_every_session():
    phone, other = try_in(), try_in("ada@example.com")
    ask_for_reset(" Kasia@Example.com ")
    secret = link_sent()
    assert see(accounts.reset_email, secret, now=NOON) == KASIA

    assert reset(secret)
    assert see(accounts.password_is_right, KASIA, "another good one")
    assert not see(accounts.password_is_right, KASIA, PASSWORD)
    assert who(phone) is STRANGER
    assert who(other).name == "Ada"
    assert len(rows(AccountSession)) == 1  # and nobody was signed in by it
    assert (rows(AuditEntry)[-1].verb, rows(AuditEntry)[-1].account_id) == ("reset_password", CASHIER.account_id)
    assert not reset(secret)
    assert see(accounts.reset_email, secret, now=NOON) is None


@furnished
def test_a_link_is_good_for_an_hour():
    ask_for_reset()
    secret, late = link_sent(), NOON + timedelta(hours=1)

    assert see(accounts.reset_email, secret, now=late) is None
    assert not reset(secret, now=late)
    assert reset(secret, now=late - timedelta(seconds=1))


@furnished
def test_of_two_who_use_a_link_at_once_one_does(other_processes):
    ask_for_reset()
    secret = link_sent()
    first, second = accounts.new_password("the first of two"), accounts.new_password("the second of two")
    done = at_once(
        [
            lambda made=made: change(accounts.reset_password, secret, made, peer=PEER, now=NOON)
            for made in (first, second)
        ]
    )

    assert sorted(done) == [False, True]
    assert rows(Account)[2].password_hash == (first if done[0] else second)


@furnished
def test_a_new_password_makes_every_other_link_useless():
    ask_for_reset()
    old = link_sent()
    ask_for_reset()

    assert reset(link_sent())
    assert not reset(old)
    assert rows(PasswordReset) == []


@furnished
def test_the_secret_of_a_link_is_not_stored_with_it():
    ask_for_reset()

    assert link_sent() not in repr([row.model_dump() for row in rows(PasswordReset)])


@furnished
def test_an_address_without_an_account_gets_the_same_answer_and_no_mail():
    assert ask_for_reset("nobody@example.com") == ask_for_reset()
    assert [mail.recipient for mail in rows(Mail)] == [KASIA]
    with pytest.raises(InvalidError):
        ask_for_reset("no address")


@furnished
def test_links_are_throttled_whether_there_is_an_account_or_not():
    for email in (KASIA, "nobody@example.com"):
        answers = [ask_for_reset(email) for _ in range(rules.LETTERS_A_PLACE + 1)]
        assert answers[:-1] == [None] * rules.LETTERS_A_PLACE
        assert answers[-1].reason is Reason.RATE_LIMITED
    assert len(rows(Mail)) == rules.LETTERS_A_PLACE


@furnished
def test_whoever_locked_themselves_out_gets_in_with_the_new_password():
    fail(rules.FAILURES_A_PLACE)
    ask_for_reset()
    reset(link_sent())

    assert isinstance(try_in(), SignedIn)


@furnished
def test_an_account_that_is_switched_off_gets_no_link_and_its_old_one_is_dead():
    ask_for_reset()
    secret = link_sent()
    switch(CASHIER, is_active=False)

    assert see(accounts.reset_email, secret, now=NOON) is None
    assert not reset(secret)
    ask_for_reset()
    assert len(rows(Mail)) == 1


# --- People and roles. -----------------------------------------------------------------------------------------------


def switch(whom, *, is_active, by=ADMIN):
    return change(accounts.switch, whom.account_id, is_active=is_active, by=by, now=NOON)


def second_admin():
    made = change(accounts.create, newcomer("Ala"), Role.ADMIN, by=ADMIN, now=NOON)
    return accounts.actor_for(made)


@furnished
def test_an_account_that_is_switched_off_is_out_at_once_and_stays_out():
    till = try_in()
    assert switch(CASHIER, is_active=False) == "Kasia"

    assert who(till) is STRANGER
    assert try_in() == SignInRefused(Reason.LOGIN_REQUIRED)
    assert see(accounts.names, {CASHIER.account_id}) == {CASHIER.account_id: "Kasia"}
    switch(CASHIER, is_active=True)
    assert isinstance(try_in(), SignedIn)
    assert [entry.verb for entry in rows(AuditEntry)[-2:]] == ["switch_off", "switch_on"]


@furnished
def test_a_session_opened_while_the_account_is_switched_off_opens_nothing():
    signed_in = try_in()
    change(lambda session: session.get(Account, CASHIER.account_id).sqlmodel_update({"is_active": False}))

    assert who(signed_in) is STRANGER


@furnished
def test_another_role_begins_with_a_new_sign_in():
    till = try_in()
    change(accounts.change_role, CASHIER.account_id, Role.MARKETER, by=ADMIN, now=NOON)

    assert who(till) is STRANGER
    assert try_in().role is Role.MARKETER
    assert (rows(AuditEntry)[-1].verb, rows(AuditEntry)[-1].details) == ("change_role", "staff to marketer")


@furnished
def test_the_same_role_changes_nothing():
    till = try_in()
    change(accounts.change_role, CASHIER.account_id, Role.STAFF, by=ADMIN, now=NOON)

    assert who(till).name == "Kasia"


@furnished
def test_nobody_decides_about_themselves():
    second_admin()
    with pytest.raises(OwnRoleError):
        change(accounts.change_role, ADMIN.account_id, Role.VIEWER, by=ADMIN, now=NOON)
    with pytest.raises(OwnRoleError):
        switch(ADMIN, is_active=False)


@furnished
def test_the_last_active_admin_stays():
    ala = second_admin()
    switch(ala, is_active=False)

    for attempt in (
        lambda: change(accounts.change_role, ADMIN.account_id, Role.VIEWER, by=ala, now=NOON),
        lambda: switch(ADMIN, is_active=False, by=ala),
    ):
        with pytest.raises(LastAdminError):
            attempt()
    assert rows(Account)[0].role is Role.ADMIN


@furnished
@pytest.mark.parametrize("way", ["role", "switch"])
def test_two_admins_who_dismiss_each_other_at_once_leave_one(way, other_processes):
    ala = second_admin()

    def dismiss(whom, by):
        try:
            if way == "role":
                change(accounts.change_role, whom.account_id, Role.VIEWER, by=by, now=NOON)
            else:
                switch(whom, is_active=False, by=by)
        except LastAdminError:
            return False
        return True

    done = at_once([lambda: dismiss(ala, ADMIN), lambda: dismiss(ADMIN, ala)])
    assert sorted(done) == [False, True]
    assert len([one for one in rows(Account) if one.role is Role.ADMIN and one.is_active]) == 1


@furnished
def test_a_name_is_corrected_and_written_down():
    change(accounts.rename, CASHIER.account_id, " Katarzyna ", by=ADMIN, now=NOON)

    assert rows(Account)[2].name == "Katarzyna"
    assert rows(AuditEntry)[-1].verb == "rename"
    with pytest.raises(InvalidError):
        change(accounts.rename, CASHIER.account_id, " ", by=ADMIN, now=NOON)


@furnished
def test_nobody_becomes_a_member_and_no_member_works_here():
    mia = change(accounts.sign_up, newcomer("Mia"), now=NOON)

    with pytest.raises(InvalidError):
        change(accounts.change_role, CASHIER.account_id, Role.MEMBER, by=ADMIN, now=NOON)
    with pytest.raises(NotFoundError):
        change(accounts.change_role, mia.id, Role.ADMIN, by=ADMIN, now=NOON)
    with pytest.raises(NotFoundError):
        change(accounts.switch, mia.id, is_active=False, by=ADMIN, now=NOON)


# --- My account. -----------------------------------------------------------------------------------------------------


def change_password(by, *, is_right=True):
    made = accounts.new_password("another good one")
    return change(accounts.change_password, made, is_right=is_right, by=by, peer=PEER, now=NOON)


@furnished
def test_a_new_password_ends_the_other_sessions_and_keeps_this_one():
    phone, till = try_in(), try_in()

    assert change_password(who(till)) is None
    assert who(phone) is STRANGER
    assert who(till).name == "Kasia"
    assert see(accounts.password_is_right, KASIA, "another good one")
    assert rows(AuditEntry)[-1].verb == "change_password"


@furnished
def test_a_wrong_present_password_changes_nothing_and_is_counted():
    phone, till = try_in(), try_in()
    answers = [change_password(who(till), is_right=False) for _ in range(rules.FAILURES_A_PLACE + 1)]

    assert {answer.reason for answer in answers[:-1]} == {Reason.LOGIN_REQUIRED}
    assert answers[-1].reason is Reason.RATE_LIMITED
    assert change_password(who(till)).reason is Reason.RATE_LIMITED
    assert see(accounts.password_is_right, KASIA, PASSWORD)
    assert who(phone).is_signed_in


@furnished
def test_my_sessions_are_mine_and_can_be_ended_one_by_one():
    phone = change(accounts.sign_in, KASIA, is_right=True, peer=PEER, now=NOON, device="Chrome on Android")
    till, ada = try_in(), try_in("ada@example.com")
    mine = see(accounts.my_sessions, by=who(till), now=NOON)

    assert {one.device for one in mine} == {"Chrome on Android", ""}
    assert len(mine) == 2
    key = accounts.session_key(fingerprint(ada.secret))
    change(accounts.end_my_session, key, by=who(till), now=NOON)
    assert who(ada).is_signed_in
    change(accounts.end_my_session, accounts.session_key(fingerprint(phone.secret)), by=who(till), now=NOON)
    assert who(phone) is STRANGER
    assert who(till).is_signed_in


@furnished
def test_all_other_sessions_end_and_this_one_stays():
    others, till, ada = [try_in(), try_in()], try_in(), try_in("ada@example.com")
    change(accounts.end_my_other_sessions, by=who(till))

    assert [who(one) for one in others] == [STRANGER, STRANGER]
    assert who(till).is_signed_in
    assert who(ada).is_signed_in


def test_what_a_screen_calls_a_session_opens_nothing():
    assert accounts.session_key("a" * 64) not in "a" * 64
    assert accounts.session_key("a" * 64) == accounts.session_key("a" * 64)
