"""A person is forgotten, and every number stays."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import col

from loyalty_app import worker
from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, AccountSession, SignUp
from loyalty_app.audit import service as audit
from loyalty_app.audit.models import AuditEntry
from loyalty_app.batches import service as batches
from loyalty_app.batches.fields import Field, FieldType
from loyalty_app.claims import service as claims
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core import answered, database, times
from loyalty_app.core.actor import STRANGER
from loyalty_app.core.config import settings
from loyalty_app.core.errors import ForbiddenError, InvalidError, NotFoundError
from loyalty_app.core.languages import ENGLISH
from loyalty_app.core.reasons import Reason
from loyalty_app.dashboard import service as dashboard
from loyalty_app.directory.erasure import erase, forecast
from loyalty_app.directory.state import say_erasure
from loyalty_app.jobs import engine
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import Job, JobStatus
from loyalty_app.mail import rules as letters_rules
from loyalty_app.mail.models import Mail
from loyalty_app.members import service as members
from loyalty_app.members.models import Member
from loyalty_app.members.service import Changes, ErasedError, Wish
from loyalty_app.points import service as ledger
from loyalty_app.points.models import EntryKind, PointsEntry
from loyalty_app.program import service as programs
from loyalty_app.redemptions import history, search, step
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Attempt, Redemption
from loyalty_app.redemptions.service import Ask, Redeemed
from tests import builders
from tests.builders import ADMIN, CASHIER, LEAD, MARKETER, NOON, OTHER_CASHIER
from tests.doors import at_once, change, rows, see
from tests.programs import Program, once

pytestmark = pytest.mark.usefixtures("database")

NAME = "Zofia Wójcik"
EMAIL = "zofia.wójcik@example.com"
PHONE = "+48 22 555 01 23"
MARKS = ("zofia", "wójcik", "w\\u00f3jcik", "555 01 23")


@pytest.fixture(autouse=True)
def counters_equal_rows(database):
    yield
    assert see(dashboard.differences) == []


@pytest.fixture
def zofia(database):
    return change(builders.member, NAME)


def gone(member_id=1, name=NAME, by=ADMIN, now=NOON):
    return change(erase, member_id, typed_name=name, by=by, now=now)


def redeem(text, by=CASHIER, *, now=NOON, **more):
    (answer,) = change(redemptions.redeem_many, [Ask(text, by, **more)], now=now)
    return answer


def claim(batch, by, now=NOON):
    (answer,) = change(claims.claim_many, [claims.Ask(batch.claim_token, by)], now=now)
    return answer


def everything(session):
    """Every text of every column of every table, in small letters."""
    names = sa.inspect(session.connection()).get_table_names()
    found = {}
    for name in names:
        for row in session.connection().exec_driver_sql(f'select * from "{name}"').mappings():
            for column, value in row.items():
                if isinstance(value, str | dict | list):
                    found.setdefault(f"{name}.{column}", []).append(str(value).lower())
    return found


def numbers(session):
    return dashboard.totals(session, by=ADMIN), dashboard.printed(session, by=ADMIN, now=NOON)


def named(*marks):
    return {where for where, texts in see(everything).items() for text in texts if any(mark in text for mark in marks)}


@pytest.mark.requirement("S2-13")
def test_whoever_erases_is_told_how_many_vouchers_are_lost_of_however_many(zofia):
    for _ in range(51):
        change(builders.claimed, change(builders.batch, 1), zofia)
    used, disabled, late = (change(builders.claimed, change(builders.batch, 1), zofia) for _ in range(3))
    redeem(used)
    change(codes.disable, disabled, by=ADMIN, now=NOON)
    change(lambda session: session.execute(sa.update(Code).where(col(Code.code) == late).values(expires_at=NOON)))

    found = see(forecast, 1, by=ADMIN, now=NOON)

    assert (found.member.name, found.vouchers) == (NAME, 51)
    assert "51 vouchers that they have not used" in " ".join(say_erasure(found, see(programs.current)))
    with pytest.raises(ForbiddenError):
        see(forecast, 1, by=MARKETER, now=NOON)


@pytest.mark.requirement("S2-13")
def test_nothing_names_the_person_afterwards_and_every_number_stays(zofia):
    change(members.update, 1, Changes(phone=PHONE), by=ADMIN, now=NOON)
    coffee = change(builders.batch)
    cups = change(builders.scan_batch, 3, points=20, fields=(Field("Your name", FieldType.TEXT),))
    used, kept = change(builders.claimed, coffee, zofia), change(builders.claimed, change(builders.batch), zofia)
    redeem(used)
    redeem(f"my name is {NAME}", zofia)
    redeem(builders.link(cups), zofia, answers={"Your name": NAME})
    wrong = redeem(builders.link(cups, 2), zofia, answers={"Your name": NAME})
    change(redemptions.reverse, wrong.id, reason=f"{NAME} asked twice", by=LEAD, now=NOON)
    change(ledger.adjust, 1, 5, f"{NAME} waited long", by=ADMIN, now=NOON)
    change(audit.record, "note", "member 1", f"For {NAME.upper()}, {EMAIL}", by=ADMIN, now=NOON)
    change(audit.record, "note", "batch 1", f"For {EMAIL.upper()}, {PHONE}", by=ADMIN, now=NOON)
    redeem(f"{NAME.upper()}, Kraków")
    redeem(f"{EMAIL}!")
    redeem(f"call {PHONE}")
    change(audit.record, "change_password", "account 7", by=zofia, now=NOON)
    change(answered.answer_before, "key:1", "k", "f", now=NOON)
    change(answered.keep, "key:1", "k", 201, f'{{"id":1,"email":"old@example.com","name":"{NAME}"}}')
    change(answered.answer_before, "key:1", "no", "f", now=NOON)
    change(answered.keep, "key:1", "no", 409, f'{{"x": [{{"member": {{"id": 1, "name": "{NAME}"}}}}]}}')
    paid = Program().post("/members/1/points", {"points": 2, "reason": f"For {NAME}"}, **once("paid"))
    assert paid.status_code == 201
    change(answered.answer_before, "key:1", "mail", "f", now=NOON)
    change(answered.keep, "key:1", "mail", 409, json.dumps({"detail": f"There is {EMAIL}, {NAME}."}))
    change(accounts.ask_for_reset, EMAIL, ENGLISH, peer=builders.PEER, now=NOON)
    change(accounts.ask_to_join, builders.newcomer(NAME), ENGLISH, peer=builders.PEER, now=NOON)
    change(accounts.open_session, rows(Account)[-1], now=NOON)
    nina = change(builders.member, "Nina")
    change(builders.claimed, coffee, nina)
    before = see(numbers)
    assert len(named(*MARKS)) >= 12, named(*MARKS)

    member = gone()

    assert named(*MARKS) == set()
    assert named("nina") >= {"member.name", "member.email", "account.name"}
    assert (member.name, member.erased_at, member.account_id, member.points) == ("Erased member 1", NOON, None, 27)
    assert see(numbers) == before
    assert [one.code for one in rows(Code) if one.disabled] == [kept]
    assert {one.account_id for one in rows(AccountSession)} == {nina.account_id}
    assert rows(SignUp) == rows(Mail) == []
    assert {line.member for line in see(history.listed, history.Wish(member_id=1), limit=9, by=ADMIN)} == {member.name}
    assert [one.title for one in rows(PointsEntry) if one.kind is EntryKind.ADJUSTMENT] == ["[erased]"] * 2
    told = [entry.details for entry in rows(AuditEntry) if entry.verb in {"note", "reverse"}]
    assert told == ["[erased] asked twice", *["For [erased], [erased]"] * 2]


def test_the_audit_log_is_read_once_for_it(zofia):
    change(builders.member, "Nina")
    change(ledger.adjust, 1, 5, "Waited long", by=ADMIN, now=NOON)
    change(ledger.adjust, 2, 5, "Nina waited", by=ADMIN, now=NOON)
    read = []
    listen = (database.engine(), "before_cursor_execute", lambda *told: read.append(told[2]))
    sa.event.listen(*listen)
    try:
        gone()
    finally:
        sa.event.remove(*listen)

    found = [one.partition("WHERE")[2] for one in read if "FROM audit_entry" in one]
    assert len([one for one in found if "audit_entry.account_id =" not in one]) == 1
    told = [one.details for one in rows(AuditEntry) if one.verb == ledger.ADJUST]
    assert told == ["+5 points: [erased]", "+5 points: Nina waited"]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_no_byte_of_the_database_file_names_them_either(zofia, kind):
    coffee, cups = change(builders.batch, 99), change(builders.scan_batch, 9)
    for number in range(99):  # so that rows have moved between pages
        who = members.Details(f"Guest {number}", f"guest{number}@example.com")
        change(members.create, who, by=ADMIN, now=NOON)
        change(claims.claim_for, coffee.id, number + 2, by=ADMIN, now=NOON)
    change(members.update, 1, Changes(phone=PHONE), by=ADMIN, now=NOON)
    redeem(change(builders.claimed, change(builders.batch), zofia))
    redeem(builders.link(cups), zofia)
    redeem(f"for {NAME}")
    change(ledger.adjust, 1, 5, f"{NAME} waited", by=ADMIN, now=NOON)
    change(accounts.ask_for_reset, EMAIL, ENGLISH, peer=builders.PEER, now=NOON)
    change(builders.deleted, cups.id)
    words = [word.encode() for word in (NAME, EMAIL, PHONE)]
    assert [word in written() for word in words] == [True] * 3, kind

    gone()

    assert [word in written() for word in words] == [False] * 3
    assert b"Guest 98" in written()


@pytest.mark.parametrize("kind", ["sqlite"])
def test_no_three_letters_of_the_name_stay_in_the_index_either(zofia, kind, monkeypatch):
    cups, nina = change(builders.scan_batch, 60), change(builders.member, "Nina")
    for turn, who in enumerate((zofia, nina)):
        asks = [Ask(builders.link(cups, 30 * turn + number), who) for number in range(1, 31)]
        answers = change(redemptions.redeem_many, asks, now=NOON)
        assert all(isinstance(one, Redeemed) for one in answers)
        change(builders.index_all)
    assert letters() == {"ójc", "nin"}, kind
    monkeypatch.setattr(step, "PAGES", 2)

    gone()
    change(redemptions.tidy_later, now=NOON)
    assert "ójc" in letters()
    (job,) = [one for one in rows(Job) if one.kind == redemptions.TIDY_INDEX]
    assert see(jobs.waiting, now=NOON) == []
    assert see(jobs.waiting, now=job.beat_at) == [job.id]
    monkeypatch.setattr(times, "now", lambda: job.beat_at)
    engine.run(job.id, worker.KINDS)

    assert rows(Job)[-1].status is JobStatus.DONE
    assert letters() == {"nin"}
    assert "ójc".encode()[1:] not in written()
    assert see(search.differences) == []


def test_an_index_is_tidied_only_where_there_is_one(database):
    job = change(jobs.enqueue, redemptions.TIDY_INDEX, 0, redemptions.TIDY_STEPS, now=NOON)

    engine.run(job.id, worker.KINDS)

    is_here = database.dialect.name == "sqlite"
    assert rows(Job)[-1].status is (JobStatus.DONE if is_here else JobStatus.CANCELLED)


def letters():
    """Return which of some threes of letters SQLite's index holds: a term lacks what it shares with the one before."""
    found = b"".join(see(lambda session: session.scalars(sa.text("select block from redemption_search_data")).all()))
    return {three for three in ("ójc", "nin") if three.encode()[1:] in found}


def written():
    """Return every byte that the database has on the disk."""
    file = Path(database.engine().url.database)
    return b"".join(one.read_bytes() for one in sorted(file.parent.glob(f"{file.name}*")))


def test_what_is_of_others_stays_though_it_holds_the_same_letters(database):
    change(members.create, members.Details("Al", "al@example.com", "1000"), by=ADMIN, now=NOON)
    for details in ("Al: 1000 vouchers", "Alaska, jo.al@example.com", "al@example.com, 1000"):
        change(audit.record, "note", "batch 1", details, by=ADMIN, now=NOON)
    nina = change(builders.member, "Al Nina")
    redeem("Total malice")
    other = redeem(change(builders.claimed, change(builders.batch), nina))
    change(redemptions.reverse, other.id, reason="Al of al@example.com said so", by=LEAD, now=NOON)
    kept = {
        "member": '{"id":2,"email":"jo.al@example.com","name":"Al Nina"}',
        "offer": '{"id":1,"name":"Al","price":1000}',
        "redemption": '{"id":1,"memberId":11,"member":{"id":11,"name":"Al"}}',
    }
    for key, body in kept.items():
        change(answered.answer_before, "key:1", key, "f", now=NOON)
        change(answered.keep, "key:1", key, 201, body)

    gone(name="Al")

    told = [one.details for one in rows(AuditEntry) if one.verb in {"note", "reverse"}]
    assert told[:3] == ["Al: 1000 vouchers", "Alaska, jo.al@example.com", "[erased], 1000"]
    assert told[3] == rows(Redemption)[0].reversal_reason == "Al of [erased] said so"
    assert {one.key: one.body for one in rows(answered.Answered)} == kept
    assert "Total malice" in {one.text for one in rows(Attempt)}


def test_letters_in_the_outbox_folder_go_too(zofia, tmp_path, monkeypatch):
    monkeypatch.setattr(settings(), "data_dir", tmp_path)
    folder = tmp_path / "outbox"
    folder.mkdir()
    letters = [
        Mail(id=number, recipient=address, subject="", body="", created_at=NOON)
        for number, address in ((901, EMAIL), (902, "x-" + EMAIL), (903, "nina@example.com"))
    ]
    files = [folder / letters_rules.file_name(one) for one in letters]
    for file in files:
        file.write_text("Hello")

    gone()

    assert [file.exists() for file in files] == [False, True, True]


def test_who_is_erased_neither_signs_in_claims_redeems_nor_is_changed(zofia):
    coffee, cups = change(builders.batch), change(builders.scan_batch, 3)
    code = change(builders.claimed, coffee, zofia)
    gone()

    assert see(accounts.with_address, EMAIL) is None
    assert claim(change(builders.batch), zofia).reason is Reason.LOGIN_REQUIRED
    assert redeem(code).reason is Reason.DISABLED
    assert redeem(builders.link(cups), zofia).reason is Reason.LOGIN_REQUIRED
    assert redeem(builders.link(cups), member_id=1).reason is Reason.LOGIN_REQUIRED
    with pytest.raises(NotFoundError):
        change(claims.claim_for, coffee.id, 1, by=ADMIN, now=NOON)
    with pytest.raises(ErasedError):
        change(members.update, 1, Changes(name="Zofia"), by=ADMIN, now=NOON)
    with pytest.raises(ErasedError):
        change(ledger.adjust, 1, 5, "Why", by=ADMIN, now=NOON)
    with pytest.raises(ErasedError):
        gone(name="Erased member 1")


def test_what_is_switched_on_or_taken_back_afterwards_is_still_nobodys(zofia):
    coffee, other = change(builders.batch), change(builders.batch, name="Other")
    code, used = change(builders.claimed, coffee, zofia), change(builders.claimed, other, zofia)
    done = redeem(used)
    gone()

    change(codes.enable_all, coffee.id, by=ADMIN, now=NOON)
    change(redemptions.reverse, done.id, reason="Too late", by=LEAD, now=NOON)

    assert [redeem(one).reason for one in (code, used)] == [Reason.DISABLED] * 2


def test_a_used_voucher_still_says_that_it_was_used(zofia):
    code = change(builders.claimed, change(builders.batch), zofia)
    redeem(code)
    gone()

    again = redeem(code, OTHER_CASHIER)

    assert (again.reason, again.voucher.member) == (Reason.ALREADY_REDEEMED, "Erased member 1")


def test_the_same_address_joins_again_as_somebody_new(zofia):
    gone()

    change(builders.member, NAME)

    assert [(one.id, one.email) for one in rows(Member) if not one.erased_at] == [(2, EMAIL)]


def test_the_list_shows_the_erased_only_when_asked(zofia):
    change(builders.member, "Nina")
    gone()

    assert [one.name for one in see(members.listed, Wish(), by=MARKETER)] == ["Nina"]
    assert [one.name for one in see(members.listed, Wish(is_erased=True), by=MARKETER)] == ["Erased member 1"]


@pytest.mark.parametrize("typed", ["", "Zofia", "zofia wójcik"])
def test_the_name_has_to_be_typed(zofia, typed):
    with pytest.raises(InvalidError):
        gone(name=typed)

    assert rows(Member)[0].name == NAME


@pytest.mark.parametrize("by", [MARKETER, LEAD, CASHIER, STRANGER], ids=lambda one: one.name or "stranger")
def test_only_who_manages_members_erases_one(zofia, by):
    with pytest.raises(ForbiddenError):
        gone(by=by)


def test_somebody_who_works_here_under_the_same_address_stays(database):
    change(members.create, members.Details("Kasia K", "kasia@example.com"), by=ADMIN, now=NOON)
    change(accounts.ask_for_reset, "kasia@example.com", ENGLISH, peer=builders.PEER, now=NOON)

    gone(name="Kasia K")

    assert see(accounts.with_address, "kasia@example.com").name == "Kasia"
    assert len(rows(Mail)) == 1


@pytest.mark.usefixtures("other_processes")
@pytest.mark.parametrize("turn", range(6))
def test_a_claim_and_a_redemption_at_the_same_moment_come_before_it_or_are_refused(zofia, turn):
    now = times.now()
    coffee, cups = change(builders.batch, now=now), change(builders.scan_batch, now=now)
    held = change(builders.claimed, change(builders.batch, name="Held", now=now), zofia, now=now)

    def again(verb, ask):
        return lambda: database.answer_all(verb, [ask])[0]

    def adjust():
        with suppress(ErasedError):
            return change(ledger.adjust, 1, 3, f"{NAME} waited", by=ADMIN, now=now)

    _, adjusted, claimed, paid, used, undone = at_once(
        [
            lambda: gone(now=now),
            adjust,
            again(claims.claim_many, claims.Ask(coffee.claim_token, zofia)),
            again(redemptions.redeem_many, Ask(builders.link(cups), zofia)),
            again(redemptions.redeem_many, Ask(held, CASHIER)),
            again(redemptions.redeem_many, Ask(builders.link(cups, 2), CASHIER, member_id=1)),
        ]
    )

    assert isinstance(claimed, claims.Claimed) or claimed.reason is Reason.LOGIN_REQUIRED
    for answer, no in ((paid, Reason.LOGIN_REQUIRED), (used, Reason.DISABLED), (undone, Reason.LOGIN_REQUIRED)):
        assert isinstance(answer, Redeemed) or answer.reason is no
    assert named(*MARKS) == set()
    assert {one.status for one in rows(Code) if one.member_id and not one.disabled} <= {CodeStatus.REDEEMED}
    assert len(rows(Redemption)) == sum(isinstance(one, Redeemed) for one in (paid, used, undone))
    assert see(batches.get, coffee.id).claimed == isinstance(claimed, claims.Claimed)
    assert rows(Member)[0].points == sum(one.points for one in rows(Redemption)) + (adjusted.points if adjusted else 0)
