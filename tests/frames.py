"""What a camera sees of QR codes: printed and on screens, small, turned, blurred and dark, from a fixed seed."""

import base64
import io
import math
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from loyalty_app.batches.models import Alphabet
from loyalty_app.batches.rules import CHARACTERS
from loyalty_app.batches.scans import LANDING, link
from loyalty_app.keys import rules as tokens
from loyalty_app.qr import drawing

SIZE = (1280, 720)
"""What the scanner asks a camera for."""
SHOP = "https://shop.example"
SEED = 5
EACH = 18
"""Frames of a kind."""

_CODE = 600
"""Pixels a side at which a code is drawn, before it is laid before the camera."""
_NEAR = 2.5
"""How far the camera is away, in widths of the code: nearer is more perspective."""
_EVEN = 255 / math.sqrt(24)
"""How far two dice of 256 sides stray, halved together."""

Corners = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Frame:
    """One picture, and what may be read from it."""

    kind: str
    texts: tuple[str, ...]
    picture: Image.Image

    @property
    def jpeg(self) -> bytes:
        """Return it as a file."""
        file = io.BytesIO()
        self.picture.save(file, "JPEG", quality=80)
        return file.getvalue()


@dataclass(frozen=True)
class Pose:
    """How a code lies before the camera: its share of the frame's height, and degrees."""

    share: float = 0.45
    turn: float = 0
    tilt: float = 0
    lean: float = 0
    """The axis that it is tilted about."""
    middle: tuple[float, float] = (0.5, 0.5)


def frames(seed: int = SEED, each: int = EACH) -> Iterator[Frame]:
    """Yield so many frames of each kind, the same ones every time, from easy to hard."""
    for kind in KINDS:
        for number in range(each):
            yield frame(kind, (number + 0.5) / each, seed)


def frame(kind: str, hard: float = 0.5, seed: int = SEED) -> Frame:
    """Return a frame of a kind, as hard as is said: from 0 to 1."""
    return KINDS[kind](kind, hard, Random(f"{kind} {hard:.4f} {seed}"))


def payload(chance: Random) -> str:
    """Return what one of our codes says: a voucher's code, a scan code's link, or a claim link."""
    match chance.randrange(3):
        case 0:
            return "".join(chance.choices(CHARACTERS[Alphabet.SAFE], k=10))
        case 1:
            return link(f"{SHOP}{LANDING}", _seal()(chance.randrange(1, 100_000)))
        case _:
            return f"{SHOP}/en-us/claim/{''.join(chance.choices(string.ascii_letters + string.digits, k=22))}"


@cache
def _seal() -> Callable[[int], str]:
    cipher = tokens.cipher(base64.urlsafe_b64encode(bytes(range(tokens.SECRET_BYTES))).decode())
    assert cipher
    return tokens.sealer(cipher, 1, 7, {"points": "20"})


def _small(kind: str, hard: float, chance: Random) -> Frame:
    return _print(kind, chance, Pose(0.30 - 0.15 * hard, chance.uniform(-10, 10), middle=_about(chance, 0.25)), grain=5)


def _middling(kind: str, hard: float, chance: Random) -> Frame:
    return _print(kind, chance, Pose(0.60 - 0.30 * hard, chance.uniform(-10, 10), middle=_about(chance, 0.12)), grain=5)


def _large(kind: str, hard: float, chance: Random) -> Frame:
    return _print(kind, chance, Pose(0.60 + 0.30 * hard, chance.uniform(-4, 4)), grain=5)


def _screen(kind: str, hard: float, chance: Random) -> Frame:
    text = payload(chance)
    pose = Pose(chance.uniform(0.25, 0.65), chance.uniform(-20, 20), 20 * hard, chance.uniform(0, 360))
    seen = _lay(_counter(chance, 110), _phone(_code(text), chance, 0.25 + 0.5 * hard), pose)
    return _frame(kind, chance, text, ImageEnhance.Brightness(seen).enhance(1 + 0.4 * hard), grain=5)


def _turned(kind: str, hard: float, chance: Random) -> Frame:
    return _print(kind, chance, Pose(chance.uniform(0.3, 0.6), 360 * hard), grain=5)


def _tilted(kind: str, hard: float, chance: Random) -> Frame:
    lean = chance.uniform(0, 360)
    return _print(kind, chance, Pose(0.55, chance.uniform(0, 360), 20 + 45 * hard, lean), grain=5)


def _curved(kind: str, hard: float, chance: Random) -> Frame:
    text = payload(chance)
    card = _bend(_paper(_code(text), chance), 0.5 + 0.9 * hard)
    pose = Pose(0.5, chance.uniform(-25, 25), 15, chance.uniform(0, 360))
    return _frame(kind, chance, text, _lay(_counter(chance), card, pose), grain=5)


def _moved(kind: str, hard: float, chance: Random) -> Frame:
    pose = Pose(chance.uniform(0.4, 0.6), chance.uniform(-15, 15))
    way = chance.uniform(0, 2 * math.pi)
    return _print(kind, chance, pose, lambda seen: _drag(seen, 3 + round(17 * hard), way), grain=5)


def _blurred(kind: str, hard: float, chance: Random) -> Frame:
    pose = Pose(chance.uniform(0.4, 0.6), chance.uniform(-15, 15))
    return _print(kind, chance, pose, lambda seen: seen.filter(ImageFilter.GaussianBlur(1.5 + 5.5 * hard)), grain=5)


def _inverted(kind: str, hard: float, chance: Random) -> Frame:
    text = payload(chance)
    pose = Pose(chance.uniform(0.3, 0.6), chance.uniform(-20, 20), 30 * hard, chance.uniform(0, 360))
    code = ImageOps.invert(_code(text))
    card = _phone(code, chance, 0.2) if chance.random() < 0.5 else _paper(code, chance, 55)
    return _frame(kind, chance, text, _lay(_counter(chance), card, pose), grain=5 + 10 * hard)


def _dark(kind: str, hard: float, chance: Random) -> Frame:
    pose = Pose(chance.uniform(0.35, 0.6), chance.uniform(-15, 15))
    light = 0.30 - 0.24 * hard
    return _print(kind, chance, pose, lambda seen: ImageEnhance.Brightness(seen).enhance(light), grain=7 + 9 * hard)


def _pale(kind: str, hard: float, chance: Random) -> Frame:
    pose = Pose(chance.uniform(0.35, 0.6), chance.uniform(-15, 15))
    contrast = 0.40 - 0.35 * hard
    return _print(kind, chance, pose, lambda seen: ImageEnhance.Contrast(seen).enhance(contrast), grain=4)


def _glare(kind: str, hard: float, chance: Random) -> Frame:
    text = payload(chance)
    pose = Pose(chance.uniform(0.4, 0.65), chance.uniform(-20, 20))
    card = _phone(_code(text), chance, 0.2) if chance.random() < 0.5 else _paper(_code(text), chance)
    seen = _lay(_counter(chance), card, pose)
    return _frame(kind, chance, text, _shine(seen, chance, 0.4 + 0.6 * hard, pose.share), grain=5)


def _damaged(kind: str, hard: float, chance: Random) -> Frame:
    text = payload(chance)
    card = _paper(_scratch(_code(text), chance, 0.01 + 0.07 * hard), chance)
    pose = Pose(0.5, chance.uniform(-25, 25), 15, chance.uniform(0, 360))
    return _frame(kind, chance, text, _lay(_counter(chance), card, pose), grain=5)


def _two(kind: str, hard: float, chance: Random) -> Frame:
    first, second = payload(chance), payload(chance)
    seen = _counter(chance)
    for text, middle in ((first, 0.27), (second, 0.73)):
        pose = Pose(0.5 - 0.25 * hard, chance.uniform(-25, 25), 15, chance.uniform(0, 360), (middle, 0.5))
        seen = _lay(seen, _paper(_code(text), chance), pose)
    return _frame(kind, chance, (first, second), seen, grain=5)


def _in_hand(kind: str, hard: float, chance: Random) -> Frame:
    """Draw a little of everything: as a customer holds it."""
    text = payload(chance)
    pose = Pose(
        0.55 - 0.25 * hard, chance.uniform(0, 360), 35 * hard, chance.uniform(0, 360), _about(chance, 0.1 + 0.1 * hard)
    )
    card = _phone(_code(text), chance, 0.3) if chance.random() < 0.5 else _paper(_code(text), chance)
    seen = _drag(_lay(_counter(chance), card, pose), 1 + round(5 * hard), chance.uniform(0, 2 * math.pi))
    seen = ImageEnhance.Brightness(seen.filter(ImageFilter.GaussianBlur(0.5 + 1.2 * hard))).enhance(1 - 0.5 * hard)
    return _frame(kind, chance, text, seen, grain=6 + 8 * hard)


KINDS: dict[str, Callable[[str, float, Random], Frame]] = {
    "15–30 % of the frame": _small,
    "30–60 % of the frame": _middling,
    "60–90 % of the frame": _large,
    "on a screen": _screen,
    "turned": _turned,
    "tilted": _tilted,
    "curved": _curved,
    "moved": _moved,
    "blurred": _blurred,
    "inverted": _inverted,
    "low light": _dark,
    "low contrast": _pale,
    "glare": _glare,
    "damaged": _damaged,
    "two in view": _two,
    "in the hand": _in_hand,
}


def _print(
    kind: str,
    chance: Random,
    pose: Pose,
    spoil: Callable[[Image.Image], Image.Image] = lambda seen: seen,
    grain: float = 0,
) -> Frame:
    text = payload(chance)
    return _frame(kind, chance, text, spoil(_lay(_counter(chance), _paper(_code(text), chance), pose)), grain)


def _frame(kind: str, chance: Random, texts: str | tuple[str, ...], seen: Image.Image, grain: float) -> Frame:
    texts = (texts,) if isinstance(texts, str) else texts
    return Frame(kind, texts, _grained(seen, chance, grain))


def _about(chance: Random, reach: float) -> tuple[float, float]:
    return 0.5 + chance.uniform(-reach, reach), 0.5 + chance.uniform(-reach, reach)


def _code(text: str) -> Image.Image:
    """Draw a code as the program prints it."""
    return Image.open(io.BytesIO(drawing.png(text, _CODE))).convert("RGB").resize((_CODE, _CODE), Image.Resampling.BOX)


def _paper(code: Image.Image, chance: Random, shade: int = 225) -> Image.Image:
    """Print a code on paper with a grain, words above and below."""
    width, height = round(_CODE * 1.3), round(_CODE * 1.6)
    edge = (width - _CODE) // 2
    card = Image.new("RGB", (width, height), (255, 255, 255))
    pen = ImageDraw.Draw(card)
    if shade < 128:
        pen.rectangle((0, 0, width, height), fill=(30, 30, 36))
    above = (height - _CODE) // 2
    for top in (45, 100, height - 120, height - 65):
        pen.rectangle((edge, top, edge + chance.randrange(_CODE // 3, _CODE), top + 18), fill=(110, 110, 110))
    card.paste(code, (edge, above))
    tinted = ImageChops.multiply(card, Image.new("RGB", card.size, (225, 222, 214)))
    inked = ImageChops.add(tinted, Image.new("RGB", card.size, (22, 22, 26)))
    return _grained(inked, chance, 6)


def _phone(code: Image.Image, chance: Random, grid: float) -> Image.Image:
    """Show a code on a phone, with the grid of its pixels."""
    width, height = round(_CODE * 1.2), round(_CODE * 1.9)
    card = Image.new("RGB", (width, height), (12, 12, 14))
    edge = (width - _CODE) // 2
    light = code.getpixel((3, 3))
    ImageDraw.Draw(card).rectangle((20, 60, width - 20, height - 60), fill=light)
    card.paste(code, (edge, (height - _CODE) // 2))
    step = chance.choice((3, 4, 5))
    gap = Image.new("RGB", (step, step), (255, 255, 255))
    for place in range(step):
        gap.putpixel((place, step - 1), (round(255 * (1 - grid)),) * 3)
        gap.putpixel((step - 1, place), (round(255 * (1 - grid)),) * 3)
    mask = Image.new("RGB", card.size)
    for left in range(0, width, step):
        mask.paste(gap, (left, 0))
    row = mask.crop((0, 0, width, step))
    for top in range(0, height, step):
        mask.paste(row, (0, top))
    return ImageChops.multiply(card, mask)


def _counter(chance: Random, shade: int = 150) -> Image.Image:
    """Draw what lies behind: wood with a grain, and things on it."""
    seen = Image.new("RGB", SIZE, (shade, shade - 12, shade - 26))
    pen = ImageDraw.Draw(seen)
    for _ in range(60):
        top, dim = chance.randrange(SIZE[1]), chance.randrange(-18, 18)
        pen.line(
            (0, top, SIZE[0], top + chance.randrange(-40, 40)), (shade + dim, shade + dim - 14, shade + dim - 30), 6
        )
    for _ in range(5):
        left, top = chance.randrange(SIZE[0]), chance.randrange(SIZE[1])
        fill = tuple(chance.randrange(40, 220) for _ in range(3))
        pen.ellipse((left, top, left + chance.randrange(60, 260), top + chance.randrange(60, 260)), fill=fill)
    return seen.filter(ImageFilter.GaussianBlur(3))


def _lay(behind: Image.Image, card: Image.Image, pose: Pose) -> Image.Image:
    """Lay a card before the camera."""
    side = pose.share * SIZE[1]
    wide, high = card.width / _CODE, card.height / _CODE
    # Shrunk first, as a lens does; what is left to turn is about as large as it is seen.
    shrink = min(1.0, 1.25 * side / _CODE)
    small = card.resize((round(card.width * shrink), round(card.height * shrink)), Image.Resampling.LANCZOS)
    corners = [
        _seen(pose, side, x, y)
        for x, y in ((-wide / 2, -high / 2), (wide / 2, -high / 2), (wide / 2, high / 2), (-wide / 2, high / 2))
    ]
    edges = [(0, 0), (small.width, 0), (small.width, small.height), (0, small.height)]
    back = _perspective(corners, edges)
    bicubic = Image.Resampling.BICUBIC
    laid = small.transform(SIZE, Image.Transform.PERSPECTIVE, back, bicubic)
    mask = Image.new("L", small.size, 255).transform(SIZE, Image.Transform.PERSPECTIVE, back, bicubic)
    return Image.composite(laid, behind, mask)


def _seen(pose: Pose, side: float, x: float, y: float) -> tuple[float, float]:
    """Return where a point of the card is seen."""
    turn, tilt, lean = (math.radians(angle) for angle in (pose.turn, pose.tilt, pose.lean))
    x, y = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
    along, across = x * math.cos(lean) + y * math.sin(lean), y * math.cos(lean) - x * math.sin(lean)
    across, away = across * math.cos(tilt), across * math.sin(tilt)
    x, y = along * math.cos(lean) - across * math.sin(lean), along * math.sin(lean) + across * math.cos(lean)
    near = side * _NEAR / (_NEAR + away)
    return SIZE[0] * pose.middle[0] + x * near, SIZE[1] * pose.middle[1] + y * near


def _perspective(seen: Corners, flat: Corners) -> list[float]:
    """Return the eight numbers that lead from what is seen to the flat picture."""
    rows = []
    for (x, y), (u, v) in zip(seen, flat, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    for step in range(8):
        pivot = max(range(step, 8), key=lambda row: abs(rows[row][step]))
        rows[step], rows[pivot] = rows[pivot], rows[step]
        rows[step] = [value / rows[step][step] for value in rows[step]]
        for row in range(8):
            if row != step:
                times = rows[row][step]
                rows[row] = [value - times * of for value, of in zip(rows[row], rows[step], strict=True)]
    return [row[8] for row in rows]


def _bend(card: Image.Image, bend: float) -> Image.Image:
    """Lay a card around a bottle: so many radians to each side of its middle."""
    width, height = card.size
    strips = 48
    bounds = [round(width * number / strips) for number in range(strips + 1)]
    sources = [width * (0.5 + math.asin((2 * bound / width - 1) * math.sin(bend)) / bend / 2) for bound in bounds]
    mesh = [
        ((left, 0, right, height), (source, 0, source, height, until, height, until, 0))
        for left, right, source, until in zip(bounds, bounds[1:], sources, sources[1:], strict=False)
    ]
    bent = card.transform(card.size, Image.Transform.MESH, mesh, Image.Resampling.BICUBIC)
    shade = Image.new("L", (strips, 1))
    for number in range(strips):
        shade.putpixel((number, 0), round(255 * math.cos(bend * (2 * number / strips - 0.7) / 1.5)))
    return ImageChops.multiply(bent, Image.merge("RGB", [shade.resize(card.size, Image.Resampling.BILINEAR)] * 3))


def _drag(seen: Image.Image, pixels: int, way: float) -> Image.Image:
    """Move the camera while the picture is taken."""
    dragged = seen
    for step in range(1, pixels):
        moved = ImageChops.offset(seen, round(step * math.cos(way)), round(step * math.sin(way)))
        dragged = Image.blend(dragged, moved, 1 / (step + 1))
    return dragged


def _shine(seen: Image.Image, chance: Random, strength: float, share: float) -> Image.Image:
    """Let a lamp be mirrored somewhere on the code."""
    reach = share * SIZE[1]
    x, y = (side / 2 + chance.uniform(-0.3, 0.3) * reach for side in SIZE)
    wide, high = reach * chance.uniform(0.2, 0.45), reach * chance.uniform(0.08, 0.2)
    lamp = Image.new("L", SIZE)
    ImageDraw.Draw(lamp).ellipse((x - wide, y - high, x + wide, y + high), fill=round(255 * strength))
    lamp = lamp.filter(ImageFilter.GaussianBlur(reach * 0.05))
    haze = lamp.resize((32, 18)).filter(ImageFilter.GaussianBlur(4)).resize(SIZE, Image.Resampling.BICUBIC)
    return ImageChops.screen(ImageChops.screen(seen, Image.merge("RGB", [lamp] * 3)), Image.merge("RGB", [haze] * 3))


def _scratch(code: Image.Image, chance: Random, share: float) -> Image.Image:
    """Cover so much of a code by spots and scratches."""
    worn = code.copy()
    pen = ImageDraw.Draw(worn)
    left = share * _CODE * _CODE
    while left > 0:
        x, y = chance.randrange(_CODE), chance.randrange(_CODE)
        if chance.random() < 0.5:
            size = chance.randrange(15, 60)
            pen.ellipse((x, y, x + size, y + size), fill=(chance.choice((20, 240)),) * 3)
            left -= 0.78 * size * size
        else:
            length, way = chance.randrange(60, 200), chance.uniform(0, math.pi)
            pen.line((x, y, x + length * math.cos(way), y + length * math.sin(way)), (235, 235, 235), 7)
            left -= 7 * length
    return worn


def _grained(seen: Image.Image, chance: Random, strength: float) -> Image.Image:
    """Add the noise of a sensor, so strong on average."""
    noise = ImageChops.add(*(_dice(chance, seen.size) for _ in range(2)), scale=2)
    steps = [max(0, min(255, round(128 + (value - 127.5) * strength / _EVEN))) for value in range(256)]
    return ImageChops.add(seen, noise.point(steps * 3), offset=-128)


def _dice(chance: Random, size: tuple[int, int]) -> Image.Image:
    return Image.frombytes("RGB", size, chance.randbytes(3 * size[0] * size[1]))
