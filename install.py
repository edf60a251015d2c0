"""Install the locked packages into .venv: `python3 install.py runtime`, or `development` for what tests need too.

It runs before anything is installed, so it uses the standard library only. Nothing is resolved here: pip installs one
pinned installer (uv), and uv installs exactly the versions and hashes of the lock (docs/adr, "A lock that cannot rot").
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts" if os.name == "nt" else "bin") / "python"
STAMP = VENV / "installed.json"
OLDEST = (3, 11)

INSTALLER_LOCK = "requirements-uv.lock"
LOCKS = {"runtime": "requirements.lock", "development": "requirements-dev.lock"}
"""Each lock is complete: the development lock lists the runtime packages too, in the same versions."""


def main(environment: str) -> None:
    """Install an environment, `runtime` or `development`, unless .venv holds it already."""
    if fingerprint(environment) in installed():
        return

    started = time.monotonic()
    create_venv()
    STAMP.unlink(missing_ok=True)  # until the end, .venv holds something in between
    install_uv()
    install_packages(ROOT / LOCKS[environment])
    held = LOCKS if environment == "development" else (environment,)
    STAMP.write_text(json.dumps([fingerprint(one) for one in held]))
    say(f"Installed in {time.monotonic() - started:.0f} s.")


def fingerprint(environment: str) -> str:
    """Return a hash of all that decides what .venv holds: the locks, the project's metadata, its folder, its Python."""
    digest = hashlib.sha256(f"{environment} {VENV} {PYTHON.resolve()}".encode())
    for name in (INSTALLER_LOCK, LOCKS[environment], "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def installed() -> list[str]:
    """Return the fingerprints of what .venv holds; none if it is missing, incomplete or damaged."""
    try:
        return json.loads(STAMP.read_text()) if PYTHON.exists() else []
    except (OSError, ValueError):
        return []


def create_venv() -> None:
    """Make .venv, unless a working one is there: made in this folder, of a Python that still exists."""
    if PYTHON.exists() and output(PYTHON, "-c", "import sys, pip; print(sys.prefix)") == str(VENV):
        return
    if sys.version_info < OLDEST:
        sys.exit(
            "This needs Python {}.{} or newer, and {} is Python {}.{}. Name another one, for example:"
            " make run PYTHON=python3.12".format(*OLDEST, sys.executable, *sys.version_info)
        )
    say("Making a virtual environment of Python {}.{}.{}.".format(*sys.version_info))
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit(
            f"{made.stdout}{made.stderr}The virtual environment could not be made. On Debian and Ubuntu the module for"
            " it is a package of its own: apt-get install python3-venv"
        )


def install_uv() -> None:
    """Let pip install the pinned uv; it has no dependencies, so there is nothing to resolve."""
    pinned = (ROOT / INSTALLER_LOCK).read_text().split()[0].replace("==", " ")
    if output(PYTHON, "-m", "uv", "--version").startswith(f"{pinned} "):
        return
    say(f"Installing the installer, {pinned}.")
    pip = [PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
    run([*pip, "--no-deps", "--require-hashes", "-r", ROOT / INSTALLER_LOCK])


def install_packages(lock: Path) -> None:
    """Let uv make .venv hold exactly what the lock lists, and this project in place."""
    packages = sum(line[:1].isalnum() for line in lock.read_text().splitlines())
    say(f"Installing {packages} packages of {lock.name}; the first time takes half a minute or so.")
    uv, quiet, settings = [PYTHON, "-m", "uv", "pip"], ["--quiet", "--python", PYTHON], uv_settings()
    run([*uv, "sync", *quiet, "--require-hashes", "--link-mode", "copy", lock], settings)
    # uv builds the project by itself (pyproject.toml, build-system): nothing is downloaded for it.
    run([*uv, "install", *quiet, "--no-deps", "--no-build-isolation", "--editable", ROOT], settings)


def uv_settings() -> dict[str, str]:
    """Return the environment for uv: the package index and the certificates that pip is set up for count for it too."""
    told = dict(os.environ, UV_PYTHON_DOWNLOADS="never")
    for name, option in (("UV_DEFAULT_INDEX", "index-url"), ("SSL_CERT_FILE", "cert")):
        from_file = output(PYTHON, "-m", "pip", "config", "get", f"global.{option}")
        value = os.environ.get("PIP_" + option.upper().replace("-", "_"), from_file)
        if value:
            told.setdefault(name, value)
    return told


def run(command: list[str | Path], settings: dict[str, str] | None = None) -> None:
    """Run a command, and stop with a sentence if it fails."""
    if subprocess.run([str(part) for part in command], env=settings, cwd=ROOT, check=False).returncode:
        sys.exit(
            "The installation stopped, for the reason above. It needs the Python package index, or a mirror of it that"
            " pip is set up for. The same command continues where this one stopped."
        )


def output(*command: str | Path) -> str:
    """Return what a command prints, or nothing if it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    return "" if done.returncode else done.stdout.strip()


def say(sentence: str) -> None:
    """Print at once, whoever reads the output."""
    print(sentence, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
