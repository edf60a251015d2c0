"""Whatever is typed, the search finds what it should, tells nobody what they may not know, and never breaks (S2-4)."""

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loyalty_app.dashboard import service as dashboard
from loyalty_app.members.models import Member
from loyalty_app.redemptions import history, search
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.history import Wish
from loyalty_app.redemptions.service import Ask
from tests import builders
from tests.builders import CASHIER, MARKETER, NOON, VIEWER
from tests.doors import change, see

NAMES = ('100% "Ana" O\'Neil', "Łucja_Żak", "דוד כהן", "Anna 🎉 Party", "back\\slash", "李 小龍", "NEAR(a b) OR *")


@pytest.fixture
def people(database):
    """Redeem a coffee of each, in order."""
    batch = change(builders.batch)
    for number in range(len(NAMES)):
        code = change(builders.claimed, batch, change(builders.member, f"Person {number}"))
        change(redemptions.redeem_many, [Ask(code, CASHIER)], now=NOON)
    with database.begin() as connection:
        for number, name in enumerate(NAMES):
            connection.execute(sa.update(Member).where(Member.name == f"Person {number}").values(name=name))
    return batch


def found(text, by=MARKETER, **wish):
    return [line.member for line in see(history.listed, Wish(text, **wish), limit=50, by=by)]


@pytest.mark.requirement("S2-4")
def test_every_character_is_only_itself(people):
    for name in NAMES:
        assert found(name) == [name]
        assert found(f"  {name[:7]} ") == [name]
    assert found("%%%") == found("___") == found('"""') == found("***") == found("A* OR B*") == []
    assert found("ŁUCJA_ŻAK") == found("łucja_żak") == ["Łucja_Żak"]
    assert found("李") == ["李 小龍"]
    assert found("%") == ['100% "Ana" O\'Neil']
    assert found("_") == ["Łucja_Żak"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=90))
@example("a" * 10_000)
@example("\0")
@example('" OR code_text : "A')
@example("member_name : Ana")
@example("\u202eabc")
@example("\ud800")
@example("-")
@example("\\")
def test_no_text_breaks_the_search(people, text):
    for by in (MARKETER, VIEWER):
        lines = see(history.listed, Wish(text), limit=50, by=by)
        assert len({line.id for line in lines}) == len(lines) <= len(NAMES)


def test_what_one_may_not_read_one_cannot_find(people):
    assert found("Łucja", VIEWER) == []
    assert found("Łucja", CASHIER) == ["Łucja_Żak"]
    assert found("person.1@example.com") == ["Łucja_Żak"]
    assert found("person.1@example.com", CASHIER) == []


def test_the_search_follows_a_new_name_and_a_deleted_batch(people, database):
    with database.begin() as connection:
        connection.execute(sa.update(Member).where(Member.name == "Łucja_Żak").values(name="Somebody"))
    assert found("Łucja") == []
    assert found("somebody") == ["Somebody"]
    assert see(dashboard.differences) == []

    builders.delete_step_by_step(people)
    assert found("somebody") == found("coffee") == []
    assert see(dashboard.differences) == []


def test_every_way_of_searching_finds_the_same(people, monkeypatch):
    whole = {text: found(text) for text in ("coffee", "a", "anna", "an", "🎉", "nobody")}
    assert len(whole["coffee"]) == len(NAMES)

    for near, hits, far in ((1, 1, 1), (1, 1, 3), (2, 3, 50)):
        monkeypatch.setattr(search, "WALKED", near)
        monkeypatch.setattr(search, "HITS", {"sqlite": hits, "postgresql": hits})
        monkeypatch.setattr(search, "WALKED_FURTHER", far)
        assert {text: found(text) for text in whole} == whole
        assert found("coffee", account_id=CASHIER.account_id) == whole["coffee"]
        assert found("coffee", since=NOON, until=NOON) == []


def test_the_recount_notices_what_is_found_by_a_wrong_text(people, database, kind):
    with database.begin() as connection:
        connection.exec_driver_sql("update redemption set title = 'Tea' where id = 1")
        if kind == "sqlite":
            connection.exec_driver_sql("drop trigger redemption_removed")
            connection.exec_driver_sql("delete from redemption where id = 2")

    said = see(dashboard.differences)
    assert "redemptions: 1 are found by another offer than theirs" in said
    assert ("redemptions: the search has 1 that are not there" in said) == (kind == "sqlite")
