"""A printed code is paid in one tap to a member, and with a code by mail to anybody else; never twice."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa

from loyalty_app.accounts import rules as account_rules
from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, AccountSession, Role, Throttle
from loyalty_app.batches import service as batches
from loyalty_app.batches.fields import Field, FieldType
from loyalty_app.codes.models import Code
from loyalty_app.codes.service import hold
from loyalty_app.core import database as databases
from loyalty_app.core import times
from loyalty_app.core.actor import STRANGER
from loyalty_app.core.languages import ENGLISH
from loyalty_app.core.reasons import Reason
from loyalty_app.landing import rules
from loyalty_app.landing import service as landing
from loyalty_app.landing.service import TooMany
from loyalty_app.mail.models import Mail
from loyalty_app.members import service as members
from loyalty_app.members.models import Member
from loyalty_app.members.service import Details
from loyalty_app.points import service as ledger
from loyalty_app.redemptions.models import Attempt, Redemption
from loyalty_app.redemptions.service import Refused, Worth
from loyalty_app.ui.shield import COOKIE
from tests import builders
from tests.builders import ADMIN, CASHIER, NOON, PEER
from tests.doors import change, rows, see
from tests.programs import plain_routes

pytestmark = pytest.mark.usefixtures("database")

NINA = "nina@example.com"


@pytest.fixture(autouse=True)
def the_ledger_is_right(database):
    yield
    assert see(ledger.differences) == []


class Phone:
    """A browser with a page open, signed in or not."""

    def __init__(self, by=None):
        self.cookies = {}
        if by:
            account = see(lambda session: session.get(Account, by.account_id))
            self.cookies[COOKIE] = change(accounts.open_session, account, now=times.now()).secret

    def send(self, form, *, language="en-US"):
        """Send a form, and return the answer."""
        return self.send_all([form], language=language)[0]

    def send_all(self, forms, *, language="en-US"):
        """Send forms at the same moment, and return the answers."""

        async def talk():
            transport = httpx.ASGITransport(plain_routes(who), client=("203.0.113.9", 40000))
            headers = {"Accept-Language": language}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://test", headers=headers, cookies=self.cookies
            ) as client:
                answers = await asyncio.gather(*[client.post("/auth/points", data=form) for form in forms])
                self.cookies |= dict(client.cookies)
                return answers

        return asyncio.run(talk())


async def who(session_hash):
    return see(accounts.actor_of, session_hash, now=times.now())


def batch(**more):
    return change(builders.scan_batch, points=20, now=times.now(), **more)


def token(batch, serial=1):
    return builders.link(batch, serial).partition("code=")[2]


def begin(phone, code, email=NINA, **more):
    """Ask for the code by mail, and return what goes with it."""
    answer = phone.send({"token": code, "email": email} | more)
    assert answer.status_code == 200, answer.text
    return re.search(r"sign_up=([\w-]+)", answer.json()["next"]).group(1)


def mailed(nth=-1):
    return re.search(r"\b\d{8}\b", rows(Mail)[nth].body).group()


def paid():
    return [(one.member_id, one.points) for one in rows(Redemption)]


@pytest.mark.requirement("S0-2", "S0-23")
def test_a_member_gets_the_points_with_one_request():
    mia, code = change(builders.member), token(batch())

    answer = Phone(mia).send({"token": code, "nonce": "n1"})

    assert answer.json()["next"] == f"/redeem/?code={code}&new=1"
    assert [one.points for one in rows(Member)] == [20]


def test_a_second_tap_pays_nothing_more_and_says_the_same():
    mia, code = change(builders.member), token(batch())
    phone = Phone(mia)

    first, second = phone.send_all([{"token": code, "nonce": "n1"}] * 2)
    reloaded = phone.send({"token": code, "nonce": "n2"})

    assert first.json() == second.json()
    assert reloaded.json()["next"] == f"/redeem/?code={code}"  # the page says when they were collected
    assert [one.points for one in rows(Member)] == [20]


@pytest.mark.requirement("S0-2", "S0-23")
def test_whoever_enters_the_code_from_the_mail_becomes_a_member_with_points():
    phone, code = Phone(), token(batch())
    secret = begin(phone, code, name="Nina")
    assert rows(Member) == []

    answer = phone.send({"token": code, "sign_up": secret, "code": mailed()})

    assert answer.json()["next"] == f"/redeem/?code={code}&new=1"
    assert [(one.name, one.email, one.points) for one in rows(Member)] == [("Nina", NINA, 20)]
    account = rows(Account)[-1]
    assert (account.role, account.password_hash) == (Role.MEMBER, accounts.NO_PASSWORD)
    assert phone.send({"token": code}).json()["next"] == f"/redeem/?code={code}"  # signed in


def test_the_last_step_sent_twice_pays_once():
    phone, code = Phone(), token(batch())
    last = {"token": code, "sign_up": begin(phone, code, name="Nina"), "code": mailed(), "nonce": "n1"}

    answers = phone.send_all([last, last])

    assert f"/redeem/?code={code}&new=1" in {answer.json().get("next") for answer in answers}
    assert [one.points for one in rows(Member)] == [20]
    assert len(rows(Account)) == len(builders.STAFF) + 1


def test_two_first_entries_with_one_address_both_come_in():
    made, phones = batch(), [Phone(), Phone()]
    codes = [token(made, serial) for serial in (1, 2)]
    secrets = [begin(phone, code, name="Nina") for phone, code in zip(phones, codes, strict=True)]
    guest = landing.Guest(secrets[0], mailed(-2))

    with ThreadPoolExecutor() as threads, databases.transaction() as session:
        landing.let_in(session, guest, codes[0], {}, now=times.now())
        second = threads.submit(phones[1].send, {"token": codes[1], "sign_up": secrets[1], "code": mailed()})
        with pytest.raises(TimeoutError):
            second.result(timeout=0.5)

    assert second.result().json().get("next") == f"/redeem/?code={codes[1]}&new=1"
    assert [(one.email, one.points) for one in rows(Member)] == [(NINA, 40)]


def test_who_comes_in_while_a_till_holds_their_code_comes_in_after_it():
    nina = change(members.create, Details("Nina", NINA, ""), by=ADMIN, now=times.now())
    made, phone = batch(), Phone()
    code = token(made)
    last = {"token": code, "sign_up": begin(phone, code, name="Nina"), "code": mailed()}

    if not databases.is_sqlite(databases.engine()):  # who waits looks for a deadlock once: not before there is one
        sa.event.listen(
            databases.engine(), "begin", lambda one: one.exec_driver_sql("set local deadlock_timeout = '4s'")
        )
    with ThreadPoolExecutor() as threads, databases.transaction() as session:
        if not databases.is_sqlite(session.connection()):  # it is the entry that shall find the deadlock
            session.execute(sa.text("set local deadlock_timeout = '60s'"))
        assert hold(session, rows(Code)[0].id)
        entry = threads.submit(phone.send, last)
        with pytest.raises(TimeoutError):
            entry.result(timeout=0.5)
        session.connection().execute(sa.update(Member).where(Member.id == nina.id).values(phone="1"))

    assert entry.result().json().get("next") == f"/redeem/?code={code}&new=1"
    assert [(one.phone, one.points) for one in rows(Member)] == [("1", 20)]


def test_an_account_without_a_password_opens_by_none():
    phone, code = Phone(), token(batch())
    phone.send({"token": code, "sign_up": begin(phone, code, name="Nina"), "code": mailed()})

    for guess in ("", " ", "anything at all"):
        assert not see(accounts.password_is_right, NINA, guess)


def test_a_member_comes_in_by_mail_and_keeps_their_name():
    mia, code, phone = change(builders.member), token(batch()), Phone()
    secret = begin(phone, code, "Mia@Example.com", name="Somebody")

    phone.send({"token": code, "sign_up": secret, "code": mailed(), "name": "Somebody"})

    assert [(one.name, one.points) for one in rows(Member)] == [("Mia", 20)]
    assert rows(AccountSession)[-1].account_id == mia.account_id


def test_nobody_learns_by_the_answer_who_is_a_member():
    change(builders.member)
    code = token(batch())

    answers = [Phone().send({"token": code, "email": email}) for email in (NINA, "mia@example.com", "ada@example.com")]

    assert {answer.status_code for answer in answers} == {200}
    assert {re.sub(r"sign_up=.*", "", answer.json()["next"]) for answer in answers} == {f"/redeem/?code={code}&"}
    to_nina, to_mia, to_ada = [mail.body for mail in rows(Mail)]
    assert re.sub(r"\d{8}", "", to_nina) == re.sub(r"\d{8}", "", to_mia)
    assert not re.search(r"\d{8}", to_ada)
    assert "/sign-in/" in to_ada


def test_nobody_who_works_here_is_let_in_by_mail(monkeypatch):
    monkeypatch.setattr(accounts.chance, "choice", lambda _: "7")
    code, phone = token(batch()), Phone()
    secret = begin(phone, code, "ada@example.com")

    answer = phone.send({"token": code, "sign_up": secret, "code": "7" * 8})

    assert answer.status_code == 409
    assert paid() == []


def test_a_wrong_code_is_counted_and_opens_nothing():
    code, phone = token(batch()), Phone()
    secret = begin(phone, code)
    wrong = f"{(int(mailed()) + 1) % 10**8:08}"

    answers = [phone.send({"token": code, "sign_up": secret, "code": wrong}) for _ in range(account_rules.CODE_TRIES)]
    late = phone.send({"token": code, "sign_up": secret, "code": mailed(), "name": "Nina"})

    assert {answer.status_code for answer in answers} == {422}
    assert late.status_code == 429
    assert rows(Member) == []


def test_a_code_for_signing_up_does_not_let_anybody_in_here():
    code = token(batch())
    secret = change(members.ask_to_join, builders.newcomer("Nina"), ENGLISH, peer=PEER, now=times.now())
    six = re.search(r"\b\d{6}\b", rows(Mail)[-1].body).group()

    answer = Phone().send({"token": code, "sign_up": secret, "code": six})

    assert answer.status_code == 410
    assert rows(Member) == []


def test_who_is_new_has_to_tell_a_name_and_the_code_stays_good():
    code, phone = token(batch()), Phone()
    secret = begin(phone, code)

    nameless = phone.send({"token": code, "sign_up": secret, "code": mailed()})
    named = phone.send({"token": code, "sign_up": secret, "code": mailed(), "name": "Nina"})

    assert nameless.json()["problems"] == {"name": "Enter a name."}
    assert named.status_code == 200
    assert [one.points for one in rows(Member)] == [20]


def test_what_will_not_do_is_said_for_each_field_in_the_language_of_the_page():
    asked = (Field("Shoe size", FieldType.NUMBER), Field("I am 16", FieldType.AGREE))
    code, phone = token(batch(fields=asked)), Phone()

    refused = phone.send({"token": code, "q0": "large", "email": "nina"}, language="de-DE")
    of_member = Phone(change(builders.member)).send({"token": code, "q0": "42"})

    assert refused.json()["problems"] == {
        "q0": "Geben Sie eine Zahl ein.",
        "q1": "Setzen Sie das Häkchen, um fortzufahren.",
        "email": "Geben Sie eine E-Mail-Adresse wie ana@example.com ein.",
    }
    assert of_member.json()["problems"] == {"q1": "Tick the box to go on."}
    assert rows(Mail) == rows(Redemption) == rows(Attempt) == []


def test_answers_are_kept_with_the_redemption():
    asked = (Field("Shoe size", FieldType.NUMBER), Field("Shop", is_required=False))
    code, phone = token(batch(fields=asked)), Phone()
    secret = begin(phone, code, q0="42")

    phone.send({"token": code, "sign_up": secret, "code": mailed(), "name": "Nina", "q0": "42", "q7": "no question"})

    assert [one.answers for one in rows(Redemption)] == [{"Shoe size": "42"}]


def test_points_gone_meanwhile_still_let_the_new_member_in():
    made = batch()
    mia, code, phone = change(builders.member), token(made), Phone()
    secret = begin(phone, code, name="Nina")
    Phone(mia).send({"token": code})

    answer = phone.send({"token": code, "sign_up": secret, "code": mailed()})

    assert answer.json()["next"] == f"/redeem/?code={code}"
    assert len(paid()) == 1


@pytest.mark.requirement("S0-10")
@pytest.mark.parametrize("language", ["en-US", "de-DE", "ar"])
def test_an_expired_code_sends_no_mail_and_pays_nothing(language):
    old = change(builders.scan_batch, now=times.now() - timedelta(days=90))

    answers = [
        phone.send({"token": token(old), "email": NINA}, language=language)
        for phone in (Phone(), Phone(change(builders.member)))
    ]

    assert all(answer.json()["next"].endswith(f"/redeem/?code={token(old)}") for answer in answers)
    assert rows(Mail) == rows(Redemption) == []


def test_staff_collect_nothing_for_themselves():
    code = token(batch())

    assert Phone(CASHIER).send({"token": code}).json()["next"] == f"/redeem/?code={code}"
    assert rows(Redemption) == rows(Attempt) == []


def test_typed_codes_are_good_in_any_writing():
    made, mia = batch(), change(builders.member)
    code = rows(Code)[0].code

    Phone(mia).send({"token": f" {code[:4].lower()}-{code[4:]} "})

    assert [one.code_id for one in rows(Redemption)] == [rows(Code)[0].id]
    assert made.total == 3


def look(text, *, by=STRANGER, peer=PEER, now=NOON):
    return change(landing.look, text, by=by, peer=peer, now=now)


def test_guessing_is_slowed_down_and_a_scan_is_not():
    made = change(builders.scan_batch)
    good = rows(Code)[0].code

    # Also within a link to elsewhere, of which a counter says that it is none of ours.
    texts = [f"AAAA{number:04}" for number in range(rules.GUESSES_A_PEER)]
    guesses = [look(f"https://elsewhere.example/?code={text}" if text[-1] in "13579" else text) for text in texts]
    late = look(good)

    assert {guess.reason for guess in guesses} == {Reason.UNKNOWN_CODE}
    assert isinstance(late, TooMany)
    assert 0 < late.seconds <= account_rules.THROTTLE_WINDOW.total_seconds() + 1
    assert isinstance(look(token(made)), Worth)
    assert isinstance(look(good, peer="192.0.2.8"), Worth)
    assert isinstance(look(good, now=NOON + account_rules.THROTTLE_WINDOW), Worth)


@pytest.mark.parametrize("by", ["stranger", "member"])
def test_who_has_to_wait_writes_nothing(by):
    change(builders.scan_batch)
    mia = change(builders.member) if by == "member" else None
    for number in range(rules.GUESSES_A_PEER + 1):
        look(f"AAAA{number:04}", peer="203.0.113.9", now=times.now())
    counted = rows(Throttle)

    Phone(mia).send({"token": "AAAA0001"})

    assert rows(Throttle) == counted


def test_a_member_may_guess_less_from_wherever():
    change(builders.scan_batch)
    mia = change(builders.member)

    for number in range(rules.GUESSES_AN_ACCOUNT):
        look(f"AAAA{number:04}", by=mia, peer=f"192.0.2.{number}")

    assert isinstance(look(rows(Code)[0].code, by=mia, peer="192.0.2.99"), TooMany)


def test_good_codes_and_what_no_code_looks_like_cost_no_guess():
    change(builders.scan_batch)
    good = rows(Code)[0].code

    for _ in range(rules.GUESSES_A_PEER + 5):
        assert isinstance(look(good), Worth)
        assert isinstance(look("no code, this"), Refused)

    assert isinstance(look(good), Worth)


def test_somebody_elses_code_shows_neither_who_nor_when():
    made = change(builders.scan_batch, points=20)
    mia = change(builders.member)
    change(landing.redemptions.redeem_many, [landing.Ask(builders.link(made), mia)], now=NOON)

    assert look(builders.link(made)) == Refused(Reason.ALREADY_REDEEMED)


def test_a_paused_batch_still_says_what_it_promises():
    made = change(builders.scan_batch, points=20)
    change(batches.pause, made.id, by=ADMIN, now=NOON)

    found = look(builders.link(made))

    assert (found.reason, found.voucher.points, found.voucher.member) == (Reason.BATCH_PAUSED, 20, "")


def test_a_printed_link_leads_to_the_language_of_the_phone():
    async def follow(path, language):
        transport = httpx.ASGITransport(plain_routes(who))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.get(path, headers={"Accept-Language": language})
            return answer.status_code, answer.headers["location"]

    assert asyncio.run(follow("/redeem?code=abc_-1", "de-AT,en;q=0.5")) == (307, "/de-de/redeem/?code=abc_-1")
    assert asyncio.run(follow("/redeem", "fr")) == (307, "/redeem/")
