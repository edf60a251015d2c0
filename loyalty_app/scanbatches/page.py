"""Batch Management, and the page of one batch of QR codes."""

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.accounts.state import ShellState
from loyalty_app.scanbatches.state import MARKS, SORTS, Head, ScanActionsState, ScanBatchesState, ScanBatchRow
from loyalty_app.ui.actions import actions_menu, menu_item
from loyalty_app.ui.forms import forget, options
from loyalty_app.ui.icons import icon
from loyalty_app.ui.layout import close_dialog, empty, show_dialog, title_line

FIND = "find-scan-batches"
DISABLE = "disable-dialog"
HOME = "/admin/batches/scan/"
NEW = "/admin/batches/scan/new/"


def scan_batches_page() -> rx.Component:
    """Sum up and list every batch of QR codes (S0-17 to S0-20)."""
    state = ScanBatchesState
    new = rx.cond(ShellState.may_manage, rx.el.a(icon("plus"), "Create batch", href=NEW, class_name="button primary"))
    return rx.fragment(
        forget("scan-batch"),
        title_line("Batch Management", new, lead="Batches of QR codes that pay points. Every number here is live."),
        rx.cond(
            state.is_loaded,
            rx.fragment(
                rx.el.section(rx.el.h2("QR Code Summary"), _cards(), class_name="summed"),
                rx.el.section(rx.el.h2("QR Code Batches"), _list(), class_name="summed"),
            ),
            rx.el.div(
                rx.el.div(
                    *[rx.el.div(class_name="skeleton tile-size") for _ in range(4)],
                    class_name="tiles",
                ),
                rx.el.div(class_name="skeleton tall"),
                class_name="summed",
                aria_busy="true",
            ),
        ),
        _disable_dialog(),
    )


def _cards() -> rx.Component:
    cards = ScanBatchesState.cards
    return rx.el.dl(
        _tile("Total Batches", cards.batches, cards.batches_note),
        _tile("Total QR Codes", cards.codes, "in the batches below"),
        _tile("Used QR Codes", cards.used, cards.used_note),
        _tile("Active QR Codes", cards.active, "enabled, unused, not expired"),
        class_name="tiles",
    )


def _tile(label: str, value: rx.Var[str], note: str | rx.Var[str]) -> rx.Component:
    return rx.el.div(
        rx.el.dt(label),
        rx.el.dd(_live(value), rx.el.small(note)),
        class_name="card tile",
    )


def _list() -> rx.Component:
    state = ScanBatchesState
    return rx.cond(
        state.is_narrowed | (state.rows.length() > 0),
        rx.fragment(
            _toolbar(),
            rx.cond(
                state.rows.length() > 0,
                _table(),
                empty(
                    "No batch fits",
                    "Try a shorter part of the name, or another status.",
                    rx.el.a("Show all batches", href=HOME, class_name="button"),
                ),
            ),
            _pages(),
        ),
        empty(
            "No QR codes yet",
            "Make a batch: each of its codes has a link of its own, and pays points once to whoever scans it.",
            rx.cond(
                ShellState.may_manage, rx.el.a("Create the first batch", href=NEW, class_name="button"), rx.fragment()
            ),
        ),
    )


def _toolbar() -> rx.Component:
    state = ScanBatchesState
    choose = rx.call_function(f"() => document.getElementById('{FIND}').requestSubmit()")

    def narrow(name: str, label: str, chosen: rx.Var[str], *choices: tuple[str, str], kind: str = "") -> rx.Component:
        return rx.el.div(
            rx.el.label(label, html_for=name),
            options(*choices, chosen=chosen)(id=name, name=name, on_change=choose),
            class_name=f"field {kind}".strip(),
        )

    return rx.fragment(
        rx.el.form(
            rx.el.div(
                rx.el.label("Search by ID, name or prefix", html_for="q"),
                rx.el.input(
                    id="q", name="q", type="search", default_value=state.text, max_length=80, auto_complete="off"
                ),
                class_name="field",
            ),
            narrow(
                "status", "Status", state.status, ("", "All"), *((mark.value, words) for mark, words in MARKS.items())
            ),
            narrow("sort", "Sort by", state.sort, *SORTS, kind="cards-only"),
            rx.el.button("Search", type="submit", class_name="button"),
            key=state.turn,
            id=FIND,
            on_submit=state.find,
            class_name="search scan-search",
            role="search",
        ),
        rx.cond(
            state.is_narrowed,
            rx.el.div(
                rx.el.p(state.found_words, role="status"),
                rx.el.a("Show all batches", href=HOME, class_name="button quiet"),
                class_name="narrowed",
            ),
        ),
    )


def _table() -> rx.Component:
    return rx.el.div(
        rx.el.table(
            rx.el.caption("QR Code Batches", class_name="unseen"),
            rx.el.thead(
                rx.el.tr(rx.foreach(ScanBatchesState.heads, _head), rx.el.th("Actions", scope="col", class_name="last"))
            ),
            rx.el.tbody(rx.foreach(ScanBatchesState.rows, _row)),
            class_name="rows scan-batches",
        ),
        class_name="card",
    )


def _head(head: ObjectVar[Head]) -> rx.Component:
    return rx.el.th(
        rx.el.a(
            head.words,
            rx.match(
                head.order,
                ("ascending", rx.el.span("↑", aria_hidden="true")),
                ("descending", rx.el.span("↓", aria_hidden="true")),
                rx.fragment(),
            ),
            href=head.href,
        ),
        scope="col",
        custom_attrs={"aria-sort": head.order},
        key=head.words,
    )


def _row(row: ObjectVar[ScanBatchRow]) -> rx.Component:
    def cell(label: str, *content: rx.Component | rx.Var, kind: str = "") -> rx.Component:
        return rx.el.td(*content, class_name=kind, custom_attrs={"data-label": label})

    return rx.el.tr(
        cell(
            "Batch ID",
            rx.el.a(
                rx.el.span(f"#{row.id}", class_name="number"), f" {row.name}", href=f"/admin/batches/scan/{row.id}"
            ),
            rx.cond(row.mark == "generating", _progress(row), _usage(row)),
            _marks(row),
            kind="name",
        ),
        cell("Creation Date", rx.el.span(row.created), kind="day"),
        cell(
            "Expiry Date",
            rx.el.span(row.expires),
            rx.cond(row.is_expired, rx.el.span(icon("clock"), "expired", class_name="badge"), rx.fragment()),
            kind="day",
        ),
        cell("Total Codes", _live(row.total), kind="amount"),
        cell("Used Codes", _live(row.used), kind="amount"),
        cell("Active Codes", _live(row.active), kind="amount"),
        cell(
            "Actions",
            rx.el.div(_details(row), rx.cond(ShellState.may_manage, _menu(row)), class_name="tools"),
            kind="acts",
        ),
        key=row.id,
        custom_attrs={"data-batch": row.id},
    )


def _details(row: ObjectVar[ScanBatchRow]) -> rx.Component:
    return rx.el.a(
        "View details",
        href=f"/admin/batches/scan/{row.id}",
        class_name="button",
        aria_label=f"View details of {row.name}",
    )


def _menu(row: ObjectVar[ScanBatchRow]) -> rx.Component:
    act, busy = ScanActionsState, ScanActionsState.busy == row.id
    return actions_menu(
        f"Actions for {row.name}",
        rx.cond(
            row.may_disable,
            menu_item(
                "lock", "Disable all codes", [act.ask_disable(row.id), show_dialog(DISABLE)], busy=busy, closes=True
            ),
            _not_now("lock", "Disable all codes", "No code is active."),
        ),
        rx.cond(
            row.may_enable,
            menu_item("play", "Enable all codes", act.enable_all(row.id), busy=busy, closes=True),
            _not_now("play", "Enable all codes", "No code is disabled."),
        ),
        group="scan-batch-menu",
        key=f"{row.id}-{row.may_disable}-{row.may_enable}",
    )


def _not_now(sign: str, words: str, why: str) -> rx.Component:
    return rx.el.button(
        rx.el.span(icon(sign), class_name="sign"),
        rx.el.span(words, rx.el.small(why)),
        type="button",
        custom_attrs={"aria-disabled": "true"},
    )


def _marks(row: ObjectVar[ScanBatchRow]) -> rx.Component:
    return rx.el.div(
        rx.cond(
            row.mark_words & (row.mark != "active"),
            rx.el.span(
                rx.match(
                    row.mark,
                    ("paused", icon("pause")),
                    ("failed", icon("cross")),
                    ("disabled", icon("lock")),
                    ("used_up", icon("check")),
                    icon("clock"),
                ),
                row.mark_words,
                class_name="badge",
                custom_attrs={"data-badge": row.mark},
            ),
            rx.fragment(),
        ),
        rx.cond(
            row.is_frozen,
            rx.el.span(icon("lock"), "Redemptions frozen", class_name="badge", custom_attrs={"data-badge": "paused"}),
            rx.fragment(),
        ),
        class_name="badges",
    )


def _progress(row: ObjectVar[ScanBatchRow]) -> rx.Component:
    return rx.el.div(
        rx.el.progress(value=row.progress, max=100, aria_label=f"Making codes of {row.name}"),
        rx.el.p(row.progress_words, class_name="quiet"),
        class_name="making",
    )


def _usage(row: ObjectVar[ScanBatchRow]) -> rx.Component:
    return rx.el.div(
        rx.el.span(class_name="used", style={"inlineSize": f"{row.used_share}%"}),
        rx.el.span(class_name="enabled", style={"inlineSize": f"{row.active_share}%"}),
        rx.el.span(class_name="off", style={"inlineSize": f"{row.disabled_share}%"}),
        class_name="usage",
        role="img",
        aria_label=row.share_words,
        title=row.share_words,
    )


def _disable_dialog() -> rx.Component:
    asked = ScanActionsState.asked
    return rx.el.dialog(
        rx.el.h2(asked.question),
        rx.el.ul(rx.foreach(asked.facts, rx.el.li), class_name="told"),
        rx.el.div(
            rx.el.button("Cancel", type="button", on_click=close_dialog(DISABLE), class_name="button", auto_focus=True),
            rx.el.button(
                "Disable all codes",
                type="button",
                on_click=[ScanActionsState.disable_all(asked.id), close_dialog(DISABLE)],
                class_name="button danger",
            ),
            class_name="actions",
        ),
        id=DISABLE,
        class_name="dialog",
        aria_label="Disable all codes",
    )


def _live(value: rx.Var[str]) -> rx.Component:
    # A new key makes a new element, and a new element plays its animation.
    return rx.el.span(value, key=value, class_name="live")


def _pages() -> rx.Component:
    state = ScanBatchesState
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
