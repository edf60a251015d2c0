"""Offers: the list, and the form of one."""

from typing import Any

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.accounts.state import ShellState
from loyalty_app.core.languages import Language
from loyalty_app.offers.rules import LENGTHS, TRANSLATED, word_field
from loyalty_app.offers.state import OfferRow, OffersState, OfferState, PreviewView
from loyalty_app.ui.dialogs import decision
from loyalty_app.ui.forms import FormWatch, field, options, picture_field, remember, submit, summary
from loyalty_app.ui.icons import icon
from loyalty_app.ui.layout import empty, page_of, show_dialog, title_line
from loyalty_app.ui.lists import next_pages

DELETE = "delete-offer"

MAIN_WORDS = {
    "title": ("Title", "Short and concrete, for example: Free coffee."),
    "description": ("Description", "One or two sentences."),
    "terms": ("Terms", "Where, when and for whom it counts."),
    "reward_item": ("Free item", "For example: One coffee, any size."),
}
ROWS = {"description": "2", "terms": "4"}


def offers_page() -> rx.Component:
    """List what holders can get."""
    state = OffersState
    return rx.fragment(
        title_line(
            "Offers",
            rx.cond(
                ShellState.may_manage,
                rx.el.a(icon("plus"), "New offer", href="/admin/offers/new/", class_name="button primary"),
            ),
            lead="What a voucher promises. A batch copies its offer, so vouchers keep their word.",
        ),
        rx.cond(
            state.is_loaded,
            rx.cond(
                (state.rows.length() > 0) | (state.text != "") | (state.first_page != ""),
                rx.fragment(
                    _search(),
                    rx.cond(
                        state.rows.length() > 0,
                        rx.fragment(
                            rx.el.ul(rx.foreach(state.rows, _card), class_name="grid offers"), next_pages(OffersState)
                        ),
                        empty("No offer fits", "Try a shorter part of the title, the description or the free item."),
                    ),
                ),
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
    return rx.fragment(
        title_line("New offer", lead="The preview shows what members will see."),
        rx.cond(OfferState.is_loaded, _form_and_preview("offer", "Make offer"), _loading()),
    )


def offer_page() -> rx.Component:
    """Change an offer; batches made before keep what they promised."""
    state = OfferState
    return page_of(
        "offer",
        state,
        _all_offers(),
        title_line(
            state.title,
            _all_offers(),
            rx.el.a("Make a batch", href=f"/admin/batches/new/?offer={state.offer_id}", class_name="button primary"),
            _menu(),
            lead="A change counts for batches made from now on.",
        ),
        _batches(),
        _their_version(),
        _form_and_preview(f"offer-{state.offer_id}-{state.version}", "Save offer"),
        _delete_dialog(),
    )


def _form_and_preview(memory: str | rx.Var[str], words: str) -> rx.Component:
    return rx.el.div(_form(memory, words), _previews(), class_name="with-preview", key=OfferState.version)


def _form(memory: str | rx.Var[str], words: str) -> rx.Component:
    state, problems = OfferState, OfferState.problems
    return rx.el.form(
        summary(problems),
        remember(memory),
        FormWatch.create(on_typed=state.typed),
        rx.el.fieldset(
            rx.el.legend("What members read"),
            *[_main_word(word) for word in ("title", "description", "terms")],
            picture_field("picture", "Picture", value=state.form.picture, problems=problems),
        ),
        _reward(),
        rx.el.fieldset(
            rx.el.legend("Conditions"),
            field(
                "minimum_purchase",
                f"Minimum purchase in {state.currency}",
                help_text="Leave empty for none.",
                problems=problems,
                input_mode="decimal",
                auto_complete="off",
                default_value=state.form.minimum_purchase,
            ),
            field(
                "valid_days",
                "Days of validity after the claim",
                help_text="Leave empty if only the batch's expiry date counts.",
                problems=problems,
                input_mode="numeric",
                auto_complete="off",
                default_value=state.form.valid_days,
            ),
        ),
        rx.el.fieldset(
            rx.el.legend("In other languages"),
            *[_language(language) for language in TRANSLATED],
        ),
        submit(words),
        on_submit=state.save,
        class_name="form card",
        no_validate=True,
    )


def _main_word(word: str) -> rx.Component:
    label, help_text = MAIN_WORDS[word]
    return field(
        word,
        label,
        rx.el.textarea if word in ROWS else None,
        help_text=help_text,
        problems=OfferState.problems,
        max_length=LENGTHS[word],
        default_value=getattr(OfferState.form, word),
        **({"rows": ROWS[word]} if word in ROWS else {}),
    )


def _reward() -> rx.Component:
    state, kind = OfferState, OfferState.reward_kind
    return rx.el.fieldset(
        rx.el.legend("What the holder gets"),
        field(
            "reward_kind",
            "Reward",
            options(
                ("percent", "Percent off"),
                ("amount", "Amount off"),
                ("item", "Free item"),
                ("points", "Points"),
                chosen=state.form.reward_kind,
            ),
            problems=state.problems,
            on_change=state.choose_kind,
        ),
        rx.cond(
            kind == "item",
            _main_word("reward_item"),
            field(
                "reward_value",
                rx.match(kind, ("percent", "Percent"), ("amount", f"Amount in {state.currency}"), "Points"),
                problems=state.problems,
                input_mode="decimal",
                auto_complete="off",
                default_value=state.form.reward_value,
            ),
        ),
    )


def _language(language: Language) -> rx.Component:
    def word(name: str) -> rx.Component:
        key, main = word_field(language.tag, name), OfferState.main_words.get(name, "")
        return field(
            key,
            f"{MAIN_WORDS[name][0]} in {language.english_name}",
            rx.el.textarea if name in ROWS else None,
            help_text=rx.cond(main, f"When empty, members see: {main}", "When empty, members see nothing here."),
            problems=OfferState.problems,
            max_length=LENGTHS[name],
            default_value=OfferState.words.get(key, ""),
            lang=language.tag,
            dir=language.direction,
            **({"rows": ROWS[name]} if name in ROWS else {}),
        )

    return rx.el.details(
        rx.el.summary(
            language.english_name,
            rx.el.span(
                rx.cond(OfferState.translated.contains(language.tag), "translated", "not yet"), class_name="quiet"
            ),
        ),
        rx.el.div(
            word("title"),
            word("description"),
            word("terms"),
            rx.cond(OfferState.reward_kind == "item", word("reward_item"), rx.fragment()),
            class_name="form",
        ),
        open=OfferState.unfolded.contains(language.tag),
        class_name="language",
    )


def _previews() -> rx.Component:
    return rx.el.aside(
        rx.el.h2("Preview"),
        rx.foreach(OfferState.previews, _preview),
        class_name="previews",
        aria_label="Preview",
    )


def _preview(view: ObjectVar[PreviewView]) -> rx.Component:
    return rx.el.figure(
        rx.el.figcaption(view.name, class_name="quiet"),
        rx.el.div(
            rx.cond(view.picture, rx.el.img(src=view.picture, alt="", class_name="offer-picture"), rx.fragment()),
            rx.el.p(view.reward, class_name="reward"),
            rx.el.p(rx.el.strong(view.title), class_name="title"),
            rx.cond(view.description, rx.el.p(view.description, class_name="lead"), rx.fragment()),
            rx.el.span(view.claim, class_name="button primary wide"),
            rx.cond(view.minimum, rx.el.p(view.minimum, class_name="note"), rx.fragment()),
            rx.cond(
                view.terms,
                rx.el.details(rx.el.summary(view.terms_label), rx.el.p(view.terms, class_name="terms")),
                rx.fragment(),
            ),
            lang=view.tag,
            dir=view.direction,
            class_name="phone",
        ),
        key=view.tag,
    )


def _batches() -> rx.Component:
    state = OfferState
    return rx.fragment(
        rx.cond(
            state.batches,
            rx.el.p(
                "There ",
                rx.cond(state.batches == "1 batch", "is ", "are "),
                rx.el.a(state.batches, href=f"/admin/batches/?offer={state.offer_id}"),
                " of this offer.",
                class_name="quiet",
            ),
            rx.fragment(),
        ),
        rx.cond(
            state.older_words,
            rx.el.div(
                rx.el.p(state.older_words),
                rx.el.ul(rx.foreach(state.older, lambda one: rx.el.li(rx.el.a(one[0], href=one[1])))),
                class_name="hint older",
            ),
            rx.fragment(),
        ),
    )


def _their_version() -> rx.Component:
    state = OfferState
    return rx.cond(
        state.theirs.length() > 0,
        rx.el.section(
            rx.el.h2("Somebody else changed this offer meanwhile"),
            rx.el.p("Nothing of yours is saved yet. Their version says otherwise in these places:"),
            rx.el.dl(rx.foreach(state.theirs, lambda one: rx.el.div(rx.el.dt(one[0]), rx.el.dd(one[1])))),
            rx.el.p("Save again to put yours in its place, or take theirs and lose what you typed."),
            rx.el.div(
                rx.el.button("Take their version", type="button", on_click=state.take_theirs, class_name="button"),
                class_name="actions",
            ),
            id="theirs",
            tab_index=-1,
            role="alert",
            class_name="summary theirs",
        ),
        rx.fragment(),
    )


def _menu() -> rx.Component:
    def item(sign: str, words: str, act: rx.event.EventType[()], **more: Any) -> rx.Component:
        return rx.el.button(
            rx.el.span(icon(sign), class_name="sign"),
            words,
            type="button",
            on_click=act,
            custom_attrs={"data-closes": "true"},
            **more,
        )

    return rx.el.details(
        rx.el.summary(icon("more"), aria_label="More actions", class_name="button icon-only"),
        rx.el.div(
            item("stack", "Clone offer", OfferState.clone),
            item("trash", "Delete offer", show_dialog(DELETE)),
            class_name="menu",
        ),
        class_name="actions-menu",
        name="offer-menu",
    )


def _delete_dialog() -> rx.Component:
    state = OfferState
    return rx.el.dialog(
        rx.el.h2(f"Delete {state.title}"),
        rx.el.p("Are you sure you want to delete this offer? This cannot be undone."),
        rx.el.p(
            rx.cond(
                state.batches,
                f"Its batches ({state.batches}) keep their own copy: links and vouchers stay as they are.",
                "No batch was made of it.",
            ),
            class_name="hint",
        ),
        decision(DELETE, "Delete for good", state.delete, kind="danger", unless="Keep offer"),
        id=DELETE,
        class_name="dialog",
        aria_label="Delete offer",
    )


def _search() -> rx.Component:
    return rx.el.form(
        rx.el.div(
            rx.el.label("Title, description or free item", html_for="q"),
            rx.el.input(
                id="q",
                name="q",
                type="search",
                default_value=OffersState.text,
                max_length=80,
                auto_complete="off",
                key=OffersState.text,
            ),
            class_name="field",
        ),
        rx.el.div(
            rx.el.label("Order", html_for="sort"),
            options(
                ("", "Newest first"), ("changed", "Last changed first"), ("title", "By title"), chosen=OffersState.sort
            )(id="sort", name="sort", key=OffersState.sort),
            class_name="field",
        ),
        rx.el.button("Search", type="submit", class_name="button primary"),
        on_submit=OffersState.search,
        class_name="search",
        role="search",
    )


def _card(row: ObjectVar[OfferRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.cond(
                row.picture,
                rx.el.img(
                    src=row.picture,
                    alt="",
                    width=row.width,
                    height=row.height,
                    custom_attrs={"loading": "lazy"},
                    class_name="thumbnail",
                ),
                rx.el.div(icon("tag"), class_name="thumbnail", aria_hidden="true"),
            ),
            rx.el.div(rx.el.h2(row.title), rx.el.p(row.reward, class_name="reward")),
            class_name="head",
        ),
        rx.cond(row.description, rx.el.p(row.description), rx.fragment()),
        rx.el.p(
            row.conditions,
            rx.cond(
                row.batches,
                rx.fragment(" · ", rx.el.a(row.batches, href=f"/admin/batches/?offer={row.id}")),
                " · no batch yet",
            ),
            class_name="quiet",
        ),
        rx.cond(
            ShellState.may_manage,
            rx.el.div(
                rx.el.a(
                    "Make a batch",
                    href=f"/admin/batches/new/?offer={row.id}",
                    class_name="button",
                    aria_label=f"Make a batch of {row.title}",
                ),
                rx.el.a("Edit", href=f"/admin/offers/{row.id}", class_name="button", aria_label=f"Edit {row.title}"),
                class_name="actions",
            ),
        ),
        class_name="card",
        key=row.id,
    )


def _all_offers() -> rx.Component:
    return rx.el.a("All offers", href="/admin/offers/", class_name="button")


def _loading() -> rx.Component:
    return rx.el.div(class_name="skeleton tall", aria_busy="true")
