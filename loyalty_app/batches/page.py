"""Batches: the live cards, and a new batch."""

from typing import Any

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.accounts.state import ShellState
from loyalty_app.batches.state import BatchActionsState, BatchesState, BatchRow, NewBatchState
from loyalty_app.ui.expiry import expiry
from loyalty_app.ui.forms import CopyButton, field, forget, options, remember, submit, summary
from loyalty_app.ui.icons import icon
from loyalty_app.ui.layout import empty, title_line

SHARE = "share-dialog"
DELETE = "delete-dialog"


def batches_page() -> rx.Component:
    """Show every batch as a card whose numbers change by themselves."""
    new = rx.cond(
        ShellState.may_manage,
        rx.el.a(icon("plus"), "New batch", href="/admin/batches/new/", class_name="button primary"),
    )
    return rx.fragment(
        forget("batch"),
        title_line("Batches", new, lead="Every number here is live."),
        rx.cond(
            BatchesState.is_loaded,
            rx.cond(
                BatchesState.rows.length() > 0,
                rx.fragment(rx.el.ul(rx.foreach(BatchesState.rows, batch_card), class_name="grid batches"), _pages()),
                empty(
                    "No batches yet",
                    "A batch is a set of vouchers behind one claim link. Make one for each channel, and compare them.",
                    rx.cond(
                        ShellState.may_manage,
                        rx.el.a("Make the first batch", href="/admin/batches/new/", class_name="button"),
                    ),
                ),
            ),
            rx.el.div(
                rx.el.div(class_name="skeleton card-size"),
                rx.el.div(class_name="skeleton card-size"),
                class_name="grid",
                aria_busy="true",
            ),
        ),
        _share_dialog(),
        _delete_dialog(),
    )


def batch_card(row: ObjectVar[BatchRow]) -> rx.Component:
    """Return one batch: what it is, how it goes, what can be done (S3-3 to S3-5)."""
    return rx.el.li(
        rx.el.div(
            rx.el.div(rx.el.h2(row.name), rx.el.p(row.offer, class_name="quiet")),
            rx.el.div(
                rx.el.button(
                    icon("qr"),
                    type="button",
                    class_name="button icon-only",
                    aria_label=f"Share {row.name}",
                    on_click=[BatchesState.open_share(row.id), _show(SHARE)],
                ),
                rx.cond(ShellState.may_manage, _menu(row)),
                class_name="tools",
            ),
            class_name="head",
        ),
        rx.el.dl(
            _number("Total", row.total),
            _number("Claimed", row.claimed),
            _number("Redeemed", row.redeemed),
            _number("Left", row.left),
            class_name="numbers",
        ),
        rx.cond(row.badge == "generating", _progress(row), _funnel(row)),
        rx.el.div(
            rx.el.p("Redemption rate ", rx.el.strong(_live(row.rate))),
            rx.el.p(
                _badge_icon(row.badge), row.badge_words, class_name="badge", custom_attrs={"data-badge": row.badge}
            ),
            class_name="foot",
        ),
        rx.el.div(
            expiry(row.until, row.end, class_name="quiet until"),
            rx.el.a(
                "Vouchers",
                href=f"/admin/batches/{row.id}/vouchers",
                class_name="button",
                aria_label=f"Vouchers of {row.name}",
            ),
            class_name="foot last",
        ),
        class_name="card batch",
        key=row.id,
        custom_attrs={"data-batch": row.id},
    )


def new_batch_page() -> rx.Component:
    """Describe a new batch."""
    state, problems = NewBatchState, NewBatchState.problems
    return rx.fragment(
        forget("offer"),
        title_line("New batch"),
        rx.cond(
            state.is_loaded,
            rx.cond(state.choices.length() > 0, _form(state, problems), _offer_first()),
            rx.el.div(class_name="skeleton tall", aria_busy="true"),
        ),
    )


def _form(state: type[NewBatchState], problems: ObjectVar[dict[str, str]]) -> rx.Component:
    def offers(**props: Any) -> rx.Component:
        return rx.el.select(
            rx.el.option("Choose an offer", value=""),
            rx.foreach(state.choices, lambda choice: rx.el.option(choice[1], value=choice[0])),
            default_value=state.offer_id,
            **props,
        )

    return rx.el.form(
        summary(problems),
        remember("batch"),
        field(
            "name",
            "Name",
            help_text="For your eyes. One batch for each channel, for example: Summer 2026 - Email list.",
            problems=problems,
            max_length=80,
        ),
        field(
            "offer_id",
            "Offer",
            offers,
            help_text="Its texts and reward are copied now; later changes do not touch this batch.",
            problems=problems,
        ),
        field(
            "quantity",
            "Quantity",
            help_text="1 to 100,000, fixed once made."
            " Make somewhat more than you expect: unused vouchers cost nothing.",
            problems=problems,
            input_mode="numeric",
            auto_complete="off",
            default_value="500",
            on_change=state.weigh_quantity.debounce(250),
        ),
        field(
            "expires_on",
            "Expiry date",
            type="date",
            help_text=f"Valid through the end of this day, {state.zone} time.",
            min=state.today,
            problems=problems,
        ),
        rx.el.fieldset(
            rx.el.legend("Codes"),
            field(
                "prefix",
                "Prefix (optional)",
                help_text="Up to 12 letters and digits before each code, for sorting: SUMMER.",
                problems=problems,
                max_length=20,
                auto_complete="off",
            ),
            field(
                "alphabet",
                "Character set",
                options(
                    ("safe", "Safe: letters and digits without look-alikes"),
                    ("numeric", "Digits only"),
                    ("alpha", "Letters only"),
                    ("alphanumeric", "All letters and digits"),
                    chosen="safe",
                ),
                problems=problems,
                on_change=state.weigh_alphabet,
            ),
            field(
                "length",
                "Length",
                help_text="Random characters in each code, 4 to 24.",
                problems=problems,
                input_mode="numeric",
                auto_complete="off",
                default_value="10",
                on_change=state.weigh_length.debounce(250),
            ),
            rx.el.p(state.odds, class_name=rx.cond(state.is_weak, "odds weak", "odds"), aria_live="polite"),
        ),
        submit("Make batch"),
        on_submit=state.save,
        class_name="form card",
        no_validate=True,
    )


def _offer_first() -> rx.Component:
    return empty(
        "First make an offer",
        "A batch copies what an offer promises, so there has to be one.",
        rx.el.a("New offer", href="/admin/offers/new/", class_name="button primary"),
    )


def _number(label: str, value: rx.Var[str]) -> rx.Component:
    return rx.el.div(rx.el.dt(label), rx.el.dd(_live(value)))


def _live(value: rx.Var[str]) -> rx.Component:
    # A new key makes a new element, and a new element plays its animation.
    return rx.el.span(value, key=value, class_name="live")


def _funnel(row: ObjectVar[BatchRow]) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.span(class_name="claimed", style={"inlineSize": f"{row.claimed_share}%"}),
            rx.el.span(class_name="redeemed", style={"inlineSize": f"{row.redeemed_share}%"}),
            class_name="funnel",
            aria_hidden="true",
        ),
        rx.el.p(row.share_words, class_name="quiet"),
        class_name="making",
    )


def _progress(row: ObjectVar[BatchRow]) -> rx.Component:
    return rx.el.div(
        rx.el.progress(value=row.progress, max=100, aria_label=f"Making vouchers of {row.name}"),
        rx.el.p(row.progress_words, class_name="quiet"),
        class_name="making",
    )


def _badge_icon(badge: rx.Var[str]) -> rx.Component | rx.Var:
    return rx.match(
        badge,
        ("active", icon("check")),
        ("paused", icon("pause")),
        ("failed", icon("cross")),
        ("sold_out", icon("ticket")),
        icon("clock"),
    )


def _menu(row: ObjectVar[BatchRow]) -> rx.Component:
    actions = BatchActionsState
    return rx.el.details(
        rx.el.summary(icon("more"), aria_label=f"Actions for {row.name}", class_name="button icon-only"),
        rx.el.div(
            rx.cond(row.may_pause, _item("pause", "Pause batch", actions.pause(row.id), busy=actions.busy == row.id)),
            rx.cond(row.may_resume, _item("play", "Resume batch", actions.resume(row.id), busy=actions.busy == row.id)),
            rx.cond(
                row.may_go_on,
                _item("play", "Go on making vouchers", actions.go_on(row.id), busy=actions.busy == row.id),
            ),
            _item(
                "trash",
                "Delete batch",
                [BatchesState.ask_delete(row.id), _show(DELETE)],
                busy=actions.busy == row.id,
                closes=True,
            ),
            class_name="menu",
        ),
        key=f"{row.id}-{row.badge}",
        class_name="actions-menu",
        name="batch-menu",
    )


def _item(
    sign: str, words: str, act: rx.event.EventType[()], *, busy: rx.Var[bool] | bool, closes: bool = False
) -> rx.Component:
    return rx.el.button(
        rx.el.span(icon(sign), rx.el.span(class_name="spinner", aria_hidden="true"), class_name="sign"),
        words,
        type="button",
        on_click=act,
        custom_attrs={"data-busy": busy} | ({"data-closes": "true"} if closes else {}),
    )


def _share_dialog() -> rx.Component:
    share = BatchesState.share
    return rx.el.dialog(
        rx.el.h2(f"Share {share.name}"),
        rx.el.img(src=share.qr, alt="QR code of the claim link", class_name="qr", width="280", height="280"),
        rx.el.p(share.url, class_name="url", dir="ltr"),
        rx.el.div(
            CopyButton.create(text=share.url, label="Copy Link", done="Copied", class_name="button primary"),
            rx.el.a(
                "Download QR",
                href=share.png,
                download=share.file_name,
                custom_attrs={"reloadDocument": True},
                class_name="button",
            ),
            rx.el.a(
                "Visit Page",
                href=share.url,
                target="_blank",
                rel="noopener",
                custom_attrs={"reloadDocument": True},
                class_name="button",
            ),
            class_name="actions",
        ),
        rx.el.button(
            icon("cross"),
            type="button",
            aria_label="Close",
            on_click=_close(SHARE),
            class_name="button icon-only close",
        ),
        id=SHARE,
        class_name="dialog",
        aria_label="Share",
    )


def _delete_dialog() -> rx.Component:
    doomed = BatchesState.doomed
    return rx.el.dialog(
        rx.el.h2(f"Delete {doomed.name}"),
        rx.el.p(doomed.question),
        rx.el.p(doomed.impact, class_name="hint"),
        rx.cond(
            doomed.may_pause,
            rx.el.p("Pausing instead stops new claims and keeps vouchers and numbers.", class_name="quiet"),
        ),
        rx.el.div(
            rx.el.button("Keep batch", type="button", on_click=_close(DELETE), class_name="button", auto_focus=True),
            rx.cond(
                doomed.may_pause,
                rx.el.button(
                    "Pause instead",
                    type="button",
                    on_click=[BatchActionsState.pause(doomed.id), _close(DELETE)],
                    class_name="button",
                ),
            ),
            rx.el.button(
                "Confirm",
                type="button",
                on_click=[BatchActionsState.delete(doomed.id), _close(DELETE)],
                class_name="button danger",
            ),
            class_name="actions",
        ),
        id=DELETE,
        class_name="dialog",
        aria_label="Delete batch",
    )


def _pages() -> rx.Component:
    page, pages = BatchesState.page, BatchesState.pages
    return rx.cond(
        pages > 1,
        rx.el.nav(
            rx.cond(
                page > 1, rx.el.a("Newer", href=f"/admin/batches/?page={page - 1}", class_name="button"), rx.el.span()
            ),
            rx.el.span(f"Page {page} of {pages}"),
            rx.cond(
                page < pages,
                rx.el.a("Older", href=f"/admin/batches/?page={page + 1}", class_name="button"),
                rx.el.span(),
            ),
            aria_label="Pages",
            class_name="pages",
        ),
    )


def _show(dialog: str) -> rx.event.EventSpec:
    return rx.call_function(f"() => document.getElementById('{dialog}').showModal()")


def _close(dialog: str) -> rx.event.EventSpec:
    return rx.call_function(f"() => document.getElementById('{dialog}').close()")
