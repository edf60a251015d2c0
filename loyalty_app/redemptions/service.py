"""Redeem codes exactly once, take it back, and keep every attempt."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from loyalty_app.accounts import service as accounts
from loyalty_app.audit import service as audit
from loyalty_app.batches import fields
from loyalty_app.batches import service as batches
from loyalty_app.codes import service as codes
from loyalty_app.core import database, live
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import ForbiddenError, InvalidError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.core.texts import Redaction, storable
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import JobStatus
from loyalty_app.members import service as members
from loyalty_app.places import service as places
from loyalty_app.points import service as ledger
from loyalty_app.points.models import EntryKind
from loyalty_app.points.service import Movement
from loyalty_app.program import service as programs
from loyalty_app.redemptions import history, rules
from loyalty_app.redemptions.asks import (
    AmountNeeded,
    Answer,
    Ask,
    Bad,
    Checked,
    Explained,
    Hit,
    Incomplete,
    Redeemed,
    Refused,
    Voucher,
    Worth,
    find,
    hit_of,
    looked_up,
    names_of,
    recognised,
)
from loyalty_app.redemptions.history import Line
from loyalty_app.redemptions.models import Attempt, Redemption, RedemptionStatus

TOPIC = "redemptions"
TIDY_INDEX = "tidy_index"
TIDY_STEPS = 2
"""Begun, and over; nobody knows before how many steps are between."""
TIDIED_AFTER = timedelta(minutes=5)
"""A whole merge takes seconds of a worker: one for all who are forgotten meanwhile."""
NOBODY = 0
"""No member has this number: no voucher is theirs, and nothing is paid to them."""

_Name = tuple[int | str | None, int | None, str]
"""What an attempt is known by: who sent it, or on which device, and the device's number for it."""


@dataclass(frozen=True)
class Reversed:
    """The redemption does not count any more."""

    redemption: Line
    stands: Reason | None = None
    """Why the next scan of its code would be refused all the same."""


def redeem_many(session: Session, asks: Sequence[Ask], *, now: datetime) -> list[Answer]:
    """Redeem each code if the rules allow it; all asks share this transaction.

    A refusal is an answer, not an error, and is kept like an acceptance. An ask is answered as if those
    before it in the list had come first. A member redeems for themselves, and only what pays points.
    """
    for ask in asks:
        ask.by.must(Permission.CLAIM if _is_member(ask.by) else Permission.REDEEM)
        if ask.goodwill:
            ask.by.must(Permission.GOODWILL)
        _must_be_acceptable(ask, now)
    _must_be_enrolled(session, asks)
    asks = _of_who_scanned(session, _for_themselves(session, asks))
    read = recognised(session, asks)
    hits = find(session, {what.code for what in read if isinstance(what, rules.CodeText)})
    asks = [_in_time(ask, hit_of(hits, what), now) for ask, what in zip(asks, read, strict=True)]
    asks = _without_erased(session, asks)
    answered = _answered_before(session, asks, hits)
    named = places.names(session, {ask.at_place for ask in asks if ask.at_place})

    answers: list[Answer] = []
    fresh: list[int] = []
    alone: dict[int, tuple[Reason, datetime]] = {}
    for number, (ask, what) in enumerate(zip(asks, read, strict=True)):
        hit = hit_of(hits, what)
        repeated = _repeated(ask, answered)
        if repeated:
            again = repeated.to(ask)
            if isinstance(again, Refused):
                if ask.scanned_at and repeated.attempt_id and again.reason is not Reason.NONCE_REUSED:
                    alone[repeated.attempt_id] = again.reason, ask.scanned_at
                if again.reason is Reason.EXPIRED:
                    again = _forgivable(again, _answer(what, hit, replace(ask, goodwill=""), now))
            answers.append(again)
            continue
        answer = _answer(what, hit, ask, now, place=named.get(ask.at_place or 0, ""))
        if isinstance(answer, Incomplete | AmountNeeded):
            answers.append(answer)
            continue
        if hit and isinstance(answer, Redeemed):
            hits[hit.code.code] = hit.used(answer.voucher)  # for those after it in the list
        answered |= dict.fromkeys(_names_of_attempt(ask), _Answered(rules.kept(ask.text), answer))
        answers.append(answer)
        fresh.append(number)

    new = [_New(asks[number], answers[number], hit_of(hits, read[number])) for number in fresh]
    made = _record(session, new, now=now)
    _keep_scans_alone(session, alone)
    numbered = [_numbered(answer, hit_of(hits, what), made) for answer, what in zip(answers, read, strict=True)]
    return [
        _outward(_of_kind(answer, what), ask) if isinstance(answer, Refused) else answer
        for answer, what, ask in zip(numbered, read, asks, strict=True)
    ]


def validate(session: Session, ask: Ask, *, now: datetime) -> Checked:
    """Check a code as redeeming would; nothing is redeemed, and nothing is kept of it."""
    ask.by.must(Permission.REDEEM)
    _must_be_acceptable(ask, now)
    (what,) = recognised(session, [ask])
    hit = looked_up(session, what)
    asked = tuple(fields.loaded(hit.batch.fields)) if hit else ()
    match _answer(what, hit, ask, now):
        case Redeemed() | Incomplete() | AmountNeeded():
            return Checked((), hit.voucher if hit else None, asked)
        case Refused(reason, voucher, also, is_goodwill_allowed):
            return Checked((reason, *also), voucher, asked, is_goodwill_allowed)


def explain(session: Session, ask: Ask, *, now: datetime) -> Explained:
    """Return what each check says of a code, as redeeming at a counter would; nothing is redeemed or kept."""
    ask.by.must(Permission.SUPPORT)
    _must_be_acceptable(ask, now)
    (what,) = recognised(session, [ask])
    hit = looked_up(session, what)
    if hit is None:
        return Explained((_why_nothing(what),), {}, None)
    reasons = rules.refusals(hit.facts, now, member_id=ask.member_id, amount=ask.amount)
    return Explained(reasons, rules.verdicts(hit.facts, rules.Told(now, ask.member_id, ask.amount)), hit)


def look(session: Session, text: str, *, by: Actor, now: datetime) -> Worth | Refused:
    """Return what a scan code pays to who redeems it, or why it does not, as far as anybody may know.

    It is for strangers too, consumes nothing, and keeps nothing. Who redeemed it themselves is told when.
    """
    by.must(Permission.PUBLIC)
    (ask,) = _for_themselves(session, [Ask(text, by)])
    (what,) = recognised(session, [ask])
    hit = looked_up(session, what)
    refused = _answer(what, hit, ask, now)
    if hit and hit.facts.is_scan:
        reasons = () if not isinstance(refused, Refused) else (refused.reason, *refused.also)
        stands = [reason for reason in reasons if reason is not Reason.LOGIN_REQUIRED]
        if not stands:
            voucher, asked = hit.voucher, fields.loaded(hit.batch.fields)
            return Worth(voucher.code, voucher.promise, voucher.points, asked, voucher.expires_at, voucher.batch_id)
        return _outward(Refused(stands[0], hit.voucher), ask)
    return _outward(refused, ask) if isinstance(refused, Refused) else Refused(Reason.UNKNOWN_CODE)


def reverse(session: Session, redemption_id: int, *, reason: str, by: Actor, now: datetime) -> Reversed | Refused:
    """Take a redemption or a goodwill back; its row and its attempt stay, and its code is as it was before.

    Staff undo their own last scans, for the minutes that the program sets; who has the permission, any at any time
    with a reason.
    """
    if not by.may(Permission.REVERSE_REDEMPTIONS):
        by.must(Permission.REDEEM)
    redemption = session.get(Redemption, redemption_id)
    # The code, its batch, its member and only then its redemption, as everybody holds them; else there are deadlocks.
    if redemption is None or not codes.hold(session, redemption.code_id):
        raise NotFoundError("redemption")
    why = " ".join(storable(reason).split())
    minutes = programs.current(session).undo_minutes
    was_by, own_id = redemption.account_id, by.account_id
    if by.api_key_id is not None:
        was_by, own_id = redemption.api_key_id, by.api_key_id
    may_undo = rules.may_undo(was_by, redemption.at, own_id, minutes, now=now)
    if not may_undo and not by.may(Permission.REVERSE_REDEMPTIONS):
        return Refused(Reason.REVERSAL_DENIED)
    if may_undo and not why:
        why = rules.UNDONE
    if not 0 < len(why) <= rules.MOST_EXPLANATION:
        raise InvalidError(reason=f"Say why, in at most {rules.MOST_EXPLANATION} characters.")
    if redemption.points and redemption.member_id:
        ledger.hold(session, [redemption.member_id])
    undone = session.connection().execute(
        _REVERSE, {"redemption": redemption_id, "now": now, "name": by.name[:80], "why": why}
    )
    if not undone.rowcount:  # the one statement that decides
        return Refused(Reason.ALREADY_REVERSED)

    holder_id = redemption.member_id
    if redemption.status is not RedemptionStatus.GOODWILL:  # that used nothing up, and counted nowhere
        holder_id = codes.untake(session, redemption.code_id)
        batches.count_redemptions(session, redemption.batch_id, -1, at=redemption.at)
    if redemption.points and redemption.member_id:
        title = batches.get(session, redemption.batch_id).title
        back = Movement(redemption.member_id, -redemption.points, EntryKind.REVERSAL, redemption_id, title, by.name)
        ledger.move(session, [back], now=now)
    audit.record(session, "reverse", f"redemption {redemption_id}", why, by=by, now=now)
    live.announce(session, batches.TOPIC, TOPIC, codes.topic_of(holder_id))
    return Reversed(history.line(session, redemption_id, by), _stands_after_undo(session, redemption, now))


def stands_after_undo(session: Session, redemption_id: int, *, by: Actor, now: datetime) -> Reason | None:
    """Return why the next scan of a code would be refused if this redemption were undone now, if it would."""
    by.must(Permission.VIEW_REDEMPTIONS)
    redemption = session.get(Redemption, redemption_id)
    if redemption is None:
        raise NotFoundError("redemption")
    return _stands_after_undo(session, redemption, now)


def forget(session: Session, member_id: int, words: Redaction, contact: Redaction) -> list[int]:
    """Take out of redemptions what a member told, and out of reasons and what was typed who they are.

    Return the numbers of their redemptions that have reasons. In those of others only what reaches them is looked
    for: what is their name may be an ordinary word there.
    """
    session.connection().execute(sa.update(Redemption).where(col(Redemption.member_id) == member_id).values(answers={}))
    given = sa.or_(col(Redemption.goodwill_reason) != "", col(Redemption.reversal_reason) != "")
    own = session.exec(select(Redemption).where(Redemption.member_id == member_id, given)).all()
    # The words of an index: only what is not simply recorded has a reason.
    has_reason = col(Redemption.status) != sa.literal_column(f"'{RedemptionStatus.RECORDED}'")
    reaches = sa.or_(*map(contact.may_be_in, (col(Redemption.goodwill_reason), col(Redemption.reversal_reason))))
    others = session.exec(
        select(Redemption).where(col(Redemption.member_id).is_distinct_from(member_id), has_reason, reaches)
    ).all()
    for redaction, found in ((words, own), (contact, others)):
        for one in found:
            one.goodwill_reason, one.reversal_reason = map(redaction.of, (one.goodwill_reason, one.reversal_reason))
            session.add(one)
    # What is no code of ours may be anything that people type, staff too: of them nobody is told whose it was.
    no_code = col(Attempt.code_id).is_(None)
    theirs = sa.select(col(Attempt.id), col(Attempt.text)).where(no_code, words.may_be_in(col(Attempt.text)))
    named = [number for number, text in session.execute(theirs) if words.is_in(text)]
    empty = sa.update(Attempt).where(col(Attempt.id) == sa.bindparam("number")).values(text="")
    session.connection().execute(sa.update(Attempt).where(col(Attempt.member_id) == member_id, no_code).values(text=""))
    if named:
        session.connection().execute(empty, [{"number": number} for number in named])
    live.announce(session, TOPIC)
    return [one.id or 0 for one in own]


def tidy_later(session: Session, *, now: datetime) -> None:
    """Let a worker take out of SQLite's index what it still holds of a changed name; one job for all of some minutes.

    PostgreSQL does it itself.
    """
    if not database.is_sqlite(session.connection()):
        return
    job = jobs.newest(session, TIDY_INDEX)
    if job is None or job.status is not JobStatus.QUEUED:
        queued = jobs.enqueue(session, TIDY_INDEX, 0, TIDY_STEPS, now=now)
        queued.beat_at = now + TIDIED_AFTER
        session.add(queued)


@dataclass(frozen=True)
class _New:
    """An ask that was not answered before, with its answer and what was found."""

    ask: Ask
    answer: Answer
    hit: Hit | None

    @property
    def member_id(self) -> int | None:
        """Return whose attempt it is: of a voucher its holder, else who was told."""
        held = self.hit.code.member_id if self.hit and not self.hit.facts.is_scan else None
        return held or self.ask.member_id or None


@dataclass(frozen=True)
class _Won:
    """An ask that redeems its voucher, or honours it."""

    ask: Ask
    hit: Hit
    voucher: Voucher
    member_id: int | None

    def row(self, named: Mapping[int, str], now: datetime) -> dict[str, Any]:
        """Return the redemption's columns."""
        status = RedemptionStatus.GOODWILL if self.voucher.is_goodwill else RedemptionStatus.RECORDED
        return {
            "code_id": self.hit.code.id,
            "batch_id": self.hit.code.batch_id,
            "status": status,
            "account_id": self.ask.by.account_id,
            "api_key_id": self.ask.by.api_key_id,
            "place_id": self.ask.at_place,
            "device_id": self.ask.on_device,
            "amount": self.ask.amount,
            "member_id": self.member_id,
            "code_text": self.hit.code.code,
            "member_name": self.voucher.member or named.get(self.member_id or 0, ""),
            "title": self.hit.batch.title,
            "points": self.voucher.points,
            "goodwill_reason": " ".join(storable(self.ask.goodwill).split()) if self.voucher.is_goodwill else "",
            "answers": fields.check(fields.loaded(self.hit.batch.fields), self.ask.answers)[0],
            "at": now,
            "scanned_at": self.ask.scanned_at,
        }


@dataclass(frozen=True)
class _Made:
    """What was written: by code, the redemption's number; by redemption, the balance after it."""

    numbers: dict[int, int] = field(default_factory=dict)
    balances: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Answered:
    """What an attempt with a nonce was answered."""

    text: str
    answer: Redeemed | Refused
    attempt_id: int | None = None
    """Its row, if it was there before."""

    @property
    def voucher(self) -> Voucher | None:
        return self.answer.voucher

    def to(self, ask: Ask) -> Redeemed | Refused:
        if self.text != rules.kept(ask.text):
            return Refused(Reason.NONCE_REUSED)
        # The refusal never reached the device: it went on alone, and gave what another one had given.
        if ask.scanned_at and isinstance(self.answer, Refused) and self.answer.reason is Reason.ALREADY_REDEEMED:
            return Refused(Reason.CONFLICT_OFFLINE, self.voucher)
        return self.answer


def _stands_after_undo(session: Session, redemption: Redemption, now: datetime) -> Reason | None:
    found = find(session, {redemption.code_text}, held=False)
    return rules.stands_after_undo(found[redemption.code_text].facts, now)


def _must_be_enrolled(session: Session, asks: Sequence[Ask]) -> None:
    """Refuse the scans of a device that was revoked since the door looked; until the commit none can be."""
    used = {ask.by.device_id for ask in asks if ask.by.device_id is not None}
    if used and places.hold(session, used) != used:
        raise ForbiddenError


def _must_be_acceptable(ask: Ask, now: datetime) -> None:
    if not rules.is_scan_time(ask.scanned_at, now):
        raise InvalidError(scanned_at="Tell of a scan within a week, and not of one that is still to come.")
    if len(ask.goodwill) > rules.MOST_EXPLANATION:
        raise InvalidError(goodwill=f"Say why, in at most {rules.MOST_EXPLANATION} characters.")
    if not rules.is_nonce(ask.nonce):
        raise InvalidError(nonce=f"Use at most {rules.MOST_NONCE} printable characters.")
    if not rules.is_amount(ask.amount):
        raise InvalidError(amount="Enter what the basket is worth: nothing below zero, and at most 15 digits.")


def _in_time(ask: Ask, hit: Hit | None, now: datetime) -> Ask:
    at = rules.scanned_at(ask.scanned_at, hit.code.claimed_at if hit else None, now)
    return ask if at == ask.scanned_at else replace(ask, scanned_at=at)


def _names_of_attempt(ask: Ask) -> list[_Name]:
    # On an enrolled device the next shift sends what the one before it scanned.
    if not ask.nonce:
        return []
    devices = dict.fromkeys(device_id for device_id in (ask.on_device, ask.by.device_id) if device_id)
    by_device: list[_Name] = [("device", device_id, ask.nonce) for device_id in devices]
    return [*by_device, (ask.by.account_id, ask.by.api_key_id, ask.nonce)]


def _repeated(ask: Ask, answered: Mapping[_Name, _Answered]) -> _Answered | None:
    """Return what an ask was answered before, if it was."""
    if own := next(filter(None, map(answered.get, _names_of_attempt(ask))), None):
        return own
    # Whoever sends from a browser that others use as well may only repeat what another one was answered.
    told = answered.get((ask.scanned_by, None, ask.nonce)) if _tells_another(ask) else None
    return told if told and told.text == rules.kept(ask.text) else None


def _tells_another(ask: Ask) -> bool:
    return bool(ask.nonce and ask.scanned_at and ask.scanned_by and not _is_member(ask.by))


def _is_member(by: Actor) -> bool:
    return not by.may(Permission.REDEEM)


def _for_themselves(session: Session, asks: Sequence[Ask]) -> list[Ask]:
    people = {ask.by.account_id or 0 for ask in asks if _is_member(ask.by)}
    if not people:
        return list(asks)
    own = members.ids_of_accounts(session, people)
    return [replace(ask, member_id=own.get(ask.by.account_id or 0)) if _is_member(ask.by) else ask for ask in asks]


def _of_who_scanned(session: Session, asks: Sequence[Ask]) -> list[Ask]:
    """Return the asks as those of who scanned them: on a shared device another one may be signed in by now."""
    told = {ask.scanned_by for ask in asks if ask.scanned_by and ask.scanned_at and ask.by.device_id}
    workers = accounts.names_at_counter(session, told) if told else {}
    return [
        replace(ask, by=replace(ask.by, account_id=ask.scanned_by, name=workers[ask.scanned_by]))
        if ask.scanned_by in workers and ask.scanned_at and ask.by.device_id
        else ask
        for ask in asks
    ]


def _forgivable(refused: Refused, fresh: Answer) -> Refused:
    return replace(refused, is_goodwill_allowed=isinstance(fresh, Refused) and fresh.is_goodwill_allowed)


def _keep_scans_alone(session: Session, alone: Mapping[int, tuple[Reason, datetime]]) -> None:
    # They were refused at once, but the devices never heard it, and went on without a connection.
    for attempt_id, (reason, scanned_at) in alone.items():
        session.connection().execute(
            sa.update(Attempt)
            .where(col(Attempt.id) == attempt_id, col(Attempt.scanned_at).is_(None), col(Attempt.reason).is_not(None))
            .values(reason=reason, scanned_at=scanned_at)
        )
    if alone:
        live.announce(session, TOPIC)


def _without_erased(session: Session, asks: Sequence[Ask]) -> list[Ask]:
    # Held after the codes and batches, as everybody holds them; an account may be gone since its cookie was read.
    meant = {ask.member_id for ask in asks if ask.member_id}
    there = members.hold(session, meant) if meant else set()
    asks = [replace(ask, member_id=NOBODY) if ask.member_id in meant - there else ask for ask in asks]
    lone = {ask.by.account_id for ask in asks if _is_member(ask.by) and ask.by.account_id and not ask.member_id}
    known = accounts.names(session, lone) if lone else {}
    return [
        replace(ask, by=replace(ask.by, account_id=None)) if ask.by.account_id in lone - known.keys() else ask
        for ask in asks
    ]


def _answered_before(session: Session, asks: Sequence[Ask], hits: dict[str, Hit]) -> dict[_Name, _Answered]:
    nonces = list({ask.nonce for ask in asks if ask.nonce})
    if not nonces:
        return {}
    attempts: list[Attempt] = []
    staff = {ask.by.account_id for ask in asks if ask.by.account_id is not None}
    staff |= {ask.scanned_by for ask in asks if ask.scanned_by and _tells_another(ask)}
    keys = {ask.by.api_key_id for ask in asks if ask.by.api_key_id is not None}
    devices = {device_id for ask in asks for device_id in (ask.on_device, ask.by.device_id) if device_id is not None}
    for statement, callers in (
        (_ATTEMPTS_OF_STAFF, staff),
        (_ATTEMPTS_OF_PROGRAMS, keys),
        (_ATTEMPTS_ON_DEVICES, devices),
    ):
        if callers:
            attempts += session.exec(statement, params={"callers": list(callers), "nonces": nonces})
    accepted = [attempt.code_id for attempt in attempts if attempt.reason is None]
    numbers: dict[tuple[int | None, datetime], int] = {}
    if accepted:  # a redemption made by an attempt may have been reversed since, and the code redeemed again
        made = session.connection().execute(_NUMBERS_THEN, {"codes": accepted})
        numbers = {(code_id, at): number for code_id, at, number in made if number}
    balances = ledger.paid(session, numbers.values()) if numbers else {}

    by_id: dict[int | None, Voucher] = {hit.code.id: hit.voucher for hit in hits.values()}
    names = {(ask.by.account_id, ask.by.api_key_id): ask.by.name for ask in asks}
    answered: dict[_Name, _Answered] = {}
    for attempt in attempts:
        caller, voucher = (attempt.account_id, attempt.api_key_id), by_id.get(attempt.code_id)
        if voucher and attempt.reason is None:
            by_name = names.get(caller, voucher.redeemed_by)
            at = attempt.scanned_at or attempt.at
            then = replace(voucher, redeemed_at=at, redeemed_by=by_name, redeemed_zone="", redemption_id=0)
            number = numbers.get((attempt.code_id, attempt.at), 0)
            answer = Redeemed(then, at, number, balances.get(number), then.redeemed_place)
        else:
            answer = Refused(attempt.reason or Reason.UNKNOWN_CODE, voucher)
        answered[*caller, attempt.nonce] = _Answered(attempt.text, answer, attempt.id)
        if attempt.device_id:
            answered["device", attempt.device_id, attempt.nonce] = _Answered(attempt.text, answer, attempt.id)
    return answered


def _answer(what: rules.Scanned | Bad, hit: Hit | None, ask: Ask, now: datetime, *, place: str = "") -> Answer:
    if hit is None:
        return Refused(_why_nothing(what))
    if _is_member(ask.by) and not hit.facts.is_scan:  # a voucher is for the counter, and nobody learns whose it is
        is_own = ask.member_id is not None and ask.member_id == hit.code.member_id
        return Refused(Reason.WRONG_KIND if is_own else Reason.NOT_HOLDER, hit.voucher)
    judged_at = rules.judged_at(ask.scanned_at, now, is_enrolled=ask.by.device_id is not None)
    reasons = rules.refusals(hit.facts, judged_at, member_id=ask.member_id, amount=ask.amount)
    # A date is forgiven; points are not given away like this, there are adjustments for them.
    is_goodwill = reasons == (Reason.EXPIRED,) and not hit.facts.is_scan and ask.by.may(Permission.GOODWILL)
    if reasons and not (is_goodwill and ask.goodwill):
        first, *also = reasons
        if first is Reason.ALREADY_REDEEMED and ask.scanned_at:
            first = Reason.CONFLICT_OFFLINE
        return Refused(first, hit.voucher, tuple(also), is_goodwill)
    if hit.batch.fields or ask.answers:
        asked = fields.loaded(hit.batch.fields)
        if problems := fields.unasked(asked, ask.answers) | fields.check(asked, ask.answers)[1]:
            return Incomplete(problems)
    if ask.asks_amount and ask.amount is None and hit.facts.minimum is not None and not is_goodwill:
        return AmountNeeded(hit.voucher)
    voucher = replace(
        hit.voucher,
        redeemed_at=ask.scanned_at or now,
        redeemed_by=ask.by.name,
        redeemed_place=place,
        is_goodwill=is_goodwill,
    )
    if hit.facts.is_scan:
        voucher = replace(voucher, member_id=ask.member_id)
    return Redeemed(voucher, now)


def _of_kind(refused: Refused, what: rules.Scanned | Bad) -> Refused:
    is_claim_link = isinstance(what, rules.ClaimLink) and refused.reason is Reason.WRONG_KIND
    return replace(refused, is_claim_link=True) if is_claim_link else refused


def _outward(refused: Refused, ask: Ask) -> Refused:
    """Return a refusal as its asker may see it; members learn nothing of what is not theirs."""
    if not _is_member(ask.by):
        return refused
    voucher = refused.voucher
    is_own = bool(voucher and ask.member_id and voucher.member_id == ask.member_id)
    if voucher and not is_own:
        # What a batch promises is no secret; who used a code, and when, is nobody else's business.
        is_of_batch = voucher.is_scan and refused.reason in rules.OF_THE_BATCH
        voucher = replace(voucher, member="", redeemed_at=None, redeemed_by="", member_id=None) if is_of_batch else None
    return Refused(rules.outward(refused.reason), voucher)


def _why_nothing(what: rules.Scanned | Bad) -> Reason:
    match what:
        case Bad(reason):
            return reason
        case rules.ClaimLink() | rules.Foreign():
            return Reason.WRONG_KIND
        case rules.Unreadable():
            return Reason.MALFORMED
        case rules.CodeText(_, host) if host:
            return Reason.WRONG_KIND
        case rules.CodeText() | rules.TokenText():
            return Reason.UNKNOWN_CODE


def _numbered(answer: Answer, hit: Hit | None, made: _Made) -> Answer:
    if hit and isinstance(answer, Redeemed) and not answer.id:
        number = made.numbers.get(hit.code.id, 0)
        place = answer.voucher.redeemed_place
        return Redeemed(answer.voucher, answer.at, number, made.balances.get(number), place)
    return answer


def _record(session: Session, new: Sequence[_New], *, now: datetime) -> _Made:
    if not new:
        return _Made()
    won = [
        _Won(one.ask, one.hit, one.answer.voucher, one.member_id)
        for one in new
        if isinstance(one.answer, Redeemed) and one.hit
    ]
    made = _redeem(session, won, now=now) if won else _Made()
    of_members = {codes.topic_of(one.member_id) for one in new if one.member_id}
    live.announce(session, TOPIC, *([batches.TOPIC] if won else []), *of_members)
    session.connection().execute(
        sa.insert(Attempt),
        [
            {
                "at": now,
                "account_id": one.ask.by.account_id,
                "api_key_id": one.ask.by.api_key_id,
                "member_id": one.member_id,
                "code_id": one.hit.code.id if one.hit else None,
                "batch_id": one.hit.code.batch_id if one.hit else None,
                "text": rules.kept(one.ask.text),
                "nonce": one.ask.nonce,
                "reason": one.answer.reason if isinstance(one.answer, Refused) else None,
                "place_id": one.ask.at_place,
                "device_id": one.ask.on_device,
                "scanned_at": one.ask.scanned_at,
            }
            for one in new
        ],
    )
    return made


def _redeem(session: Session, won: Sequence[_Won], *, now: datetime) -> _Made:
    counting = [one for one in won if not one.voucher.is_goodwill]  # a goodwill uses nothing up, and counts nowhere
    held = {one.hit.code.id for one in counting if not one.hit.facts.is_scan}
    takers = {one.hit.code.id: one.member_id for one in counting if one.hit.facts.is_scan and one.member_id}
    taken = codes.take(session, held, now=now) if held else set()
    taken |= codes.take_scanned(session, takers, now=now) if takers else set()
    assert len(taken) == len(counting), "a code held for this transaction was not to be had"
    named = names_of(session, takers.values()) if takers else {}
    made = session.connection().execute(_REDEEM, [one.row(named, now) for one in won])
    numbers = {code_id: number for code_id, number in made if number}
    counts = Counter(one.hit.code.batch_id for one in counting)
    for batch_id in sorted(counts):
        batches.count_redemptions(session, batch_id, counts[batch_id], at=now)
    for one in counting:
        if one.hit.facts.expires_at <= now:  # good only by the clock of the device, which is not ours
            subject, details = (
                f"redemption {numbers[one.hit.code.id]}",
                f"scanned {one.ask.scanned_at:%Y-%m-%d %H:%M} UTC",
            )
            audit.record(session, "accept_late", subject, details, by=one.ask.by, now=now)
    paying = [
        Movement(one.member_id, one.voucher.points, EntryKind.REDEMPTION, number, one.voucher.promise.title)
        for one in counting
        if one.hit.facts.is_scan and one.member_id and (number := numbers[one.hit.code.id])
    ]
    return _Made(numbers, ledger.move(session, paying, now=now) if paying else {})


# Statements of every scan are put together once: that takes longer than running them.
_REDEEM = sa.insert(Redemption).returning(col(Redemption.code_id), col(Redemption.id))
_REVERSE = (
    sa.update(Redemption)
    .where(col(Redemption.id) == sa.bindparam("redemption"), col(Redemption.status) != RedemptionStatus.REVERSED)
    .values(
        status=RedemptionStatus.REVERSED,
        reversed_at=sa.bindparam("now"),
        reversed_by=sa.bindparam("name"),
        reversal_reason=sa.bindparam("why"),
    )
)
_NUMBERS_THEN = sa.select(col(Redemption.code_id), col(Redemption.at), col(Redemption.id)).where(
    col(Redemption.code_id).in_(sa.bindparam("codes", expanding=True))
)
# Every word of the indexes: without one of them, each scan reads all attempts ever.
_NAMED = select(Attempt).where(col(Attempt.nonce).in_(sa.bindparam("nonces", expanding=True)), Attempt.nonce != "")
_ATTEMPTS_OF_STAFF = _NAMED.where(col(Attempt.account_id).in_(sa.bindparam("callers", expanding=True)))
_ATTEMPTS_ON_DEVICES = _NAMED.where(col(Attempt.device_id).in_(sa.bindparam("callers", expanding=True)))
_ATTEMPTS_OF_PROGRAMS = _NAMED.where(col(Attempt.api_key_id).in_(sa.bindparam("callers", expanding=True)))
