"""What hands a claim link on, the same wherever a batch is shown."""

from typing import Any

import reflex as rx

from loyalty_app.ui.actions import file_link
from loyalty_app.ui.forms import CopyButton


def share(batch: Any, *, copy: str = "button", between: rx.Component | None = None) -> rx.Component:
    """Return the QR code and link of a batch, what to do with both, and help if a download does not start."""
    files = f"/api/v1/batches/{batch.id}"
    return rx.fragment(
        rx.el.img(src=batch.qr, alt="QR code of the claim link", class_name="qr", width="280", height="280"),
        rx.el.p(batch.url, class_name="url", dir="ltr"),
        rx.el.div(
            CopyButton.create(text=batch.url, label="Copy Link", done="Copied", class_name=copy),
            file_link("Download QR", f"{files}/qr.png"),
            file_link("Download SVG", f"{files}/qr.svg"),
            rx.el.a(
                "Visit Page",
                href=batch.url,
                target="_blank",
                rel="noopener",
                custom_attrs={"reloadDocument": True},
                class_name="button",
            ),
            class_name="actions",
        ),
        between or rx.fragment(),
        rx.el.details(
            rx.el.summary("Does the download not start?"),
            rx.el.ul(
                rx.el.li("Allow downloads and pop-ups for this page: a blocker may have stopped it."),
                rx.el.li("Right-click the picture above and save it, or press it for long on a phone."),
                rx.el.li("Try another browser."),
            ),
            class_name="help-more",
        ),
    )
