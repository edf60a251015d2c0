"""What a scan batch may be: hostile addresses and parameters are refused or made good, and links read back."""

from datetime import date, timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loyalty_app.batches import fields, scans
from loyalty_app.batches.fields import Field, FieldType
from loyalty_app.batches.scans import ScanDraft, ScanPlan
from loyalty_app.keys import rules as tokens

TODAY = date(2026, 6, 15)
ORIGIN = "https://loyalty.example"
TOKEN = "EdL9F0lsHp2JCly0_JGrO2CUVsdRjvJkCqlvTbTPgMM"

PIECES = st.lists(
    st.sampled_from(
        [*"?&#=/%+;:@. \\'\"<>{}|^`~[]é✓ß😀", "code", "co%64e", "a=1", "%zz", "%26", "\u202e", "\0", "\ud800"]
    )
    | st.text(max_size=5),
    max_size=12,
).map("".join)


def base_url(text):
    problems = {}
    url = scans.read_base_url(text, problems)
    return problems.get("base_url") or url


def parameters(*rows):
    problems = {}
    found = scans.read_parameters(rows, problems)
    return problems.get("parameters") or found


def draft(**changes):
    usual = {
        "name": "Cups",
        "quantity": "100",
        "expires_on": (TODAY + timedelta(days=30)).isoformat(),
        "parameters": (("points", "20"),),
    }
    return ScanDraft(**usual | changes)


def problems_of(**changes):
    found = scans.read(draft(**changes), today=TODAY, origin=ORIGIN)
    return {} if isinstance(found, ScanPlan) else found


# --- Addresses. ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S0-3", "S0-11")
@pytest.mark.parametrize(
    ("base", "link"),
    [
        ("https://shop.example/in", "https://shop.example/in?code=T"),
        ("https://shop.example", "https://shop.example?code=T"),
        ("https://shop.example/in?", "https://shop.example/in?code=T"),
        ("https://shop.example/in?a=1", "https://shop.example/in?a=1&code=T"),
        ("https://shop.example/in?a=1&", "https://shop.example/in?a=1&code=T"),
        ("https://shop.example/in?a=?", "https://shop.example/in?a=?&code=T"),
        ("https://shop.example/in&", "https://shop.example/in&?code=T"),
        ("https://shop.example/in#top", "https://shop.example/in?code=T#top"),
        ("https://shop.example/in?a=1#top", "https://shop.example/in?a=1&code=T#top"),
        ("https://shop.example/#/in?a=1", "https://shop.example/?code=T#/in?a=1"),
        ("https://shop.example/in?&", "https://shop.example/in?&code=T"),
        ("HTTPS://Shop.Example:8443/In", "https://shop.example:8443/In?code=T"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/?code=T"),
        ("https://straße.example/", "https://xn--strae-oqa.example/?code=T"),
        ("https://مثال.example/", "https://xn--mgbh0fb.example/?code=T"),
        ("http://[2001:DB8::1]:80/in", "http://[2001:db8::1]:80/in?code=T"),
        ("http://192.0.2.7/", "http://192.0.2.7/?code=T"),
        ("https://shop.example/a b/é?x=ü y#ö", "https://shop.example/a%20b/%C3%A9?x=%C3%BC%20y&code=T#%C3%B6"),
        ("https://shop.example/%C3%A9?x=%26", "https://shop.example/%C3%A9?x=%26&code=T"),
        ("  https://shop.example/in  ", "https://shop.example/in?code=T"),
    ],
)
def test_the_code_is_put_where_every_browser_finds_it(base, link):
    assert scans.link(base_url(base), "T") == link


@pytest.mark.parametrize(
    "base",
    [
        "javascript:alert(1)//https://shop.example/",
        "data:text/html,x",
        "ftp://shop.example/",
        "//shop.example/in",
        "https:/shop.example/in",
        "shop.example/in",
        "https://",
        "https:///in",
        "https://:443/",
        "https://ada@shop.example/",
        "https://ada:secret@shop.example/",
        "https://shop.example\\@evil.example/",
        "https://evil.example\\.shop.example/",
        "https://shop example/",
        "https://shop..example/",
        "https://-shop.example/",
        "https://shop%2eexample/",
        "https://shop<b>.example/",
        "https://shop.example:0/",
        "https://shop.example:99999/",
        "https://shop.example:https/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://[v1.x]/",
        "https://" + "a" * 64 + ".example/",
        "https://shop\u202e.example/",
        "https://😀.example/",
    ],
)
def test_what_is_no_whole_address_is_refused(base):
    assert base_url(base).startswith("Enter a whole address")


@pytest.mark.parametrize("query", ["code=1", "a=1&code=", "code", "co%64e=1", "a=1&&code=2"])
def test_an_address_with_a_code_of_its_own_is_refused(query):
    assert base_url(f"https://shop.example/?{query}").startswith("Leave code= out")


def test_another_word_that_only_looks_like_code_is_none():
    assert base_url("https://shop.example/?Code=1&promo_code=2#code=3").startswith("https://")


def test_an_address_may_have_500_characters_as_it_is_printed():
    assert len(base_url("https://shop.example/" + "a" * 479)) == 500
    assert base_url("https://shop.example/" + "a" * 480).startswith("Keep the address to 500")
    assert base_url("https://shop.example/" + "é" * 100).startswith("Keep the address to 500")


@given(st.sampled_from(["https://shop.example", "http://[::1]:8000", "https://", ""]), PIECES)
@example("https://shop.example", "/in&")
@example("https://shop.example", "/?x=?")
def test_a_link_reads_back_whatever_the_address_was(host, rest):
    problems = {}
    base = scans.read_base_url(host + rest, problems)
    if problems:
        return

    link = scans.link(base, TOKEN)
    before, after = urlsplit(base), urlsplit(link)
    assert link.isascii()
    assert link.isprintable()
    assert " " not in link
    assert parse_qs(after.query)["code"] == [TOKEN]
    assert (after.scheme, after.netloc, after.path, after.fragment) == (
        before.scheme,
        before.netloc,
        before.path,
        before.fragment,
    )
    others = [pair for pair in parse_qsl(after.query, keep_blank_values=True) if pair[0] != "code"]
    assert others == parse_qsl(before.query, keep_blank_values=True)
    assert scans.read_base_url(base, {}) == base


# --- Parameters. -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S0-7")
@pytest.mark.parametrize("key", ["points", "Points", " POINTS "])
def test_points_are_known_however_they_are_written(key):
    assert parameters((key, " 020 "), ("Shop", "Old  Town")) == {"points": "20", "Shop": "Old Town"}


@pytest.mark.requirement("S0-7")
@pytest.mark.parametrize("value", ["0", "-1", "+1", "1e3", "1.5", "1,000", "٣", "²", "1000001", "9" * 200, "x"])
def test_points_are_a_whole_number_that_can_be_paid(value):
    assert parameters(("points", value)) == "Points are a whole number from 1 to 1,000,000."


def test_the_most_points_can_be_paid():
    assert parameters(("points", "1000000")) == {"points": "1000000"}


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([], "Add at least one parameter"),
        ([("", ""), (" ", "\0")], "Add at least one parameter"),
        ([("points", "")], "Fill in both sides of the parameter points"),
        ([("", "20")], "Fill in both sides of the parameter 20"),
        ([("shop", "a"), ("Shop", "b")], "The parameter Shop is there twice."),
        ([("points", "1"), ("POINTS", "2")], "The parameter POINTS is there twice."),
        ([("k" * 41, "x")], "Keep keys to 40"),
        ([("k", "x" * 201)], "Keep keys to 40 and values to 200"),
        ([(f"k{n}", "x") for n in range(21)], "Use at most 20 parameters."),
        ([(f"k{n}", "x" * 200) for n in range(20)], "too long for a QR code"),
        ([(f"k{n}", "😀" * 40) for n in range(4)], "too long for a QR code"),
    ],
)
def test_parameters_that_cannot_be_sealed_are_refused(rows, problem):
    assert problem in parameters(*rows)


@pytest.mark.requirement("S0-4")
@given(st.lists(st.tuples(st.text(max_size=45), st.text(max_size=60) | st.integers(1, 10**6).map(str)), max_size=22))
@example([("=1+1", "@SUM(A1)"), ("\u202eshop", "😀"), ("points", "1000000")])
@example([("point\u017f", "x"), ("ß", "ss"), ("SS", "x")])
def test_what_is_accepted_comes_back_out_of_the_token(rows):
    problems = {}
    found = scans.read_parameters(rows, problems)
    if problems:
        return

    assert 0 < len(found) <= scans.MOST_PARAMETERS
    assert tokens.unpack(tokens.pack(found)) == found
    assert len(tokens.pack(found)) <= scans.MOST_BYTES
    assert len({key.casefold() for key in found}) == len(found)
    assert all("\0" not in part and part == part.strip() and part for pair in found.items() for part in pair)
    assert scans.read_parameters([*found.items()], {}) == found


# --- The whole form. -------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S0-8")
@pytest.mark.parametrize(("quantity", "is_refused"), [("1", False), ("100000", False), ("100001", True), ("0", True)])
def test_a_batch_has_at_most_a_hundred_thousand_codes(quantity, is_refused):
    assert ("quantity" in problems_of(quantity=quantity, length="12")) is is_refused


@pytest.mark.requirement("S0-9")
@pytest.mark.parametrize(("prefix", "kept"), [("sun", "SUN"), ("su-n 26", "SUN26"), ("", "")])
def test_a_prefix_is_kept_as_it_is_printed(prefix, kept):
    assert scans.read(draft(prefix=prefix), today=TODAY, origin=ORIGIN).shape.prefix == kept


@pytest.mark.requirement("S0-9")
@pytest.mark.parametrize("prefix", ["=SUM", "Ö", "X" * 13, "@"])
def test_a_prefix_that_no_code_can_have_is_refused(prefix):
    assert "prefix" in problems_of(prefix=prefix)


def test_without_an_address_codes_lead_home():
    assert scans.read(draft(), today=TODAY, origin=ORIGIN).base_url == "https://loyalty.example/redeem"


def test_every_field_that_is_wrong_is_named_at_once():
    found = problems_of(
        name=" ",
        quantity="many",
        expires_on="2026-06-14",
        parameters=(),
        base_url="shop",
        prefix="ä",
        title="t" * 81,
        description="d" * 501,
        offer_id="x",
        fields=(Field("Name"), Field("name")),
    )
    assert set(found) == {
        "name", "quantity", "expires_on", "parameters", "base_url", "prefix", "title", "description", "offer_id",
        "fields",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ([Field(f"Q{n}") for n in range(13)], "at most 12 things"),
        ([Field("")], "Give each field a label"),
        ([Field("x" * 61)], "Give each field a label"),
        ([Field("Name"), Field("NAME")], "the same label"),
        ([Field("Size", FieldType.CHOICE)], "2 to 20 different answers"),
        ([Field("Size", FieldType.CHOICE, choices=("S",))], "2 to 20 different answers"),
        ([Field("Size", FieldType.CHOICE, choices=("S", " S "))], "2 to 20 different answers"),
        ([Field("Size", FieldType.CHOICE, choices=("S", ""))], "2 to 20 different answers"),
        ([Field("Size", FieldType.CHOICE, choices=("e\u0301", "é"))], "2 to 20 different answers"),
        ([Field("Size", FieldType.CHOICE, choices=tuple(map(str, range(21))))], "2 to 20 different answers"),
        ([Field("Name", choices=("S", "M"))], "2 to 20 different answers"),
    ],
)
def test_fields_that_cannot_be_asked_are_refused(asked, problem):
    assert problem in problems_of(fields=tuple(asked))["fields"]


def test_fields_that_can_be_asked_are_kept_by_the_batch_as_they_are():
    asked = [Field("Size", FieldType.CHOICE, choices=("S", "M")), Field("I agree", FieldType.AGREE, is_required=False)]

    assert problems_of(fields=tuple(asked)) == {}
    assert fields.loaded(fields.stored(asked)) == asked
