"""What dialogs have in common: a decision, a name that has to be typed first, and the cross that closes."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from loyalty_app.ui.forms import spinning
from loyalty_app.ui.icons import icon
from loyalty_app.ui.layout import close_dialog


@dataclass(frozen=True)
class Confirmation:
    """What has to be typed before something is done that has no way back, and what is said meanwhile."""

    thing: Any
    """What it is done to; another one empties the field."""
    name: str
    label: str | rx.Var[str]
    longest: int
    fits: rx.Var[bool]
    fits_words: str
    missing_words: str | rx.Var[str]
    problem: str | rx.Var[str]
    type: Any
    keep: str
    act_words: str
    act: Any
    busy: rx.Var[bool]


def confirmation(dialog: str, one: Confirmation) -> rx.Component:
    """Return the form at the end of a dialog that acts once the right words are typed."""
    reason = f"{one.name.replace('_', '-')}-reason"
    return rx.el.form(
        rx.el.div(
            rx.el.label(one.label, html_for=one.name),
            rx.el.input(
                id=one.name,
                name=one.name,
                auto_complete="off",
                max_length=one.longest,
                on_change=one.type.debounce(100),
                aria_describedby=reason,
            ),
            rx.el.p(
                rx.cond(one.problem, one.problem, rx.cond(one.fits, one.fits_words, one.missing_words)),
                id=reason,
                class_name="help",
                aria_live="polite",
            ),
            class_name="field",
        ),
        rx.el.div(
            keep(dialog, one.keep),
            spinning(
                one.act_words,
                type="submit",
                disabled=~one.fits,
                class_name="button danger",
                aria_describedby=reason,
                busy=one.busy,
            ),
            class_name="actions",
        ),
        on_submit=one.act,
        class_name="form",
        key=one.thing,
    )


def decision(dialog: str, words: str, act: Any, *, kind: str = "primary", unless: str = "Cancel") -> rx.Component:
    """Return the two buttons at the end of a dialog: leave it, or close it and do it."""
    return rx.el.div(
        keep(dialog, unless, auto_focus=True),
        rx.el.button(words, type="button", on_click=[close_dialog(dialog), act], class_name=f"button {kind}"),
        class_name="actions",
    )


def keep(dialog: str, words: str, **props: Any) -> rx.Component:
    """Return the button that closes a dialog and leaves everything as it is."""
    return rx.el.button(words, type="button", on_click=close_dialog(dialog), class_name="button", **props)


def close_cross(dialog: str) -> rx.Component:
    """Return the cross in the corner of a dialog."""
    return rx.el.button(
        icon("cross"),
        type="button",
        on_click=close_dialog(dialog),
        class_name="button icon-only close",
        aria_label="Close",
    )
