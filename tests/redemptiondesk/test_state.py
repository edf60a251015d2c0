"""What the Redemptions page shows to whom, when it moves and when it keeps still, and what may be undone there."""

import asyncio
import csv
from dataclasses import replace
from datetime import timedelta

import pytest
import reflex as rx
import sqlalchemy as sa
from reflex.istate.data import ReflexURL, RouterData

from loyalty_app.batches import service as batches
from loyalty_app.codes import alphabet
from loyalty_app.core import times
from loyalty_app.core.actor import STRANGER, act_as
from loyalty_app.core.addresses import address
from loyalty_app.core.errors import ForbiddenError
from loyalty_app.places.models import Place
from loyalty_app.program import service as programs
from loyalty_app.redemptiondesk import answers
from loyalty_app.redemptiondesk import state as desk
from loyalty_app.redemptiondesk.state import RedemptionsState, SettleState, UndoState
from loyalty_app.redemptions import conflicts, search
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.files import as_csv
from loyalty_app.redemptions.models import Redemption, RedemptionStatus
from loyalty_app.redemptions.service import Ask
from loyalty_app.tills.state import TillState
from loyalty_app.ui.live import CLOCK, hub
from tests import builders
from tests.builders import ADMIN, CASHIER, LEAD, MARKETER, NOON, OTHER_CASHIER, STAFF, VIEWER, WARSAW
from tests.doors import change, rows, see
from tests.programs import Program

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def clock(database, monkeypatch):
    """Stop the clock at noon, and let nobody see what was shared before."""
    monkeypatch.setattr(times, "now", lambda: NOON)
    hub._snapshots.clear()
    yield
    hub._snapshots.clear()
    act_as(STRANGER)


@pytest.fixture
def batch(database):
    return change(builders.batch, 60)


class Tab:
    """A tab with the page open, as the browser drives it."""

    def __init__(self, by, **asked):
        self.root, self.by = rx.State(_reflex_internal_init=True), by
        self.state = RedemptionsState(_reflex_internal_init=True, parent_state=self.root)
        self.go(**asked)

    def go(self, **asked):
        url = f"http://localhost{address(desk.HOME, asked)}"
        self.root.router = RouterData(url=ReflexURL(url))
        self.next = self.run(RedemptionsState.opened)

    def scroll(self, *, into_the_rows):
        self.run(RedemptionsState.scrolled, into_the_rows)

    def run(self, handler, *args):
        act_as(self.by)
        hub._snapshots.clear()  # a topic was heard
        return asyncio.run(handler.fn(self.state, *args))

    @property
    def customers(self):
        return [row.customer for row in self.state.rows]


def redeemed(batch, name, *, by=CASHIER, now=NOON, **more):
    """Let somebody claim and redeem, and return the redemption's number."""
    code = change(builders.claimed, batch, change(builders.member, name))
    (answer,) = change(redemptions.redeem_many, [Ask(code, by, **more)], now=now)
    return answer.id


@pytest.mark.requirement("S2-3", "S2-4", "S2-14")
def test_a_redemption_appears_at_the_top_and_the_numbers_move(batch):
    redeemed(batch, "Ana")
    tab = Tab(LEAD)
    assert (tab.customers, tab.state.cards.total) == (["Ana"], "1")

    redeemed(batch, "Ben")
    tab.run(RedemptionsState.refresh)

    assert tab.customers == ["Ben", "Ana"]
    assert [row.is_new for row in tab.state.rows] == [True, False]
    assert (tab.state.cards.total, tab.state.cards.rate) == ("2", "100%")
    assert tab.state.cards.rate_words == "Coupon rate: 2 of 2 coupons handed out"
    assert tab.state.news == ""


@pytest.mark.requirement("S2-4")
def test_a_row_says_code_customer_offer_status_time_and_location(batch):
    place = change(builders.place)
    code = change(builders.claimed, batch, change(builders.member, "Ana"))
    change(redemptions.redeem_many, [Ask(code, CASHIER, place_id=place.id, amount=1250)], now=NOON)

    (row,) = Tab(CASHIER).state.rows
    assert (row.code, row.customer, row.title, row.status_words) == (
        alphabet.display(alphabet.normal(code), ""), "Ana", "One coffee", "Redeemed",
    )  # fmt: skip
    assert (row.at, row.place, row.staff, row.worth) == ("15 Jun 2026, 12:00", "Old Town", "Kasia", "Basket PLN12.50")


def test_who_is_reading_is_told_how_many_came_and_nothing_moves(batch):
    redeemed(batch, "Ana")
    tab = Tab(LEAD)
    tab.scroll(into_the_rows=True)

    redeemed(batch, "Ben")
    tab.run(RedemptionsState.refresh)
    assert (tab.customers, tab.state.news, tab.state.cards.total) == (["Ana"], "1 new", "2")

    tab.scroll(into_the_rows=False)
    assert (tab.customers, tab.state.news) == (["Ben", "Ana"], "")


def test_a_search_keeps_still_until_its_news_are_asked_for(batch):
    redeemed(batch, "Ana Maria")
    redeemed(batch, "Ben")
    tab = Tab(LEAD, q="ana mar")
    assert (tab.customers, tab.state.found) == (["Ana Maria"], "1 redemption fits.")

    redeemed(batch, "Ana Marta")
    redeemed(batch, "Boris")
    tab.run(RedemptionsState.refresh)
    assert (tab.customers, tab.state.news) == (["Ana Maria"], "1 new")

    tab.run(RedemptionsState.show_news)
    assert (tab.customers, tab.state.news) == (["Ana Marta", "Ana Maria"], "")


def test_what_changes_in_a_row_shows_even_while_nothing_moves(batch):
    number = redeemed(batch, "Ana")
    tab = Tab(LEAD)
    tab.scroll(into_the_rows=True)

    change(redemptions.reverse, number, reason="Wrong cup", by=LEAD, now=NOON)
    tab.run(RedemptionsState.refresh)
    assert [row.status_words for row in tab.state.rows] == ["Undone"]


def test_a_first_redemption_shows_at_once_also_where_nothing_had_been_found(batch):
    tab = Tab(LEAD, q="ana mar")
    assert (tab.customers, tab.state.narrowed) == ([], "No redemption fits: “ana mar”.")

    redeemed(batch, "Ana Maria")
    tab.run(RedemptionsState.refresh)
    assert (tab.customers, tab.state.news) == (["Ana Maria"], "")


def test_a_text_of_two_letters_says_how_far_back_it_was_looked_for(batch):
    tab = Tab(LEAD, q="an")
    far = "(without three letters in a row, among the newest 10,000 only)"
    assert tab.state.narrowed == f"No redemption fits: “an” {far}."
    assert Tab(LEAD, q="li bo").state.narrowed == f"No redemption fits: “li bo” {far}."
    assert Tab(LEAD, q="ana").state.narrowed == "No redemption fits: “ana”."


def test_the_file_has_what_a_list_of_the_newest_cannot_count(batch, database, monkeypatch):
    monkeypatch.setattr(search, "LOOKED_BACK", 1)
    redeemed(batch, "+++ Bo Li")
    redeemed(batch, "Ben")
    for text in ("li bo", "+++"):
        tab = Tab(LEAD, q=text)
        is_least = text == "li bo" or database.dialect.name == "postgresql"
        assert tab.customers == ([] if is_least else ["+++ Bo Li"])
        assert (tab.state.has_file, tab.state.file_words) == (True, "" if is_least else "1 row")
        assert ("among the newest 1 only" in tab.state.narrowed) == is_least


def test_pages_follow_each_other_without_gap_or_repeat(batch):
    for number in range(27):
        redeemed(batch, f"Member {number}")
    tab = Tab(LEAD)
    newest = tab.customers
    assert len(newest) == 25
    assert tab.state.first_page == ""

    tab.go(after=tab.state.next_page.partition("after=")[2])
    assert tab.customers == ["Member 1", "Member 0"]
    assert (tab.state.first_page, tab.state.next_page) == ("/admin/redemptions/", "")
    redeemed(batch, "Late")
    tab.run(RedemptionsState.refresh)
    assert (tab.customers, tab.state.news) == (["Member 1", "Member 0"], "1 new")
    assert "/admin/redemptions/" in str(tab.run(RedemptionsState.show_news))


@pytest.mark.requirement("S2-17")
def test_every_filter_narrows_and_is_named_and_reaches_the_file(batch):
    place, other = change(builders.place), change(builders.place, "Harbour")
    redeemed(batch, "Ola Molska", place_id=place.id)
    redeemed(batch, "Ola Maria", by=OTHER_CASHIER, place_id=other.id, now=NOON + timedelta(days=1))
    undone = redeemed(batch, "Ben", place_id=other.id)
    change(redemptions.reverse, undone, reason="Wrong cup", by=LEAD, now=NOON)

    assert Tab(LEAD, q="ola m").customers == ["Ola Maria", "Ola Molska"]
    assert Tab(LEAD, status="reversed").customers == ["Ben"]
    assert Tab(LEAD, place=str(other.id)).customers == ["Ben", "Ola Maria"]
    assert Tab(LEAD, staff=str(OTHER_CASHIER.account_id)).customers == ["Ola Maria"]
    assert Tab(LEAD, since="2026-06-16").customers == ["Ola Maria"]
    assert Tab(LEAD, until="2026-06-15").customers == ["Ben", "Ola Molska"]

    everything = {"q": "no such", "status": "recorded", "place": str(place.id), "staff": "3", "since": "2026-06-01"}
    tab = Tab(LEAD, **everything, until="2026-06-30")
    assert tab.state.narrowed == (
        "No redemption fits: “no such”, redeemed, at Old Town, by Kasia, from Mon 1 Jun 2026, to Tue 30 Jun 2026."
    )
    assert tab.state.file == (
        "/api/v1/redemptions.csv?q=no+such&status=recorded"
        f"&placeId={place.id}&staffId=3&from=2026-06-01&to=2026-06-30"
    )  # fmt: skip


@pytest.mark.requirement("S2-4", "S2-17")
def test_row_days_and_file_agree_on_when_a_scan_without_a_connection_was_redeemed(batch):
    monday, saturday = NOON + timedelta(days=7), NOON + timedelta(days=5, hours=2, minutes=2)
    redeemed(batch, "Ana", now=monday, scanned_at=saturday)

    tab = Tab(LEAD, since="2026-06-22", until="2026-06-22")
    (row,) = tab.state.rows
    assert (row.at, row.scanned) == ("22 Jun 2026, 12:00", "Scanned offline 20 Jun 2026, 14:02")
    assert Tab(LEAD, until="2026-06-21").customers == []
    (line,) = csv.DictReader(see(lambda session: list(as_csv(session, desk.wish(tab.state._search, WARSAW), by=LEAD))))
    assert (line["redeemedAtLocal"], line["scannedOfflineAtLocal"]) == (
        "2026-06-22T12:00+02:00", "2026-06-20T14:02+02:00",
    )  # fmt: skip


def test_a_scan_that_came_on_the_day_it_was_made_says_only_the_time(batch):
    redeemed(batch, "Ana", scanned_at=NOON - timedelta(minutes=4))

    (row,) = Tab(LEAD).state.rows
    assert (row.at, row.scanned) == ("15 Jun 2026, 12:00", "Scanned offline 11:56")


@pytest.mark.parametrize("written", ["20260615", "2026-W25-1", "2026-06-15"])
def test_a_day_reaches_the_file_however_it_was_written(batch, written):
    redeemed(batch, "Ana")

    tab = Tab(LEAD, since=written, until=written)
    assert tab.customers == ["Ana"]
    assert tab.state.file.endswith("?from=2026-06-15&to=2026-06-15")
    answer = Program().get(tab.state.file.removeprefix("/api/v1"))
    assert (answer.status_code, answer.text.count("\n")) == (200, 2)


@pytest.mark.requirement("S2-3")
def test_a_voucher_that_ends_leaves_the_active_ones_though_nobody_does_anything(batch, monkeypatch):
    short = change(builders.batch, name="Short", valid_days="1")
    change(builders.claimed, short, change(builders.member, "Ana"))
    redeemed(batch, "Ben")
    tab = Tab(VIEWER)
    assert (tab.state.cards.active, tab.state.cards.total) == ("1", "1")
    assert hub._tabs[CLOCK]

    monkeypatch.setattr(times, "now", lambda: NOON + timedelta(days=3))
    tab.run(RedemptionsState.recount)
    assert (tab.state.cards.active, tab.state.cards.total) == ("0", "1")


def test_the_active_ones_are_counted_in_gaps_and_everything_else_moves_at_once(batch):
    redeemed(batch, "Ana")
    tab = Tab(VIEWER)
    assert (tab.state.cards.total, tab.state.cards.active) == ("1", "0")

    change(builders.claimed, batch, change(builders.member, "Ben"))
    redeemed(batch, "Cleo")
    hub._snapshots.pop(batches.TOPIC)  # it was heard, and the slow one not yet
    asyncio.run(RedemptionsState.refresh.fn(tab.state))
    assert (tab.state.cards.total, tab.state.cards.active) == ("2", "0")
    hub._snapshots.pop(desk._counting())
    asyncio.run(RedemptionsState.recount.fn(tab.state))
    assert (tab.state.cards.total, tab.state.cards.active) == ("2", "1")


def test_a_last_day_before_the_first_is_told_and_left_out(batch):
    redeemed(batch, "Ana")

    tab = Tab(LEAD, since="2026-06-15", until="2026-06-14")
    assert (tab.customers, tab.state.days_problem) == (["Ana"], "This is before From, so it is left out.")
    assert tab.state.narrowed == "No redemption fits: from Mon 15 Jun 2026."
    assert tab.state.file.endswith("?from=2026-06-15")
    assert "until=2026-06-14" in tab.state.here  # what was typed stays in its field
    tab.go(since="2026-06-15", until="2026-06-15")
    assert (tab.customers, tab.state.days_problem) == (["Ana"], "")


@pytest.mark.parametrize(
    "asked", [{}, {"q": "member 1"}, {"status": "recorded"}, {"since": "2026-06-16"}, {"q": "nobody"}]
)
def test_the_file_has_as_many_rows_as_are_announced(batch, asked):
    for number in range(27):
        redeemed(batch, f"Member {number}")

    tab = Tab(LEAD, **asked)
    if RedemptionsState.count in tab.next:
        assert tab.state.file_words == ""
        tab.run(RedemptionsState.count)
    _, *lines = see(lambda session: list(as_csv(session, desk.wish(tab.state._search, WARSAW), by=LEAD)))
    many = sum(line.count("\n") for line in lines)
    assert tab.state.file_words == ("nothing to export" if many == 0 else f"{many} rows")
    assert tab.state.has_file == (many > 0)


def test_a_file_of_a_short_text_may_have_more_rows_than_the_list(batch):
    redeemed(batch, "Ana")
    redeemed(batch, "Anna")

    tab = Tab(LEAD, q="an")
    assert (tab.state.found, tab.state.file_words) == ("2 redemptions fit.", "2 rows or more")
    tab.go(q="oo")  # no code has an O
    assert (tab.state.file_words, tab.state.has_file) == ("", True)


def test_what_is_more_than_worth_counting_is_counted_once(batch, monkeypatch):
    monkeypatch.setattr(desk, "MOST_COUNTED", 26)
    for number in range(28):
        redeemed(batch, f"Member {number}")
    tab = Tab(LEAD, status="recorded")
    assert tab.state.found == ""

    tab.run(RedemptionsState.count)
    assert (tab.state.file_words, tab.state.found) == ("more than 26 rows", "More than 26 redemptions fit.")
    redeemed(batch, "Late")
    assert RedemptionsState.count not in tab.run(RedemptionsState.refresh)
    assert tab.state.file_words == "more than 26 rows"
    tab.go(status="goodwill")
    assert (tab.state.file_words, tab.state.found) == ("nothing to export", "0 redemptions fit.")


def test_while_a_filter_is_set_what_fits_appears_and_nothing_else(batch):
    place, other = change(builders.place), change(builders.place, "Harbour")
    redeemed(batch, "Ana", place_id=place.id)
    tab = Tab(LEAD, place=str(place.id))

    redeemed(batch, "Ben", place_id=other.id)
    redeemed(batch, "Cleo", place_id=place.id)
    tab.run(RedemptionsState.refresh)
    assert (tab.customers, tab.state.news) == (["Cleo", "Ana"], "")
    assert (tab.state.found, tab.state.file_words) == ("2 redemptions fit.", "2 rows")


def test_a_tablet_is_asked_whether_it_locks_by_who_may_redeem(batch):
    assert {who.name for who in STAFF if TillState.opened in Tab(who).next} == {"Ada", "Kasia", "Tomek", "Lena"}


def test_what_an_address_cannot_mean_filters_nothing(batch):
    redeemed(batch, "Ana")
    odd = {"status": "eaten", "place": "x", "staff": "-1", "since": "yesterday", "until": "2026-13-01", "after": "no"}

    tab = Tab(LEAD, **odd, q="\0  ")
    assert (tab.customers, tab.state.narrowed) == (["Ana"], "")
    for days in ({"since": "0001-01-01"}, {"until": "9999-12-31"}):  # no zone reckons so far
        tab = Tab(LEAD, **days)
        assert (tab.customers, tab.state.narrowed) == (["Ana"], "")


def test_names_are_for_those_who_may_see_them(batch):
    redeemed(batch, "Ana Maria")

    assert {who.name: Tab(who).customers for who in (ADMIN, MARKETER, LEAD, CASHIER, VIEWER)} == {
        "Ada": ["Ana Maria"], "Marek": ["Ana Maria"], "Lena": ["Ana Maria"], "Kasia": ["Ana Maria"], "Wiktor": ["—"],
    }  # fmt: skip
    assert Tab(VIEWER, q="ana mar").customers == []


def test_an_address_opens_one_redemption_with_everything_about_it(batch):
    place = change(builders.place)
    device = change(builders.device, place)
    tablet = replace(CASHIER, place_id=place.id, device_id=device.id)
    number = redeemed(batch, "Ana", by=tablet, amount=1250, scanned_at=NOON - timedelta(minutes=4))

    one = Tab(MARKETER, redemption=str(number)).state.one
    assert {fact.label: fact.words for fact in one.facts} == {
        "Customer": "Ana",
        "Offer": "One coffee",
        "Basket": "PLN12.50",
        "Scanned without a connection": "15 Jun 2026, 11:56",
        "Arrived here": "15 Jun 2026, 12:00",
        "Location": "Old Town",
        "Redeemed by": "Kasia",
        "Device": "Bar tablet",
    }
    assert [fact.href.rsplit("/", 2)[1] for fact in one.facts if fact.href] == ["members", "batches"]
    assert (one.undo_until, one.may_undo_any) == ("", False)
    assert [fact.href for fact in Tab(CASHIER, redemption=str(number)).state.one.facts if fact.href] == []
    assert Tab(MARKETER, redemption="999").state.one.is_missing


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/Lisbon", "15 Jun 2026, 12:00 (11:00 Lisbon time)"),
        ("America/New_York", "15 Jun 2026, 12:00 (06:00 New York time)"),
        ("Pacific/Kiritimati", "15 Jun 2026, 12:00 (16 Jun 2026, 00:00 Kiritimati time)"),
        ("UTC", "15 Jun 2026, 12:00 (10:00 UTC)"),
        ("Europe/Berlin", "15 Jun 2026, 12:00"),
    ],
)
def test_a_location_with_another_clock_shows_its_own_time_too(batch, zone, words):
    place = change(builders.place, "Harbour")
    change(lambda session: session.execute(sa.update(Place).values(time_zone=zone)))
    number = redeemed(batch, "Ana", place_id=place.id)

    facts = {fact.label: fact.words for fact in Tab(LEAD, redemption=str(number)).state.one.facts}
    assert facts["Date and time"] == words


def test_opening_and_closing_one_redemption_leaves_the_list_as_it_stands(batch):
    number = redeemed(batch, "Ana")
    tab = Tab(LEAD)
    tab.scroll(into_the_rows=True)
    redeemed(batch, "Ben Kowal")

    tab.go(redemption=str(number))
    assert (tab.customers, tab.state.one.id, tab.state.news) == (["Ana"], number, "1 new")
    tab.go()
    assert (tab.customers, tab.state.one.id) == (["Ana"], 0)
    tab.go(q="ben kow")
    assert tab.customers == ["Ben Kowal"]


def offered(number, by, now=NOON):
    """Return what the details offer to somebody: until when to undo their own, and whether to undo any."""
    line = see(desk.history.get, number, by=by)
    one = answers.say_details(line, None, see(programs.current), by=by, now=now)
    return one.undo_until, one.may_undo_any


def test_staff_are_offered_to_undo_their_own_last_scan_and_leads_any(batch):
    number = redeemed(batch, "Ana")
    minutes = see(programs.current).undo_minutes
    late = NOON + timedelta(minutes=minutes)

    assert offered(number, CASHIER) == (f"12:{minutes:02}", False)
    assert offered(number, CASHIER, late) == ("", False)
    assert offered(number, OTHER_CASHIER) == ("", False)
    assert offered(number, LEAD, late) == ("", True)
    assert offered(number, MARKETER) == ("", False)


def press(handler, by, *args):
    """Send an event of the undo buttons, and return what they say."""
    act_as(by)
    state = UndoState(_reflex_internal_init=True)

    async def to_its_end():
        busy = [state.busy async for _ in handler.fn(state, *args)]
        assert busy == [True]

    asyncio.run(to_its_end())
    assert not state.busy
    return state.said or state.problem


def test_staff_undo_their_own_scan_once(batch):
    number = redeemed(batch, "Ana")

    assert press(UndoState.undo, CASHIER, number) == "Undone. The code can be redeemed again."
    assert press(UndoState.undo, CASHIER, number) == desk.REFUSALS[desk.Reason.ALREADY_REVERSED]
    assert [row.status for row in rows(Redemption)] == [RedemptionStatus.REVERSED]


def test_undoing_does_not_promise_that_a_code_is_good_again(batch):
    number = redeemed(batch, "Ana")
    change(batches.freeze, batch.id, by=ADMIN, now=NOON)

    effects = Tab(LEAD, redemption=str(number)).state.one.effects
    assert effects[0].endswith("cannot be redeemed again: redemptions of its batch are frozen.")
    said = press(UndoState.undo, CASHIER, number)
    assert said == "Undone. The code cannot be redeemed again: redemptions of its batch are frozen."


def test_a_refusal_to_undo_is_said_in_words(batch):
    number = redeemed(batch, "Ana")

    assert press(UndoState.undo, OTHER_CASHIER, number) == desk.REFUSALS[desk.Reason.REVERSAL_DENIED]
    assert press(UndoState.undo_any, LEAD, {"redemption": str(number), "why": " "}).startswith("Say why")
    assert "not" in press(UndoState.undo, CASHIER, 999)
    with pytest.raises(ForbiddenError):
        press(UndoState.undo, VIEWER, number)
    assert [row.status for row in rows(Redemption)] == [RedemptionStatus.RECORDED]


def test_a_lead_undoes_a_redemption_with_a_reason(batch):
    number = redeemed(batch, "Ana")

    press(UndoState.undo_any, LEAD, {"redemption": str(number), "why": "Wrong guest"})
    one = Tab(CASHIER, redemption=str(number)).state.one
    facts = {fact.label: fact.words for fact in one.facts}
    assert facts["What became of it"] == "Undone by Lena at 15 Jun 2026, 12:00: Wrong guest"
    assert [row.undone for row in Tab(CASHIER).state.rows] == [facts["What became of it"]]
    assert (one.status_words, one.undo_until, one.may_undo_any) == ("Undone", "", False)


def test_the_checks_of_a_code_are_one_step_away_for_support(batch):
    number = redeemed(batch, "Ana")
    line = see(desk.history.get, number, by=LEAD)

    assert Tab(LEAD, redemption=str(number)).state.one.why == f"/admin/redemptions/why/?code={line.code}"
    assert Tab(CASHIER, redemption=str(number)).state.one.why == ""


@pytest.fixture
def lost(batch):
    """Let a tablet without a connection take a voucher that was redeemed before, and return the code."""
    code = change(builders.claimed, batch, change(builders.member, "Ana"))
    town, harbour = change(builders.place), change(builders.place, "Harbour")
    first = Ask(code, replace(CASHIER, place_id=town.id))
    late = Ask(code, replace(OTHER_CASHIER, place_id=harbour.id), "n", scanned_at=NOON + timedelta(minutes=5))
    change(redemptions.redeem_many, [first], now=NOON)
    change(redemptions.redeem_many, [late], now=NOON + timedelta(minutes=30))
    return code


def test_a_scan_that_lost_shows_both_sides_until_a_lead_puts_it_aside(lost):
    tab = Tab(LEAD)
    (row,) = tab.state.conflicts
    assert tab.state.conflicts_words == "1 scan made without a connection was refused when it reached us"
    assert (row.about, row.first) == ("One coffee, Ana", "Kasia, at Old Town, 15 Jun 2026, 12:00")
    assert row.late == "Tomek, at Harbour, 15 Jun 2026, 12:05; sent 15 Jun 2026, 12:30"
    assert (tab.state.may_settle, Tab(CASHIER).state.may_settle) == (True, False)

    act_as(LEAD)
    settling = SettleState(_reflex_internal_init=True)

    async def settle():
        assert [settling.busy async for _ in SettleState.settle.fn(settling, row.id)] == [row.id]

    asyncio.run(settle())
    tab.run(RedemptionsState.refresh)
    assert (tab.state.conflicts, tab.state.conflicts_words, settling.busy) == ([], "", 0)


def test_a_scan_that_was_refused_says_why_and_how_many_more_there_are(batch, monkeypatch):
    monkeypatch.setattr(conflicts, "MOST", 1)
    code = change(builders.claimed, batch, change(builders.member, "Ana"))
    change(batches.freeze, batch.id, by=ADMIN, now=NOON)
    for text in ("ELSEWHERE", code):
        ask = Ask(text, OTHER_CASHIER, scanned_at=NOON)
        change(redemptions.redeem_many, [ask], now=NOON + timedelta(minutes=30))

    state = Tab(LEAD).state
    (row,) = state.conflicts
    assert (row.about, row.first, row.redemption) == ("One coffee, Ana", "", 0)
    assert row.reason == "Redemptions frozen. No voucher of this batch is redeemed for now."
    assert row.late == "Tomek, 15 Jun 2026, 12:00; sent 15 Jun 2026, 12:30"
    assert state.conflicts_words == "2 scans made without a connection were refused when they reached us"
    assert state.conflicts_rest.startswith("The newest 1 of 2 are shown.")
