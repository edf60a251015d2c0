"""Which sheets can be printed, and where their labels lie."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.exports import rules
from loyalty_app.exports.rules import FORMATS, PAPER_SIZES, Paper, Sheet

GRID = Sheet(Paper.A4, columns=3, rows=7, width=60, height=35, left=10, top=20, gap_x=5, gap_y=2)


@pytest.mark.parametrize("one", FORMATS.values(), ids=FORMATS)
def test_every_format_fits_its_paper_and_lies_in_its_middle(one):
    sheet = one.sheet
    across, _ = PAPER_SIZES[sheet.paper]
    right = sheet.corner(sheet.columns - 1)[0] + sheet.width

    assert rules.problems(sheet) == {}
    assert across - right == pytest.approx(sheet.left, abs=0.1)
    assert f"{sheet.count} on {'A4' if sheet.paper is Paper.A4 else 'Letter'}" in one.name


def test_labels_are_counted_row_by_row():
    assert GRID.count == 21
    assert [GRID.corner(place) for place in (0, 1, 2, 3, 20)] == [(10, 20), (75, 20), (140, 20), (10, 57), (140, 242)]


@pytest.mark.parametrize(
    ("change", "field", "part"),
    [
        ({"columns": 0}, "columns", "1 to 20"),
        ({"rows": 41}, "rows", "1 to 40"),
        ({"width": 14.9}, "width", "15 mm or more"),
        ({"height": float("nan")}, "height", "12 mm or more"),
        ({"left": -1}, "left", "0 mm or more"),
        ({"gap_y": float("inf")}, "gap_y", "0 mm or more"),
        ({"left": 20.1}, "width", "210.1 mm from the left edge, and the paper is 210.0 mm wide"),
        ({"rows": 8}, "height", "the paper is 297.0 mm high"),
    ],
)
def test_a_grid_that_cannot_be_printed_says_why(change, field, part):
    found = rules.problems(replace(GRID, **change))

    assert list(found) == [field]
    assert part in found[field]


def test_a_grid_that_just_fits_can_be_printed():
    assert rules.problems(replace(GRID, left=20)) == {}
    assert rules.problems(Sheet(Paper.A4, 3, 9, 70, 33, 0, 0)) == {}


@given(st.integers(1, 21), st.integers(1, 500))
def test_used_sheets_are_finished_first(first_place, count):
    needed = rules.sheets(GRID, count, first_place)

    assert (needed - 1) * 21 < first_place - 1 + count <= needed * 21


def test_small_modules_are_warned_of():
    assert rules.warning(0.33) == ""
    assert "0.21 mm wide" in rules.warning(0.21)
