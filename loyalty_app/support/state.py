"""What somebody asks about a code, and every check of it in words."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar
from urllib.parse import urlencode

import reflex as rx
from sqlmodel import Session

from loyalty_app.core import times
from loyalty_app.core.actor import Permission, actor
from loyalty_app.core.database import read, transact
from loyalty_app.core.errors import InvalidError
from loyalty_app.core.texts import storable
from loyalty_app.places.models import Place
from loyalty_app.program import service as programs
from loyalty_app.program.models import Program
from loyalty_app.support import rules
from loyalty_app.support import service as support
from loyalty_app.support.rules import Verdict
from loyalty_app.support.service import Question, Several, Trace
from loyalty_app.ui.forms import SUMMARY, typed

ADDRESS = "/admin/redemptions/why/"
MORE_FIT = f"The {support.MOST_FOUND} who joined last are shown; more fit. Enter more of the name or the address."
WORDS = {
    Verdict.PASSED: "Passed",
    Verdict.FAILED: "Failed",
    Verdict.NOT_APPLICABLE: "Does not apply",
    Verdict.NOT_CHECKED: "Not checked",
}


@dataclass(frozen=True)
class StepRow:
    """A check, and what it looked at."""

    number: int
    title: str
    verdict: str
    words: str
    data: str
    reason: str
    is_decisive: bool


@dataclass(frozen=True)
class PersonRow:
    """Somebody who may be meant."""

    name: str
    email: str
    href: str


@dataclass(frozen=True)
class AnswerView:
    """The answer in short."""

    headline: str = ""
    is_good: bool = False
    reason: str = ""
    sentence: str = ""
    next_step: str = ""
    about: str = ""
    batch: str = ""
    batch_href: str = ""
    member: str = ""
    member_href: str = ""
    asked: str = ""


class WhyState(rx.State):
    """One question, kept in the address, and its answer as of now."""

    permission: ClassVar[Permission] = Permission.SUPPORT

    asked: Question = Question()
    answer: AnswerView = AnswerView()
    steps: rx.Field[list[StepRow]] = rx.field(default_factory=list)
    people: rx.Field[list[PersonRow]] = rx.field(default_factory=list)
    more_people: rx.Field[str] = rx.field("")
    """What to type where not all who fit are shown."""
    places: rx.Field[list[tuple[str, str]]] = rx.field(default_factory=list)
    problems: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    zone: rx.Field[str] = rx.field("")
    may_search: rx.Field[bool] = rx.field(default=False)
    is_narrowed: rx.Field[bool] = rx.field(default=False)
    version: rx.Field[int] = rx.field(0)
    is_loaded: rx.Field[bool] = rx.field(default=False)

    @rx.event
    async def opened(self) -> None:
        """Answer what the address asks."""
        parameters = self.router.url.query_parameters
        told = {one.name: storable(parameters.get(one.name, ""))[: rules.MOST_TEXT] for one in fields(Question)}
        self.may_search = actor().may(Permission.VIEW_MEMBERS)
        program, places = await read(_surroundings)
        self.zone, self.places = program.time_zone, [(str(place.id), place.name) for place in places]
        await self._answer(Question(**told))

    @rx.event
    async def ask(self, form: dict[str, Any]) -> rx.event.EventSpec | None:
        """Go to the address of this question, or ask it again."""
        question = typed(Question, form)
        if question != self.asked:
            return rx.redirect(_address(question))
        await self._answer(question)
        return rx.set_focus(SUMMARY) if self.problems else rx.set_focus("answer")

    async def _answer(self, question: Question) -> None:
        self.asked, self.answer, self.steps, self.people, self.problems = question, AnswerView(), [], [], {}
        self.more_people = ""
        self.is_narrowed = bool(question.amount or question.place or question.at)
        self.version += 1
        self.is_loaded = True
        if not question.code:
            return
        try:
            found = await transact(support.explain, question, by=actor(), now=times.now())
        except InvalidError as refused:
            self.problems = refused.problems
            return
        if isinstance(found, Several):
            self.more_people = MORE_FIT if found.has_more else ""
            self.people = [
                PersonRow(one.name, one.email, _address(question, member=str(one.id))) for one in found.members
            ]
            return
        say = rules.claim_said if found.is_claim else rules.said
        self.steps = [
            StepRow(
                step.number,
                step.title,
                step.verdict,
                WORDS[step.verdict],
                say(step, found.facts),
                step.reason or "",
                step.is_decisive,
            )
            for step in found.steps
        ]
        self.answer = _view(found)


def _surroundings(session: Session) -> tuple[Program, list[Place]]:
    return programs.current(session), support.places(session, by=actor())


def _address(question: Question, **more: str) -> str:
    asked = vars(question) | more
    kept = {name: text.strip() for name, text in asked.items() if text.strip()}
    return ADDRESS + (f"?{urlencode(kept)}" if kept else "")


def _view(trace: Trace) -> AnswerView:
    facts, decisive = trace.facts, next((step for step in trace.steps if step.is_decisive), None)
    good = "It could be claimed" if trace.is_claim else "It would be redeemed"
    say = rules.claim_said if trace.is_claim else rules.said
    what = facts.batch if trace.is_claim else facts.code
    return AnswerView(
        headline=rules.HEADLINES[decisive.reason] if decisive and decisive.reason else good,
        is_good=not trace.reasons,
        reason=decisive.reason or "" if decisive else "",
        sentence=say(decisive, facts) if decisive else "Nothing stands against it.",
        next_step=rules.NEXT[decisive.reason] if decisive and decisive.reason else "",
        about=" · ".join(filter(None, ("Claim link" if trace.is_claim else "", what, trace.title))),
        batch=facts.batch if trace.batch_id else "",
        batch_href=f"/admin/batches/{trace.batch_id}",
        member=trace.who.name if trace.who else "",
        member_href=f"/admin/members/{trace.who.id}" if trace.who and trace.is_member_shown else "",
        asked=f"As of {times.say_instant(facts.at, facts.zone, facts.locale)}, {facts.zone}",
    )
