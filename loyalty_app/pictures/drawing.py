"""Pictures drawn anew: whatever was uploaded, what is kept is small, upright and nothing but a picture."""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps

MOST_BYTES = 5_000_000
MOST_PIXELS = 50_000_000
"""A small file can unfold to far more than the memory of the machine."""
LONGEST_SIDE = 1200
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
FEW_COLOURS = 4096
"""A drawing, not a photograph: it is kept without any loss."""
QUALITY = 84

NOT_A_PICTURE = "This is not a picture that can be read. Use a PNG, JPEG, WebP or GIF file."
TOO_HEAVY = f"This file is too large. Use a picture of at most {MOST_BYTES // 1_000_000} MB."
TOO_MANY_PIXELS = f"This picture has too many pixels. Use one of at most {MOST_PIXELS // 1_000_000} megapixels."

_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)
"""What the decoders raise for a file that is not what it says."""


@dataclass(frozen=True)
class Drawn:
    """A picture fit to be kept and shown to everybody."""

    content: bytes
    media_type: str
    width: int
    height: int


def draw(content: bytes) -> Drawn | str:
    """Return the picture drawn anew, without its metadata, or a sentence that says why not."""
    if len(content) > MOST_BYTES:
        return TOO_HEAVY
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the next lines are stricter
            picture = Image.open(io.BytesIO(content), formats=FORMATS)
        if picture.width * picture.height > MOST_PIXELS:
            return TOO_MANY_PIXELS
        picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a photograph is decoded no larger than it is needed
        picture.load()
        return _drawn(_in_plain_colours(ImageOps.exif_transpose(picture)))
    except Image.DecompressionBombError:
        return TOO_MANY_PIXELS
    except _BROKEN:
        return NOT_A_PICTURE


def _in_plain_colours(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    plain = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    if profile and picture.mode in {"RGB", "RGBA"}:
        try:
            plain = (
                ImageCms.profileToProfile(
                    plain, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
                )
                or plain
            )
        except (ImageCms.PyCMSError, OSError):  # an odd profile: the colours are taken as they stand
            return plain
    return plain


def _drawn(picture: Image.Image) -> Drawn:
    is_drawing = picture.getcolors(FEW_COLOURS) is not None
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    # A new canvas takes the pixels along and nothing else.
    canvas = Image.new(picture.mode, picture.size)
    canvas.paste(picture)
    out = io.BytesIO()
    canvas.save(out, "WEBP", lossless=is_drawing, quality=QUALITY)
    return Drawn(out.getvalue(), "image/webp", *canvas.size)
