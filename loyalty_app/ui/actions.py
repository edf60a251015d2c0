"""What is done to a thing from its row, card or page: a menu, its items, and files to take away."""

import reflex as rx

from loyalty_app.ui.icons import icon


def actions_menu(
    label: str | rx.Var[str], *items: rx.Component | rx.Var, group: str, key: rx.Var[str] | str
) -> rx.Component:
    """Return the menu behind ···; of a group only one is open, and a new key closes it."""
    return rx.el.details(
        rx.el.summary(icon("more"), aria_label=label, class_name="button icon-only"),
        rx.el.div(*items, class_name="menu"),
        key=key,
        class_name="actions-menu",
        name=group,
    )


def menu_item(
    sign: str, words: str, act: rx.event.EventType[()], *, busy: rx.Var[bool] | bool, closes: bool = False
) -> rx.Component:
    """Return a button of a menu, with its icon, or its spinner while it works."""
    return rx.el.button(
        rx.el.span(icon(sign), rx.el.span(class_name="spinner", aria_hidden="true"), class_name="sign"),
        words,
        type="button",
        on_click=act,
        custom_attrs={"data-busy": busy} | ({"data-closes": "true"} if closes else {}),
    )


def switch(sign: str, words: str, act: rx.event.EventType[()], *, busy: rx.Var[bool] | bool) -> rx.Component:
    """Return a button of a page's title line, with its icon, or its spinner while it works."""
    return rx.el.button(
        rx.el.span(icon(sign), rx.el.span(class_name="spinner", aria_hidden="true"), class_name="sign"),
        words,
        type="button",
        on_click=act,
        class_name="button switch",
        custom_attrs={"data-busy": busy},
    )


def file_link(words: str, path: rx.Var[str] | str) -> rx.Component:
    """Return the link that downloads a file."""
    return rx.el.a(words, href=path, download=True, custom_attrs={"reloadDocument": True}, class_name="button")
