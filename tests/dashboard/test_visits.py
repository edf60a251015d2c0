"""What redemptions tell agrees with the rows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty_app.core.actor import STRANGER
from loyalty_app.core.errors import ForbiddenError
from loyalty_app.dashboard import visits
from loyalty_app.dashboard.visits import Funnel
from loyalty_app.directory import engagement, erasure
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.service import Ask
from tests import builders
from tests.builders import ADMIN, CASHIER, LEAD, MARKETER, NOON, VIEWER
from tests.doors import change, see

pytestmark = pytest.mark.usefixtures("database")

LATER = NOON + timedelta(days=29)


def redeem(code, by=CASHIER, *, now=NOON, **more):
    (answer,) = change(redemptions.redeem_many, [Ask(code, by, **more)], now=now)
    return answer


@pytest.fixture
def month(database):
    """Mia comes three times and Nina once, in two places; Ola only claims, Pia only joins."""
    town, station = (replace(CASHIER, place_id=change(builders.place, name).id) for name in ("Old Town", "Station"))
    mia, nina, ola, _ = (change(builders.member, name) for name in ("Mia", "Nina", "Ola", "Pia"))
    coffee, cups = change(builders.batch), change(builders.scan_batch, 4, points=20)
    redeem(change(builders.claimed, coffee, mia), town)
    redeem(change(builders.claimed, coffee, nina), station, now=NOON + timedelta(hours=1))
    change(builders.claimed, coffee, ola)
    for serial in (1, 2):
        redeem(builders.link(cups, serial), mia, now=NOON + timedelta(days=serial))
    wrong = redeem(builders.link(cups, 3), nina)
    change(redemptions.reverse, wrong.id, reason="Mistake", by=LEAD, now=NOON)
    late = change(builders.claimed, change(builders.batch, name="Late"), nina)
    redeem(late, LEAD, goodwill="Ill", now=NOON + timedelta(days=45))


@pytest.mark.requirement("S2-13")
def test_the_most_active_members_are_those_who_redeemed_most(month):
    found = see(engagement.most_active, 30, by=MARKETER, now=LATER)

    assert [(one.name, one.redemptions, one.points) for one in found] == [("Mia", 3, 40), ("Nina", 1, 0)]
    assert found[0].last == NOON + timedelta(days=2)
    assert see(engagement.most_active, 28, by=MARKETER, now=LATER)[0].redemptions == 1
    assert see(engagement.most_active, 1, by=MARKETER, now=LATER) == []


def test_who_is_erased_is_not_among_them(month):
    change(erasure.erase, 1, typed_name="Mia", by=ADMIN, now=LATER)

    assert [one.name for one in see(engagement.most_active, 30, by=MARKETER, now=LATER)] == ["Nina"]


@pytest.mark.requirement("S2-13")
def test_offers_bring_people_to_places(month):
    found = see(visits.traffic, by=VIEWER, now=LATER)

    assert [(one.offer, one.redemptions, one.places) for one in found] == [
        ("20 points", 2, {"": 2}),
        ("One coffee", 2, {"Old Town": 1, "Station": 1}),
    ]


def test_people_come_at_hours_of_the_program_s_clock(month):
    # Monday at noon in Warsaw, an hour later, and the next two days.
    assert see(visits.hours, by=VIEWER, now=LATER) == {(0, 12): 1, (0, 13): 1, (1, 12): 1, (2, 12): 1}


@pytest.mark.requirement("S2-13")
def test_new_members_come_so_far(month):
    assert see(visits.funnel, by=VIEWER, now=LATER) == Funnel(4, 3, 2, 1)
    assert see(visits.funnel, by=VIEWER, now=NOON + timedelta(days=91)) == Funnel(0, 0, 0, 0)


@pytest.mark.parametrize("question", [visits.traffic, visits.hours, visits.funnel])
def test_strangers_are_told_nothing(question):
    with pytest.raises(ForbiddenError):
        see(question, by=STRANGER, now=NOON)


def test_who_may_not_see_members_is_not_told_who_is_active():
    with pytest.raises(ForbiddenError):
        see(engagement.most_active, 30, by=VIEWER, now=NOON)
