"""A batch gets exactly as many codes as were asked for, whatever happens on the way."""

import pytest
import sqlalchemy as sa

from loyalty_app.batches import rules
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Alphabet, BatchStatus
from loyalty_app.codes import alphabet, step
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core import times
from loyalty_app.dashboard import service as dashboard
from loyalty_app.jobs import engine
from loyalty_app.jobs.engine import Kind
from loyalty_app.jobs.models import Job, JobStatus
from tests import builders
from tests.doors import change, rows, see

pytestmark = pytest.mark.usefixtures("database")

KINDS = {batches.GENERATE_CODES: Kind(step.prepare, batches.fail)}


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    monkeypatch.setattr(step, "CHUNK", 100)


def planned(total=250, **changes):
    made = change(builders.batch, 0, quantity=str(total), now=times.now(), **changes)
    return made, rows(Job)[-1]


def codes_of(made):
    return sorted((code for code in rows(Code) if code.batch_id == made.id), key=lambda code: code.serial)


def test_a_job_makes_exactly_that_many_different_codes():
    made, job = planned(250, prefix="SUN")
    engine.run(job.id, KINDS)

    codes = codes_of(made)
    assert [code.serial for code in codes] == list(range(1, 251))
    assert len({code.code for code in codes}) == 250
    assert {code.status for code in codes} == {CodeStatus.ACTIVE}
    assert all(code.code.startswith("SUN") and alphabet.normal(code.code) == code.code for code in codes)
    batch = see(batches.get, made.id)
    assert (batch.made, batch.status) == (250, BatchStatus.ACTIVE)
    assert rows(Job)[-1].status is JobStatus.DONE
    assert see(dashboard.differences) == []


def test_codes_can_be_counted_while_the_rest_is_being_made():
    made, _job = planned()
    change(builders._make_codes, made.id, 100, now=times.now())

    batch = see(batches.get, made.id)
    assert (batch.made, batch.status) == (100, BatchStatus.GENERATING)
    assert len(codes_of(made)) == 100
    assert see(dashboard.differences) == []


def test_a_step_repeated_after_a_crash_doubles_nothing():
    made, job = planned()
    change(builders._make_codes, made.id, 100, now=times.now())
    stale = see(lambda session: session.get(Job, job.id))
    store = see(step.prepare, stale)
    assert change(store, times.now()) == 200

    assert change(store, times.now()) is None

    assert len(codes_of(made)) == see(batches.get, made.id).made == 200


def test_a_step_that_breaks_in_the_middle_leaves_nothing_behind(monkeypatch):
    made, job = planned()
    change(builders._make_codes, made.id, 100, now=times.now())

    def break_off(*_args):
        raise RuntimeError

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(step.live, "announce", break_off)
        change(see(step.prepare, see(lambda session: session.get(Job, job.id))), times.now())

    assert len(codes_of(made)) == see(batches.get, made.id).made == rows(Job)[-1].done == 100
    assert see(dashboard.differences) == []


@pytest.fixture
def tiny_alphabet(monkeypatch):
    """Leave so few possible codes that collisions are certain."""
    monkeypatch.setitem(rules.CHARACTERS, Alphabet.SAFE, "ABCD")
    monkeypatch.setattr(rules.Strength, "is_weak", False)


@pytest.mark.usefixtures("tiny_alphabet")
def test_codes_that_exist_already_are_drawn_again():
    first, job = planned(200, length="4")  # of 256
    engine.run(job.id, KINDS)
    assert rows(Job)[-1].status is JobStatus.DONE
    second, job = planned(50, length="4")  # of the 56 that are left
    engine.run(job.id, KINDS)

    assert rows(Job)[-1].status is JobStatus.DONE
    assert [code.serial for code in codes_of(first)] == list(range(1, 201))
    assert [code.serial for code in codes_of(second)] == list(range(1, 51))
    assert len({code.code for code in rows(Code)}) == 250
    assert see(dashboard.differences) == []


def test_a_deleted_batch_gets_no_more_codes():
    made, job = planned()
    change(builders._make_codes, made.id, 100, now=times.now())
    store = see(step.prepare, see(lambda session: session.get(Job, job.id)))

    change(builders.deleted, made.id)

    assert change(store, times.now()) is None
    assert rows(Code) == []
    assert see(step.prepare, job) is None
    assert rows(Job)[-1].status is JobStatus.CANCELLED


def test_a_batch_deleted_between_two_steps_ends_its_job(monkeypatch):
    made, job = planned()
    prepare = step.prepare

    def prepare_and_delete(session, running):
        if running.done == 100:
            change(builders.deleted, made.id)
        return prepare(session, running)

    engine.run(job.id, {batches.GENERATE_CODES: Kind(prepare_and_delete, batches.fail)})

    assert rows(Job)[-1].status is JobStatus.CANCELLED
    assert rows(Code) == []


def test_a_batch_whose_codes_cannot_be_made_says_so():
    made, job = planned()

    def break_off(_session, _job):
        raise RuntimeError

    engine.run(job.id, {batches.GENERATE_CODES: Kind(break_off, batches.fail)})

    assert see(batches.get, made.id).status is BatchStatus.FAILED
    assert rows(Job)[-1].status is JobStatus.FAILED


def test_the_database_refuses_a_serial_or_a_code_twice(database):
    _, job = planned(2)
    engine.run(job.id, KINDS)

    for same in ("serial", "code"):
        with pytest.raises(sa.exc.IntegrityError), database.begin() as connection:
            connection.execute(sa.text(f"update code set {same} = (select min({same}) from code)"))
