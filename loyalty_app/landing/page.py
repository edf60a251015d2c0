"""The page behind a printed code: what it is worth, and one or two taps to get it."""

from collections.abc import Callable
from typing import Any

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.accounts.state import ShellState
from loyalty_app.core.languages import Language
from loyalty_app.landing.state import LandingState, Question
from loyalty_app.ui.expiry import expiry
from loyalty_app.ui.forms import PostForm, field, forget, remember, sign_out_button, spinning, submit
from loyalty_app.ui.icons import icon

TYPED = "typed"


def landing_page(words: Language) -> rx.Component:
    """Say what a code is worth and pay it; each state of it is a screen."""
    return rx.el.section(
        rx.match(
            LandingState.screen,
            ("enter", _enter(words)),
            ("member", _worth(words, _member_form(words))),
            ("stranger", _worth(words, _stranger_form(words))),
            ("mailed", _mailed(words)),
            ("worker", _worth(words, _workers_way_out(words))),
            ("paid", _paid(words)),
            ("collected", _collected(words)),
            ("used", _used(words)),
            (
                "expired",
                _closed(
                    words,
                    "clock",
                    words("This code is too old"),
                    words("Its points can no longer be collected."),
                    expiry(LandingState.prize.until, LandingState.prize.end, words, class_name="note"),
                ),
            ),
            (
                "paused",
                _closed(
                    words,
                    "pause",
                    words("Come back later"),
                    words("No points are given out at the moment. Your code stays good; this page changes by itself."),
                    expiry(LandingState.prize.until, LandingState.prize.end, words, class_name="note"),
                ),
            ),
            (
                "not_ready",
                _closed(
                    words,
                    "clock",
                    words("Almost ready"),
                    words("The codes are still being made. Come back in a while."),
                ),
            ),
            ("unknown", _unknown(words)),
            (
                "rate_limited",
                _closed(words, "clock", words("Too many wrong codes"), LandingState.wait, goes_on=False),
            ),
            _loading(words),
        ),
        class_name="panel claim landing",
        custom_attrs={"data-screen": LandingState.screen},
    )


def _worth(words: Language, action: rx.Component) -> rx.Component:
    prize = LandingState.prize
    return rx.fragment(
        rx.cond(
            prize.picture,
            rx.el.img(
                src=prize.picture,
                alt="",
                custom_attrs={"width": prize.width, "height": prize.height},
                class_name="offer-picture",
            ),
            rx.fragment(),
        ),
        rx.el.h1(prize.points, class_name="points"),
        rx.cond(prize.title, rx.el.p(prize.title, class_name="reward", dir="auto"), rx.fragment()),
        rx.cond(prize.description, rx.el.p(prize.description, class_name="lead", dir="auto"), rx.fragment()),
        action,
        expiry(prize.until, prize.end, words, class_name="note"),
        rx.cond(
            prize.terms,
            rx.el.details(rx.el.summary(words("Terms")), rx.el.p(prize.terms, class_name="terms", dir="auto")),
            rx.fragment(),
        ),
    )


def _member_form(words: Language) -> rx.Component:
    return _form(words, _questions(words), _get_button(words))


def _stranger_form(words: Language) -> rx.Component:
    return rx.fragment(
        rx.cond(
            LandingState.is_over,
            rx.el.p(
                words("That code does not work any more. Enter your address again to get a new one."),
                role="status",
                class_name="hint",
            ),
            rx.fragment(),
        ),
        _form(
            words,
            _questions(words),
            _name(words),
            field(
                "email",
                words("E-mail"),
                help_text=words("We send a code to it. It lets you in, so that nobody else gets your points."),
                type="email",
                auto_complete="email",
                input_mode="email",
                max_length=254,
                dir="ltr",
            ),
            submit(words("Send code")),
        ),
        rx.el.p(
            words("Do you have a password?"),
            " ",
            rx.el.a(words("Sign in"), href=f"{words.at('/sign-in/')}?next={LandingState.here}"),
            class_name="aside",
        ),
    )


def _mailed(words: Language) -> rx.Component:
    return rx.fragment(
        rx.el.h1(words("Enter the code")),
        rx.cond(
            LandingState.is_sent_again,
            rx.el.p(
                words("A new code is on its way. The one before does not work any more."),
                role="status",
                class_name="said",
            ),
            rx.fragment(),
        ),
        rx.el.p(
            words("We sent a code of eight digits to this address. It works for 15 minutes."),
            " ",
            rx.el.strong(LandingState.email, dir="ltr"),
            class_name="lead",
        ),
        rx.cond(
            LandingState.has_mail_server,
            rx.fragment(),
            rx.el.p(
                words("This program has no mail server yet. Its operator finds all letters in the outbox folder."),
                class_name="hint",
            ),
        ),
        _form(
            words,
            rx.el.input(type="hidden", name="sign_up", value=LandingState.sign_up),
            field(
                "code",
                words("Code"),
                auto_complete="one-time-code",
                input_mode="numeric",
                max_length=20,
                dir="ltr",
                class_name="digits",
            ),
            _get_button(words),
            rx.el.details(
                rx.el.summary(words("What you told us")),
                rx.el.div(_questions(words), _name(words), class_name="form"),
                class_name="given",
            ),
        ),
        PostForm.create(
            rx.el.input(type="hidden", name="token", value=LandingState.code),
            rx.el.input(type="hidden", name="sign_up", value=LandingState.sign_up),
            rx.el.p(words("No mail? Look into the spam folder, or have another one sent."), class_name="quiet"),
            rx.el.div(
                spinning(
                    words("Send a new code"),
                    type="submit",
                    class_name="button",
                ),
                rx.el.a(words("Use another address"), href=LandingState.start, class_name="button quiet"),
                class_name="actions",
            ),
            words=words,
            action="/auth/points-code",
            class_name="form again",
        ),
    )


def _form(words: Language, *children: rx.Component) -> rx.Component:
    return PostForm.create(
        rx.el.input(type="hidden", name="token", value=LandingState.code),
        rx.el.input(type="hidden", name="nonce", value=LandingState.nonce),
        *children,
        remember(LandingState.memory),
        words=words,
        action="/auth/points",
        class_name="form",
    )


def _name(words: Language) -> rx.Component:
    return field(
        "name", words("Name"), help_text=words("Only if you are new here."), auto_complete="name", max_length=80
    )


def _get_button(words: Language) -> rx.Component:
    return submit(words("Get {points}", points=LandingState.prize.points))


def _questions(words: Language) -> rx.Component:
    return rx.fragment(rx.foreach(LandingState.questions, lambda question: _question(words, question)))


def _question(words: Language, question: ObjectVar[Question]) -> rx.Component | rx.Var[rx.Component]:
    label = rx.fragment(
        rx.el.span(question.label, dir="auto"),
        rx.cond(question.is_required, rx.fragment(), rx.el.span(f" ({words('optional')})", class_name="quiet")),
    )
    return rx.match(
        question.kind,
        ("agree", _box(question, label)),
        ("choice", field(question.name, label, _choice(words, question))),
        field(
            question.name,
            label,
            type=question.kind,
            input_mode=question.keyboard,
            auto_complete=question.fills,
            max_length=300,
            dir="auto",
        ),
    )


def _choice(words: Language, question: ObjectVar[Question]) -> Callable[..., rx.Component]:
    def select(**props: Any) -> rx.Component:
        return rx.el.select(
            rx.el.option(words("Choose"), value=""),
            rx.foreach(question.choices, lambda choice: rx.el.option(choice, value=choice)),
            default_value="",
            **props,
        )

    return select


def _box(question: ObjectVar[Question], label: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.label(
            rx.el.input(
                type="checkbox",
                id=question.name,
                name=question.name,
                value="yes",
                aria_describedby=f"{question.name}-problem",
            ),
            rx.el.span(label),
            class_name="tick",
        ),
        rx.el.p(id=f"{question.name}-problem", class_name="problem", custom_attrs={"data-problem-of": question.name}),
        class_name="field",
    )


def _workers_way_out(words: Language) -> rx.Component:
    return rx.el.div(
        rx.el.p(words("Points are for members, and your account is for work. Sign out to collect them as a member.")),
        sign_out_button(words),
        class_name="hint",
    )


def _paid(words: Language) -> rx.Component:
    return rx.fragment(
        forget(LandingState.memory),
        rx.el.div(icon("check"), class_name="emblem good"),
        rx.el.div(
            rx.el.h1("+", LandingState.prize.points, class_name="points"),
            rx.el.p(words("They are yours."), class_name="lead"),
            role="status",
        ),
        _balance(words),
        *_ways_on(words),
    )


def _collected(words: Language) -> rx.Component:
    return rx.fragment(
        forget(LandingState.memory),
        rx.el.div(icon("check"), class_name="emblem good"),
        rx.el.h1(words("You have these points")),
        rx.el.p(
            words("You collected {points} on {when}.", points=LandingState.prize.points, when=LandingState.when),
            class_name="lead",
        ),
        _balance(words),
        *_ways_on(words),
    )


def _balance(words: Language) -> rx.Component:
    return rx.el.dl(
        rx.el.dt(words("Your balance")), rx.el.dd(LandingState.balance, class_name="live"), class_name="balance-line"
    )


def _ways_on(words: Language) -> tuple[rx.Component, rx.Component]:
    return (
        rx.el.a(words("My points"), href=words.at("/my/points/"), class_name="button primary wide"),
        _another(words),
    )


def _another(words: Language) -> rx.Component:
    return rx.el.a(words("Enter another code"), href=words.at("/redeem/"), class_name="button wide")


def _used(words: Language) -> rx.Component:
    return _closed(
        words,
        "lock",
        words("These points are gone"),
        words("Somebody collected them already; each code works once."),
        rx.cond(
            ShellState.is_signed_in,
            rx.fragment(),
            rx.el.p(
                words("Was it you?"),
                " ",
                rx.el.a(words("Sign in"), href=f"{words.at('/sign-in/')}?next={LandingState.here}"),
                class_name="aside",
            ),
        ),
    )


def _unknown(words: Language) -> rx.Component:
    return rx.fragment(
        rx.el.div(icon("cross"), class_name="emblem"),
        rx.el.h1(words("This code does not work")),
        rx.el.p(
            words("Scan it again, or type what is printed under it. If it stays like this, ask in the shop."),
            class_name="lead",
        ),
        _entry_form(words),
    )


def _closed(
    words: Language, sign: str, title: str, sentence: str | rx.Var[str], *more: rx.Component, goes_on: bool = True
) -> rx.Component:
    prize = LandingState.prize
    return rx.fragment(
        rx.el.div(icon(sign), class_name="emblem"),
        rx.el.h1(title),
        rx.el.p(sentence, class_name="lead"),
        rx.cond(
            prize.points,
            rx.el.div(
                rx.el.h2(prize.points),
                rx.cond(prize.title, rx.el.p(prize.title, dir="auto"), rx.fragment()),
                class_name="what",
            ),
            rx.fragment(),
        ),
        *more,
        *([_another(words)] if goes_on else []),
    )


def _enter(words: Language) -> rx.Component:
    return rx.fragment(
        rx.el.div(icon("qr"), class_name="emblem"),
        rx.el.h1(words("Collect points")),
        rx.el.p(
            words("Scan the QR code with your phone's camera, or type what is printed under it."), class_name="lead"
        ),
        _entry_form(words),
    )


def _entry_form(words: Language) -> rx.Component:
    problem = LandingState.problem
    return rx.el.form(
        rx.el.div(
            rx.el.label(words("Code"), html_for=TYPED),
            rx.el.input(
                id=TYPED,
                name=TYPED,
                auto_complete="off",
                auto_capitalize="characters",
                spell_check=False,
                max_length=2500,
                dir="ltr",
                class_name="digits",
                aria_describedby=f"{TYPED}-problem",
                aria_invalid=rx.cond(problem, "true", "false"),
            ),
            rx.el.p(problem, id=f"{TYPED}-problem", role="alert", class_name="problem"),
            class_name="field",
        ),
        submit(words("Show points")),
        on_submit=LandingState.enter,
        class_name="form",
    )


def _loading(words: Language) -> rx.Component:
    return rx.el.div(
        rx.el.div(class_name="skeleton title"),
        rx.el.div(class_name="skeleton line"),
        rx.el.div(class_name="skeleton button-size"),
        aria_busy="true",
        aria_label=words("Loading"),
        role="status",
    )
