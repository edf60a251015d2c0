"""What an address asks for is read back from it as it was written."""

from time import process_time

import pytest

from loyalty_app.core.addresses import Link, address, link, number


@pytest.mark.parametrize(
    ("text", "found"),
    [("12", 12), ("007", 7), ("999999999", 999_999_999), ("1000000000", 0), ("", 0), ("-1", 0), ("1.5", 0), ("١٢", 0)],
)
def test_an_address_names_a_number_or_none(text, found):
    assert number(text) == found


def test_an_address_asks_for_what_is_given_in_its_order():
    assert address("/admin/offers/", {"sort": "name", "after": 12}) == "/admin/offers/?sort=name&after=12"


def test_an_address_leaves_out_what_is_empty():
    assert address("/admin/offers/", {"q": "", "sort": "name", "after": 0}) == "/admin/offers/?sort=name"
    assert address("/admin/offers/", {"q": ""}) == "/admin/offers/"


def test_what_is_typed_does_not_break_out_of_its_address():
    assert address("/my/", {"q": "a&b=c ?#ç"}) == "/my/?q=a%26b%3Dc+%3F%23%C3%A7"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("https://Kawa.Example/redeem?code=A#b?c", Link("kawa.example", "/redeem", "code=A")),
        ("http://localhost:8000", Link("localhost", "", "")),
        ("//kawa.example:/x", Link("kawa.example", "/x", "")),
        ("kawa.example:8443/x?y", Link("kawa.example", "/x", "y")),
        ("/claim/abc", Link("", "/claim/abc", "")),
        ("http://[::1]:8000/x", Link("[::1]", "/x", "")),
        ("http://[broken", Link("[broken", "", "")),
        ("", Link("", "", "")),
        ("Your coffee: https://kawa.example/redeem?code=A", Link("kawa.example", "/redeem", "code=A")),
        ("Join:https://kawa.example/claim/abc", Link("kawa.example", "/claim/abc", "")),
        ("Coffee? See 1/2: https://kawa.example:8443/x", Link("kawa.example", "/x", "")),
        (
            "kawa.example/x?from=https://elsewhere.example/",
            Link("kawa.example", "/x", "from=https://elsewhere.example/"),
        ),
        ("https://kawa.example/x https://elsewhere.example", Link("kawa.example", "/x https://elsewhere.example", "")),
    ],
)
def test_a_link_says_where_it_leads(text, parts):
    assert link(text) == parts


@pytest.mark.parametrize("words", ["x", "x:", "x? ", "# "])
def test_a_link_is_found_after_many_words_at_once(words):
    begun = process_time()
    assert link(f"{words * 100_000}https://kawa.example/").host == "kawa.example"
    assert process_time() - begun < 5
