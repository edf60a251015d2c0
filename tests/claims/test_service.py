"""A member takes one voucher of a batch, and every press of the button is kept."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch, BatchStatus
from loyalty_app.claims import service as claims
from loyalty_app.claims.models import ClaimAttempt
from loyalty_app.claims.rules import hold, voucher_state
from loyalty_app.claims.service import Ask, Claimed, Refused
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as all_codes
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core import times
from loyalty_app.core.actor import STRANGER
from loyalty_app.core.database import answer_all
from loyalty_app.core.errors import ForbiddenError
from loyalty_app.core.languages import ENGLISH, GERMAN
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.members.models import Member
from loyalty_app.redemptions import service as redemptions
from tests import builders
from tests.builders import ADMIN, CASHIER, NOON
from tests.doors import change, rows, see

pytestmark = pytest.mark.usefixtures("database")


def member(name="Mia"):
    return change(builders.member, name)


def ask(batch, by=None, *, now=NOON):
    """Ask for one voucher."""
    (answer,) = change(claims.claim_many, [Ask(batch.claim_token, by or member())], now=now)
    return answer


def reasons():
    return [attempt.reason for attempt in rows(ClaimAttempt)]


@pytest.fixture(autouse=True)
def counters_equal_rows(database):
    yield
    assert see(dashboard.differences) == []


def test_a_member_gets_the_first_free_voucher():
    batch = change(builders.batch, 3)
    answer = ask(batch)

    code = rows(Code)[0]
    assert answer == Claimed(code.code, batch.closes_at)
    assert (code.serial, code.status, code.claimed_at, code.expires_at) == (
        1,
        CodeStatus.CLAIMED,
        NOON,
        batch.closes_at,
    )
    assert code.member_id == rows(Member)[0].id
    assert see(batches.get, batch.id).claimed == 1
    assert reasons() == [None]


@pytest.mark.requirement("S3-25")
def test_a_second_ask_shows_the_voucher_that_the_member_has():
    batch = change(builders.batch)
    first = ask(batch)

    assert ask(batch) == Refused(Reason.ALREADY_CLAIMED, first.code)
    assert see(batches.get, batch.id).claimed == 1
    assert reasons() == [None, Reason.ALREADY_CLAIMED]


def test_a_redeemed_voucher_is_still_the_one_that_the_member_has():
    batch = change(builders.batch)
    first = ask(batch)
    change(redemptions.redeem_many, [redemptions.Ask(first.code, CASHIER)], now=NOON)

    assert ask(batch) == Refused(Reason.ALREADY_CLAIMED, first.code)


def test_a_member_may_claim_from_every_batch():
    assert isinstance(ask(change(builders.batch)), Claimed)
    assert isinstance(ask(change(builders.batch)), Claimed)


@pytest.mark.requirement("S3-12", "S3-16", "S3-18")
def test_a_paused_batch_gives_nothing_until_it_is_resumed():
    batch = change(builders.batch)
    change(batches.pause, batch.id, by=ADMIN, now=NOON)

    assert ask(batch) == Refused(Reason.BATCH_PAUSED)
    change(batches.resume, batch.id, by=ADMIN, now=NOON)
    assert isinstance(ask(batch), Claimed)
    assert reasons() == [Reason.BATCH_PAUSED, None]


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)  # SQLite has one writer: nobody comes in between
@pytest.mark.parametrize(
    ("verb", "reason"), [(batches.pause, Reason.BATCH_PAUSED), (builders.deleted, Reason.UNKNOWN_CODE)]
)
def test_a_batch_paused_or_deleted_between_look_and_claim_gives_nothing(monkeypatch, verb, reason):
    batch, mia = change(builders.batch, now=times.now()), member()
    held = claims.codes.held

    def held_meanwhile(*args):
        if see(batches.by_tokens, [batch.claim_token])[batch.claim_token].status is BatchStatus.ACTIVE:
            change(verb, batch.id, by=ADMIN, now=NOON)
        return held(*args)

    monkeypatch.setattr(claims.codes, "held", held_meanwhile)

    (answer,) = answer_all(claims.claim_many, [Ask(batch.claim_token, mia)])
    assert answer == Refused(reason)


def test_a_batch_gives_until_its_last_day_is_over():
    batch = change(builders.batch)

    assert ask(batch, now=batch.closes_at) == Refused(Reason.EXPIRED)
    assert isinstance(ask(batch, now=batch.closes_at - timedelta(microseconds=1)), Claimed)


@pytest.mark.parametrize("by", [STRANGER, CASHIER, ADMIN], ids=["stranger", "cashier", "admin"])
def test_only_members_claim(by):
    assert ask(change(builders.batch), by) == Refused(Reason.LOGIN_REQUIRED)
    assert reasons() == [Reason.LOGIN_REQUIRED]


@pytest.mark.requirement("S3-29")
def test_an_empty_batch_is_sold_out():
    batch = change(builders.batch, 1)
    ask(batch)

    assert ask(batch, member("Ola")) == Refused(Reason.SOLD_OUT)


def test_a_batch_whose_codes_are_still_being_made_gives_what_it_has():
    batch = change(builders.batch, 1, quantity="5")

    assert isinstance(ask(batch), Claimed)
    assert ask(batch, member("Ola")) == Refused(Reason.NOT_READY)


def test_a_batch_that_could_not_be_finished_gives_what_it_has():
    batch = change(builders.batch, 1, quantity="5")
    change(batches.fail, batch.id)

    assert isinstance(ask(batch), Claimed)
    assert ask(batch, member("Ola")) == Refused(Reason.NOT_READY)


@pytest.mark.parametrize("token", ["", "nonsense", "x" * 5000, "\x00", "\ud800"])
def test_an_unknown_link_is_no_batch(token):
    assert change(claims.claim_many, [Ask(token, member())], now=NOON) == [Refused(Reason.UNKNOWN_CODE)]
    assert see(claims.look, token, by=STRANGER, now=NOON) is None
    assert rows(ClaimAttempt) == []


def test_the_link_of_a_deleted_batch_is_unknown():
    batch = change(builders.batch)
    change(builders.deleted, batch.id)

    assert ask(batch) == Refused(Reason.UNKNOWN_CODE)


def test_a_voucher_is_good_for_so_many_days_but_not_longer_than_its_batch():
    short = change(builders.batch, valid_days="3")
    late = change(builders.batch, valid_days="300")

    assert ask(short).expires_at == datetime(2026, 6, 18, 22, tzinfo=UTC)
    assert ask(late).expires_at == late.closes_at
    assert {code.expires_at for code in rows(Code) if code.member_id} == {
        datetime(2026, 6, 18, 22, tzinfo=UTC),
        late.closes_at,
    }


def test_many_asks_share_one_transaction_and_each_gets_its_answer():
    first, second, paused = (change(builders.batch, size) for size in (2, 5, 5))
    change(batches.pause, paused.id, by=ADMIN, now=NOON)
    mia, ola, ela = member("Mia"), member("Ola"), member("Ela")
    had = ask(second, ela)

    answers = change(
        claims.claim_many,
        [
            Ask(first.claim_token, mia),
            Ask(first.claim_token, mia),
            Ask(second.claim_token, mia),
            Ask("nonsense", mia),
            Ask(first.claim_token, ola),
            Ask(first.claim_token, ela),
            Ask(second.claim_token, ela),
            Ask(paused.claim_token, ela),
            Ask(second.claim_token, STRANGER),
        ],
        now=NOON,
    )

    assert [type(answer) is Claimed or answer.reason for answer in answers] == [
        True,
        Reason.ALREADY_CLAIMED,
        True,
        Reason.UNKNOWN_CODE,
        True,
        Reason.SOLD_OUT,
        Reason.ALREADY_CLAIMED,
        Reason.BATCH_PAUSED,
        Reason.LOGIN_REQUIRED,
    ]
    assert answers[1].code == answers[0].code
    assert answers[6].code == had.code
    assert len({answers[number].code for number in (0, 2, 4)}) == 3
    assert [see(batches.get, batch.id).claimed for batch in (first, second, paused)] == [2, 2, 0]
    assert len(rows(ClaimAttempt)) == 1 + 8


def test_the_same_member_twice_in_one_group_is_refused_for_the_same_reason():
    batch = change(builders.batch, 1)
    ask(batch, member("Ola"))

    twice = [Ask(batch.claim_token, member())] * 2
    assert change(claims.claim_many, twice, now=NOON) == [Refused(Reason.SOLD_OUT)] * 2


def test_the_database_itself_refuses_a_second_voucher_of_a_batch(database):
    batch = change(builders.batch)
    ask(batch)

    with pytest.raises(sa.exc.IntegrityError), database.begin() as connection:
        connection.execute(sa.update(Code).values(member_id=rows(Member)[0].id, claimed_at=NOON))


def test_a_claim_that_breaks_in_the_middle_leaves_nothing_behind(monkeypatch):
    batch = change(builders.batch)

    def break_off(*_args):
        raise RuntimeError

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(claims.live, "announce", break_off)
        ask(batch, member())

    assert see(batches.get, batch.id).claimed == 0
    assert {code.status for code in rows(Code)} == {CodeStatus.ACTIVE}
    assert rows(ClaimAttempt) == []


def test_looking_shows_the_promise_and_changes_nothing():
    batch = change(builders.batch)
    before = rows(Code), rows(Batch)

    page = see(claims.look, batch.claim_token, by=STRANGER, now=NOON)

    assert (page.batch_id, page.promise.title, page.expires_at) == (batch.id, "One coffee", batch.closes_at)
    assert page.refusal is page.voucher is None
    assert (rows(Code), rows(Batch)) == before
    assert rows(ClaimAttempt) == []


def test_looking_shows_the_members_own_voucher_and_nobody_elses():
    batch = change(builders.batch)
    answer = ask(batch)

    assert see(claims.look, batch.claim_token, by=member(), now=NOON).voucher.code == answer.code
    assert see(claims.look, batch.claim_token, by=member("Ola"), now=NOON).voucher is None


def test_looking_says_why_nothing_can_be_claimed():
    empty, unmade, paused = change(builders.batch, 1), change(builders.batch, 1, quantity="2"), change(builders.batch)
    for batch in (empty, unmade):
        ask(batch)
    change(batches.pause, paused.id, by=ADMIN, now=NOON)

    def refusal(batch, now=NOON):
        return see(claims.look, batch.claim_token, by=STRANGER, now=now).refusal

    assert [refusal(batch) for batch in (empty, unmade, paused)] == [
        Reason.SOLD_OUT,
        Reason.NOT_READY,
        Reason.BATCH_PAUSED,
    ]
    assert refusal(empty, empty.closes_at) is Reason.EXPIRED


def test_a_member_sees_their_own_cards_the_newest_first():
    first, second = change(builders.batch, prefix="SUN"), change(builders.batch, valid_days="3")
    codes = [ask(first).code, ask(second, now=NOON + timedelta(minutes=1)).code]
    ask(first, member("Ola"))
    change(redemptions.redeem_many, [redemptions.Ask(codes[0], CASHIER)], now=NOON + timedelta(hours=1))

    cards = see(claims.mine, by=member())
    assert [card.code for card in cards] == codes[::-1]
    assert [card.prefix for card in cards] == ["", "SUN"]
    assert [voucher_state(card.status, card.expires_at, NOON) for card in cards] == ["ready", "redeemed"]
    assert voucher_state(cards[0].status, cards[0].expires_at, NOON + timedelta(days=5)) == "expired"
    assert cards[1].redeemed_at == NOON + timedelta(hours=1)
    assert alphabet.display(cards[1].code, "SUN").startswith("SUN-")
    with pytest.raises(ForbiddenError):
        see(claims.mine, by=STRANGER)


def card_says(words, now=NOON):
    """Return the state of Mia's only card, and why it cannot be redeemed."""
    (card,) = see(claims.mine, by=member())
    state = voucher_state(card.status, card.expires_at, now, is_disabled=card.is_disabled)
    return state, words(hold(state, is_frozen=card.is_frozen))


def test_a_voucher_that_is_switched_off_says_so_without_blame_until_it_is_switched_on():
    code = ask(change(builders.batch)).code
    assert card_says(ENGLISH) == ("ready", "")

    change(all_codes.disable, code, by=ADMIN, now=NOON)
    assert card_says(ENGLISH) == ("disabled", "This voucher cannot be redeemed. Ask in the shop.")
    assert card_says(GERMAN)[1] == "Dieser Gutschein kann nicht eingelöst werden. Fragen Sie im Geschäft."
    change(all_codes.enable, code, by=ADMIN, now=NOON)
    assert card_says(ENGLISH) == ("ready", "")


def test_a_frozen_voucher_can_be_shown_and_says_that_it_stays_valid():
    batch = change(builders.batch)
    code = ask(batch).code
    change(batches.freeze, batch.id, by=ADMIN, now=NOON)

    assert card_says(ENGLISH) == (
        "ready",
        "It cannot be redeemed for the moment. It stays valid; try again later.",
    )
    assert "bleibt gültig" in card_says(GERMAN)[1]
    assert card_says(ENGLISH, batch.closes_at) == ("expired", "")
    change(all_codes.disable, code, by=ADMIN, now=NOON)
    assert card_says(ENGLISH)[0] == "disabled"
    change(all_codes.enable, code, by=ADMIN, now=NOON)
    change(batches.unfreeze, batch.id, by=ADMIN, now=NOON)
    assert card_says(ENGLISH) == ("ready", "")


def test_an_expiry_day_ends_where_the_shop_is():
    batch = change(builders.batch, expires_on="2026-10-25")  # the day that has 25 hours
    last = datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC)

    assert batch.expires_on == date(2026, 10, 25)
    assert isinstance(ask(batch, now=last), Claimed)
    assert ask(batch, member("Ola"), now=last + timedelta(seconds=1)) == Refused(Reason.EXPIRED)
