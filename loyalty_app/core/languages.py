"""The languages of the public pages: which there are, which one an address asks for, and their words."""

from dataclasses import dataclass
from functools import cached_property
from gettext import c2py
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

CATALOGS = Path(__file__).parents[1] / "languages"


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

    def __call__(self, words: str, **values: object) -> str:
        """Return the words in this language, or in English where there is no translation; then fill in the values."""
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


def of_path(path: str) -> Language:
    """Return the language that an address asks for by its first step; English where it names none."""
    first = path.strip("/").split("/", 1)[0].lower()
    return next((one for one in LANGUAGES if one.path == first), ENGLISH)


def of_tag(tag: str) -> Language:
    """Return the language closest to a tag such as `de-AT`; English where none is close."""
    wanted = tag.replace("_", "-").split("-")[0].lower()
    return next((one for one in LANGUAGES if one.tag.split("-")[0].lower() == wanted), ENGLISH)
