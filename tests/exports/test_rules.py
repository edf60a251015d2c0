"""Which sheets can be printed, and where their labels lie."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.exports import rules
from loyalty_app.exports.rules import FORMATS, PAPER_SIZES, Draft, Labels, Paper, Pictures, Sheet
from loyalty_app.qr.drawing import ErrorLevel, PictureFormat

GRID = Sheet(Paper.A4, columns=3, rows=7, width=60, height=35, left=10, top=20, gap_x=5, gap_y=2)


@pytest.mark.parametrize("one", FORMATS.values(), ids=FORMATS)
def test_every_format_fits_its_paper_and_lies_in_its_middle(one):
    sheet = one.sheet
    across, _ = PAPER_SIZES[sheet.paper]
    right = sheet.corner(sheet.columns - 1)[0] + sheet.width

    assert rules.sheet_problems(sheet) == {}
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
    found = rules.sheet_problems(replace(GRID, **change))

    assert list(found) == [field]
    assert part in found[field]


def test_a_grid_that_just_fits_can_be_printed():
    assert rules.sheet_problems(replace(GRID, left=20)) == {}
    assert rules.sheet_problems(Sheet(Paper.A4, 3, 9, 70, 33, 0, 0)) == {}


@given(st.integers(1, 21), st.integers(1, 500))
def test_used_sheets_are_finished_first(first_place, count):
    needed = rules.sheets(GRID, count, first_place)

    assert (needed - 1) * 21 < first_place - 1 + count <= needed * 21


def test_small_modules_are_warned_of():
    assert rules.warning(0.33) == ""
    assert "0.21 mm wide" in rules.warning(0.21)


MEASURED = Draft(
    sheet="grid",
    paper="a4",
    columns="3",
    rows="7",
    width="60",
    height="35,0",
    left="10.0",
    top="20",
    gap_x="",
    gap_y="",
)


def test_a_zip_of_everything_is_asked_for_without_saying_more():
    asked = rules.read_pictures(Draft(), 500)

    assert asked == Pictures(1, 500, ErrorLevel.MEDIUM, PictureFormat.PNG, 600)
    assert asked.count == 500


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"first": "0"}, "first"),
        ({"first": "501"}, "first"),
        ({"first": "ten"}, "first"),
        ({"first": "20", "last": "19"}, "last"),
        ({"last": "501"}, "last"),
        ({"last": "9" * 30}, "last"),
        ({"format": "gif"}, "format"),
        ({"size": "99"}, "size"),
        ({"size": "4097"}, "size"),
        ({"error": "x"}, "error"),
    ],
)
def test_a_zip_that_cannot_be_made_says_why(change, field):
    assert list(rules.read_pictures(replace(Draft(), **change), 500)) == [field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sheet": "l9999"}, "sheet"),
        ({"paper": "a3"}, "paper"),
        ({"columns": "many"}, "columns"),
        ({"width": "-60"}, "width"),
        ({"width": "6e1"}, "width"),
        ({"left": "."}, "left"),
        ({"start": "22"}, "start"),
        ({"note": "x" * 61}, "note"),
        ({"last": "501"}, "last"),
        ({"error": ""}, "error"),
    ],
)
def test_labels_that_cannot_be_printed_say_why(change, field):
    assert list(rules.read_labels(replace(MEASURED, **change), 500)) == [field]


def test_a_grid_is_read_as_it_was_measured():
    asked = rules.read_labels(replace(MEASURED, gap_x="5", gap_y="2", note=" Café  Aurora ", logo="yes"), 500)

    assert asked == Labels(1, 500, ErrorLevel.MEDIUM, GRID, ("Café Aurora",), logo=True, crop_marks=False, start=1)
    assert asked.sheets == 24


@pytest.mark.parametrize(
    "asked",
    [
        rules.read_pictures(Draft(format="svg", first="7", last="9", error="h"), 500),
        rules.read_labels(replace(MEASURED, headline="One", crop_marks="yes", start="3"), 500),
        rules.read_labels(Draft(sheet="5160"), 500),
    ],
    ids=["pictures", "grid", "format"],
)
def test_what_was_asked_is_kept_whole(asked):
    kept = json.loads(json.dumps(rules.kept(asked)))

    assert (rules.pictures_of if isinstance(asked, Pictures) else rules.labels_of)(kept) == asked


@given(
    st.integers(1, 30_000),
    st.integers(1, 21),
    st.sampled_from([FORMATS["l7160"].sheet, FORMATS["l7651"].sheet, FORMATS["22806"].sheet]),
)
def test_the_parts_of_a_pack_are_whole_sheets_and_together_everything(count, start, sheet):
    start = min(start, sheet.count)
    asked = Labels(1, count, ErrorLevel.MEDIUM, sheet, (), logo=False, crop_marks=False, start=start)
    done, used = 0, 0

    while done < count:
        part, place = asked.part(done), asked.look(None, done).first_place
        assert 1 <= part <= rules.LABELS_A_PART
        assert place == (start if done == 0 else 1)
        used += rules.sheets(sheet, part, place)
        done += part

    assert done == count
    assert used == asked.sheets
