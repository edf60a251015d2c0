"""The languages of the public pages: which there are, which one an address asks for, and their words."""

import re
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from gettext import c2py
from pathlib import Path
from typing import Self

from babel import Locale, negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

CATALOGS = Path(__file__).parents[1] / "languages"

MOST_WISHES = 20
ALWAYS_PREFIXED = "claim"
"""These links are printed and sent: they name their language, English too."""
ENGLISH_ONLY = frozenset({"admin", "scan", "api", "auth"})


class Sentence(str):
    """A sentence in English that remembers how it was made, so that a door can say it in the reader's language."""

    __slots__ = ("values", "words")

    words: str
    values: dict[str, object]

    def __new__(cls, words: str, **values: object) -> Self:
        """Take the words, and what stands in for each `{name}` in them."""
        made = super().__new__(cls, words.format(**values) if values else words)
        made.words, made.values = words, values
        return made


@dataclass(frozen=True)
class Language:
    """A language of the public pages; the words in the code are the English ones."""

    tag: str
    """As programs write it (RFC 5646): `de-DE`."""
    path: str
    """As it stands in an address: `de-de`."""

    @property
    def name(self) -> str:
        """Return the language's own name for itself."""
        locale = Locale.parse(self.tag, sep="-")
        return (locale.get_language_name() or self.tag).capitalize()

    @property
    def english_name(self) -> str:
        """Return what people who work here call the language."""
        return Locale.parse(self.tag, sep="-").get_language_name("en") or self.tag

    @property
    def direction(self) -> str:
        """Return `ltr` or `rtl`."""
        return Locale.parse(self.tag, sep="-").text_direction

    def formats(self, locale: str) -> str:
        """Return how numbers and dates are written: as the program does, if it writes this language."""
        return locale if locale.partition("-")[0] == self.tag.partition("-")[0] else self.tag

    def at(self, path: str) -> str:
        """Return the address of a public page in this language; a page for work stays where it is."""
        path = _PREFIX.sub("", path) or "/"
        first = path.strip("/").partition("/")[0]
        if first in ENGLISH_ONLY or (self == ENGLISH and first != ALWAYS_PREFIXED):
            return path
        return f"/{self.path}{path}"

    def __call__(self, words: str, **values: object) -> str:
        """Return the words in this language, or in English where there is no translation; then fill in the values."""
        if isinstance(words, Sentence):
            words, values = words.words, words.values
        message = self._catalog.get(words)
        said = message.string if message and isinstance(message.string, str) and message.string else words
        return said.format(**values) if values else said

    def count(self, one: str, many: str, number: int, **values: object) -> str:
        """Return the words for that many; `{number}` stands for the number as it is given or as a value."""
        message = self._catalog.get(one)
        forms = message.string if message and isinstance(message.string, (tuple, list)) else ()
        if not all(forms) or not forms:
            said = one if number == 1 else many
        else:
            said = forms[c2py(self._catalog.plural_expr)(number)]
        return said.format(**{"number": number} | values)

    @cached_property
    def _catalog(self) -> Catalog:
        file = CATALOGS / f"{self.tag}.po"
        if not file.exists():
            return Catalog(self.tag.replace("-", "_"))
        with file.open("rb") as catalog:
            return read_po(catalog, locale=self.tag.replace("-", "_"))


ENGLISH = Language("en-US", "en-us")
GERMAN = Language("de-DE", "de-de")
ARABIC = Language("ar", "ar")
LANGUAGES = (ENGLISH, GERMAN, ARABIC)


_PREFIX = re.compile(rf"^/(?:{'|'.join(one.path for one in LANGUAGES)})(?=[/?#]|$)", re.IGNORECASE)
_spoken: ContextVar[Language] = ContextVar("spoken", default=ENGLISH)


def speak(language: Language) -> None:
    """Remember, at a door, which language the caller reads."""
    _spoken.set(language)


def spoken() -> Language:
    """Return the language of whoever is being answered."""
    return _spoken.get()


def of_path(path: str) -> Language:
    """Return the language that an address asks for by its first step; English where it names none."""
    first = path.strip("/").split("/", 1)[0].lower()
    return next((one for one in LANGUAGES if one.path == first), ENGLISH)


def of_tag(*tags: str) -> Language:
    """Return the language closest to the first tag, such as `de-AT`, that one is close to; else English."""
    by_language = {one.tag.partition("-")[0]: one for one in LANGUAGES}
    found = negotiate_locale([tag.replace("_", "-") for tag in tags], by_language, sep="-")
    return by_language[found] if found else ENGLISH


def accepted(header: str) -> list[str]:
    """Return the tags of an Accept-Language header, the dearest first."""
    wishes = []
    for part in header.split(",")[:MOST_WISHES]:
        tag, _, weight = part.replace(" ", "").partition(";q=")
        if tag and tag != "*":
            wishes.append((tag, _weight(weight)))
    return [tag for tag, weight in sorted(wishes, key=lambda wish: -wish[1]) if weight > 0]


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0
