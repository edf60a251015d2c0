"""The Redemptions page."""

from collections.abc import Callable, Sequence
from typing import Any

import reflex as rx
from reflex.vars import ArrayVar, ObjectVar

from loyalty_app.accounts.state import ShellState
from loyalty_app.counter import parts
from loyalty_app.counter.state import ScanState
from loyalty_app.redemptiondesk.parts import one_redemption, status_badge
from loyalty_app.redemptiondesk.rules import STATUSES
from loyalty_app.redemptiondesk.state import (
    HOME,
    ChoiceRow,
    ConflictRow,
    RedemptionRow,
    RedemptionsState,
    SettleState,
)
from loyalty_app.tills import parts as tills
from loyalty_app.ui.actions import file_link
from loyalty_app.ui.address import AddressForm, ScrollWatch, SlashKey
from loyalty_app.ui.charts import band
from loyalty_app.ui.forms import options, spinning
from loyalty_app.ui.icons import icon
from loyalty_app.ui.layout import empty, show_dialog, title_line
from loyalty_app.ui.lists import live_number, next_pages

HEADS = ("Coupon code", "Customer", "Offer", "Status", "Date and time", "Location")

TOTAL = "Every code that was redeemed and counts: undone ones and goodwill are left out."
ACTIVE = "Coupons that could be redeemed now: claimed, switched on, not expired and not redeemed."
RATE = "Redeemed coupons in every hundred that were handed out, whether they expired since or not."


def redemptions_page() -> rx.Component:
    """Scan, watch the numbers, and find every redemption there was (S2-2)."""
    state = RedemptionsState
    return rx.fragment(
        title_line(
            "Redemptions",
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
        one_redemption(),
        rx.cond(ShellState.may_scan, parts.scan_dialog(), rx.fragment()),
        SlashKey.create(field="q"),
        tills.idle_lock(ScanState.answer),
    )


def _export() -> rx.Component:
    state = RedemptionsState
    return rx.el.div(
        rx.el.small(state.file_words),
        rx.cond(
            state.has_file,
            file_link("Export CSV", state.file),
            rx.el.button("Export CSV", type="button", disabled=True, class_name="button"),
        ),
        class_name="export",
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
                rx.el.p(
                    "The rewards may have been given. A lead puts aside what is dealt with. ", state.conflicts_rest
                ),
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
            rx.cond(
                one.redemption,
                rx.el.a(
                    rx.el.bdi(one.code),
                    href=RedemptionsState.here + one.redemption.to_string(),
                    class_name="code",
                    custom_attrs={"preventScrollReset": True},
                ),
                rx.el.bdi(one.code, class_name="code"),
            ),
            f" {one.about}",
        ),
        rx.el.dl(
            rx.cond(
                one.first,
                rx.el.div(rx.el.dt("Reached us first, and counts"), rx.el.dd(one.first)),
                rx.el.div(rx.el.dt("Refused because"), rx.el.dd(one.reason)),
            ),
            rx.el.div(
                rx.el.dt(rx.cond(one.first, "Reached us later", "Scanned without a connection")), rx.el.dd(one.late)
            ),
            class_name="labelled",
        ),
        rx.cond(
            RedemptionsState.may_settle,
            spinning(
                "Put aside",
                type="button",
                aria_label=f"Put {one.code} aside",
                on_click=SettleState.settle(one.id),
                class_name="button",
                busy=SettleState.busy == one.id,
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
            rx.cond((state.rows.length() > 0) | (state.narrowed != ""), _export(), rx.fragment()),
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
            _last_day(),
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


def _last_day() -> rx.Component:
    problem = RedemptionsState.days_problem
    return rx.el.div(
        rx.el.label("To", html_for="until"),
        _day(id="until", name="until", aria_invalid=problem != "", aria_describedby="until-problem"),
        rx.el.p(problem, id="until-problem", class_name="problem", role="status"),
        class_name="field day",
    )


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
            rx.cond(row.undone, rx.el.small(row.undone)),
            class_name="loose",
            custom_attrs={"data-label": HEADS[2]},
        ),
        rx.el.td(
            status_badge(row.status, row.status_words),
            class_name="stands",
            custom_attrs={"data-label": HEADS[3]},
        ),
        rx.el.td(
            row.at,
            rx.cond(row.scanned, rx.el.small(icon("offline"), row.scanned)),
            class_name="tight",
            custom_attrs={"data-label": HEADS[4]},
        ),
        rx.el.td(
            row.place,
            rx.cond(row.staff, rx.el.small(f"by {row.staff}")),
            class_name="loose",
            custom_attrs={"data-label": HEADS[5]},
        ),
        key=row.id,
        custom_attrs={"data-new": row.is_new, "data-status": row.status},
    )
