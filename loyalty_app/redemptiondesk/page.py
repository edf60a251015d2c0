"""The Redemptions page."""

from collections.abc import Callable, Sequence
from typing import Any

import reflex as rx
from reflex.vars import ArrayVar, ObjectVar

from loyalty_app.accounts.state import ShellState
from loyalty_app.counter import parts
from loyalty_app.redemptiondesk.state import (
    HOME,
    STATUSES,
    ChoiceRow,
    ConflictRow,
    Fact,
    RedemptionRow,
    RedemptionsState,
    SettleState,
    UndoState,
)
from loyalty_app.ui.actions import file_link
from loyalty_app.ui.address import AddressDialog, AddressForm, ScrollWatch, SlashKey
from loyalty_app.ui.charts import band
from loyalty_app.ui.dialogs import close_cross
from loyalty_app.ui.forms import options
from loyalty_app.ui.icons import icon
from loyalty_app.ui.layout import empty, show_dialog, title_line
from loyalty_app.ui.lists import live_number, next_pages

ONE = "redemption-dialog"
SIGNS = {"recorded": "check", "reversed": "back", "goodwill": "heart"}
HEADS = ("Coupon code", "Customer", "Offer", "Status", "Date and time", "Location")

TOTAL = "Every code that was redeemed and counts: taken back ones and goodwill are left out."
ACTIVE = "Coupons that could be redeemed now: claimed, switched on, not expired and not redeemed."
RATE = "Redeemed coupons in every hundred that were handed out, whether they expired since or not."


def redemptions_page() -> rx.Component:
    """Scan, watch the numbers, and find every redemption there was (S2-2)."""
    state = RedemptionsState
    return rx.fragment(
        title_line(
            "Redemptions",
            file_link("Export CSV", state.file),
            rx.cond(
                ShellState.may_scan,
                rx.el.button(
                    icon("scan"),
                    "Scan QR Code",
                    type="button",
                    on_click=show_dialog(parts.DIALOG),
                    class_name="button primary",
                ),
                rx.fragment(),
            ),
            lead="Scan, and see at once what was redeemed. Every number here is live.",
        ),
        rx.cond(
            state.is_loaded,
            rx.fragment(_cards(), _conflicts(), _history()),
            rx.el.div(
                rx.el.div(*[rx.el.div(class_name="skeleton tile-size") for _ in range(3)], class_name="tiles three"),
                rx.el.div(class_name="skeleton tall"),
                class_name="summed",
                aria_busy="true",
            ),
        ),
        _one(),
        rx.cond(ShellState.may_scan, parts.scan_dialog(), rx.fragment()),
        SlashKey.create(field="q"),
    )


def _cards() -> rx.Component:
    cards = RedemptionsState.cards
    return rx.el.dl(
        _card("Total redemptions", TOTAL, cards.total, cards.total_note),
        _card("Active coupons", ACTIVE, cards.active, "claimed and good to be redeemed"),
        _card(
            "Redemption rate",
            RATE,
            cards.rate,
            cards.rate_words,
            band((10, 20), (30, 70), cards.share),
            rx.el.small(cards.hint, class_name="rate-hint", custom_attrs={"data-verdict": cards.verdict}),
        ),
        class_name="tiles stand",
    )


def _card(label: str, means: str, value: rx.Var[str], note: str | rx.Var[str], *more: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.dt(
            label,
            rx.el.details(
                rx.el.summary(icon("info"), aria_label=f"What is “{label}”?"),
                rx.el.p(means, class_name="menu"),
                class_name="actions-menu what",
            ),
        ),
        rx.el.dd(live_number(value), rx.el.small(note), *more),
        class_name="card tile",
    )


def _conflicts() -> rx.Component:
    state = RedemptionsState
    return rx.el.div(
        rx.cond(
            state.conflicts_words,
            rx.el.details(
                rx.el.summary(icon("offline"), state.conflicts_words),
                rx.el.ul(rx.foreach(state.conflicts, _conflict)),
                class_name="conflicts",
            ),
            rx.fragment(),
        ),
        role="status",
        class_name="conflicts-place",
    )


def _conflict(one: ObjectVar[ConflictRow]) -> rx.Component:
    return rx.el.li(
        rx.el.p(
            rx.el.a(
                rx.el.bdi(one.code),
                href=RedemptionsState.here + one.redemption.to_string(),
                class_name="code",
                custom_attrs={"preventScrollReset": True},
            ),
            f" {one.about}",
        ),
        rx.el.dl(
            rx.el.div(rx.el.dt("Reached us first, and counts"), rx.el.dd(one.first)),
            rx.el.div(rx.el.dt("Reached us later"), rx.el.dd(one.late)),
            class_name="labelled",
        ),
        rx.cond(
            RedemptionsState.may_settle,
            rx.el.button(
                rx.el.span(class_name="spinner", aria_hidden="true"),
                "Put aside",
                type="button",
                aria_label=f"Put {one.code} aside",
                on_click=SettleState.settle(one.id),
                class_name="button",
                custom_attrs={"data-busy": SettleState.busy == one.id},
            ),
            rx.fragment(),
        ),
        key=one.id,
    )


def _history() -> rx.Component:
    state = RedemptionsState
    return rx.el.section(
        rx.el.div(
            rx.el.h2("History"),
            rx.el.div(
                rx.cond(
                    state.news,
                    rx.el.button(state.news, type="button", on_click=state.show_news, class_name="button"),
                    rx.fragment(),
                ),
                role="status",
            ),
            class_name="card-head news",
        ),
        rx.cond((state.rows.length() > 0) | (state.narrowed != ""), _search(), rx.fragment()),
        ScrollWatch.create(on_scrolled=state.scrolled),
        rx.cond(
            state.rows.length() > 0,
            rx.fragment(_table(), next_pages(state, "Newest", "Older")),
            rx.cond(
                state.narrowed,
                empty("Nothing found", state.narrowed),
                empty(
                    "Nothing redeemed yet",
                    "Each code that is redeemed appears here at once: whose it was, for which offer, when and where.",
                    rx.cond(
                        ShellState.may_manage,
                        rx.el.a("Make an offer and share it", href="/admin/offers/new/", class_name="button"),
                        rx.fragment(),
                    ),
                ),
            ),
        ),
        class_name="summed history",
    )


def _search() -> rx.Component:
    state = RedemptionsState
    return rx.fragment(
        rx.el.form(
            _field("q", "Code, customer or offer", _words, kind="wide"),
            _field("status", "Status", options(("", "All"), *[(one.value, words) for one, words in STATUSES.items()])),
            rx.cond(state.places.length() > 0, _field("place", "Location", _choice(state.places)), rx.fragment()),
            rx.cond(state.people.length() > 0, _field("staff", "Staff", _choice(state.people)), rx.fragment()),
            _field("since", "From", _day, kind="day"),
            _field("until", "To", _day, kind="day"),
            AddressForm.create(),
            class_name="search history-search",
            role="search",
        ),
        rx.el.div(
            rx.el.p(state.found, role="status"), rx.cond(state.narrowed, _clear(), rx.fragment()), class_name="narrowed"
        ),
    )


def _field(name: str, label: str, control: Callable[..., rx.Component], kind: str = "") -> rx.Component:
    return rx.el.div(rx.el.label(label, html_for=name), control(id=name, name=name), class_name=f"field {kind}".strip())


def _words(**props: Any) -> rx.Component:
    return rx.el.input(type="search", max_length=80, auto_complete="off", aria_keyshortcuts="/", **props)


def _day(**props: Any) -> rx.Component:
    return rx.el.input(type="date", **props)


def _choice(choices: ArrayVar[Sequence[ChoiceRow]]) -> Callable[..., rx.Component]:
    def select(**props: Any) -> rx.Component:
        return rx.el.select(
            rx.el.option("All", value=""),
            rx.foreach(choices, lambda one: rx.el.option(one.name, value=one.value)),
            **props,
        )

    return select


def _clear() -> rx.Component:
    return rx.el.a("Clear search and filters", href=HOME, custom_attrs={"preventScrollReset": True})


def _table() -> rx.Component:
    return rx.el.div(
        rx.el.table(
            rx.el.thead(rx.el.tr(*[rx.el.th(head, scope="col") for head in HEADS])),
            rx.el.tbody(rx.foreach(RedemptionsState.rows, _row)),
            class_name="rows redemptions",
        ),
        class_name="card",
    )


def _row(row: ObjectVar[RedemptionRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.a(
                rx.el.bdi(row.code),
                href=RedemptionsState.here + row.id.to_string(),
                class_name="opens",
                custom_attrs={"preventScrollReset": True},
            ),
            class_name="code",
            custom_attrs={"data-label": HEADS[0]},
        ),
        rx.el.td(row.customer, dir="auto", class_name="loose", custom_attrs={"data-label": HEADS[1]}),
        rx.el.td(
            row.title,
            rx.cond(row.worth, rx.el.small(row.worth)),
            class_name="loose",
            custom_attrs={"data-label": HEADS[2]},
        ),
        rx.el.td(
            _status(row.status, row.status_words),
            rx.cond(row.scanned, rx.el.small(icon("offline"), row.scanned)),
            class_name="stands",
            custom_attrs={"data-label": HEADS[3]},
        ),
        rx.el.td(row.at, class_name="tight", custom_attrs={"data-label": HEADS[4]}),
        rx.el.td(
            row.place,
            rx.cond(row.staff, rx.el.small(f"by {row.staff}")),
            class_name="loose",
            custom_attrs={"data-label": HEADS[5]},
        ),
        key=row.id,
        custom_attrs={"data-new": row.is_new, "data-status": row.status},
    )


def _status(status: rx.Var[str], words: rx.Var[str]) -> rx.Component:
    return rx.el.span(
        rx.match(status, *((one, icon(sign)) for one, sign in SIGNS.items()), rx.fragment()),
        words,
        class_name="badge",
        custom_attrs={"data-badge": status},
    )


def _one() -> rx.Component:
    one = RedemptionsState.one
    return AddressDialog.create(
        rx.el.h2(rx.cond(one.is_missing, "This redemption does not exist", rx.el.bdi(one.code))),
        close_cross(ONE),
        rx.cond(
            one.is_missing,
            rx.el.p("Its batch was deleted, or the address is not right."),
            rx.fragment(
                rx.el.p(_status(one.status, one.status_words)),
                rx.el.dl(rx.foreach(one.facts, _fact), class_name="labelled"),
                rx.el.p(_about(UndoState.said), role="status", class_name="undone"),
                rx.cond(one.undo_until, _undo()),
                rx.cond(one.may_take_back, _take_back()),
                rx.cond(one.why, rx.el.p(rx.el.a("Why? Every check of this code", href=one.why))),
            ),
        ),
        id=ONE,
        open=one.id != 0,
        name="redemption",
        class_name="dialog one-redemption",
        aria_label="One redemption",
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
            rx.el.button(
                rx.el.span(class_name="spinner", aria_hidden="true"),
                "Undo",
                type="button",
                on_click=UndoState.undo(one.id),
                class_name="button danger",
                custom_attrs={"data-busy": UndoState.busy},
            ),
            class_name="actions",
        ),
        class_name="form",
    )


def _take_back() -> rx.Component:
    one = RedemptionsState.one
    return rx.el.details(
        rx.el.summary("Take back", class_name="button"),
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
                rx.el.button(
                    rx.el.span(class_name="spinner", aria_hidden="true"),
                    "Take back",
                    type="submit",
                    class_name="button danger",
                    custom_attrs={"data-busy": UndoState.busy},
                ),
                class_name="actions",
            ),
            on_submit=UndoState.take_back,
            class_name="form",
        ),
        key=one.id,
        class_name="taking-back",
    )


def _problem() -> rx.Component:
    return rx.el.p(_about(UndoState.problem), role="alert", class_name="odds weak refused")


def _about(words: rx.Var[str]) -> rx.Var[str]:
    """Return what was said of the redemption that is shown, not of one before."""
    return rx.cond(UndoState.about == RedemptionsState.one.id, words, "")
