"""A voucher is redeemed once, and every attempt is kept."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from loyalty_app.apikeys.models import ApiKey
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core.actor import STRANGER
from loyalty_app.core.errors import AppError, ForbiddenError, InvalidError
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.members.models import Member
from loyalty_app.redemptions import history, rules
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Attempt, Redemption
from loyalty_app.redemptions.service import Ask, Redeemed, Refused
from tests import builders
from tests.builders import ADMIN, CASHIER, MARKETER, NOON, OTHER_CASHIER, VIEWER
from tests.doors import change, rows, see

pytestmark = pytest.mark.usefixtures("database")

LATER = NOON + timedelta(minutes=5)


def claimed(*, minimum_purchase="", **changes):
    """Claim Mia's voucher of a new batch, and return its code."""
    if minimum_purchase:
        changes["offer_id"] = str(change(builders.offer, minimum_purchase=minimum_purchase).id)
    return change(builders.claimed, change(builders.batch, **changes))


def redeem(text, by=CASHIER, *, nonce="", now=NOON):
    (answer,) = change(redemptions.redeem_many, [Ask(text, by, nonce)], now=now)
    return answer


def reasons():
    return [attempt.reason for attempt in rows(Attempt)]


@pytest.fixture(autouse=True)
def counters_equal_rows(database):
    yield
    assert see(dashboard.differences) == []


def test_a_claimed_voucher_is_redeemed():
    code = claimed(prefix="SUN")
    answer = redeem(alphabet.display(code, "SUN").lower())

    assert isinstance(answer, Redeemed)
    assert answer.at == NOON
    assert (answer.voucher.member, answer.voucher.promise.title) == ("Mia", "One coffee")
    assert answer.voucher.code == alphabet.display(code, "SUN")
    (row,) = [row for row in rows(Code) if row.code == code]
    assert (row.status, row.redeemed_at) == (CodeStatus.REDEEMED, NOON)
    (redemption,) = rows(Redemption)
    assert (redemption.code_id, redemption.batch_id, redemption.account_id) == (
        row.id,
        row.batch_id,
        CASHIER.account_id,
    )
    assert see(batches.get, row.batch_id).redeemed == 1


@pytest.mark.requirement("S2-8")
def test_a_code_leads_to_one_offer_one_customer_and_one_coupon():
    people = {name: change(builders.member, name) for name in ("Mia", "Ola")}
    ids = {member.name: member.id for member in rows(Member)}
    held = {}
    for title in ("One coffee", "One cake"):
        batch = change(builders.batch, name=title, offer_id=str(change(builders.offer, title).id))
        held |= {change(builders.claimed, batch, people[name]): (title, name) for name in people}
    assert len(held) == 4

    for code, (title, name) in held.items():
        for other in people.keys() - {name}:
            checked = see(redemptions.validate, Ask(code, CASHIER, member_id=ids[other]), now=NOON)
            assert checked.reasons == (Reason.NOT_HOLDER,)
        voucher = redeem(code).voucher
        assert (voucher.promise.title, voucher.member) == (title, name)
        assert voucher.code.replace("-", "") == code

    coupons = {row.id: row.code for row in rows(Code)}
    assert {coupons[row.code_id]: (row.title, row.member_name) for row in rows(Redemption)} == held
    assert len(rows(Redemption)) == 4


@pytest.mark.requirement("S0-27", "S2-12", "S2-16")
def test_a_voucher_is_redeemed_once_and_the_second_sees_when_and_by_whom():
    code = claimed()
    redeem(code)

    refused = redeem(code, OTHER_CASHIER, now=LATER)
    assert refused.reason is Reason.ALREADY_REDEEMED
    assert (refused.voucher.redeemed_at, refused.voucher.redeemed_by) == (NOON, "Kasia")
    assert len(rows(Redemption)) == 1
    assert see(batches.get, 1).redeemed == 1


@pytest.mark.requirement("S0-26", "S2-15")
def test_an_expired_voucher_is_refused_from_its_last_instant_on():
    code = claimed(valid_days="3")
    (expires_at,) = {row.expires_at for row in rows(Code) if row.code == code}

    refused = redeem(code, now=expires_at)
    assert (refused.reason, refused.voucher.expires_at) == (Reason.EXPIRED, expires_at)
    assert isinstance(redeem(code, now=expires_at - timedelta(microseconds=1)), Redeemed)


def test_a_redeemed_voucher_stays_redeemed_after_its_expiry():
    code = claimed(valid_days="3")
    redeem(code)

    assert redeem(code, now=NOON + timedelta(days=10)).reason is Reason.ALREADY_REDEEMED


@pytest.mark.requirement("S3-26")
def test_a_voucher_that_nobody_claimed_is_refused():
    change(builders.batch, 1)

    refused = redeem(rows(Code)[0].code)
    assert (refused.reason, refused.voucher.member) == (Reason.NOT_CLAIMED, "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NEVERMADE", Reason.UNKNOWN_CODE),
        ("https://elsewhere.example/claim/whatever", Reason.WRONG_KIND),
        ("https://elsewhere.example/?code=SAVE20", Reason.WRONG_KIND),
        ("http://localhost:8000/redeem/?code=SAVE20", Reason.UNKNOWN_CODE),
        ("/redeem/?code=SAVE20", Reason.UNKNOWN_CODE),
        ("https://example.com/menu", Reason.WRONG_KIND),
        ("", Reason.MALFORMED),
        ("5.99 EUR!", Reason.MALFORMED),
        ("A" * 5000, Reason.MALFORMED),
        ("\x00\x01", Reason.MALFORMED),
        ("http://evil.example/\x00", Reason.WRONG_KIND),
        ("\ud800", Reason.MALFORMED),
    ],
)
def test_what_is_no_voucher_is_refused_and_kept(text, reason):
    assert redeem(text) == Refused(reason)
    (attempt,) = rows(Attempt)
    assert (attempt.reason, attempt.code_id, attempt.account_id) == (reason, None, CASHIER.account_id)
    assert len(attempt.text) <= 200


def test_the_claim_link_of_a_batch_is_no_voucher():
    batch = change(builders.batch)

    invitation = Refused(Reason.WRONG_KIND, is_claim_link=True)
    # Whatever address the program had when it was printed.
    for number, where in enumerate(("http://localhost:8000", "https://before.example", "")):
        link = f"{where}/en-us/claim/{batch.claim_token}"
        assert redeem(link, nonce=str(number)) == redeem(link, nonce=str(number)) == invitation
    assert redeem("http://localhost:8000/claim/of-a-deleted-batch") == invitation
    assert redeem("https://elsewhere.example/claim/of-another-shop") == Refused(Reason.WRONG_KIND)


def test_a_code_of_ours_is_good_in_any_link_and_one_of_another_shop_is_told_apart_from_a_wrong_one():
    change(builders.scan_batch, base_url="https://menu.example/redeem")
    mine, other = claimed(), "SAVE20"

    assert redeem(f"https://menu.example/redeem?code={other}").reason is Reason.UNKNOWN_CODE
    assert redeem(f"https://elsewhere.example/?code={other}").reason is Reason.WRONG_KIND
    assert see(redemptions.validate, Ask(f"https://elsewhere.example/?code={other}", CASHIER), now=NOON).reasons == (
        Reason.WRONG_KIND,
    )
    assert isinstance(redeem(f"https://before.example/?code={mine}"), Redeemed)


@pytest.mark.requirement("S3-12", "S3-15")
def test_a_voucher_of_a_paused_batch_is_still_good():
    code = claimed()
    change(batches.pause, 1, by=ADMIN, now=NOON)

    assert isinstance(redeem(code), Redeemed)


@pytest.mark.requirement("S3-22")
def test_a_voucher_of_a_deleted_batch_is_unknown():
    code = claimed()
    change(builders.deleted, 1)

    assert redeem(code) == Refused(Reason.UNKNOWN_CODE)


@pytest.mark.parametrize("by", [STRANGER, MARKETER, VIEWER], ids=["stranger", "marketer", "viewer"])
def test_only_staff_redeem(by):
    code = claimed()

    with pytest.raises(ForbiddenError):
        redeem(code, by)
    assert rows(Attempt) == []


def test_the_same_nonce_again_is_the_same_answer_and_the_same_attempt():
    code = claimed()
    first = redeem(code, nonce="till-1-0001")

    again = redeem(code, nonce="till-1-0001", now=LATER)
    assert again == first
    assert isinstance(again, Redeemed)
    assert len(rows(Attempt)) == len(rows(Redemption)) == 1


def test_a_refusal_is_repeated_for_the_same_nonce():
    change(builders.batch, 1)
    code = rows(Code)[0].code
    first = redeem(code, nonce="n")
    change(builders.claimed, see(batches.get, 1))

    assert redeem(code, nonce="n").reason is first.reason is Reason.NOT_CLAIMED
    assert reasons() == [Reason.NOT_CLAIMED]


def test_a_nonce_with_another_text_is_refused():
    first, second = claimed(), claimed()
    redeem(first, nonce="n")

    assert redeem(second, nonce="n") == Refused(Reason.NONCE_REUSED)
    assert len(rows(Redemption)) == 1


def test_two_devices_may_use_the_same_nonce():
    first, second = claimed(), claimed()

    assert isinstance(redeem(first, nonce="1"), Redeemed)
    assert isinstance(redeem(second, OTHER_CASHIER, nonce="1"), Redeemed)


@pytest.mark.parametrize("text", ["MALFORMED! " * 40, "\x00", "\ud800"])
def test_a_repeat_of_a_strange_text_is_the_same_attempt(text):
    asks = [Ask(text, CASHIER, "n")] * 2

    assert change(redemptions.redeem_many, asks, now=NOON) == [Refused(Reason.MALFORMED)] * 2
    assert change(redemptions.redeem_many, asks, now=NOON) == [Refused(Reason.MALFORMED)] * 2
    assert len(rows(Attempt)) == 1


@pytest.mark.parametrize("nonce", ["n" * 65, "\x00", "\ud800"])
def test_a_nonce_that_cannot_be_kept_is_the_callers_mistake(nonce):
    with pytest.raises(AppError):
        redeem("NEVERMADE", nonce=nonce)


@pytest.mark.requirement("S2-2")
def test_every_attempt_is_kept():
    code = claimed()
    for text in (code, code, "NEVERMADE", "?"):
        redeem(text)

    assert reasons() == [None, Reason.ALREADY_REDEEMED, Reason.UNKNOWN_CODE, Reason.MALFORMED]
    assert [attempt.text for attempt in rows(Attempt)] == [code, code, "NEVERMADE", "?"]


def test_of_two_asks_for_one_voucher_in_one_group_the_first_wins():
    code = claimed()
    first, second = change(
        redemptions.redeem_many, [Ask(code, CASHIER, "a"), Ask(code.lower(), OTHER_CASHIER, "b")], now=NOON
    )

    assert isinstance(first, Redeemed)
    assert second.reason is Reason.ALREADY_REDEEMED
    assert (second.voucher.redeemed_at, second.voucher.redeemed_by) == (NOON, "Kasia")
    assert reasons() == [None, Reason.ALREADY_REDEEMED]


def test_a_nonce_twice_in_one_group_is_one_attempt():
    code = claimed()
    first, second, third = change(
        redemptions.redeem_many,
        [Ask(code, CASHIER, "a"), Ask(code, CASHIER, "a"), Ask("OTHER", CASHIER, "a")],
        now=NOON,
    )

    assert first == second
    assert third == Refused(Reason.NONCE_REUSED)
    assert reasons() == [None]


def test_many_vouchers_of_several_batches_are_redeemed_together():
    codes = [claimed() for _ in range(3)]
    answers = change(redemptions.redeem_many, [Ask(code, CASHIER) for code in codes], now=NOON)

    assert all(isinstance(answer, Redeemed) for answer in answers)
    assert [see(batches.get, number).redeemed for number in (1, 2, 3)] == [1, 1, 1]


def test_the_database_itself_refuses_a_second_redemption(database):
    redeem(claimed())
    (first,) = rows(Redemption)

    with pytest.raises(sa.exc.IntegrityError), database.begin() as connection:
        connection.execute(sa.insert(Redemption).values(first.model_dump(exclude={"id"})))


def test_a_redemption_that_breaks_in_the_middle_leaves_nothing_behind(monkeypatch):
    code = claimed()

    def break_off(*_args):
        raise RuntimeError

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(redemptions.live, "announce", break_off)
        redeem(code)

    assert rows(Redemption) == rows(Attempt) == []
    assert isinstance(redeem(code), Redeemed)


def test_the_latest_attempts_come_first_with_what_is_known(monkeypatch):
    monkeypatch.setattr(history, "LATEST", 3)
    code = claimed()
    for text in ("?", code, code, "NEVERMADE"):
        redeem(text)

    scans = see(history.latest, by=MARKETER)
    assert [(scan.text, scan.title, scan.member, scan.staff, scan.reason) for scan in scans] == [
        ("NEVERMADE", "", "", "Kasia", Reason.UNKNOWN_CODE),
        (code, "One coffee", "Mia", "Kasia", Reason.ALREADY_REDEEMED),
        (code, "One coffee", "Mia", "Kasia", None),
    ]
    assert {scan.member for scan in see(history.latest, by=VIEWER)} == {""}
    with pytest.raises(ForbiddenError):
        see(history.latest, by=replace(CASHIER, permissions=frozenset()))


def test_a_frozen_batch_redeems_nothing_and_its_vouchers_stay_good(database):
    code = claimed()
    freeze(database, frozen=True)
    assert redeem(code).reason is Reason.REDEMPTION_FROZEN
    freeze(database, frozen=False)

    assert isinstance(redeem(code), Redeemed)


def test_staff_hear_everything_that_stands_against_a_voucher(database):
    code = claimed(minimum_purchase="25")
    freeze(database, frozen=True)
    change(codes.disable, code, by=ADMIN, now=NOON)

    (answer,) = change(
        redemptions.redeem_many, [Ask(code, CASHIER, member_id=99, amount=100)], now=NOON + timedelta(days=90)
    )
    assert answer.reason is Reason.DISABLED
    assert answer.also == (Reason.REDEMPTION_FROZEN, Reason.EXPIRED, Reason.NOT_HOLDER, Reason.MIN_PURCHASE)
    assert reasons() == [Reason.DISABLED]


def test_the_basket_is_kept_with_the_redemption():
    code = claimed(minimum_purchase="25")
    (short,) = change(redemptions.redeem_many, [Ask(code, CASHIER, amount=2499)], now=NOON)
    (enough,) = change(redemptions.redeem_many, [Ask(code, CASHIER, amount=2500)], now=NOON)

    assert short.reason is Reason.MIN_PURCHASE
    assert isinstance(enough, Redeemed)
    assert [(row.id, row.amount) for row in rows(Redemption)] == [(enough.id, 2500)]


@pytest.mark.parametrize("amount", [-1, rules.MOST_AMOUNT + 1])
def test_a_basket_that_cannot_be_is_the_callers_mistake(amount):
    with pytest.raises(InvalidError) as refused:
        change(redemptions.redeem_many, [Ask("NEVERMADE", CASHIER, amount=amount)], now=NOON)
    assert "amount" in refused.value.problems


def test_the_holder_is_checked_when_a_member_is_named():
    code = claimed()
    holder = next(row.member_id for row in rows(Code) if row.code == code)
    ask = Ask(code, CASHIER, member_id=holder + 1)

    assert change(redemptions.redeem_many, [ask], now=NOON)[0].reason is Reason.NOT_HOLDER
    assert isinstance(change(redemptions.redeem_many, [replace(ask, member_id=holder)], now=NOON)[0], Redeemed)


def test_programs_redeem_by_their_key_and_nonces_are_their_own(database):
    shop, kiosk = program(database, "Web shop"), program(database, "Kiosk")
    first, second = claimed(), claimed()
    answer = redeem(first, shop, nonce="1")

    assert redeem(first, shop, nonce="1", now=LATER) == answer
    assert isinstance(redeem(second, kiosk, nonce="1"), Redeemed)
    assert redeem(first, CASHIER, nonce="1").voucher.redeemed_by == "Web shop"
    assert [row.api_key_id for row in rows(Redemption)] == [shop.api_key_id, kiosk.api_key_id]
    assert {(row.account_id, row.api_key_id) for row in rows(Attempt)} == {
        (None, shop.api_key_id),
        (None, kiosk.api_key_id),
        (CASHIER.account_id, None),
    }


def test_checking_says_what_redeeming_would_say_and_leaves_no_trace(database):
    code = claimed(minimum_purchase="25")
    before = rows(Code), rows(Redemption), rows(Attempt)

    def check(text=code, *, now=NOON, **told):
        return see(redemptions.validate, Ask(text, CASHIER, **told), now=now)

    good = check()
    assert good.is_valid
    assert (good.reasons, good.voucher.member, good.voucher.redeemed_at) == ((), "Mia", None)
    assert check(amount=1, member_id=99).reasons == (Reason.NOT_HOLDER, Reason.MIN_PURCHASE)
    assert check(now=NOON + timedelta(days=90)).reasons == (Reason.EXPIRED,)
    assert check("NEVERMADE") == redemptions.Checked((Reason.UNKNOWN_CODE,), None)
    assert check("?").reasons == (Reason.MALFORMED,)
    assert (rows(Code), rows(Redemption), rows(Attempt)) == before
    with pytest.raises(ForbiddenError):
        see(redemptions.validate, Ask(code, VIEWER), now=NOON)


def freeze(database, *, frozen):
    with database.begin() as connection:
        connection.execute(sa.update(Batch).values(redemptions_frozen=frozen))


def program(database, name):
    """Return a till program that came with a key."""
    with database.begin() as connection:
        key = {"name": name, "key_hash": name, "hint": "loy_", "scopes": ["redeem"], "created_at": NOON}
        number = connection.execute(sa.insert(ApiKey).values(key)).inserted_primary_key[0]
    return replace(CASHIER, account_id=None, api_key_id=number, name=name, role="")
