"""What is printed is read back: every label of every sheet, by an independent renderer and an independent decoder."""

import io
import random
from dataclasses import replace

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageDraw

from loyalty_app.exports import drawing
from loyalty_app.exports.drawing import Label
from loyalty_app.exports.rules import FORMATS, PAPER_SIZES, Look, Paper, Sheet

DPI = 300
DOTS = DPI / 25.4
LONG = "One line of text that is longer than any label that anybody sticks onto anything"


def labels(count, prefix="SUN-", address="https://www.example.com/landing?code="):
    chance = random.Random(7)  # the same labels whichever tests came before

    def some(length, of="ABCDEFGHJKMNPQRSTVWXYZ23456789"):
        return "".join(chance.choices(of, k=length))

    return [
        Label(address + some(58), f"{prefix}{some(4)}-{some(4)}-{some(2)}", serial) for serial in range(1, count + 1)
    ]


def pages(pdf):
    document = pypdfium2.PdfDocument(pdf)
    return [document[page].render(scale=DPI / 72).to_pil().convert("L") for page in range(len(document))]


def texts(pdf):
    # A hyphen at the end of a line comes as a character of its own.
    document = pypdfium2.PdfDocument(pdf)
    return [document[page].get_textpage().get_text_bounded().replace("\x02", "-") for page in range(len(document))]


def label_of(page, sheet, place):
    x, y = (length * DOTS for length in sheet.corner(place))
    return page.crop((round(x), round(y), round(x + sheet.width * DOTS), round(y + sheet.height * DOTS)))


def read(picture):
    return [found.text for found in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)]


def logo():
    picture = Image.new("RGBA", (300, 120), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((0, 0, 119, 119), fill=(180, 60, 20, 255))
    out = io.BytesIO()
    picture.save(out, "WEBP", lossless=True)
    return out.getvalue()


def ink_outside(page, sheet):
    """Return what is printed where no label is."""
    paper = page.copy()
    for place in range(sheet.count):
        x, y = (length * DOTS for length in sheet.corner(place))
        ImageDraw.Draw(paper).rectangle((x, y, x + sheet.width * DOTS, y + sheet.height * DOTS), fill=255)
    return ImageChops.invert(paper).getbbox()


@pytest.mark.parametrize("sheet", [one.sheet for one in FORMATS.values()], ids=FORMATS)
@pytest.mark.parametrize("look", [Look(), Look((LONG, LONG), logo(), crop_marks=True)], ids=["plain", "full"])
@pytest.mark.requirement("S0-14")
def test_every_label_of_every_format_is_read_back_in_its_place(sheet, look):
    made = labels(sheet.count + 1)

    drawn = pages(drawing.pdf(made, sheet, look))

    assert len(drawn) == 2
    assert drawn[0].size == pytest.approx([round(side * DOTS) for side in PAPER_SIZES[sheet.paper]], abs=1)
    assert [read(label_of(drawn[0], sheet, place)) for place in range(sheet.count)] == [[one.url] for one in made[:-1]]
    assert read(drawn[1]) == [made[-1].url]


@pytest.mark.parametrize("sheet", [one.sheet for one in FORMATS.values()], ids=FORMATS)
def test_nothing_is_printed_beside_the_labels(sheet):
    long = [replace(one, code=f"LONG-PREFIX-{one.code}-AND-MORE") for one in labels(sheet.count)]

    (page,) = pages(drawing.pdf(long, sheet, Look((LONG, LONG), logo())))

    assert ink_outside(page, sheet) is None
    for place in range(sheet.count):  # nor on the outermost millimetre of one
        one = label_of(page, sheet, place)
        inner = (12, 12, one.width - 12, one.height - 12)
        ImageDraw.Draw(one).rectangle(inner, fill=255)
        assert ImageChops.invert(one).getbbox() is None


def test_crop_marks_are_in_the_margins_only():
    sheet = FORMATS["a4-35"].sheet
    made = labels(sheet.count)

    (page,) = pages(drawing.pdf(made, sheet, Look(crop_marks=True)))
    (plain,) = pages(drawing.pdf(made, sheet, Look()))

    left, top, right, bottom = ink_outside(page, sheet) or (0, 0, 0, 0)
    assert left < sheet.left * DOTS < right
    assert top < sheet.top * DOTS < bottom
    assert ink_outside(plain, sheet) is None
    for place in range(sheet.count):
        assert ImageChops.difference(label_of(page, sheet, place), label_of(plain, sheet, place)).getbbox() is None
    # As many as there are edges: six uprights and nine levels, at both ends.
    assert len(list(drawing._crop_marks(sheet))) == 2 * (6 + 9)


def test_the_quiet_zone_is_four_modules_wide():
    sheet = FORMATS["22806"].sheet
    (made,) = labels(1)
    layout = drawing.laid_out([made], sheet, Look())
    modules = len(drawing.matrix(made.url))
    module = layout.module(modules) * DOTS

    (page,) = pages(drawing.pdf([made], sheet, Look()))
    one = label_of(page, sheet, 0).crop(
        (0, 0, round(sheet.width * DOTS), round((layout.qr.y + layout.qr.height) * DOTS))
    )
    left, top, right, bottom = ImageChops.invert(one).getbbox() or (0, 0, 0, 0)

    assert right - left == pytest.approx(modules * module, abs=2)
    assert bottom - top == pytest.approx(modules * module, abs=2)
    assert left - layout.qr.x * DOTS == pytest.approx(4 * module, abs=2)
    assert top - layout.qr.y * DOTS == pytest.approx(4 * module, abs=2)
    assert layout.module(modules) == layout.qr.width / (modules + 8)


def test_people_can_read_code_serial_and_text():
    (said,) = texts(
        drawing.pdf(labels(1), FORMATS["l7163"].sheet, Look(("Café Aurora", "20 points — gültig bis 2026")))
    )

    code = labels(1)[0].code
    assert said.split("\r\n")[:2] == ["Café Aurora", "20 points — gültig bis 2026"]
    assert "#1" in said
    assert code.split("-")[0] in said


def test_text_that_is_too_long_is_cut_and_a_code_never_is():
    code = "LONG-PREFIX-ABCD-EFGH-JK-AND-STILL-MORE"
    made = [replace(labels(1)[0], code=code)]

    (said,) = texts(drawing.pdf(made, FORMATS["l7651"].sheet, Look((LONG,))))

    assert "…" in said
    assert LONG not in said
    assert code in said.replace("\r\n", "")


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("code", ["SUN-F98C-M4XR-9T", "ABCDEFGHIJKLM", "A-B-C-D"])
def test_the_pieces_of_a_code_are_the_code(code, count):
    pieces = drawing._pieces(code, count)

    assert len(pieces) == count
    assert "".join(pieces) == code
    assert all(pieces)


def test_a_code_is_divided_about_in_the_middle():
    assert drawing._pieces("SUN-F98C-M4XR-9T", 2) == ["SUN-F98C-", "M4XR-9T"]


def test_a_used_sheet_is_finished():
    sheet = FORMATS["l7160"].sheet
    made = labels(5)

    first, second = pages(drawing.pdf(made, sheet, Look(first_place=19)))

    assert [read(label_of(first, sheet, place)) for place in (17, 18, 20)] == [[], [made[0].url], [made[2].url]]
    assert [read(label_of(second, sheet, place)) for place in (0, 1, 2)] == [[made[3].url], [made[4].url], []]


def test_a_free_grid_is_printed_as_it_was_measured():
    sheet = Sheet(Paper.LETTER, 2, 3, 40, 60, 20, 30, 17, 11)
    made = labels(6)

    (page,) = pages(drawing.pdf(made, sheet, Look()))

    assert [read(label_of(page, sheet, place)) for place in range(6)] == [[one.url] for one in made]


def test_letters_that_cannot_be_printed_are_named():
    assert drawing.unprintable("Café – 20 € ½ Ğ") == ""
    assert drawing.unprintable("Добро 你 好!") == "Добр你好"


@pytest.mark.parametrize("key", ["l7160", "22806"])
def test_the_preview_shows_the_labels_where_they_are_printed(key):
    sheet = FORMATS[key].sheet
    (sample,) = labels(1)

    svg = drawing.preview(
        sample,
        sheet,
        Look(("Fish & chips <1>",), logo(), crop_marks=True, first_place=2),
        4,
        drawing.matrix(sample.url),
    ).decode()

    x, y = sheet.corner(1)
    assert svg.count("<use ") == 4
    assert f'x="{x:.3f}" y="{y:.3f}"' in svg
    assert "Fish &amp; chips &lt;1&gt;" in svg
    assert "data:image/png;base64," in svg
