"""Every text for members is there in every language, says what the English one says, and nothing is left over."""

import string

import pytest

from loyalty_app.core.languages import ENGLISH, LANGUAGES, Language
from tests import catalogs

TRANSLATED = [language for language in LANGUAGES if language is not ENGLISH]


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda one: one.tag)
@pytest.mark.requirement("S3-38")
def test_a_catalog_has_every_text_in_the_code_and_no_other(language: Language) -> None:
    kept = {message.id if isinstance(message.id, str) else message.id[0] for message in catalogs.kept(language)} - {""}

    # `python -m tests.catalogs` brings a catalog in step; the words themselves are yours.
    assert kept == set(catalogs.wanted())


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda one: one.tag)
def test_every_text_is_translated_in_all_its_forms(language: Language) -> None:
    catalog = catalogs.kept(language)
    for message in catalog:
        if message.id:
            forms = [message.string] if isinstance(message.id, str) else list(message.string)
            assert all(forms), message.id
            assert len(forms) == (1 if isinstance(message.id, str) else catalog.num_plurals), message.id


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda one: one.tag)
def test_a_translation_has_the_places_of_the_english_text(language: Language) -> None:
    for message in catalogs.kept(language):
        assert message.string is not None
        if isinstance(message.id, str):
            assert places(message.string) == places(message.id), message.id
        else:  # a language may have words of its own for one and two
            assert all(places(form) <= places(message.id[1]) for form in message.string), message.id
            assert places(message.string[-1]) == places(message.id[1]), message.id


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
