"""A few drawn icons, so that no icon library has to be loaded."""

import reflex as rx

_PATHS = {
    "gauge": "M4 19a8 8 0 1 1 16 0M12 19l4-6",
    "stack": "M12 4 3 9l9 5 9-5-9-5ZM3 14l9 5 9-5",
    "tag": "M4 4h8l8 8-8 8-8-8V4Zm4 4h.01",
    "scan": "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M7 12h10",
    "gear": (
        "M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1M16.3 16.3l2.1 2.1"
        "M5.6 18.4l2.1-2.1M16.3 7.7l2.1-2.1"
    ),
    "person": "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-8 9a8 8 0 0 1 16 0",
    "pin": "M12 21c4-5 7-8 7-11a7 7 0 1 0-14 0c0 3 3 6 7 11Zm0-8.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z",
    "offline": (
        "M3 3l18 18M5 12a10 10 0 0 1 4-2.5M2 8.5A15 15 0 0 1 7 5.6M19 12a10 10 0 0 0-3.5-2.3M22 8.5A15 15 0 0 0 11 4"
        "M12 19h.01"
    ),
    "qr": "M4 4h6v6H4V4Zm10 0h6v6h-6V4ZM4 14h6v6H4v-6Zm10 0h2v2h-2v-2Zm4 0h2v2h-2v-2Zm-4 4h2v2h-2v-2Zm4 0h2v2h-2v-2Z",
    "more": (
        "M4.4 12a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0Zm7 0a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0Z"
        "m7 0a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0Z"
    ),
    "plus": "M12 5v14M5 12h14",
    "star": "M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9L3.5 9.7l5.9-.8L12 3.5Z",
    "check": "M5 13l4 4L19 7",
    "pause": "M8 5v14M16 5v14",
    "play": "M7 5l12 7-12 7V5Z",
    "clock": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-14v5l3 2",
    "info": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-10v5M12 8h.01",
    "bulb": "M9 18h6M10 21h4M12 3a6 6 0 0 0-3.5 10.9c.6.5 1 1.2 1 2.1h5c0-.9.4-1.6 1-2.1A6 6 0 0 0 12 3Z",
    "cross": "M6 6l12 12M18 6 6 18",
    "trash": "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13",
    "back": "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
    "lock": "M6 11h12v9H6v-9Zm2.5 0V8a3.5 3.5 0 0 1 7 0v3",
    "heart": "M12 20S4 15 4 9.5A4.5 4.5 0 0 1 12 7a4.5 4.5 0 0 1 8 2.5C20 15 12 20 12 20Z",
    "pencil": "M4 20l1-4L16 5l3 3L8 19l-4 1Z",
    "warning": "M12 4 2.5 20h19L12 4Zm0 6v4m0 3h.01",
    "ticket": "M3 8a2 2 0 0 0 0 8v3h18v-3a2 2 0 0 1 0-8V5H3v3Zm11-3v14",
}


def icon(name: str) -> rx.Component:
    """Return an icon of the size of the text beside it; it says nothing to a screen reader."""
    return rx.el.svg(
        rx.el.path(d=_PATHS[name]),
        view_box="0 0 24 24",
        fill="none",
        stroke="currentColor",
        stroke_width="1.8",
        stroke_linecap="round",
        stroke_linejoin="round",
        class_name="icon",
        aria_hidden="true",
    )
