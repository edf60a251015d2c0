"""A range of serials is one that the batch has."""

import pytest

from loyalty_app.codes.rules import serial_problems


@pytest.mark.parametrize(
    ("first", "last", "problems"),
    [
        (1, 5000, {}),
        (7, 7, {}),
        (0, 7, {"first": "Use a serial from 1 to 5,000."}),
        (5001, 5001, {"first": "Use a serial from 1 to 5,000."}),
        (7, 6, {"last": "Use a serial from 7 to 5,000."}),
        (7, 5001, {"last": "Use a serial from 7 to 5,000."}),
    ],
)
def test_a_range_lies_in_the_batch_and_runs_forward(first, last, problems):
    assert serial_problems(first, last, 5000) == problems
