"""The parts of a scanner: camera, typed codes and the answer, for the counter and for a dialog on the desk."""

import reflex as rx
from reflex.components.component import NoSSRComponent
from reflex.vars import ObjectVar

from loyalty_app.accounts.state import ShellState
from loyalty_app.core.reasons import Reason
from loyalty_app.counter.answers import say
from loyalty_app.counter.state import ScanRow, ScanState
from loyalty_app.tills import parts as tills
from loyalty_app.tills.state import TillState
from loyalty_app.ui import dialogs, layout

# Its files import each other, so they lie side by side.
for _file in (
    "basket.jsx",
    "choice.jsx",
    "decode.jsx",
    "dialog.jsx",
    "kiosk.jsx",
    "queue.jsx",
    "sound.jsx",
    "turns.jsx",
    "verdict.jsx",
    "words.jsx",
):
    rx.asset(_file, shared=True)
_actions = rx.asset("actions.jsx", shared=True)
_attempt = rx.asset("attempt.jsx", shared=True)
_camera = rx.asset("camera.jsx", shared=True)
_fit = rx.asset("fit.jsx", shared=True)
_line = rx.asset("line.jsx", shared=True)
_keyboard = rx.asset("keyboard.jsx", shared=True)

CODE_LENGTH = 200
GOODWILL_REASONS = ("Expired only just", "We were closed or too busy", "Our mistake")
DIALOG = "scanner"
"""The dialog to open with `layout.show_dialog`."""

_SHAPES = {
    "ready": "M5 13V5h8M35 5h8v8M43 35v8h-8M13 43H5v-8M15 24h18",
    "accepted": "M24 3a21 21 0 1 1 0 42 21 21 0 0 1 0-42ZM13.5 24.5l7.5 7.5 14-15",
    "used": "M15.3 3h17.4L45 15.3v17.4L32.7 45H15.3L3 32.7V15.3ZM16 16l16 16M32 16 16 32",
    "disabled": "M24 3a21 21 0 1 1 0 42 21 21 0 0 1 0-42ZM9.5 9.5l29 29",
    "frozen": "M24 3a21 21 0 1 1 0 42 21 21 0 0 1 0-42ZM18 15v18M30 15v18",
    "expired": "M10 4h28M10 44h28M13 4v7c0 6 11 10 11 13s-11 7-11 13v7M35 4v7c0 6-11 10-11 13s11 7 11 13v7",
    "unclaimed": "M4 12h40v7a5 5 0 0 0 0 10v7H4v-7a5 5 0 0 0 0-10ZM29 13v4M29 22v4M29 31v4",
    "unknown": "M24 2 46 24 24 46 2 24ZM18.5 19.5a5.5 5.5 0 1 1 8.5 4.6c-2 1.3-3 2.2-3 4.4M24 34h.01",
    "link": "M20 28a9 9 0 0 1 0-12l6-6a9 9 0 0 1 12.7 12.7l-4 4M28 20a9 9 0 0 1 0 12l-6 6a9 9 0 0 1-12.7-12.7l4-4",
    "problem": "M24 4 46 43H2ZM24 18v11M24 36h.01",
    "provisional": "M12 37a9 9 0 0 1-1-18 12 12 0 0 1 23-2 9.500 9.500 0 0 1 1 20ZM17 26l5 5 9-10",
    "unchecked": "M12 37a9 9 0 0 1-1-18 12 12 0 0 1 23-2 9.500 9.500 0 0 1 1 20ZM17 27h14",
    "basket": "M6 16h36l-5 26H11ZM15 16 22 5M33 16 26 5M18 24v10M30 24v10",
    "goodwill": "M24 43C8 32 4 25 4 17a10 10 0 0 1 20-3 10 10 0 0 1 20 3c0 8-4 15-20 26Z",
    "undone": "M16 6 5 17l11 11M5 17h26a12 12 0 0 1 0 25H16",
}
"""One silhouette an outcome, so that nobody has to tell colours apart."""

_ALONE = {
    "off": Reason.DISABLED,
    "used": Reason.ALREADY_REDEEMED,
    "frozen": Reason.REDEMPTION_FROZEN,
    "expired": Reason.EXPIRED,
    "minimum": Reason.MIN_PURCHASE,
    "token": Reason.LOGIN_REQUIRED,
    "unreadable": Reason.MALFORMED,
    "foreign": Reason.WRONG_KIND,
    "claim": Reason.WRONG_KIND,
}
"""What a tablet can find out by itself, and says in the words of the server."""

_NO_CAMERA = "M6 14h9l4-6h12l4 6h7v26H6ZM24 20a7 7 0 1 1 0 14 7 7 0 0 1 0-14ZM4 4l40 40"

_CAMERA = {
    "denied": (
        "Camera not allowed",
        "Allow the camera for this page in the browser, by the sign beside the address.",
    ),
    "no_camera": ("No camera found", "Connect one, or switch it on: this page notices."),
    "busy": (
        "Camera in use",
        "Another app or tab holds the camera. Close it: this page tries again by itself.",
    ),
    "insecure": (
        "Camera needs a secure address",
        "Browsers give the camera to https pages only. Ask an admin for the https address.",
    ),
    "unsupported": ("No camera in this browser", "Open this page in a current Chrome, Edge, Firefox or Safari."),
    "decoder": ("Cannot read codes", "The part that reads codes did not load. Check the connection."),
    "error": ("Camera does not start", "Try again, or restart the device."),
}


class Camera(NoSSRComponent):
    """The camera's picture, with what is read from it; its children stand there while there is none."""

    library = _camera.importable_path
    tag = "Camera"
    lib_dependencies: list[str] = ["zxing-wasm@3.1.4"]  # noqa: RUF012 - a field, not a class attribute

    known: rx.Var[str]
    """The state of the camera as the server knows it."""
    has_kiosk: rx.Var[bool]
    """Whether the page can be turned to the customer."""
    locks: rx.Var[bool]
    """Whether the tablet is locked before anybody sees what is behind the kiosk."""
    on_ask: rx.EventHandler[rx.event.passthrough_event_spec(dict[str, str])]
    on_status: rx.EventHandler[rx.event.passthrough_event_spec(dict[str, str])]


class Entry(NoSSRComponent):
    """A form that keeps its field until there is an answer."""

    library = _keyboard.importable_path
    tag = "Entry"

    on_ask: rx.EventHandler[rx.event.passthrough_event_spec(dict[str, str])]


class Waiting(NoSSRComponent):
    """What is said while an answer is on its way, and the tone when it is there."""

    library = _attempt.importable_path
    tag = "Waiting"

    answered: rx.Var[str]
    """The number of the attempt that was answered last."""
    shape: rx.Var[str]
    has_kiosk: rx.Var[bool]
    on_next: rx.EventHandler[rx.event.no_args_event_spec]


class Fit(NoSSRComponent):
    """Words as large as their place allows."""

    library = _fit.importable_path
    tag = "Fit"


class Told(NoSSRComponent):
    """A form that asks for the same code again, with what its fields tell."""

    library = _actions.importable_path
    tag = "Told"

    code: rx.Var[str]
    on_ask: rx.EventHandler[rx.event.passthrough_event_spec(dict[str, str])]


class Undo(NoSSRComponent):
    """A button that counts down for how long it may be pressed."""

    library = _actions.importable_path
    tag = "Undo"

    number: rx.Var[int]
    seconds: rx.Var[int]
    label: rx.Var[str]
    on_undo: rx.EventHandler[rx.event.no_args_event_spec]


class Next(NoSSRComponent):
    """A button that puts the answer away, also without a connection."""

    library = _actions.importable_path
    tag = "Next"

    on_next: rx.EventHandler[rx.event.no_args_event_spec]


class Alone(NoSSRComponent):
    """What the tablet says by itself while there is no connection; it keeps the scans, and sends them later."""

    library = _line.importable_path
    tag = "Alone"

    connected: rx.Var[bool]
    person: rx.Var[str]
    account: rx.Var[int]
    """Whose scans they are."""
    spot: rx.Var[str]
    """Where they are made."""
    words: rx.Var[dict[str, dict[str, str]]]
    shapes: rx.Var[dict[str, str]]


class Line(NoSSRComponent):
    """The line that tells of the connection, of what is not sent yet, and of what became of the rest."""

    library = _line.importable_path
    tag = "Line"


class Leaving(NoSSRComponent):
    """Asks before somebody signs out while scans are not sent yet; the form to sign out stands in it."""

    library = _line.importable_path
    tag = "Leaving"


def scan_dialog() -> rx.Component:
    """Return the dialog with a whole scanner; its camera runs while it is open."""
    return rx.el.dialog(
        rx.el.div(
            rx.el.header(rx.el.h2("Scan QR Code", id="scanner-name"), dialogs.close_cross(DIALOG)),
            rx.el.div(tills.which_location()),
            desk(),
            class_name="counter-sheet",
            on_mount=[ScanState.opened, TillState.opened],
        ),
        id=DIALOG,
        class_name="counter-dialog",
        aria_labelledby="scanner-name",
    )


def desk(*, has_kiosk: bool = False) -> rx.Component:
    """Return camera, typed codes and answer, side by side or one above the other."""
    return rx.el.div(camera(has_kiosk=has_kiosk), entry(), answer(has_kiosk=has_kiosk), class_name="counter-desk")


def camera(*, has_kiosk: bool = False) -> rx.Component:
    """Return the camera's picture; within a dialog it runs while that is open."""
    return rx.el.section(
        Camera.create(
            rx.el.div(
                rx.match(
                    ScanState.camera,
                    *[(state, _trouble(head, what)) for state, (head, what) in _CAMERA.items()],
                    rx.el.p("Starting the camera…"),
                ),
                role="status",
            ),
            known=ScanState.camera,
            has_kiosk=has_kiosk,
            locks=TillState.locks,
            on_ask=ScanState.asked,
            on_status=ScanState.camera_changed,
        ),
        aria_label="Camera",
        class_name="counter-view",
    )


def _trouble(head: str, what: str) -> rx.Component:
    return rx.fragment(
        _drawing(_NO_CAMERA),
        rx.el.h2(head),
        rx.el.p("Please show your code at the counter.", class_name="counter-please"),
        rx.el.p(what, rx.el.span(" Until then, type the codes.", class_name="counter-typing")),
    )


def entry() -> rx.Component:
    """Return the field for typed codes."""
    return Entry.create(
        rx.el.label("Type a code", html_for="code"),
        rx.el.input(
            id="code",
            name="code",
            type="text",
            max_length=CODE_LENGTH,
            auto_complete="off",
            auto_capitalize="characters",
            auto_correct="off",
            spell_check=False,
            enter_key_hint="go",
        ),
        rx.el.button(rx.el.span(class_name="spinner", aria_hidden="true"), "Redeem", type="submit"),
        on_ask=ScanState.asked,
        class_name="counter-entry",
    )


def answer(*, has_kiosk: bool = False) -> rx.Component:
    """Return what is read from across the counter."""
    answer = ScanState.answer
    return rx.el.section(
        rx.el.div(
            Fit.create(
                # A new number makes it new: the same answer twice is announced and moves twice.
                rx.el.div(
                    _shape(answer.shape),
                    rx.cond(answer.shape == "ready", _ready(), _words()),
                    key=answer.nonce,
                    class_name="counter-words",
                ),
            ),
            aria_live="assertive",
            aria_atomic="true",
            class_name="counter-said",
        ),
        _actions_of_answer(),
        Waiting.create(answered=answer.nonce, shape=answer.shape, has_kiosk=has_kiosk, on_next=ScanState.next),
        Alone.create(
            connected=layout.is_connected,
            person=ShellState.name,
            account=ScanState.person,
            spot=TillState.spot,
            words={name: _alone(name, reason) for name, reason in _ALONE.items()},
            shapes=_SHAPES,
            class_name="counter-alone",
        ),
        aria_label="Answer",
        class_name="counter-answer",
        custom_attrs={"data-shape": answer.shape, "data-asks": answer.asks},
    )


def _alone(name: str, reason: Reason) -> dict[str, str]:
    said = say(reason, is_claim_link=name == "claim")
    return {"shape": said.shape, "headline": said.headline, "lead": said.lead, "note": said.note}


def _ready() -> rx.Component:
    return rx.fragment(
        rx.el.h2("Ready"),
        rx.cond(
            ScanState.camera == "scanning",
            rx.el.p("Hold the voucher's code in front of the camera.", class_name="counter-note"),
            rx.el.p("Type the voucher's code.", class_name="counter-note"),
        ),
    )


def _words() -> rx.Component:
    answer = ScanState.answer
    return rx.fragment(
        rx.el.h2(answer.headline),
        rx.cond(
            answer.asks == "amount",
            rx.el.p("Nothing is redeemed yet: please ask at the counter.", class_name="counter-please"),
        ),
        rx.cond(answer.lead, rx.el.p(answer.lead, class_name="counter-lead", dir="auto")),
        rx.cond(answer.staff, rx.el.p(answer.staff, class_name="counter-staff", dir="auto")),
        rx.cond(answer.title, rx.el.p(answer.title, class_name="counter-title", dir="auto")),
        rx.cond(answer.member, rx.el.p(answer.member, class_name="counter-member", dir="auto")),
        rx.cond(answer.note, rx.el.p(answer.note, class_name="counter-note")),
        rx.cond(answer.asks == "goodwill", rx.el.p("Please ask at the counter.", class_name="counter-please")),
        rx.cond(answer.foot, rx.el.p(answer.foot, class_name="counter-foot", dir="auto")),
    )


def _actions_of_answer() -> rx.Component:
    answer = ScanState.answer
    return rx.cond(
        answer.shape != "ready",
        rx.el.div(
            rx.match(answer.asks, ("amount", _basket()), ("goodwill", _goodwill()), rx.fragment()),
            rx.el.div(
                rx.cond(
                    answer.undo,
                    Undo.create(
                        "Undo",
                        number=answer.undo,
                        seconds=answer.undo_for,
                        on_undo=ScanState.undo(answer.undo),
                        class_name="counter-button",
                    ),
                ),
                Next.create(
                    rx.cond(answer.asks == "amount", "Cancel", "Next"),
                    on_next=ScanState.next,
                    class_name="counter-button",
                ),
                class_name="counter-row",
            ),
            class_name="counter-actions",
        ),
    )


def _basket() -> rx.Component:
    return Told.create(
        rx.el.label("Basket in ", ScanState.answer.currency, html_for="amount"),
        rx.el.input(
            id="amount",
            name="amount",
            type="text",
            input_mode="decimal",
            max_length=16,
            auto_complete="off",
            auto_focus=True,
            aria_describedby="amount-problem",
            enter_key_hint="go",
        ),
        rx.el.button("Redeem", type="submit", class_name="counter-button strong"),
        rx.el.p(ScanState.answer.problem, id="amount-problem", class_name="counter-problem", role="alert"),
        code=ScanState.answer.code,
        on_ask=ScanState.asked,
        class_name="counter-told",
    )


def _goodwill() -> rx.Component:
    return rx.el.details(
        rx.el.summary("Honour as goodwill", class_name="counter-button strong"),
        Told.create(
            rx.el.p("Why?"),
            rx.el.div(
                *[
                    rx.el.button(reason, type="submit", name="goodwill", value=reason, class_name="counter-button")
                    for reason in GOODWILL_REASONS
                ],
                class_name="counter-row",
            ),
            rx.el.label("Another reason", html_for="goodwill"),
            rx.el.input(id="goodwill", name="goodwill", type="text", max_length=200, auto_complete="off"),
            rx.el.button("Honour", type="submit", class_name="counter-button strong"),
            code=ScanState.answer.code,
            on_ask=ScanState.asked,
            class_name="counter-told",
        ),
        key=ScanState.answer.nonce,
        class_name="counter-goodwill",
    )


def last_scans() -> rx.Component:
    """Return what somebody redeemed last themselves, each to be undone while it may be."""
    return rx.el.details(
        rx.el.summary("My last scans"),
        rx.el.div(
            rx.cond(
                ScanState.mine.length() > 0,
                rx.el.ul(rx.foreach(ScanState.mine, _last_scan)),
                rx.el.p("Nothing in the last twelve hours."),
            ),
            class_name="counter-mine",
        ),
        class_name="account counter-last",
    )


def _last_scan(row: ObjectVar[ScanRow]) -> rx.Component:
    return rx.el.li(
        rx.el.p(
            rx.el.span(row.at, class_name="counter-when"),
            rx.el.span(row.title, dir="auto"),
            rx.el.span(row.outcome, class_name="counter-outcome"),
        ),
        rx.el.p(rx.el.span(row.code, class_name="counter-code"), rx.el.span(row.member, dir="auto")),
        rx.cond(
            row.undo_for,
            Undo.create(
                "Undo",
                number=row.id,
                seconds=row.undo_for,
                label=f"Undo {row.code}",
                on_undo=ScanState.undo(row.id),
                class_name="counter-button",
            ),
        ),
        key=row.id,
    )


def _shape(name: str | rx.Var[str]) -> rx.Component:
    return _drawing(rx.Var.create(_SHAPES)[name], class_name="counter-shape")


def _drawing(path: str | rx.Var[str], class_name: str = "") -> rx.Component:
    return rx.el.svg(
        rx.el.path(d=path),
        view_box="0 0 48 48",
        fill="none",
        stroke="currentColor",
        stroke_width="4",
        stroke_linecap="round",
        stroke_linejoin="round",
        class_name=class_name,
        aria_hidden="true",
    )
