"""Whoever has an unused scan code can redeem it, so only who manages codes reads it in full."""

from dataclasses import replace

import pytest

from loyalty_app.audit.models import AuditEntry
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code
from loyalty_app.codes.service import Wish
from loyalty_app.core.actor import Permission
from loyalty_app.redemptions import history
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.service import Ask
from loyalty_app.scanbatches import state as screen
from tests import builders
from tests.builders import ADMIN, CASHIER, MARKETER, NOON, VIEWER
from tests.doors import change, rows, see
from tests.programs import Program

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.requirement("S0-28")]


@pytest.fixture
def cups():
    """Three codes, of which Mia redeemed the first."""
    batch = change(builders.scan_batch, 3, prefix="CUP")
    change(redemptions.redeem_many, [Ask(builders.link(batch, 1), change(builders.member))], now=NOON)
    return batch


def texts():
    return [code.code for code in rows(Code)]


def masked(code):
    return f"CUP…{code[-4:]}"


def test_a_list_has_only_redeemed_codes_in_full(cups):
    first, second, third = texts()

    def listed(by):
        return [one.code for one in see(codes.listed, cups.id, Wish(), by=by)]

    assert listed(VIEWER) == [first, masked(second), masked(third)]
    assert listed(MARKETER) == [first, second, third]


def test_a_code_cannot_be_found_out_by_searching(cups):
    first, second, _ = texts()

    def found(text, by, **more):
        return [one.serial for one in see(codes.listed, cups.id, Wish(text, **more), by=by)]

    assert found(second, VIEWER) == found(second[3:8], VIEWER) == []
    assert found(first, VIEWER) == [1]
    assert found(second, MARKETER) == [2]
    assert found("#2", VIEWER, serial=2) == [2]


def test_of_a_short_code_not_even_the_end_is_shown():
    batch = change(builders.scan_batch, 1, prefix="CUP", length="6")

    assert [one.code for one in see(codes.listed, batch.id, Wish(), by=VIEWER)] == ["CUP…"]


def test_vouchers_are_shown_as_they_are():
    batch = change(builders.batch, 1)

    assert [one.code for one in see(codes.listed, batch.id, Wish(), by=VIEWER)] == texts()


def test_no_door_gives_away_a_code(cups):
    first, *unused = texts()
    watcher = Program("view_dashboard", "view_members")

    for path in (f"/batches/{cups.id}/codes", f"/batches/{cups.id}/codes.csv", f"/codes/{unused[0]}"):
        said = watcher.get(path)
        assert said.status_code == 200
        assert f"CUP-…{unused[0][-4:]}" in said.text
        assert not any(alphabet.display(code, "CUP") in said.text or code in said.text for code in unused)
    assert watcher.get(f"/batches/{cups.id}/codes?q={unused[0]}").json()["items"] == []
    assert alphabet.display(unused[0], "CUP") in Program().get(f"/batches/{cups.id}/codes.csv").text
    assert alphabet.display(first, "CUP") in watcher.get(f"/batches/{cups.id}/codes").text


def test_a_screen_gives_away_no_code(cups, monkeypatch):
    monkeypatch.setattr(screen, "actor", lambda: VIEWER)

    shown = [row.code for row in see(screen._listed, cups.id, Wish(), 0)]

    first, second, third = texts()
    assert shown == [alphabet.display(first, "CUP"), f"CUP-…{second[-4:]}", f"CUP-…{third[-4:]}"]


def test_the_trail_says_which_code_was_switched_without_its_text(cups):
    change(codes.disable, texts()[1], by=MARKETER, now=NOON)
    change(codes.enable, texts()[1], by=MARKETER, now=NOON)

    assert [entry.details for entry in rows(AuditEntry)][-2:] == ["serial 2", "serial 2"]


def test_a_code_that_is_good_again_is_hidden_again(cups):
    (code, *_), number = texts(), see(history.listed, history.Wish(), limit=1, by=VIEWER)[0].id
    assert see(history.get, number, by=VIEWER).code == alphabet.display(code, "CUP")

    change(redemptions.reverse, number, reason="By mistake", by=ADMIN, now=NOON)

    assert see(history.get, number, by=VIEWER).code == f"CUP-…{code[-4:]}"
    assert see(history.get, number, by=MARKETER).code == alphabet.display(code, "CUP")
    for text in (code, code[3:8]):
        assert see(history.listed, history.Wish(text), limit=9, by=VIEWER) == []
        assert len(see(history.listed, history.Wish(text), limit=9, by=MARKETER)) == 1


def test_what_was_typed_and_refused_is_shown_by_its_end(cups):
    first, second, _ = texts()
    wrong = f"{second[:-1]}{'A' if second[-1] != 'A' else 'B'}"
    for typed in (first, second, wrong, f"see {second}!", "?"):
        change(redemptions.redeem_many, [Ask(typed, CASHIER)], now=NOON)

    def latest(by):
        return [scan.text for scan in see(history.latest, by=by)][:5]

    assert latest(VIEWER) == ["…", f"…{second[-3:]}!", f"…{wrong[-4:]}", f"…{second[-4:]}", first]
    named = replace(VIEWER, permissions=VIEWER.permissions | {Permission.VIEW_MEMBERS})
    assert latest(named) == latest(VIEWER)
    assert latest(MARKETER) == ["?", f"see {second}!", wrong, second, first]
