"""What is read for a batch's page is right, bounded, and only for those who may see it."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from loyalty_app.batches import service as batches
from loyalty_app.claims import service as claims
from loyalty_app.core.actor import STRANGER
from loyalty_app.core.errors import ForbiddenError, InvalidError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.insights import service as insights
from loyalty_app.insights.rules import Check, Range, Span, timeline
from loyalty_app.insights.service import Happened
from loyalty_app.redemptions import service as redemptions
from tests import builders
from tests.builders import ADMIN, CASHIER, MARKETER, NOON, VIEWER, WARSAW
from tests.doors import change, see

pytestmark = pytest.mark.usefixtures("database")

HOUR = timedelta(hours=1)


def happened(begin, end, batch=None):
    (found,) = see(insights.activity, [Span(begin, end)], batch.id if batch else None, by=VIEWER)
    return (found.claimed, found.redeemed)


def redeemed(batch, name="Mia", *, at=NOON):
    code = change(builders.claimed, batch, change(builders.member, name), now=at)
    change(redemptions.redeem_many, [redemptions.Ask(code, CASHIER)], now=at)


def said(batch, email, *, now=NOON, by=MARKETER):
    return see(insights.check_member, batch.id, email, by=by, now=now)


def passed(checks):
    return [one.passed for one in checks]


def test_what_happened_is_counted_where_it_happened():
    first, second = change(builders.batch, 3), change(builders.batch, 3)
    redeemed(first)
    change(builders.claimed, first, change(builders.member, "Ola"), now=NOON + 5 * HOUR)
    change(builders.claimed, second, now=NOON + HOUR)

    assert happened(NOON, NOON + HOUR, first) == (1, 1)
    assert happened(NOON, NOON + 6 * HOUR, first) == (2, 1)
    assert happened(NOON, NOON + 6 * HOUR) == (3, 1)
    assert happened(NOON + HOUR, NOON + 2 * HOUR, first) == (0, 0)
    assert happened(NOON + HOUR, NOON + 2 * HOUR) == (1, 0)
    assert see(insights.first_activity, by=VIEWER) == NOON


def test_printed_codes_are_no_claims_and_begin_no_chart_of_them():
    printed = change(builders.scan_batch, now=NOON - 48 * HOUR)
    mia = change(builders.member)
    ask = redemptions.Ask(builders.link(printed), mia)
    change(redemptions.redeem_many, [ask], now=NOON - 24 * HOUR)
    assert see(insights.first_activity, by=VIEWER) is None
    redeemed(change(builders.batch, 3))

    assert see(insights.first_activity, by=VIEWER) == NOON
    assert happened(NOON - 24 * HOUR, NOON - 23 * HOUR, printed) == (0, 1)
    with pytest.raises(NotFoundError):
        see(insights.look, printed.id, by=ADMIN)
    with pytest.raises(NotFoundError):
        see(insights.check_member, printed.id, "mia@example.com", by=ADMIN, now=NOON)


def test_every_span_has_its_place_also_where_nothing_happened():
    batch = change(builders.batch, 3)
    change(builders.claimed, batch, now=NOON + 2 * HOUR)
    spans = [Span(NOON + number * HOUR, NOON + (number + 1) * HOUR) for number in range(4)]

    found = see(insights.activity, spans, batch.id, by=VIEWER)
    assert found == [Happened(), Happened(), Happened(1, 0), Happened()]


@pytest.mark.parametrize(
    ("changes_on", "hours"),
    [(datetime(2026, 3, 28, 23, tzinfo=UTC), 23), (datetime(2026, 10, 24, 22, tzinfo=UTC), 25)],
)
def test_what_happens_around_midnight_belongs_to_its_local_day_when_clocks_change(changes_on, hours):
    midnight = changes_on  # of the day on which they change, in Warsaw
    batch = change(builders.batch, 9, now=midnight - 72 * HOUR)
    minute = timedelta(minutes=1)
    moments = [midnight - minute, midnight, midnight + hours * HOUR - minute, midnight + hours * HOUR]
    for number, moment in enumerate(moments):
        change(builders.claimed, batch, change(builders.member, f"Member {number}"), now=moment)

    line = timeline(Range.ALL, batch.created_at, midnight + 30 * HOUR, WARSAW)
    found = see(insights.activity, line.spans, batch.id, by=VIEWER)
    assert [one.claimed for one in found] == [0, 0, 1, 2, 1]


@pytest.mark.requirement("S3-34")
def test_the_first_day_ends_24_hours_after_the_batch_was_made():
    batch = change(builders.batch, 5)
    redeemed(batch, "Ana", at=NOON + 23 * HOUR)
    redeemed(batch, "Ola", at=NOON + 25 * HOUR)

    assert see(insights.look, batch.id, by=VIEWER).first_day == Happened(1, 1)


@pytest.mark.requirement("S3-36")
def test_siblings_are_the_batches_of_the_same_offer():
    first = change(builders.batch, 1)
    change(builders.batch, 1)
    second = change(builders.batch, 1, offer_id=str(first.offer_id))

    found = see(insights.look, first.id, by=VIEWER)
    assert [one.id for one in found.siblings] == [first.id, second.id]
    assert [one.id for one in see(insights.look, second.id, by=VIEWER).siblings] == [first.id, second.id]


@pytest.mark.requirement("S3-30")
def test_a_page_knows_its_link_and_why_people_were_stopped():
    batch, other = change(builders.batch, 3), change(builders.batch, 3)
    mia = change(builders.member)
    change(builders.claimed, batch, mia)
    for by in (mia, STRANGER, CASHIER):
        change(claims.claim_many, [claims.Ask(batch.claim_token, by)], now=NOON)
    change(claims.claim_many, [claims.Ask(other.claim_token, STRANGER)], now=NOON)

    found = see(insights.look, batch.id, by=VIEWER)
    assert found.leads_here
    assert found.maker == "Ada"
    assert found.claims_refused == {Reason.ALREADY_CLAIMED: 1, Reason.LOGIN_REQUIRED: 2}
    assert found.scans_refused == {}


def test_refused_scans_of_a_batch_are_known():
    batch = change(builders.batch, 3)
    redeemed(batch)
    code = change(builders.claimed, batch, change(builders.member, "Ola"))
    for number in range(3):
        change(redemptions.redeem_many, [redemptions.Ask(code, CASHIER)], now=NOON + number * HOUR)

    assert see(insights.look, batch.id, by=VIEWER).scans_refused == {Reason.ALREADY_REDEEMED: 2}


def test_a_page_survives_its_offer_and_its_maker(database):
    batch = change(builders.batch, 1)
    with database.begin() as connection:
        connection.execute(sa.text("update batch set offer_id = null, created_by = null"))

    found = see(insights.look, batch.id, by=VIEWER)
    assert (found.maker, [one.id for one in found.siblings]) == ("", [batch.id])
    assert see(insights.changed, batch.id, by=VIEWER) == []


@pytest.mark.requirement("S3-38")
def test_a_batch_knows_what_its_offer_says_differently_by_now(database):
    batch = change(builders.batch, 1)
    assert see(insights.changed, batch.id, by=VIEWER) == []

    with database.begin() as connection:
        connection.execute(sa.text("update offer set title = 'Two coffees', minimum_purchase = 500"))
    assert see(insights.changed, batch.id, by=VIEWER) == ["title", "minimum purchase"]


@pytest.mark.requirement("S3-32")
def test_a_member_who_may_claim_passes_every_check():
    batch = change(builders.batch, 3)
    change(builders.member)

    assert passed(said(batch, " Mia@Example.com ")) == [True] * 4


@pytest.mark.requirement("S3-32")
def test_a_member_who_has_claimed_is_told_so():
    batch = change(builders.batch, 3)
    redeemed(batch)

    checks = said(batch, "mia@example.com")
    assert passed(checks) == [True, True, False, True]
    assert checks[2].says == "Mia has one voucher of this batch already, and each member gets one; it is redeemed."


@pytest.mark.requirement("S3-32")
def test_a_paused_a_finished_and_an_empty_batch_are_told():
    batch = change(builders.batch, 1)
    change(builders.member)
    change(builders.claimed, batch, change(builders.member, "Ola"))
    assert said(batch, "mia@example.com")[-1] == Check("No voucher is left to claim.", passed=False)

    change(batches.pause, batch.id, by=ADMIN, now=NOON)
    assert said(batch, "mia@example.com")[0] == Check(
        "The batch is paused: nobody can claim until it is resumed.", passed=False
    )
    change(batches.resume, batch.id, by=ADMIN, now=NOON)
    assert said(batch, "mia@example.com", now=NOON + timedelta(days=40))[0].passed is False


@pytest.mark.requirement("S3-32")
def test_who_is_no_member_is_told_why(database):
    batch = change(builders.batch, 1)
    assert said(batch, "nobody@example.com")[1].says == (
        "Nobody has joined with nobody@example.com. They have to become a member first."
    )
    assert said(batch, "kasia@example.com")[1].says == "kasia@example.com works here as staff: only members claim."

    change(builders.member)
    with database.begin() as connection:
        connection.execute(sa.text("update account set is_active = false where email = 'mia@example.com'"))
    assert said(batch, "mia@example.com")[1].says.endswith("is switched off, so they cannot sign in.")


def test_only_who_may_see_members_checks_one():
    batch = change(builders.batch, 1)
    for by in (VIEWER, CASHIER, STRANGER):
        with pytest.raises(ForbiddenError):
            said(batch, "mia@example.com", by=by)
    with pytest.raises(InvalidError):
        said(batch, "mia")


def test_only_who_may_see_the_dashboard_looks():
    batch = change(builders.batch, 1)
    for by in (CASHIER, STRANGER):
        with pytest.raises(ForbiddenError):
            see(insights.look, batch.id, by=by)
        with pytest.raises(ForbiddenError):
            see(insights.activity, [], by=by)
        with pytest.raises(ForbiddenError):
            see(insights.first_activity, by=by)
        with pytest.raises(ForbiddenError):
            see(insights.changed, batch.id, by=by)
    with pytest.raises(NotFoundError):
        see(insights.look, 999, by=VIEWER)
