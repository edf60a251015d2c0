"""There is one program, or none yet."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches.models import Batch
from loyalty_app.core.errors import ForbiddenError, InvalidError
from loyalty_app.program import rules
from loyalty_app.program import service as programs
from tests import builders
from tests.builders import ADMIN, CASHIER, MARKETER, NOON, VIEWER, WARSAW
from tests.doors import change, rows, see


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


PROFILE = rules.Draft(name="Kawa", time_zone=WARSAW, locale="en-GB")


@pytest.mark.usefixtures("database")
def test_a_changed_profile_is_what_everybody_sees_and_stands_in_the_trail():
    change(programs.update, replace(PROFILE, name="Aurora", brand_color="#8a1c4a"), by=ADMIN, now=NOON)

    assert see(programs.face).name == "Aurora"
    assert see(programs.face).brand_color == "#8a1c4a"
    assert (rows(AuditEntry)[-1].verb, rows(AuditEntry)[-1].details) == ("change", "name, brand color")


@pytest.mark.usefixtures("database")
def test_minutes_at_the_counter_are_set_and_stand_in_the_trail():
    change(programs.update, replace(PROFILE, undo_minutes="0", lock_minutes="120"), by=ADMIN, now=NOON)

    assert (see(programs.current).undo_minutes, see(programs.current).lock_minutes) == (0, 120)
    assert rows(AuditEntry)[-1].details == "undo minutes, lock minutes"


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("minutes", ["", "-1", "121", "5.5", "five", "9999999999", "\u0665"])
def test_minutes_at_the_counter_are_whole_and_at_most_two_hours(minutes):
    with pytest.raises(InvalidError) as refused:
        change(programs.update, replace(PROFILE, undo_minutes=minutes, lock_minutes=minutes), by=ADMIN, now=NOON)

    assert list(refused.value.problems) == ["undo_minutes", "lock_minutes"]


@pytest.mark.usefixtures("database")
def test_a_profile_saved_as_it_was_leaves_no_trace():
    before = len(rows(AuditEntry))
    change(programs.update, PROFILE, by=ADMIN, now=NOON)

    assert len(rows(AuditEntry)) == before


@pytest.mark.usefixtures("database")
def test_a_wrong_profile_changes_nothing():
    with pytest.raises(InvalidError):
        change(programs.update, replace(PROFILE, name="Aurora", brand_color="teal"), by=ADMIN, now=NOON)
    with pytest.raises(InvalidError) as refused:
        change(programs.update, replace(PROFILE, name="Aurora", logo="0" * 64), by=ADMIN, now=NOON)

    assert refused.value.problems.keys() == {"logo"}
    assert see(programs.face).name == "Kawa"


@pytest.mark.usefixtures("database")
def test_another_time_zone_moves_no_batch_that_was_made():
    batch = change(builders.batch, 2)
    change(programs.update, replace(PROFILE, time_zone="Pacific/Apia"), by=ADMIN, now=NOON)

    assert rows(Batch)[0].closes_at == batch.closes_at
    assert change(builders.batch, 2).closes_at != batch.closes_at


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("who", [MARKETER, CASHIER, VIEWER])
def test_only_an_admin_changes_the_profile(who):
    with pytest.raises(ForbiddenError):
        change(programs.update, PROFILE, by=who, now=NOON)
