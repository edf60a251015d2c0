"""A film for Chromium's fake camera: QR codes held in view one after another, drawn without ffmpeg."""

import io
from collections.abc import Sequence
from pathlib import Path

import segno
from PIL import Image

SIZE = (640, 480)
FRAMES_A_SECOND = 30
"""What Chromium plays a film of JPEG pictures at; at the end it starts again."""


def film(path: Path, scenes: Sequence[tuple[str | bytes | None, float]], *, code_size: int = 260) -> Path:
    """Write a film of what is held in view for so many seconds: a text as a QR code, a JPEG, or None: nothing."""
    with path.open("wb") as file:
        for scene, seconds in scenes:
            picture = scene if isinstance(scene, bytes) else _picture(scene, code_size)
            file.write(picture * max(1, round(seconds * FRAMES_A_SECOND)))
    return path


def chromium_arguments(path: Path | None) -> list[str]:
    """Return what Chromium is started with so that its camera plays the film; without one it has no camera."""
    if path is None:
        return []
    return ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={path}"]


def _picture(text: str | None, code_size: int) -> bytes:
    scene = Image.new("RGB", SIZE, (150, 146, 140))
    if text is not None:
        drawn = io.BytesIO()
        segno.make(text, error="m", micro=False).save(drawn, kind="png", scale=8, border=4)
        code = Image.open(drawn).convert("RGB").resize((code_size, code_size), Image.Resampling.LANCZOS)
        scene.paste(code, ((SIZE[0] - code_size) // 2, (SIZE[1] - code_size) // 2))
    jpeg = io.BytesIO()
    scene.save(jpeg, "JPEG", quality=80)
    return jpeg.getvalue()
