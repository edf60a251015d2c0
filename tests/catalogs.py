"""Keep the catalogs in step with the code: `python -m tests.catalogs` adds what is new and drops what is gone."""

import ast
import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from loyalty_app.core.languages import CATALOGS, ENGLISH, LANGUAGES, Language

CODE = CATALOGS.parent
HEADER = """msgid ""
msgstr ""
"Language: {locale}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: {plural_forms}\\n"

"""


def wanted() -> dict[str, str | tuple[str, ...]]:
    """Return every text in the code that members may read, by its first form."""
    found = [message for file in CODE.rglob("*.py") for message in _texts(ast.parse(file.read_text(encoding="utf-8")))]
    return {message if isinstance(message, str) else message[0]: message for message in found}


def file_of(language: Language) -> Path:
    """Return where a language's words are kept."""
    return CATALOGS / f"{language.tag}.po"


def kept(language: Language) -> Catalog:
    """Return the words that are kept of a language."""
    locale = language.tag.replace("-", "_")
    if not file_of(language).exists():
        return Catalog(locale)
    with file_of(language).open("rb") as file:
        return read_po(file, locale=locale)


def update(language: Language) -> None:
    """Write a language's catalog anew: its words for what the code says now, and nothing else."""
    before, after = kept(language), Catalog(language.tag.replace("-", "_"))
    for key, message in sorted(wanted().items()):
        known = before.get(key)
        after.add(message, known.string if known and known.id == message else None)
    text = io.BytesIO()
    write_po(text, after, width=120, no_location=True, omit_header=True)
    header = HEADER.format(locale=after.locale, plural_forms=after.plural_forms)
    file_of(language).write_text(header + text.getvalue().decode(), encoding="utf-8")


def _texts(code: ast.Module) -> Iterator[str | tuple[str, ...]]:
    """Yield the texts of `words("…")`, `words.count("…", "…", n)`, `Sentence("…")` and the titles of public pages."""
    for call in ast.walk(code):
        match call:
            case ast.Call(ast.Name("words" | "Sentence"), [ast.Constant(str() as text), *_]):
                yield text
            case ast.Call(ast.Attribute(_, "count"), [ast.Constant(str() as one), ast.Constant(str() as many), _]):
                yield one, many
            case ast.Call(ast.Name("public"), [_, _, ast.Constant(str() as title), *_]):
                yield title
            case _:
                pass


if __name__ == "__main__":
    CATALOGS.mkdir(exist_ok=True)
    for one in LANGUAGES:
        if one is not ENGLISH:
            update(one)
