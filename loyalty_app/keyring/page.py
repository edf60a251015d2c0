"""The keys that seal printed codes."""

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.keyring.state import KeyRingState, KeyRow
from loyalty_app.ui.dialogs import Confirmation, confirmation
from loyalty_app.ui.forms import spinning
from loyalty_app.ui.layout import empty, show_dialog, title_line

RETIRE = "retire-dialog"


def keys_page() -> rx.Component:
    """Show what hangs on each key, make a new one, and retire an old one."""
    state = KeyRingState
    return rx.fragment(
        title_line(
            "Sealing keys",
            spinning(
                "Make new key",
                type="button",
                on_click=state.rotate,
                class_name="button primary",
                busy=state.busy,
            ),
            lead="A key seals the links of QR codes, so that nobody can read or change them. The newest one seals new"
            " batches; codes of older ones stay good until their key is retired.",
        ),
        rx.el.div(rx.cond(state.advice, rx.el.p(state.advice, class_name="hint")), role="status"),
        rx.cond(
            state.is_loaded,
            rx.cond(
                state.rows.length() > 0,
                _table(),
                empty("No key yet", "The first one is made with the first batch of QR codes."),
            ),
            rx.el.div(class_name="skeleton card-size", aria_busy="true"),
        ),
        _retire_dialog(),
    )


def _table() -> rx.Component:
    heads = ("Key", "Made", "Status", "Batches", "Unredeemed codes", "Redeemable now", "Points", "Actions")
    return rx.el.div(
        rx.el.table(
            rx.el.thead(rx.el.tr(*[rx.el.th(head, scope="col") for head in heads])),
            rx.el.tbody(rx.foreach(KeyRingState.rows, _row)),
            class_name="rows keys",
        ),
        class_name="card",
    )


def _row(row: ObjectVar[KeyRow]) -> rx.Component:
    def cell(head: str, *words: rx.Component | rx.Var) -> rx.Component:
        return rx.el.td(*words, custom_attrs={"data-label": head})

    return rx.el.tr(
        cell("Key", row.id),
        cell("Made", row.made),
        cell("Status", row.standing),
        cell("Batches", row.batches),
        cell("Unredeemed codes", row.unredeemed),
        cell("Redeemable now", row.redeemable),
        cell("Points", row.points),
        cell(
            "Actions",
            rx.cond(
                row.may_retire,
                rx.el.button(
                    "Retire",
                    type="button",
                    aria_label=f"Retire key {row.id}",
                    on_click=[KeyRingState.ask_to_retire(row.id), show_dialog(RETIRE)],
                    class_name="button",
                ),
                rx.el.span("—", aria_label="None"),
            ),
        ),
        key=row.id,
    )


def _retire_dialog() -> rx.Component:
    state = KeyRingState
    return rx.el.dialog(
        rx.el.h2(f"Retire key {state.doomed_id}?", id="retire-title"),
        rx.el.p(state.impact),
        rx.el.p("There is no way back. Points that were paid stay."),
        confirmation(
            RETIRE,
            Confirmation(
                thing=state.doomed_id,
                name="typed_key",
                label=f"Type {state.phrase} to retire it",
                longest=80,
                fits=state.fits,
                fits_words="That is the key.",
                missing_words=f"Retire works once you have typed: {state.phrase}",
                problem=state.problem,
                type=state.type_phrase,
                keep="Keep key",
                act_words="Retire key",
                act=state.retire,
                busy=state.busy,
            ),
        ),
        id=RETIRE,
        class_name="dialog",
        aria_labelledby="retire-title",
        key=state.turn,
    )
