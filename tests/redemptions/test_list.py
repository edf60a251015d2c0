"""Redemptions are found by what staff and programs know of them (S2-4, S2-17)."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from loyalty_app.codes import alphabet
from loyalty_app.core.actor import Permission
from loyalty_app.core.errors import ForbiddenError, NotFoundError
from loyalty_app.redemptions import history
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.history import Wish
from loyalty_app.redemptions.models import RedemptionStatus
from loyalty_app.redemptions.service import Ask
from tests import builders
from tests.builders import ADMIN, CASHIER, LEAD, MARKETER, NOON, OTHER_CASHIER, VIEWER
from tests.doors import change, see

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def three(database):
    """Redeem a coffee of Mia's, then a cake of Ola's, then a coffee of Ola's that is reversed."""
    coffee = change(builders.batch, prefix="SUN")
    cake = change(builders.batch, offer_id=str(change(builders.offer, "A piece of cake").id))
    mia, ola = change(builders.member, "Mia"), change(builders.member, "Ola Nowak")
    texts = [change(builders.claimed, batch, who) for batch, who in ((coffee, mia), (cake, ola), (coffee, ola))]
    for minutes, (text, by) in enumerate(zip(texts, (CASHIER, OTHER_CASHIER, CASHIER), strict=True)):
        change(redemptions.redeem_many, [Ask(text, by, amount=1000)], now=NOON + timedelta(minutes=minutes))
    change(redemptions.reverse, 3, reason="Wrong cup", by=ADMIN, now=NOON + timedelta(hours=1))
    return texts


def found(text="", by=MARKETER, **wish):
    return [line.id for line in see(history.listed, Wish(text, **wish), limit=50, by=by)]


@pytest.mark.requirement("S2-4")
def test_a_line_says_what_whose_when_by_whom_and_what_became_of_it(three):
    lines = see(history.listed, Wish(), limit=50, by=MARKETER)

    assert [line.id for line in lines] == [3, 2, 1]
    last, first = lines[0], lines[-1]
    assert (first.code, first.title, first.member, first.email, first.staff, first.at, first.amount) == (
        alphabet.display(three[0], "SUN"),
        "One coffee",
        "Mia",
        "mia@example.com",
        "Kasia",
        NOON,
        1000,
    )
    assert (first.status, first.reversed_at) == (RedemptionStatus.RECORDED, None)
    assert (last.status, last.reversed_by, last.reversal_reason) == (RedemptionStatus.REVERSED, "Ada", "Wrong cup")
    assert see(history.get, 3, by=MARKETER) == last


@pytest.mark.requirement("S2-4", "S2-17")
@pytest.mark.parametrize(
    ("text", "numbers"),
    # No random code has an I or an O.
    [("mia", [1]), ("OLA NOWAK", [3, 2]), ("OWAK", [3, 2]), ("PIECE", [2]), ("coffee", [3, 1]), ("%", [])],
)
def test_redemptions_are_found_by_member_and_offer(three, text, numbers):
    assert found(text) == numbers


def test_redemptions_are_found_by_a_code_or_part_of_one_however_it_is_written(three):
    assert found(alphabet.display(three[0], "SUN").lower()) == [1]
    assert found(three[1][2:]) == [2]


def test_redemptions_are_filtered(three):
    assert found(status=RedemptionStatus.RECORDED) == [2, 1]
    assert found(status=RedemptionStatus.REVERSED) == [3]
    assert found(batch_id=1) == [3, 1]
    assert found("ola", batch_id=1, status=RedemptionStatus.RECORDED) == []
    assert found(account_id=OTHER_CASHIER.account_id) == [2]
    assert found(place_id=7) == []
    assert found(since=NOON + timedelta(minutes=1)) == [3, 2]
    assert found(since=NOON, until=NOON + timedelta(minutes=1)) == [1]
    assert found(member_id=see(history.get, 1, by=VIEWER).member_id) == [1]


def test_a_page_begins_behind_the_last_number_of_the_one_before(three):
    pages = [see(history.listed, Wish(), after=after, limit=2, by=VIEWER) for after in (0, 2)]

    assert [[line.id for line in page] for page in pages] == [[3, 2], [1]]


def test_a_viewer_sees_no_members_and_cannot_find_out_by_searching(three):
    assert {(line.member, line.email) for line in see(history.listed, Wish(), limit=9, by=VIEWER)} == {("", "")}
    assert found("ola", VIEWER) == found("@", VIEWER) == []
    assert found(three[0], VIEWER) == [1]


def test_who_may_not_see_members_does_not_read_their_names_as_those_of_staff_either(three):
    change(
        redemptions.redeem_many, [Ask(builders.link(change(builders.scan_batch)), change(builders.member))], now=NOON
    )

    assert [line.staff for line in see(history.listed, Wish(), limit=1, by=VIEWER)] == [""]
    assert [line.staff for line in see(history.listed, Wish(), limit=1, by=MARKETER)] == ["Mia"]
    assert see(history.latest, by=VIEWER)[0].staff == ""


def test_who_only_watches_reads_no_code_that_is_good_again(three):
    def read(by):
        codes = [line.code for line in see(history.listed, Wish(), limit=9, by=by)]
        filed = [
            line.code for part in see(lambda session: list(history.all_listed(session, Wish(), by=by))) for line in part
        ]
        assert codes == filed
        assert see(history.get, 3, by=by).code == codes[0]
        return codes

    good = three[2]
    whole = [alphabet.display(good, "SUN"), alphabet.display(three[1]), alphabet.display(three[0], "SUN")]
    assert read(VIEWER) == [f"SUN-…{good[-4:]}", *whole[1:]]
    for by in (MARKETER, CASHIER, LEAD, replace(VIEWER, permissions=VIEWER.permissions | {Permission.VIEW_MEMBERS})):
        assert read(by) == whole
    for part in (good, good[2:9], alphabet.display(good, "SUN")):
        assert (found(part, VIEWER), found(part, CASHIER)) == ([], [3])
    assert {scan.text for scan in see(history.latest, by=VIEWER)} == {three[0], three[1], f"…{good[-4:]}"}
    assert good in {scan.text for scan in see(history.latest, by=MARKETER)}

    change(redemptions.redeem_many, [Ask(good, CASHIER)], now=NOON)
    assert found(good, VIEWER) == [4, 3]
    assert read(VIEWER) == [whole[0], *whole]


@pytest.mark.requirement("S2-17")
def test_staff_find_whose_it_was_by_name_but_read_no_address(three):
    (line,) = see(history.listed, Wish("mia"), limit=9, by=CASHIER)

    assert (line.id, line.member, line.email, line.answers) == (1, "Mia", "", None)


def test_who_may_not_view_redemptions_sees_none_and_what_never_was_is_not_found(three):
    nobody = replace(CASHIER, permissions=CASHIER.permissions - {Permission.VIEW_REDEMPTIONS})
    with pytest.raises(ForbiddenError):
        found(by=nobody)
    with pytest.raises(ForbiddenError):
        see(history.get, 1, by=nobody)
    with pytest.raises(NotFoundError):
        see(history.get, 77, by=VIEWER)


@pytest.mark.requirement("S2-17")
def test_a_line_says_where_on_what_and_why_it_was_honoured(three):
    place = change(builders.place)
    lead = replace(LEAD, place_id=place.id, device_id=change(builders.device, place).id)
    change(redemptions.reverse, 1, reason="Wrong cup", by=ADMIN, now=NOON)
    ask = Ask(three[0], lead, goodwill="The queue was long", scanned_at=NOON + timedelta(days=34))
    change(redemptions.redeem_many, [ask], now=NOON + timedelta(days=35))

    (line,) = see(history.listed, Wish(place_id=place.id), limit=9, by=MARKETER)
    assert (line.place, line.place_id, line.device, line.staff_id) == (
        "Old Town",
        place.id,
        "Bar tablet",
        LEAD.account_id,
    )
    assert (line.status, line.goodwill_reason) == (RedemptionStatus.GOODWILL, "The queue was long")
    assert (line.at, line.scanned_at) == (NOON + timedelta(days=35), NOON + timedelta(days=34))


@pytest.mark.own_database
@pytest.mark.parametrize("wish", [Wish(), Wish("SUN000000001"), Wish(batch_id=1)], ids=["newest", "code", "batch"])
def test_no_list_reads_all_redemptions_ever(kind, database, wish):
    change(builders.redeem_thousands)
    said = []
    sa.event.listen(
        database, "before_cursor_execute", lambda _c, _cursor, statement, values, *_: said.append((statement, values))
    )
    assert len(see(history.listed, wish, after=19_000, limit=50, by=MARKETER)) == (1 if wish.text else 50)

    explain = "explain query plan" if kind == "sqlite" else "explain"
    with database.connect() as connection:
        plans = [
            " ".join(map(str, row))
            for statement, values in list(said)
            if statement.startswith("SELECT")
            for row in connection.exec_driver_sql(f"{explain} {statement}", values)
        ]
    assert plans
    for table in ("redemption", "code"):
        assert not [plan for plan in plans if f"SCAN {table}" in plan or f"Seq Scan on {table}" in plan], plans
    if not wish.text:  # what one code has is few
        assert not [plan for plan in plans if "TEMP B-TREE FOR ORDER" in plan or "Sort" in plan], plans
