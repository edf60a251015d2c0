"""Redeem codes exactly once, and keep every attempt."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from loyalty_app.accounts.models import Account
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core import live
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import InvalidError
from loyalty_app.core.reasons import Reason
from loyalty_app.members.models import Member
from loyalty_app.offers.models import Promise
from loyalty_app.redemptions import rules
from loyalty_app.redemptions.models import Attempt, Redemption, RedemptionStatus

TOPIC = "redemptions"
LATEST = 12


@dataclass(frozen=True)
class Ask:
    """What staff scanned or typed; the device's nonce makes a repeat of the same attempt harmless."""

    text: str
    by: Actor
    nonce: str = ""


@dataclass(frozen=True)
class Voucher:
    """What is known of a code at the counter."""

    code: str
    promise: Promise
    member: str
    expires_at: datetime
    redeemed_at: datetime | None = None
    redeemed_by: str = ""


@dataclass(frozen=True)
class Redeemed:
    """The voucher was good, and is used up now."""

    voucher: Voucher
    at: datetime


@dataclass(frozen=True)
class Refused:
    """Nothing was redeemed, and why; with the voucher where there is one."""

    reason: Reason
    voucher: Voucher | None = None


@dataclass(frozen=True)
class Scan:
    """One line of the latest attempts."""

    id: int
    at: datetime
    text: str
    title: str
    member: str
    staff: str
    reason: Reason | None


def redeem_many(session: Session, asks: Sequence[Ask], *, now: datetime) -> list[Redeemed | Refused]:
    """Redeem each code if the rules allow it; all asks share this transaction.

    A refusal is an answer, not an error, and is kept like an acceptance. An ask is answered as if those
    before it in the list had come first.
    """
    for ask in asks:
        ask.by.must(Permission.REDEEM)
        if not rules.is_nonce(ask.nonce):
            raise InvalidError(nonce=f"Use at most {rules.MOST_NONCE} printable characters.")
    read = [rules.recognise(ask.text) for ask in asks]
    hits = _find(session, {what.code for what in read if isinstance(what, rules.CodeText)})
    answered = _answered_before(session, asks, hits)

    answers: list[Redeemed | Refused] = []
    fresh: list[int] = []
    for number, (ask, what) in enumerate(zip(asks, read, strict=True)):
        hit = hits.get(what.code) if isinstance(what, rules.CodeText) else None
        repeated = answered.get((ask.by.account_id, ask.nonce)) if ask.nonce else None
        if repeated:
            answers.append(repeated.to(ask))
            continue
        answer = _answer(what, hit, ask.by, now)
        if hit and isinstance(answer, Redeemed):
            hits[hit.code.code] = hit.used(answer.voucher)  # for those after it in the list
        answered[ask.by.account_id, ask.nonce] = _Answered(rules.kept(ask.text), answer)
        answers.append(answer)
        fresh.append(number)

    new = [(asks[number], answers[number], _hit(hits, read[number])) for number in fresh]
    _record(session, new, now=now)
    return answers


def latest(session: Session, *, by: Actor) -> list[Scan]:
    """Return the latest attempts, the newest first."""
    by.must(Permission.VIEW_DASHBOARD)
    found = session.exec(
        select(Attempt, Batch.title, Member.name, Account.name)
        .join(Batch, col(Batch.id) == col(Attempt.batch_id), isouter=True)
        .join(Code, col(Code.id) == col(Attempt.code_id), isouter=True)
        .join(Member, col(Member.id) == col(Code.member_id), isouter=True)
        .join(Account, col(Account.id) == col(Attempt.account_id), isouter=True)
        .order_by(col(Attempt.id).desc())
        .limit(LATEST)
    )
    return [
        Scan(attempt.id or 0, attempt.at, attempt.text, title or "", member or "", staff or "", attempt.reason)
        for attempt, title, member, staff in found
    ]


@dataclass(frozen=True)
class _Hit:
    """A code that was found, as those next in the list will see it."""

    code: codes.Found
    voucher: Voucher
    status: CodeStatus

    def used(self, voucher: Voucher) -> "_Hit":
        return _Hit(self.code, voucher, CodeStatus.REDEEMED)


@dataclass(frozen=True)
class _Answered:
    """What an attempt with a nonce was answered."""

    text: str
    answer: Redeemed | Refused

    def to(self, ask: Ask) -> Redeemed | Refused:
        return self.answer if self.text == rules.kept(ask.text) else Refused(Reason.NONCE_REUSED)


def _find(session: Session, texts: Iterable[str]) -> dict[str, _Hit]:
    found = codes.by_texts(session, texts)
    # Asked for after the codes are locked, so that a redemption committed meanwhile is seen.
    redeemed = session.connection().execute(_REDEEMED, {"codes": [code.id for code, _ in found.values()]})
    first = {code_id: (at, staff or "") for code_id, at, staff in redeemed}
    member_ids = {code.member_id for code, _ in found.values() if code.member_id}
    named = session.connection().execute(_HOLDERS, {"members": list(member_ids)})
    holders: dict[int | None, str] = {member_id: name for member_id, name in named}  # noqa: C416 - rows are no pairs
    of = {batch.id: batch for _, batch in found.values()}
    promises = {batch_id: batches.promise_of(batch) for batch_id, batch in of.items()}
    return {
        text: _Hit(
            code,
            Voucher(
                alphabet.display(code.code, batch.prefix),
                promises[batch.id],
                holders.get(code.member_id, ""),
                code.expires_at or batch.closes_at,
                *first.get(code.id, (None, "")),
            ),
            code.status,
        )
        for text, (code, batch) in found.items()
    }


def _answered_before(
    session: Session, asks: Sequence[Ask], hits: dict[str, _Hit]
) -> dict[tuple[int | None, str], _Answered]:
    nonces = {ask.nonce for ask in asks if ask.nonce}
    if not nonces:
        return {}
    by_id: dict[int | None, Voucher] = {hit.code.id: hit.voucher for hit in hits.values()}
    answered = {}
    mine = {"staff": list({ask.by.account_id for ask in asks}), "nonces": list(nonces)}
    for attempt in session.exec(_ATTEMPTS, params=mine):
        voucher = by_id.get(attempt.code_id)
        answered[attempt.account_id, attempt.nonce] = _Answered(
            attempt.text,
            Redeemed(voucher, attempt.at)
            if voucher and attempt.reason is None
            else Refused(attempt.reason or Reason.UNKNOWN_CODE, voucher),
        )
    return answered


def _answer(what: rules.Scanned, hit: _Hit | None, by: Actor, now: datetime) -> Redeemed | Refused:
    match what:
        case rules.ClaimLink() | rules.Foreign():
            return Refused(Reason.WRONG_KIND)
        case rules.Unreadable():
            return Refused(Reason.MALFORMED)
        case rules.CodeText():
            pass
    if hit is None:
        return Refused(Reason.UNKNOWN_CODE)
    if reason := rules.refusal(hit.status, hit.voucher.expires_at, now):
        return Refused(reason, hit.voucher)
    return Redeemed(replace(hit.voucher, redeemed_at=now, redeemed_by=by.name), now)


def _record(session: Session, new: Sequence[tuple[Ask, Redeemed | Refused, _Hit | None]], *, now: datetime) -> None:
    if not new:
        return
    won = [(ask, hit) for ask, answer, hit in new if isinstance(answer, Redeemed) and hit]
    if won:
        taken = codes.take(session, {hit.code.id for _, hit in won}, now=now)
        assert len(taken) == len(won), "a code held for this transaction was not claimed"
        session.connection().execute(
            sa.insert(Redemption),
            [
                {
                    "code_id": hit.code.id,
                    "batch_id": hit.code.batch_id,
                    "status": RedemptionStatus.RECORDED,
                    "account_id": ask.by.account_id,
                    "at": now,
                }
                for ask, hit in won
            ],
        )
        counts = Counter(hit.code.batch_id for _, hit in won)
        for batch_id in sorted(counts):
            batches.count_redemptions(session, batch_id, counts[batch_id], at=now)
        holders = {codes.topic_of(hit.code.member_id) for _, hit in won}
        live.announce(session, batches.TOPIC, TOPIC, *holders)
    else:
        live.announce(session, TOPIC)
    session.connection().execute(
        sa.insert(Attempt),
        [
            {
                "at": now,
                "account_id": ask.by.account_id,
                "code_id": hit.code.id if hit else None,
                "batch_id": hit.code.batch_id if hit else None,
                "text": rules.kept(ask.text),
                "nonce": ask.nonce,
                "reason": answer.reason if isinstance(answer, Refused) else None,
            }
            for ask, answer, hit in new
        ],
    )


def _hit(hits: dict[str, _Hit], what: rules.Scanned) -> _Hit | None:
    return hits.get(what.code) if isinstance(what, rules.CodeText) else None


# Statements of every scan are put together once: that takes longer than running them.
_REDEEMED = (
    sa.select(col(Redemption.code_id), col(Redemption.at), col(Account.name))
    .join(Account, col(Account.id) == col(Redemption.account_id), isouter=True)
    .where(
        col(Redemption.code_id).in_(sa.bindparam("codes", expanding=True)),
        col(Redemption.status) == RedemptionStatus.RECORDED,
    )
)
_HOLDERS = sa.select(col(Member.id), col(Member.name)).where(
    col(Member.id).in_(sa.bindparam("members", expanding=True))
)
_ATTEMPTS = select(Attempt).where(  # every word of the index: without one of them, each scan reads all attempts ever
    col(Attempt.account_id).in_(sa.bindparam("staff", expanding=True)),
    col(Attempt.nonce).in_(sa.bindparam("nonces", expanding=True)),
    Attempt.nonce != "",
)
