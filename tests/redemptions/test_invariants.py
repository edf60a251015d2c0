"""Whatever people do, in whatever order: the numbers are right, and nothing is lost or doubled (product.md, 3)."""

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from loyalty_app.batches import rules as batch_rules
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch
from loyalty_app.claims import service as claims
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core import database as databases
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Attempt, Redemption, RedemptionStatus
from tests import builders
from tests.builders import ADMIN, CASHIER, NOON
from tests.doors import change, rows, see

SIZE = 3
PEOPLE = ("Mia", "Ola", "Ela", "Iga")
anything = st.integers(0, 99)


@dataclass
class Expected:
    """What must be true of one batch, by the plainest means."""

    id: int
    status: dict[str, CodeStatus]
    off: set[str]
    holders: dict[str, str]
    is_paused: bool = False
    is_frozen: bool = False


class Promotion(RuleBasedStateMachine):
    """Two batches, four members, one till, and somebody at the desk who tries everything."""

    template: Path

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        shutil.copy(self.template / "furnished.db", f"{self.folder.name}/loyalty.db")
        self.database = databases.connect(f"sqlite:///{self.folder.name}/loyalty.db")
        self.now = NOON
        self.expected = []
        self.recorded = []
        self.reversed = []
        self.scans = 0

    def teardown(self):
        self.database.dispose()
        self.folder.cleanup()

    @initialize()
    def open_shop(self):
        self.people = {name: change(builders.member, name) for name in PEOPLE}
        for _ in range(2):
            batch = change(builders.batch, SIZE)
            made = {code.code: CodeStatus.ACTIVE for code in rows(Code) if code.batch_id == batch.id}
            self.expected.append(Expected(batch.id, made, set(), {}))

    def one(self, number):
        return self.expected[number % len(self.expected)]

    def code_of(self, number):
        batch = self.one(number)
        return batch, list(batch.status)[number // 2 % SIZE]

    def is_over(self):
        return self.now >= see(batches.get, self.expected[0].id).closes_at

    @precondition(lambda self: self.expected)
    @rule(number=anything, name=st.sampled_from(PEOPLE))
    def claim(self, number, name):
        batch = self.one(number)
        token = see(batches.get, batch.id).claim_token
        (answer,) = change(claims.claim_many, [claims.Ask(token, self.people[name])], now=self.now)

        free = [code for code, status in batch.status.items() if status is CodeStatus.ACTIVE and code not in batch.off]
        if batch.is_paused or self.is_over():
            assert answer.reason is (Reason.BATCH_PAUSED if batch.is_paused else Reason.EXPIRED)
        elif name in batch.holders:
            assert answer == claims.Refused(Reason.ALREADY_CLAIMED, batch.holders[name])
        elif not free:
            assert answer.reason is Reason.SOLD_OUT
        else:
            assert answer.code == free[0]
            batch.status[answer.code], batch.holders[name] = CodeStatus.CLAIMED, answer.code

    @precondition(lambda self: self.expected)
    @rule(number=anything)
    def redeem(self, number):
        batch, code = self.code_of(number)
        self.scans += 1
        checked = see(redemptions.validate, redemptions.Ask(code, CASHIER), now=self.now)
        (answer,) = change(redemptions.redeem_many, [redemptions.Ask(code, CASHIER, str(self.scans))], now=self.now)

        against = [
            (code in batch.off, Reason.DISABLED),
            (batch.status[code] is CodeStatus.REDEEMED, Reason.ALREADY_REDEEMED),
            (batch.is_frozen, Reason.REDEMPTION_FROZEN),
            (self.is_over(), Reason.EXPIRED),
            (batch.status[code] is CodeStatus.ACTIVE, Reason.NOT_CLAIMED),
        ]
        reasons = tuple(reason for holds, reason in against if holds)
        assert checked.reasons == reasons
        if reasons:
            assert (answer.reason, *answer.also) == reasons
        else:
            batch.status[code] = CodeStatus.REDEEMED
            self.recorded.append((answer.id, batch, code))

    @precondition(lambda self: self.recorded)
    @rule(number=anything)
    def reverse(self, number):
        done = self.recorded.pop(number % len(self.recorded))
        redemption_id, batch, code = done
        answer = change(redemptions.reverse, redemption_id, reason="Mistake", by=ADMIN, now=self.now)

        assert isinstance(answer, redemptions.Reversed)
        batch.status[code] = CodeStatus.CLAIMED
        self.reversed.append(done)

    @precondition(lambda self: self.reversed)
    @rule(number=anything)
    def reverse_again(self, number):
        redemption_id, _, _ = self.reversed[number % len(self.reversed)]
        answer = change(redemptions.reverse, redemption_id, reason="Mistake", by=ADMIN, now=self.now)

        assert answer == redemptions.Refused(Reason.ALREADY_REVERSED)

    @precondition(lambda self: self.expected)
    @rule(number=anything, off=st.booleans())
    def switch(self, number, off):
        batch, code = self.code_of(number)
        answer = change(codes.disable if off else codes.enable, code, by=ADMIN, now=self.now)

        if batch.status[code] is CodeStatus.REDEEMED:
            assert answer == codes.Refused(Reason.ALREADY_REDEEMED)
        else:
            (batch.off.add if off else batch.off.discard)(code)

    @precondition(lambda self: self.expected)
    @rule(number=anything, off=st.booleans())
    def switch_all(self, number, off):
        batch = self.one(number)
        changed = change(codes.disable_all if off else codes.enable_all, batch.id, by=ADMIN, now=self.now)

        open_ones = {code for code, status in batch.status.items() if status is not CodeStatus.REDEEMED}
        assert changed == len(open_ones - batch.off if off else open_ones & batch.off)
        batch.off = open_ones if off else set()

    @precondition(lambda self: self.expected)
    @rule(number=anything, paused=st.booleans())
    def pause(self, number, paused):
        batch, before = self.one(number), rows(Code)
        change(batches.pause if paused else batches.resume, batch.id, by=ADMIN, now=self.now)

        batch.is_paused = paused
        assert rows(Code) == before

    @precondition(lambda self: self.expected)
    @rule(number=anything, frozen=st.booleans())
    def freeze(self, number, frozen):
        batch, before = self.one(number), rows(Code)
        with self.database.begin() as connection:
            connection.execute(sa.update(Batch).where(Batch.id == batch.id).values(redemptions_frozen=frozen))

        batch.is_frozen = frozen
        assert rows(Code) == before

    @precondition(lambda self: len(self.expected) > 1)
    @rule(number=anything)
    def delete(self, number):
        batch = self.one(number)
        change(batches.pause, batch.id, by=ADMIN, now=self.now)
        change(builders.deleted, batch.id, now=self.now)

        self.expected.remove(batch)
        self.recorded = [one for one in self.recorded if one[1] is not batch]
        self.reversed = [one for one in self.reversed if one[1] is not batch]
        assert not [row for table in (Code, Redemption, Attempt) for row in rows(table) if row.batch_id == batch.id]

    @rule(days=st.sampled_from([0.01, 1, 20]))
    def wait(self, days):
        self.now += timedelta(days=days)

    @invariant()
    def numbers_are_right(self):
        assert see(dashboard.differences) == []
        found = {code.code: (code.status, code.disabled) for code in rows(Code)}
        assert found == {
            code: (batch.status[code], code in batch.off) for batch in self.expected for code in batch.status
        }
        for batch in rows(Batch):
            assert 0 <= batch.redeemed <= batch.claimed <= batch.total
            used, disabled = batch.redeemed, batch.disabled
            active = sum(not off and status is not CodeStatus.REDEEMED for status, off in self.standing(batch.id))
            assert used + active + disabled == batch.total
            free = sum(not off and status is CodeStatus.ACTIVE for status, off in self.standing(batch.id))
            assert batch_rules.available(batch) == free

    @invariant()
    def nothing_is_doubled(self):
        live = [row.code_id for row in rows(Redemption) if row.status is RedemptionStatus.RECORDED]
        assert len(live) == len(set(live)) == len(self.recorded)
        held = Counter((code.batch_id, code.member_id) for code in rows(Code) if code.member_id)
        assert set(held.values()) <= {1}

    def standing(self, batch_id):
        return [(code.status, code.disabled) for code in rows(Code) if code.batch_id == batch_id]


@pytest.mark.long
@pytest.mark.requirement("S2-12", "S3-4", "S3-16", "S3-24", "S3-25", "S3-26", "S3-29")
def test_whatever_people_do_the_numbers_are_right(sqlite_templates):
    Promotion.template = sqlite_templates

    run_state_machine_as_test(Promotion, settings=settings(max_examples=12, stateful_step_count=30, deadline=None))
