"""What an address asks for is read back from it as it was written."""

import pytest

from loyalty_app.core.addresses import address, number


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
