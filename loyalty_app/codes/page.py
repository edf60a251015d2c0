"""The vouchers of a batch."""

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.codes.state import VoucherRow, VouchersState
from loyalty_app.ui.actions import file_link
from loyalty_app.ui.forms import options
from loyalty_app.ui.icons import icon
from loyalty_app.ui.layout import empty, page_of, title_line
from loyalty_app.ui.lists import next_pages


def vouchers_page() -> rx.Component:
    """Find a voucher, see who claimed it and whether it was redeemed, and take the list away (S3-6, S3-7)."""
    state = VouchersState
    return page_of(
        "batch",
        state,
        _back("All batches"),
        title_line(
            state.name,
            _back("All batches"),
            file_link("Export CSV", state.file),
            lead="Its vouchers, live. The export has exactly what is filtered here.",
        ),
        _search(),
        rx.cond(
            state.rows.length() > 0,
            rx.fragment(_table(), next_pages(state)),
            empty("No voucher fits", "Try a shorter part of what you look for, or another status."),
        ),
    )


def _search() -> rx.Component:
    return rx.el.form(
        rx.el.div(
            rx.el.label(rx.cond(VouchersState.sees_members, "Code or member", "Code"), html_for="q"),
            rx.el.input(
                id="q", name="q", type="search", default_value=VouchersState.text, max_length=80, auto_complete="off"
            ),
            class_name="field",
        ),
        rx.el.div(
            rx.el.label("Status", html_for="status"),
            options(
                ("", "All"),
                ("active", "Unclaimed"),
                ("claimed", "Claimed, not redeemed"),
                ("redeemed", "Redeemed"),
                ("disabled", "Disabled"),
                chosen=VouchersState.status,
            )(id="status", name="status", key=VouchersState.status),
            class_name="field",
        ),
        rx.el.button("Search", type="submit", class_name="button primary"),
        on_submit=VouchersState.search,
        class_name="search",
        role="search",
    )


def _table() -> rx.Component:
    def head(words: str) -> rx.Component:
        return rx.el.th(words, scope="col")

    return rx.el.div(
        rx.el.table(
            rx.el.thead(
                rx.el.tr(
                    head("Code"),
                    head("Claim"),
                    rx.cond(VouchersState.sees_members, head("Member")),
                    head("Redemption"),
                )
            ),
            rx.el.tbody(rx.foreach(VouchersState.rows, _row)),
            class_name="rows",
        ),
        class_name="card",
    )


def _row(row: ObjectVar[VoucherRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.bdi(row.code),
            rx.cond(row.disabled, rx.el.span(icon("cross"), "Disabled", class_name="mark")),
            class_name="code",
            custom_attrs={"data-label": "Code"},
        ),
        rx.el.td(row.claim, custom_attrs={"data-label": "Claim"}),
        rx.cond(VouchersState.sees_members, rx.el.td(row.member, custom_attrs={"data-label": "Member"})),
        rx.el.td(row.redemption, custom_attrs={"data-label": "Redemption"}),
        key=row.serial,
    )


def _back(words: str) -> rx.Component:
    return rx.el.a(words, href="/admin/batches/", class_name="button")
