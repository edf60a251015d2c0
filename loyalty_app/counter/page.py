"""The counter: camera, typed codes, and an answer that is read from across it."""

import reflex as rx

from loyalty_app.accounts.state import ShellState
from loyalty_app.counter import parts
from loyalty_app.counter.state import ScanState
from loyalty_app.tills import parts as tills
from loyalty_app.ui import forms, layout

HERE = "/scan/"


def scan_page() -> rx.Component:
    """Scan a voucher, see the answer from across the counter."""
    return rx.el.div(
        _bar(),
        parts.Line.create(),
        rx.el.main(
            rx.el.h1("Scan vouchers", class_name="counter-unseen"),
            rx.el.div(tills.which_location()),
            parts.desk(has_kiosk=True),
        ),
        tills.idle_lock(ScanState.answer),
        layout.notice(),
        layout.Menus.create(),
        class_name="counter",
    )


def _bar() -> rx.Component:
    return rx.el.header(
        rx.el.p(ShellState.program_name, class_name="counter-program", dir="auto"),
        tills.location(),
        layout.connection(),
        rx.el.p(ShellState.name, class_name="counter-person", dir="auto"),
        parts.last_scans(),
        rx.cond(
            ShellState.home == HERE,
            rx.el.a("Redemptions", href="/admin/redemptions/", class_name="button quiet"),
            rx.el.a("Back", href=ShellState.home, class_name="button quiet"),
        ),
        tills.hand_over(parts.Leaving.create(forms.sign_out_button())),
        class_name="counter-bar",
    )
