"""Pictures by the thousand are segno's pictures, bit for bit, and other programs read them."""

import io
import random
import re
import struct
import zlib

import pytest
import segno
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from segno import encoder

from loyalty_app.qr import drawing
from loyalty_app.qr.bulk import SAMPLE, Tables
from loyalty_app.qr.symbols import CHARACTERS, Shape, penalty

ERRORS = ("l", "m", "q", "h")
SCALES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 23, 24, 25, 32, 40)
PREFIX = "https://loyalty.example.com/redeem?code="


def texts(number, varying=34, prefix=PREFIX, suffix=""):
    chance = random.Random(7)
    return [prefix + "".join(chance.choices(CHARACTERS, k=varying)) + suffix for _ in range(number)]


def by_segno(text, tables):
    """Return segno's own drawing with the same version, error level and mask."""
    return segno.make(
        text,
        error=tables.error,
        version=tables.version,
        mask=tables.mask,
        mode="byte",
        encoding="utf-8",
        boost_error=False,
    )


def opened(content):
    """Return the picture in grey, its check values looked at."""
    Image.open(io.BytesIO(content)).verify()
    return Image.open(io.BytesIO(content)).convert("L")


def drawn_by_pen(svg):
    """Return which squares an SVG picture's pen goes over, and how large the whole is."""
    line = re.search(r'stroke="#000" d="([^"]+)"', svg.decode()).group(1)
    x = y = 0.0
    squares = set()
    for verb, numbers in re.findall(r"([Mmh])([-\d. ]+)", line):
        steps = [float(number) for number in numbers.split()]
        if verb == "M":
            x, y = steps
        elif verb == "m":
            x, y = x + steps[0], y + steps[1]
        else:
            squares |= {(x + step, y - 0.5) for step in range(int(steps[0]))}
            x += steps[0]
    return squares, re.search(r'viewBox="([^"]+)"', svg.decode()).group(1)


@given(
    st.text(max_size=30),
    st.text(CHARACTERS, max_size=20),
    st.lists(st.text(CHARACTERS, min_size=5, max_size=5), min_size=1, max_size=4),
    st.sampled_from(ERRORS),
)
@settings(max_examples=40, deadline=None)
def test_a_symbol_is_segnos_for_any_beginning_and_end(prefix, suffix, varying, error):
    wanted = [prefix + one + suffix for one in varying]

    tables = Tables.of(wanted, error)

    for text in wanted:
        assert tables.matrix(text) == tuple(map(bytes, by_segno(text, tables).matrix))


@pytest.mark.parametrize(
    ("varying", "error"), [(1, "l"), (22, "m"), (22, "h"), (34, "l"), (34, "m"), (34, "q"), (64, "h"), (130, "l")]
)
def test_a_symbol_is_segnos_for_texts_unlike_the_sample(varying, error):
    wanted = texts(SAMPLE + 20, varying)

    tables = Tables.of(wanted[:SAMPLE], error)

    for text in wanted[SAMPLE:]:
        assert tables.matrix(text) == tuple(map(bytes, by_segno(text, tables).matrix))


@pytest.mark.parametrize("error", ERRORS)
def test_a_level_is_at_least_what_was_asked_and_as_good_as_the_size_allows(error):
    for varying in range(20, 40):
        (text,) = texts(1, varying)
        alone = segno.make(text, error=error)

        tables = Tables.of([text], error)

        assert (tables.version, tables.error) == (alone.version, alone.error)


@pytest.mark.parametrize("text", texts(12, 34) + texts(6, 90) + ["0", "A" * 60, "a----b" * 9])
def test_a_symbol_is_judged_as_segno_judges(text):
    code = segno.make(text, mode="byte", micro=False)
    lines = ["".join(map(str, row)) for row in code.matrix]

    assert penalty(lines) == sum(encoder.mask_scores(code.matrix, len(lines), len(lines)))


def test_the_mask_is_the_best_for_the_sample_on_average():
    sample = texts(SAMPLE)

    tables = Tables.of(sample)

    def judged(mask):
        symbols = [segno.make(text, error=tables.error, mode="byte", mask=mask).matrix for text in sample]
        return sum(sum(encoder.mask_scores(one, len(one), len(one))) for one in symbols)

    assert tables.mask == min(range(8), key=judged)


@pytest.mark.requirement("S0-15")
@pytest.mark.parametrize("scale", SCALES)
def test_a_png_is_segnos_to_the_pixel_and_is_read(scale):
    first, second = texts(2)
    tables = Tables.of([first, second])

    for text in (first, second):
        picture, wanted = opened(tables.png(text, scale)), io.BytesIO()
        by_segno(text, tables).save(wanted, kind="png", scale=scale, border=4)

        assert picture.size == (tables.pixels(scale), tables.pixels(scale))
        assert picture.tobytes() == Image.open(wanted).convert("L").tobytes()
        assert scale < 2 or [one.text for one in zxingcpp.read_barcodes(picture)] == [text]


@pytest.mark.parametrize("error", ERRORS)
def test_a_png_keeps_the_format_to_the_last_byte(error):
    wanted = texts(SAMPLE + 50)
    tables = Tables.of(wanted[:SAMPLE], error)

    for text in wanted[SAMPLE:]:
        content, at, chunks = tables.png(text, 8), 8, {}
        while at < len(content):
            length, kind = struct.unpack_from(">I4s", content, at)
            chunk = content[at + 4 : at + 8 + length]
            assert zlib.crc32(chunk) == int.from_bytes(content[at + 8 + length : at + 12 + length], "big")
            chunks[kind] = chunk[4:]
            at += 12 + length

        assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
        # Fails unless the whole stream is sound and its checksum right.
        assert len(zlib.decompress(chunks[b"IDAT"])) == tables.pixels(8) * (1 + tables.modules + 8)


@pytest.mark.requirement("S0-15")
@pytest.mark.parametrize("varying", [1, 22, 34])
def test_an_svg_looks_as_a_single_picture_does(varying):
    wanted = texts(SAMPLE + 5, varying)
    tables = Tables.of(wanted[:SAMPLE])

    for text in wanted[SAMPLE:]:
        single = io.BytesIO()
        by_segno(text, tables).save(single, kind="svg", border=4, light="#fff", dark="#000", omitsize=True)

        assert drawn_by_pen(tables.svg(text)) == drawn_by_pen(single.getvalue())
        assert b'<path fill="#fff" d="M0 0h' in tables.svg(text)
        assert drawn_by_pen(drawing.svg(text))[1] == drawn_by_pen(tables.svg(text))[1]


@pytest.mark.parametrize(
    ("at_least", "scale"), [(1, 1), (45, 1), (46, 2), (135, 3), (136, 4), (180, 4), (181, 8), (500, 12), (1024, 24)]
)
def test_a_picture_is_at_least_as_large_as_asked(at_least, scale):
    tables = Tables.of(texts(2))

    assert (tables.modules, tables.scale(at_least)) == (37, scale)
    assert tables.pixels(scale) == 45 * scale >= at_least


def test_a_shape_is_what_texts_have_in_common():
    assert Shape.of(["a?code=x1#b", "a?code=y2#b"], "m") == Shape("a?code=", 2, "#b", "m")
    assert Shape.of(["same"], "m") == Shape("same", 0, "", "m")
    assert Shape.of(["aab", "aaab"], "m") == Shape("aa", 0, "b", "m")


@pytest.mark.parametrize("text", [PREFIX + "x" * 33, PREFIX + "x" * 35, PREFIX.upper() + "x" * 34])
def test_a_text_of_another_shape_is_refused(text):
    tables = Tables.of(texts(SAMPLE))

    with pytest.raises(ValueError, match="is not of the shape"):
        tables.png(text, 8)


@pytest.mark.parametrize("scale", [0, -1, 5000])
def test_a_scale_without_a_picture_is_refused(scale):
    with pytest.raises(ValueError, match="pixels"):
        Tables.of(texts(2)).png(texts(1)[0], scale)
