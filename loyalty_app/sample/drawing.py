"""The sample offers' pictures: a few shapes on a plain ground."""

import io
from collections.abc import Callable

from PIL import Image, ImageDraw

SIZE = (960, 640)
SCALE = 2
"""Drawn larger and made small, so that edges are smooth."""

CREAM, BROWN, DARK, WHITE = "#f3e7d3", "#8a5a36", "#3b2416", "#fffdf8"
ROSE, RED, SAGE, LEAF, SKY, NIGHT, GOLD = "#f4cfcf", "#b8434e", "#d5e3cf", "#5f8a5b", "#cfe1ee", "#35506b", "#e0a92e"


def draw(offer: str) -> bytes:
    """Return the picture of an offer as a PNG file."""
    ground, shapes = _MOTIFS[offer]
    picture = Image.new("RGB", (SIZE[0] * SCALE, SIZE[1] * SCALE), ground)
    shapes(_Pen(ImageDraw.Draw(picture)))
    file = io.BytesIO()
    picture.resize(SIZE, Image.Resampling.LANCZOS).save(file, "PNG")
    return file.getvalue()


class _Pen:
    """Draws in the coordinates of the finished picture."""

    def __init__(self, draw: ImageDraw.ImageDraw) -> None:
        self._draw = draw

    def oval(self, *box: float, fill: str) -> None:
        self._draw.ellipse([side * SCALE for side in box], fill=fill)

    def block(self, *box: float, fill: str, radius: float = 0) -> None:
        self._draw.rounded_rectangle([side * SCALE for side in box], radius * SCALE, fill=fill)

    def ring(self, *box: float, fill: str, width: float) -> None:
        self._draw.ellipse([side * SCALE for side in box], outline=fill, width=int(width * SCALE))

    def shape(self, *points: tuple[float, float], fill: str) -> None:
        self._draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=fill)

    def wave(self, x: float, y: float, fill: str) -> None:
        for number in range(3):
            start, turn = (90, 270) if number % 2 else (270, 90)
            top = (y + number * 36) * SCALE
            self._draw.arc([(x - 18) * SCALE, top, (x + 18) * SCALE, top + 36 * SCALE], start, turn, fill, 8 * SCALE)


def _cup(pen: _Pen) -> None:
    pen.oval(260, 470, 700, 560, fill=BROWN)
    pen.ring(580, 300, 730, 450, fill=WHITE, width=28)
    pen.block(310, 270, 640, 500, fill=WHITE, radius=90)
    pen.oval(310, 235, 640, 315, fill=WHITE)
    pen.oval(330, 248, 620, 302, fill=DARK)
    for x in (410, 475, 540):
        pen.wave(x, 100, BROWN)


def _cake(pen: _Pen) -> None:
    pen.oval(220, 470, 740, 560, fill=WHITE)
    pen.shape((270, 330), (690, 250), (690, 330), (270, 410), fill=WHITE)
    pen.shape((270, 330), (600, 200), (690, 250), fill="#fbe9e4")
    pen.block(270, 400, 690, 500, fill=GOLD, radius=8)
    pen.block(270, 330, 690, 410, fill="#fbe9e4", radius=8)
    pen.block(270, 440, 690, 462, fill=RED)
    pen.oval(555, 160, 625, 230, fill=RED)


def _plate(pen: _Pen) -> None:
    pen.oval(270, 110, 690, 530, fill=WHITE)
    pen.ring(320, 160, 640, 480, fill=SKY, width=8)
    for x in (170, 195, 220):
        pen.block(x, 130, x + 10, 260, fill=WHITE, radius=5)
    pen.block(170, 240, 230, 275, fill=WHITE, radius=16)
    pen.block(191, 260, 209, 520, fill=WHITE, radius=9)
    pen.block(750, 130, 790, 330, fill=WHITE, radius=20)
    pen.block(762, 300, 780, 520, fill=WHITE, radius=9)


def _beans(pen: _Pen) -> None:
    for x, y in ((280, 180), (450, 140), (610, 210), (350, 310), (530, 340), (690, 350), (270, 430), (440, 460)):
        pen.oval(x - 70, y - 48, x + 70, y + 48, fill=BROWN)
        pen.block(x - 60, y - 5, x + 60, y + 5, fill=DARK, radius=5)


def _teapot(pen: _Pen) -> None:
    pen.ring(610, 250, 790, 440, fill=LEAF, width=30)
    pen.shape((330, 330), (170, 240), (210, 220), (370, 420), fill=LEAF)
    pen.oval(290, 220, 680, 530, fill=LEAF)
    pen.block(370, 205, 600, 245, fill=WHITE, radius=20)
    pen.oval(460, 150, 510, 205, fill=WHITE)


def _star(pen: _Pen) -> None:
    points = [(480, 90), (545, 245), (715, 258), (585, 368), (626, 534), (480, 444), (334, 534), (375, 368),
              (245, 258), (415, 245)]  # fmt: skip
    pen.shape(*points, fill=GOLD)


_MOTIFS: dict[str, tuple[str, Callable[[_Pen], None]]] = {
    "coffee": (CREAM, _cup),
    "cake": (ROSE, _cake),
    "dinner": (NIGHT, _plate),
    "tasting": (CREAM, _beans),
    "tea": (SAGE, _teapot),
    "points": (SKY, _star),
}
