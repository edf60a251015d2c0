"""Batches: the live cards, what may be done to one, a new batch, and its name."""

from typing import Any

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.accounts.state import ShellState
from loyalty_app.batches.state import (
    BADGES,
    CHANNELS,
    DELETION,
    BatchActionsState,
    BatchesState,
    BatchRow,
    Check,
    DeleteState,
    EditBatchState,
    NewBatchState,
)
from loyalty_app.ui.actions import actions_menu, menu_item
from loyalty_app.ui.deletion import DELETE_DIALOG, delete_dialog
from loyalty_app.ui.dialogs import close_cross, decision
from loyalty_app.ui.expiry import expiry
from loyalty_app.ui.forms import field, forget, options, remember, submit, summary
from loyalty_app.ui.icons import icon
from loyalty_app.ui.layout import empty, page_of, show_dialog, title_line
from loyalty_app.ui.lists import badge, frozen_badge, live_number, numbered_pages
from loyalty_app.ui.share import share

SHARE = "share-dialog"
FREEZE = "freeze-dialog"
FIND = "find"

SORTS = (
    ("newest", "Newest"),
    ("name", "Name"),
    ("expiry", "Next to expire"),
    ("claimed", "Most claimed"),
    ("rate", "Best redemption rate"),
    ("left", "Fewest left"),
)


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
                BatchesState.is_narrowed | (BatchesState.rows.length() > 0),
                rx.fragment(
                    _toolbar(),
                    rx.cond(
                        BatchesState.rows.length() > 0,
                        rx.el.ul(rx.foreach(BatchesState.rows, batch_card), class_name="grid batches"),
                        empty(
                            "No batch fits",
                            "Try a shorter part of the name, or fewer filters.",
                            rx.el.a("Show all batches", href="/admin/batches/", class_name="button"),
                        ),
                    ),
                    numbered_pages(BatchesState),
                ),
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
        _freeze_dialog(),
        delete_dialog(DELETION),
    )


def batch_card(row: ObjectVar[BatchRow]) -> rx.Component:
    """Return one batch: what it is, how it goes, what can be done (S3-3 to S3-5)."""
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.h2(rx.el.a(row.name, href=f"/admin/batches/{row.id}")),
                rx.el.p(row.offer, rx.cond(row.channel, f" · {row.channel}", ""), class_name="quiet"),
            ),
            rx.el.div(
                rx.el.button(
                    icon("qr"),
                    type="button",
                    class_name="button icon-only",
                    aria_label=f"Share {row.name}",
                    on_click=[BatchesState.open_share(row.id), show_dialog(SHARE)],
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
            rx.el.p("Redemption rate ", rx.el.strong(live_number(row.rate))),
            rx.el.div(
                rx.cond(
                    row.is_frozen,
                    frozen_badge(),
                ),
                badge(row.badge, row.badge_words),
                class_name="badges",
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
            on_change=state.choose_offer,
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
        rx.cond(
            state.promised.length() > 0,
            rx.el.ul(rx.foreach(state.promised, _fact), class_name="told", aria_label="What the offer promises"),
        ),
        field(
            "channel",
            "Channel (optional)",
            channels(),
            help_text="Where its link will be shown. Batches of one offer are compared by it.",
            problems=problems,
        ),
        field(
            "expected",
            "Expected members (optional)",
            help_text="How many you think will claim; it advises a quantity.",
            input_mode="numeric",
            auto_complete="off",
            max_length=9,
            on_change=state.expect_members.debounce(250),
        ),
        rx.el.div(
            rx.el.p(state.advice),
            rx.cond(
                state.advised,
                rx.el.button(f"Use {state.advised}", type="button", on_click=state.take_advice, class_name="button"),
                rx.fragment(),
            ),
            class_name=rx.cond(state.advised, "odds advised", "unseen"),
            aria_live="polite",
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
            on_change=state.choose_expiry,
        ),
        rx.el.p(state.until, class_name="odds", aria_live="polite"),
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


def edit_batch_page() -> rx.Component:
    """Rename a batch, or say where it is shown."""
    state, problems = EditBatchState, EditBatchState.problems
    return page_of(
        "batch",
        state,
        rx.el.a("All batches", href="/admin/batches/", class_name="button"),
        title_line("Name and channel", lead="Its vouchers, link and promise stay as they are."),
        rx.el.form(
            summary(problems),
            field("name", "Name", problems=problems, max_length=80, default_value=state.name),
            field(
                "channel",
                "Channel (optional)",
                channels(state.channel),
                help_text="Where its link is shown. Batches of one offer are compared by it.",
                problems=problems,
            ),
            rx.el.div(
                submit("Save name and channel"),
                rx.el.a("Back to batches", href="/admin/batches/", class_name="button"),
                class_name="actions",
            ),
            on_submit=state.save,
            class_name="form card",
            no_validate=True,
        ),
    )


def channels(chosen: rx.Var[str] | str = "") -> Any:
    """Return the control that says where a batch is shown."""
    return options(("", "Not said"), *((channel.value, words) for channel, words in CHANNELS.items()), chosen=chosen)


def _toolbar() -> rx.Component:
    state = BatchesState
    choose = rx.call_function(f"() => document.getElementById('{FIND}').requestSubmit()")

    def narrow(name: str, label: str, chosen: rx.Var[str], *choices: tuple[str, str]) -> rx.Component:
        return rx.el.div(
            rx.el.label(label, html_for=name),
            options(*choices, chosen=chosen)(id=name, name=name, on_change=choose),
            class_name="field",
        )

    return rx.fragment(
        rx.el.form(
            rx.el.div(
                rx.el.label("Search by name", html_for="q"),
                rx.el.input(
                    id="q", name="q", type="search", default_value=state.text, max_length=80, auto_complete="off"
                ),
                class_name="field wide",
            ),
            narrow(
                "status",
                "Status",
                state.status,
                ("", "All"),
                *((badge.value, words) for badge, words in BADGES.items()),
            ),
            narrow(
                "channel",
                "Channel",
                state.channel,
                ("", "All"),
                *((channel.value, words) for channel, words in CHANNELS.items()),
            ),
            narrow("sort", "Sort by", state.sort, *SORTS),
            rx.el.button("Search", type="submit", class_name="button"),
            key=state.turn,
            id=FIND,
            on_submit=state.find,
            class_name="search batches-search",
            role="search",
        ),
        rx.cond(
            state.is_narrowed,
            rx.el.div(
                rx.el.p(state.found_words, role="status"),
                rx.cond(
                    state.offer,
                    rx.el.a(
                        f"Only {state.offer}",
                        icon("cross"),
                        href=state.without_offer,
                        aria_label=f"Show batches of other offers than {state.offer} too",
                        class_name="button",
                    ),
                ),
                rx.el.a("Show all batches", href="/admin/batches/", class_name="button quiet"),
                class_name="narrowed",
            ),
        ),
    )


def _fact(words: rx.Var[str]) -> rx.Component:
    return rx.el.li(words)


def _offer_first() -> rx.Component:
    return empty(
        "First make an offer",
        "A batch copies what an offer promises, so there has to be one.",
        rx.el.a("New offer", href="/admin/offers/new/", class_name="button primary"),
    )


def _number(label: str, value: rx.Var[str]) -> rx.Component:
    return rx.el.div(rx.el.dt(label), rx.el.dd(live_number(value)))


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


def _menu(row: ObjectVar[BatchRow]) -> rx.Component:
    actions = BatchActionsState
    busy = actions.busy == row.id
    return actions_menu(
        f"Actions for {row.name}",
        rx.cond(row.may_pause, menu_item("pause", "Pause batch", actions.pause(row.id), busy=busy)),
        rx.cond(row.may_resume, menu_item("play", "Resume batch", actions.resume(row.id), busy=busy)),
        rx.cond(row.may_go_on, menu_item("play", "Go on making vouchers", actions.go_on(row.id), busy=busy)),
        rx.cond(
            row.is_frozen,
            menu_item("play", "Allow redemptions", actions.unfreeze(row.id), busy=busy),
            menu_item(
                "lock",
                "Freeze redemptions",
                [actions.ask_freeze(row.id), show_dialog(FREEZE)],
                busy=busy,
                closes=True,
            ),
        ),
        rx.el.a(
            rx.el.span(icon("pencil"), class_name="sign"),
            "Name and channel",
            href=f"/admin/batches/{row.id}/edit",
            aria_label=f"Name and channel of {row.name}",
        ),
        menu_item(
            "trash", "Delete batch", [DeleteState.ask(row.id), show_dialog(DELETE_DIALOG)], busy=busy, closes=True
        ),
        group="batch-menu",
        key=f"{row.id}-{row.badge}-{row.is_frozen}",
    )


def _share_dialog() -> rx.Component:
    checks = rx.el.ul(rx.foreach(BatchesState.checks, _check), class_name="checks", aria_label="Checked just now")
    return rx.el.dialog(
        rx.el.h2(f"Share {BatchesState.share.name}"),
        share(BatchesState.share, copy="button primary", between=checks),
        close_cross(SHARE),
        id=SHARE,
        class_name="dialog",
        aria_label="Share batch",
    )


def _check(check: ObjectVar[Check]) -> rx.Component:
    return rx.el.li(
        rx.cond(
            check.is_good,
            rx.el.span(icon("check"), rx.el.span("Good:", class_name="unseen")),
            rx.el.span(icon("warning"), rx.el.span("Look at this:", class_name="unseen")),
        ),
        rx.el.span(check.words),
        custom_attrs={"data-sign": rx.cond(check.is_good, "good", "bad")},
    )


def _freeze_dialog() -> rx.Component:
    frozen = BatchActionsState.frozen
    return rx.el.dialog(
        rx.el.h2(f"Freeze redemptions of {frozen.name}"),
        rx.el.p("Nobody can redeem a voucher of this batch until you allow it again."),
        rx.el.dl(
            rx.el.div(
                rx.el.dt("Members"),
                rx.el.dd("keep their vouchers in My cards. Claiming goes on, unless you pause the batch too."),
            ),
            rx.el.div(
                rx.el.dt("Staff"),
                rx.el.dd("are told at the counter that redemptions are frozen. No voucher is used up."),
            ),
            class_name="effects",
        ),
        decision(FREEZE, "Freeze redemptions", BatchActionsState.freeze(frozen.id)),
        id=FREEZE,
        class_name="dialog",
        aria_label="Freeze redemptions",
    )
