"""Claim vouchers, and look at what can be or was claimed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from loyalty_app.audit import service as audit
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch
from loyalty_app.claims import rules
from loyalty_app.claims.models import ClaimAttempt
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.codes.service import Gift
from loyalty_app.core import live
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.members import service as members
from loyalty_app.offers.models import Promise
from loyalty_app.pictures import service as pictures
from loyalty_app.pictures.service import Shown
from loyalty_app.program import service as programs

MOST_CARDS = 50


@dataclass(frozen=True)
class Ask:
    """One member's wish for a voucher of the batch behind a claim token."""

    claim_token: str
    by: Actor


@dataclass(frozen=True)
class Claimed:
    """The voucher is the member's."""

    code: str
    expires_at: datetime


@dataclass(frozen=True)
class Refused:
    """No voucher, and why; for `already_claimed` the one that the member has."""

    reason: Reason
    code: str = ""


@dataclass(frozen=True)
class Voucher:
    """A voucher as its holder sees it."""

    id: int
    """The code's number."""
    code: str
    prefix: str
    promise: Promise
    status: CodeStatus
    claimed_at: datetime | None
    expires_at: datetime
    redeemed_at: datetime | None
    is_disabled: bool = False
    """Switched off: nobody redeems it now."""
    is_frozen: bool = False
    """On hold with its whole batch: it stays good, and cannot be redeemed for now."""
    picture: Shown | None = None


@dataclass(frozen=True)
class Explained:
    """What stands against a claim and what does not, check by check, in the order in which it counts."""

    batch: Batch
    verdicts: tuple[tuple[Reason, bool | None], ...]
    """Whether each check fails; nothing where it does not apply."""
    voucher: Voucher | None
    """What the member has of the batch."""

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Return what stands against it, the first that counts first."""
        return tuple(reason for reason, fails in self.verdicts if fails)


@dataclass(frozen=True)
class ClaimPage:
    """What a claim link shows to whoever opened it."""

    batch_id: int
    promise: Promise
    expires_at: datetime
    """When a voucher claimed now stops being good."""
    refusal: Reason | None
    voucher: Voucher | None
    picture: Shown | None = None


def claim_many(session: Session, asks: Sequence[Ask], *, now: datetime) -> list[Claimed | Refused]:
    """Give each member one voucher, if the rules allow it; all asks share this transaction.

    A refusal is an answer, not an error. An ask is answered as if those before it in the list had come first.
    """
    found = batches.by_tokens(session, {ask.claim_token for ask in asks})
    member_of = members.ids_of_accounts(session, [ask.by.account_id for ask in asks if ask.by.account_id])
    answers: dict[int, Claimed | Refused] = {}
    wishes: dict[int, dict[int, int]] = defaultdict(dict)  # batch → member → ask

    for number, ask in enumerate(asks):
        batch = found.get(ask.claim_token)
        member_id = member_of.get(ask.by.account_id or 0)
        if batch is None:
            answers[number] = Refused(Reason.UNKNOWN_CODE)
        elif reason := rules.refusal(batch, now):
            answers[number] = Refused(reason)
        elif member_id is None or not ask.by.may(Permission.CLAIM):
            answers[number] = Refused(Reason.LOGIN_REQUIRED)
        else:
            wishes[batch.id or 0].setdefault(member_id, number)

    by_id = {batch.id or 0: batch for batch in found.values()}
    for batch_id in sorted(wishes):
        answers |= _claim_from(session, by_id[batch_id], wishes[batch_id], now=now)
    for number, ask in enumerate(asks):
        if number not in answers:  # the same member twice in one group: the first ask got the answer
            first = answers[wishes[found[ask.claim_token].id or 0][member_of[ask.by.account_id or 0]]]
            answers[number] = Refused(Reason.ALREADY_CLAIMED, first.code) if isinstance(first, Claimed) else first

    ordered = [answers[number] for number in range(len(asks))]
    _remember(
        session,
        [
            (batch.id or 0, member_of.get(ask.by.account_id or 0), answer)
            for ask, answer in zip(asks, ordered, strict=True)
            if (batch := found.get(ask.claim_token))
        ],
        now=now,
    )
    return ordered


def claim_for(session: Session, batch_id: int, member_id: int, *, by: Actor, now: datetime) -> Claimed | Refused:
    """Give a member one voucher of a batch in their name, by the same rules as if they claimed it themselves."""
    by.must(Permission.CLAIM_FOR_MEMBERS)
    batch = batches.get(session, batch_id)
    if not members.is_known(session, member_id):
        raise NotFoundError("member")

    if reason := rules.refusal(batch, now):
        answer = Refused(reason)
    else:
        answer = _claim_for(session, batch, member_id, now=now)
    _remember(session, [(batch_id, member_id, answer)], now=now)
    if isinstance(answer, Claimed):
        audit.record(session, "claim", f"batch {batch_id}", f"for member {member_id}", by=by, now=now)
    return answer


def listed(session: Session, batch_id: int, *, after: int = 0, limit: int, by: Actor) -> list[codes.Listed]:
    """Return the claimed vouchers of a batch, in the order they were made, from behind a serial."""
    batches.watched(session, batch_id, by=by)
    return codes.listed(session, batch_id, codes.Wish(is_claimed=True), after=after, limit=limit, by=by)


def held_by(session: Session, batch_id: int, member_id: int, *, by: Actor) -> Voucher | None:
    """Return the voucher of a batch that a member has, to somebody who may claim for members."""
    by.must(Permission.CLAIM_FOR_MEMBERS)
    code = codes.held(session, {batch_id}, {member_id}).get((batch_id, member_id))
    return _voucher(code, batches.get(session, batch_id)) if code else None


def look(session: Session, claim_token: str, *, by: Actor, now: datetime) -> ClaimPage | None:
    """Return what the claim link shows to this visitor; None for an unknown link. Looking changes nothing."""
    batch = batches.by_tokens(session, {claim_token}).get(claim_token)
    if batch is None:
        return None
    member_id = members.ids_of_accounts(session, {by.account_id or 0}).get(by.account_id or 0)
    code = codes.held(session, {batch.id or 0}, {member_id or 0}).get((batch.id or 0, member_id or 0))
    refusal = rules.refusal(batch, now)
    if refusal is None and not rules.has_free(batch):
        refusal = rules.nothing_free(batch)
    picture = pictures.shown(session, [batch.picture_id]).get(batch.picture_id)
    return ClaimPage(
        batch_id=batch.id or 0,
        promise=batches.promise_of(batch),
        expires_at=rules.expires_at(batch, now, programs.current(session).time_zone),
        refusal=refusal,
        voucher=_voucher(code, batch, picture) if code else None,
        picture=picture,
    )


def explain(session: Session, claim_token: str, member_id: int | None, *, by: Actor, now: datetime) -> Explained | None:
    """Return what each check says of a claim by this member, None for an unknown link; nothing is claimed or kept."""
    by.must(Permission.SUPPORT)
    batch = batches.by_tokens(session, {claim_token}).get(claim_token)
    if batch is None:
        return None
    code = codes.held(session, {batch.id or 0}, {member_id or 0}).get((batch.id or 0, member_id or 0))
    verdicts: list[tuple[Reason, bool | None]] = [(reason, fails(batch, now)) for reason, fails in rules.CHECKS]
    verdicts.append((Reason.LOGIN_REQUIRED, member_id is None))
    verdicts.append((Reason.ALREADY_CLAIMED, code is not None if member_id else None))
    verdicts.append((rules.nothing_free(batch), not rules.has_free(batch)))
    return Explained(batch, tuple(verdicts), _voucher(code, batch) if code else None)


def mine(session: Session, *, by: Actor) -> list[Voucher]:
    """Return the caller's own vouchers, the newest first."""
    by.must(Permission.CLAIM)
    member_id = members.ids_of_accounts(session, {by.account_id or 0}).get(by.account_id or 0)
    if member_id is None:
        return []
    held = list(codes.of_member(session, member_id, MOST_CARDS))
    shown = pictures.shown(session, [batch.picture_id for _, batch in held])
    return [_voucher(code, batch, shown.get(batch.picture_id)) for code, batch in held]


def of_member(session: Session, member_id: int, *, after: int = 0, limit: int, by: Actor) -> list[Voucher]:
    """Return a member's vouchers, the newest first, from behind the code of a number, to who may see members."""
    by.must(Permission.VIEW_MEMBERS)
    return [_voucher(code, batch) for code, batch in codes.of_member(session, member_id, limit, after=after)]


def topics_of(session: Session, *, by: Actor) -> tuple[str, str]:
    """Return what the caller's own vouchers depend on."""
    by.must(Permission.CLAIM)
    member_id = members.ids_of_accounts(session, {by.account_id or 0}).get(by.account_id or 0)
    return codes.topic_of(member_id), batches.DELETIONS


def _claim_from(
    session: Session, batch: Batch, wishes: dict[int, int], *, now: datetime
) -> dict[int, Claimed | Refused]:
    batch_id, zone = batch.id or 0, programs.current(session).time_zone
    answers: dict[int, Claimed | Refused] = {}
    held = codes.held(session, {batch_id}, wishes)
    for _, member_id in held:
        answers[wishes[member_id]] = Refused(Reason.ALREADY_CLAIMED, held[batch_id, member_id].code)

    wanting = [member_id for member_id in wishes if (batch_id, member_id) not in held]
    expires_at = rules.expires_at(batch, now, zone)
    free = codes.free(session, batch_id, len(wanting)) if wanting else []
    gifts = {member_id: Gift(code_id, member_id, expires_at) for member_id, code_id in zip(wanting, free, strict=False)}
    # The counter decides first: its condition fails if the batch was paused or deleted since it was read.
    left = batches.count_claims(session, batch_id, len(gifts), now=now) if gifts else None
    if gifts and left is None:
        return answers | {wishes[member_id]: Refused(Reason.BATCH_PAUSED) for member_id in wanting}
    # Held after the batch, as a redemption does; who is erased at this moment gets nothing any more.
    if gone := gifts.keys() - members.hold(session, gifts):
        batches.count_claims(session, batch_id, -len(gone), now=now)
        gifts = {member_id: gift for member_id, gift in gifts.items() if member_id not in gone}
        answers |= {wishes[member_id]: Refused(Reason.LOGIN_REQUIRED) for member_id in gone}
        wanting = [member_id for member_id in wanting if member_id not in gone]
    if left == 0:  # only then do the open claim pages of everybody else change
        live.announce(session, batches.topic(batch_id))
    given = codes.give(session, list(gifts.values()), now=now) if gifts else {}
    assert len(given) == len(gifts), "a code held for this transaction was not free"

    for member_id in wanting:
        gift = gifts.get(member_id)
        answers[wishes[member_id]] = (
            Claimed(given[gift.code_id], expires_at) if gift else Refused(rules.nothing_free(batch))
        )
    return answers


def _claim_for(session: Session, batch: Batch, member_id: int, *, now: datetime) -> Claimed | Refused:
    try:
        with session.begin_nested():
            return _claim_from(session, batch, {member_id: 0}, now=now)[0]
    except IntegrityError:  # the member claimed at the same moment: look again, and find what they have
        return _claim_from(session, batch, {member_id: 0}, now=now)[0]


def _remember(session: Session, tried: Sequence[tuple[int, int | None, Claimed | Refused]], *, now: datetime) -> None:
    attempts, topics = [], set()
    for batch_id, member_id, answer in tried:
        attempts.append(
            {
                "batch_id": batch_id,
                "member_id": member_id,
                "at": now,
                "reason": answer.reason if isinstance(answer, Refused) else None,
            }
        )
        if member_id:
            topics.add(codes.topic_of(member_id))
        if isinstance(answer, Claimed):
            topics.add(batches.TOPIC)
    if attempts:
        session.connection().execute(sa.insert(ClaimAttempt), attempts)
    if topics:
        live.announce(session, *topics)


def _voucher(code: Code, batch: Batch, picture: Shown | None = None) -> Voucher:
    return Voucher(
        id=code.id or 0,
        code=code.code,
        prefix=batch.prefix,
        promise=batches.promise_of(batch),
        status=code.status,
        claimed_at=code.claimed_at,
        expires_at=code.expires_at or batch.closes_at,
        redeemed_at=code.redeemed_at,
        is_disabled=code.disabled,
        is_frozen=batch.redemptions_frozen,
        picture=picture,
    )
