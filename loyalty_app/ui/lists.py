"""What lists have in common: live numbers, badges, and the way to the other pages."""

from typing import Any

import reflex as rx

from loyalty_app.ui.icons import icon

SIGNS = {
    "active": "check",
    "used_up": "check",
    "paused": "pause",
    "failed": "cross",
    "disabled": "lock",
    "sold_out": "ticket",
}
"""The icon beside each standing of a batch; time is what all others have in common."""


def live_number(value: rx.Var[str]) -> rx.Component:
    """Return a number that shows when it changes."""
    # A new key makes a new element, and a new element plays its animation.
    return rx.el.span(value, key=value, class_name="live")


def tile(label: str, value: rx.Var[str], note: str | rx.Var[str]) -> rx.Component:
    """Return a number of a summary, and what it counts."""
    return rx.el.div(
        rx.el.dt(label),
        rx.el.dd(live_number(value), rx.el.small(note)),
        class_name="card tile",
    )


def badge(standing: rx.Var[str], words: rx.Var[str]) -> rx.Component:
    """Return how a batch stands, as a sign and in words."""
    return rx.el.span(
        rx.match(standing, *((one, icon(sign)) for one, sign in SIGNS.items()), icon("clock")),
        words,
        class_name="badge",
        custom_attrs={"data-badge": standing},
    )


def frozen_badge() -> rx.Component:
    """Return the badge of a batch whose redemptions are frozen."""
    return rx.el.span(icon("lock"), "Redemptions frozen", class_name="badge", custom_attrs={"data-badge": "paused"})


def numbered_pages(state: Any) -> rx.Component:
    """Return the way to the pages before and behind, where there is more than one."""
    return rx.cond(
        state.pages > 1,
        rx.el.nav(
            rx.cond(state.newer, rx.el.a("Previous page", href=state.newer, class_name="button"), rx.el.span()),
            rx.el.span(f"Page {state.page} of {state.pages}"),
            rx.cond(state.older, rx.el.a("Next page", href=state.older, class_name="button"), rx.el.span()),
            aria_label="Pages",
            class_name="pages",
        ),
    )


def next_pages(state: Any, first: str = "First page", following: str = "Next page") -> rx.Component:
    """Return the way on through a list that grows at its head, and back to its beginning."""
    return rx.el.nav(
        rx.cond(state.first_page, rx.el.a(first, href=state.first_page, class_name="button")),
        rx.cond(state.next_page, rx.el.a(following, href=state.next_page, class_name="button")),
        aria_label="Pages",
        class_name="pages",
    )
