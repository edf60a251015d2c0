"""QR codes as pictures: black on white, four modules of quiet zone, sizes honest to the pixel (ISO/IEC 18004)."""

import base64
import io

import segno

QUIET_ZONE = 4
PRINT_PIXELS = 1024
"""S3-10 asks for 500 at least; people print larger."""


def svg_data_uri(text: str, error: str = "m") -> str:
    """Return the code as an SVG picture that fits any size, as a `data:` address."""
    code = segno.make(text, error=error, micro=False)
    return code.svg_data_uri(border=QUIET_ZONE, light="#fff", dark="#000", omitsize=True)


def png(text: str, at_least: int = PRINT_PIXELS, error: str = "m") -> bytes:
    """Return the code as a PNG whose sides have at least that many pixels, a whole number for each module."""
    code = segno.make(text, error=error, micro=False)
    modules = code.symbol_size(border=QUIET_ZONE)[0]
    picture = io.BytesIO()
    code.save(picture, kind="png", scale=-(-at_least // modules), border=QUIET_ZONE)
    return picture.getvalue()


def png_data_uri(text: str, at_least: int = PRINT_PIXELS) -> str:
    """Return the PNG as a `data:` address, for a download without another request."""
    return "data:image/png;base64," + base64.b64encode(png(text, at_least)).decode()
