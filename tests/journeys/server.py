"""The built program as operators run it: a process of its own, which tests start, kill and start again."""

import email
import email.policy
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx
import psutil
from filelock import FileLock

from loyalty_app import build
from tests import builders

ROOT = Path(__file__).resolve().parents[2]
ADMIN_EMAIL = "admin@example.com"
SECRETS = {"LOYALTY_SECRET_KEYS": os.environ["LOYALTY_SECRET_KEYS"]}
"""The keys of all tests, so that what a journey makes quickly has the server's own."""
PATIENCE = 120.0
"""Seconds that anything may take on a slow machine before it counts as broken."""
FIRST_PORT, PORTS = 12_000, 5_000

Result = TypeVar("Result")


@dataclass
class Server:
    """`loyalty serve` in a process group of its own."""

    folder: Path
    port: int
    settings: dict[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ("-m", "loyalty_app.cli", "serve")
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://localhost:{self.port}"

    @property
    def database_url(self) -> str:
        """Return the address of its database."""
        return self.settings.get("LOYALTY_DATABASE_URL") or f"sqlite:///{self.folder / 'data' / 'loyalty.db'}"

    @property
    def log(self) -> str:
        """Return everything it has written so far, over all its starts."""
        return (self.folder / "server.log").read_text(errors="replace")

    @property
    def setup_link(self) -> str:
        """Return the newest setup link that it printed."""
        return re.findall(r"http\S+/setup/\?token=\S+", self.log)[-1]

    def letter(self, recipient: str, nth: int = 1) -> str:
        """Return what the nth letter to somebody says, once it lies in the outbox folder."""
        outbox = self.folder / "data" / "outbox"
        files = eventually(
            lambda: (found := sorted(outbox.glob(f"*-{recipient}-*.eml")))[nth - 1 :] and found, self.why
        )
        letter = email.message_from_bytes(files[nth - 1].read_bytes(), policy=email.policy.default)
        return letter.get_content()

    @property
    def group(self) -> list[psutil.Process]:
        """Return its living processes, the first one included."""
        assert self.process
        return _processes_of_group(self.process.pid)

    @property
    def workers(self) -> list[psutil.Process]:
        """Return its living background workers."""
        return [process for process in self.group if process.cmdline()[-1:] == ["worker"]]

    def start(self, *, wait: bool = True) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.words],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if wait:
            eventually(self.is_up, self.why)

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment that its commands run in."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOYALTY_")}
        ours = {
            "LOYALTY_PORT": str(self.port),
            "LOYALTY_HOST": "127.0.0.1",
            "LOYALTY_PUBLIC_URL": self.url,
            "LOYALTY_DATA_DIR": str(self.folder / "data"),
            # The key of the tests: they make codes in its database, beside it.
            "LOYALTY_SECRET_KEYS": os.environ.get("LOYALTY_SECRET_KEYS", ""),
        }
        return inherited | ours | SECRETS | self.settings

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another `loyalty` command on the same data."""
        return subprocess.run(
            [sys.executable, "-m", "loyalty_app.cli", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    @property
    def is_running(self) -> bool:
        """Return whether its first process lives."""
        return self.process is not None and self.process.poll() is None

    def is_up(self) -> bool:
        """Return whether it answers; raise if it has ended."""
        assert self.process
        if self.process.poll() is not None:
            raise AssertionError(self.why())
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/sign-in/", timeout=5).status_code == httpx.codes.OK
        return False

    def why(self) -> str:
        """Say what the server said last."""
        return f"the server said:\n{self.log[-4000:]}"

    def kill(self) -> None:
        """End every process of it without a chance to tidy up, as a power cut does."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        # Others of the group are nobody's children now; their sockets and locks are gone when they are.
        eventually(lambda: not self.group)

    def stop(self) -> None:
        """End it as an operator does."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)


@contextmanager
def served(folder: Path, *words: str, has_admin: bool = True, **settings: str) -> Iterator[Server]:
    """Serve what is built from that folder's own data, on a free port."""
    _build()
    folder.mkdir(parents=True, exist_ok=True)
    if has_admin:
        settings = {"LOYALTY_ADMIN_EMAIL": ADMIN_EMAIL, "LOYALTY_ADMIN_PASSWORD": builders.PASSWORD} | settings
    server = Server(folder, free_port(), settings)
    if words:
        server.words = words
    try:
        server.start()
        yield server
    finally:
        server.stop()


def eventually(is_so: Callable[[], Result], why: Callable[[], str] = lambda: "", patience: float = PATIENCE) -> Result:
    """Ask again and again until the answer is yes, and return it; fail if it never is."""
    until = time.monotonic() + patience
    while not (answer := is_so()):
        assert time.monotonic() < until, f"waited {patience:.0f} s in vain. {why()}"
        time.sleep(0.05)
    return answer


def _build() -> None:
    # One process builds; for the others, and for the next run, there is nothing left to do.
    lock = ROOT / "test-output" / "build.lock"
    lock.parent.mkdir(exist_ok=True)
    with FileLock(lock):
        build.build()


def free_port() -> int:
    """Return a port that nobody listens on, nor gets before the server takes it, or while it is started again.

    The system hands out ports from 32768 on by itself, to whoever asks; each process of a run has its own below.
    """
    first = FIRST_PORT + PORTS * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 4)
    while True:
        port = random.randrange(first, first + PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _processes_of_group(group: int) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found
