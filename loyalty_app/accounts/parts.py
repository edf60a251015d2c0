"""The forms for a PIN, the own one and that of somebody who works here."""

import reflex as rx

from loyalty_app.accounts.state import AccountState, PeopleState
from loyalty_app.core.languages import Language
from loyalty_app.ui.forms import PostForm, field, submit


def my_pin(words: Language) -> rx.Component:
    """Return the form that changes or removes the own PIN."""
    return PostForm.create(
        rx.el.h2(words("PIN")),
        rx.el.p(
            rx.cond(AccountState.has_pin, words("You have a PIN."), words("You have no PIN yet.")),
            " ",
            words("It unlocks the tablets of the shop, and nothing else."),
            class_name="quiet",
        ),
        field(
            "pin_password",
            words("Present password"),
            type="password",
            auto_complete="current-password",
            max_length=200,
        ),
        field("pin", words("New PIN"), help_text=words("4 to 8 digits."), **_PIN),
        rx.el.div(
            submit(words("Set PIN")),
            rx.cond(AccountState.has_pin, _remove(words("Remove PIN")), rx.fragment()),
            class_name="actions",
        ),
        words=words,
        action="/auth/my-pin",
        class_name="form part",
    )


def pin_of_a_person() -> rx.Component:
    """Return the form that gives the chosen person a PIN, or takes it away."""
    chosen = PeopleState.chosen
    return PostForm.create(
        rx.el.input(type="hidden", name="account", value=chosen.id.to_string()),
        field(
            "pin",
            rx.cond(chosen.has_pin, "New PIN", "PIN"),
            help_text="4 to 8 digits. It unlocks the tablets of the shop; tell it to them, it is shown nowhere again.",
            **_PIN,
        ),
        rx.el.div(
            submit("Set PIN"), rx.cond(chosen.has_pin, _remove("Remove PIN"), rx.fragment()), class_name="actions"
        ),
        action="/auth/people-pin",
        class_name="form",
        key=chosen.id,
    )


def _remove(said: str) -> rx.Component:
    return rx.el.button(said, type="submit", name="remove", value="yes", class_name="button")


_PIN = {"type": "password", "input_mode": "numeric", "auto_complete": "off", "max_length": 8}
