"""Sign in, set up, and what stands where somebody may not go."""

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.accounts.state import EntranceState, PeopleState, PersonRow
from loyalty_app.core import times
from loyalty_app.core.languages import ENGLISH, LANGUAGES, Language
from loyalty_app.program.rules import LOCALES, currencies, language_name
from loyalty_app.ui.forms import PostForm, field, options, submit
from loyalty_app.ui.layout import title_line


def sign_in_page(words: Language) -> rx.Component:
    """Sign in with e-mail and password, for every role."""
    return rx.el.section(
        rx.el.h1(words("Sign in")),
        PostForm.create(
            _next(),
            _email(words),
            _password(words, "current-password"),
            submit(words("Sign in")),
            words=words,
            action="/auth/sign-in",
            class_name="form",
        ),
        rx.el.p(
            words("New here?"),
            " ",
            rx.el.a(words("Make a member account"), href=_with_next(words.at("/sign-up/"))),
            class_name="aside",
        ),
        class_name="panel",
    )


def sign_up_page(words: Language) -> rx.Component:
    """Become a member."""
    return rx.el.section(
        rx.el.h1(words("Become a member")),
        rx.el.p(words("With an account your vouchers stay safe on any phone."), class_name="lead"),
        PostForm.create(
            _next(),
            field("name", words("Name"), auto_complete="name", max_length=80),
            _email(words),
            _password(words, "new-password", help_text=words("At least 8 characters.")),
            submit(words("Make account")),
            words=words,
            action="/auth/sign-up",
            class_name="form",
        ),
        rx.el.p(
            words("Have an account?"),
            " ",
            rx.el.a(words("Sign in"), href=_with_next(words.at("/sign-in/"))),
            class_name="aside",
        ),
        class_name="panel",
    )


def setup_page(words: Language) -> rx.Component:
    """Make the first admin and describe the program, once."""
    return rx.cond(
        EntranceState.is_loaded,
        rx.cond(EntranceState.is_setup_open, _setup_form(words), _setup_closed(words)),
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
            _password(
                ENGLISH, "new-password", help_text="At least 8 characters. Tell it to them; it is shown nowhere again."
            ),
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


def not_allowed_page(words: Language) -> rx.Component:
    """Say calmly that this is not for them."""
    return rx.el.section(
        rx.el.h1(words("Not for your account")),
        rx.el.p(
            words("Your account may not open this page. Ask an admin if you need it, or sign in with another account.")
        ),
        rx.el.a(words("Back to Home"), href=words.at("/"), class_name="button primary"),
        class_name="panel",
    )


def not_found_page() -> rx.Component:
    """Say that there is no such page: in every language, as the address names none."""
    return rx.el.section(
        *[
            rx.el.div(
                (rx.el.h2 if number else rx.el.h1)(words("Page not found")),
                rx.el.p(words("The link may be old or mistyped.")),
                rx.el.a(words("Back to Home"), href=words.at("/"), class_name="button"),
                lang=words.tag,
                dir=words.direction,
                class_name="panel",
            )
            for number, words in enumerate(LANGUAGES)
        ],
        class_name="lost",
    )


def _setup_form(words: Language) -> rx.Component:
    return rx.el.section(
        rx.el.h1(words("Set up your program")),
        rx.el.p(
            words("This link works once. Choose the currency with care: amounts are kept in it."), class_name="lead"
        ),
        PostForm.create(
            rx.el.input(type="hidden", name="token", value=EntranceState.setup_secret),
            rx.el.fieldset(
                rx.el.legend(words("The program")),
                field("program_name", words("Name"), help_text=words("Members see it on every page."), max_length=80),
                field(
                    "time_zone",
                    words("Time zone"),
                    options(*[(zone, zone.replace("_", " ")) for zone in times.time_zones()], chosen="UTC"),
                    help_text=words("Days begin and end by it; vouchers expire by it."),
                ),
                field("currency", words("Currency"), options(*[(code, code) for code in currencies()], chosen="EUR")),
                field(
                    "locale",
                    words("Number and date format"),
                    options(*[(locale, language_name(locale)) for locale in LOCALES], chosen="en-US"),
                    help_text=words("Texts are in English; numbers, money and dates follow this."),
                ),
            ),
            rx.el.fieldset(
                rx.el.legend(words("You, the first admin")),
                field("name", words("Your name"), auto_complete="name", max_length=80),
                _email(words),
                _password(words, "new-password", help_text=words("At least 8 characters.")),
            ),
            submit(words("Set up program")),
            words=words,
            action="/auth/setup",
            class_name="form",
        ),
        class_name="panel",
    )


def _setup_closed(words: Language) -> rx.Component:
    return rx.el.section(
        rx.el.h1(words("This setup link does not work")),
        rx.el.p(
            words(
                "Setup needs the link that the program prints when it is started for the first time."
                " It works once, and a newer one replaces an older one."
            )
        ),
        rx.el.a(words("Sign in"), href=words.at("/sign-in/"), class_name="button primary"),
        class_name="panel",
    )


def _next() -> rx.Component:
    return rx.el.input(type="hidden", name="next", value=EntranceState.next_path)


def _with_next(path: str) -> rx.Var[str]:
    return rx.cond(EntranceState.next_path, f"{path}?next={EntranceState.next_path}", path)


def _email(words: Language) -> rx.Component:
    return field("email", words("E-mail"), type="email", auto_complete="email", input_mode="email", max_length=254)


def _password(words: Language, auto_complete: str, help_text: str = "") -> rx.Component:
    return field(
        "password", words("Password"), help_text=help_text, type="password", auto_complete=auto_complete, max_length=200
    )
