"""A job runs to its end whatever happens to the process: one step is the most that is lost."""

from collections import Counter
from datetime import timedelta

import pytest

from loyalty_app.core import database, times
from loyalty_app.jobs import engine
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.engine import Kind, TryAgainError
from loyalty_app.jobs.models import Job, JobStatus
from tests.builders import NOON
from tests.doors import at_once, change, give_way, rows, see

pytestmark = pytest.mark.usefixtures("database")

LATER = jobs.STALE_AFTER + timedelta(seconds=1)


class Counting:
    """A kind of job that counts by one, and can be made to stumble."""

    def __init__(self, stumble=lambda _done: None):
        self.stumble = stumble
        self.stored = []
        self.failed = []
        self.kinds = {"count": Kind(self.prepare, lambda _session, subject_id: self.failed.append(subject_id))}

    def prepare(self, _session, job):
        def store(session, now):
            self.stumble(job.done)
            if not jobs.move(session, job, job.done + 1, now=now):
                return None
            self.stored.append(job.done + 1)
            return job.done + 1

        return store


class KilledError(BaseException):
    """What `kill -9` looks like from inside: nothing catches it."""


def queued(total=5, now=NOON):
    return change(jobs.enqueue, "count", 7, total, now=now)


def status():
    (job,) = rows(Job)
    return job.status, job.done


def test_a_job_runs_step_by_step_to_its_end():
    counting = Counting()
    engine.run(queued().id, counting.kinds)

    assert counting.stored == [1, 2, 3, 4, 5]
    assert status() == (JobStatus.DONE, 5)


def test_a_job_that_is_done_is_not_run_again():
    counting = Counting()
    job = queued()
    engine.run(job.id, counting.kinds)
    engine.run(job.id, counting.kinds)

    assert len(counting.stored) == 5


def test_a_failing_step_ends_the_job_and_tells_its_subject():
    def stumble(done):
        if done == 2:
            raise ValueError

    counting = Counting(stumble)
    engine.run(queued().id, counting.kinds)

    assert status() == (JobStatus.FAILED, 2)
    assert [job.problem for job in rows(Job)] == ["ValueError"]
    assert counting.failed == [7]


class Hindered(Counting):
    """A job whose third step is ended by the database that many times."""

    def __init__(self, times_hindered, **how):
        super().__init__()
        self.left, self.prepared = times_hindered, []
        self.kinds = {"count": Kind(self.prepare, self.kinds["count"].fail, **how)}

    def prepare(self, session, job):
        self.prepared.append(job.done)
        store = super().prepare(session, job)

        def hindered(session, now):
            moved = store(session, now)
            if job.done == 2 and self.left:
                self.left -= 1
                self.stored.pop()
                give_way(session)
            return moved

        return hindered


@pytest.mark.parametrize(("prepares_once", "prepared"), [(False, [0, 1, 2, 2, 2, 3, 4]), (True, [0, 1, 2, 3, 4])])
def test_a_step_that_another_transaction_got_in_the_way_of_is_done_again(prepares_once, prepared):
    hindered = Hindered(2, prepares_once=prepares_once)
    engine.run(queued().id, hindered.kinds)

    assert hindered.prepared == prepared
    assert hindered.stored == [1, 2, 3, 4, 5]
    assert status() == (JobStatus.DONE, 5)
    assert hindered.failed == []


def test_a_step_that_others_are_always_in_the_way_of_fails_in_the_end():
    hindered = Hindered(database.TRIES)
    engine.run(queued().id, hindered.kinds)

    assert hindered.prepared == [0, 1, *[2] * database.TRIES]
    assert status() == (JobStatus.FAILED, 2)
    assert hindered.failed == [7]


def test_taking_a_job_up_and_ending_it_are_done_again_too(monkeypatch):
    counting, tries = Counting(), Counter()

    def hinder(name):
        verb = getattr(jobs, name)

        def hindered(session, *args, **kwargs):
            done = verb(session, *args, **kwargs)
            tries[name] += 1
            if tries[name] == 1:
                give_way(session)
            return done

        monkeypatch.setattr(jobs, name, hindered)

    job = queued()
    hinder("take_up")
    hinder("finish")
    engine.run(job.id, counting.kinds)

    assert tries == {"take_up": 2, "finish": 2}
    assert status() == (JobStatus.DONE, 5)


def test_a_step_that_wants_to_be_tried_again_waits_and_goes_on_at_its_bookmark():
    def stumble(done):
        if done == 2:
            raise TryAgainError(timedelta(minutes=1), "not now")

    job = queued()
    engine.run(job.id, Counting(stumble).kinds)
    assert status() == (JobStatus.QUEUED, 2)
    assert see(jobs.waiting, now=times.now()) == []
    assert change(jobs.take_up, job.id, now=times.now()) is None

    change(lambda session: session.get(Job, job.id).sqlmodel_update({"beat_at": times.now()}))
    assert see(jobs.waiting, now=times.now()) == [job.id]
    counting = Counting()
    engine.run(job.id, counting.kinds)
    assert counting.stored == [3, 4, 5]
    assert status() == (JobStatus.DONE, 5)


def test_a_job_that_was_cancelled_meanwhile_is_not_put_off():
    job = queued()
    running = change(jobs.take_up, job.id, now=NOON)
    change(jobs.finish, job.id, JobStatus.CANCELLED)
    change(jobs.put_off, running, NOON)

    assert status() == (JobStatus.CANCELLED, 0)


def test_a_failed_job_goes_on_at_its_bookmark_when_asked():
    def stumble(done):
        if done == 2 and not counting.failed:
            raise ValueError

    counting = Counting(stumble)
    job = queued()
    engine.run(job.id, counting.kinds)
    change(jobs.requeue, job.id, now=times.now())
    engine.run(job.id, counting.kinds)

    assert counting.stored == [1, 2, 3, 4, 5]
    assert status() == (JobStatus.DONE, 5)


def test_a_killed_job_goes_on_at_its_bookmark():
    def kill(done):
        if done == 3:
            raise KilledError

    job = queued()
    with pytest.raises(KilledError):
        engine.run(job.id, Counting(kill).kinds)
    assert status() == (JobStatus.RUNNING, 3)

    assert see(jobs.waiting, now=times.now()) == []
    assert see(jobs.waiting, now=times.now() + LATER) == [job.id]
    change(lambda session: session.get(Job, job.id).sqlmodel_update({"beat_at": times.now() - LATER}))
    counting = Counting()
    engine.run(job.id, counting.kinds)
    assert counting.stored == [4, 5]
    assert status() == (JobStatus.DONE, 5)


def test_a_live_job_is_not_taken_over_and_a_stale_one_is_by_one_worker():
    job = queued()
    assert change(jobs.take_up, job.id, now=NOON) is not None

    assert change(jobs.take_up, job.id, now=NOON + jobs.STALE_AFTER) is None
    taken = at_once([lambda: change(jobs.take_up, job.id, now=NOON + LATER)] * 4)
    assert len([one for one in taken if one]) == 1


def test_a_queued_job_is_taken_up_by_one_worker(other_processes):
    job = queued()

    taken = at_once([lambda: change(jobs.take_up, job.id, now=NOON)] * 4)
    assert len([one for one in taken if one]) == 1


def test_a_worker_that_was_overtaken_stops():
    counting = Counting()
    job = queued()
    change(jobs.take_up, job.id, now=NOON)
    asleep = see(lambda session: session.get(Job, job.id))
    store = counting.prepare(None, asleep)
    other = see(lambda session: session.get(Job, job.id))
    assert change(counting.prepare(None, other), NOON) == 1

    assert change(store, NOON) is None
    assert status() == (JobStatus.RUNNING, 1)


def test_a_cancelled_job_stops_before_its_next_step():
    counting = Counting()
    job = queued()

    def prepare_and_cancel(session, running):
        if running.done == 2:
            change(jobs.finish, job.id, JobStatus.CANCELLED)
        return counting.prepare(session, running)

    engine.run(job.id, {"count": Kind(prepare_and_cancel, lambda _session, _id: None)})
    assert status() == (JobStatus.CANCELLED, 2)


def test_a_job_without_its_subject_is_cancelled():
    engine.run(queued().id, {"count": Kind(lambda _session, _job: None, lambda _session, _id: None)})

    assert status() == (JobStatus.CANCELLED, 0)


def test_a_job_that_ended_keeps_its_end():
    job = queued()
    change(jobs.finish, job.id, JobStatus.CANCELLED)
    change(jobs.finish, job.id, JobStatus.DONE)

    assert status() == (JobStatus.CANCELLED, 0)
    assert change(jobs.take_up, job.id, now=NOON + LATER) is None
