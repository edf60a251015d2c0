"""A PIN opens an enrolled tablet, a little and for a while; a revoked tablet redeems nothing."""

from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, Role
from loyalty_app.accounts.service import SignedIn, SignInRefused
from loyalty_app.audit.models import AuditEntry
from loyalty_app.core import secrets
from loyalty_app.core.actor import STRANGER, Actor, Permission
from loyalty_app.core.errors import ForbiddenError, InvalidError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.places import service as places
from loyalty_app.places.rules import Draft
from loyalty_app.places.service import Enrolled
from loyalty_app.program.models import Program
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Redemption
from loyalty_app.tills import rules
from loyalty_app.tills import service as tills
from tests import builders
from tests.builders import ADMIN, CASHIER, LEAD, MARKETER, NOON, PEER
from tests.doors import at_once, change, rows, see

furnished = pytest.mark.usefixtures("database")
PIN = "4711"


@pytest.mark.parametrize("pin", ["4711", "0815", "1998", "2709", "14081987"])
def test_a_pin_may_be_a_date(pin: str):
    assert rules.pin_problem(pin) == ""


@pytest.mark.parametrize(
    "pin",
    ["", "123", "123456789", "12a4", "0000", "1234", "4321", "7890", "1212", "123123", "98765"],
)
def test_a_pin_that_anybody_would_try_first_is_refused(pin: str):
    assert rules.pin_problem(pin)


def test_a_pin_is_typed_in_any_script():
    assert rules.digits(" \u0664\u0667 \u0661\u0661") == PIN  # Arabic digits
    assert rules.pin_problem(rules.digits("47x11"))


@cache
def pin_hash() -> str:
    return tills.new_pin(PIN)


def tablet(session: Session, place: str = "Old Town", name: str = "Bar tablet") -> Enrolled:
    at = places.create(session, Draft(place), by=ADMIN, now=NOON)
    made = places.invite(session, at.id or 0, name, by=ADMIN, now=NOON)
    device = places.enrol(session, made.secret, now=NOON)
    assert device
    for who in (CASHIER, LEAD):
        tills.give_pin(session, who.account_id or 0, pin_hash(), by=ADMIN, now=NOON)
    return device


def unlocked(device: Enrolled, who: Actor = CASHIER, pin: str = PIN, now=NOON) -> SignedIn | SignInRefused:
    """Do what the door does."""
    if refused := change(tills.count_pin, device, who.account_id, now=now):
        return refused
    is_right = see(tills.pin_is_right, who.account_id, pin)
    return change(tills.unlock, device, who.account_id, is_right=is_right, now=now)


def actor(signed_in: SignedIn | SignInRefused, now=NOON) -> Actor:
    assert isinstance(signed_in, SignedIn)
    return see(accounts.actor_of, secrets.fingerprint(signed_in.secret), now=now)


@furnished
def test_only_an_enrolled_tablet_is_told_who_works_here():
    device = change(tablet)

    assert see(tills.face, device.secret, now=NOON).people == (
        tills.Person(CASHIER.account_id, "Kasia"),
        tills.Person(LEAD.account_id, "Lena"),
    )
    for secret in ("", "made up"):
        assert see(tills.face, secret, now=NOON) == tills.Face("none")
    change(places.revoke, device.id, by=ADMIN, now=NOON)
    assert see(tills.face, device.secret, now=NOON) == tills.Face("revoked")


@furnished
@pytest.mark.requirement("S2-17")
def test_whoever_does_not_fit_on_a_tablet_is_found_by_their_name(monkeypatch):
    monkeypatch.setattr(tills, "MOST_PEOPLE", 2)
    device = change(tablet)
    hired = change(accounts.create, builders.newcomer("Łukasz Żak"), Role.STAFF, by=accounts.SYSTEM, now=NOON)
    change(tills.give_pin, hired.id, pin_hash(), by=ADMIN, now=NOON)

    face = see(tills.face, device.secret, now=NOON)
    assert ([one.name for one in face.people], face.has_more) == (["Kasia", "Lena"], True)
    face = see(tills.face, device.secret, "żak łu", now=NOON)
    assert (face.people, face.has_more) == ((tills.Person(hired.id, "Łukasz Żak"),), False)
    assert see(tills.face, "made up", "żak", now=NOON) == tills.Face("none")


def test_people_of_one_name_are_told_apart_by_as_little_of_the_address_as_does():
    people = [
        ("Ana", "ana.r@a.com"),
        ("ANA ", "ana.k@a.com"),
        ("Ben", "b@a.com"),
        ("Ben", "b@b.com"),
        ("Cy", "cy@a.com"),
    ]

    assert rules.hints(people) == ["ana.r", "ana.k", "b@a.com", "b@b.com", ""]


@furnished
def test_the_right_pin_opens_a_session_at_the_place_of_the_tablet():
    device = change(tablet)
    who = actor(unlocked(device))

    assert (who.name, who.place_id, who.device_id, who.is_by_pin) == ("Kasia", device.place_id, device.id, True)


@furnished
def test_a_pin_opens_the_counter_and_never_the_settings_or_the_account():
    device = change(tablet)
    second = change(accounts.create, builders.newcomer("Beata"), accounts.Role.ADMIN, by=ADMIN, now=NOON)
    change(tills.give_pin, second.id, pin_hash(), by=ADMIN, now=NOON)
    who = actor(unlocked(device, Actor(second.id)))

    assert who.permissions == {
        Permission.REDEEM,
        Permission.VIEW_REDEMPTIONS,
        Permission.GOODWILL,
        Permission.REVERSE_REDEMPTIONS,
        Permission.SUPPORT,
        Permission.PUBLIC,
    }
    for verb in (accounts.my_account, accounts.end_my_other_sessions):
        with pytest.raises(ForbiddenError):
            change(verb, by=who)


@furnished
def test_two_people_may_have_the_same_pin_as_the_tablet_asks_who_it_is():
    device = change(tablet)

    assert actor(unlocked(device, CASHIER)).name == "Kasia"
    assert actor(unlocked(device, LEAD)).name == "Lena"


@furnished
def test_wrong_pins_lock_one_person_on_one_tablet_and_in_the_end_the_tablet():
    device, other = change(tablet), change(tablet, "Riverside", "Door tablet")
    for _ in range(rules.WRONG_PINS):
        assert unlocked(device, pin="9999").reason is Reason.LOGIN_REQUIRED
    locked = unlocked(device)
    assert locked.reason is Reason.RATE_LIMITED
    assert locked.retry_after > 0
    assert isinstance(unlocked(device, LEAD), SignedIn)
    assert isinstance(unlocked(other), SignedIn)
    assert isinstance(unlocked(device, now=NOON + timedelta(minutes=15)), SignedIn)


@furnished
def test_a_tablet_on_which_many_are_guessed_locks_for_all():
    device = change(tablet)
    for number in range(rules.WRONG_PINS_A_DEVICE):
        assert unlocked(device, Actor(100 + number), pin="9999").reason is Reason.LOGIN_REQUIRED
    assert unlocked(device).reason is Reason.RATE_LIMITED


def told() -> list[str]:
    return [entry.details for entry in rows(AuditEntry) if entry.verb == "refuse_pins"]


@furnished
def test_guessed_pins_are_told_once_a_window_and_shown_beside_the_tablet():
    device = change(tablet)
    for _ in range(rules.WRONG_PINS - 1):
        unlocked(device, pin="9999")
    assert told() == []
    later = NOON + timedelta(minutes=15)
    for now in (NOON, NOON, *[later] * (rules.WRONG_PINS + 2)):
        unlocked(device, pin="9999", now=now)

    assert told() == ["Bar tablet, Kasia"] * 2
    (site,) = see(places.sites, by=ADMIN, now=later)
    assert site.wrong_pins == {device.id: later}
    (site,) = see(places.sites, by=ADMIN, now=later + timedelta(days=7))
    assert site.wrong_pins == {}


@furnished
def test_a_tablet_on_which_they_are_guessed_all_day_asks_for_the_password_until_it_is_enrolled_again():
    device, other = change(tablet), change(tablet, "Riverside", "Door tablet")
    for number in range(rules.WRONG_PINS_A_DAY):  # few at a time, so that no other limit is reached
        at = NOON + number // 3 * timedelta(minutes=15)
        assert unlocked(device, pin="9999", now=at).reason is Reason.LOGIN_REQUIRED

    now = NOON + timedelta(hours=6)
    assert told() == ["Bar tablet, asks for e-mail and password now"]
    assert see(tills.face, device.secret, now=now).asks_password
    assert unlocked(device, LEAD, now=now).reason is Reason.RATE_LIMITED
    assert isinstance(unlocked(other, LEAD, now=now), SignedIn)
    assert isinstance(unlocked(device, LEAD, now=NOON + timedelta(days=1)), SignedIn)

    made = change(places.invite_again, device.id, by=ADMIN, now=now)
    again = change(tills.enrol, made.secret, device_secret=device.secret, session_hash="", now=now)
    assert isinstance(unlocked(again, LEAD, now=now), SignedIn)


@furnished
@pytest.mark.usefixtures("other_processes")
def test_guesses_sent_at_the_same_time_are_too_many_together():
    device = change(tablet)
    refused = at_once([lambda: change(tills.count_pin, device, CASHIER.account_id, now=NOON)] * 12)
    assert refused.count(None) <= rules.WRONG_PINS


@furnished
def test_a_session_by_pin_ends_when_the_tablet_is_left_alone_and_not_while_somebody_is_there():
    device = change(tablet)
    signed_in = unlocked(device)
    who = actor(signed_in)
    for minutes in (4, 8):
        change(tills.stay, by=who, now=NOON + timedelta(minutes=minutes))
    assert actor(signed_in, NOON + timedelta(minutes=12)).is_signed_in
    assert actor(signed_in, NOON + timedelta(minutes=13)) == STRANGER

    change(tills.stay, by=who, now=NOON + timedelta(minutes=14))  # too late
    assert actor(signed_in, NOON + timedelta(minutes=14)) == STRANGER


@furnished
def test_without_a_lock_a_session_by_pin_lasts_for_a_working_day():
    device = change(tablet)
    change(lambda session: session.execute(sa.update(Program).values(lock_minutes=0)))
    signed_in = unlocked(device)

    assert see(tills.standing, by=actor(signed_in), now=NOON).lock_seconds == 0
    assert actor(signed_in, NOON + timedelta(hours=15)).is_signed_in
    assert actor(signed_in, NOON + timedelta(hours=16)) == STRANGER


@furnished
def test_a_revoked_tablet_ends_its_sessions_and_its_next_scan_leaves_no_trace():
    device = change(tablet)
    code = change(lambda session: builders.claimed(session, builders.batch(session)))
    signed_in = unlocked(device)
    who = actor(signed_in)
    change(places.revoke, device.id, by=ADMIN, now=NOON)

    assert actor(signed_in) == STRANGER
    # Whoever came through the door a moment before is refused by the engine itself.
    with pytest.raises(ForbiddenError):
        change(redemptions.redeem_many, [redemptions.Ask(code, who)], now=NOON)
    assert rows(Redemption) == []
    assert unlocked(device).reason is Reason.LOGIN_REQUIRED


@furnished
@pytest.mark.usefixtures("other_processes")
def test_a_scan_and_a_revocation_at_once_leave_a_redemption_only_if_the_scan_came_first():
    device = change(tablet)
    code = change(lambda session: builders.claimed(session, builders.batch(session)))
    who = actor(unlocked(device))

    def scan() -> bool:
        try:
            change(redemptions.redeem_many, [redemptions.Ask(code, who)], now=NOON)
        except ForbiddenError:
            return False
        return True

    done, _ = at_once([scan, lambda: change(places.revoke, device.id, by=ADMIN, now=NOON)])
    assert len(rows(Redemption)) == done


@furnished
def test_a_moved_tablet_scans_at_its_new_place():
    device = change(tablet)
    river = change(places.create, Draft("Riverside"), by=ADMIN, now=NOON)
    signed_in = unlocked(device)
    change(places.move, device.id, "Bar tablet", river.id, by=ADMIN, now=NOON)
    code = change(lambda session: builders.claimed(session, builders.batch(session)))
    change(redemptions.redeem_many, [redemptions.Ask(code, actor(signed_in))], now=NOON)

    assert rows(Redemption)[0].place_id == river.id


@furnished
def test_a_browser_that_becomes_a_tablet_is_nobody_s_and_the_one_it_was_is_revoked():
    before = change(tablet)
    signed_in = unlocked(before)
    made = change(places.invite, before.place_id, "Door tablet", by=ADMIN, now=NOON)
    session_hash = secrets.fingerprint(signed_in.secret)
    after = change(tills.enrol, made.secret, device_secret=before.secret, session_hash=session_hash, now=NOON)

    assert after.name == "Door tablet"
    assert actor(signed_in) == STRANGER
    assert see(places.was_revoked, before.secret)


@furnished
def test_the_only_location_is_taken_by_itself_and_of_several_one_is_chosen():
    town = change(places.create, Draft("Old Town"), by=ADMIN, now=NOON)
    account = see(lambda session: session.get(Account, CASHIER.account_id))
    signed_in = change(accounts.open_session, account, now=NOON)
    assert change(tills.settle, by=actor(signed_in), now=NOON).place == "Old Town"
    assert actor(signed_in).place_id == town.id

    river = change(places.create, Draft("Riverside"), by=ADMIN, now=NOON)
    assert change(tills.settle, by=actor(signed_in), now=NOON).place == "Old Town"
    change(tills.work_at, river.id, by=actor(signed_in), now=NOON)
    assert actor(signed_in).place_id == river.id
    change(places.close, river.id, by=ADMIN, now=NOON)
    assert actor(signed_in).place_id is None
    with pytest.raises(NotFoundError):
        change(tills.work_at, river.id, by=actor(signed_in), now=NOON)


@furnished
def test_one_s_own_pin_needs_the_password_and_ends_what_the_old_one_opened():
    device = change(tablet)
    signed_in = unlocked(device)
    new = tills.new_pin("8305")
    refused = change(tills.set_my_pin, new, is_right=False, by=CASHIER, peer=PEER, now=NOON)
    assert refused.reason is Reason.LOGIN_REQUIRED
    assert actor(signed_in).is_signed_in

    assert change(tills.set_my_pin, new, is_right=True, by=CASHIER, peer=PEER, now=NOON) is None
    assert actor(signed_in) == STRANGER
    assert unlocked(device).reason is Reason.LOGIN_REQUIRED
    assert isinstance(unlocked(device, pin="8305"), SignedIn)
    kept = see(lambda session: session.get(Account, CASHIER.account_id)).pin_hash
    assert kept.startswith("$argon2")


@furnished
def test_an_admin_gives_and_takes_pins_of_those_who_work_at_the_counter():
    device = change(tablet)
    change(tills.give_pin, CASHIER.account_id, "", by=ADMIN, now=NOON)
    assert [one.name for one in see(tills.face, device.secret, now=NOON).people] == ["Lena"]
    assert unlocked(device, pin="").reason is Reason.LOGIN_REQUIRED
    with pytest.raises(NotFoundError):
        change(tills.give_pin, MARKETER.account_id, pin_hash(), by=ADMIN, now=NOON)
    with pytest.raises(tills.OwnPinError):
        change(tills.give_pin, ADMIN.account_id, pin_hash(), by=ADMIN, now=NOON)
    with pytest.raises(InvalidError):
        tills.new_pin("1234")
    with pytest.raises(ForbiddenError):
        change(tills.set_my_pin, "", is_right=True, by=replace(LEAD, is_by_pin=True), peer=PEER, now=NOON)
