"""Offers: the list, and a new one."""

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.accounts.state import ShellState
from loyalty_app.offers.state import NewOfferState, OfferRow, OffersState
from loyalty_app.ui.forms import field, options, picture_field, remember, submit, summary
from loyalty_app.ui.icons import icon
from loyalty_app.ui.layout import empty, title_line


def offers_page() -> rx.Component:
    """List what holders can get."""
    new = rx.cond(
        ShellState.may_manage,
        rx.el.a(icon("plus"), "New offer", href="/admin/offers/new/", class_name="button primary"),
    )
    return rx.fragment(
        title_line(
            "Offers", new, lead="What a voucher promises. A batch copies its offer, so vouchers keep their word."
        ),
        rx.cond(
            OffersState.is_loaded,
            rx.cond(
                OffersState.rows.length() > 0,
                rx.el.ul(rx.foreach(OffersState.rows, _card), class_name="grid"),
                empty(
                    "No offers yet",
                    "An offer says what the holder of a voucher gets: points, a discount or a free item.",
                    rx.cond(
                        ShellState.may_manage,
                        rx.el.a("Make the first offer", href="/admin/offers/new/", class_name="button"),
                    ),
                ),
            ),
            rx.el.div(class_name="skeleton card-size", aria_busy="true"),
        ),
    )


def new_offer_page() -> rx.Component:
    """Describe a new offer."""
    problems, kind = NewOfferState.problems, NewOfferState.reward_kind
    return rx.fragment(
        title_line("New offer"),
        rx.el.form(
            summary(problems),
            remember("offer"),
            rx.el.fieldset(
                rx.el.legend("What members read"),
                field(
                    "title",
                    "Title",
                    help_text="Short and concrete, for example: Free coffee.",
                    problems=problems,
                    max_length=80,
                ),
                field(
                    "description",
                    "Description",
                    rx.el.textarea,
                    help_text="One or two sentences.",
                    problems=problems,
                    rows="2",
                    max_length=500,
                ),
                field(
                    "terms",
                    "Terms",
                    rx.el.textarea,
                    help_text="Where, when and for whom it counts.",
                    problems=problems,
                    rows="4",
                    max_length=2000,
                ),
                picture_field("picture", "Picture", problems=problems),
            ),
            rx.el.fieldset(
                rx.el.legend("What the holder gets"),
                field(
                    "reward_kind",
                    "Reward",
                    options(
                        ("percent", "Percent off"),
                        ("amount", "Amount off"),
                        ("item", "Free item"),
                        ("points", "Points"),
                        chosen="percent",
                    ),
                    problems=problems,
                    on_change=NewOfferState.choose_kind,
                ),
                rx.cond(
                    kind == "item",
                    field(
                        "reward_item",
                        "Free item",
                        help_text="For example: One coffee, any size.",
                        problems=problems,
                        max_length=80,
                    ),
                    field(
                        "reward_value",
                        rx.match(
                            kind, ("percent", "Percent"), ("amount", f"Amount in {NewOfferState.currency}"), "Points"
                        ),
                        problems=problems,
                        input_mode="decimal",
                        auto_complete="off",
                    ),
                ),
            ),
            rx.el.fieldset(
                rx.el.legend("Conditions"),
                field(
                    "minimum_purchase",
                    f"Minimum purchase in {NewOfferState.currency}",
                    help_text="Leave empty for none.",
                    problems=problems,
                    input_mode="decimal",
                    auto_complete="off",
                ),
                field(
                    "valid_days",
                    "Days of validity after the claim",
                    help_text="Leave empty if only the batch's expiry date counts.",
                    problems=problems,
                    input_mode="numeric",
                    auto_complete="off",
                ),
            ),
            submit("Make offer"),
            on_submit=NewOfferState.save,
            class_name="form card",
            no_validate=True,
        ),
    )


def _card(row: ObjectVar[OfferRow]) -> rx.Component:
    return rx.el.li(
        rx.el.p(row.reward, class_name="reward"),
        rx.el.h2(row.title),
        rx.el.p(row.description),
        rx.el.p(row.conditions, class_name="quiet"),
        rx.cond(
            ShellState.may_manage,
            rx.el.a("Make a batch", href=f"/admin/batches/new/?offer={row.id}", class_name="button"),
        ),
        class_name="card",
    )
