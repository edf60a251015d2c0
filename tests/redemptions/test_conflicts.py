"""What a till took without a connection, and was refused then, is shown with both sides and put aside once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches import service as batches
from loyalty_app.codes import service as codes
from loyalty_app.core.actor import Permission
from loyalty_app.core.errors import ForbiddenError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.redemptions import conflicts
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.conflicts import Conflict, Side
from loyalty_app.redemptions.models import Attempt
from loyalty_app.redemptions.service import Ask
from tests import builders
from tests.builders import ADMIN, CASHIER, LEAD, NOON, OTHER_CASHIER, VIEWER
from tests.doors import at_once, change, rows, see

pytestmark = pytest.mark.usefixtures("database")

SENT = NOON + timedelta(minutes=10)


@pytest.fixture
def lost(database):
    """Let Tomek redeem at the harbour what Kasia took at the bar without a connection; return her attempt's number."""
    old_town = change(builders.place)
    tablet = replace(CASHIER, place_id=old_town.id, device_id=change(builders.device, old_town).id)
    harbour = replace(OTHER_CASHIER, place_id=change(builders.place, "Harbour").id)
    code = change(builders.claimed, change(builders.batch, prefix="SUN"))
    change(redemptions.redeem_many, [Ask(code, harbour)], now=NOON + timedelta(minutes=2))
    change(redemptions.redeem_many, [Ask(code, tablet, "till-1", scanned_at=NOON)], now=SENT)
    return rows(Attempt)[-1].id


def test_a_conflict_tells_who_was_first_and_who_was_late_where_and_when(lost):
    (found,) = see(conflicts.conflicts, by=CASHIER)

    assert found == Conflict(
        lost,
        found.code,
        "One coffee",
        "Mia",
        Reason.CONFLICT_OFFLINE,
        1,
        Side("Tomek", NOON + timedelta(minutes=2), "Harbour", ""),
        Side("Kasia", NOON, "Old Town", "Bar tablet"),
        SENT,
    )
    assert found.code.startswith("SUN-")
    assert see(conflicts.conflicts, by=VIEWER) == [replace(found, member="")]
    with pytest.raises(ForbiddenError):
        see(conflicts.conflicts, by=replace(CASHIER, permissions=frozenset({Permission.REDEEM})))


def test_a_conflict_still_tells_who_was_first_after_that_was_taken_back(lost):
    change(redemptions.reverse, 1, reason="The other one counts", by=LEAD, now=SENT)

    (found,) = see(conflicts.conflicts, by=LEAD)
    assert (found.first.staff, found.redemption_id) == ("Tomek", 1)
    (watched,) = see(conflicts.conflicts, by=VIEWER)
    # The voucher is good again: who only watches reads how its code ends.
    assert found.code.replace("-", "") not in watched.code.replace("-", "")


@pytest.fixture
def tablet(database):
    """Kasia at the tablet of the bar."""
    place = change(builders.place)
    return replace(CASHIER, place_id=place.id, device_id=change(builders.device, place).id)


def send(code, by, *, scanned_at=NOON, now=SENT, **more):
    """Send a scan that was made without a connection; return what it was answered."""
    (answer,) = change(redemptions.redeem_many, [Ask(code, by, scanned_at=scanned_at, **more)], now=now)
    return answer


def test_a_conflict_shows_though_the_clock_of_who_came_late_is_behind(tablet):
    code = change(builders.claimed, change(builders.batch))
    for by, minutes in ((OTHER_CASHIER, 3), (LEAD, 7)):  # the first was taken back again
        (answer,) = change(redemptions.redeem_many, [Ask(code, by)], now=NOON + timedelta(minutes=minutes))
        if by is OTHER_CASHIER:
            change(redemptions.reverse, answer.id, reason="", by=by, now=NOON + timedelta(minutes=4))

    # This process read the clock before those, and was given the code after them.
    assert send(code, tablet, now=NOON + timedelta(minutes=2)).reason is Reason.CONFLICT_OFFLINE

    (found,) = see(conflicts.conflicts, by=LEAD)
    assert (found.first.staff, found.redemption_id, found.late.staff) == ("Lena", answer.id, "Kasia")


def test_a_conflict_whose_redemption_is_not_to_be_found_is_shown_all_the_same(database, lost):
    with database.begin() as connection:
        connection.exec_driver_sql("update attempt set reason = 'disabled' where reason is null")

    (found,) = see(conflicts.conflicts, by=LEAD)
    assert (found.id, found.first, found.redemption_id) == (lost, None, None)
    assert found.late == Side("Kasia", NOON, "Old Town", "Bar tablet")


def disabled(code, _):
    change(codes.disable, code, by=ADMIN, now=NOON)


def frozen(_, batch):
    change(batches.freeze, batch.id, by=ADMIN, now=NOON)


def gone(_, batch):
    change(builders.deleted, batch.id)


@pytest.mark.parametrize(
    ("meanwhile", "reason", "title"),
    [
        (disabled, Reason.DISABLED, "One coffee"),
        (frozen, Reason.REDEMPTION_FROZEN, "One coffee"),
        (gone, Reason.UNKNOWN_CODE, ""),
    ],
)
def test_a_scan_that_was_refused_for_whatever_reason_is_shown_until_a_lead_puts_it_aside(
    tablet, meanwhile, reason, title
):
    batch = change(builders.batch, prefix="SUN")
    code = change(builders.claimed, batch)
    meanwhile(code, batch)

    send(code, tablet)

    (found,) = see(conflicts.conflicts, by=LEAD)
    assert (found.reason, found.title, found.first, found.redemption_id) == (reason, title, None, None)
    assert (found.late, found.sent_at) == (Side("Kasia", NOON, "Old Town", "Bar tablet"), SENT)
    assert found.code.replace("-", "") == code.replace("-", "")
    (watched,) = see(conflicts.conflicts, by=VIEWER)
    # It may be good again tomorrow: who only watches reads how it ends.
    assert found.code.replace("-", "") not in watched.code.replace("-", "")
    assert watched.member == ""
    assert change(conflicts.settle, found.id, by=LEAD, now=SENT)
    assert (see(conflicts.conflicts, by=LEAD), see(conflicts.waiting, by=LEAD)) == ([], 0)


def test_a_voucher_that_expired_before_an_ordinary_browser_could_send_it_is_shown(database):
    batch = change(builders.batch, valid_days="1")
    code = change(builders.claimed, batch)

    late = send(code, CASHIER, now=NOON + timedelta(days=3))

    assert late.reason is Reason.EXPIRED
    (found,) = see(conflicts.conflicts, by=LEAD)
    assert (found.reason, found.member, found.late) == (Reason.EXPIRED, "Mia", Side("Kasia", NOON, "", ""))


def test_a_refusal_that_the_tablet_never_heard_is_shown_whatever_it_was(tablet):
    code = change(builders.claimed, change(builders.batch))
    disabled(code, None)
    change(redemptions.redeem_many, [Ask(code, tablet, "till-1")], now=NOON)
    assert see(conflicts.conflicts, by=LEAD) == []

    for _ in range(2):
        assert send(code, tablet, nonce="till-1").reason is Reason.DISABLED

    (found,) = see(conflicts.conflicts, by=LEAD)
    assert (found.reason, found.late.at) == (Reason.DISABLED, NOON)


def test_what_was_accepted_or_refused_to_somebodys_face_is_no_conflict(tablet):
    batch = change(builders.batch)
    code, other = (change(builders.claimed, batch, change(builders.member, name)) for name in ("Ana", "Ben"))
    send(code, tablet)
    disabled(other, batch)
    change(redemptions.redeem_many, [Ask(other, tablet), Ask("ELSEWHERE", tablet)], now=NOON)

    assert (see(conflicts.conflicts, by=LEAD), see(conflicts.waiting, by=LEAD)) == ([], 0)


def test_of_many_the_newest_are_shown_and_all_are_counted(tablet, monkeypatch):
    monkeypatch.setattr(conflicts, "MOST", 2)
    for number in range(3):
        send(f"ELSEWHERE{number}", tablet, now=SENT + timedelta(minutes=number))

    found = see(conflicts.conflicts, by=LEAD)
    assert [one.code for one in found] == ["ELSEWHERE2", "ELSEWHERE1"]
    assert see(conflicts.waiting, by=VIEWER) == 3
    with pytest.raises(ForbiddenError):
        see(conflicts.waiting, by=replace(CASHIER, permissions=frozenset({Permission.REDEEM})))


def test_a_conflict_is_put_aside_once_and_the_trail_says_by_whom(lost):
    answers = at_once([lambda: change(conflicts.settle, lost, by=LEAD, now=SENT)] * 4)

    assert sorted(answers) == [False, False, False, True]
    assert see(conflicts.conflicts, by=LEAD) == []
    assert [(entry.actor, entry.subject) for entry in rows(AuditEntry) if entry.verb == "settle"] == [
        ("Lena", f"attempt {lost}")
    ]
    assert (rows(Attempt)[-1].settled_by, rows(Attempt)[-1].settled_at) == ("Lena", SENT)


def test_only_who_may_take_redemptions_back_puts_a_conflict_aside_and_only_a_conflict(lost):
    with pytest.raises(ForbiddenError):
        change(conflicts.settle, lost, by=CASHIER, now=SENT)
    for number in (lost - 1, 77):
        with pytest.raises(NotFoundError):
            change(conflicts.settle, number, by=ADMIN, now=SENT)
    assert len(see(conflicts.conflicts, by=ADMIN)) == 1
