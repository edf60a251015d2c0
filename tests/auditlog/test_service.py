"""The trail is found by who, what and when."""

from datetime import date, timedelta

import pytest

from loyalty_app.accounts import service as accounts
from loyalty_app.audit import service as audit
from loyalty_app.auditlog import rules
from loyalty_app.auditlog import service as auditlog
from loyalty_app.auditlog.service import Wish
from loyalty_app.batches import service as batches
from loyalty_app.core.errors import ForbiddenError
from tests import builders
from tests.builders import ADMIN, CASHIER, MARKETER, NOON, VIEWER
from tests.doors import change, see

pytestmark = pytest.mark.usefixtures("database")


def said(wish=None, **more):
    return [
        f"{entry.actor} {rules.sentence(entry)}" for entry in see(auditlog.listed, wish or Wish(), by=ADMIN, **more)
    ]


def paused_batch():
    batch = change(builders.batch, 2)
    change(batches.pause, batch.id, by=MARKETER, now=NOON + timedelta(days=1))
    return batch


def test_the_newest_entry_comes_first_and_says_who_did_what():
    batch = paused_batch()

    assert said(limit=3) == [f"Marek paused batch {batch.id}", f"Ada made batch {batch.id}", "Ada made offer 1"]


def test_entries_are_found_by_person_kind_words_and_days():
    batch = paused_batch()

    assert said(Wish(person="Marek")) == [f"Marek paused batch {batch.id}"]
    assert said(Wish(kind="offer")) == ["Ada made offer 1"]
    assert said(Wish(text="coffee made")) == []
    assert said(Wish(text="coffee create")) == ["Ada made offer 1"]
    assert said(Wish(text="100%")) == []
    assert said(Wish(first_day=date(2026, 6, 16))) == [f"Marek paused batch {batch.id}"]
    assert f"Marek paused batch {batch.id}" not in said(Wish(last_day=date(2026, 6, 15)))


def test_a_day_of_the_search_is_a_day_in_the_programs_zone():
    batch = change(builders.batch, 2)
    last_minute = NOON.replace(hour=21, minute=59)  # 23:59 in Warsaw
    change(batches.pause, batch.id, by=ADMIN, now=last_minute)
    change(batches.resume, batch.id, by=ADMIN, now=last_minute + timedelta(minutes=1))

    assert said(Wish(last_day=date(2026, 6, 15)), limit=1) == [f"Ada paused batch {batch.id}"]
    assert said(Wish(first_day=date(2026, 6, 16))) == [f"Ada resumed batch {batch.id}"]


def test_pages_follow_each_other_without_a_gap():
    paused_batch()
    whole = see(auditlog.listed, Wish(), by=ADMIN)

    first = see(auditlog.listed, Wish(), limit=3, by=ADMIN)
    rest = see(auditlog.listed, Wish(), before=first[-1].id, by=ADMIN)
    assert [entry.id for entry in first + rest] == [entry.id for entry in whole]


def test_a_deleted_thing_is_known_to_be_gone():
    batch = change(builders.batch, 2)
    change(accounts.end_sessions, CASHIER.account_id, by=ADMIN, now=NOON)

    assert see(auditlog.deleted, {f"batch {batch.id}", "offer 1"}, by=ADMIN) == set()
    change(audit.record, "delete", f"batch {batch.id}", by=ADMIN, now=NOON)
    assert see(auditlog.deleted, {f"batch {batch.id}", "offer 1"}, by=ADMIN) == {f"batch {batch.id}"}


def test_a_name_in_the_trail_stays_as_it_was():
    paused_batch()

    assert see(auditlog.people, by=ADMIN) == ["Ada", "Marek", "system"]


@pytest.mark.parametrize("who", [MARKETER, CASHIER, VIEWER])
def test_only_who_may_see_the_trail_sees_it(who):
    with pytest.raises(ForbiddenError):
        see(auditlog.listed, Wish(), by=who)
    with pytest.raises(ForbiddenError):
        see(auditlog.people, by=who)
    with pytest.raises(ForbiddenError):
        see(auditlog.deleted, {"batch 1"}, by=who)
