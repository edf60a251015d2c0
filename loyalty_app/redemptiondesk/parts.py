"""The parts of the Redemptions page that show one redemption, and undo it."""

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.redemptiondesk.answers import Fact
from loyalty_app.redemptiondesk.state import RedemptionsState, UndoState
from loyalty_app.ui.address import AddressDialog
from loyalty_app.ui.dialogs import close_cross
from loyalty_app.ui.forms import spinning
from loyalty_app.ui.icons import icon

ONE = "redemption-dialog"
SIGNS = {"recorded": "check", "reversed": "back", "goodwill": "heart"}


def one_redemption() -> rx.Component:
    """Return the dialog with everything that is known of one redemption, and with what undoes it."""
    one = RedemptionsState.one
    return AddressDialog.create(
        rx.el.h2(rx.cond(one.is_missing, "This redemption does not exist", rx.el.bdi(one.code))),
        close_cross(ONE),
        rx.cond(
            one.is_missing,
            rx.el.p("Its batch was deleted, or the address is not right."),
            rx.fragment(
                rx.el.p(status_badge(one.status, one.status_words)),
                rx.el.dl(rx.foreach(one.facts, _fact), class_name="labelled"),
                rx.el.p(_about(UndoState.said), role="status", class_name="undone"),
                rx.cond(one.undo_until, _undo()),
                rx.cond(one.may_undo_any, _undo_any()),
                rx.cond(one.why, rx.el.p(rx.el.a("Why? Every check of this code", href=one.why))),
            ),
        ),
        id=ONE,
        open=one.id != 0,
        name="redemption",
        class_name="dialog one-redemption",
        aria_label="One redemption",
    )


def status_badge(status: rx.Var[str], words: rx.Var[str]) -> rx.Component:
    """Return how a redemption stands, as a sign and in words."""
    return rx.el.span(
        rx.match(status, *((one, icon(sign)) for one, sign in SIGNS.items()), rx.fragment()),
        words,
        class_name="badge",
        custom_attrs={"data-badge": status},
    )


def _fact(fact: ObjectVar[Fact]) -> rx.Component:
    return rx.el.div(
        rx.el.dt(fact.label),
        rx.el.dd(rx.cond(fact.href, rx.el.a(fact.words, href=fact.href), rx.el.bdi(fact.words))),
        key=fact.label,
    )


def _undo() -> rx.Component:
    one = RedemptionsState.one
    return rx.el.div(
        rx.el.p(f"Your own scan: you can undo it until {one.undo_until}.", class_name="quiet"),
        _problem(),
        rx.el.div(
            spinning(
                "Undo",
                type="button",
                on_click=UndoState.undo(one.id),
                class_name="button danger",
                busy=UndoState.busy,
            ),
            class_name="actions",
        ),
        class_name="form",
    )


def _undo_any() -> rx.Component:
    one = RedemptionsState.one
    return rx.el.details(
        rx.el.summary("Undo", class_name="button"),
        rx.el.ul(rx.foreach(one.effects, rx.el.li), class_name="told"),
        rx.el.form(
            rx.el.input(type="hidden", name="redemption", value=one.id),
            rx.el.div(
                rx.el.label("Reason", html_for="why"),
                rx.el.input(id="why", name="why", max_length=200, auto_complete="off", required=True),
                class_name="field",
            ),
            _problem(),
            rx.el.div(
                spinning(
                    "Undo",
                    type="submit",
                    class_name="button danger",
                    busy=UndoState.busy,
                ),
                class_name="actions",
            ),
            on_submit=UndoState.undo_any,
            class_name="form",
        ),
        key=one.id,
        class_name="undoing",
    )


def _problem() -> rx.Component:
    return rx.el.p(_about(UndoState.problem), role="alert", class_name="odds weak refused")


def _about(words: rx.Var[str]) -> rx.Var[str]:
    """Return what was said of the redemption that is shown, not of one before."""
    return rx.cond(UndoState.about == RedemptionsState.one.id, words, "")
