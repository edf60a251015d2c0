"""The program's public face."""

import reflex as rx

from loyalty_app.accounts.state import ShellState
from loyalty_app.core.languages import Language
from loyalty_app.ui.icons import icon


def home_page(words: Language) -> rx.Component:
    """Welcome whoever comes, and show the one way on."""
    return rx.el.section(
        rx.el.div(icon("ticket"), class_name="emblem"),
        rx.el.h1(rx.cond(ShellState.program_name, ShellState.program_name, words("Welcome"))),
        rx.cond(ShellState.about, rx.el.p(ShellState.about, class_name="about", dir="auto"), rx.fragment()),
        rx.cond(
            ShellState.is_member,
            rx.fragment(
                rx.el.p(words("Welcome back. Your vouchers are in My cards.")),
                rx.el.a(words("My cards"), href=words.at("/my/cards/"), class_name="button primary"),
                rx.el.a(words("My points"), href=words.at("/my/points/"), class_name="button"),
            ),
            rx.cond(
                ShellState.is_signed_in,
                rx.fragment(
                    rx.el.p(words("You are signed in as"), " ", rx.el.strong(rx.el.bdi(ShellState.name))),
                    rx.el.a(words("Go to your work"), href=ShellState.home, class_name="button primary"),
                ),
                rx.fragment(
                    rx.el.p(
                        words(
                            "Scan a QR code in the shop or open a link we sent you to claim a voucher."
                            " It waits for you here."
                        )
                    ),
                    rx.el.a(words("Sign in"), href=words.at("/sign-in/"), class_name="button primary"),
                    rx.el.a(words("Become a member"), href=words.at("/sign-up/"), class_name="button"),
                ),
            ),
        ),
        _where_to_find_us(),
        class_name="panel welcome",
    )


def _where_to_find_us() -> rx.Component:
    shell = ShellState
    return rx.cond(
        (shell.website != "") | (shell.contact != ""),
        rx.el.p(
            rx.cond(
                shell.website,
                rx.el.a(
                    shell.website, href=shell.website, rel="noopener", dir="ltr", custom_attrs={"reloadDocument": True}
                ),
                rx.fragment(),
            ),
            rx.cond(
                shell.contact,
                rx.el.a(
                    shell.contact, href=f"mailto:{shell.contact}", dir="ltr", custom_attrs={"reloadDocument": True}
                ),
                rx.fragment(),
            ),
            class_name="contacts",
        ),
        rx.fragment(),
    )
