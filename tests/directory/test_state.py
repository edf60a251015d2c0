"""What a member's page says, and how an adjustment is read."""

from dataclasses import replace

import pytest

from loyalty_app.directory.state import (
    AdjustmentDraft,
    _entry_row,
    _redemption_row,
    member_of,
    points_of,
)
from loyalty_app.points.models import EntryKind, PointsEntry
from loyalty_app.program.models import Program
from loyalty_app.redemptions.history import Line
from loyalty_app.redemptions.models import RedemptionStatus
from tests.builders import NOON, WARSAW

KAWA = Program(name="Kawa", time_zone=WARSAW, currency="PLN", locale="en-GB")
LINE = Line(
    7, "CUP-ABCD", 1, "Cups", RedemptionStatus.RECORDED, NOON, 1, "Mia", "mia@example.com", "Kasia", 3, "Old Town",
    WARSAW, 1, "", None, None, 20, None, "", "", "", {},
)  # fmt: skip


@pytest.mark.parametrize(
    ("direction", "typed", "points"),
    [
        ("add", "50", 50),
        ("take", " 50 ", -50),
        ("add", "", None),
        ("add", "-5", None),
        ("take", "1.5", None),
        ("add", "9" * 20, None),
    ],
)
def test_what_is_typed_is_read_as_points(direction, typed, points):
    assert points_of(AdjustmentDraft(direction, typed)) == points


def test_an_undone_redemption_says_when_by_whom_and_why():
    undone = replace(
        LINE, status=RedemptionStatus.REVERSED, reversed_at=NOON, reversed_by="Ada", reversal_reason="Wrong guest"
    )

    assert _redemption_row(undone, KAWA).reversed == "Undone by Ada at 15 Jun 2026, 12:00: Wrong guest"
    assert _redemption_row(LINE, KAWA).reversed == ""


def test_a_line_of_the_ledger_says_who_did_it():
    entry = PointsEntry(
        id=3, kind=EntryKind.ADJUSTMENT, points=-5, balance=1240, title="Paid", actor="Ada", at=NOON, member_id=1
    )
    row = _entry_row(entry, KAWA)

    assert (row.kind, row.title, row.actor, row.points, row.balance) == ("Adjustment", "Paid", "Ada", "-5", "1,240")
    assert row.is_minus


@pytest.mark.parametrize(("path", "number"), [("/admin/members/12", 12), ("/admin/members/12/", 12), ("/a/b", 0)])
def test_an_address_names_a_member(path, number):
    assert member_of(path) == number
