"""My points."""

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.core.languages import Language
from loyalty_app.points.state import EntryRow, PointsState
from loyalty_app.ui.expiry import expiry
from loyalty_app.ui.icons import icon


def points_page(words: Language) -> rx.Component:
    """Show a member what they have, and how it came to be."""
    state = PointsState
    return rx.el.section(
        rx.el.h1(words("My points")),
        rx.cond(
            state.is_loaded,
            rx.fragment(
                rx.el.p(
                    icon("star"),
                    rx.el.span(state.balance, key=state.balance, class_name="live"),
                    role="status",
                    class_name="balance",
                ),
                rx.cond(
                    state.is_below,
                    rx.el.p(
                        words("Points were taken back after they were used. The next ones make up for it."),
                        class_name="hint",
                    ),
                ),
                rx.cond(state.rows.length() > 0, _ledger(words), _none_yet(words)),
            ),
            rx.el.div(class_name="skeleton card-size", aria_busy="true"),
        ),
        class_name="panel points",
    )


def _ledger(words: Language) -> rx.Component:
    state = PointsState
    return rx.fragment(
        rx.el.h2(words("How they came to be"), class_name="unseen"),
        rx.el.ul(rx.foreach(state.rows, lambda row: _entry(words, row)), class_name="ledger"),
        rx.el.nav(
            rx.cond(state.first_page, rx.el.a(words("Newest"), href=state.first_page, class_name="button")),
            rx.cond(state.next_page, rx.el.a(words("Older"), href=state.next_page, class_name="button")),
            aria_label=words("Pages"),
            class_name="pages",
        ),
        rx.el.a(words("Redeem a code"), href=words.at("/redeem/"), class_name="button wide"),
    )


def _entry(words: Language, row: ObjectVar[EntryRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.p(rx.el.strong(row.title, dir="auto")),
            rx.cond(row.what, rx.el.p(row.what, class_name="quiet")),
            expiry(row.at, row.clock, words, class_name="quiet"),
        ),
        rx.el.div(
            rx.el.p(rx.el.bdi(row.points, dir="ltr"), class_name="moved"),
            rx.el.p(row.balance, class_name="quiet"),
        ),
        key=row.id,
        custom_attrs={"data-minus": row.is_minus},
    )


def _none_yet(words: Language) -> rx.Component:
    return rx.el.div(
        rx.el.h2(words("No points yet")),
        rx.el.p(words("Scan a printed code in the shop, or type it in. Its points appear here at once.")),
        rx.el.a(words("Redeem a code"), href=words.at("/redeem/"), class_name="button primary"),
        class_name="empty",
    )
