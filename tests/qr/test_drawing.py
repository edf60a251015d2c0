"""What is drawn can be scanned, and is large enough to print."""

import io
import xml.etree.ElementTree as ET
from urllib.parse import unquote

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from loyalty_app.qr import drawing

LINK = "https://loyalty.example/claim/" + "x" * 32


def picture(png):
    return Image.open(io.BytesIO(png))


def read(image):
    return [found.text for found in zxingcpp.read_barcodes(image)]


@pytest.mark.parametrize("text", ["ABCD", "SUN-ABCD-EFGH-JK", LINK, LINK * 8], ids=["short", "code", "link", "long"])
@pytest.mark.parametrize("error", ["l", "m", "q", "h"])
def test_a_png_is_read_back(text, error):
    assert read(picture(drawing.png(text, error=error))) == [text]


@settings(max_examples=20)
@given(st.text("ABCDEFGHJKMNPQRSTVWXYZ23456789", min_size=4, max_size=40))
def test_every_code_is_read_back(code):
    assert read(picture(drawing.png(code, at_least=200))) == [code]


@pytest.mark.parametrize("at_least", [500, 1024, 4096])
def test_a_png_is_square_and_large_enough(at_least):
    image = picture(drawing.png(LINK, at_least))

    assert image.width == image.height >= at_least


@pytest.mark.requirement("S3-10")
def test_a_png_is_large_enough_for_print_without_asking():
    assert picture(drawing.png("ABCD")).width >= 1024


@pytest.mark.parametrize("text", ["ABCD", LINK])
def test_four_modules_around_the_code_are_white(text):
    image = picture(drawing.png(text)).convert("L")
    assert set(image.tobytes()) == {0, 255}
    box = image.point(lambda grey: 255 - grey).getbbox()
    assert box
    left, top, right, bottom = box

    # The finder pattern in the corner is seven modules wide, which tells how many pixels a module has.
    module = next(x for x in range(left, image.width) if image.getpixel((x, top))) - left
    assert module % 7 == 0
    assert left == top == image.width - right == image.height - bottom == 4 * module // 7


def test_an_svg_fits_any_size_and_is_black_on_white():
    head, _, body = drawing.svg_data_uri(LINK).partition(",")
    svg = ET.fromstring(unquote(body))  # noqa: S314 - drawn by us a line above

    assert head.startswith("data:image/svg+xml")
    assert "viewBox" in svg.attrib
    assert "#fff" in unquote(body)
    assert "#000" in unquote(body)


def test_an_svg_for_print_is_the_same_picture():
    assert b'viewBox="0 0' in drawing.svg(LINK)
    assert ET.fromstring(drawing.svg(LINK)).tag.endswith("svg")  # noqa: S314 - drawn by us on the spot


@pytest.mark.parametrize(("text", "version"), [("A" * 20, 1), (LINK, 4), ("x" * 300, 13)])
def test_the_facts_are_those_of_the_picture(text, version):
    facts = drawing.facts(text)
    image = picture(drawing.png(text, at_least=1))

    assert (facts.version, facts.modules) == (version, image.width - 2 * drawing.QUIET_ZONE)
    assert facts.print_size == -(-image.width * 4 // 10)
