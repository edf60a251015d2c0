"""Batches are made, paused, resumed and deleted, and nothing of a deleted one stays but numbers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from loyalty_app import tables
from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches import rules
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch, BatchStatus, BatchTombstone, Channel
from loyalty_app.batches.rules import Badge, Draft, Sort, Wish
from loyalty_app.batches.service import NotPossibleNowError
from loyalty_app.batches.state import say_impact
from loyalty_app.claims.models import ClaimAttempt
from loyalty_app.codes.models import Code
from loyalty_app.core.actor import STRANGER
from loyalty_app.core.errors import ForbiddenError, InvalidError, NotFoundError
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import Job, JobStatus
from loyalty_app.members.models import Member
from loyalty_app.offers.models import Offer
from loyalty_app.program import service as programs
from loyalty_app.redemptions import conflicts
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Attempt, Redemption
from tests import builders
from tests.builders import ADMIN, CASHIER, MARKETER, NOON, VIEWER
from tests.doors import change, rows, see

pytestmark = pytest.mark.usefixtures("database")


def draft(**changes):
    return Draft(
        **{"name": "Summer", "offer_id": "1", "quantity": "127", "expires_on": "2026-12-31", "prefix": "SUN"} | changes
    )


def create(by=MARKETER, **changes):
    return change(batches.create, draft(**changes), by=by, now=NOON)


def test_a_batch_copies_its_offer_and_waits_for_its_codes():
    promised = change(builders.offer, "Ten off", reward_kind="amount", reward_value="10", valid_days="14")
    made = create()

    kept = see(batches.get, made.id)
    assert batches.promise_of(kept) == batches.promise_of(promised)
    assert (kept.status, kept.total, kept.made, kept.claimed) == (BatchStatus.GENERATING, 127, 0, 0)
    assert kept.expires_on == date(2026, 12, 31)
    assert kept.closes_at == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert kept.created_by == MARKETER.account_id
    assert [(job.kind, job.subject_id, job.total, job.status) for job in rows(Job)] == [
        (batches.GENERATE_CODES, made.id, 127, JobStatus.QUEUED)
    ]


def test_a_later_change_of_the_offer_breaks_no_word_given(database):
    change(builders.offer, "Ten off")
    made = create()
    with database.begin() as connection:
        connection.execute(sa.update(Offer).values(title="Nothing"))
        connection.execute(sa.delete(Offer))

    assert see(batches.get, made.id).title == "Ten off"


def test_the_worker_hears_of_a_batch_only_after_the_commit(monkeypatch):
    heard = []
    monkeypatch.setattr(jobs, "hand_over", [lambda job_id: heard.append([job.id for job in rows(Job)] == [job_id])])
    change(builders.offer)

    create()
    assert heard == [True]

    with pytest.raises(InvalidError):
        create(name="")
    assert heard == [True]


def test_a_queue_that_is_down_does_not_undo_the_batch(monkeypatch):
    def broken(_job_id):
        raise ConnectionError

    monkeypatch.setattr(jobs, "hand_over", [broken])
    change(builders.offer)

    create()
    assert see(jobs.waiting, now=NOON) == [rows(Job)[0].id]


def test_claim_tokens_are_long_and_never_the_same():
    change(builders.offer)
    first, second = create(), create()

    assert first.claim_token != second.claim_token
    assert len(first.claim_token) >= 128 / 6


def test_weak_settings_are_refused_with_the_odds_and_nothing_is_made():
    change(builders.offer)

    with pytest.raises(InvalidError, match="1 guess in 16 would hit"):
        create(alphabet="alphanumeric", length="4", quantity="100000")
    assert rows(Batch) == rows(Job) == []


def test_an_offer_that_is_gone_is_named():
    with pytest.raises(InvalidError) as refused:
        create(offer_id="99")

    assert refused.value.problems.keys() == {"offer_id"}


def test_today_is_the_day_in_the_programs_zone():
    change(builders.offer)
    late = datetime(2026, 6, 15, 22, 30, tzinfo=UTC)  # half past midnight in Warsaw

    with pytest.raises(InvalidError, match="This day is over"):
        change(batches.create, draft(expires_on="2026-06-15"), by=ADMIN, now=late)
    assert change(batches.create, draft(expires_on="2026-06-16"), by=ADMIN, now=late).id


@pytest.mark.parametrize("by", [STRANGER, CASHIER, VIEWER], ids=["stranger", "cashier", "viewer"])
def test_only_who_manages_codes_changes_batches(by):
    made = change(builders.batch)

    for verb in (batches.pause, batches.resume, batches.freeze, batches.unfreeze, batches.rename, batches.impact):
        with pytest.raises(ForbiddenError):
            change(verb, made.id, by=by, now=NOON)
    with pytest.raises(ForbiddenError):
        change(batches.delete, made.id, typed_name="Summer", by=by, now=NOON)
    with pytest.raises(ForbiddenError):
        create(by)


@pytest.mark.requirement("S3-12", "S3-17")
def test_a_batch_is_paused_and_resumed():
    made = change(builders.batch)

    change(batches.pause, made.id, by=MARKETER, now=NOON)
    assert see(batches.get, made.id).status is BatchStatus.PAUSED
    change(batches.resume, made.id, by=MARKETER, now=NOON)
    assert see(batches.get, made.id).status is BatchStatus.ACTIVE
    assert [entry.verb for entry in rows(AuditEntry)][-2:] == ["pause", "resume"]


def test_the_counter_of_a_paused_or_deleted_batch_does_not_move():
    made = change(builders.batch)
    assert change(batches.count_claims, made.id, 1, now=NOON) == made.total - 1
    change(batches.pause, made.id, by=ADMIN, now=NOON)

    assert change(batches.count_claims, made.id, 1, now=NOON) is None
    assert change(batches.count_claims, 99, 1, now=NOON) is None
    assert see(batches.get, made.id).claimed == 1


def test_pausing_twice_changes_nothing_and_is_one_entry():
    made = change(builders.batch)

    for _ in range(2):
        change(batches.pause, made.id, by=ADMIN, now=NOON)
    assert [entry.verb for entry in rows(AuditEntry)].count("pause") == 1


@pytest.mark.requirement("S3-12", "S3-15")
def test_pausing_and_resuming_change_no_code_row():
    made = change(builders.batch)
    change(builders.claimed, made)
    before = rows(Code)

    change(batches.pause, made.id, by=ADMIN, now=NOON)
    assert rows(Code) == before
    change(batches.resume, made.id, by=ADMIN, now=NOON)
    assert rows(Code) == before


def test_a_batch_cannot_be_paused_before_its_vouchers_are_made():
    change(builders.offer)
    made = create()

    with pytest.raises(NotPossibleNowError):
        change(batches.pause, made.id, by=ADMIN, now=NOON)
    assert see(batches.get, made.id).status is BatchStatus.GENERATING


@pytest.mark.parametrize("verb", [batches.pause, batches.resume, batches.freeze, batches.unfreeze, batches.rename])
def test_a_batch_that_is_not_there_is_not_found(verb):
    with pytest.raises(NotFoundError):
        change(verb, 99, by=ADMIN, now=NOON)
    with pytest.raises(NotFoundError):
        change(batches.delete, 99, typed_name="", by=ADMIN, now=NOON)


def used_batch():
    """Make a batch with a free, a claimed and a redeemed voucher, and refusals of both kinds."""
    made = change(builders.batch, 5)
    code = change(builders.claimed, made)
    change(builders.claimed, made, change(builders.member, "Ola"))
    change(redemptions.redeem_many, [redemptions.Ask(code, CASHIER), redemptions.Ask(code, CASHIER)], now=NOON)
    change(batches.pause, made.id, by=ADMIN, now=NOON)
    return made


@pytest.mark.requirement("S3-19", "S3-20", "S3-22")
def test_a_deleted_batch_leaves_no_row_with_its_codes_or_members():
    other = change(builders.batch, 2)
    change(builders.claimed, other)
    kept = {table: len(rows(table)) for table in (Code, ClaimAttempt, Redemption, Attempt)}
    made = used_batch()
    codes = {code.code for code in rows(Code) if code.batch_id == made.id}

    change(builders.deleted, made.id)

    with pytest.raises(NotFoundError):
        see(batches.get, made.id)
    assert {table: len(rows(table)) for table in kept} == kept
    assert {code.batch_id for code in rows(Code)} == {other.id}
    everything = repr([row.model_dump() for table in tables.TABLES if table is not Code for row in rows(table)])
    assert not [code for code in codes if code in everything]
    assert "Summer" not in repr([row.model_dump() for row in (*rows(BatchTombstone), rows(AuditEntry)[-1])])
    assert len(rows(Member)) == 2


@pytest.mark.requirement("S3-22")
def test_numbers_without_names_stay():
    made = used_batch()
    change(builders.deleted, made.id)

    (stone,) = rows(BatchTombstone)
    assert (stone.batch_id, stone.total, stone.claimed, stone.redeemed) == (made.id, 5, 2, 1)
    assert (stone.created_at, stone.deleted_at, stone.deleted_by) == (NOON, NOON, ADMIN.account_id)


def test_the_number_of_a_deleted_batch_is_never_given_again():
    first = change(builders.batch, 1)
    change(builders.deleted, first.id)

    assert change(builders.batch, 1).id > first.id


def test_deleting_cancels_the_job():
    change(builders.offer)
    made = create()

    change(builders.deleted, made.id)
    assert [job.status for job in rows(Job)] == [JobStatus.CANCELLED]


def found(now=NOON, by=VIEWER, skip=0, limit=50, **wish):
    """Return the names of the batches that fit; their number must be the one that is counted."""
    listed = see(batches.listed, Wish(**wish), skip=skip, limit=limit, by=by, now=now)
    if not skip and limit == 50:
        assert see(batches.counted, Wish(**wish), by=by, now=now) == len(listed)
    return [batch.name for batch in listed]


@pytest.fixture
def a_shelf(database):
    """Make a batch of every badge, by three channels and with different numbers."""
    end = {"expires_on": "2026-06-30"}
    active = change(builders.batch, 4, name="Poster", channel="in_store")
    for who in ("Mia", "Ola"):
        change(builders.claimed, active, change(builders.member, who))
    paused = change(builders.batch, 3, name="letter", channel="email", **end)
    code = change(builders.claimed, paused)
    change(redemptions.redeem_many, [redemptions.Ask(code, CASHIER)], now=NOON)
    change(batches.pause, paused.id, by=ADMIN, now=NOON)
    change(builders.claimed, change(builders.batch, 1, name="Sold 100%", channel="email"))
    change(builders.batch, 2, name="Over", now=NOON - timedelta(days=60))
    change(builders.batch, 1, quantity="9", name="Growing")
    failed = change(builders.batch, 1, quantity="9", name="Broken")
    change(batches.fail, failed.id)
    return active


@pytest.mark.parametrize("badge", Badge)
def test_a_filter_finds_exactly_the_batches_whose_cards_say_so(a_shelf, badge):
    says = {batch.name for batch in rows(Batch) if rules.badge(batch, NOON) is badge}

    assert says
    assert set(found(badge=badge)) == says


@pytest.mark.requirement("S3-2")
@pytest.mark.parametrize(
    ("sort", "first"),
    [
        (Sort.NEWEST, ["Broken", "Growing", "Over"]),
        (Sort.NAME, ["Broken", "Growing", "letter"]),
        (Sort.EXPIRY, ["letter"]),
        (Sort.CLAIMED, ["Poster", "Sold 100%", "letter"]),
        (Sort.RATE, ["letter", "Sold 100%", "Poster"]),
        (Sort.LEFT, ["Sold 100%", "Over", "letter"]),
    ],
)
def test_a_sort_puts_first_what_it_says(a_shelf, sort, first):
    assert found(sort=sort)[: len(first)] == first


def test_what_is_over_stands_behind_what_ends_next(a_shelf):
    assert found(sort=Sort.EXPIRY)[-1] == "Over"


@pytest.mark.parametrize(
    ("wish", "names"),
    [
        ({"text": "  LETT "}, ["letter"]),
        ({"text": "%"}, ["Sold 100%"]),
        ({"text": "_"}, []),
        ({"channel": Channel.EMAIL}, ["Sold 100%", "letter"]),
        ({"channel": Channel.EMAIL, "badge": Badge.PAUSED}, ["letter"]),
        ({"offer_id": 1}, ["Poster"]),
        ({"below": 2}, ["Poster"]),
    ],
)
def test_a_wish_narrows_the_list(a_shelf, wish, names):
    assert found(**wish) == names


def test_a_list_is_read_a_page_at_a_time(a_shelf):
    pages = [found(skip=skip, limit=4) for skip in (0, 4, 8)]

    assert [len(page) for page in pages] == [4, 2, 0]
    assert [name for page in pages for name in page] == found()


def test_staff_and_strangers_see_no_batches():
    for by in (CASHIER, STRANGER):
        for query in (batches.listed, batches.counted):
            with pytest.raises(ForbiddenError):
                see(query, Wish(), by=by, now=NOON)


def test_redemptions_are_frozen_and_allowed_again_apart_from_claims():
    made = change(builders.batch)
    change(builders.claimed, made)
    before = rows(Code)

    for _ in range(2):
        change(batches.freeze, made.id, by=MARKETER, now=NOON)
    kept = see(batches.get, made.id)
    assert (kept.redemptions_frozen, kept.status) == (True, BatchStatus.ACTIVE)
    assert change(builders.claimed, made, change(builders.member, "Ola"))
    change(batches.pause, made.id, by=ADMIN, now=NOON)
    assert see(batches.get, made.id).redemptions_frozen
    change(batches.unfreeze, made.id, by=MARKETER, now=NOON)
    assert not see(batches.get, made.id).redemptions_frozen
    assert [entry.verb for entry in rows(AuditEntry)][-3:] == ["freeze", "pause", "unfreeze"]
    assert rows(Code)[0] == before[0]


def test_a_batch_gets_another_name_and_channel():
    made = change(builders.batch, channel="email")

    change(batches.rename, made.id, name="  Summer   letter ", by=MARKETER, now=NOON)
    assert (see(batches.get, made.id).name, see(batches.get, made.id).channel) == ("Summer letter", Channel.EMAIL)
    change(batches.rename, made.id, channel="", by=MARKETER, now=NOON)
    assert see(batches.get, made.id).channel is None
    entries = len(rows(AuditEntry))
    change(batches.rename, made.id, name="Summer letter", by=MARKETER, now=NOON)
    assert len(rows(AuditEntry)) == entries


@pytest.mark.parametrize(("field", "value"), [("name", "  "), ("name", "x" * 81), ("channel", "pigeon")])
def test_a_name_or_channel_that_is_none_changes_nothing(field, value):
    made = change(builders.batch)

    with pytest.raises(InvalidError) as refused:
        change(batches.rename, made.id, **{field: value}, by=ADMIN, now=NOON)
    assert refused.value.problems.keys() == {field}
    assert see(batches.get, made.id).name == "Summer"


@pytest.mark.requirement("S3-21")
@pytest.mark.parametrize("typed", ["", "summer", "Summer 2", "Summe"])
def test_nothing_is_deleted_before_its_name_is_typed(typed):
    made = change(builders.batch)
    change(batches.pause, made.id, by=ADMIN, now=NOON)

    with pytest.raises(InvalidError) as refused:
        change(batches.delete, made.id, typed_name=typed, by=ADMIN, now=NOON)
    assert refused.value.problems.keys() == {"typed_name"}
    assert see(batches.get, made.id)
    assert rows(BatchTombstone) == []


@pytest.mark.requirement("S3-35")
def test_a_batch_that_gives_vouchers_is_paused_before_it_is_deleted():
    made = change(builders.batch)
    before = rows(Code)

    with pytest.raises(NotPossibleNowError, match="Pause the batch first"):
        change(batches.delete, made.id, typed_name="Summer", by=ADMIN, now=NOON)
    assert rows(Code) == before
    assert rows(BatchTombstone) == []

    change(batches.pause, made.id, by=ADMIN, now=NOON)
    change(batches.delete, made.id, typed_name="  Summer ", by=ADMIN, now=NOON)
    assert rows(Code) == []


def test_the_database_lets_go_exactly_the_batches_that_the_rules_let_go(a_shelf):
    started = change(builders.batch, 1, quantity="9", name="Started")
    change(builders.claimed, started)
    may = {batch.name for batch in rows(Batch) if rules.may_delete(batch, NOON)}
    gone = set()

    for batch in rows(Batch):
        try:
            change(batches.delete, batch.id, typed_name=batch.name, by=ADMIN, now=NOON)
        except NotPossibleNowError:
            continue
        gone.add(batch.name)
    assert gone == may == {"letter", "Sold 100%", "Over", "Growing", "Broken"}
    assert {batch.name for batch in rows(Batch)} == {"Poster", "Started"}


@pytest.mark.requirement("S3-19")
def test_an_impact_counts_what_is_lost():
    made = change(builders.batch, 5, valid_days="3")
    code = change(builders.claimed, made)
    change(builders.claimed, made, change(builders.member, "Ola"))
    change(builders.claimed, made, change(builders.member, "Piotr"), now=NOON + timedelta(days=5))
    change(redemptions.redeem_many, [redemptions.Ask(code, CASHIER)], now=NOON)

    impact = see(batches.impact, made.id, by=ADMIN, now=NOON + timedelta(days=6))
    assert (impact.batch.claimed, impact.batch.redeemed, impact.usable) == (3, 1, 1)


@pytest.mark.requirement("S3-19", "S3-21")
def test_an_impact_counts_the_refused_scans_that_nobody_has_put_aside():
    made = change(builders.batch, 5)
    other = change(builders.batch, 1, name="Other")
    code = change(builders.claimed, made)
    elsewhere = change(builders.claimed, other)
    late = [redemptions.Ask(text, CASHIER, scanned_at=NOON) for text in (code, code, code, elsewhere, elsewhere, code)]
    change(redemptions.redeem_many, [*late, redemptions.Ask(code, CASHIER)], now=NOON)
    settled = next(one for one in see(conflicts.conflicts, by=ADMIN) if one.code.replace("-", "") == code)
    change(conflicts.settle, settled.id, by=ADMIN, now=NOON)

    impact = see(batches.impact, made.id, by=ADMIN, now=NOON)
    assert impact.waiting == 2
    program = see(programs.current)
    assert [words for words in say_impact(impact, program) if "Redemptions page" in words] == [
        "2 scans made without a connection were refused, wait on the Redemptions page, and are lost."
    ]
    assert not any("Redemptions page" in words for words in say_impact(replace(impact, waiting=0), program))
    scans = change(builders.scan_batch)
    of_scans = replace(see(batches.impact, scans.id, by=ADMIN, now=NOON), waiting=1)
    assert "One scan made without a connection was refused" in say_impact(of_scans, program)[-2]


@pytest.mark.parametrize(
    "change_of", ["claimed = made + 1", "redeemed = claimed + 1", "redeemed = -1", "made = total + 1"]
)
def test_the_database_itself_refuses_impossible_counters(database, change_of):
    change(builders.batch, 3)

    with pytest.raises(sa.exc.IntegrityError), database.begin() as connection:
        connection.execute(sa.text(f"update batch set {change_of}"))


def test_a_failed_batch_goes_on_where_it_stopped():
    made = change(builders.batch, 4, quantity="10")
    (job,) = rows(Job)
    change(batches.fail, made.id)
    change(jobs.finish, job.id, JobStatus.FAILED, "ValueError")

    change(batches.go_on, made.id, by=MARKETER, now=NOON)

    assert see(batches.get, made.id).status is BatchStatus.GENERATING
    (job,) = rows(Job)
    assert (job.status, job.done, job.problem) == (JobStatus.QUEUED, 4, "")


def test_a_batch_that_did_not_fail_cannot_go_on():
    made = change(builders.batch)
    before = rows(Job)

    change(batches.go_on, made.id, by=MARKETER, now=NOON)

    assert rows(Job) == before
    assert see(batches.get, made.id).status is BatchStatus.ACTIVE
