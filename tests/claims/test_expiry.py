"""The last day of a voucher ends where the shop is: not an hour earlier, not a second later."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from loyalty_app.claims import service as claims
from loyalty_app.claims.service import Ask, Claimed, Refused
from loyalty_app.core import times
from loyalty_app.core.actor import Actor
from loyalty_app.core.reasons import Reason
from loyalty_app.program import service as programs
from loyalty_app.redemptions import service as redemptions
from tests import builders
from tests.builders import CASHIER
from tests.doors import change

pytestmark = pytest.mark.usefixtures("database")

SECOND = timedelta(seconds=1)
ZONES = ("Pacific/Apia", "Europe/Warsaw", "America/Los_Angeles", "Africa/Cairo", "America/Havana")


def move(session: Session, zone: str) -> None:
    programs.current(session).time_zone = zone


def claim(batch, by: Actor, now: datetime) -> Claimed | Refused:
    (answer,) = change(claims.claim_many, [Ask(batch.claim_token, by)], now=now)
    return answer


def redeem(code: str, now: datetime) -> object:
    (answer,) = change(redemptions.redeem_many, [redemptions.Ask(code, CASHIER)], now=now)
    return answer


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-12-31"])
def test_midnight_decides_where_the_shop_is(zone, day):
    change(move, zone)
    midnight = datetime.combine(date.fromisoformat(day) + timedelta(days=1), datetime.min.time(), ZoneInfo(zone))
    batch = change(builders.batch, now=midnight - timedelta(days=60), expires_on=day)  # clocks change in between
    mia, ola, ewa = (change(builders.member, name) for name in ("Mia", "Ola", "Ewa"))

    early = claim(batch, mia, midnight - SECOND)
    late = claim(batch, ola, midnight - SECOND)
    assert isinstance(early, Claimed)
    assert isinstance(late, Claimed)
    assert claim(batch, ewa, midnight) == Refused(Reason.EXPIRED)
    assert isinstance(redeem(early.code, midnight - SECOND), redemptions.Redeemed)
    assert redeem(late.code, midnight).reason is Reason.EXPIRED


@pytest.mark.parametrize(
    ("claimed_at", "last_second"),
    [
        ("2026-10-24T12:00+02:00", "2026-10-27T23:59:59+01:00"),  # clocks go back in between
        ("2026-03-28T23:59:59+01:00", "2026-03-31T23:59:59+02:00"),  # and forward
        ("2026-03-29T00:00:00+01:00", "2026-04-01T23:59:59+02:00"),
    ],
)
def test_days_of_validity_are_days_of_the_calendar(claimed_at, last_second):
    now, last = datetime.fromisoformat(claimed_at), datetime.fromisoformat(last_second)
    batch = change(builders.batch, now=now, valid_days="3")
    early, late = (claim(batch, change(builders.member, name), now) for name in ("Mia", "Ola"))

    assert early.expires_at == last + SECOND
    said = times.say_validity(early.expires_at, builders.WARSAW, "en-GB", now=now)
    assert said.endswith(f"{last:%H:%M} Europe/Warsaw, 3 days left")
    assert isinstance(redeem(early.code, last), redemptions.Redeemed)
    assert redeem(late.code, last + SECOND).reason is Reason.EXPIRED
