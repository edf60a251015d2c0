"""A line of the ledger says what it was for in the reader's language."""

import pytest

from loyalty_app.core.languages import ENGLISH, GERMAN
from loyalty_app.points.models import EntryKind, PointsEntry
from loyalty_app.points.state import _row
from loyalty_app.program.models import Program
from tests.builders import NOON, WARSAW

KAWA = Program(name="Kawa", time_zone=WARSAW, currency="PLN", locale="en-GB")


def row(kind, title, points=20, words=ENGLISH):
    return _row(PointsEntry(id=1, kind=kind, points=points, balance=1240, title=title, at=NOON), KAWA, words)


def test_a_redemption_says_what_for_when_and_the_balance_after_it():
    said = row(EntryKind.REDEMPTION, "Summer cups")

    assert (said.title, said.what, said.points, said.balance) == (
        "Summer cups",
        "Code redeemed",
        "+20",
        "balance 1,240",
    )
    assert (said.at, said.clock) == ("15 Jun 2026, 12:00", "2026-06-15T12:00+02:00")


@pytest.mark.parametrize(
    ("kind", "title", "points", "said"),
    [
        (EntryKind.REDEMPTION, "20 points", 20, ("Code eingelöst", "")),
        (EntryKind.REVERSAL, "20 points", -20, ("Zurückgenommen", "")),
        (EntryKind.ADJUSTMENT, "Verschütteter Kaffee", 5, ("Verschütteter Kaffee", "Von unserem Team geändert")),
    ],
)
def test_the_kind_is_said_in_the_readers_language(kind, title, points, said):
    found = row(kind, title, points, GERMAN)

    assert (found.title, found.what) == said
