"""The audit log."""

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.auditlog.rules import KINDS
from loyalty_app.auditlog.state import AuditState, EntryRow
from loyalty_app.ui.actions import file_link
from loyalty_app.ui.forms import options
from loyalty_app.ui.layout import empty, title_line
from loyalty_app.ui.lists import next_pages


def audit_page() -> rx.Component:
    """Tell who changed what, the newest first."""
    state = AuditState
    return rx.fragment(
        title_line(
            "Audit log",
            file_link("Export CSV", state.file),
            lead="Who changed what. The export has exactly what is filtered here.",
        ),
        rx.cond(
            state.is_loaded,
            rx.fragment(
                _search(),
                rx.cond(
                    state.rows.length() > 0,
                    rx.fragment(_table(), next_pages(AuditState, "Newest", "Older")),
                    empty(
                        "No entry fits",
                        "Try other words, another person or more days.",
                        rx.el.a("Show everything", href="/admin/settings/audit-log/", class_name="button"),
                    ),
                ),
            ),
            rx.el.div(class_name="skeleton tall", aria_busy="true"),
        ),
    )


def _search() -> rx.Component:
    search = AuditState.search
    kinds = options(
        ("", "Everything"), *[(kind, kind.replace("_", " ").capitalize()) for kind in KINDS], chosen=search.kind
    )

    def labelled(name: str, label: str, control: rx.Component) -> rx.Component:
        return rx.el.div(rx.el.label(label, html_for=name), control, class_name="field")

    return rx.el.form(
        labelled("q", "Words", rx.el.input(id="q", name="q", type="search", default_value=search.q, max_length=80)),
        labelled(
            "person",
            "Person",
            rx.el.select(
                rx.el.option("Everybody", value=""),
                rx.foreach(AuditState.people, lambda name: rx.el.option(name, value=name)),
                id="person",
                name="person",
                default_value=search.person,
            ),
        ),
        labelled("kind", "Kind of thing", kinds(id="kind", name="kind")),
        labelled("since", "From", rx.el.input(id="since", name="since", type="date", default_value=search.since)),
        labelled("until", "To", rx.el.input(id="until", name="until", type="date", default_value=search.until)),
        rx.el.button("Search", type="submit", class_name="button primary"),
        on_submit=AuditState.find,
        class_name="search many",
        role="search",
        key=f"{search.q}|{search.person}|{search.kind}|{search.since}|{search.until}",
    )


def _table() -> rx.Component:
    heads = ("When", "Who", "What", "Details")
    return rx.el.div(
        rx.el.table(
            rx.el.thead(rx.el.tr(*[rx.el.th(head, scope="col") for head in heads])),
            rx.el.tbody(rx.foreach(AuditState.rows, _row)),
            class_name="rows",
        ),
        class_name="card",
    )


def _row(row: ObjectVar[EntryRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row.at, class_name="tight", custom_attrs={"data-label": "When"}),
        rx.el.td(row.who, custom_attrs={"data-label": "Who"}),
        rx.el.td(
            rx.cond(row.address, rx.el.a(row.what, href=row.address), rx.el.span(row.what)),
            custom_attrs={"data-label": "What"},
        ),
        rx.el.td(row.details, class_name="loose", custom_attrs={"data-label": "Details"}),
        key=row.id,
    )
