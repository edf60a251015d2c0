"""Sign in and up, the own account, the people who work here, and what stands where somebody may not go."""

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.accounts import parts
from loyalty_app.accounts.state import (
    AccountState,
    EntranceState,
    PeopleState,
    PersonRow,
    ResetState,
    SessionRow,
    VerifyState,
)
from loyalty_app.core import times
from loyalty_app.core.languages import ENGLISH, LANGUAGES, Language
from loyalty_app.program.rules import LOCALES, currencies, language_name
from loyalty_app.ui.actions import file_link
from loyalty_app.ui.forms import PostForm, field, options, spinning, submit, summary
from loyalty_app.ui.layout import title_line

ROLES = (
    ("staff", "Staff: scan and redeem at the counter"),
    ("lead", "Lead: as staff, and undo, goodwill and the reasons"),
    ("marketer", "Marketer: offers, batches and numbers"),
    ("viewer", "Viewer: numbers only"),
    ("admin", "Admin: everything"),
)


def sign_in_page(words: Language) -> rx.Component:
    """Sign in with e-mail and password, for every role."""
    return rx.el.section(
        rx.el.h1(words("Sign in")),
        rx.cond(
            EntranceState.is_reset,
            rx.el.p(words("Your new password is set. Sign in with it."), role="status", class_name="said"),
        ),
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
            rx.el.a(words("Forgot your password?"), href=words.at("/forgot-password/")),
            class_name="aside",
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


def verify_page(words: Language) -> rx.Component:
    """Enter the code from the mail."""
    return rx.cond(
        VerifyState.is_loaded,
        rx.cond(VerifyState.email, _verify_form(words), _sign_up_over(words)),
        _loading(),
    )


def _verify_form(words: Language) -> rx.Component:
    return rx.el.section(
        rx.el.h1(words("Enter the code")),
        rx.cond(
            VerifyState.is_sent_again,
            rx.el.p(
                words("A new code is on its way. The one before does not work any more."),
                role="status",
                class_name="said",
            ),
        ),
        rx.el.p(
            words("We sent a code of six digits to this address. It works for 15 minutes."),
            " ",
            rx.el.strong(VerifyState.email, dir="ltr"),
            class_name="lead",
        ),
        _no_mail_server(words, VerifyState.has_mail_server),
        PostForm.create(
            _sign_up(),
            field(
                "code",
                words("Code"),
                auto_complete="one-time-code",
                input_mode="numeric",
                max_length=20,
                dir="ltr",
                class_name="digits",
            ),
            submit(words("Confirm address")),
            words=words,
            action="/auth/verify",
            class_name="form",
        ),
        PostForm.create(
            _sign_up(),
            rx.el.p(words("No mail? Look into the spam folder, or have another one sent."), class_name="quiet"),
            spinning(
                words("Send a new code"),
                type="submit",
                class_name="button",
            ),
            words=words,
            action="/auth/new-code",
            class_name="form again",
        ),
        class_name="panel",
    )


def _sign_up() -> rx.Component:
    return rx.fragment(
        rx.el.input(type="hidden", name="sign_up", value=VerifyState.sign_up),
        rx.el.input(type="hidden", name="next", value=VerifyState.next_path),
    )


def _sign_up_over(words: Language) -> rx.Component:
    return rx.el.section(
        rx.el.h1(words("This sign-up is over")),
        rx.el.p(words("It is confirmed already, or it was begun too long ago.")),
        rx.el.a(words("Sign in"), href=words.at("/sign-in/"), class_name="button primary"),
        rx.el.a(words("Become a member"), href=words.at("/sign-up/"), class_name="button"),
        class_name="panel",
    )


def forgot_password_page(words: Language) -> rx.Component:
    """Ask for a link to choose a new password."""
    return rx.cond(
        ResetState.is_loaded,
        rx.cond(
            ResetState.is_sent,
            rx.el.section(
                rx.el.h1(words("Look into your mail")),
                rx.el.p(
                    words(
                        "If the address has an account, a link to choose a new password is on its way."
                        " It works once, for one hour."
                    ),
                    role="status",
                ),
                _no_mail_server(words, ResetState.has_mail_server),
                rx.el.a(words("Back to sign in"), href=words.at("/sign-in/"), class_name="button primary"),
                class_name="panel",
            ),
            rx.el.section(
                rx.el.h1(words("Forgot your password?")),
                rx.el.p(words("Enter your address, and we send a link to choose a new one."), class_name="lead"),
                PostForm.create(
                    _email(words),
                    submit(words("Send link")),
                    words=words,
                    action="/auth/forgot-password",
                    class_name="form",
                ),
                class_name="panel",
            ),
        ),
        _loading(),
    )


def reset_password_page(words: Language) -> rx.Component:
    """Choose a new password by the link from the mail."""
    return rx.cond(
        ResetState.is_loaded,
        rx.cond(
            ResetState.is_open,
            rx.el.section(
                rx.el.h1(words("Choose a new password")),
                rx.el.p(words("You are then signed out everywhere, and sign in with the new one."), class_name="lead"),
                PostForm.create(
                    rx.el.input(type="hidden", name="token", value=ResetState.token),
                    _password(words, "new-password", help_text=words("At least 8 characters.")),
                    submit(words("Set password")),
                    words=words,
                    action="/auth/reset-password",
                    class_name="form",
                ),
                class_name="panel",
            ),
            rx.el.section(
                rx.el.h1(words("This link does not work any more")),
                rx.el.p(words("It works once, for one hour. Ask for a new one.")),
                rx.el.a(words("Send a new link"), href=words.at("/forgot-password/"), class_name="button primary"),
                class_name="panel",
            ),
        ),
        _loading(),
    )


def account_page(words: Language) -> rx.Component:
    """Show the own account: name, password, and where it is signed in."""
    return rx.cond(
        AccountState.is_loaded,
        rx.el.section(
            rx.el.h1(words("My account")),
            rx.el.p(AccountState.email, dir="ltr", class_name="lead"),
            rx.match(
                AccountState.done,
                ("name", rx.el.p(words("Your name is changed."), role="status", class_name="said")),
                (
                    "password",
                    rx.el.p(
                        words("Your password is changed. All other browsers are signed out."),
                        role="status",
                        class_name="said",
                    ),
                ),
                ("pin", rx.el.p(words("Your PIN is changed."), role="status", class_name="said")),
                rx.fragment(),
            ),
            PostForm.create(
                field(
                    "name",
                    words("Name"),
                    auto_complete="name",
                    max_length=80,
                    default_value=AccountState.name,
                    key=AccountState.name,
                ),
                submit(words("Change name")),
                words=words,
                action="/auth/name",
                class_name="form",
            ),
            PostForm.create(
                rx.el.h2(words("Password")),
                field(
                    "current",
                    words("Present password"),
                    type="password",
                    auto_complete="current-password",
                    max_length=200,
                ),
                field(
                    "password",
                    words("New password"),
                    help_text=words("At least 8 characters."),
                    type="password",
                    auto_complete="new-password",
                    max_length=200,
                ),
                submit(words("Change password")),
                words=words,
                action="/auth/password",
                class_name="form part",
            ),
            rx.cond(AccountState.may_have_pin, parts.my_pin(words), rx.fragment()),
            rx.el.section(
                rx.el.h2(words("Signed in")),
                rx.el.ul(rx.foreach(AccountState.sessions, lambda row: _my_session(row, words)), class_name="sessions"),
                rx.cond(
                    AccountState.sessions.length() > 1,
                    rx.el.button(
                        words("Sign out all others"),
                        type="button",
                        on_click=AccountState.end_other_sessions,
                        class_name="button",
                    ),
                ),
                class_name="part",
            ),
            rx.cond(AccountState.is_member, _my_data(words), rx.fragment()),
            class_name="panel",
        ),
        _loading(),
    )


def _my_data(words: Language) -> rx.Component:
    return rx.el.section(
        rx.el.h2(words("My data")),
        rx.el.p(
            words("Everything that is known of you here, as a file: vouchers, redemptions, points and sign-ins."),
            class_name="quiet",
        ),
        file_link(words("Download my data"), "/my/data.json"),
        class_name="part",
    )


def _my_session(row: ObjectVar[SessionRow], words: Language) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.strong(row.device),
            rx.el.p(words("since"), " ", row.since, class_name="quiet"),
        ),
        rx.cond(
            row.is_this,
            rx.el.span(words("This browser"), class_name="badge"),
            rx.el.button(
                words("Sign out"),
                type="button",
                on_click=AccountState.end_session(row.key),
                class_name="button",
                custom_attrs={"aria-label": words("Sign out") + f": {row.device}, {row.since}"},
            ),
        ),
        key=row.key,
    )


def _no_mail_server(words: Language, has_mail_server: rx.Var[bool]) -> rx.Component:
    return rx.cond(
        has_mail_server,
        rx.fragment(),
        rx.el.p(
            words("This program has no mail server yet. Its operator finds all letters in the outbox folder."),
            class_name="hint",
        ),
    )


def _loading() -> rx.Component:
    return rx.el.section(rx.el.div(class_name="skeleton tall"), class_name="panel", aria_busy="true")


def setup_page(words: Language) -> rx.Component:
    """Make the first admin and describe the program, once."""
    return rx.cond(
        EntranceState.is_loaded,
        rx.cond(EntranceState.is_setup_open, _setup_form(words), _setup_closed(words)),
        _loading(),
    )


def people_page() -> rx.Component:
    """Show who works here, change what they may do, and make accounts."""
    heads = ("Name", "Role", "E-mail", "Since", "Account")
    return rx.fragment(
        title_line("People", lead="Who works here. Members make their own accounts."),
        rx.cond(PeopleState.chosen.name, _change_person(), rx.fragment()),
        rx.cond(
            PeopleState.is_loaded,
            rx.el.div(
                rx.el.table(
                    rx.el.thead(rx.el.tr(*[rx.el.th(head, scope="col") for head in heads])),
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
            field("role", "Role", options(*ROLES, chosen="staff")),
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
        rx.el.td(
            row.role_words,
            rx.cond(row.is_active, rx.fragment(), rx.el.span("Switched off", class_name="badge")),
            custom_attrs={"data-label": "Role"},
        ),
        rx.el.td(row.email, class_name="loose", custom_attrs={"data-label": "E-mail"}),
        rx.el.td(row.since, custom_attrs={"data-label": "Since"}),
        rx.el.td(
            rx.cond(
                row.is_me,
                rx.el.a("My account", href="/account/", class_name="button"),
                rx.el.button(
                    "Change",
                    type="button",
                    on_click=PeopleState.choose(row.id),
                    class_name="button",
                    aria_label=f"Change {row.name}",
                ),
            )
        ),
        key=row.id,
    )


def _change_person() -> rx.Component:
    chosen, problems = PeopleState.chosen, PeopleState.problems
    return rx.el.section(
        rx.el.h2(f"Change {chosen.name}"),
        rx.el.form(
            summary(problems),
            field(
                "person_name",
                "Name",
                problems=problems,
                auto_complete="off",
                max_length=80,
                default_value=chosen.name,
            ),
            field(
                "person_role",
                "Role",
                options(*ROLES, chosen=chosen.role),
                help_text="With another role they sign in anew.",
                problems=problems,
            ),
            rx.el.div(
                submit("Save changes"),
                rx.el.button("Leave it", type="button", on_click=PeopleState.leave, class_name="button"),
                class_name="actions",
            ),
            key=chosen.id,
            on_submit=PeopleState.save,
            class_name="form",
            no_validate=True,
        ),
        rx.cond(chosen.may_have_pin, parts.pin_of_a_person(), rx.fragment()),
        rx.el.p(
            "Who is switched off is signed out at once and cannot sign in. What they did keeps their name.",
            class_name="quiet",
        ),
        rx.el.div(
            rx.cond(
                chosen.is_active,
                rx.el.button(
                    "Switch account off",
                    type="button",
                    on_click=PeopleState.switch(False),  # noqa: FBT003 - an event's arguments come by position
                    class_name="button danger",
                ),
                rx.el.button(
                    "Switch account on",
                    type="button",
                    on_click=PeopleState.switch(True),  # noqa: FBT003 - as above
                    class_name="button",
                ),
            ),
            rx.el.button("Sign out everywhere", type="button", on_click=PeopleState.end_sessions, class_name="button"),
            class_name="actions",
        ),
        aria_label="Change an account",
        class_name="card form",
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
                    help_text=words(
                        "Pages for work are in English; members read English, German or Arabic."
                        " Numbers, money and dates follow this."
                    ),
                ),
            ),
            rx.el.fieldset(
                rx.el.legend(words("You, the first admin")),
                field("name", words("Your name"), auto_complete="name", max_length=80),
                _email(words),
                _password(words, "new-password", help_text=words("At least 8 characters.")),
            ),
            rx.el.fieldset(
                rx.el.legend(words("To begin with")),
                field(
                    "sample",
                    words("Offers and batches"),
                    options(("", words("None yet")), ("yes", words("A sample café to look around in")), chosen=""),
                    help_text=words(
                        "The café has six weeks of claims and scans behind it, all made up."
                        " Its people sign in with your password. Delete its batches when you have seen enough."
                    ),
                ),
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
