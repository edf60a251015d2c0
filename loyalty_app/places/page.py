"""Locations, and the tablets that stand there."""

from collections.abc import Callable
from typing import Any

import reflex as rx
from reflex.vars import ObjectVar

from loyalty_app.core import times
from loyalty_app.places.state import DeviceRow, LocationsState, PlaceRow
from loyalty_app.ui.dialogs import decision
from loyalty_app.ui.forms import CopyButton, field, options, submit, summary
from loyalty_app.ui.icons import icon
from loyalty_app.ui.layout import empty, show_dialog, title_line

CLOSE = "close-dialog"
REVOKE = "revoke-dialog"


def locations_page() -> rx.Component:
    """Show where people work, let a tablet in, and shut one out."""
    state = LocationsState
    return rx.fragment(
        title_line(
            "Locations",
            lead="Where codes are redeemed. A tablet that is enrolled at one says so with every scan,"
            " and staff unlock it with a PIN.",
        ),
        rx.el.div(rx.cond(state.welcome, rx.el.p(state.welcome, class_name="said")), role="status"),
        rx.cond(state.invitation.link, _invitation()),
        rx.match(state.changing, ("place", _change_place()), ("device", _change_device()), rx.fragment()),
        rx.cond(
            state.is_loaded,
            rx.cond(
                state.rows.length() > 0,
                rx.el.ul(rx.foreach(state.rows, _place), class_name="places"),
                empty("No location yet", "Add the first one below. Without any, scans simply name none."),
            ),
            rx.el.div(class_name="skeleton card-size", aria_busy="true"),
        ),
        rx.el.div(rx.cond(state.rows.length() > 0, _new_tablet()), _new_place(), class_name="place-forms"),
        _close_dialog(),
        _revoke_dialog(),
    )


def _invitation() -> rx.Component:
    one = LocationsState.invitation
    return rx.el.section(
        rx.el.div(
            rx.el.h2(f"Enrol {one.device} at {one.place}", id="invitation", tab_index=-1),
            rx.el.ol(
                rx.el.li("Point the camera of the tablet at this code, or open the link on it."),
                rx.el.li("Confirm its name there. This page says when it is done."),
            ),
            rx.el.p(f"The link works once, until {one.until}.", class_name="quiet"),
            rx.el.p(one.link, class_name="url", dir="ltr"),
            rx.el.div(
                CopyButton.create(text=one.link, label="Copy link", done="Copied", class_name="button"),
                rx.el.button("Put it away", type="button", on_click=LocationsState.put_away, class_name="button"),
                class_name="actions",
            ),
        ),
        rx.el.img(src=one.qr, alt="QR code of the link", class_name="qr", width="240", height="240"),
        class_name="card invitation",
        aria_labelledby="invitation",
    )


def _place(row: ObjectVar[PlaceRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.h2(
                    rx.el.span(row.name, dir="auto"),
                    rx.cond(
                        row.is_open,
                        rx.fragment(),
                        rx.el.span(icon("lock"), "Closed", class_name="badge", custom_attrs={"data-badge": "over"}),
                    ),
                ),
                rx.cond(row.address, rx.el.p(row.address, dir="auto")),
                rx.el.p(row.time_zone, " · ", row.redemptions, class_name="quiet"),
            ),
            rx.el.div(
                rx.cond(
                    row.is_open,
                    rx.fragment(
                        _button("Change", row.name, LocationsState.choose_place(row.id)),
                        _button("Close", row.name, [LocationsState.ask_to_close(row.id), show_dialog(CLOSE)]),
                    ),
                    _button("Open again", row.name, LocationsState.reopen(row.id)),
                ),
                class_name="actions",
            ),
            class_name="place-head",
        ),
        rx.cond(
            row.devices.length() > 0,
            _devices(row),
            rx.cond(row.is_open, rx.el.p("No tablet is enrolled here.", class_name="quiet")),
        ),
        key=row.id,
        class_name="card place",
    )


def _devices(row: ObjectVar[PlaceRow]) -> rx.Component:
    heads = ("Tablet", "Status", "Last seen", "Actions")
    return rx.el.table(
        rx.el.thead(rx.el.tr(*[rx.el.th(head, scope="col") for head in heads])),
        rx.el.tbody(rx.foreach(row.devices, _device)),
        class_name="rows",
        aria_label=f"Tablets at {row.name}",
    )


def _device(row: ObjectVar[DeviceRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row.name, class_name="loose", custom_attrs={"data-label": "Tablet"}),
        rx.el.td(
            rx.el.span(
                row.standing,
                rx.cond(
                    row.wrong_pins,
                    rx.fragment(
                        " ",
                        rx.el.span(
                            icon("warning"), row.wrong_pins, class_name="badge", custom_attrs={"data-badge": "failed"}
                        ),
                    ),
                ),
            ),
            class_name="loose",
            custom_attrs={"data-label": "Status"},
        ),
        rx.el.td(row.seen, custom_attrs={"data-label": "Last seen"}),
        rx.el.td(
            rx.el.div(
                _button("Change", row.name, LocationsState.choose_device(row.id)),
                _button("New link", row.name, LocationsState.invite_again(row.id), of="for"),
                _button("Revoke", row.name, [LocationsState.ask_to_revoke(row.id), show_dialog(REVOKE)]),
                class_name="actions",
            ),
            custom_attrs={"data-label": "Actions"},
        ),
        key=row.id,
    )


def _button(words: str, name: rx.Var[str], act: rx.event.EventType[()], *, of: str = "") -> rx.Component:
    said = f"{words} {of} {name}" if of else f"{words} {name}"
    return rx.el.button(words, type="button", aria_label=said, on_click=act, class_name="button")


def _new_tablet() -> rx.Component:
    state = LocationsState
    return rx.el.form(
        rx.el.h2("Add a tablet"),
        summary(state.problems),
        field(
            "tablet_name",
            "Name",
            help_text="Staff and the history see it, for example: Bar tablet.",
            problems=state.problems,
            auto_complete="off",
            max_length=80,
        ),
        field("tablet_place", "Location", _choices(""), problems=state.problems),
        submit("Show its link"),
        on_submit=state.invite,
        class_name="form card",
        no_validate=True,
        key=f"tablet {state.tablets_made}",
    )


def _new_place() -> rx.Component:
    state = LocationsState
    return rx.el.form(
        rx.el.h2("New location"),
        rx.cond(state.changing == "", summary(state.problems)),
        *_place_fields("", "", "", state.zone),
        submit("Add location"),
        on_submit=state.create,
        class_name="form card",
        no_validate=True,
        key=f"place {state.places_made} {state.zone}",
    )


def _change_place() -> rx.Component:
    state, chosen = LocationsState, LocationsState.place
    return rx.el.section(
        rx.el.h2(f"Change {chosen.name}"),
        rx.el.form(
            summary(state.problems),
            *_place_fields("place_", chosen.name, chosen.address, chosen.time_zone),
            _save("Save changes"),
            key=chosen.id,
            on_submit=state.save_place,
            class_name="form",
            no_validate=True,
        ),
        aria_label="Change a location",
        class_name="card form",
    )


def _change_device() -> rx.Component:
    state, chosen = LocationsState, LocationsState.device
    return rx.el.section(
        rx.el.h2(f"Change {chosen.name}"),
        rx.el.form(
            summary(state.problems),
            field(
                "device_name",
                "Name",
                problems=state.problems,
                auto_complete="off",
                max_length=80,
                default_value=chosen.name,
            ),
            field(
                "device_place",
                "Location",
                _choices(chosen.place_id),
                help_text="Scans count there from then on. Older ones stay where they were.",
                problems=state.problems,
            ),
            _save("Save changes"),
            key=chosen.id,
            on_submit=state.save_device,
            class_name="form",
            no_validate=True,
        ),
        aria_label="Change a tablet",
        class_name="card form",
    )


def _place_fields(start: str, name: str | rx.Var, address: str | rx.Var, zone: str | rx.Var) -> list[rx.Component]:
    problems = LocationsState.problems
    zones = [(one, one.replace("_", " ")) for one in times.time_zones()]
    return [
        field(
            f"{start}name",
            "Name",
            help_text="As people call it, for example: Old Town.",
            problems=problems,
            auto_complete="off",
            max_length=80,
            default_value=name,
        ),
        field(
            f"{start}address",
            "Address",
            help_text="May stay empty.",
            problems=problems,
            auto_complete="off",
            max_length=200,
            default_value=address,
        ),
        field(f"{start}time_zone", "Time zone", options(*zones, chosen=zone), problems=problems),
    ]


def _choices(chosen: str | rx.Var[str]) -> Callable[..., rx.Component]:
    def select(**props: Any) -> rx.Component:
        open_ones = rx.foreach(
            LocationsState.rows,
            lambda row: rx.cond(row.is_open, rx.el.option(row.name, value=row.id.to_string())),
        )
        return rx.el.select(open_ones, default_value=chosen, **props)

    return select


def _save(words: str) -> rx.Component:
    return rx.el.div(
        submit(words),
        rx.el.button("Leave it", type="button", on_click=LocationsState.leave, class_name="button"),
        class_name="actions",
    )


def _close_dialog() -> rx.Component:
    place = LocationsState.place
    return rx.el.dialog(
        rx.el.h2("Close this location?", id="close-title"),
        rx.el.p(
            rx.el.strong(place.name),
            " can be chosen no more, and its tablets are revoked at once. What was redeemed there stays in the"
            " history.",
        ),
        decision(CLOSE, "Close location", LocationsState.close_place, kind="danger", unless="Keep it open"),
        id=CLOSE,
        class_name="dialog",
        aria_labelledby="close-title",
    )


def _revoke_dialog() -> rx.Component:
    return rx.el.dialog(
        rx.el.h2("Revoke this tablet?", id="revoke-title"),
        rx.el.p(
            rx.el.strong(LocationsState.device.name),
            " stops at once, whoever uses it, and cannot come back. Add it as a new one if it turns up again.",
        ),
        decision(REVOKE, "Revoke tablet", LocationsState.revoke, kind="danger", unless="Keep it"),
        id=REVOKE,
        class_name="dialog",
        aria_labelledby="revoke-title",
    )
