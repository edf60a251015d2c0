"""What a screen says when something went wrong."""

import logging
from typing import ClassVar, cast

import reflex as rx
from reflex.event import EventSpec

from loyalty_app.core import languages
from loyalty_app.core.actor import Permission
from loyalty_app.core.errors import AppError
from loyalty_app.core.languages import Language, Sentence
from loyalty_app.ui.watch import Asked

log = logging.getLogger(__name__)


class NoticeState(rx.State):
    """One sentence at the foot of the screen, in a live region."""

    permission: ClassVar[Permission] = Permission.PUBLIC

    notice: str = ""
    is_problem: bool = False

    _is_for_next_page: bool = False

    @rx.event
    async def dismiss(self) -> None:
        """Take the sentence away."""
        self.notice = ""

    @rx.event
    async def fail(self, sentence: str) -> None:
        """Show what went wrong."""
        self.notice, self.is_problem = str(sentence)[:300], True


def say(notice: NoticeState, sentence: str, *, on_next_page: bool = False) -> None:
    """Tell that something was done, here or on the page that opens next."""
    notice.notice, notice.is_problem = sentence, False
    notice._is_for_next_page = on_next_page  # noqa: SLF001 - `_` keeps it out of the browser


def turn_page(notice: NoticeState) -> None:
    """Take away what was said on the page before, unless it was meant for this one."""
    if not notice._is_for_next_page:  # noqa: SLF001
        notice.notice = ""
    notice._is_for_next_page = False  # noqa: SLF001


def explain(exception: Exception) -> EventSpec:
    """Turn a caller's mistake into its sentence, and a bug into an apology with the number of its log line."""
    if isinstance(exception, AppError):
        return _tell(say_in(languages.spoken(), exception))
    number = Asked().id
    # The event and its headers stay out of the log: they may hold what people typed.
    log.error("error %s in a screen", number, exc_info=exception, extra={"facts": {"request_id": number}})
    said = Sentence(
        "Something went wrong on our side, and nothing was changed. Try again; if it stays, tell us error {number}.",
        number=number,
    )
    return _tell(languages.spoken()(said))


def say_in(words: Language, error: AppError) -> str:
    """Return what a caller did wrong in their language."""
    problems: dict[str, str] = getattr(error, "problems", {})
    return " ".join(words(sentence) for sentence in problems.values() or error.args)


def _tell(sentence: str) -> EventSpec:
    return cast("EventSpec", NoticeState.fail(sentence))  # what a call of an event gives, whatever its stub says
