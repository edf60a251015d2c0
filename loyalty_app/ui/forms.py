"""Forms: a label above, help under it, the error under the field, a summary that links to it."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

import reflex as rx
from reflex.components.component import NoSSRComponent
from reflex.vars import ObjectVar

from loyalty_app.core.languages import ENGLISH, Language
from loyalty_app.core.texts import storable

Draft = TypeVar("Draft")

MOST_TYPED = 3000
"""Longer than any field allows, so that the rules get to say so."""

SUMMARY = "problems"
"""The place of the list of errors; a form that is refused moves the focus there."""

_post_form = rx.asset("post_form.jsx", shared=True)
rx.asset("kept.jsx", shared=True)
_form_memory = rx.asset("form_memory.jsx", shared=True)
_copy_button = rx.asset("copy_button.jsx", shared=True)
_form_watch = rx.asset("form_watch.jsx", shared=True)
_picture_field = rx.asset("picture_field.jsx", shared=True)


class PostForm(rx.Component):
    """A form for a plain route, with the answer shown in place."""

    library = f"$/public{_post_form}"
    tag = "PostForm"
    action: rx.Var[str]
    quiet: rx.Var[bool]
    failed: rx.Var[str]
    offline: rx.Var[str]
    unsent: rx.Var[str]
    """Of one that ends a session: what is said first while scans wait in this browser."""

    @classmethod
    def create(cls, *children: Any, words: Language = ENGLISH, **props: Any) -> "PostForm":
        """Take the form's fields, and the language of what it says by itself."""
        props.setdefault("failed", words("This did not work. Try again."))
        props.setdefault("offline", words("No connection to the server. Check the network and try again."))
        return super().create(*children, **props)


class ProblemLink(rx.Component):
    """A line of the list of errors that leads to its field."""

    library = f"$/public{_post_form}"
    tag = "ProblemLink"
    field: rx.Var[str]
    words: rx.Var[str]


class FormMemory(NoSSRComponent):
    """Keeps what is typed into the form around it over a reload; `forget` drops what was kept."""

    library = f"$/public{_form_memory}"
    tag = "FormMemory"
    name: rx.Var[str]
    forget: rx.Var[str]


class FormWatch(rx.Component):
    """Tells what stands in the form around it, a moment after the last keystroke."""

    library = f"$/public{_form_watch}"
    tag = "FormWatch"
    wait: rx.Var[int]
    """Milliseconds."""
    on_typed: rx.EventHandler[rx.event.passthrough_event_spec(dict[str, str])]


class CopyButton(rx.Component):
    """A button that copies a text and says so."""

    library = f"$/public{_copy_button}"
    tag = "CopyButton"
    text: rx.Var[str]
    label: rx.Var[str]
    done: rx.Var[str]


class PictureField(rx.Component):
    """A control that uploads a picture at once; the form sends the digest that names it."""

    library = f"$/public{_picture_field}"
    tag = "PictureField"
    name: rx.Var[str]
    value: rx.Var[str]
    described: rx.Var[str]
    invalid: rx.Var[str]


def typed(draft: type[Draft], form: dict[str, Any]) -> Draft:
    """Return what somebody typed as a draft: its text fields only, whatever a stranger may send."""
    return draft(**{one.name: text_of(form, one.name) for one in fields(draft) if one.type is str})  # pyright: ignore[reportArgumentType]


def text_of(form: dict[str, Any], name: str) -> str:
    """Return what somebody typed into one field, as text that can be stored."""
    return storable(str(form.get(name) or ""))[:MOST_TYPED]


def remember(name: str | rx.Var[str]) -> rx.Component:
    """Keep the answers of the form around this over a reload."""
    return FormMemory.create(name=name)


def forget(name: str | rx.Var[str]) -> rx.Component:
    """Drop the answers kept for a form, because it was sent."""
    return FormMemory.create(forget=name)


def field(
    name: str | rx.Var[str],
    label: str | rx.Var | rx.Component,
    control: Callable[..., rx.Component] | None = None,
    *,
    help_text: str | rx.Var[str] = "",
    problems: ObjectVar[dict[str, str]] | None = None,
    **props: Any,
) -> rx.Component:
    """Return a labelled control; `problems` are the state's errors, without them the form's script fills them in."""
    described = f"{name}-help {name}-problem"
    props = {"id": name, "name": name, "aria_describedby": described, **props}
    if problems is not None:
        props["aria_invalid"] = rx.cond(problems.contains(name), "true", "false")
    problem = rx.el.p(
        problems.get(name, "") if problems is not None else "",
        id=f"{name}-problem",
        class_name="problem",
        custom_attrs={"data-problem-of": name},
    )
    return rx.el.div(
        rx.el.label(label, html_for=name),
        rx.el.p(help_text, id=f"{name}-help", class_name="help"),
        (control or rx.el.input)(**props),
        problem,
        class_name="field",
    )


def picture_field(
    name: str,
    label: str | rx.Var,
    *,
    value: str | rx.Var[str] = "",
    help_text: str = "PNG, JPEG, WebP or GIF, up to 5 MB.",
    problems: ObjectVar[dict[str, str]] | None = None,
) -> rx.Component:
    """Return a field for a picture; its value is the digest that `pictures.service.chosen` understands."""

    def control(**props: Any) -> rx.Component:
        return PictureField.create(
            id=props["id"],
            name=name,
            value=value,
            described=props["aria_describedby"],
            invalid=props.get("aria_invalid", "false"),
        )

    return field(name, label, control, help_text=help_text, problems=problems)


def options(*choices: tuple[str, str], chosen: str | rx.Var[str] = "") -> Callable[..., rx.Component]:
    """Return a select control for `field`: (value, words) each."""

    def select(**props: Any) -> rx.Component:
        return rx.el.select(
            *[rx.el.option(words, value=value) for value, words in choices], default_value=chosen, **props
        )

    return select


def summary(problems: ObjectVar[dict[str, str]]) -> rx.Component:
    """Return the list of errors above a form, each a link to its field."""
    return rx.cond(
        problems.length() > 0,
        rx.el.div(
            rx.el.ul(
                rx.foreach(
                    problems.entries(),
                    lambda entry: rx.el.li(ProblemLink.create(field=entry[0], words=entry[1])),
                )
            ),
            id=SUMMARY,
            tab_index=-1,
            class_name="summary",
            role="alert",
        ),
    )


def submit(words: str | rx.Var[str], *, busy: rx.Var[bool] | bool = False, **props: Any) -> rx.Component:
    """Return the button that sends a form; it says what it does, and spins while it does."""
    return spinning(words, busy=busy, type="submit", class_name="button primary", **props)


def spinning(words: str | rx.Var[str], *, busy: rx.Var[bool] | bool | None = None, **props: Any) -> rx.Component:
    """Return a button that spins while what it does is under way: while `busy`, or else while its form says so."""
    marks = {} if busy is None else {"custom_attrs": {"data-busy": busy}}
    return rx.el.button(rx.el.span(class_name="spinner", aria_hidden="true"), words, **marks, **props)


def sign_out_button(words: Language = ENGLISH, *, everywhere: bool = False) -> rx.Component:
    """Return the button that ends this session, or all sessions of the account."""
    said = words("Sign out everywhere") if everywhere else words("Sign out")
    return PostForm.create(
        *([rx.el.input(type="hidden", name="everywhere", value="yes")] if everywhere else []),
        rx.el.button(said, type="submit", class_name="button quiet"),
        words=words,
        unsent=words("Scans wait in this browser that are not sent yet. Press again to sign out and leave them here."),
        action="/auth/sign-out",
        class_name="inline",
    )
