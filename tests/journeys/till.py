"""What journeys do at a till."""

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Browser, Locator, Page, expect

from loyalty_app.accounts.models import Account
from loyalty_app.core import times
from loyalty_app.core.reasons import Reason
from loyalty_app.redemptions.models import Attempt
from loyalty_app.redemptions.rules import kept
from tests import doors
from tests.journeys.conftest import TABLET


def open_with_camera(visit: Callable[..., Page], who: Account, browser: Browser) -> Page:
    return visit(who, "/scan/", browser=browser, at=TABLET, permissions=["camera"])


def type_code(till: Page, text: str) -> None:
    till.get_by_label("Type a code").fill(text)
    till.get_by_role("button", name="Redeem").click()


def beam(page: Page, text: str, end: str = "", *, every: int = 0) -> None:
    """Type as a hand scanner does, into whatever has the focus; as a hand if so many milliseconds lie between letters.

    The page itself does it, and says when each key was pressed, so that a busy machine changes nothing about how fast
    it is.
    """
    page.evaluate(
        """async ([text, end, every]) => {
            let at = performance.now();
            const press = (key) => {
                const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
                Object.defineProperty(event, "timeStamp", { value: at });
                at += every || 5;
                return (document.activeElement ?? document.body).dispatchEvent(event);
            };
            for (const letter of text) {
                if (press(letter)) document.execCommand("insertText", false, letter);
                if (every) await new Promise((done) => setTimeout(done, every));
            }
            if (end && press(end)) document.activeElement.form?.requestSubmit();
        }""",
        [text, end, every],
    )


def expect_answer(till: Page, headline: str, *words: str) -> None:
    answer: Locator = till.get_by_role("region", name="Answer")
    expect(answer.get_by_role("heading", name=headline, exact=True)).to_be_visible()
    for some in words:
        expect(answer).to_contain_text(some)


def reasons_of(text: str) -> list[Reason | None]:
    since = times.now() - timedelta(minutes=10)
    return [attempt.reason for attempt in doors.rows(Attempt) if attempt.text == kept(text) and attempt.at > since]
