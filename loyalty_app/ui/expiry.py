"""How long something is good: in the program's time, and beside it in the reader's own."""

from typing import Any

import reflex as rx

from loyalty_app.core.languages import ENGLISH, Language

_reader = rx.asset("reader.jsx", shared=True)


class ReaderTime(rx.Component):
    """An end on the reader's clock, which only the browser knows; nothing where it is the program's."""

    library = f"$/public{_reader}"
    tag = "ReaderTime"
    end: rx.Var[str]
    language: rx.Var[str]
    words: rx.Var[str]


def expiry(
    sentence: rx.Var[str] | str, end: rx.Var[str] | str, words: Language = ENGLISH, **props: Any
) -> rx.Component:
    """Return the expiry sentence; `end` is `times.clock_end`."""
    own = ReaderTime.create(end=end, language=words.tag, words=words("({time} your time)"))
    return rx.el.p(rx.el.span(sentence), own, **props)
