"""The codes of a scan batch leave the house: as a list for everybody who may, and as single pictures (S0-14, S0-16)."""

import csv
import io

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from loyalty_app.batches.fields import Field
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code
from loyalty_app.core import csvs
from loyalty_app.program import service as programs
from loyalty_app.qr import drawing
from loyalty_app.redemptions import history
from loyalty_app.redemptions import service as redemptions
from loyalty_app.scanbatches.state import say_use
from tests import builders
from tests.builders import ADMIN, MARKETER, NOON, VIEWER
from tests.doors import change, rows, see
from tests.programs import Program

pytestmark = pytest.mark.usefixtures("database")

MANAGER = ("view_dashboard", "qr_code_management", "view_members")


@pytest.fixture
def cups():
    """Four codes: Mia redeemed the first, the second is switched off."""
    batch = change(builders.scan_batch, 4, prefix="CUP")
    mia = change(builders.member)
    change(redemptions.redeem_many, [redemptions.Ask(builders.link(batch, 1), mia, "")], now=NOON)
    change(codes.disable_some, batch.id, [2], by=MARKETER, now=NOON)
    return batch


def read_csv(program, batch, query=""):
    answer = program.get(f"/batches/{batch.id}/codes.csv{query}")
    assert answer.status_code == 200
    return answer, list(csv.reader(io.StringIO(answer.text.removeprefix(csvs.BOM), newline="")))


@pytest.mark.requirement("S0-16")
def test_a_file_has_each_code_with_its_address_and_status(cups):
    answer, (head, *lines) = read_csv(Program(*MANAGER), cups)

    assert head == ["serial", "code", "url", "status", "redeemedAt", "member", "email"]
    stored = {str(code.serial): alphabet.display(code.code, "CUP") for code in rows(Code)}
    assert [line[:4] for line in lines] == [
        [serial, stored[serial], builders.link(cups, int(serial)), status]
        for serial, status in (("1", "redeemed"), ("2", "disabled"), ("3", "active"), ("4", "active"))
    ]
    assert lines[0][4:] == ["2026-06-15T10:00:00.000Z", "Mia", "mia@example.com"]
    assert lines[2][4:] == ["", "", ""]
    assert 'filename="Cups-codes.csv"' in answer.headers["content-disposition"]


@pytest.fixture
def asking():
    """Three codes that ask for a size: one is redeemed, taken back and redeemed again, one is redeemed."""
    batch = change(builders.scan_batch, 3, fields=(Field("=Size"), Field("Note", is_required=False)))
    mia = change(builders.member)

    def redeem(serial, **told):
        answers = {f"={label}" if label == "Size" else label: text for label, text in told.items()}
        ask = redemptions.Ask(builders.link(batch, serial), mia, "", answers=answers)
        change(redemptions.redeem_many, [ask], now=NOON)

    redeem(1, Size="41")
    change(redemptions.reverse, 1, reason="Wrong cup", by=ADMIN, now=NOON)
    redeem(1, Size="42", Note="+48 22")
    redeem(2, Size="43")
    return batch


@pytest.mark.requirement("S0-16", "S0-23")
def test_a_file_has_what_members_told_in_a_column_for_each_field(asking):
    _, (head, *lines) = read_csv(Program(*MANAGER), asking)

    assert head[-2:] == ["'=Size", "Note"]
    assert [line[-2:] for line in lines] == [["42", "'+48 22"], ["43", ""], ["", ""]]
    _, (head, *lines) = read_csv(Program("view_dashboard", "qr_code_management"), asking)
    assert (head[-1], len(head)) == ("redeemedAt", 5)
    assert "43" not in {cell for line in lines for cell in line}


@pytest.mark.requirement("S0-23")
def test_programs_that_may_see_members_read_what_they_told(asking):
    listed = Program("view_redemptions", "view_members").get("/redemptions").json()["items"]
    assert [one["fields"] for one in listed] == [{"=Size": "43"}, {"=Size": "42", "Note": "+48 22"}, {"=Size": "41"}]
    assert Program("view_redemptions", "view_members").get("/redemptions/3").json()["fields"] == {"=Size": "43"}

    viewer = Program("view_redemptions")
    assert [one["fields"] for one in viewer.get("/redemptions").json()["items"]] == [None] * 3
    assert "43" not in str(viewer.get("/redemptions/3").json()["fields"])


@pytest.mark.requirement("S0-21", "S0-23")
def test_one_code_says_when_and_by_whom_it_was_used_and_what_they_told(asking):
    used = see(history.of_code, asking.id, 1, by=MARKETER)
    said = say_use(used, see(programs.current))
    assert [name for name, _ in said] == ["Used", "Member", "=Size", "Note"]
    assert [text for _, text in said[1:]] == ["Mia", "42", "+48 22"]

    seen = see(history.of_code, asking.id, 1, by=VIEWER)
    assert [name for name, _ in say_use(seen, see(programs.current))] == ["Used"]
    assert see(history.of_code, asking.id, 3, by=MARKETER) is None


@pytest.mark.requirement("S0-28")
def test_who_may_not_manage_codes_or_see_members_gets_neither_addresses_nor_members(cups):
    _, (head, *lines) = read_csv(Program("view_dashboard"), cups)

    assert head == ["serial", "code", "status", "redeemedAt"]
    assert len(lines) == 4
    assert "code=" not in str(lines)
    assert "Mia" not in str(lines)


@pytest.mark.parametrize(
    ("query", "serials"),
    [("?first=2&last=3", ["2", "3"]), ("?first=4", ["4"]), ("?status=disabled", ["2"]), ("?last=1", ["1"])],
)
def test_a_file_may_be_a_part(cups, query, serials):
    _, (_, *lines) = read_csv(Program(*MANAGER), cups, query)

    assert [line[0] for line in lines] == serials


@pytest.mark.requirement("S0-14")
def test_one_code_is_taken_as_a_pdf_that_leads_to_its_address(cups):
    code = alphabet.display(rows(Code)[2].code, "CUP")
    answer = Program(*MANAGER).get(f"/codes/{code}/image.pdf?size=40")

    assert answer.headers["content-type"] == "application/pdf"
    assert f'filename="Cups-000003-{code}.pdf"' in answer.headers["content-disposition"]
    page = pypdfium2.PdfDocument(answer.content)[0]
    assert page.get_width() == pytest.approx(40 / 25.4 * 72, abs=0.01)
    said = page.get_textpage().get_text_bounded().replace("\x02", "-")
    assert code in said
    assert "No. 3" in said
    picture = page.render(scale=600 / 72).to_pil().convert("L")
    assert [found.text for found in zxingcpp.read_barcodes(picture)] == [builders.link(cups, 3)]


@pytest.mark.requirement("S0-14")
def test_one_code_is_taken_as_a_png_that_leads_to_its_address(cups):
    code = rows(Code)[3].code
    answer = Program(*MANAGER).get(f"/codes/{code}/image.png")

    picture = Image.open(io.BytesIO(answer.content))
    assert [found.text for found in zxingcpp.read_barcodes(picture)] == [builders.link(cups, 4)]


@pytest.mark.requirement("S0-28")
@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_picture_that_is_worth_points_is_for_managers_only(cups):
    code = rows(Code)[2].code

    for end in ("pdf", "png", "svg"):
        assert Program("view_dashboard").get(f"/codes/{code}/image.{end}").status_code == 403


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_voucher_is_printed_as_the_code_itself(database):
    batch = change(builders.batch, 1)
    code = alphabet.display(rows(Code)[0].code, batch.prefix)
    answer = Program("view_dashboard").get(f"/codes/{code}/image.pdf")

    picture = pypdfium2.PdfDocument(answer.content)[0].render(scale=600 / 72).to_pil().convert("L")
    assert [found.text for found in zxingcpp.read_barcodes(picture)] == [code]


def test_long_words_under_a_picture_stay_within_its_width():
    page = pypdfium2.PdfDocument(drawing.pdf("HELLO", 15, ("W" * 40, "No. 7")))[0]
    boxes = [page.get_textpage().get_charbox(place) for place in range(40)]

    assert min(box[0] for box in boxes) >= 0
    assert max(box[2] for box in boxes) <= page.get_width()
