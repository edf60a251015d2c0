"""What can be taken away of a scan batch: a list, pictures, and sheets of labels to print."""

from typing import Any

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.exports.state import SHEETS, USUAL, DownloadsState, FileRow
from loyalty_app.ui.actions import file_link
from loyalty_app.ui.forms import FormWatch, field, options, remember, submit, summary
from loyalty_app.ui.icons import icon
from loyalty_app.ui.layout import empty, page_of, title_line

ERRORS = (
    ("m", "Medium: 15% may be lost"),
    ("l", "Low: 7%, the coarsest"),
    ("q", "Quartile: 25%"),
    ("h", "High: 30%, the finest"),
)
NO_OR_YES = (("", "No"), ("yes", "Yes"))


def downloads_page() -> rx.Component:
    """Take the codes of a batch away (S0-14 to S0-16)."""
    state = DownloadsState
    return page_of(
        "batch",
        state,
        rx.el.a("All batches", href="/admin/batches/scan/", class_name="button"),
        title_line("Downloads", rx.el.a("Back to batch", href=state.back, class_name="button"), lead=state.name),
        _list(),
        rx.cond(
            state.refusal,
            empty("No pictures or labels of this batch", state.refusal),
            rx.el.div(_form(), rx.el.div(_files(), _preview(), class_name="previews"), class_name="with-preview"),
        ),
    )


def _list() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h2("List of codes"),
            rx.el.p("Each code with its link and its status now, for a spreadsheet.", class_name="quiet"),
        ),
        file_link("Export CSV", DownloadsState.csv),
        class_name="card card-head",
    )


def _files() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Prepared files"),
        rx.cond(
            DownloadsState.files.length() > 0,
            rx.el.ul(rx.foreach(DownloadsState.files, _file), class_name="files"),
            rx.el.p(
                "None yet. What you prepare is made in the background, and kept here for 24 hours.",
                class_name="quiet",
            ),
        ),
        class_name="card",
        aria_live="polite",
    )


def _file(row: ObjectVar[FileRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.h3(row.name),
            rx.el.p(rx.cond(row.status == "failed", icon("cross"), rx.fragment()), row.words, class_name="quiet"),
            rx.cond(
                (row.status == "queued") | (row.status == "running"),
                rx.el.progress(value=row.progress, max=100, aria_label=f"Preparing {row.name}"),
            ),
            class_name="making",
        ),
        rx.el.div(
            rx.cond(
                row.status == "done",
                rx.el.a(
                    "Download",
                    href=row.href,
                    download=True,
                    custom_attrs={"reloadDocument": True},
                    class_name="button primary",
                    aria_label=f"Download {row.name}",
                ),
            ),
            rx.el.button(
                rx.cond((row.status == "queued") | (row.status == "running"), "Cancel", "Delete"),
                type="button",
                on_click=DownloadsState.remove(row.id),
                class_name="button",
                aria_label=rx.cond(
                    (row.status == "queued") | (row.status == "running"), f"Cancel {row.name}", f"Delete {row.name}"
                ),
            ),
            class_name="actions",
        ),
        key=row.id,
        custom_attrs={"data-status": row.status},
    )


def _form() -> rx.Component:
    state, problems = DownloadsState, DownloadsState.problems
    return rx.el.form(
        summary(problems),
        remember("downloads"),
        FormWatch.create(on_typed=state.look),
        field(
            "kind",
            "What to prepare",
            options(("zip", "ZIP: a picture of each code"), ("labels", "Print pack: sheets of labels")),
            problems=problems,
        ),
        rx.el.fieldset(
            rx.el.legend("Which codes"),
            rx.el.div(
                field("first", "First serial", help_text="Empty: from the start.", problems=problems, **_DIGITS),
                field("last", "Last serial", help_text="Empty: to the end.", problems=problems, **_DIGITS),
                class_name="pair",
            ),
            field(
                "error",
                "Error correction",
                options(*ERRORS),
                help_text="How much of a QR code may be dirty or torn. More makes its modules smaller.",
                problems=problems,
            ),
        ),
        rx.cond(state.kind == "zip", _picture_fields(), _label_fields()),
        rx.el.div(rx.cond(state.told, rx.el.p(state.told, class_name="odds")), aria_live="polite"),
        rx.cond(state.warning, rx.el.p(state.warning, class_name="odds weak", role="status")),
        rx.el.div(
            submit("Prepare file", busy=state.busy),
            rx.cond(
                state.stream,
                rx.el.a(
                    "Stream now",
                    href=state.stream,
                    download=True,
                    custom_attrs={"reloadDocument": True},
                    class_name="button",
                ),
            ),
            class_name="actions",
        ),
        on_submit=state.prepare,
        class_name="form card",
        no_validate=True,
    )


def _picture_fields() -> rx.Component:
    problems = DownloadsState.problems
    return rx.el.fieldset(
        rx.el.legend("Pictures"),
        field(
            "format",
            "Format",
            options(("png", "PNG: black and white pixels"), ("svg", "SVG: sharp at any size")),
            problems=problems,
        ),
        field(
            "size",
            "Pixels",
            help_text="That a side of a PNG has at least: 100 to 4096. Each module gets a whole number of them.",
            default_value=USUAL.size,
            problems=problems,
            **_DIGITS,
        ),
    )


def _label_fields() -> rx.Component:
    problems = DownloadsState.problems
    return rx.fragment(
        rx.el.fieldset(
            rx.el.legend("Sheet"),
            field("sheet", "Label format", options(*SHEETS), problems=problems),
            rx.cond(DownloadsState.sheet == "grid", _grid_fields()),
            field(
                "start",
                "Start at label",
                help_text="The first that is left on a used sheet, counted row by row.",
                default_value=USUAL.start,
                problems=problems,
                **_DIGITS,
            ),
            field(
                "crop_marks",
                "Crop marks",
                options(*NO_OR_YES),
                help_text="Lines in the margins, to cut plain paper by.",
                problems=problems,
            ),
        ),
        rx.el.fieldset(
            rx.el.legend("On each label"),
            rx.el.p("Always its QR code, the code for people, and its serial.", class_name="help"),
            field(
                "headline",
                "First line (optional)",
                help_text="In Latin letters; what is too long for a label is cut with …",
                problems=problems,
                max_length=60,
                auto_complete="off",
            ),
            field("note", "Second line (optional)", problems=problems, max_length=60, auto_complete="off"),
            field("logo", "Logo", options(*NO_OR_YES), help_text="The one of the business profile.", problems=problems),
        ),
    )


def _grid_fields() -> rx.Component:
    problems = DownloadsState.problems

    def length(name: str, label: str) -> rx.Component:
        return field(name, label, problems=problems, default_value=getattr(USUAL, name), **_DECIMALS)

    return rx.fragment(
        field("paper", "Paper", options(("a4", "A4"), ("letter", "Letter")), problems=problems),
        rx.el.p("All lengths in millimetres.", class_name="help"),
        rx.el.div(
            field("columns", "Columns", problems=problems, default_value=USUAL.columns, **_DIGITS),
            field("rows", "Rows", problems=problems, default_value=USUAL.rows, **_DIGITS),
            length("width", "Label width"),
            length("height", "Label height"),
            length("left", "Left margin"),
            length("top", "Upper margin"),
            length("gap_x", "Gap between columns"),
            length("gap_y", "Gap between rows"),
            class_name="pair",
        ),
    )


def _preview() -> rx.Component:
    return rx.cond(
        DownloadsState.preview,
        rx.el.figure(
            rx.el.img(src=DownloadsState.preview, alt="The first sheet as it will be printed", class_name="sheet"),
            rx.el.figcaption(
                "The first sheet, each label with the first code. Print at 100%, without fitting to the page.",
                class_name="quiet",
            ),
        ),
    )


_DIGITS: dict[str, Any] = {"input_mode": "numeric", "auto_complete": "off", "max_length": 9}
_DECIMALS: dict[str, Any] = {"input_mode": "decimal", "auto_complete": "off", "max_length": 8}
