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


@pytest.mark.parametrize(
    ("number", "german", "arabic"),
    [
        (1, "noch 1 Tag", "متبقٍّ يوم واحد"),
        (2, "noch 2 Tage", "متبقٍّ يومان"),
        (3, "noch 3 Tage", "متبقٍّ 3 أيام"),
        (11, "noch 11 Tage", "متبقٍّ 11 يومًا"),
        (100, "noch 100 Tage", "متبقٍّ 100 يوم"),
    ],
)
def test_a_language_counts_with_forms_of_its_own(number, german, arabic):
    said = {one: one.count("{number} day left", "{number} days left", number) for one in LANGUAGES}

    assert (said[GERMAN], said[ARABIC]) == (german, arabic)
    assert said[ENGLISH] == f"{number} day{'s' if number > 1 else ''} left"


def test_what_stands_in_for_a_place_is_said_in_a_sentence_of_the_language():
    assert GERMAN("{percent}% off", percent=20) == "20 % Rabatt"
    assert GERMAN(Sentence("Minimum purchase {amount}", amount="5 €")) == "Mindesteinkauf 5 €"
    assert ARABIC("What nobody has translated yet") == "What nobody has translated yet"
