"""Batch Management, and the page of one batch of QR codes."""

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.accounts.state import ShellState
from loyalty_app.batches.state import DELETION, BatchActionsState, DeleteState
from loyalty_app.scanbatches.state import (
    MARKS,
    SORTS,
    ActivationRow,
    CodeRow,
    Head,
    ScanActionsState,
    ScanBatchesState,
    ScanBatchRow,
    ScanBatchState,
    ScanCodesState,
)
from loyalty_app.ui.actions import actions_menu, file_link, menu_item, switch
from loyalty_app.ui.charts import pairs_chart, ranges
from loyalty_app.ui.deletion import DELETE_DIALOG, delete_dialog
from loyalty_app.ui.dialogs import close_cross, decision
from loyalty_app.ui.expiry import expiry
from loyalty_app.ui.forms import CopyButton, forget, options, spinning
from loyalty_app.ui.icons import icon
from loyalty_app.ui.layout import empty, page_of, show_dialog, title_line
from loyalty_app.ui.lists import badge, frozen_badge, live_number, next_pages, numbered_pages, tile

FIND = "find-scan-batches"
DISABLE = "disable-dialog"
CODE = "code-dialog"
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
        tile("Total Batches", cards.batches, cards.batches_note),
        tile("Total QR Codes", cards.codes, "in the batches below"),
        tile("Used QR Codes", cards.used, cards.used_note),
        tile("Active QR Codes", cards.active, "enabled, unused, not expired"),
        class_name="tiles",
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
            numbered_pages(state),
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
        cell("Total Codes", live_number(row.total), kind="amount"),
        cell("Used Codes", live_number(row.used), kind="amount"),
        cell("Active Codes", live_number(row.active), kind="amount"),
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
    return actions_menu(
        f"Actions for {row.name}",
        *_switches(row),
        group="scan-batch-menu",
        key=f"{row.id}-{row.may_disable}-{row.may_enable}",
    )


def _switches(row: ObjectVar[ScanBatchRow]) -> tuple[rx.Component | rx.Var, ...]:
    act, busy = ScanActionsState, ScanActionsState.busy == row.id
    return (
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
            badge(row.mark, row.mark_words),
            rx.fragment(),
        ),
        rx.cond(
            row.is_frozen,
            frozen_badge(),
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
        decision(DISABLE, "Disable all codes", ScanActionsState.disable_all(asked.id), kind="danger"),
        id=DISABLE,
        class_name="dialog",
        aria_label="Disable all codes",
    )


def scan_batch_page() -> rx.Component:
    """Tell everything about one batch, and list its codes (S0-21, S0-22)."""
    state = ScanBatchState
    return page_of(
        "batch",
        state,
        rx.el.a("Batch Management", href=HOME, class_name="button"),
        _title(),
        _numbers(),
        rx.el.div(_information(), _sequence(), class_name="halves"),
        _over_time(),
        _activation(),
        _codes(),
        _disable_dialog(),
        _code_dialog(),
        delete_dialog(DELETION),
    )


def _title() -> rx.Component:
    row, batch, act = ScanBatchState.row, ScanBatchState.batch, BatchActionsState
    busy = act.busy == row.id
    return rx.fragment(
        title_line(
            row.name,
            rx.cond(
                ShellState.may_manage,
                rx.fragment(
                    rx.cond(batch.may_pause, switch("pause", "Pause batch", act.pause(row.id), busy=busy)),
                    rx.cond(batch.may_resume, switch("play", "Resume batch", act.resume(row.id), busy=busy)),
                    rx.cond(row.may_go_on, switch("play", "Go on making codes", act.go_on(row.id), busy=busy)),
                    rx.cond(row.is_frozen, switch("play", "Allow redemptions", act.unfreeze(row.id), busy=busy)),
                    rx.el.a("Downloads", href=batch.downloads, class_name="button primary"),
                ),
            ),
            file_link("Export CSV", batch.export),
            rx.cond(ShellState.may_manage, _batch_menu()),
        ),
        rx.el.ul(
            rx.el.li(badge(row.mark, row.mark_words)),
            rx.cond(row.is_expired & (row.mark != "expired"), rx.el.li(rx.el.span("Expired", class_name="badge"))),
            rx.cond(row.is_frozen, rx.el.li(icon("lock"), "Redemptions frozen", class_name="frozen")),
            rx.cond(
                batch.may_resume, rx.el.li("Nobody can redeem its codes until you resume it.", class_name="frozen")
            ),
            class_name="facts",
            aria_label="How this batch stands",
        ),
    )


def _batch_menu() -> rx.Component:
    row = ScanBatchState.row
    busy = ScanActionsState.busy == row.id
    return actions_menu(
        f"Actions for {row.name}",
        *_switches(row),
        menu_item(
            "trash", "Delete batch", [DeleteState.ask(row.id), show_dialog(DELETE_DIALOG)], busy=busy, closes=True
        ),
        group="scan-batch-menu",
        key=f"{row.may_disable}-{row.may_enable}",
    )


def _numbers() -> rx.Component:
    row, batch = ScanBatchState.row, ScanBatchState.batch
    return rx.fragment(
        rx.el.dl(
            tile("Total Codes", row.total, "fixed"),
            tile("Used Codes", row.used, "scanned and redeemed"),
            tile("Active Codes", row.active, "enabled and unused"),
            tile("Disabled Codes", batch.disabled, "switched off, not used"),
            class_name="tiles four",
        ),
        rx.el.div(
            rx.cond(row.mark == "generating", _progress(row), _usage(row)),
            rx.cond(
                row.mark != "generating",
                rx.el.ul(
                    *[
                        rx.el.li(rx.el.span(class_name=f"swatch {kind}"), words)
                        for kind, words in (("used", "Used"), ("enabled", "Active"), ("off", "Disabled"))
                    ],
                    class_name="legend",
                    aria_hidden="true",
                ),
            ),
            class_name="usage-of-one",
        ),
    )


def _fact(label: str, *content: rx.Component | rx.Var | str) -> rx.Component:
    return rx.el.div(rx.el.dt(label), rx.el.dd(*content))


def _information() -> rx.Component:
    batch = ScanBatchState.batch
    return rx.el.section(
        rx.el.h2("Batch Information"),
        rx.el.dl(
            _fact("Batch ID", f"#{ScanBatchState.row.id}"),
            _fact("Creation Date", batch.made_at),
            _fact(
                "Parameters",
                rx.el.ul(
                    rx.foreach(
                        batch.parameters,
                        lambda pair: rx.el.li(rx.el.span(pair[0], class_name="key"), f" {pair[1]}"),
                    ),
                    class_name="pairs",
                ),
            ),
            _fact("Expiry Date", expiry(batch.until, batch.end, class_name="until")),
            _fact(
                "Redirect URL",
                rx.el.span(batch.base_url, class_name="url", dir="ltr"),
                " ",
                rx.el.a(
                    "Visit",
                    href=batch.base_url,
                    target="_blank",
                    rel="noopener noreferrer",
                    custom_attrs={"reloadDocument": True},
                ),
            ),
            _fact("Shown as", batch.title),
            _fact(
                "Asks for",
                rx.cond(
                    batch.fields.length() > 0,
                    rx.el.ul(rx.foreach(batch.fields, rx.el.li)),
                    "nothing but who they are",
                ),
            ),
            class_name="labelled",
        ),
        class_name="card",
    )


def _sequence() -> rx.Component:
    batch = ScanBatchState.batch
    return rx.el.section(
        rx.el.h2("Sequence Details"),
        rx.el.dl(
            _fact("First serial", batch.first),
            _fact("Last serial", batch.last),
            _fact("Generated", live_number(batch.made)),
            _fact("Code Prefix", batch.prefix),
            _fact("Characters", batch.alphabet),
            _fact("Sealed with", batch.key),
            class_name="labelled",
        ),
        class_name="card",
    )


def _over_time() -> rx.Component:
    return rx.el.section(
        rx.el.div(rx.el.h2("Redemptions over time"), ranges(ScanBatchState.ranges), class_name="card-head"),
        pairs_chart(ScanBatchState.chart, ("Redeemed",), "When", "Nothing was redeemed in this time."),
        class_name="card",
    )


def _activation() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Activation Details"),
        rx.cond(
            ScanBatchState.activations.length() > 0,
            rx.el.ol(rx.foreach(ScanBatchState.activations, _one_activation), class_name="trail"),
            rx.el.p("Nothing was enabled, disabled or paused yet.", class_name="quiet"),
        ),
        class_name="card",
    )


def _one_activation(row: ObjectVar[ActivationRow]) -> rx.Component:
    return rx.el.li(
        rx.el.span(row.at, class_name="quiet"),
        rx.el.span(rx.el.strong(row.who), " ", row.what, rx.cond(row.details, f" · {row.details}", "")),
        key=row.id,
    )


def _codes() -> rx.Component:
    state = ScanBatchState
    return rx.el.section(
        rx.el.h2("Codes"),
        _code_search(),
        rx.cond(
            state.rows.length() > 0,
            rx.fragment(rx.cond(ShellState.may_manage, _selection()), _code_table(), next_pages(state)),
            empty("No code fits", "Try a shorter part of the code, its serial, or another status."),
        ),
        id="codes",
        class_name="summed",
    )


def _code_search() -> rx.Component:
    return rx.el.form(
        rx.el.div(
            rx.el.label(rx.cond(ScanBatchState.sees_members, "Code, serial or member", "Code or serial"), html_for="q"),
            rx.el.input(
                id="q", name="q", type="search", default_value=ScanBatchState.text, max_length=80, auto_complete="off"
            ),
            class_name="field",
        ),
        rx.el.div(
            rx.el.label("Status", html_for="status"),
            options(
                ("", "All"),
                ("active", "Active"),
                ("used", "Used"),
                ("disabled", "Disabled"),
                chosen=ScanBatchState.status,
            )(id="status", name="status"),
            class_name="field",
        ),
        rx.el.button("Search", type="submit", class_name="button"),
        key=f"{ScanBatchState.text}|{ScanBatchState.status}",
        on_submit=ScanBatchState.find,
        class_name="search",
        role="search",
    )


def _selection() -> rx.Component:
    state = ScanCodesState
    count = state.chosen.length()

    def act(words: str, handler: rx.event.EventType[()]) -> rx.Component:
        return spinning(
            words,
            type="button",
            on_click=handler,
            disabled=count == 0,
            class_name="button",
            busy=state.is_busy,
        )

    return rx.el.div(
        rx.el.label(
            rx.el.input(
                type="checkbox",
                checked=(count > 0) & (count == ScanBatchState.serials.length()),
                on_change=lambda _checked: state.choose_page(),
            ),
            rx.el.span("Select all on this page"),
            class_name="choice",
        ),
        rx.el.p(rx.cond(count > 0, f"{count} selected", "None selected"), class_name="quiet", role="status"),
        rx.el.div(act("Disable selected", state.disable), act("Enable selected", state.enable), class_name="actions"),
        class_name="selection",
    )


def _code_table() -> rx.Component:
    def head(words: str) -> rx.Component:
        return rx.el.th(words, scope="col")

    return rx.el.div(
        rx.el.table(
            rx.el.caption("Codes of this batch", class_name="unseen"),
            rx.el.thead(
                rx.el.tr(
                    rx.cond(ShellState.may_manage, rx.el.th(rx.el.span("Select", class_name="unseen"), scope="col")),
                    head("Serial"),
                    head("Code"),
                    head("Status"),
                    head("Redeemed"),
                    rx.cond(ScanBatchState.sees_members, head("Member")),
                    rx.cond(ShellState.may_manage, head("Actions")),
                )
            ),
            rx.el.tbody(rx.foreach(ScanBatchState.rows, _code_row)),
            class_name="rows scan-codes",
        ),
        class_name="card",
    )


def _code_row(row: ObjectVar[CodeRow]) -> rx.Component:
    def cell(label: str, *content: rx.Component | rx.Var, kind: str = "") -> rx.Component:
        return rx.el.td(*content, class_name=kind, custom_attrs={"data-label": label})

    state = ScanCodesState
    return rx.el.tr(
        rx.cond(
            ShellState.may_manage,
            cell(
                "Select",
                rx.el.label(
                    rx.el.input(
                        type="checkbox",
                        checked=state.chosen.contains(row.serial),
                        on_change=lambda _checked: state.choose(row.serial),
                        aria_label=f"Select code {row.serial}",
                    ),
                    class_name="choice",
                ),
                kind="pick",
            ),
        ),
        cell("Serial", row.serial, kind="amount"),
        cell("Code", rx.el.bdi(row.code), kind="code"),
        cell(
            "Status",
            rx.el.span(
                rx.match(
                    row.status,
                    ("redeemed", icon("check")),
                    ("disabled", icon("lock")),
                    icon("qr"),
                ),
                row.status_words,
                class_name="badge",
                custom_attrs={"data-badge": row.status},
            ),
        ),
        cell("Redeemed", row.redeemed),
        rx.cond(ScanBatchState.sees_members, cell("Member", row.member)),
        rx.cond(
            ShellState.may_manage,
            cell(
                "Actions",
                rx.el.div(
                    rx.el.button(
                        "View",
                        type="button",
                        on_click=[state.look(row.serial), show_dialog(CODE)],
                        class_name="button",
                        aria_label=f"View code {row.serial}",
                    ),
                    rx.match(
                        row.status,
                        ("redeemed", rx.fragment()),
                        (
                            "disabled",
                            rx.el.button(
                                "Enable",
                                type="button",
                                on_click=state.enable_one(row.serial),
                                class_name="button",
                                aria_label=f"Enable code {row.serial}",
                            ),
                        ),
                        rx.el.button(
                            "Disable",
                            type="button",
                            on_click=state.disable_one(row.serial),
                            class_name="button",
                            aria_label=f"Disable code {row.serial}",
                        ),
                    ),
                    class_name="tools",
                ),
                kind="acts",
            ),
        ),
        key=row.serial,
        custom_attrs={"data-serial": row.serial},
    )


def _code_dialog() -> rx.Component:
    one = ScanCodesState.looked

    def file(words: str, end: str) -> rx.Component:
        return rx.el.a(
            words,
            href=f"{one.image}.{end}",
            download=f"{one.name}.{end}",
            custom_attrs={"reloadDocument": True},
            class_name="button",
        )

    return rx.el.dialog(
        rx.el.h2(f"Code {one.serial}"),
        rx.cond(
            one.qr,
            rx.el.img(src=one.qr, alt=f"QR code {one.serial}", class_name="qr", width="280", height="280"),
            rx.el.div(class_name="skeleton card-size"),
        ),
        rx.el.p(rx.el.bdi(one.code), class_name="code"),
        rx.el.p(one.url, class_name="url", dir="ltr"),
        rx.el.p(one.warning, class_name="hint"),
        rx.cond(
            one.used.length() > 0,
            rx.el.dl(rx.foreach(one.used, lambda fact: _fact(fact[0], rx.el.bdi(fact[1]))), class_name="known"),
        ),
        rx.el.div(
            CopyButton.create(text=one.url, label="Copy link", done="Copied", class_name="button primary"),
            file("Download PNG", "png"),
            file("Download SVG", "svg"),
            file("Download PDF", "pdf"),
            class_name="actions",
        ),
        close_cross(CODE),
        id=CODE,
        class_name="dialog",
        aria_label="One code",
    )
