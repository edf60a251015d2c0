"""The pages of a device itself: enrol it, and unlock it."""

import reflex as rx
from reflex.components.component import NoSSRComponent

from loyalty_app.accounts.state import ShellState
from loyalty_app.tills.state import EnrolState
from loyalty_app.ui import layout
from loyalty_app.ui.forms import PostForm, submit

_unlock = rx.asset("unlock.jsx", shared=True)


class Unlock(NoSSRComponent):
    """Asks who it is, and for their PIN."""

    library = _unlock.importable_path
    tag = "Unlock"


def unlock_page() -> rx.Component:
    """Ask who takes the device over, and for their PIN."""
    return _frame(Unlock.create())


def enrol_page() -> rx.Component:
    """Ask before this browser becomes a device of the shop."""
    state = EnrolState
    return _frame(
        rx.cond(
            state.is_loaded,
            rx.cond(state.device, _question(), _link_is_over()),
            rx.el.div(rx.el.h1("Enrol this tablet"), class_name="till-panel", aria_busy="true"),
        )
    )


def _question() -> rx.Component:
    state = EnrolState
    return rx.el.div(
        rx.el.h1("Enrol this tablet as ", rx.el.span(state.device, dir="auto"), "?"),
        rx.el.p("It will stand at ", rx.el.strong(state.place, dir="auto"), "."),
        rx.el.p(
            "Staff then unlock it with their PIN, and every scan tells this place."
            " Whoever is signed in here now is signed out.",
        ),
        PostForm.create(
            rx.el.input(type="hidden", name="code", value=state.code),
            submit("Enrol this tablet"),
            action="/auth/enrol",
            class_name="till-form",
        ),
        class_name="till-panel",
    )


def _link_is_over() -> rx.Component:
    return rx.el.div(
        rx.el.h1("This link does not work any more"),
        rx.el.p("It works once, for 15 minutes. Ask an admin for a new one."),
        class_name="till-panel",
    )


def _frame(content: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.header(
            rx.el.p(ShellState.program_name, class_name="counter-program", dir="auto"),
            layout.connection(),
            class_name="counter-bar",
        ),
        rx.el.main(content, class_name="till"),
        layout.notice(),
        class_name="counter",
    )
