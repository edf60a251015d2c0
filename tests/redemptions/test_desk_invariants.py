"""Whatever tills, leads and bad networks do, in whatever order: nothing is lost, doubled or miscounted."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core.errors import InvalidError
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.places.models import Place
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Attempt, Redemption, RedemptionStatus
from loyalty_app.redemptions.service import Ask, Redeemed, Refused, Reversed
from tests import builders
from tests.builders import ADMIN, CASHIER, LEAD, NOON, OTHER_CASHIER
from tests.doors import change, rows, see

SIZE = 3
UNDO = timedelta(minutes=5)
number = st.integers(0, 99)
till = st.integers(0, 2)
pause = st.sampled_from([1, 4, 6, 60, 24 * 60, 20 * 24 * 60])


@dataclass
class Expected:
    """What must be true of one batch, by the plainest means."""

    id: int
    codes: list[str]
    used: dict[str, RedemptionStatus] = field(default_factory=dict)
    is_frozen: bool = False
    is_deleted: bool = False


@dataclass
class Made:
    """A redemption that counts, or a goodwill."""

    id: int
    batch: Expected
    code: str
    at: datetime
    by: int


class Desk(RuleBasedStateMachine):
    """Two batches of claimed vouchers, a tablet, a till without a name, and a lead who forgives.

    Each walk has batches of its own, and shares the database with those before it.
    """

    walks = 0

    @initialize()
    def open_shop(self):
        type(self).walks += 1
        self.now, self.sent, self.live, self.asked = NOON, 0, [], []
        places = rows(Place) or [change(builders.place), change(builders.place, "Harbour")]
        tablet = change(builders.device, places[0], f"Tablet {self.walks}")
        self.tills = (
            replace(CASHIER, place_id=places[0].id, device_id=tablet.id),
            replace(OTHER_CASHIER, place_id=places[1].id),
            replace(LEAD, place_id=places[1].id),
        )
        self.expected = []
        for _ in range(2):
            batch = change(builders.batch, SIZE)
            people = [change(builders.member, name) for name in ("Mia", "Ola", "Ela")]
            self.expected.append(Expected(batch.id, [change(builders.claimed, batch, who) for who in people]))
        self.attempts = len(rows(Attempt))

    def one(self, which):
        return self.expected[which % 2], self.expected[which % 2].codes[which // 2 % SIZE]

    def reasons(self, batch, code, at):
        against = [
            (batch.is_deleted, Reason.UNKNOWN_CODE),
            (code in batch.used, Reason.ALREADY_REDEEMED),
            (batch.is_frozen, Reason.REDEMPTION_FROZEN),
            (not batch.is_deleted and at >= self.closes_at(batch), Reason.EXPIRED),
        ]
        found = [reason for holds, reason in against if holds]
        return found[:1] if batch.is_deleted else found

    def closes_at(self, batch):
        return see(batches.get, batch.id).closes_at

    def send(self, ask):
        self.sent += 1
        ask = replace(ask, nonce=f"{self.walks}-{self.sent}")
        (answer,) = change(redemptions.redeem_many, [ask], now=self.now)
        self.attempts += 1
        self.asked.append((ask, answer))
        return answer

    def keep(self, answer, batch, code, by, status=RedemptionStatus.RECORDED):
        assert isinstance(answer, Redeemed), answer
        batch.used[code] = status
        self.live.append(Made(answer.id, batch, code, self.now, by.account_id))

    @rule(which=number, at=till)
    def redeem(self, which, at):
        (batch, code), by = self.one(which), self.tills[at]
        answer = self.send(Ask(code, by))

        if reasons := self.reasons(batch, code, self.now):
            assert (answer.reason, *answer.also) == tuple(reasons)
            assert answer.is_goodwill_allowed is (by is self.tills[2] and reasons == [Reason.EXPIRED])
        else:
            self.keep(answer, batch, code, by)

    @rule(which=number, at=till, ago=st.sampled_from([0, 5, 60, 3 * 24 * 60]))
    def send_what_was_scanned_without_a_connection(self, which, at, ago):
        (batch, code), by = self.one(which), self.tills[at]
        scanned_at = self.now - timedelta(minutes=ago)
        answer = self.send(Ask(code, by, scanned_at=scanned_at))

        if reasons := self.reasons(batch, code, scanned_at if by.device_id else self.now):
            is_lost = reasons[0] is Reason.ALREADY_REDEEMED
            assert answer.reason is (Reason.CONFLICT_OFFLINE if is_lost else reasons[0])
        else:
            self.keep(answer, batch, code, by)

    @rule(which=number)
    def honour(self, which):
        (batch, code), lead = self.one(which), self.tills[2]
        answer = self.send(Ask(code, lead, goodwill="The queue was long"))

        reasons = self.reasons(batch, code, self.now)
        if reasons == [Reason.EXPIRED]:
            self.keep(answer, batch, code, lead, RedemptionStatus.GOODWILL)
        elif reasons:
            assert answer.reason is reasons[0]
        else:
            self.keep(answer, batch, code, lead)

    @precondition(lambda self: self.asked)
    @rule(which=number)
    def send_again(self, which):
        ask, before = self.asked[which % len(self.asked)]
        if self.expected[0].is_deleted or self.expected[1].is_deleted:
            return  # what was answered goes with its batch
        if ask.scanned_at and self.now - ask.scanned_at > timedelta(days=7):
            return
        (again,) = change(redemptions.redeem_many, [ask], now=self.now)

        assert type(again) is type(before)
        assert getattr(again, "id", getattr(again, "reason", None)) == getattr(
            before, "id", getattr(before, "reason", None)
        )

    @precondition(lambda self: self.live)
    @rule(which=number, at=till)
    def undo(self, which, at):
        made, by = self.live[which % len(self.live)], self.tills[at]
        is_own = made.by == by.account_id and self.now < made.at + UNDO
        if by is self.tills[2] and not is_own:
            with pytest.raises(InvalidError):
                change(redemptions.reverse, made.id, reason="", by=by, now=self.now)
            return
        answer = change(redemptions.reverse, made.id, reason="", by=by, now=self.now)

        assert isinstance(answer, Reversed) is is_own
        if is_own:
            self.forget(made)
        else:
            assert answer == Refused(Reason.REVERSAL_DENIED)

    @precondition(lambda self: self.live)
    @rule(which=number)
    def take_back(self, which):
        made = self.live[which % len(self.live)]
        assert isinstance(change(redemptions.reverse, made.id, reason="Mistake", by=LEAD, now=self.now), Reversed)
        again = change(redemptions.reverse, made.id, reason="Mistake", by=LEAD, now=self.now)

        assert again == Refused(Reason.ALREADY_REVERSED)
        self.forget(made)

    def forget(self, made):
        self.live.remove(made)
        del made.batch.used[made.code]

    @rule(which=number, frozen=st.booleans())
    def freeze(self, which, frozen):
        batch, _ = self.one(which)
        if not batch.is_deleted:
            change(batches.freeze if frozen else batches.unfreeze, batch.id, by=ADMIN, now=self.now)
            batch.is_frozen = frozen

    @rule(which=number, typed=st.integers(0, 9))
    def delete(self, which, typed):
        batch, _ = self.one(which)
        if batch.is_deleted or typed:  # seldom, or little would be left to try
            return
        gone = {code.id for code in rows(Code) if code.batch_id == batch.id}
        self.attempts -= sum(attempt.code_id in gone for attempt in rows(Attempt))
        change(builders.deleted, batch.id, now=self.now)

        batch.is_deleted = True
        self.live = [made for made in self.live if made.batch is not batch]

    @rule(minutes=pause)
    def wait(self, minutes):
        self.now += timedelta(minutes=minutes)

    @invariant()
    def every_number_is_that_of_the_rows(self):
        assert see(dashboard.differences) == []
        assert len(rows(Attempt)) == self.attempts
        here = {row.id: row for row in rows(Batch)}
        for batch in self.expected:
            found = {row.code: row.status for row in rows(Code) if row.batch_id == batch.id}
            if batch.is_deleted:
                assert (found, batch.id in here) == ({}, False)
                continue
            recorded = {code for code, status in batch.used.items() if status is RedemptionStatus.RECORDED}
            of = {code: CodeStatus.REDEEMED if code in recorded else CodeStatus.CLAIMED for code in batch.codes}
            assert found == of
            assert (here[batch.id].redeemed, here[batch.id].claimed) == (len(recorded), SIZE)

    @invariant()
    def each_voucher_was_used_once_at_most_and_by_whom_it_says(self):
        mine = {batch.id for batch in self.expected}
        live = {
            row.id: (row.account_id, row.status)
            for row in rows(Redemption)
            if row.status is not RedemptionStatus.REVERSED and row.batch_id in mine
        }
        assert live == {made.id: (made.by, made.batch.used[made.code]) for made in self.live}


@pytest.mark.long
@pytest.mark.requirement("S2-12", "S2-15")
@pytest.mark.usefixtures("database")
def test_whatever_happens_at_the_desk_the_numbers_are_right():
    # Walks share a database that grows: making a failing one shorter would take minutes.
    walks = settings(max_examples=10, stateful_step_count=30, deadline=None, phases=[Phase.generate])
    run_state_machine_as_test(Desk, settings=walks)
