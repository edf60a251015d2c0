"""The business profile."""

import reflex as rx

from loyalty_app.core import times
from loyalty_app.program.rules import LOCALES, language_name
from loyalty_app.program.state import ProfileState
from loyalty_app.ui.forms import field, options, picture_field, submit, summary
from loyalty_app.ui.layout import title_line


def profile_page() -> rx.Component:
    """Say who the business is, and see how members will meet it."""
    return rx.fragment(
        title_line("Business profile", lead="Members meet this on every page, and your colour with it."),
        rx.cond(
            ProfileState.is_loaded,
            rx.el.div(_form(), _preview(), class_name="with-preview", key=ProfileState.version),
            rx.el.div(class_name="skeleton tall", aria_busy="true"),
        ),
    )


def _form() -> rx.Component:
    state, problems = ProfileState, ProfileState.problems
    return rx.el.form(
        summary(problems),
        rx.el.fieldset(
            rx.el.legend("Who you are"),
            field(
                "name",
                "Name",
                problems=problems,
                max_length=80,
                default_value=state.name,
                on_change=state.preview_name.debounce(250),
            ),
            field(
                "about",
                "About",
                rx.el.textarea,
                help_text="One or two sentences, shown on the home page.",
                problems=problems,
                rows="3",
                max_length=300,
                default_value=state.about,
            ),
            field(
                "website",
                "Website",
                help_text="For example aurora.example.",
                problems=problems,
                input_mode="url",
                auto_complete="url",
                max_length=200,
                default_value=state.website,
            ),
            field(
                "contact",
                "Contact address",
                help_text="Where members write to.",
                problems=problems,
                type="email",
                auto_complete="off",
                max_length=254,
                default_value=state.contact,
            ),
        ),
        rx.el.fieldset(
            rx.el.legend("How you look"),
            picture_field("logo", "Logo", value=state.digest, problems=problems),
            _colors(),
        ),
        rx.el.fieldset(
            rx.el.legend("Where you are"),
            field(
                "time_zone",
                "Time zone",
                options(*[(zone, zone.replace("_", " ")) for zone in times.time_zones()], chosen=state.time_zone),
                help_text="New batches expire by it. Batches made before keep the moment they promised.",
                problems=problems,
            ),
            field(
                "locale",
                "Number and date format",
                options(*[(locale, language_name(locale)) for locale in LOCALES], chosen=state.locale),
                problems=problems,
            ),
            rx.el.p(
                "Currency ",
                rx.el.strong(state.currency),
                ". It stays as it was set up: every amount is kept in it.",
                class_name="quiet",
            ),
        ),
        rx.el.fieldset(
            rx.el.legend("At the counter"),
            rx.el.div(
                _minutes(
                    "undo_minutes",
                    "Minutes to undo a scan",
                    state.undo_minutes,
                    "So long staff may undo what they redeemed themselves, without a reason. With 0 only leads and"
                    " admins take something back.",
                ),
                _minutes(
                    "lock_minutes",
                    "Minutes until a device locks",
                    state.lock_minutes,
                    "An enrolled device that nobody touches for so long asks for the PIN again. With 0 it stays open.",
                ),
                class_name="pair",
            ),
        ),
        submit("Save profile"),
        on_submit=state.save,
        class_name="form card",
        no_validate=True,
    )


def _minutes(name: str, label: str, value: rx.Var[str], help_text: str) -> rx.Component:
    return field(
        name,
        label,
        help_text=help_text,
        problems=ProfileState.problems,
        type="number",
        min="0",
        max="120",
        step="1",
        input_mode="numeric",
        auto_complete="off",
        default_value=value,
    )


def _colors() -> rx.Component:
    state = ProfileState
    return rx.el.div(
        field(
            "brand_color",
            "Brand colour",
            help_text="As # and six digits. Where it would be hard to read it is made darker or lighter.",
            problems=state.problems,
            default_value=state.brand_color,
            max_length=7,
            auto_complete="off",
            spell_check=False,
            on_change=state.type_color.debounce(250),
            key=state.picked,
        ),
        rx.el.div(
            rx.el.input(
                type="color", aria_label="Pick the brand colour", value=state.color, on_change=state.pick_color
            ),
            rx.el.button("Use the standard colour", type="button", on_click=state.take_color_away, class_name="button"),
            class_name="color-choice",
        ),
    )


def _preview() -> rx.Component:
    return rx.el.aside(
        rx.el.h2("Preview"),
        _phone("In light", ProfileState.light),
        _phone("In dark", ProfileState.dark),
        class_name="previews",
    )


def _phone(label: str, colors: rx.Var[dict[str, str]]) -> rx.Component:
    state = ProfileState
    return rx.el.figure(
        rx.el.figcaption(label, class_name="quiet"),
        rx.el.div(
            rx.el.p(
                rx.cond(state.logo, rx.el.img(src=state.logo, alt="", height="32"), rx.fragment()),
                rx.el.strong(state.name),
                class_name="brand",
            ),
            rx.el.p("20% off", class_name="reward"),
            rx.el.p("This is how a claim page begins."),
            rx.el.span("Claim voucher", class_name="button primary wide"),
            style=colors,
            class_name="phone",
        ),
    )
