"""There is one program, or none yet."""

import pytest
from sqlalchemy.exc import IntegrityError

from loyalty_app.core.errors import InvalidError
from loyalty_app.program import service as programs
from tests.builders import WARSAW
from tests.doors import change, see


@pytest.mark.usefixtures("empty_database")
def test_before_setup_something_stands_in():
    assert not see(programs.is_set_up)
    assert see(programs.current).time_zone == "UTC"


@pytest.mark.usefixtures("database")
def test_after_setup_there_is_the_program():
    assert see(programs.is_set_up)
    assert (see(programs.current).name, see(programs.current).time_zone) == ("Kawa", WARSAW)


@pytest.mark.usefixtures("database")
def test_a_second_program_is_impossible():
    with pytest.raises(IntegrityError):
        change(programs.make, "Another", "UTC", "EUR", "en-US")


@pytest.mark.usefixtures("empty_database")
def test_a_wrong_program_is_not_made():
    with pytest.raises(InvalidError) as refused:
        change(programs.make, " ", "Mars/Base", "EUR", "en-US")

    assert refused.value.problems.keys() == {"program_name", "time_zone"}
    assert not see(programs.is_set_up)
