"""No forged, foreign or outdated token is worth anything, and all of them are told one and the same."""

import base64
import random
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from loyalty_app.batches.models import Batch
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code
from loyalty_app.core import secrets
from loyalty_app.core.actor import STRANGER
from loyalty_app.core.config import settings
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.keys import rules as tokens
from loyalty_app.keys import service as keys
from loyalty_app.keys.models import TokenKey
from loyalty_app.members.models import Member
from loyalty_app.points import service as ledger
from loyalty_app.points.models import PointsEntry
from loyalty_app.program import service as programs
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Attempt, Redemption
from loyalty_app.redemptions.service import Ask, Redeemed, Refused, Worth
from tests import builders
from tests.builders import ADMIN, CASHIER, NOON
from tests.doors import change, rows, see

pytestmark = pytest.mark.usefixtures("database")

SECOND = timedelta(seconds=1)
SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture(autouse=True)
def counters_equal_rows(database):
    yield
    assert see(dashboard.differences) == []
    assert see(ledger.differences) == []


@pytest.fixture
def two_keys(monkeypatch):
    """Let two keys be here, of which the test may retire the first."""
    ring = ",".join(f"{number}:{base64.urlsafe_b64encode(bytes([number]) * 64).decode()}" for number in (1, 2))
    monkeypatch.setenv("LOYALTY_SECRET_KEYS", ring.split(",")[0])
    settings.cache_clear()
    yield lambda: (
        monkeypatch.setenv("LOYALTY_SECRET_KEYS", ring),
        settings.cache_clear(),
        change(keys.ensure, now=NOON),
    )
    monkeypatch.undo()
    settings.cache_clear()


def token_of(batch, serial=1):
    return builders.link(batch, serial).rpartition("=")[2]


def redeem(text, by, *, now=NOON, **more):
    (answer,) = change(redemptions.redeem_many, [Ask(text, by, **more)], now=now)
    return answer


def forged(batch, chance, count=150):
    """Return texts that look like tokens of a batch, and are none."""
    one, two = token_of(batch), token_of(batch, 2)
    cipher = tokens.cipher(tokens.new_secret())
    yield from (one[:cut] + two[cut:] for cut in range(4, len(one) - 1, 5) if one[:cut] != two[:cut])
    yield from (one[:length] for length in range(tokens.SHORTEST, len(one)))
    yield from (one + more for more in ("A", "AAAA", one))
    yield tokens.sealer(cipher, 1, batch.print_number, batch.parameters)(1)  # under our number, by another key
    yield tokens.sealer(cipher, 9, batch.print_number, batch.parameters)(1)  # under a number that nobody has
    yield "I" + one[1:]  # another format
    for _ in range(count):
        place = chance.randrange(len(one))
        yield one[:place] + chance.choice(SIGNS.replace(one[place], "")) + one[place + 1 :]
    for _ in range(count):
        yield "E" + "".join(chance.choices(SIGNS, k=len(one) - 1))


@pytest.mark.requirement("S0-4", "S0-25")
def test_hundreds_of_forged_tokens_change_nothing_and_are_told_alike():
    batch = change(builders.scan_batch, 3)
    mia = change(builders.member)
    before = rows(Code), rows(Batch), rows(Member)
    texts = [text for text in forged(batch, random.Random(1)) if tokens.looks_like_token(text)]
    assert len(texts) > 300

    for door in (lambda text: text, lambda text: f"https://shop.example/redeem?code={text}"):
        of_member = change(redemptions.redeem_many, [Ask(door(text), mia) for text in texts], now=NOON)
        at_till = change(redemptions.redeem_many, [Ask(door(text), CASHIER, member_id=1) for text in texts], now=NOON)
        looked = [see(redemptions.look, door(text), by=by, now=NOON) for text in texts[::9] for by in (STRANGER, mia)]
        assert {repr(answer) for answer in (*of_member, *looked)} == {repr(Refused(Reason.UNKNOWN_CODE))}
        assert {repr(answer) for answer in at_till} == {repr(Refused(Reason.TAMPERED))}

    assert (rows(Code), rows(Batch), rows(Member)) == before
    assert rows(Redemption) == rows(PointsEntry) == []
    assert {(attempt.reason, attempt.code_id) for attempt in rows(Attempt)} == {(Reason.TAMPERED, None)}
    assert not any(text in attempt.text for attempt in rows(Attempt) for text in texts[:5])
    assert isinstance(redeem(token_of(batch), mia), Redeemed)


def test_what_is_told_of_every_code_that_is_none_is_one_and_the_same(two_keys):
    retired = change(builders.scan_batch, 2)
    held = change(builders.claimed, change(builders.batch), change(builders.member, "Ola"))
    two_keys()
    here = change(builders.scan_batch, 2)
    change(keys.retire, 1, by=ADMIN, now=NOON)
    change(codes.disable_all, here.id, by=ADMIN, now=NOON)
    told = {
        Reason.KEY_RETIRED: token_of(retired),
        Reason.DISABLED: token_of(here),
        Reason.TAMPERED: token_of(here)[:-2],
        Reason.UNKNOWN_CODE: "NEVERMADE2345",
        Reason.MALFORMED: "?",
        Reason.NOT_HOLDER: held,
    }
    mia = change(builders.member)

    for reason, text in told.items():
        assert see(redemptions.look, text, by=STRANGER, now=NOON) == Refused(Reason.UNKNOWN_CODE), reason
        assert see(redemptions.look, text, by=mia, now=NOON) == Refused(Reason.UNKNOWN_CODE), reason
        assert redeem(text, mia) == Refused(Reason.UNKNOWN_CODE), reason
    assert [attempt.reason for attempt in rows(Attempt)] == list(told)
    for reason in (Reason.KEY_RETIRED, Reason.DISABLED, Reason.TAMPERED):
        assert redeem(told[reason], CASHIER, member_id=1).reason is reason
    assert rows(Redemption) == []


def test_the_same_statements_run_for_every_token_whatever_is_wrong_with_it(database):
    batch, gone = change(builders.scan_batch, 2), change(builders.scan_batch, 2)
    good, unknown = token_of(batch), token_of(gone)
    change(builders.deleted, gone.id)
    change(codes.disable_all, batch.id, by=ADMIN, now=NOON)
    mia = change(builders.member)
    run = []

    def note(_connection, _cursor, statement, *_):
        run[-1].append(statement.split("(", maxsplit=1)[0][:60])

    event.listen(database, "before_cursor_execute", note)
    for ask in (lambda text: see(redemptions.look, text, by=STRANGER, now=NOON), lambda text: redeem(text, mia)):
        run.clear()
        for text in (good, unknown, good[:-2], "E" + good[:0:-1]):
            run.append([])
            assert ask(text) == Refused(Reason.UNKNOWN_CODE)
        assert all(statements == run[0] for statements in run), run
        assert len(run[0]) >= 5
    event.remove(database, "before_cursor_execute", note)


def test_a_token_of_a_deleted_batch_is_unknown():
    batch = change(builders.scan_batch, 2)
    token = token_of(batch)
    change(builders.deleted, batch.id)

    assert redeem(token, CASHIER, member_id=change(builders.member) and 1).reason is Reason.UNKNOWN_CODE
    assert change(builders.scan_batch, 2).id != batch.id  # and no other batch ever gets its number


@pytest.mark.parametrize("told", [{"points": "40"}, {"points": "20", "shop": "2"}])
def test_a_token_of_another_database_with_the_same_key_is_refused(told):
    """After a restore the numbers of batches begin anew; what is sealed has to be what this batch says."""
    batch = change(builders.scan_batch, 2, points=20)
    theirs = keys.sealer(1, batch.print_number, told)(1)

    assert redeem(theirs, CASHIER, member_id=change(builders.member) and 1).reason is Reason.TAMPERED
    assert rows(Redemption) == []


def test_what_was_printed_in_another_life_of_the_database_opens_nothing(monkeypatch):
    """A backup from before a batch is brought back, and another batch gets its number and its parameters."""
    batch = change(builders.scan_batch, 2)
    old = token_of(batch)
    change(lambda session: setattr(session.get(Batch, batch.id), "print_number", secrets.new_number()))

    assert redeem(old, CASHIER, member_id=change(builders.member) and 1).reason is Reason.UNKNOWN_CODE
    assert change(builders.scan_batch, 2).print_number != change(builders.scan_batch, 2).print_number


def test_a_printed_code_dies_with_its_key_also_when_it_is_typed():
    batch = change(builders.scan_batch, 2)
    mia = change(builders.member)
    code = rows(Code)[0].code
    change(lambda session: setattr(session.get(TokenKey, 1), "retired_at", NOON))

    for text in (code, token_of(batch)):
        assert redeem(text, CASHIER, member_id=1).reason is Reason.KEY_RETIRED
        assert redeem(text, mia).reason is Reason.UNKNOWN_CODE
    assert rows(Redemption) == []


def test_a_serial_that_was_never_made_is_unknown():
    batch = change(builders.scan_batch, 2)
    change(builders.member)

    for serial in (0, 3, 2**31, 2**32 - 1):
        assert redeem(token_of(batch, serial), CASHIER, member_id=1).reason is Reason.UNKNOWN_CODE
    far = keys.sealer(1, 2**32 - 1, batch.parameters)(1)
    assert redeem(far, CASHIER, member_id=1).reason is Reason.UNKNOWN_CODE


@pytest.mark.requirement("S0-10", "S0-26")
@pytest.mark.parametrize("zone", ["Pacific/Apia", "Europe/Warsaw", "America/Los_Angeles", "America/Havana"])
@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-12-31"])
def test_the_last_second_of_the_day_where_the_shop_is_decides(zone, day):
    change(lambda session: setattr(programs.current(session), "time_zone", zone))
    midnight = datetime.combine(date.fromisoformat(day) + timedelta(days=1), datetime.min.time(), ZoneInfo(zone))
    batch = change(builders.scan_batch, 3, now=midnight - timedelta(days=60), expires_on=day)
    mia = change(builders.member)

    assert isinstance(see(redemptions.look, builders.link(batch, 2), by=STRANGER, now=midnight - SECOND), Worth)
    assert isinstance(redeem(builders.link(batch), mia, now=midnight - SECOND), Redeemed)
    assert see(redemptions.look, builders.link(batch, 2), by=STRANGER, now=midnight).reason is Reason.EXPIRED
    assert redeem(builders.link(batch, 2), mia, now=midnight).reason is Reason.EXPIRED
    assert redeem(builders.link(batch, 2), CASHIER, member_id=1, now=midnight).reason is Reason.EXPIRED
    assert [one.points for one in rows(Member)] == [20]


@pytest.mark.parametrize(
    "around", ["{0}", "{0} {0}", "https://kawa.example/#code={0}", "see {0}, please", "/redeem?code={0} {0}", "{0}.{0}"]
)
def test_no_attempt_keeps_a_token_that_could_be_tried_again(around):
    batch = change(builders.scan_batch)
    token, disabled = token_of(batch), change(codes.disable_all, batch.id, by=ADMIN, now=NOON)
    assert disabled == 3

    assert isinstance(redeem(around.format(token), CASHIER), Refused)
    (attempt,) = rows(Attempt)
    assert token not in attempt.text
    assert "token " in attempt.text


def test_an_attempt_keeps_a_long_printed_code_as_it_was_typed():
    typed = "SUN-2K7P-M4XR-9T2K-7PM4-XR9T"
    redeem(typed, CASHIER)

    assert [attempt.text for attempt in rows(Attempt)] == [typed]
