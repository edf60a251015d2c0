"""The dialog in which a batch is deleted, the same wherever one is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex.vars import ArrayVar

from loyalty_app.ui.actions import file_link
from loyalty_app.ui.dialogs import Confirmation, confirmation, keep
from loyalty_app.ui.forms import spinning
from loyalty_app.ui.layout import close_dialog

DELETE_DIALOG = "delete-dialog"
KEEP = "Keep batch"


@dataclass(frozen=True)
class Deletion:
    """What the dialog shows and does, as vars and events of the feature that knows batches."""

    doomed: Any
    facts: ArrayVar[Sequence[str]]
    file: rx.Var[str]
    fits: rx.Var[bool]
    problem: rx.Var[str]
    busy: rx.Var[bool]
    turn: rx.Var[int]
    pause_instead: Any
    pause: Any
    type_name: Any
    delete: Any


def delete_dialog(one: Deletion) -> rx.Component:
    """Say what is lost with a batch, have it paused first, and want its name typed (S3-21, S3-35)."""
    doomed = one.doomed
    return rx.el.dialog(
        rx.el.h2(f"Delete {doomed.name}"),
        rx.el.p(doomed.question),
        rx.el.ul(rx.foreach(one.facts, rx.el.li), class_name="told"),
        rx.match(
            doomed.step,
            ("confirm", _confirm(one)),
            ("pause", _pause_first(one)),
            rx.fragment(
                rx.el.p(doomed.hint, class_name="hint"),
                rx.el.div(keep(DELETE_DIALOG, KEEP), class_name="actions"),
            ),
        ),
        id=DELETE_DIALOG,
        class_name="dialog",
        aria_label="Delete batch",
        key=one.turn,
    )


def _pause_first(one: Deletion) -> rx.Component:
    return rx.fragment(
        rx.el.p(one.doomed.hint, class_name="hint"),
        rx.el.div(
            keep(DELETE_DIALOG, KEEP),
            rx.el.button(
                "Pause instead",
                type="button",
                on_click=[one.pause_instead, close_dialog(DELETE_DIALOG)],
                class_name="button primary",
            ),
            spinning(
                "Pause and go on",
                type="button",
                on_click=one.pause,
                class_name="button",
                busy=one.busy,
            ),
            class_name="actions",
        ),
    )


def _confirm(one: Deletion) -> rx.Component:
    return rx.fragment(
        rx.cond(
            one.doomed.may_leave,
            rx.el.p(f"It is paused. Left like this, it keeps its {one.doomed.noun} and numbers.", class_name="hint"),
        ),
        rx.el.div(
            rx.el.p(f"You may want its {one.doomed.noun} as a file first.", class_name="quiet"),
            file_link("Export CSV", one.file),
            class_name="aside",
        ),
        confirmation(
            DELETE_DIALOG,
            Confirmation(
                thing=one.doomed.id,
                name="typed_name",
                label="Type the name of the batch to delete it",
                longest=200,
                fits=one.fits,
                fits_words="The name fits.",
                missing_words=f"Confirm works once you have typed: {one.doomed.name}",
                problem=one.problem,
                type=one.type_name,
                keep=KEEP,
                act_words="Confirm",
                act=one.delete,
                busy=one.busy,
            ),
        ),
    )
