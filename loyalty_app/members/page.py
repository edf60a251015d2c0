"""The program's public face."""

import reflex as rx

from loyalty_app.accounts.state import ShellState
from loyalty_app.ui.icons import icon


def home_page() -> rx.Component:
    """Welcome whoever comes, and show the one way on."""
    return rx.el.section(
        rx.el.div(icon("ticket"), class_name="emblem"),
        rx.el.h1(rx.cond(ShellState.program_name, ShellState.program_name, "Welcome")),
        rx.cond(
            ShellState.is_member,
            rx.fragment(
                rx.el.p("Welcome back. Your vouchers are in My cards."),
                rx.el.a("My cards", href="/my/cards/", class_name="button primary"),
            ),
            rx.cond(
                ShellState.is_signed_in,
                rx.fragment(
                    rx.el.p("You are signed in as ", rx.el.strong(ShellState.name), "."),
                    rx.el.a("Go to your work", href=ShellState.home, class_name="button primary"),
                ),
                rx.fragment(
                    rx.el.p(
                        "Scan a QR code in the shop or open a link we sent you to claim a voucher."
                        " It waits for you here."
                    ),
                    rx.el.a("Sign in", href="/sign-in/", class_name="button primary"),
                    rx.el.a("Become a member", href="/sign-up/", class_name="button"),
                ),
            ),
        ),
        class_name="panel welcome",
    )
