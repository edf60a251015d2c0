"""What the counter's bar has of a device: where it is, handing it over, and the lock that comes by itself."""

from typing import Any

import reflex as rx
from reflex.components.component import NoSSRComponent

from loyalty_app.tills.state import TillState
from loyalty_app.ui.forms import PostForm

_idle_lock = rx.asset("idle_lock.jsx", shared=True)


class IdleLock(NoSSRComponent):
    """Locks a device that is left alone, and warns before."""

    library = _idle_lock.importable_path
    tag = "IdleLock"

    seconds: rx.Var[int]
    """Left alone for so long it locks; 0 is never."""
    answered: rx.Var[Any]
    """Anything that changes with each scan: somebody is there."""


def location() -> rx.Component:
    """Return where this is: told by an enrolled device, chosen on any other browser."""
    state = TillState
    return rx.cond(
        state.device,
        rx.el.p(f"{state.device} · {state.place}", class_name="counter-place", dir="auto"),
        rx.match(
            state.choices.length(),
            (0, rx.fragment()),
            (1, rx.el.p(state.place, class_name="counter-place", dir="auto")),
            rx.cond(state.place_id, _choice(aria_label="Location")),
        ),
    )


def which_location() -> rx.Component:
    """Return the question where this is, for who has not said it since they signed in; scanning goes on without."""
    state = TillState
    return rx.cond(
        (state.device == "") & (state.place_id == "") & (state.choices.length() > 1),
        rx.el.div(
            rx.el.label("Which location is this?", html_for="which-location"),
            _choice(id="which-location"),
            class_name="counter-where",
        ),
    )


def _choice(**more: Any) -> rx.Component:
    state = TillState
    return rx.el.select(
        rx.cond(state.place_id, rx.fragment(), rx.el.option("Choose location", value="")),
        rx.foreach(state.choices, lambda choice: rx.el.option(choice.name, value=choice.id)),
        value=state.place_id,
        on_change=state.choose,
        class_name="counter-location",
        **more,
    )


def hand_over(sign_out: rx.Component) -> rx.Component:
    """Return what ends a turn: an enrolled device locks for the next person, and keeps scans that are not sent yet."""
    lock = PostForm.create(
        rx.el.button("Lock", type="submit", class_name="button quiet"), action="/auth/lock", class_name="inline"
    )
    return rx.cond(TillState.device, lock, sign_out)


def idle_lock(answered: Any) -> rx.Component:
    """Return the lock that comes by itself once nobody touches or scans any more."""
    return IdleLock.create(seconds=TillState.lock_seconds, answered=answered)
