"""What a member did, in one line of time."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.batches import service as batches
from loyalty_app.claims import service as claims
from loyalty_app.core.actor import STRANGER
from loyalty_app.core.errors import ForbiddenError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.directory import engagement
from loyalty_app.directory.engagement import EventKind, Spot
from loyalty_app.points import service as ledger
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.asks import Ask
from tests import builders
from tests.builders import ADMIN, CASHIER, LEAD, MARKETER, NOON, VIEWER
from tests.doors import change, see
from tests.plans import plans_of, read_whole

K = EventKind


def minutes(number):
    return NOON + timedelta(minutes=number)


def events(member_id=1, kind=None, *, after=None, limit=50, by=MARKETER):
    return see(engagement.of_member, member_id, kind, after=after, limit=limit, by=by)


@pytest.fixture
def tablet(database):
    place = change(builders.place)
    return replace(CASHIER, place_id=place.id)


@pytest.fixture
def mia(database):
    return change(builders.member)


@pytest.fixture
def busy(mia, tablet):
    """Mia's eventful hour; beside her, Nina's."""
    coffee = change(builders.batch, name="Coffee")
    code = change(builders.claimed, coffee, mia, now=minutes(1))
    change(claims.claim_many, [claims.Ask(coffee.claim_token, mia)], now=minutes(2))
    (answer,) = change(redemptions.redeem_many, [Ask(code, tablet)], now=minutes(3))
    change(redemptions.redeem_many, [Ask(code, tablet)], now=minutes(4))
    change(redemptions.reverse, answer.id, reason="Wrong guest", by=LEAD, now=minutes(5))
    change(ledger.adjust, 1, 50, "Waited long", by=ADMIN, now=minutes(6))
    cups = change(builders.scan_batch, points=20)
    change(redemptions.redeem_many, [Ask(builders.link(cups), mia)], now=minutes(7))
    change(redemptions.redeem_many, [Ask(code, replace(LEAD, place_id=tablet.place_id), goodwill="Ill")],
           now=NOON + timedelta(days=40))  # fmt: skip
    nina = change(builders.member, "Nina")
    change(builders.claimed, coffee, nina, now=minutes(8))
    return code


@pytest.mark.requirement("S2-13", "S2-17")
def test_everything_of_a_member_stands_in_one_line_with_when_where_and_by_whom(busy):
    found = events()

    assert [(one.kind, one.staff, one.place) for one in found] == [
        (K.GOODWILL, "Lena", "Old Town"),
        (K.REDEMPTION, "Mia", ""),
        (K.POINTS, "Ada", ""),
        (K.REVERSAL, "Lena", ""),
        (K.REFUSAL, "Kasia", "Old Town"),
        (K.REDEMPTION, "Kasia", "Old Town"),
        (K.REFUSAL, "", ""),
        (K.CLAIM, "", ""),
    ]
    goodwill, paid, adjusted, undone, refused, redeemed, again, claimed = found
    assert (goodwill.note, goodwill.title) == ("Ill", "One coffee")
    assert (paid.points, adjusted.points, adjusted.title) == (20, 50, "Waited long")
    assert (undone.note, undone.redemption_id) == ("Wrong guest", redeemed.redemption_id)
    assert (refused.reason, again.reason) == (Reason.ALREADY_REDEEMED, Reason.ALREADY_CLAIMED)
    assert {one.code.replace("-", "") for one in (goodwill, undone, refused, redeemed, claimed)} == {busy}
    assert [one.at for one in found[1:]] == [minutes(n) for n in (7, 6, 5, 4, 3, 2, 1)]


@pytest.mark.parametrize("what", K)
def test_one_kind_is_what_all_have_of_it(busy, what):
    assert events(kind=what) == [one for one in events() if one.kind is what] != []


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_together_are_the_whole_line_also_where_much_happened_at_one_moment(busy, mia, limit):
    cups = change(builders.scan_batch, 3, points=5, name="At once")
    for serial in (1, 2, 3):
        change(redemptions.redeem_many, [Ask(builders.link(cups, serial), mia)], now=minutes(3))
    change(ledger.adjust, 1, 1, "At once", by=ADMIN, now=minutes(3))
    change(ledger.adjust, 1, 2, "At once", by=ADMIN, now=minutes(3))
    whole, read, after = events(), [], None
    while page := events(after=after, limit=limit):
        read += page
        after = engagement.spot(page[-1].spot)

    assert read == whole
    assert len(whole) == 13


def test_points_outlive_their_batch(mia):
    cups = change(builders.scan_batch, points=20)
    change(redemptions.redeem_many, [Ask(builders.link(cups), mia)], now=NOON)
    change(batches.pause, cups.id, by=ADMIN, now=NOON)
    change(batches.delete, cups.id, typed_name=cups.name, by=ADMIN, now=NOON)

    assert [(one.kind, one.points, one.title) for one in events()] == [(K.POINTS, 20, "20 points")]


@pytest.mark.parametrize("by", [CASHIER, VIEWER, STRANGER], ids=lambda one: one.name or "stranger")
def test_who_may_not_see_members_sees_none(mia, by):
    with pytest.raises(ForbiddenError):
        events(by=by)


def test_nobody_has_no_line(mia):
    with pytest.raises(NotFoundError):
        events(99)


@given(st.datetimes(min_value=NOON.replace(tzinfo=None, year=1970), timezones=st.just(NOON.tzinfo)),
       st.integers(0, 6), st.integers(0, 2**31 - 1))  # fmt: skip
def test_a_spot_is_read_as_it_is_written(at, source, number):
    assert engagement.spot(str(Spot(at, source, number))) == Spot(at, source, number)


@given(st.text() | st.from_regex(r"[0-9]{1,18}-[0-9]{1,2}-[0-9]{1,12}", fullmatch=True))
def test_any_address_is_a_spot_or_none(text):
    assert isinstance(engagement.spot(text), Spot | None)


def test_no_source_is_read_from_end_to_end(kind, database, busy):
    if kind != "sqlite":
        pytest.skip("PostgreSQL plans by the size of its tables, and here they are small")
    said = []
    sa.event.listen(
        database, "before_cursor_execute", lambda _c, _cursor, statement, values, *_: said.append((statement, values))
    )

    events(after=engagement.spot(events()[3].spot))

    with database.connect() as connection:
        raw = connection.connection.driver_connection
        plans = [
            row[3]
            for statement, values in said
            if statement.startswith("SELECT")
            for row in raw.execute(f"explain query plan {statement}", values)
        ]
    assert len(plans) > 7
    assert [plan for plan in plans if plan.startswith("SCAN")] == []


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_who_came_often_is_counted_among_the_redemptions_of_those_days(database):
    plans = plans_of(lambda: see(engagement.most_active, 30, by=MARKETER, now=NOON))

    assert [plan for plan in plans if "ix_redemption_at (at>?)" in plan]
    assert read_whole(plans, "redemption") == []
