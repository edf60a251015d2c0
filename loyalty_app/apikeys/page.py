"""API keys."""

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.apikeys.state import SCOPES, ApiKeysState, KeyRow
from loyalty_app.ui.forms import CopyButton, field, submit, summary
from loyalty_app.ui.layout import empty, title_line

REVOKE = "revoke-dialog"


def api_keys_page() -> rx.Component:
    """Show which programs may get in, let one in, and shut one out."""
    state = ApiKeysState
    return rx.fragment(
        title_line(
            "API keys",
            rx.el.a("API documentation", href="/api/docs", custom_attrs={"reloadDocument": True}, class_name="button"),
            lead="With a key another program does what its scopes allow: a till, a website, a mail tool.",
        ),
        rx.cond(state.new_key, _new_key()),
        rx.cond(
            state.is_loaded,
            rx.cond(
                state.rows.length() > 0,
                _table(),
                empty("No key yet", "Make one for each program, so that each can be shut out by itself."),
            ),
            rx.el.div(class_name="skeleton card-size", aria_busy="true"),
        ),
        _form(),
        _revoke_dialog(),
    )


def _new_key() -> rx.Component:
    state = ApiKeysState
    return rx.el.section(
        rx.el.h2("The key of ", state.new_name, id="new-key", tab_index=-1),
        rx.el.p("Copy it now and keep it like a password. It is not stored, so nobody can show it again."),
        rx.el.code(state.new_key, class_name="key", dir="ltr"),
        rx.el.div(
            CopyButton.create(text=state.new_key, label="Copy key", done="Copied", class_name="button primary"),
            rx.el.button("I have it", type="button", on_click=state.done, class_name="button"),
            class_name="actions",
        ),
        class_name="card new-key",
        aria_live="polite",
    )


def _table() -> rx.Component:
    heads = ("Name", "Key", "May", "Last day", "Last used", "Status")
    return rx.el.div(
        rx.el.table(
            rx.el.thead(rx.el.tr(*[rx.el.th(head, scope="col") for head in heads])),
            rx.el.tbody(rx.foreach(ApiKeysState.rows, _row)),
            class_name="rows keys",
        ),
        class_name="card",
    )


def _row(row: ObjectVar[KeyRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row.name, class_name="loose", custom_attrs={"data-label": "Name"}),
        rx.el.td(row.hint, class_name="code", dir="ltr", custom_attrs={"data-label": "Key"}),
        rx.el.td(row.scopes, class_name="loose", custom_attrs={"data-label": "May"}),
        rx.el.td(row.expires, custom_attrs={"data-label": "Last day"}),
        rx.el.td(row.used, custom_attrs={"data-label": "Last used"}),
        rx.el.td(
            rx.cond(
                row.is_good,
                rx.el.button(
                    "Revoke",
                    type="button",
                    aria_label=f"Revoke {row.name}",
                    on_click=[
                        ApiKeysState.ask_to_revoke(row.id),
                        rx.call_function(f"() => document.getElementById('{REVOKE}').showModal()"),
                    ],
                    class_name="button",
                ),
                row.standing,
            ),
            custom_attrs={"data-label": "Status"},
        ),
        key=row.id,
    )


def _form() -> rx.Component:
    state = ApiKeysState
    return rx.el.form(
        rx.el.h2("New key"),
        summary(state.problems),
        field(
            "name",
            "Name",
            help_text="The program that will use it, for example: Till in Warsaw.",
            problems=state.problems,
            auto_complete="off",
            max_length=80,
        ),
        rx.el.fieldset(
            rx.el.legend("It may"),
            rx.el.p(
                state.problems.get("scopes", ""),
                id="scopes-problem",
                class_name="problem",
                custom_attrs={"data-problem-of": "scopes"},
            ),
            *[_scope(scope, words) for scope, words in SCOPES.items()],
            id="scopes",
            tab_index=-1,
            class_name="scopes",
        ),
        field(
            "expires_at",
            "Last day",
            help_text="Leave it empty for a key without an end.",
            problems=state.problems,
            type="date",
            min=state.today,
        ),
        submit("Make key"),
        on_submit=state.make,
        class_name="form card",
        no_validate=True,
        key=state.new_key,
    )


def _scope(scope: str, words: str) -> rx.Component:
    name = f"scope-{scope}"
    return rx.el.label(
        rx.el.input(type="checkbox", name=name, id=name), rx.el.span(words), html_for=name, class_name="choice"
    )


def _revoke_dialog() -> rx.Component:
    close = rx.call_function(f"() => document.getElementById('{REVOKE}').close()")
    return rx.el.dialog(
        rx.el.h2("Revoke this key?", id="revoke-title"),
        rx.el.p(
            rx.el.strong(ApiKeysState.doomed_name),
            " gets in no more, from its next request on. This cannot be undone; a new key can be made.",
        ),
        rx.el.div(
            rx.el.button("Keep key", type="button", on_click=close, class_name="button"),
            rx.el.button(
                "Revoke key", type="button", on_click=[ApiKeysState.revoke, close], class_name="button danger"
            ),
            class_name="actions",
        ),
        id=REVOKE,
        class_name="dialog",
        aria_labelledby="revoke-title",
    )
