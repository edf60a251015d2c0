"""The overview."""

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.dashboard.state import OverviewState, ScanRow, VisitsState
from loyalty_app.ui.charts import pairs_chart, ranges, ranking
from loyalty_app.ui.icons import icon
from loyalty_app.ui.layout import title_line

COUNTED = "Redemptions recorded in the last 30 days; undone ones and goodwill do not count."


def overview_page() -> rx.Component:
    """Tell how the program goes in one look."""
    return rx.fragment(
        title_line("Overview", lead="Every number here is live."),
        rx.cond(
            OverviewState.is_loaded,
            rx.fragment(
                rx.el.p(OverviewState.at_work, class_name="at-work", role="status"),
                rx.cond(OverviewState.is_new & (OverviewState.at_work == ""), _first_steps()),
                rx.el.dl(
                    _tile("Batches", OverviewState.batches, f"{OverviewState.batches_ever} ever made"),
                    _tile("Vouchers", OverviewState.vouchers, "in all batches"),
                    _tile("Claimed", OverviewState.claimed, OverviewState.claimed_words),
                    _tile("Redeemed", OverviewState.redeemed, f"redemption rate {OverviewState.rate}"),
                    class_name="tiles",
                ),
                rx.cond(OverviewState.has_codes, _codes()),
                _over_time(),
                _funnel(),
                _visits(),
                _scans(),
            ),
            rx.el.div(class_name="skeleton tall", aria_busy="true"),
        ),
    )


def _first_steps() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Start here"),
        rx.el.ol(
            rx.el.li(rx.el.a("Make an offer", href="/admin/offers/new/"), ": what members get."),
            rx.el.li(rx.el.a("Make a batch", href="/admin/batches/new/"), " of it: vouchers behind one claim link."),
            rx.el.li("Share the link or its QR code, and watch the numbers here."),
            rx.el.li("At the counter, open ", rx.el.a("the scanner", href="/scan/"), " on a tablet."),
        ),
        class_name="card steps",
    )


def _tile(label: str, value: str | rx.Var[str], note: str | rx.Var[str]) -> rx.Component:
    return rx.el.div(
        rx.el.dt(label),
        rx.el.dd(rx.el.span(value, key=value, class_name="live"), rx.el.small(note)),
        class_name="card tile",
    )


def _codes() -> rx.Component:
    state = OverviewState
    return rx.el.section(
        rx.el.div(
            rx.el.h2("QR codes"),
            rx.el.a("Batch Management", href="/admin/batches/scan/"),
            class_name="card-head",
        ),
        rx.el.dl(
            _tile("Used today", state.codes_used, state.codes_words),
            _tile("Active", state.codes_active, state.codes_note),
            _tile("Points paid", state.points_paid, "by redemptions that count"),
            class_name="tiles three",
        ),
        class_name="codes",
    )


def _over_time() -> rx.Component:
    return rx.el.section(
        rx.el.div(rx.el.h2("Over time"), ranges(OverviewState.ranges), class_name="card-head"),
        pairs_chart(OverviewState.chart, ("Claimed", "Redeemed"), "When", "Nothing happened in this time."),
        class_name="card",
    )


def _funnel() -> rx.Component:
    return rx.el.section(
        rx.el.h2("From voucher to counter"),
        rx.el.ul(
            _bar("Vouchers", OverviewState.vouchers, OverviewState.vouchers_share, "all"),
            _bar("Claimed", OverviewState.claimed, OverviewState.claimed_share, "claimed"),
            _bar("Redeemed", OverviewState.redeemed, OverviewState.redeemed_share, "redeemed"),
            class_name="bars",
        ),
        class_name="card",
    )


def _visits() -> rx.Component:
    state = VisitsState
    return rx.cond(
        state.is_loaded,
        rx.fragment(
            rx.el.div(
                rx.el.section(
                    rx.el.h2("Which offers bring people in?"),
                    rx.el.p(state.offers_say),
                    rx.cond(state.offers.length() > 0, ranking(state.offers, "Redemptions by offer and location")),
                    rx.el.p(COUNTED, class_name="quiet"),
                    class_name="card",
                ),
                rx.el.section(
                    rx.el.h2("How far do new members come?"),
                    rx.el.p(state.steps_say),
                    ranking(state.steps, "From joining to coming again"),
                    rx.el.p("Members who joined in the last 90 days.", class_name="quiet"),
                    class_name="card",
                ),
                class_name="two-up",
            ),
            rx.el.section(
                rx.el.h2("When do people come?"),
                pairs_chart(state.clock, ("Redemptions",), "Hour", "Nothing was redeemed in the last 30 days."),
                rx.el.p(COUNTED, class_name="quiet"),
                class_name="card",
            ),
        ),
    )


def _bar(label: str, value: str | rx.Var[str], share: rx.Var[int] | int, kind: str) -> rx.Component:
    return rx.el.li(
        rx.el.span(label),
        rx.el.span(rx.el.span(class_name=f"fill {kind}", style={"inlineSize": f"{share}%"}), class_name="track"),
        rx.el.strong(value),
    )


def _scans() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h2("Latest scans"), rx.el.a("All redemptions", href="/admin/redemptions/"), class_name="card-head"
        ),
        rx.cond(
            OverviewState.scans.length() > 0,
            rx.el.table(
                rx.el.thead(
                    rx.el.tr(*[rx.el.th(head, scope="col") for head in ("Outcome", "What", "Member", "Staff", "When")])
                ),
                rx.el.tbody(rx.foreach(OverviewState.scans, _scan)),
                class_name="rows",
            ),
            rx.el.p("Nothing scanned yet. Every scan appears here by itself, refused ones too.", class_name="quiet"),
        ),
        class_name="card",
    )


def _scan(row: ObjectVar[ScanRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.span(rx.cond(row.is_good, icon("check"), icon("cross")), row.outcome),
            custom_attrs={"data-label": "Outcome", "data-good": row.is_good},
            class_name="outcome",
        ),
        rx.el.td(row.what, class_name="loose", custom_attrs={"data-label": "What"}),
        rx.el.td(row.member, class_name="loose", custom_attrs={"data-label": "Member"}),
        rx.el.td(row.staff, class_name="loose", custom_attrs={"data-label": "Staff"}),
        rx.el.td(row.at, class_name="tight", custom_attrs={"data-label": "When"}),
        key=row.id,
    )
