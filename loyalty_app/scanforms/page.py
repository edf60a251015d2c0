"""Create Batch: the form of a new scan batch beside its preview, the review, and the making."""

from typing import Any

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.batches.state import BatchRow
from loyalty_app.scanforms.rules import ALPHABETS, TYPES, Step
from loyalty_app.scanforms.state import REVIEW, Part, ScanFormState
from loyalty_app.ui.forms import FormWatch, field, forget, options, remember, spinning, submit, summary
from loyalty_app.ui.icons import icon
from loyalty_app.ui.layout import empty, title_line

ALL = "/admin/batches/scan/"
KEYSTROKE = 80
"""Milliseconds to wait for the next one before the preview follows."""

_rows = rx.asset("rows.jsx", shared=True)


class ParameterRows(rx.Component):
    """Rows of keys and values, which the form sends as one field."""

    library = f"$/public{_rows}"
    tag = "ParameterRows"
    name: rx.Var[str]
    value: rx.Var[str]
    described: rx.Var[str]
    invalid: rx.Var[str]


class QuestionRows(rx.Component):
    """Rows of what is to be asked, which the form sends as one field."""

    library = f"$/public{_rows}"
    tag = "QuestionRows"
    name: rx.Var[str]
    value: rx.Var[str]
    types: rx.Var[list[tuple[str, str]]]
    described: rx.Var[str]
    invalid: rx.Var[str]


def new_scan_batch_page() -> rx.Component:
    """Fill in, look, review, submit, and watch the codes being made."""
    state = ScanFormState
    stages = rx.match(
        state.stage,
        ("made", rx.fragment(forget("scan-batch"), rx.foreach(state.made, _made))),
        ("missing", rx.fragment(title_line("Create Batch"), _missing())),
        ("", rx.fragment(title_line("Create Batch"), rx.el.div(class_name="skeleton tall", aria_busy="true"))),
        rx.fragment(
            title_line("Generate QR Codes", lead="Every code has a link of its own, is used once, and pays points."),
            rx.el.ol(rx.foreach(state.steps, _step), class_name="steps-line", aria_label="Steps"),
            rx.el.div(
                rx.el.div(_form(), hidden=state.stage == REVIEW),
                rx.cond(state.stage == REVIEW, _review(), rx.fragment()),
                _preview(),
                class_name="with-preview scan-form",
                key=state.version,
            ),
        ),
    )
    return rx.fragment(stages)


def _form() -> rx.Component:
    state = ScanFormState
    return rx.fragment(
        rx.el.a(
            rx.el.img(src=state.preview.qr, alt="", width="36", height="36"),
            rx.el.span("QR Code Preview: ", state.preview.density),
            href="#preview",
            class_name="preview-link",
        ),
        rx.el.form(
            summary(state.problems),
            remember(state.memory),
            FormWatch.create(on_typed=state.typed, wait=KEYSTROKE),
            _parameters(),
            _codes(),
            _address(),
            _landing(),
            _questions(),
            _name(),
            on_submit=state.review,
            class_name="form card",
            no_validate=True,
        ),
    )


def _step(step: ObjectVar[Step]) -> rx.Component:
    return rx.el.li(
        rx.el.a(
            rx.cond(
                step.is_done,
                rx.el.span(icon("check"), class_name="number"),
                rx.el.span(step.number, class_name="number"),
            ),
            rx.el.span(step.words, rx.cond(step.is_done, rx.el.span(", done", class_name="unseen"))),
            href=step.href,
        ),
        custom_attrs={"data-done": step.is_done},
    )


def _parameters() -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend("Parameters"),
        _row_field(
            "parameters",
            ParameterRows,
            ScanFormState.form.parameters,
            "Sealed into every code, and invisible in its link. The parameter points is what a redemption pays;"
            " others are for your own use, for example shop = Old Town.",
        ),
        id="parameters-part",
    )


def _codes() -> rx.Component:
    form, problems = ScanFormState.form, ScanFormState.problems
    preview = ScanFormState.preview
    return rx.el.fieldset(
        rx.el.legend("Number and prefix"),
        field(
            "quantity",
            "Number of Codes",
            help_text="1 to 100,000, fixed once made.",
            problems=problems,
            input_mode="numeric",
            auto_complete="off",
            default_value=form.quantity,
        ),
        field(
            "prefix",
            "Code Prefix",
            help_text="Optional: up to 12 letters and digits before each code, for sorting and reporting.",
            problems=problems,
            max_length=20,
            auto_complete="off",
            default_value=form.prefix,
        ),
        rx.el.details(
            rx.el.summary("More settings"),
            field("alphabet", "Character set", options(*ALPHABETS.items(), chosen=form.alphabet), problems=problems),
            field(
                "length",
                "Length",
                help_text="Random characters in each code, 4 to 24. They are printed under the QR code, for typing.",
                problems=problems,
                input_mode="numeric",
                auto_complete="off",
                default_value=form.get("length", ""),  # `.length` would count
            ),
            open=ScanFormState.unfolded,
            class_name="more",
        ),
        rx.el.p(preview.odds, class_name=rx.cond(preview.is_weak, "odds weak", "odds"), aria_live="polite"),
        id="codes-part",
    )


def _address() -> rx.Component:
    state, problems = ScanFormState, ScanFormState.problems
    return rx.el.fieldset(
        rx.el.legend("Expiry and address"),
        field(
            "expires_on",
            "Expiry Date",
            type="date",
            help_text=f"Redeemable through the end of this day, {state.zone} time.",
            min=state.today,
            problems=problems,
            default_value=state.form.expires_on,
        ),
        rx.el.p(state.preview.until, class_name="odds", aria_live="polite"),
        field(
            "base_url",
            "Base Redirect URL",
            type="url",
            help_text="Where a scan leads; a query or a fragment may stand in it. Leave it empty for the program's own"
            " page. A page of yours has to send the code on to the API.",
            placeholder=state.own_url,
            problems=problems,
            auto_complete="off",
            dir="ltr",
            default_value=state.form.base_url,
        ),
        id="address-part",
    )


def _landing() -> rx.Component:
    state, problems = ScanFormState, ScanFormState.problems

    def templates(**props: Any) -> rx.Component:
        return rx.el.select(
            rx.el.option("None", value=""),
            rx.foreach(state.choices, lambda choice: rx.el.option(choice[1], value=choice[0])),
            default_value=state.form.offer_id,
            **props,
        )

    return rx.el.fieldset(
        rx.el.legend("What the page shows"),
        field(
            "title",
            "Title",
            help_text="Optional. Without one it is the offer's, or else the points, in each language.",
            problems=problems,
            auto_complete="off",
            default_value=state.form.title,
        ),
        field(
            "description",
            "Description",
            rx.el.textarea,
            help_text="Optional, one or two sentences.",
            problems=problems,
            rows="2",
            default_value=state.form.description,
        ),
        field(
            "offer_id",
            "Offer as a template",
            templates,
            help_text="Optional: its texts, languages and picture are copied now. What is paid stays the points.",
            problems=problems,
        ),
    )


def _questions() -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend("Required information"),
        _row_field(
            "fields",
            QuestionRows,
            ScanFormState.form.fields,
            "What people are asked before the points are paid. Each question loses some of them.",
            types=[(kind.value, words) for kind, words in TYPES.items()],
        ),
    )


def _name() -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend("Preview and submit"),
        field(
            "name",
            "Batch name",
            help_text="For your eyes, for example: Summer 2026 - Cup sleeves.",
            problems=ScanFormState.problems,
            max_length=80,
            auto_complete="off",
            default_value=ScanFormState.form.name,
        ),
        rx.el.div(submit("Review"), class_name="actions"),
        id="submit-part",
    )


def _row_field(name: str, rows: type[rx.Component], value: rx.Var[str], help_text: str, **more: Any) -> rx.Component:
    problems = ScanFormState.problems
    return rx.el.div(
        rx.el.p(help_text, id=f"{name}-help", class_name="help"),
        rows.create(
            name=name,
            value=value,
            described=f"{name}-help {name}-problem",
            invalid=rx.cond(problems.contains(name), "true", "false"),
            **more,
        ),
        rx.el.p(problems.get(name, ""), id=f"{name}-problem", class_name="problem"),
        class_name="field",
    )


def _preview() -> rx.Component:
    preview = ScanFormState.preview
    return rx.el.aside(
        rx.el.h2("QR Code Preview"),
        rx.el.img(src=preview.qr, alt="Sample QR code", class_name="qr", width="240", height="240"),
        rx.el.p(preview.note, class_name="preview-note"),
        rx.cond(
            preview.warning,
            rx.el.p(
                icon("warning"),
                rx.el.span(preview.warning),
                class_name=rx.cond(preview.is_dense, "hint dense", "hint"),
                role="status",
            ),
        ),
        rx.el.dl(
            _fact("Redirect URL", rx.el.span(preview.url, class_name="url", dir="ltr")),
            _fact(
                "Parameters",
                rx.el.ul(rx.foreach(preview.parameters, lambda one: rx.el.li(f"{one[0]} = {one[1]}", key=one[0]))),
            ),
            _fact("Code under it", rx.el.span(preview.sample, class_name="code", dir="ltr")),
            _fact("Density", preview.density),
            _fact("Smallest print size", preview.print_size),
            class_name="preview-facts",
        ),
        rx.el.p(preview.print_words, class_name="quiet"),
        rx.foreach(preview.hints, lambda hint: rx.el.p(icon("warning"), rx.el.span(hint), class_name="hint", key=hint)),
        rx.el.p("This sample redeems nothing. Each code of the batch gets a link of its own.", class_name="quiet"),
        id="preview",
        tab_index=0,  # it scrolls by itself on a low screen, and the keyboard has to reach what is below
        aria_label="QR Code Preview",
        class_name="previews card scan-preview",
    )


def _fact(name: str, value: rx.Component | rx.Var[str]) -> rx.Component:
    return rx.el.div(rx.el.dt(name), rx.el.dd(value))


def _review() -> rx.Component:
    state = ScanFormState
    return rx.el.section(
        rx.el.h2("Review", id=REVIEW, tab_index=-1),
        rx.el.p(
            "This is what will be made. Number, parameters and address cannot be changed later.", class_name="lead"
        ),
        rx.el.dl(rx.foreach(state.parts, _part), class_name="review"),
        rx.el.div(
            rx.el.button("Back to the form", type="button", on_click=state.change, class_name="button"),
            spinning(
                "Submit",
                type="button",
                on_click=state.submit,
                class_name="button primary",
            ),
            class_name="actions",
        ),
        class_name="card form",
        aria_labelledby=REVIEW,
    )


def _part(part: ObjectVar[Part]) -> rx.Component:
    return rx.el.div(rx.el.dt(part.name), rx.foreach(part.lines, rx.el.dd))


def _made(row: ObjectVar[BatchRow]) -> rx.Component:
    is_making = row.badge == "generating"
    return rx.fragment(
        title_line(row.name, lead=rx.cond(is_making, "Its QR codes are being made.", "")),
        rx.el.div(
            rx.cond(
                row.badge == "failed",
                rx.el.p("Not all codes could be made. Open the batch to go on making them.", class_name="hint"),
                rx.cond(
                    is_making,
                    rx.el.div(
                        rx.el.progress(value=row.progress, max=100, aria_label=f"Making QR codes of {row.name}"),
                        rx.el.p(row.progress_words, class_name="quiet"),
                        class_name="making",
                    ),
                    rx.el.p(
                        icon("check"),
                        rx.el.span(f"All {row.total} codes are made."),
                        class_name="all-made",
                        role="status",
                    ),
                ),
            ),
            rx.cond(
                is_making,
                rx.el.p(
                    "You can leave this page: the batch exists, and its codes are made in the background.",
                    class_name="quiet",
                ),
            ),
            rx.el.div(
                rx.el.a("Open batch", href=f"/admin/batches/scan/{row.id}", class_name="button primary"),
                rx.el.a("Downloads", href=f"/admin/batches/scan/{row.id}/downloads", class_name="button"),
                rx.el.a("Make another like this", href=f"{ALL}new/?like={row.id}", class_name="button"),
                class_name="actions",
            ),
            class_name="card form",
        ),
        key=row.id,
    )


def _missing() -> rx.Component:
    return empty(
        "This batch does not exist",
        "It was deleted, or the address is not right.",
        rx.el.a("Create another batch", href=f"{ALL}new/", class_name="button primary"),
    )
