"""The page of one batch."""

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.accounts.state import ShellState
from loyalty_app.batches.state import BatchActionsState
from loyalty_app.insights.state import AdviceRow, BatchState, CheckRow, MemberCheckState, SiblingRow
from loyalty_app.ui.actions import switch
from loyalty_app.ui.charts import band, pairs_chart, ranges
from loyalty_app.ui.forms import submit
from loyalty_app.ui.icons import icon
from loyalty_app.ui.layout import page_of, title_line
from loyalty_app.ui.lists import badge, tile
from loyalty_app.ui.share import share


def batch_page() -> rx.Component:
    """Tell how one batch goes, what its numbers call for, and where to look when something is wrong."""
    return page_of(
        "batch",
        BatchState,
        rx.el.a("All batches", href="/admin/batches/", class_name="button"),
        _title(),
        _numbers(),
        _advice(),
        _chart(),
        rx.el.div(_share(), _promise(), class_name="halves"),
        _siblings(),
        _help(),
    )


def _title() -> rx.Component:
    batch, act = BatchState.batch, BatchActionsState
    busy = act.busy == batch.id
    return rx.fragment(
        title_line(
            batch.name,
            rx.cond(
                ShellState.may_manage,
                rx.fragment(
                    rx.cond(batch.may_pause, switch("pause", "Pause batch", act.pause(batch.id), busy=busy)),
                    rx.cond(batch.may_resume, switch("play", "Resume batch", act.resume(batch.id), busy=busy)),
                    rx.cond(batch.may_go_on, switch("play", "Go on making vouchers", act.go_on(batch.id), busy=busy)),
                    rx.cond(batch.is_frozen, switch("play", "Allow redemptions", act.unfreeze(batch.id), busy=busy)),
                    rx.el.a("Name and channel", href=batch.edit, class_name="button"),
                ),
            ),
            rx.el.a("Export CSV", href=batch.export, custom_attrs={"reloadDocument": True}, class_name="button"),
            rx.el.a("Vouchers", href=batch.vouchers, class_name="button primary"),
        ),
        rx.el.ul(
            rx.el.li(badge(batch.badge, batch.badge_words)),
            rx.cond(batch.is_frozen, rx.el.li(icon("lock"), "Redemptions frozen", class_name="frozen")),
            rx.cond(batch.channel, rx.el.li(batch.channel)),
            rx.el.li(batch.until, class_name="until"),
            rx.el.li(batch.made),
            class_name="facts",
            aria_label="About this batch",
        ),
    )


def _numbers() -> rx.Component:
    batch = BatchState.batch
    return rx.fragment(
        rx.cond(
            batch.badge == "generating",
            rx.el.div(
                rx.el.progress(value=batch.progress, max=100, aria_label="Making vouchers"),
                rx.el.p(batch.progress_words, class_name="quiet"),
                class_name="making card",
            ),
        ),
        rx.el.dl(
            tile("Total", batch.total, "vouchers, fixed"),
            tile("Claimed", batch.claimed, batch.claimed_words),
            tile("Redeemed", batch.redeemed, batch.redeemed_words),
            tile("Left", batch.left, batch.left_words),
            tile("Redemption rate", batch.rate, "redeemed ÷ claimed"),
            class_name="tiles five",
        ),
    )


def _advice() -> rx.Component:
    return rx.cond(
        BatchState.advice.length() > 0,
        rx.el.section(
            rx.el.h2("What the numbers call for"),
            rx.el.ul(rx.foreach(BatchState.advice, _one_advice), class_name="advice"),
            class_name="card",
        ),
    )


def _one_advice(row: ObjectVar[AdviceRow]) -> rx.Component:
    return rx.el.li(
        icon("bulb"),
        rx.el.div(
            rx.el.p(rx.el.strong(row.says)),
            rx.el.p(row.because, class_name="quiet"),
            rx.cond(
                row.questions.length() > 0,
                rx.el.ul(rx.foreach(row.questions, rx.el.li), class_name="questions"),
            ),
        ),
        key=row.topic,
        custom_attrs={"data-topic": row.topic},
    )


def _chart() -> rx.Component:
    return rx.el.section(
        rx.el.div(rx.el.h2("Over time"), ranges(BatchState.ranges), class_name="card-head"),
        pairs_chart(BatchState.chart, ("Claimed", "Redeemed"), "When", "Nothing happened in this time."),
        class_name="card",
    )


def _share() -> rx.Component:
    return rx.el.section(rx.el.h2("Claim link"), share(BatchState.batch), class_name="card share")


def _promise() -> rx.Component:
    offer = BatchState.offer
    return rx.el.section(
        rx.el.h2("What it promises"),
        rx.el.h3(offer.title),
        rx.el.p(offer.reward, class_name="reward"),
        rx.cond(offer.description, rx.el.p(offer.description)),
        rx.cond(
            offer.conditions.length() > 0, rx.el.ul(rx.foreach(offer.conditions, rx.el.li), class_name="questions")
        ),
        rx.cond(
            offer.terms,
            rx.el.details(rx.el.summary("Terms"), rx.el.p(offer.terms, class_name="terms"), class_name="behind"),
        ),
        rx.cond(BatchState.changed, rx.el.p(BatchState.changed, class_name="hint")),
        class_name="card promise",
    )


def _siblings() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Channels side by side"),
        rx.cond(
            BatchState.siblings.length() > 1,
            rx.el.p(
                "The batches of the same offer. Behind each redemption rate stands what is usual for its channel.",
                class_name="quiet",
            ),
            rx.el.p(
                "Make one batch of this offer for each channel, and they stand here side by side.", class_name="quiet"
            ),
        ),
        rx.el.ul(rx.foreach(BatchState.siblings, _sibling), class_name="siblings"),
        class_name="card",
    )


def _sibling(row: ObjectVar[SiblingRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.cond(row.is_this, rx.el.strong(row.name), rx.el.a(row.name, href=f"/admin/batches/{row.id}")),
            rx.el.p(row.channel, rx.cond(row.is_this, ", this batch", ""), class_name="quiet"),
        ),
        rx.el.div(
            rx.el.div(
                rx.el.span(class_name="fill claimed", style={"inlineSize": f"{row.share}%"}),
                class_name="track",
                aria_hidden="true",
            ),
            rx.el.p(row.share_words, class_name="quiet"),
        ),
        rx.el.div(
            band((row.low, row.usual), (row.great, row.great_room), row.rate),
            rx.el.p(row.rate_words, class_name="quiet"),
        ),
        rx.el.div(
            rx.el.span(row.verdict_words, class_name="badge verdict", custom_attrs={"data-verdict": row.verdict}),
            rx.el.p(row.band, class_name="quiet"),
        ),
        key=row.id,
    )


def _help() -> rx.Component:
    return rx.el.section(
        rx.cond(
            BatchState.is_unseen,
            rx.fragment(
                rx.el.h2("Nobody has claimed yet, and you shared it?"),
                rx.el.p("Scan the QR code yourself and go the way of a member. What can be seen from here:"),
            ),
            rx.el.h2("Members say they cannot claim?"),
        ),
        rx.el.ul(
            rx.foreach(BatchState.checks, _check),
            rx.el.li(icon("info"), BatchState.me, custom_attrs={"data-sign": "unknown"}),
            class_name="checks",
        ),
        rx.cond(ShellState.may_view_members, _member_check()),
        class_name="card help",
    )


def _member_check() -> rx.Component:
    state = MemberCheckState
    return rx.el.div(
        rx.el.h3("Check a member"),
        rx.el.form(
            rx.el.input(type="hidden", name="batch", value=BatchState.batch.id),
            rx.el.div(
                rx.el.label("E-mail address", html_for="email"),
                rx.el.input(
                    id="email",
                    name="email",
                    type="email",
                    auto_complete="off",
                    max_length=254,
                    aria_describedby="email-problem",
                    aria_invalid=rx.cond(state.problem, "true", "false"),
                ),
                rx.el.p(state.problem, id="email-problem", class_name="problem"),
                class_name="field",
            ),
            submit("Check"),
            on_submit=state.check,
            class_name="check-form",
            no_validate=True,
        ),
        rx.el.div(
            rx.cond(state.verdict, rx.el.p(rx.el.strong(state.verdict))),
            rx.el.ol(rx.foreach(state.rows, _check), class_name="checks"),
            role="status",
        ),
        class_name="member-check",
    )


def _check(row: ObjectVar[CheckRow]) -> rx.Component:
    return rx.el.li(
        rx.match(
            row.sign,
            ("good", rx.el.span(icon("check"), rx.el.span("Good: ", class_name="unseen"))),
            ("bad", rx.el.span(icon("cross"), rx.el.span("Wrong: ", class_name="unseen"))),
            rx.el.span(icon("info")),
        ),
        row.says,
        custom_attrs={"data-sign": row.sign},
        key=row.says,
    )
