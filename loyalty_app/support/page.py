"""Ask why a code is refused."""

from typing import Any

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.accounts.state import ShellState
from loyalty_app.support.state import PersonRow, StepRow, WhyState
from loyalty_app.ui.forms import field, submit, summary
from loyalty_app.ui.icons import icon
from loyalty_app.ui.layout import title_line


def why_page() -> rx.Component:
    """Ask about a code and a member, and see every check with what it looked at."""
    state = WhyState
    return rx.el.div(
        title_line(
            "Why?",
            rx.cond(
                state.answer.headline,
                rx.el.button(
                    "Print", type="button", on_click=rx.call_function("() => window.print()"), class_name="button"
                ),
            ),
            lead="Why a code is refused, or why somebody cannot claim: every check in its order, and what it looked"
            " at. Nothing is redeemed; the audit log keeps that you asked.",
        ),
        rx.cond(
            state.is_loaded,
            rx.el.div(
                _question(),
                rx.el.div(
                    rx.cond(state.people.length() > 0, _people()),
                    rx.cond(state.answer.headline, _answer()),
                    class_name="why-answer",
                    aria_live="polite",
                ),
                class_name="why",
                key=state.version,
            ),
            rx.el.div(class_name="skeleton tall", aria_busy="true"),
        ),
        class_name="why-page",
    )


def _question() -> rx.Component:
    state, problems = WhyState, WhyState.problems
    return rx.el.form(
        summary(problems),
        field(
            "code",
            "Code, link or scanned text",
            rx.el.input,
            help_text="A claim link tells why somebody cannot claim.",
            problems=problems,
            default_value=state.asked.code,
            max_length=2500,
            auto_complete="off",
            auto_capitalize="characters",
            spell_check=False,
        ),
        field(
            "member",
            "Member, if you know who",
            help_text=rx.cond(
                state.may_search, "Part of the name or address, or the number.", "Their whole e-mail address."
            ),
            problems=problems,
            default_value=state.asked.member,
            max_length=120,
            auto_complete="off",
        ),
        rx.el.details(
            rx.el.summary("Basket, location, moment"),
            field(
                "amount",
                "Basket",
                help_text="Checked only where the offer has a minimum.",
                problems=problems,
                default_value=state.asked.amount,
                input_mode="decimal",
                auto_complete="off",
            ),
            field("place", "Location", _places, problems=problems),
            field(
                "at",
                "Moment",
                help_text=f"Empty is now. Only dates are judged by it: by the clock of the location, or {state.zone}.",
                problems=problems,
                type="datetime-local",
                default_value=state.asked.at,
            ),
            open=state.is_narrowed,
        ),
        submit("Show every check"),
        on_submit=state.ask,
        class_name="form card",
        no_validate=True,
    )


def _places(**props: Any) -> rx.Component:
    return rx.el.select(
        rx.el.option("Anywhere", value=""),
        rx.foreach(WhyState.places, lambda one: rx.el.option(one[1], value=one[0])),
        default_value=WhyState.asked.place,
        **props,
    )


def _people() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Which member?"),
        rx.el.ul(rx.foreach(WhyState.people, _person), class_name="people-choice"),
        rx.cond(WhyState.more_people, rx.el.p(WhyState.more_people, class_name="quiet")),
        class_name="card",
    )


def _person(row: ObjectVar[PersonRow]) -> rx.Component:
    return rx.el.li(rx.el.a(row.name, " ", rx.el.span(row.email, class_name="quiet", dir="ltr"), href=row.href))


def _answer() -> rx.Component:
    answer = WhyState.answer
    return rx.el.section(
        rx.el.div(
            rx.cond(answer.is_good, icon("check"), icon("cross")),
            rx.el.div(
                rx.el.h2(answer.headline, id="answer", tab_index=-1),
                rx.el.p(answer.sentence),
                rx.cond(answer.next_step, rx.el.p(rx.el.strong("Next: "), answer.next_step)),
            ),
            class_name="why-verdict",
            custom_attrs={"data-good": answer.is_good},
        ),
        rx.el.ul(
            rx.cond(answer.about, rx.el.li(answer.about)),
            rx.cond(
                answer.batch,
                rx.el.li(
                    "Batch ",
                    rx.cond(ShellState.may_manage, rx.el.a(answer.batch, href=answer.batch_href), answer.batch),
                ),
            ),
            rx.cond(
                answer.member,
                rx.el.li(
                    "For ",
                    rx.cond(answer.member_href, rx.el.a(answer.member, href=answer.member_href), answer.member),
                ),
            ),
            rx.el.li(answer.asked),
            class_name="facts",
            aria_label="What was asked",
        ),
        rx.el.ol(rx.foreach(WhyState.steps, _step), class_name="why-steps", aria_label="Every check"),
        class_name="card",
    )


def _step(row: ObjectVar[StepRow]) -> rx.Component:
    return rx.el.li(
        rx.el.span(row.number, class_name="number", aria_hidden="true"),
        rx.el.div(
            rx.el.p(
                rx.el.strong(row.title),
                rx.cond(
                    row.is_decisive, rx.el.span("The reason", class_name="badge", custom_attrs={"data-badge": "failed"})
                ),
            ),
            rx.el.p(row.data),
        ),
        rx.el.p(
            rx.match(
                row.verdict,
                ("passed", icon("check")),
                ("failed", icon("cross")),
                ("not_applicable", icon("info")),
                icon("clock"),
            ),
            row.words,
            class_name="became",
        ),
        custom_attrs={"data-verdict": row.verdict},
        aria_current=rx.cond(row.is_decisive, "step", "false"),
        key=row.number,
    )
