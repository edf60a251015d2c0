"""Files for spreadsheets: every cell comes back as it was, and none is a formula."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_app.core import csvs

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=8))
def test_every_cell_comes_back_and_none_starts_a_formula(rows):
    text = "".join(csvs.lines(("a", "b"), [rows[:3], rows[3:]]))
    head, *back = csv.reader(io.StringIO(text.removeprefix(csvs.BOM), newline=""))

    assert head == ["a", "b"]
    assert [
        [cell.removeprefix("'") if cell[1:] == was else cell for cell, was in zip(*pair, strict=True)]
        for pair in zip(back, rows, strict=True)
    ] == rows
    assert not any(cell.startswith(csvs.FORMULA_STARTS) for row in back for cell in row)


@pytest.mark.parametrize("evil", ["=1+1", "+49 30", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_what_looks_like_a_formula_gets_an_apostrophe(evil):
    assert csvs.safe(evil) == f"'{evil}"


def test_an_ordinary_cell_stays_as_it_is():
    assert csvs.safe("SUMMER-7K3M") == "SUMMER-7K3M"


def test_only_one_chunk_is_made_at_a_time():
    made = []

    def chunks():
        for number in range(3):
            made.append(number)
            yield [[str(number)]]

    lines = csvs.lines(("n",), chunks())
    next(lines)
    assert made == []
    next(lines)
    assert made == [0]
