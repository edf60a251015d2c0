"""The claim page, and My cards."""

from typing import Any

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.claims.state import CardsState, CardView, ClaimState
from loyalty_app.core.languages import Language
from loyalty_app.ui.expiry import expiry
from loyalty_app.ui.forms import spinning
from loyalty_app.ui.icons import icon


def claim_page(words: Language) -> rx.Component:
    """Offer a voucher to whoever opened the link; each state of it is a screen."""
    return rx.el.section(
        rx.match(
            ClaimState.screen,
            ("signed_out", _offer(words, _sign_in(words))),
            ("claimable", _offer(words, _claim_button(words))),
            ("not_a_member", _offer(words, _members_only(words))),
            (
                "claimed",
                _claimed(words, words("It is yours"), words("Show this code at the counter. It is kept in My cards.")),
            ),
            (
                "already_claimed",
                _claimed(words, words("You have this voucher"), words("One for each member. Yours is in My cards.")),
            ),
            (
                "paused",
                _closed(
                    words,
                    words("Promotion Temporarily Paused"),
                    words("No new vouchers are given out for now. Vouchers already claimed stay valid."),
                    "pause",
                ),
            ),
            (
                "sold_out",
                _closed(
                    words,
                    words("No vouchers available."),
                    words("All vouchers of this promotion have been claimed."),
                    "ticket",
                ),
            ),
            (
                "not_ready",
                _closed(
                    words,
                    words("Almost ready"),
                    words("The vouchers are still being made. This page changes by itself."),
                    "clock",
                ),
            ),
            (
                "expired",
                _closed(words, words("This promotion is over"), words("It can no longer be claimed."), "clock"),
            ),
            ("unknown", _unknown(words)),
            _loading(words),
        ),
        class_name="panel claim",
    )


def cards_page(words: Language) -> rx.Component:
    """Show a member's vouchers, the ones to use first."""
    return rx.el.section(
        rx.el.h1(words("My cards")),
        rx.cond(
            CardsState.is_loaded,
            rx.fragment(
                rx.cond(
                    CardsState.cards.length() > 0,
                    rx.el.ul(
                        rx.foreach(CardsState.cards, lambda card: rx.el.li(voucher_card(words, card))),
                        class_name="wallet",
                    ),
                    rx.el.div(
                        rx.el.h2(words("No vouchers to use")),
                        rx.el.p(
                            words("Claim one from a QR code in the shop or a link we sent you; it will wait here.")
                        ),
                        class_name="empty",
                    ),
                ),
                rx.cond(
                    CardsState.past.length() > 0,
                    rx.el.details(
                        rx.el.summary(words("Used and expired")),
                        rx.el.ul(
                            rx.foreach(CardsState.past, lambda card: rx.el.li(voucher_card(words, card))),
                            class_name="wallet",
                        ),
                        open=True,
                    ),
                ),
            ),
            rx.el.div(class_name="skeleton card-size", aria_busy="true"),
        ),
        class_name="panel cards",
    )


def voucher_card(words: Language, card: ObjectVar[CardView]) -> rx.Component:
    """Return a voucher as an object: what it gives, its QR, its code, how long it is good."""
    return rx.el.article(
        _picture(card.picture),
        rx.el.header(rx.el.h2(card.title), rx.el.p(card.reward, class_name="reward")),
        rx.cond(
            card.state == "ready",
            rx.el.figure(
                rx.el.img(
                    src=card.qr,
                    alt=words("QR code of voucher {code}", code=card.code),
                    class_name="qr",
                    width="240",
                    height="240",
                ),
                rx.el.figcaption(card.code, class_name="code", dir="ltr"),
            ),
            rx.el.p(
                rx.match(
                    card.state,
                    ("redeemed", rx.fragment(icon("check"), words("Redeemed"))),
                    ("expired", rx.fragment(icon("clock"), words("Expired"))),
                    rx.fragment(),
                ),
                rx.el.span(card.code, class_name="code", dir="ltr"),
                class_name="spent",
            ),
        ),
        rx.cond(card.hold, rx.el.p(card.hold, role="status", class_name="hint")),
        rx.cond(card.note, expiry(card.note, card.end, words, class_name="note")),
        rx.cond(card.minimum, rx.el.p(card.minimum, class_name="note")),
        rx.cond(
            card.terms,
            rx.el.details(rx.el.summary(words("Terms")), rx.el.p(card.terms, class_name="terms")),
            rx.fragment(),
        ),
        class_name="voucher",
        custom_attrs={"data-state": card.state},
    )


def _offer(words: Language, action: rx.Component) -> rx.Component:
    offer = ClaimState.offer
    return rx.fragment(
        _picture(ClaimState.picture),
        rx.el.p(offer.reward, class_name="reward big"),
        rx.el.h1(offer.title),
        rx.cond(offer.description, rx.el.p(offer.description, class_name="lead")),
        action,
        expiry(ClaimState.until, ClaimState.end, words, class_name="note"),
        rx.cond(offer.minimum, rx.el.p(offer.minimum, class_name="note")),
        rx.cond(offer.terms, rx.el.details(rx.el.summary(words("Terms")), rx.el.p(offer.terms, class_name="terms"))),
    )


def _picture(picture: Any) -> rx.Component:
    # As attributes, so that the place is free before the picture is there; the words beside it say what is given.
    return rx.cond(
        picture.url,
        rx.el.img(
            src=picture.url,
            alt="",
            custom_attrs={"width": picture.width, "height": picture.height},
            class_name="offer-picture",
        ),
        rx.fragment(),
    )


def _claim_button(words: Language) -> rx.Component:
    return spinning(
        words("Claim voucher"),
        type="button",
        on_click=ClaimState.claim,
        class_name="button primary wide",
    )


def _sign_in(words: Language) -> rx.Component:
    return rx.fragment(
        rx.el.a(
            words("Sign in to claim"),
            href=f"{words.at('/sign-in/')}?next={ClaimState.here}",
            class_name="button primary wide",
        ),
        rx.el.a(
            words("Become a member"), href=f"{words.at('/sign-up/')}?next={ClaimState.here}", class_name="button wide"
        ),
    )


def _members_only(words: Language) -> rx.Component:
    return rx.el.p(
        words("This is what members see. Your account is for work, so it cannot claim; sign in as a member to try it."),
        class_name="hint",
    )


def _claimed(words: Language, title: str, sentence: str) -> rx.Component:
    return rx.fragment(
        rx.el.div(rx.el.h1(icon("check"), title), rx.el.p(sentence), role="status", class_name="claimed"),
        rx.cond(ClaimState.card, voucher_card(words, ClaimState.card)),
        rx.el.a(words("My cards"), href=words.at("/my/cards/"), class_name="button primary wide"),
    )


def _closed(words: Language, title: str, sentence: str, sign: str) -> rx.Component:
    return rx.fragment(
        rx.el.div(icon(sign), class_name="emblem"),
        rx.el.h1(title),
        rx.el.p(sentence, class_name="lead"),
        rx.el.div(rx.el.h2(ClaimState.offer.title), rx.el.p(ClaimState.offer.description), class_name="what"),
        rx.el.a(words("Back to Home"), href=words.at("/"), class_name="button primary wide"),
    )


def _unknown(words: Language) -> rx.Component:
    return rx.fragment(
        rx.el.div(icon("cross"), class_name="emblem"),
        rx.el.h1(words("This link leads nowhere")),
        rx.el.p(
            words("The promotion was taken down, or the link is not complete. Scan the code again or ask in the shop."),
            class_name="lead",
        ),
        rx.el.a(words("Back to Home"), href=words.at("/"), class_name="button primary wide"),
    )


def _loading(words: Language) -> rx.Component:
    return rx.el.div(
        rx.el.div(class_name="skeleton line"),
        rx.el.div(class_name="skeleton title"),
        rx.el.div(class_name="skeleton line"),
        rx.el.div(class_name="skeleton button-size"),
        aria_busy="true",
        aria_label=words("Loading"),
        role="status",
    )
