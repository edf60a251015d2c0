"""A film for Chromium's fake camera: QR codes held in view one after another, drawn without ffmpeg."""

import io
from collections.abc import Sequence
from pathlib import Path

import segno
from PIL import Image

SIZE = (640, 480)
FRAMES_A_SECOND = 30
"""What Chromium plays a film of JPEG pictures at; at the end it starts again."""


Scene = str | tuple[str, str] | bytes | None
"""What is held in view: a code, two beside each other, a JPEG, or nothing."""


def film(path: Path, scenes: Sequence[tuple[Scene, float]], *, code_size: int = 260) -> Path:
    """Write a film of what is held in view for so many seconds."""
    with path.open("wb") as file:
        for scene, seconds in scenes:
            seen = scene if isinstance(scene, bytes) else _picture(scene, code_size)
            file.write(seen * max(1, round(seconds * FRAMES_A_SECOND)))
    return path


def chromium_arguments(path: Path | None) -> list[str]:
    """Return what Chromium is started with so that its camera plays the film; without one it has no camera."""
    if path is None:
        return []
    return ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={path}"]


def picture(what: str | tuple[str, str] | None, code_size: int = 260) -> Image.Image:
    """Draw what the camera sees."""
    scene = Image.new("RGB", SIZE, (150, 146, 140))
    texts = what if isinstance(what, tuple) else (what,) if what else ()
    for place, text in enumerate(texts):
        drawn = io.BytesIO()
        segno.make(text, error="m", micro=False).save(drawn, kind="png", scale=8, border=4)
        code = Image.open(drawn).convert("RGB").resize((code_size, code_size), Image.Resampling.LANCZOS)
        middle = SIZE[0] * (2 * place + 1) // (2 * len(texts))
        scene.paste(code, (middle - code_size // 2, (SIZE[1] - code_size) // 2))
    return scene


def _picture(what: str | tuple[str, str] | None, code_size: int) -> bytes:
    jpeg = io.BytesIO()
    picture(what, code_size).save(jpeg, "JPEG", quality=80)
    return jpeg.getvalue()
