"""Members join, and are found again."""

import re
from datetime import timedelta

import pytest

from loyalty_app.accounts import rules as account_rules
from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, AccountSession, Role, SignUp
from loyalty_app.accounts.service import CodeRefused, SignedIn
from loyalty_app.core.errors import InvalidError
from loyalty_app.core.languages import ENGLISH, GERMAN
from loyalty_app.core.reasons import Reason
from loyalty_app.core.secrets import fingerprint
from loyalty_app.mail.models import Mail
from loyalty_app.members import service as members
from loyalty_app.members.models import Member
from loyalty_app.members.service import Details, Wish
from tests.builders import ADMIN, NOON, PEER, member, newcomer
from tests.doors import at_once, change, rows, see

pytestmark = pytest.mark.usefixtures("database")


def code_sent():
    """Return the code in the newest letter."""
    return re.search(r"\b\d{6}\b", rows(Mail)[-1].body).group()


def ask(name="Mia", *, peer=PEER, now=NOON, email=""):
    return change(members.ask_to_join, newcomer(name, email), ENGLISH, peer=peer, now=now)


def enter(secret, code, now=NOON):
    return change(members.verify, secret, code, now=now)


def emails():
    return [row.email for row in rows(Member)]


def another(code):
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_nobody_is_a_member_before_the_code_is_entered():
    secret = ask()
    assert emails() == []
    assert "mia@example.com" not in {account.email for account in rows(Account)}

    signed_in = enter(secret, code_sent())
    assert isinstance(signed_in, SignedIn)
    assert signed_in.role is Role.MEMBER
    assert emails() == ["mia@example.com"]
    assert rows(SignUp) == []


def test_a_code_is_read_however_it_is_typed():
    secret = ask()
    code = code_sent()
    arabic = code.translate({ord("0") + digit: 0x0660 + digit for digit in range(10)})

    assert isinstance(enter(secret, f" {arabic[:3]} {arabic[3:]}"), SignedIn)


def test_neither_the_code_nor_its_secret_is_stored_with_the_sign_up():
    secret = ask()
    stored = repr([row.model_dump() for row in rows(SignUp)])

    assert secret not in stored
    assert not re.search(rf"\b{code_sent()}\b", stored)  # within the digests these digits may stand by chance


def test_a_wrong_code_opens_nothing_and_five_are_too_many():
    secret = ask()
    code = code_sent()
    for _ in range(account_rules.CODE_TRIES):
        assert enter(secret, another(code)) == CodeRefused(Reason.UNKNOWN_CODE)

    assert enter(secret, code) == CodeRefused(Reason.RATE_LIMITED)
    assert emails() == []
    assert change(send_again, secret) is None
    assert isinstance(enter(secret, code_sent()), SignedIn)


def test_guesses_sent_at_the_same_time_are_too_many_together(other_processes):
    secret = ask()
    wrong = another(code_sent())
    answers = at_once([lambda: enter(secret, wrong)] * 12)

    assert sum(answer.reason is Reason.UNKNOWN_CODE for answer in answers) == account_rules.CODE_TRIES


def test_a_code_is_over_after_a_quarter_of_an_hour_and_a_new_one_replaces_it():
    secret = ask()
    late = NOON + timedelta(minutes=15)
    assert enter(secret, code_sent(), late) == CodeRefused(Reason.EXPIRED)

    old = code_sent()
    change(send_again, secret, now=late)
    new = code_sent()
    if old != new:
        assert enter(secret, old, late) == CodeRefused(Reason.UNKNOWN_CODE)
    assert isinstance(enter(secret, new, late), SignedIn)


def test_a_code_does_not_work_with_another_secret():
    ask()
    code = code_sent()

    assert enter("made up", code) == CodeRefused(Reason.EXPIRED)
    assert emails() == []


def test_two_verifications_at_once_make_one_account(other_processes):
    secret = ask()
    code = code_sent()
    answers = at_once([lambda: enter(secret, code)] * 4)

    assert sum(isinstance(answer, SignedIn) for answer in answers) == 1
    assert emails() == ["mia@example.com"]


def test_two_sign_ups_for_one_address_are_apart_and_make_one_account(other_processes):
    first = ask()
    first_code = code_sent()
    second = ask("Eve", email="mia@example.com")
    second_code = code_sent()
    if first_code != second_code:
        assert enter(first, second_code) == CodeRefused(Reason.UNKNOWN_CODE)

    def try_in(secret, code):
        try:
            return enter(secret, code)
        except InvalidError:
            return None

    answers = at_once([lambda: try_in(first, first_code), lambda: try_in(second, second_code)])
    assert sum(isinstance(answer, SignedIn) for answer in answers) == 1
    assert emails() == ["mia@example.com"]


def test_an_address_with_an_account_is_told_so_by_mail_and_the_page_shows_nothing():
    known, unknown = ask("Kasia"), ask("Mia")
    to_kasia, to_mia = rows(Mail)

    assert type(known) is type(unknown) is str
    assert len(known) == len(unknown)
    assert to_kasia.recipient == "kasia@example.com"
    assert "has an account already" in to_kasia.body
    assert re.search(r"\b\d{6}\b", to_kasia.body) is None
    assert re.search(r"\b\d{6}\b", to_mia.body)
    wrong = another(re.search(r"\b\d{6}\b", to_mia.body).group())
    assert enter(known, wrong) == enter(unknown, wrong)


def test_a_sign_up_that_was_overtaken_is_told_to_sign_in():
    first = ask()
    first_code = code_sent()
    enter(ask(), code_sent())

    assert enter(first, first_code) == CodeRefused(Reason.LOGIN_REQUIRED)
    assert emails() == ["mia@example.com"]


def test_a_member_whom_staff_made_gets_the_account():
    made = change(_member_without_account)
    signed_in = enter(ask(), code_sent())

    (row,) = rows(Member)
    assert row.id == made
    assert row.name == "Mia from the till"
    assert row.joined_at == NOON - timedelta(days=9)
    who = see(accounts.actor_of, fingerprint(signed_in.secret), now=NOON)
    assert see(members.ids_of_accounts, [who.account_id]) == {who.account_id: made}


def test_an_address_gets_few_letters_from_one_place_and_not_many_from_anywhere():
    for _ in range(account_rules.LETTERS_A_PLACE):
        assert isinstance(ask(), str)

    refused = ask()
    assert refused.reason is Reason.RATE_LIMITED
    assert refused.retry_after <= 901
    for number in range(account_rules.LETTERS_AN_ADDRESS):
        ask(peer=f"198.51.100.{number}")
    assert len(rows(Mail)) <= account_rules.LETTERS_AN_ADDRESS
    assert isinstance(ask("Ola"), str)


def test_new_codes_are_throttled_too():
    secret = ask()
    for _ in range(account_rules.LETTERS_A_PLACE - 1):
        assert change(send_again, secret) is None

    assert change(send_again, secret).reason is Reason.RATE_LIMITED
    assert change(send_again, "made up") == CodeRefused(Reason.EXPIRED)


def test_letters_asked_for_at_the_same_time_are_counted_together(other_processes):
    answers = at_once([ask] * 12)

    assert sum(isinstance(answer, str) for answer in answers) == account_rules.LETTERS_A_PLACE
    assert len(rows(Mail)) == account_rules.LETTERS_A_PLACE


def test_a_peer_that_asks_for_too_many_letters_waits(monkeypatch):
    monkeypatch.setattr(account_rules, "LETTERS_A_PEER", 1)
    ask("Mia")

    assert ask("Ola").reason is Reason.RATE_LIMITED
    assert isinstance(ask("Ola", peer="198.51.100.1"), str)


def test_sign_ups_that_nobody_finished_are_swept():
    ask("Mia")
    ask("Ola", now=NOON + timedelta(days=2))

    assert [row.email for row in rows(SignUp)] == ["ola@example.com"]


def test_letters_speak_the_language_of_the_page():
    change(members.ask_to_join, newcomer("Mia"), GERMAN, peer=PEER, now=NOON)

    assert GERMAN("Your code for {program}", program="Kawa") == rows(Mail)[-1].subject


def test_whoever_joins_is_signed_in_at_once():
    signed_in = change(members.join, newcomer("Mia"), now=NOON, device="Chrome on Android")

    assert signed_in.role is Role.MEMBER
    assert [(row.name, row.email) for row in rows(Member)] == [("Mia", "mia@example.com")]
    assert [row.device for row in rows(AccountSession)] == ["Chrome on Android"]


def test_nobody_joins_twice():
    change(members.join, newcomer("Mia"), now=NOON)

    with pytest.raises(InvalidError):
        change(members.join, newcomer("Mia"), now=NOON)
    assert len(rows(Member)) == 1


def test_a_member_who_takes_another_name_has_it_everywhere():
    mia = change(member, "Mia")
    change(members.rename_me, " Mia Wójcik ", by=mia)

    assert [row.name for row in rows(Member)] == ["Mia Wójcik"]
    assert rows(Account)[-1].name == "Mia Wójcik"
    for name in ("", "x" * 81):
        with pytest.raises(InvalidError):
            change(members.rename_me, name, by=mia)


@pytest.mark.requirement("S2-16")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("łukasz", ["Łukasz Żak"]),
        ("ŻAK", ["Łukasz Żak"]),
        ("анна", ["Анна Петрова"]),
        ("özil", ["Mesut Özil"]),
        ("Ruiz Ana", ["Ana Ruiz"]),
        (" ruiz  RUIZ@example ", ["Ana Ruiz"]),
        ("ana 600 100", ["Ana Ruiz"]),
        ("ana özil", []),
        ("%", []),
    ],
)
def test_members_are_found_by_words_in_any_case_and_script(text, found):
    for number, name in enumerate(("Łukasz Żak", "Анна Петрова", "Mesut Özil")):  # no address has the name in it
        change(members.create, Details(name, f"{number}@example.com"), by=ADMIN, now=NOON)
    change(members.create, Details("Ana Ruiz", "ana.ruiz@example.com", "+34 600 100 200"), by=ADMIN, now=NOON)

    assert [one.name for one in see(members.listed, Wish(text), by=ADMIN)] == found


def test_members_are_found_by_account_and_staff_are_none():
    mia, ola = change(member, "Mia"), change(member, "Ola")
    found = see(members.ids_of_accounts, [mia.account_id, ola.account_id, ADMIN.account_id])

    names = {row.id: row.name for row in rows(Member)}
    assert [names[found[who.account_id]] for who in (mia, ola)] == ["Mia", "Ola"]
    assert ADMIN.account_id not in found


def send_again(session, secret, now=NOON):
    return accounts.send_new_code(session, secret, ENGLISH, peer=PEER, now=now)


def _member_without_account(session):
    made = Member(name="Mia from the till", email="mia@example.com", joined_at=NOON - timedelta(days=9))
    session.add(made)
    session.flush()
    return made.id
