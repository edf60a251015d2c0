"""Who may do what, and which addresses, passwords and ways back are acceptable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.accounts import rules
from loyalty_app.accounts.models import Role
from loyalty_app.core.actor import STRANGER, Actor, Permission
from loyalty_app.core.errors import ForbiddenError
from loyalty_app.core.languages import ENGLISH


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.ADMIN, set(Permission) - {Permission.CLAIM}),
        (
            Role.MARKETER,
            {
                Permission.VIEW_DASHBOARD,
                Permission.QR_CODE_MANAGEMENT,
                Permission.OFFER_MANAGEMENT,
                Permission.VIEW_MEMBERS,
                Permission.VIEW_REDEMPTIONS,
                Permission.SUPPORT,
            },
        ),
        (
            Role.LEAD,
            {
                Permission.REDEEM,
                Permission.VIEW_REDEMPTIONS,
                Permission.REVERSE_REDEMPTIONS,
                Permission.GOODWILL,
                Permission.SUPPORT,
            },
        ),
        (Role.STAFF, {Permission.REDEEM, Permission.VIEW_REDEMPTIONS}),
        (Role.VIEWER, {Permission.VIEW_DASHBOARD, Permission.VIEW_REDEMPTIONS}),
        (Role.MEMBER, {Permission.CLAIM}),
    ],
)
def test_a_role_may_do_this_and_nothing_else(role, may):
    actor = Actor(1, "Anybody", role, rules.PERMISSIONS[role])

    for permission in Permission:
        assert actor.may(permission) == (permission in may | {Permission.PUBLIC})


def test_a_stranger_may_only_see_what_is_public():
    STRANGER.must(Permission.PUBLIC)
    for permission in set(Permission) - {Permission.PUBLIC}:
        with pytest.raises(ForbiddenError):
            STRANGER.must(permission)


def test_every_role_has_permissions_and_a_page_to_land_on():
    assert rules.PERMISSIONS.keys() == set(Role)
    assert [rules.home(role) for role in Role] == [
        "/admin/",
        "/admin/",
        "/scan/",
        "/scan/",
        "/admin/",
        "/my/cards/",
    ]


def test_an_address_has_one_form():
    assert rules.normal_email("  Ana.Nowak@Example.COM ") == "ana.nowak@example.com"
    assert rules.normal_email("ana@example") is None
    assert rules.normal_email("") is None
    assert rules.normal_email("ana\x00@example.com") is None


@pytest.mark.parametrize(
    ("name", "email", "password", "field"),
    [
        (" ", "ana@example.com", "long enough", "name"),
        ("n" * 81, "ana@example.com", "long enough", "name"),
        ("Ana", "ana", "long enough", "email"),
        ("Ana", "ana@example.com", "short", "password"),
        ("Ana", "ana@example.com", "p" * 201, "password"),
        ("Ana", "ana@example.com", "ANA@example.com", "password"),
    ],
)
def test_a_wrong_field_is_named(name, email, password, field):
    assert rules.problems(name, email, password).keys() == {field}


@pytest.mark.parametrize("path", ["/", "/admin/", "/claim/abc?from=poster#top", "/my/cards/"])
def test_a_page_of_this_program_may_be_returned_to(path):
    assert rules.safe_return(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "admin/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/x\\..\\evil",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "\x00//evil.example",
    ],
)
def test_nothing_else_may_be_returned_to(path):
    assert rules.safe_return(path) == ""


@given(st.text(st.sampled_from("/\\ae:.@?#\t\n "), max_size=8))
def test_a_way_back_never_leads_to_another_host(path):
    safe = rules.safe_return(path)

    # Browsers drop tabs and line ends and read a backslash as a slash, so two of them begin a host.
    assert not safe or (safe[0] == "/" and safe[1:2] not in {"/", "\\"} and not set(safe) & set("\t\n\r\\"))


def test_a_shops_own_mail_is_an_address_and_a_half_typed_one_is_not():
    assert rules.normal_email("till@shop.local") == "till@shop.local"
    assert rules.normal_email("ana@gmail") is None


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0 Safari/537.36 Edg/126.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) (KHTML, like Gecko) Version/17 Safari/605", "Safari on Mac"),
        ("curl/8.5", ""),
        ("", ""),
    ],
)
def test_a_browser_is_named_in_a_few_words(user_agent, words):
    assert rules.device(user_agent) == words


@pytest.mark.parametrize(
    ("typed", "read"), [("123456", "123456"), (" 123 456 ", "123456"), ("١٢٣٤٥٦", "123456"), ("12-ab", "12"), ("½", "")]
)
def test_a_code_is_its_digits(typed, read):
    assert rules.digits(typed) == read


def test_a_code_letter_keeps_the_code_out_of_the_subject():
    subject, body = rules.code_letter(ENGLISH, "Kawa", "123456")

    assert "123456" not in subject
    assert "Your code is 123456." in body
