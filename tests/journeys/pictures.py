"""What a camera would make of a picture on a screen."""

import io

import zxingcpp
from PIL import Image
from playwright.sync_api import Locator

from tests.journeys.server import eventually

WHITE, BLACK = 250, 5


def read_qr(picture: Locator) -> str:
    """Return what the QR code on the screen says, once it is drawn; it has to be dark on light."""

    def found() -> zxingcpp.Barcode | None:
        image = Image.open(io.BytesIO(picture.screenshot())).convert("L")
        return zxingcpp.read_barcode(image, formats=zxingcpp.BarcodeFormat.QRCode, try_invert=False)

    return eventually(found, lambda: "no QR code can be read from the screen", patience=30).text


def is_black_on_white(picture: Locator) -> bool:
    """Return whether a QR code has its own white edge and black modules, whatever the page around it looks like."""
    image = Image.open(io.BytesIO(picture.screenshot())).convert("L")
    width, height = image.size
    edge = [image.getpixel((x, y)) for x in range(4, width - 4) for y in (4, height - 5)]
    darkest, _ = image.getextrema()
    return min(edge) >= WHITE and darkest <= BLACK
