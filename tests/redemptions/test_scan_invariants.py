"""Whatever happens to printed codes, in whatever order: the numbers are right, and no point is lost or paid twice."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

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

from loyalty_app.apikeys import service as apikeys
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core.actor import Actor
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.members.models import Member
from loyalty_app.points import service as points
from loyalty_app.points.models import PointsEntry
from loyalty_app.points.service import TooLowError
from loyalty_app.redemptions import rules
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Redemption, RedemptionStatus
from tests import builders
from tests.builders import ADMIN, CASHIER, NOON
from tests.doors import change, rows, see

SIZE = 3
anything = st.integers(0, 99)
batch_of = st.integers(0, 1)
someone = st.integers(0, 1)


@dataclass
class Expected:
    """What must be true of one batch, by the plainest means."""

    id: int
    pays: int
    links: list[str]
    used: set[int] = field(default_factory=set)
    off: set[int] = field(default_factory=set)
    is_paused: bool = False
    is_frozen: bool = False
    is_deleted: bool = False


@dataclass
class Person:
    """A member, and what they must have."""

    actor: Actor
    id: int
    points: int = 0


class Collecting(RuleBasedStateMachine):
    """Two batches of printed codes, two members, a program, and somebody at the desk who tries everything.

    Each walk has batches and members of its own, and shares the database with those before it.
    """

    web_shop: Actor
    walks = 0

    @initialize()
    def print_codes(self):
        type(self).walks += 1
        self.now, self.tries, self.recorded, self.people = NOON, 0, [], []
        for name in (f"Mia {self.walks}", f"Ola {self.walks}"):
            actor = change(builders.member, name)
            (member,) = [row for row in rows(Member) if row.name == name]
            self.people.append(Person(actor, member.id))
        self.expected = []
        for pays in (20, 50):
            batch = change(builders.scan_batch, SIZE, points=pays)
            self.expected.append(Expected(batch.id, pays, [builders.link(batch, one + 1) for one in range(SIZE)]))

    def reasons(self, batch, place):
        against = [
            (batch.is_deleted, Reason.UNKNOWN_CODE),
            (place in batch.off, Reason.DISABLED),
            (place in batch.used, Reason.ALREADY_REDEEMED),
            (batch.is_paused, Reason.BATCH_PAUSED),
            (batch.is_frozen, Reason.REDEMPTION_FROZEN),
            (not batch.is_deleted and self.now >= see(batches.get, batch.id).closes_at, Reason.EXPIRED),
        ]
        return [reason for holds, reason in against if holds]

    @rule(which=batch_of, place=st.integers(0, SIZE - 1), who=someone, by_program=st.booleans())
    def redeem(self, which, place, who, by_program):
        batch, person = self.expected[which], self.people[who]
        self.tries += 1
        ask = redemptions.Ask(batch.links[place], person.actor, f"{self.walks}-{self.tries}")
        if by_program:
            ask = replace(ask, by=self.web_shop, member_id=person.id)
        (answer,) = change(redemptions.redeem_many, [ask], now=self.now)
        again = change(redemptions.redeem_many, [ask], now=self.now)

        if reasons := self.reasons(batch, place):
            assert answer.reason is (reasons[0] if by_program else rules.outward(reasons[0]))
        else:
            person.points += batch.pays
            assert (answer.balance, again[0].id) == (person.points, answer.id)
            batch.used.add(place)
            self.recorded.append((answer.id, batch, place, person))

    @precondition(lambda self: self.recorded)
    @rule(number=anything)
    def reverse(self, number):
        redemption_id, batch, place, person = self.recorded.pop(number % len(self.recorded))
        change(redemptions.reverse, redemption_id, reason="Mistake", by=ADMIN, now=self.now)
        again = change(redemptions.reverse, redemption_id, reason="Mistake", by=ADMIN, now=self.now)

        assert again == redemptions.Refused(Reason.ALREADY_REVERSED)
        batch.used.remove(place)
        person.points -= batch.pays

    @rule(who=someone, amount=st.sampled_from([-60, -1, 5]))
    def adjust(self, who, amount):
        person = self.people[who]
        try:
            change(points.adjust, person.id, amount, "Because", by=ADMIN, now=self.now)
        except TooLowError:
            assert person.points + amount < 0
        else:
            person.points += amount

    @rule(which=batch_of, place=st.integers(0, SIZE - 1), off=st.booleans())
    def switch(self, which, place, off):
        batch = self.expected[which]
        (code,) = [row for row in rows(Code) if (row.batch_id, row.serial) == (batch.id, place + 1)] or [None]
        if code is None:
            return
        answer = change(codes.disable if off else codes.enable, code.code, by=ADMIN, now=self.now)

        if place in batch.used:
            assert answer == codes.Refused(Reason.ALREADY_REDEEMED)
        else:
            (batch.off.add if off else batch.off.discard)(place)

    @rule(which=batch_of, off=st.booleans())
    def switch_all(self, which, off):
        batch = self.expected[which]
        if batch.is_deleted:
            return
        changed = change(codes.disable_all if off else codes.enable_all, batch.id, by=ADMIN, now=self.now)

        unused = set(range(SIZE)) - batch.used
        assert changed == len(unused - batch.off if off else batch.off)
        batch.off = unused if off else set()

    @rule(which=batch_of, stops=st.booleans(), freezes=st.booleans())
    def stop(self, which, stops, freezes):
        batch = self.expected[which]
        if batch.is_deleted:
            return
        verbs = (batches.unfreeze, batches.freeze) if freezes else (batches.resume, batches.pause)
        change(verbs[stops], batch.id, by=ADMIN, now=self.now)

        if freezes:
            batch.is_frozen = stops
        else:
            batch.is_paused = stops

    @rule(which=batch_of, typed=st.integers(0, 4))
    def delete(self, which, typed):
        batch = self.expected[which]
        if batch.is_deleted or typed:  # seldom, or little would be left to try
            return
        change(builders.deleted, batch.id, now=self.now)

        batch.is_deleted = True
        self.recorded = [one for one in self.recorded if one[1] is not batch]

    @rule(days=st.sampled_from([0.01, 1, 20]))
    def wait(self, days):
        self.now += timedelta(days=days)

    @invariant()
    def numbers_are_those_of_the_rows(self):
        assert see(dashboard.differences) == []
        here = {row.id: row for row in rows(Batch)}
        for batch in self.expected:
            found = {
                row.serial - 1: (row.status, row.disabled, row.member_id is None)
                for row in rows(Code)
                if row.batch_id == batch.id
            }
            if batch.is_deleted:
                assert (found, batch.id in here) == ({}, False)
                continue
            used, off = (CodeStatus.REDEEMED, False, False), batch.off
            assert found == {
                place: used if place in batch.used else (CodeStatus.ACTIVE, place in off, True) for place in range(SIZE)
            }
            row = here[batch.id]
            active = SIZE - len(batch.used) - len(off)
            assert (row.redeemed, row.disabled, row.claimed) == (len(batch.used), len(off), 0)
            assert row.redeemed + active + row.disabled == row.total == SIZE

    @invariant()
    def balances_are_those_of_the_ledger(self):
        entries = rows(PointsEntry)
        for person in self.people:
            own = [entry for entry in entries if entry.member_id == person.id]
            assert sum(entry.points for entry in own) == person.points
            assert [entry.balance for entry in own[-1:]] == [person.points][: len(own)]
            assert [row.points for row in rows(Member) if row.id == person.id] == [person.points]
        mine = {batch.id for batch in self.expected}
        live = [row.id for row in rows(Redemption) if row.status is RedemptionStatus.RECORDED and row.batch_id in mine]
        assert sorted(live) == sorted(number for number, *_ in self.recorded)


@pytest.mark.long
@pytest.mark.requirement("S0-20", "S0-27", "S0-29")
@pytest.mark.usefixtures("database")
def test_whatever_happens_to_printed_codes_the_numbers_are_right():
    made = change(apikeys.create, apikeys.Wish("Web shop", ["redeem"]), by=ADMIN, now=NOON)
    Collecting.web_shop = replace(CASHIER, account_id=None, api_key_id=made.key.id, name="Web shop", role="")

    # Walks share a database that grows: making a failing one shorter would take minutes.
    walks = settings(max_examples=12, stateful_step_count=30, deadline=None, phases=[Phase.generate])
    run_state_machine_as_test(Collecting, settings=walks)
