"""The sample café is honest: made by the same verbs, the same every time, and whole even if it was killed half way."""

import time
from datetime import timedelta

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, Role
from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches import fields
from loyalty_app.batches import rules as batch_rules
from loyalty_app.batches.models import Batch, BatchKind
from loyalty_app.batches.rules import Badge
from loyalty_app.claims.models import ClaimAttempt
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core import database as databases
from loyalty_app.core import times
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.jobs import engine
from loyalty_app.jobs.models import Job, JobStatus
from loyalty_app.members.models import Member
from loyalty_app.offers.models import Offer
from loyalty_app.places.models import Device, Place
from loyalty_app.points.models import EntryKind, PointsEntry
from loyalty_app.program import service as programs
from loyalty_app.redemptions.models import Attempt, Redemption, RedemptionStatus
from loyalty_app.redemptions.rules import UNDONE
from loyalty_app.sample import rules
from loyalty_app.worker import KINDS
from tests import builders, doors

pytestmark = pytest.mark.long

ON_ONE = pytest.mark.parametrize("kind", ["sqlite"])
"""What a database can do differently is seen by the others."""

NOW = builders.NOON.replace(minute=34)


@pytest.fixture(scope="module")
def sqlite_cafe(sqlite_copies):
    """Make the café once on SQLite, and return its address."""
    yield from made(sqlite_copies)


@pytest.fixture(scope="module")
def postgresql_cafe(postgresql_copies):
    """Make the café once on PostgreSQL, and return its address."""
    yield from made(postgresql_copies)


def made(copies):
    with copies("furnished") as address:
        databases.connect(address)
        job = doors.change(programs.ask_for_sample_data, builders.ADMIN.account_id, now=NOW)
        began = time.process_time()
        engine.run(job.id, KINDS)
        assert time.process_time() - began < 30, "it is meant for somebody who waits"
        databases.disconnect()
        yield address


@pytest.fixture
def cafe(kind, request):
    """Open the café as it is after its six weeks; tests only look at it."""
    opened = databases.connect(request.getfixturevalue(f"{kind}_cafe"))
    (sample,) = [one for one in doors.rows(Job) if one.kind == programs.SAMPLE_DATA]
    assert (sample.status, sample.done) == (JobStatus.DONE, sample.total)
    yield
    opened.dispose()


@pytest.mark.usefixtures("cafe")
def test_every_number_of_the_cafe_equals_its_rows_and_every_state_can_be_seen():
    assert doors.see(dashboard.differences) == []

    badges = {batch.name: batch_rules.badge(batch, NOW) for batch in doors.rows(Batch)}
    assert set(badges.values()) >= {Badge.ACTIVE, Badge.PAUSED, Badge.EXPIRED, Badge.SOLD_OUT}
    assert [batch.name for batch in doors.rows(Batch) if batch.redemptions_frozen] == [rules.FROZEN]
    channels = {batch.channel for batch in doors.rows(Batch) if batch.name.startswith("Coffee")}
    assert len(channels) == 3, "siblings to compare"
    for batch in doors.rows(Batch):
        assert batch.redeemed > 0 or batch.name.startswith("New"), batch.name
        assert bool(batch.picture_id) is (batch.kind is BatchKind.CLAIM), batch.name

    assert {reason for attempt in doors.rows(Attempt) if (reason := attempt.reason)} >= {
        Reason.ALREADY_REDEEMED,
        Reason.WRONG_KIND,
        Reason.UNKNOWN_CODE,
    }
    assert Reason.SOLD_OUT in {attempt.reason for attempt in doors.rows(ClaimAttempt)}
    assert [one.reversal_reason for one in doors.rows(Redemption) if one.status is RedemptionStatus.REVERSED]
    assert {code.status for code in codes_of(BatchKind.CLAIM) if code.disabled} == {
        CodeStatus.ACTIVE,
        CodeStatus.CLAIMED,
    }
    assert {language for offer in doors.rows(Offer) for language in offer.translations} == {"de-DE", "ar"}


@ON_ONE
@pytest.mark.usefixtures("cafe")
def test_printed_codes_were_collected_asked_for_switched_off_and_taken_back():
    printed = {batch.name: batch for batch in doors.rows(Batch) if batch.kind is BatchKind.SCAN}
    cups, beans, flyer = (printed[one.name] for one in rules.PRINTS)

    assert [batch_rules.badge(batch, NOW) for batch in (cups, beans, flyer)] == [
        Badge.ACTIVE,
        Badge.ACTIVE,
        Badge.EXPIRED,
    ]
    assert all(len(batch.parameters) > 1 for batch in printed.values())
    assert (cups.disabled, {code.status for code in codes_of(BatchKind.SCAN) if code.disabled}) == (
        rules.LOST,
        {CodeStatus.ACTIVE},
    )
    of_beans = [one for one in doors.rows(Redemption) if one.batch_id == beans.id]
    (asked,) = fields.loaded(beans.fields)
    assert {answer for one in of_beans for answer in one.answers.values()} == set(asked.choices)
    assert {(one.code_id, one.points) for one in of_beans} == {
        (code.id, 50) for code in codes_of(BatchKind.SCAN) if code.batch_id == beans.id and code.redeemed_at
    }
    tried = {attempt.reason for attempt in doors.rows(Attempt) if attempt.batch_id in (cups.id, beans.id)}
    assert tried == {None, Reason.ALREADY_REDEEMED}

    entries = doors.rows(PointsEntry)
    assert {entry.kind for entry in entries} == set(EntryKind)
    (demo,) = [one for one in doors.rows(Member) if one.name == rules.DEMO_MEMBER]
    own = [entry for entry in entries if entry.member_id == demo.id]
    assert len(own) > 5
    assert demo.points == own[-1].balance > 100
    assert len({entry.member_id for entry in entries}) > 30


@ON_ONE
@pytest.mark.usefixtures("cafe")
def test_the_counter_has_locations_devices_goodwill_undo_and_conflicts():
    assert [place.name for place in doors.rows(Place)] == [name for name, _ in rules.PLACES]
    assert all(device.enrolled_at and device.secret_hash for device in doors.rows(Device))
    made = doors.rows(Redemption)
    scanned = [one for one in made if one.place_id]
    assert {one.place_id for one in scanned} == {place.id for place in doors.rows(Place)}
    assert {one.device_id for one in scanned} == {None, *(device.id for device in doors.rows(Device))}
    assert len({one.account_id for one in scanned}) >= 3
    honoured = [one for one in made if one.status is RedemptionStatus.GOODWILL]
    assert (len(honoured), all(one.goodwill_reason for one in honoured)) == (2, True)
    assert UNDONE in {one.reversal_reason for one in made}
    assert [one.status for one in made if one.scanned_at] == [RedemptionStatus.RECORDED]
    lost = [one for one in doors.rows(Attempt) if one.reason is Reason.CONFLICT_OFFLINE]
    assert [bool(one.settled_at) for one in lost] == [True, False]
    assert not any(account.pin_hash for account in doors.rows(Account))


@ON_ONE
@pytest.mark.usefixtures("cafe")
def test_everything_happened_when_it_says_in_six_weeks_that_end_now():
    began = NOW - timedelta(weeks=rules.WEEKS, hours=4)
    for table, moment in (
        (Batch, "created_at"),
        (Member, "joined_at"),
        (Redemption, "at"),
        (PointsEntry, "at"),
        (AuditEntry, "at"),
    ):
        ours = [getattr(row, moment) for row in doors.rows(table) if getattr(row, moment) != builders.NOON]
        assert began < min(ours) <= max(ours) <= NOW, table
    hours = {times.say_time(row.at, builders.WARSAW, "de-DE")[:2] for row in doors.rows(Redemption)}
    assert {"08", "12"} <= hours
    assert not {"02", "03", "04"} & hours
    used = [code for code in codes_of(BatchKind.CLAIM) if code.redeemed_at]
    assert max(code.redeemed_at - code.claimed_at for code in used) > timedelta(days=3)
    collected = [code for code in codes_of(BatchKind.SCAN) if code.redeemed_at]
    assert max(code.redeemed_at for code in collected) - min(code.redeemed_at for code in collected) > timedelta(
        weeks=5
    )
    assert all(code.member_id and code.claimed_at is None for code in collected)


@ON_ONE
@pytest.mark.usefixtures("cafe")
def test_its_people_share_the_admins_password_and_members_have_none():
    people = {account.email: account for account in doors.rows(Account)}
    ours = {rules.email_of(name): Role(role) for name, role in rules.STAFF}
    demo = rules.email_of(rules.DEMO_MEMBER)

    assert {email: people[email].role for email in ours} == ours
    for email in (*ours, demo):
        assert doors.see(accounts.password_is_right, email, builders.PASSWORD)
    others = [email for email, account in people.items() if account.role is Role.MEMBER and email != demo]
    assert len(others) > 100
    for password in ("", "!", builders.PASSWORD):
        assert not doors.see(accounts.password_is_right, others[0], password)
    held = doors.see(
        lambda session: session.exec(
            select(Code.status).join(Member, Member.id == Code.member_id).where(Member.email == demo)
        ).all()
    )
    assert len(held) >= 2


@ON_ONE
def test_the_same_cafe_comes_out_however_often_it_was_killed(database):
    job = doors.change(programs.ask_for_sample_data, builders.ADMIN.account_id, now=NOW)
    kind = KINDS[programs.SAMPLE_DATA]
    for step in range(programs.SAMPLE_STEPS):
        died_in_the_middle(job.id, kind)
        (now,) = [one for one in doors.rows(Job) if one.id == job.id]
        assert now.done == step
        engine._step(kind, now)

    assert doors.see(dashboard.differences) == []
    story = rules.story(NOW, builders.WARSAW)[1]
    claims = [event for event in story.events if event.deed is rules.Deed.CLAIM]
    assert len(doors.rows(ClaimAttempt)) == len(claims)
    assert len(doors.rows(Batch)) == len(rules.SERIES) + len(rules.PRINTS)
    collected = [event for event in story.events if event.deed is rules.Deed.COLLECT]
    assert len({code.id for code in codes_of(BatchKind.SCAN) if code.redeemed_at}) == (
        len({(event.batch, event.serial) for event in collected}) - 1
    ), "one was taken back"
    assert len(doors.rows(Member)) == len({event.member for event in claims + collected})


@ON_ONE
def test_the_command_refuses_where_there_are_batches_unless_told(database):
    from loyalty_app.cli import app  # noqa: PLC0415 - only here

    doors.change(builders.batch, 3)
    run = CliRunner().invoke

    refused = run(app, ["sample-data"])
    assert (refused.exit_code, "--anyway" in refused.output) == (1, True)
    done = run(app, ["sample-data", "--anyway"])
    assert done.exit_code == 0, done.output
    assert rules.email_of(rules.DEMO_MEMBER) in done.output
    assert len(doors.rows(Batch)) == len(rules.SERIES) + len(rules.PRINTS) + 1
    assert run(app, ["verify"]).exit_code == 0


@ON_ONE
def test_the_command_needs_a_program(empty_database):
    from loyalty_app.cli import app  # noqa: PLC0415 - only here

    said = CliRunner().invoke(app, ["sample-data"])
    assert (said.exit_code, "Set the program up first" in said.output) == (1, True)


def test_the_story_is_the_same_every_time():
    assert rules.story(NOW, "Asia/Tokyo") == rules.story(NOW, "Asia/Tokyo")
    assert len(rules.people()) == rules.MEMBERS == len({rules.email_of(name) for name in rules.people()})


def codes_of(kind):
    """Return the codes of all batches of a kind."""
    batches = {batch.id for batch in doors.rows(Batch) if batch.kind is kind}
    return [code for code in doors.rows(Code) if code.batch_id in batches]


def died_in_the_middle(job_id, kind):
    """Do a step and let go of it before its transaction ends."""
    with databases.transaction() as session:
        job = session.get(Job, job_id)
        job.status = JobStatus.RUNNING
        session.add(job)
    with databases.reading() as session:
        store = kind.prepare(session, job)
    with pytest.raises(RuntimeError), databases.transaction() as session:
        store(session, NOW)
        raise RuntimeError
