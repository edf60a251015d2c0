"""Whatever is uploaded, what is kept is a small picture and nothing else."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from loyalty_app.pictures import drawing
from loyalty_app.pictures.drawing import Drawn

ORIENTATION = 0x0112
CAMERA = 0x010F
TURNED = 6


def file(size=(40, 20), kind="PNG", mode="RGB", colour="red", **how):
    """Return a picture as a file."""
    out = io.BytesIO()
    Image.new(mode, size, colour).save(out, kind, **how)
    return out.getvalue()


def opened(content):
    drawn = drawing.draw(content)
    assert isinstance(drawn, Drawn), drawn
    picture = Image.open(io.BytesIO(drawn.content))
    picture.load()
    assert (picture.format, drawn.media_type) == ("WEBP", "image/webp")
    assert picture.size == (drawn.width, drawn.height)
    return picture


@pytest.mark.parametrize("kind", drawing.FORMATS)
def test_each_format_becomes_the_same_one(kind):
    assert opened(file(kind=kind)).size == (40, 20)


def test_a_large_picture_is_made_small_and_keeps_its_shape():
    assert opened(file((3000, 1500))).size == (1200, 600)
    assert opened(file((4, 2400))).size == (2, 1200)


def test_what_shines_through_still_does():
    half = opened(file(mode="RGBA", colour=(255, 0, 0, 128)))

    assert half.mode == "RGBA"
    assert half.getpixel((3, 3)) == (255, 0, 0, 128)


def test_a_palette_may_shine_through_too():
    picture = Image.new("P", (9, 9), 1)
    picture.putpalette([0, 0, 0, 10, 200, 30])
    out = io.BytesIO()
    picture.save(out, "GIF", transparency=1)

    assert opened(out.getvalue()).getchannel("A").getpixel((4, 4)) == 0


def test_a_drawing_is_kept_without_loss():
    picture = Image.new("RGB", (64, 64), "#0f5f4f")
    picture.paste("#faf9f7", (20, 20, 40, 40))
    out = io.BytesIO()
    picture.save(out, "PNG")

    assert opened(out.getvalue()).convert("RGB").tobytes() == picture.tobytes()


def test_a_photograph_stands_upright_and_tells_nothing_else():
    exif = Image.Exif()
    exif[ORIENTATION], exif[CAMERA] = TURNED, "Secret camera"
    content = file((40, 20), "JPEG", exif=exif, comment=b"Secret place")
    assert b"Secret camera" in content

    upright = opened(content)
    assert upright.size == (20, 40)
    assert not upright.getexif()
    assert not upright.info.keys() & {"exif", "xmp", "icc_profile", "comment"}
    assert b"Secret" not in drawing.draw(content).content


def test_the_colours_of_another_space_are_translated():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    assert opened(file(colour="#336699", icc_profile=profile)).convert("RGB").getpixel((3, 3)) == (0x33, 0x66, 0x99)
    assert opened(file(icc_profile=b"no profile at all")).size == (40, 20)


def test_of_a_moving_picture_the_first_moment_is_kept():
    out = io.BytesIO()
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    first.save(out, "GIF", save_all=True, append_images=[second])

    still = opened(out.getvalue())
    assert getattr(still, "n_frames", 1) == 1
    assert still.convert("RGB").getpixel((4, 4)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", drawing.NOT_A_PICTURE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", drawing.NOT_A_PICTURE),
        (file(kind="BMP"), drawing.NOT_A_PICTURE),
        (file()[:-30], drawing.NOT_A_PICTURE),
        (b"\0" * (drawing.MOST_BYTES + 1), drawing.TOO_HEAVY),
        (file((10_000, 5_001), mode="1", colour=0), drawing.TOO_MANY_PIXELS),
        (file((20_000, 20_000), mode="1", colour=0), drawing.TOO_MANY_PIXELS),
    ],
    ids=["empty", "svg", "bmp", "cut off", "heavy", "wide", "bomb"],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence(content, said):
    assert drawing.draw(content) == said


@given(
    st.sampled_from([file(kind=kind) for kind in drawing.FORMATS]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=8),
    st.integers(0, 200),
)
def test_a_damaged_file_is_a_picture_or_a_sentence(content, changes, cut):
    damaged = bytearray(content[: len(content) - cut])
    for place, value in changes:
        if place < len(damaged):
            damaged[place] = value

    assert isinstance(drawing.draw(bytes(damaged)), (Drawn, str))
