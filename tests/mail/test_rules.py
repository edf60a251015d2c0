"""Letters say who they are from and to, and nothing else can be smuggled into their head."""

from datetime import timedelta

import pytest

from loyalty_app.mail import rules
from loyalty_app.mail.models import Mail
from loyalty_app.mail.rules import MailServer
from tests.builders import NOON

SENDER = rules.sender("", "https://kawa.example")


def mail(recipient="mia@example.com", subject="Your code", body="It is here.\n"):
    return Mail(id=7, recipient=recipient, subject=subject, body=body, created_at=NOON)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", MailServer("mail.example", 587, "", "", is_tls=False)),
        ("smtp://ana%40kawa:p%2Fw@mail.example:25", MailServer("mail.example", 25, "ana@kawa", "p/w", is_tls=False)),
        ("smtps://u:p@mail.example", MailServer("mail.example", 465, "u", "p", is_tls=True)),
    ],
)
def test_a_server_is_named_by_an_address(url, expected):
    assert rules.server(url) == expected


@pytest.mark.parametrize("url", ["mail.example:25", "https://mail.example", "smtp://", "smtp://host:nowhere"])
def test_what_names_no_server_is_refused(url):
    with pytest.raises(ValueError):  # noqa: PT011 - the operator reads the sentence, not the test
        rules.server(url)


def test_a_letter_is_from_the_program_unless_somebody_else_is_named():
    assert str(SENDER) == "loyalty@kawa.example"
    assert str(rules.sender("Kawa <hello@kawa.example>", "")) == "Kawa <hello@kawa.example>"
    assert str(rules.sender("", "http://localhost:8000")) == "loyalty@localhost"


def test_a_letter_has_a_head_and_a_body():
    letter = rules.letter(mail(), SENDER, "quoted-printable")

    assert (letter["To"], letter["From"], letter["Subject"]) == ("mia@example.com", "loyalty@kawa.example", "Your code")
    assert letter["Message-ID"] == "<20260615100000.7@kawa.example>"
    assert letter.get_content() == "It is here.\n"


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("mia@bücher.example", "mia@xn--bcher-kva.example"),
        ("mia@straße.example", "mia@xn--strae-oqa.example"),
        ("mia@BÜCHER.example", "mia@xn--bcher-kva.example"),
        ("mia@mail_box.example", "mia@mail_box.example"),
    ],
)
def test_an_address_in_another_script_is_one_that_servers_take(typed, sent):
    assert rules.letter(mail(typed), SENDER, "8bit")["To"] == sent


def test_what_is_no_host_is_refused():
    with pytest.raises(ValueError, match="hyphen"):
        rules.letter(mail("mia@-ü-.example"), SENDER, "8bit")


@pytest.mark.parametrize(
    "smuggled",
    [
        mail("mia@example.com\r\nBcc: eve@example.com"),
        mail("mia\r\nBcc: eve@example.com"),
        mail(subject="Code\r\nBcc: eve@example.com"),
        mail(subject="Code\nX: y"),
    ],
)
def test_nothing_is_smuggled_into_the_head_of_a_letter(smuggled):
    with pytest.raises((ValueError, IndexError)):
        rules.letter(smuggled, SENDER, "8bit")


def test_a_list_of_addresses_is_one_odd_address():
    letter = rules.letter(mail("eve@example.com, mia@example.com"), SENDER, "8bit")

    assert len(letter["To"].addresses) == 1


def test_a_file_name_tells_when_and_for_whom_and_leads_nowhere_else():
    assert rules.file_name(mail()) == "2026-06-15-100000-mia@example.com-7.eml"
    assert "/" not in rules.file_name(mail("../../etc/x@example.com"))


def test_a_failing_letter_waits_longer_each_time_and_then_no_more():
    waits, at = [], timedelta(0)
    while (pause := rules.pause(mail(), NOON + at)) is not None:
        waits.append(pause)
        at += pause

    assert waits[:4] == [timedelta(seconds=seconds) for seconds in (5, 5, 10, 20)]
    assert 8 <= len(waits) <= 14
    assert at <= 2 * rules.PATIENCE
