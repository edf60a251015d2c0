"""The built program, a browser, and quick ways to make what a journey starts from."""

import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    WebError,
    expect,
)
from sqlmodel import Session, select

from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, Role
from loyalty_app.accounts.rules import normal_email
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch
from loyalty_app.core import database, times
from loyalty_app.core.actor import Actor
from loyalty_app.members import service as members
from loyalty_app.places import service as places
from loyalty_app.places.rules import Draft
from loyalty_app.ui.shield import COOKIE, DEVICE_COOKIE
from tests import builders, doors
from tests.browser import system_browser
from tests.journeys import fake_camera
from tests.journeys.server import ROOT, Server, served

SCREENSHOTS = ROOT / "test-output" / "screenshots"
UNUSED = (
    # Playwright's own list; of two Chromium takes the last.
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades", "LensOverlay"),
    *("HttpsFirstBalancedModeAutoEnable", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning"),
    *("OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch"),
    # Pages of the address bar's own, which nobody sees here: loading them takes longer than most pages of the program.
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"),
)
ELSEWHERE = "till.shop.test"
"""Another name of this machine, which browsers do not take for secure as they do localhost."""
CALM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers have little of it
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    f"--disable-features={','.join(UNUSED)}",
    f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1",
)

NO_CAMERA = "--use-fake-device-for-media-stream=device-count=0"
"""Whatever is built into the machine that runs this."""

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
TABLET = {"viewport": {"width": 1180, "height": 820}, "has_touch": True}
DESK = {"viewport": {"width": 1440, "height": 900}}
OPTIONS = {"locale": "en-GB", "timezone_id": "Europe/Warsaw"}

RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
RULES_OF_COLOUR = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""What may differ between light and dark where everything else is the same."""
FAULTS = """async (rules) => {
    if (!window.axe) return null;
    return (await axe.run({ runOnly: rules, resultTypes: ["violations"] })).violations;
}"""
"""What axe finds wrong. Everything that it looked at takes longer to hand over than to look at."""
WIDTHS = {390: 844, 820: 1180, 1440: 900}
STILL = """async () => {
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const passing = document.getAnimations().filter((one) => one.effect.getTiming().iterations < 9);
    await Promise.allSettled(passing.map((one) => one.finished));
}"""
"""Wait until the page is laid out, and for everything that moves, unless it moves for ever."""

EARLY = "html:has([data-live=false])"
"""A page that the server did not answer yet: tests are quicker than people, and what they do there is lost."""

LONGEST = (
    *("test_tabs", "test_who_comes"),  # one server
    *("test_setup", "test_connection", "test_offline", "test_main_story", "test_hard_codes", "test_ways_in"),
)
"""Servers that are started, stopped and killed, and films."""

NIGHT = timedelta(minutes=3)
"""Longer than a journey takes."""

expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that at the end no process works alone."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


@pytest.fixture(autouse=True)
def day() -> None:
    """Begin no journey right before the program's midnight: what it counts by days would change on the way."""
    now = times.now()
    left = times.end_of_day(now.date(), "UTC") - now
    if left < NIGHT:
        time.sleep(left.total_seconds())


@pytest.fixture(scope="session")
def base_url() -> None:
    """Leave the address to each journey: a server is found by its port, which is known late."""


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Start the Chromium of this machine, else the one that came with Playwright."""
    found = system_browser()
    return {"args": [*CALM, NO_CAMERA]} | ({"executable_path": found} if found else {})


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a program that is set up, once for all journeys of this process: nothing takes longer than a start."""
    # With this process's key, so that what it makes opens there too.
    keys = {"LOYALTY_SECRET_KEYS": os.environ["LOYALTY_SECRET_KEYS"]}
    with served(tmp_path_factory.mktemp("server"), **keys) as running:
        yield running


@pytest.fixture(scope="session")
def quiet_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve another program, in which nobody redeems but by one journey, with a window into its hub."""
    keys = {"LOYALTY_SECRET_KEYS": os.environ["LOYALTY_SECRET_KEYS"]}
    folder = tmp_path_factory.mktemp("quiet")
    with served(folder, "-m", "tests.journeys.glass", SWEEP_SECONDS="0.5", **keys) as running:
        yield running


@pytest.fixture
def server(shared_server: Server) -> Iterator[Server]:
    """Return the server, which runs again afterwards whatever a journey did to it."""
    yield shared_server
    if not shared_server.is_running:
        shared_server.start()


@pytest.fixture
def shop(server: Server) -> Iterator["Shop"]:
    """Open the server's own database, to make quickly what a journey starts from."""
    yield from open_shop(server)


@pytest.fixture
def watch(server: Server) -> Iterator["Watch"]:
    """Look over the shoulder of every browser; at the end nothing may have been complained about."""
    watching = Watch(server.url)
    yield watching
    assert watching.complaints == []


@pytest.fixture(scope="session")
def browser_with_camera(
    launch_browser: Callable[..., Browser], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Browser, Path]]:
    """Start another Chromium, with a camera, and return it with the film that the camera sees each time it starts."""
    film = tmp_path_factory.mktemp("camera") / "film.mjpeg"
    fake_camera.film(film, [(None, 1)])
    with launch_browser(args=[*CALM, *fake_camera.chromium_arguments(film)]) as browser:
        yield browser, film


@pytest.fixture
def show(browser_with_camera: tuple[Browser, Path]) -> Callable[..., Browser]:
    """Return what shows scenes, each for some seconds, to the camera of a browser, and returns the browser."""
    browser, film = browser_with_camera

    def show_scenes(*scenes: tuple[fake_camera.Scene, float]) -> Browser:
        fake_camera.film(film.with_suffix(".new"), scenes).replace(film)
        return browser

    return show_scenes


@pytest.fixture
def visit(
    new_context: Callable[..., BrowserContext], server: Server, shop: "Shop", watch: "Watch"
) -> Iterator[Callable[..., Page]]:
    """Return what opens a browser of somebody's own."""
    others = ExitStack()

    def open_browser(
        by: Account | Actor | None = None,
        path: str = "",
        *,
        browser: Browser | None = None,
        at: dict[str, Any] = DESK,
        **more: Any,
    ) -> Page:
        options = OPTIONS | {"base_url": server.url} | at | more
        context = others.enter_context(browser.new_context(**options)) if browser else new_context(**options)
        watch.over(context)
        shop.sign_in_at(context, by)
        page = open_first_page(context)
        if path:
            page.goto(path)
        return page

    with others:
        yield open_browser


@pytest.fixture(scope="session")
def kept_pages(browser: Browser) -> Iterator[dict[int, Page]]:
    """Keep a page of each visitor of the sweep: opening a window takes longer than going on to the next page."""
    del browser  # it is closed later than the windows
    pages: dict[int, Page] = {}
    yield pages
    for page in pages.values():
        page.context.close()


@pytest.fixture
def page_of(
    browser: Browser, kept_pages: dict[int, Page], server: Server, shop: "Shop", watch: "Watch"
) -> Iterator[Callable[..., Page]]:
    """Return what returns the page of a visitor; nothing that a journey does there may matter to the next one."""
    used: list[Page] = []

    def find_page(by: Account | Actor | None) -> Page:
        number = shop.number_of(by)
        if number not in kept_pages:
            context = browser.new_context(**OPTIONS, **DESK, base_url=server.url, reduced_motion="reduce")
            kept_pages[number] = open_first_page(context)
        page = kept_pages[number]
        shop.sign_in_at(page.context, by)  # again: another journey may have ended the last session
        watch.over(page.context)
        used.append(page)
        return page

    yield find_page
    for page in used:
        watch.away_from(page.context)
        page.goto("about:blank")  # else it listens to everything that follows


@dataclass
class Watch:
    """Keeps what a browser complains about, and what it asked of anybody else."""

    url: str
    complaints: list[str] = field(default_factory=list)
    forgiven: list[str] = field(default_factory=list)
    """Parts of complaints that a journey brings about on purpose."""

    def over(self, context: BrowserContext) -> None:
        """Listen to every page of a browser."""
        context.on("console", self._said)
        context.on("weberror", self._failed)
        context.on("request", self._asked)

    def away_from(self, context: BrowserContext) -> None:
        """Leave a browser to whoever uses it next."""
        context.remove_listener("console", self._said)
        context.remove_listener("weberror", self._failed)
        context.remove_listener("request", self._asked)

    def _failed(self, error: WebError) -> None:
        self._complain(f"error in the page: {error.error}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._complain(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        there = urlsplit(request.url)
        if there.scheme in {"http", "https", "ws", "wss"} and there.netloc != urlsplit(self.url).netloc:
            self._complain(f"request to another origin: {request.url}")

    def _complain(self, complaint: str) -> None:
        if not any(part in complaint for part in self.forgiven):
            self.complaints.append(complaint)


@dataclass
class Shop:
    """Makes what a journey starts from, through the services and in the server's own database."""

    server: Server

    def account(self, name: str, role: Role) -> Account:
        """Hire somebody, or return who is there already."""
        found = doors.see(_by_email, builders.newcomer(name).email)
        return found or doors.change(
            accounts.create, builders.newcomer(name), role, by=accounts.SYSTEM, now=times.now()
        )

    @property
    def admin(self) -> Account:
        """Return the first admin, whom the settings made."""
        found = doors.see(_by_email, self.server.settings["LOYALTY_ADMIN_EMAIL"])
        assert found
        return found

    def member(self, name: str) -> Actor:
        """Return a member, who joins if there is none of that name."""
        return doors.change(_member, name)

    def number_of(self, who: Account | Actor | None) -> int:
        """Return the number of an account; nobody has zero."""
        return (who.id if isinstance(who, Account) else who.account_id if who else 0) or 0

    def sign_in(self, who: Account | Actor) -> str:
        """Open a session and return what goes into the cookie."""
        account = who if isinstance(who, Account) else doors.see(lambda session: session.get(Account, who.account_id))
        return doors.change(accounts.open_session, account, now=times.now()).secret

    def sign_in_at(self, context: BrowserContext, who: Account | Actor | None) -> None:
        """Sign somebody in at a browser, quickly."""
        if who:
            cookie = {"name": COOKIE, "value": self.sign_in(who), "url": self.server.url}
            context.add_cookies([cookie | {"httpOnly": True}])

    def enrol(self, page: Page, name: str) -> None:
        """Make a browser a tablet of a location of its own, quickly."""
        place = doors.change(places.create, Draft(f"Place of {name}"), by=builders.ADMIN, now=times.now())
        invited = doors.change(places.invite, place.id, name, by=builders.ADMIN, now=times.now())
        device = doors.change(places.enrol, invited.secret, now=times.now())
        assert device
        cookie = {"name": DEVICE_COOKIE, "value": device.secret, "url": self.server.url}
        page.context.add_cookies([cookie | {"httpOnly": True, "sameSite": "Strict"}])

    def offer(self, title: str, **changes: str) -> str:
        """Make an offer, and return its number as a form sends it."""
        return str(doors.change(builders.offer, title, **changes).id)

    def batch(self, name: str, made: int = 10, *, age_in_days: int = 0, **changes: str) -> Batch:
        """Make a batch with all its codes; one made longer than thirty days ago is over."""
        now = times.now() - timedelta(days=age_in_days)
        return doors.change(builders.batch, made, now=now, name=name, **changes)

    def scan_batch(self, name: str, made: int = 10, **changes: Any) -> Batch:
        """Make a scan batch with all its codes."""
        return doors.change(builders.scan_batch, made, now=times.now(), name=name, **changes)

    def batches(self) -> list[Batch]:
        """Return every batch there is."""
        return doors.rows(Batch)

    def claimed(self, batch: Batch, by: Actor, *, days_ago: int = 0) -> str:
        """Let a member claim, and return the code."""
        return doors.change(builders.claimed, batch, by, now=times.now() - timedelta(days=days_ago))

    def pause(self, batch: Batch) -> None:
        """Pause a batch behind everybody's back."""
        doors.change(batches.pause, batch.id, by=builders.ADMIN, now=times.now())

    def claim_path(self, batch: Batch) -> str:
        """Return where its claim page is."""
        return f"/en-us/claim/{batch.claim_token}"


def open_shop(server: Server) -> Iterator[Shop]:
    """Use a server's database from this process until the test is over."""
    opened = database.connect(server.database_url)
    yield Shop(server)
    opened.dispose()


def open_first_page(context: BrowserContext) -> Page:
    """Open a page in a browser, and have patience with it and every other there."""
    context.set_default_timeout(30_000)
    context.on("page", be_patient)
    return context.new_page()


def be_patient(page: Page) -> None:
    """Let whatever is done on a page, or expected of it, wait until it is live, wherever the last step led."""
    page.goto, page.reload = until_live(page, page.goto), until_live(page, page.reload)
    page.add_locator_handler(page.locator(EARLY), lambda: None)


def until_live(page: Page, load: Callable[..., Response | None]) -> Callable[..., Response | None]:
    """Return what loads a page and waits until it is live."""

    def patient(*arguments: Any, **more: Any) -> Response | None:
        found = load(*arguments, **more)
        expect(page.locator(EARLY)).to_have_count(0)
        return found

    return patient


def screenshot(page: Page, name: str, *, dark: bool = False, rules: dict[str, Any] = RULES) -> None:
    """Keep a picture of a screen as test output; nobody may be shut out of what it shows."""
    expect(page.locator("h1")).not_to_have_count(0)  # between two pages there is none for a moment
    page.evaluate(STILL)
    size = page.viewport_size
    assert size
    name = f"{name}-{size['width']}-{'dark' if dark else 'light'}"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
    found = faults(page, rules)
    assert not found, f"{name}: {AxeResults({'violations': found}).generate_report()}"
    # As high as the page is, so that what keeps to the edges of the window stands there in the picture too.
    height = page.evaluate("document.documentElement.scrollHeight")
    is_higher = height > size["height"]
    if is_higher:
        page.set_viewport_size(size | {"height": height})
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    if is_higher:
        page.set_viewport_size(size)


def faults(page: Page, rules: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what axe finds wrong, and load axe first where the document does not have it yet."""
    found = page.evaluate(FAULTS, rules)
    if found is None:
        page.evaluate(AXE_SCRIPT)
        found = page.evaluate(FAULTS, rules)
    return found


def screenshots(page: Page, name: str, *, dark_at: Collection[int] = WIDTHS) -> None:
    """Keep a picture of a screen at every size, in light, and at some also in dark."""
    before = page.viewport_size
    assert before
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        screenshot(page, name)
        if width in dark_at:
            page.emulate_media(color_scheme="dark")
            screenshot(page, name, dark=True, rules=RULES_OF_COLOUR)
            page.emulate_media(color_scheme="light")
    page.set_viewport_size(before)


def in_days(days: int) -> str:
    """Return a day from today on, as a date field takes it."""
    return (times.now() + timedelta(days=days)).date().isoformat()


def card(page: Page, name: str) -> Locator:
    """Return the card of a batch on the dashboard."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name, exact=True))


def choose(page: Page, batch: str, action: str) -> None:
    """Do something to a batch by the menu on its card."""
    menu = card(page, batch).get_by_role("group").filter(has=page.get_by_label(f"Actions for {batch}"))
    if menu.get_attribute("open") is None:
        menu.get_by_label(f"Actions for {batch}").click()
    menu.get_by_role("button", name=action).click()


def number(page: Page, batch: str, label: str) -> Locator:
    """Return one of the numbers on a batch's card."""
    return card(page, batch).locator("dl > div").filter(has_text=label).locator("dd")


def _by_email(session: Session, email: str) -> Account | None:
    return session.exec(select(Account).where(Account.email == normal_email(email))).first()


def _member(session: Session, name: str) -> Actor:
    if _by_email(session, builders.newcomer(name).email) is None:
        members.join(session, builders.newcomer(name), now=times.now())
    account = _by_email(session, builders.newcomer(name).email)
    assert account
    return accounts.actor_for(account)
