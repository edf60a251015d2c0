"""What the address of a list keeps: a search as it is typed, a dialog that can be shared, and where the reader is."""

import reflex as rx

_address = rx.asset("address.jsx", shared=True)


class AddressForm(rx.Component):
    """Keeps what the form around it asks for in the address, a moment after the last keystroke."""

    library = f"$/public{_address}"
    tag = "AddressForm"


class AddressDialog(rx.Component):
    """A dialog that the address opens; closing it leaves the rest of the address as it is."""

    library = f"$/public{_address}"
    tag = "AddressDialog"
    open: rx.Var[bool]
    name: rx.Var[str]
    """What the address calls that which the dialog shows."""


class SlashKey(rx.Component):
    """Moves the focus into a field on the key `/`."""

    library = f"$/public{_address}"
    tag = "SlashKey"
    field: rx.Var[str]


class ScrollWatch(rx.Component):
    """Tells whether the reader has scrolled beyond it."""

    library = f"$/public{_address}"
    tag = "ScrollWatch"
    on_scrolled: rx.EventHandler[rx.event.passthrough_event_spec(bool)]
