"""Sign in, set up, and what stands where somebody may not go."""

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.accounts.state import EntranceState, PeopleState, PersonRow
from loyalty_app.core import times
from loyalty_app.program.rules import LOCALES, currencies, language_name
from loyalty_app.ui.forms import PostForm, field, options, submit
from loyalty_app.ui.layout import title_line


def sign_in_page() -> rx.Component:
    """Sign in with e-mail and password, for every role."""
    return rx.el.section(
        rx.el.h1("Sign in"),
        PostForm.create(
            _next(),
            _email(),
            _password("current-password"),
            submit("Sign in"),
            action="/auth/sign-in",
            class_name="form",
        ),
        rx.el.p("New here? ", rx.el.a("Make a member account", href=_with_next("/sign-up/")), class_name="aside"),
        class_name="panel",
    )


def sign_up_page() -> rx.Component:
    """Become a member."""
    return rx.el.section(
        rx.el.h1("Become a member"),
        rx.el.p("With an account your vouchers stay safe on any phone.", class_name="lead"),
        PostForm.create(
            _next(),
            field("name", "Name", auto_complete="name", max_length=80),
            _email(),
            _password("new-password", help_text="At least 8 characters."),
            submit("Make account"),
            action="/auth/sign-up",
            class_name="form",
        ),
        rx.el.p("Have an account? ", rx.el.a("Sign in", href=_with_next("/sign-in/")), class_name="aside"),
        class_name="panel",
    )


def setup_page() -> rx.Component:
    """Make the first admin and describe the program, once."""
    return rx.cond(
        EntranceState.is_loaded,
        rx.cond(EntranceState.is_setup_open, _setup_form(), _setup_closed()),
        rx.el.section(rx.el.div(class_name="skeleton tall"), class_name="panel", aria_busy="true"),
    )


def people_page() -> rx.Component:
    """Show who works here, make accounts, and sign somebody out everywhere."""
    return rx.fragment(
        title_line("People", lead="Who works here. Members make their own accounts."),
        rx.cond(
            PeopleState.is_loaded,
            rx.el.div(
                rx.el.table(
                    rx.el.thead(
                        rx.el.tr(
                            *[rx.el.th(head, scope="col") for head in ("Name", "Role", "E-mail", "Since", "Sessions")]
                        )
                    ),
                    rx.el.tbody(rx.foreach(PeopleState.rows, _person)),
                    class_name="rows",
                ),
                class_name="card",
            ),
            rx.el.div(class_name="skeleton card-size", aria_busy="true"),
        ),
        PostForm.create(
            rx.el.h2("New account"),
            field("name", "Name", auto_complete="off", max_length=80),
            field("email", "E-mail", type="email", auto_complete="off", input_mode="email", max_length=254),
            field(
                "role",
                "Role",
                options(
                    ("staff", "Staff: scan and redeem at the counter"),
                    ("marketer", "Marketer: offers, batches and numbers"),
                    ("viewer", "Viewer: numbers only"),
                    ("admin", "Admin: everything"),
                    chosen="staff",
                ),
            ),
            _password("new-password", help_text="At least 8 characters. Tell it to them; it is shown nowhere again."),
            submit("Make account"),
            action="/auth/people",
            class_name="form card",
        ),
    )


def _person(row: ObjectVar[PersonRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row.name, class_name="loose", custom_attrs={"data-label": "Name"}),
        rx.el.td(row.role, custom_attrs={"data-label": "Role"}),
        rx.el.td(row.email, class_name="loose", custom_attrs={"data-label": "E-mail"}),
        rx.el.td(row.since, custom_attrs={"data-label": "Since"}),
        rx.el.td(
            rx.cond(
                row.is_me,
                "You",
                rx.el.button(
                    "Sign out",
                    type="button",
                    on_click=PeopleState.end_sessions(row.id),
                    class_name="button",
                    aria_label=f"Sign {row.name} out everywhere",
                ),
            )
        ),
        key=row.id,
    )


def not_allowed_page() -> rx.Component:
    """Say calmly that this is not for them."""
    return rx.el.section(
        rx.el.h1("Not for your account"),
        rx.el.p("Your account may not open this page. Ask an admin if you need it, or sign in with another account."),
        rx.el.a("Back to Home", href="/", class_name="button primary"),
        class_name="panel",
    )


def not_found_page() -> rx.Component:
    """Say that there is no such page."""
    return rx.el.section(
        rx.el.h1("Page not found"),
        rx.el.p("The link may be old or mistyped."),
        rx.el.a("Back to Home", href="/", class_name="button primary"),
        class_name="panel",
    )


def _setup_form() -> rx.Component:
    return rx.el.section(
        rx.el.h1("Set up your program"),
        rx.el.p("This link works once. Choose the currency with care: amounts are kept in it.", class_name="lead"),
        PostForm.create(
            rx.el.input(type="hidden", name="token", value=EntranceState.setup_secret),
            rx.el.fieldset(
                rx.el.legend("The program"),
                field("program_name", "Name", help_text="Members see it on every page.", max_length=80),
                field(
                    "time_zone",
                    "Time zone",
                    options(*[(zone, zone.replace("_", " ")) for zone in times.time_zones()], chosen="UTC"),
                    help_text="Days begin and end by it; vouchers expire by it.",
                ),
                field("currency", "Currency", options(*[(code, code) for code in currencies()], chosen="EUR")),
                field(
                    "locale",
                    "Number and date format",
                    options(*[(locale, language_name(locale)) for locale in LOCALES], chosen="en-US"),
                    help_text="Texts are in English; numbers, money and dates follow this.",
                ),
            ),
            rx.el.fieldset(
                rx.el.legend("You, the first admin"),
                field("name", "Your name", auto_complete="name", max_length=80),
                _email(),
                _password("new-password", help_text="At least 8 characters."),
            ),
            submit("Set up program"),
            action="/auth/setup",
            class_name="form",
        ),
        class_name="panel",
    )


def _setup_closed() -> rx.Component:
    return rx.el.section(
        rx.el.h1("This setup link does not work"),
        rx.el.p(
            "Setup needs the link that the program prints when it is started for the first time."
            " It works once, and a newer one replaces an older one."
        ),
        rx.el.a("Sign in", href="/sign-in/", class_name="button primary"),
        class_name="panel",
    )


def _next() -> rx.Component:
    return rx.el.input(type="hidden", name="next", value=EntranceState.next_path)


def _with_next(path: str) -> rx.Var[str]:
    return rx.cond(EntranceState.next_path, f"{path}?next={EntranceState.next_path}", path)


def _email() -> rx.Component:
    return field("email", "E-mail", type="email", auto_complete="email", input_mode="email", max_length=254)


def _password(auto_complete: str, help_text: str = "") -> rx.Component:
    return field(
        "password", "Password", help_text=help_text, type="password", auto_complete=auto_complete, max_length=200
    )
