"""An address names its language, and every sentence for members is said in all of them."""

import pytest

from loyalty_app.core.languages import ARABIC, ENGLISH, GERMAN, LANGUAGES, Sentence, accepted, of_path, of_tag


@pytest.mark.parametrize(
    ("path", "english", "german", "arabic"),
    [
        ("/", "/", "/de-de/", "/ar/"),
        ("/sign-in/?next=/my/cards/", "/sign-in/?next=/my/cards/", "/de-de/sign-in/?next=/my/cards/", None),
        ("/ar/my/cards/", "/my/cards/", "/de-de/my/cards/", "/ar/my/cards/"),
        ("/DE-DE/claim/T", "/en-us/claim/T", "/de-de/claim/T", "/ar/claim/T"),
        ("/en-us/claim/T", "/en-us/claim/T", "/de-de/claim/T", "/ar/claim/T"),
        ("/de-de", "/", "/de-de/", "/ar/"),
        ("/admin/batches/", "/admin/batches/", "/admin/batches/", "/admin/batches/"),
        ("/scan/", "/scan/", "/scan/", "/scan/"),
        ("/archive/", "/archive/", "/de-de/archive/", "/ar/archive/"),
    ],
)
def test_a_page_has_an_address_in_each_language(path, english, german, arabic):
    assert ENGLISH.at(path) == english
    assert GERMAN.at(path) == german
    assert arabic is None or ARABIC.at(path) == arabic


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_address_tells_its_language(language):
    assert of_path(language.at("/claim/T")) is language
    assert of_path(language.at("/my/cards/")) is language


def test_an_address_that_names_none_is_english():
    assert of_path("/") is of_path("/arabesque/") is of_path("") is ENGLISH


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", ENGLISH),
        ("de", GERMAN),
        ("de-AT,de;q=0.9,en;q=0.8", GERMAN),
        ("ar-EG", ARABIC),
        ("fr-FR, ar;q=0.5, de;q=0.7", GERMAN),
        ("en;q=0.4, ar;q=0.9", ARABIC),
        ("de;q=0, en", ENGLISH),
        ("pl, *", ENGLISH),
        ("de;q=much, ar;q=0.1", ARABIC),
        (",;;q=,-,_,\x7f", ENGLISH),
    ],
)
def test_the_language_is_the_closest_to_what_the_browser_asks_for(header, language):
    assert of_tag(*accepted(header)) is language


def test_each_language_names_itself_and_its_side():
    assert [(one.name, one.direction) for one in LANGUAGES] == [
        ("English", "ltr"),
        ("Deutsch", "ltr"),
        ("العربية", "rtl"),
    ]


def test_a_sentence_is_english_until_somebody_says_it_in_another_language():
    sentence = Sentence("Keep this to {most} characters.", most=80)

    assert sentence == "Keep this to 80 characters."
    assert ENGLISH(sentence) == "Keep this to 80 characters."
