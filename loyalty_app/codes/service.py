"""Store codes, give them to members, and take them once."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, UTCDateTime, col, select

from loyalty_app.audit import service as audit
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch, BatchKind
from loyalty_app.codes import alphabet
from loyalty_app.codes.models import Code, CodeStatus, Standing
from loyalty_app.core import database, live, secrets
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.reasons import Reason
from loyalty_app.core.texts import has_words
from loyalty_app.keys import service as keys
from loyalty_app.members.models import Member

PAGE = 50
_REDEMPTIONS = sa.table(
    "redemption", sa.column("code_id", sa.Integer), sa.column("status", sa.String), sa.column("answers", sa.JSON)
)
"""By name only: redemptions are known further up, here just what was told with the one that counts."""


@dataclass(frozen=True)
class Gift:
    """A free code and the member it goes to."""

    code_id: int
    member_id: int
    expires_at: datetime


@dataclass(frozen=True)
class Wish:
    """Which vouchers of a batch to list: part of a code, or of a member's name or address, and where they stand."""

    text: str = ""
    status: Standing | None = None
    is_claimed: bool = False
    """Only what somebody has claimed, whatever became of it."""
    serial: int = 0
    """Beside what the text finds, the code with this serial."""


@dataclass(frozen=True)
class Listed:
    """A voucher as a list shows it; without its member for who may not see members.

    Who may not manage codes gets no code that would pay them points (`shown_to`).
    """

    serial: int
    code: str
    status: CodeStatus
    disabled: bool
    member: str
    email: str
    claimed_at: datetime | None
    expires_at: datetime | None
    redeemed_at: datetime | None
    member_id: int | None

    @property
    def standing(self) -> Standing:
        """Return what to say of it; a redeemed one stays redeemed."""
        return _standing(self.status, disabled=self.disabled)


@dataclass(frozen=True)
class Made:
    """A code of a scan batch, without who redeemed it."""

    serial: int
    code: str
    status: CodeStatus
    disabled: bool
    redeemed_at: datetime | None

    @property
    def standing(self) -> Standing:
        """Return what to say of it; a redeemed one stays redeemed."""
        return _standing(self.status, disabled=self.disabled)


@dataclass(frozen=True)
class Detailed:
    """One code, and the batch it belongs to."""

    code: Listed
    batch: Batch


@dataclass(frozen=True)
class Refused:
    """There is no such code, or its switch cannot be moved, and why."""

    reason: Reason


@dataclass(frozen=True)
class Found:
    """A code as it stands while it is held."""

    id: int
    batch_id: int
    code: str
    status: CodeStatus
    disabled: bool
    member_id: int | None
    expires_at: datetime | None
    claimed_at: datetime | None


def topic_of(member_id: int | None) -> str:
    """Return the topic of what one member holds."""
    return f"vouchers:{member_id}"


def is_open_to(by: Actor) -> ColumnElement[bool]:
    """Return which codes, joined with their batches, somebody may read: an unused scan code pays whoever has it."""
    if by.may(Permission.QR_CODE_MANAGEMENT):
        return sa.true()
    return sa.or_(col(Batch.kind) != BatchKind.SCAN, col(Code.status) == CodeStatus.REDEEMED)


def shown_to(by: Actor) -> sa.SQLColumnExpression[str]:
    """Return the text of a code, joined with its batch; only how it begins and ends where it is worth points."""
    if by.may(Permission.QR_CODE_MANAGEMENT):
        return col(Code.code)
    length = sa.func.length(col(Code.code))
    end = sa.func.substr(col(Code.code), length - alphabet.GROUP + 1)
    hidden = col(Batch.prefix) + alphabet.HIDDEN
    is_long = length - sa.func.length(col(Batch.prefix)) >= alphabet.LONG
    return sa.case((is_open_to(by), col(Code.code)), (is_long, hidden + end), else_=hidden)


def store(session: Session, batch_id: int, first_serial: int, codes: Sequence[str]) -> list[int]:
    """Store active codes under consecutive serials; return the serials whose code was taken already."""
    # One statement for all of them, from a plain list: rows of two cost half as much again.
    if database.is_sqlite(session.connection()):
        made = "select key + :first, value from json_each(:codes)"
    else:
        made = "select place + :first - 1, value from jsonb_array_elements_text(cast(:codes as jsonb))"
        made += " with ordinality as one (value, place)"
    stored = session.connection().execute(
        sa.text(
            # INSERT comes first, else SQLite's driver counts no rows; `where true` keeps ON out of a join.
            f"insert into code (batch_id, serial, code, status) with made (serial, code) as ({made})"  # noqa: S608
            " select :batch, serial, code, 'active' from made where true on conflict (code) do nothing"
        ),
        {"batch": batch_id, "first": first_serial, "codes": json.dumps(codes)},
    )
    if stored.rowcount == len(codes):
        return []
    present = session.exec(select(Code.serial).where(Code.batch_id == batch_id, Code.serial >= first_serial))
    return sorted(set(range(first_serial, first_serial + len(codes))) - set(present))


def free(session: Session, batch_id: int, count: int) -> list[int]:
    """Return up to that many unclaimed codes of a batch, held for this transaction."""
    if database.is_sqlite(session.connection()):
        # Without the hint SQLite walks the unique serial index through all that is claimed, slower with every claim.
        source, lock = "code indexed by code_free", ""
    else:
        source, lock = "code", "for update skip locked"
    found = session.connection().execute(
        sa.text(
            f"select id from {source} where batch_id = :batch and status = 'active' and not disabled"  # noqa: S608
            f" order by serial limit :count {lock}"
        ),
        {"batch": batch_id, "count": count},
    )
    return list(found.scalars())


def give(session: Session, gifts: Sequence[Gift], *, now: datetime) -> dict[int, str]:
    """Give free codes to members; return the code text of each code that was still free."""
    rows = [[gift.code_id, gift.member_id, gift.expires_at.strftime(_INSTANT)] for gift in gifts]
    source = database.rows_from(
        session, ("code_id", "integer"), ("member_id", "integer"), ("expires_at", _instant(session))
    )
    given = session.connection().execute(
        sa.text(
            "update code set status = 'claimed', member_id = gift.member_id, expires_at = gift.expires_at,"  # noqa: S608
            f" claimed_at = :now from {source} as gift"
            " where code.id = gift.code_id and code.status = 'active' and not code.disabled"
            " returning code.id, code.code"
        ).bindparams(sa.bindparam("now", type_=UTCDateTime())),
        {"rows": json.dumps(rows), "now": now},
    )
    return {code_id: code for code_id, code in given}  # noqa: C416 - rows are not pairs to the type checker


def take(session: Session, code_ids: Iterable[int], *, now: datetime) -> set[int]:
    """Redeem claimed vouchers; return those that this call won. The one statement that decides (S2-12)."""
    taken = session.connection().execute(_TAKE, {"codes": sorted(code_ids), "now": now})
    return {code_id for code_id in taken.scalars() if code_id}


def take_scanned(session: Session, takers: Mapping[int, int], *, now: datetime) -> set[int]:
    """Redeem codes of scan batches for their members, by code; return those that this call won.

    The one statement that decides (S0-27).
    """
    source = database.rows_from(session, ("code_id", "integer"), ("member_id", "integer"))
    taken = session.connection().execute(
        sa.text(
            "update code set status = 'redeemed', redeemed_at = :now, member_id = taker.member_id"  # noqa: S608
            f" from {source} as taker where code.id = taker.code_id and code.status = 'active' and not code.disabled"
            " returning code.id"
        ).bindparams(sa.bindparam("now", type_=UTCDateTime())),
        {"rows": json.dumps(sorted(takers.items())), "now": now},
    )
    return set(taken.scalars())


def hold(session: Session, code_id: int) -> bool:
    """Hold a code and then its batch for this transaction, as a scan does; return whether it is still there."""
    batch_id = session.connection().execute(_HOLD, {"code": code_id}).scalar_one_or_none()
    if batch_id is not None:
        session.exec(_HELD_BATCHES, params={"batches": [batch_id]}).all()
    return batch_id is not None


def untake(session: Session, code_id: int) -> int | None:
    """Make a redeemed code what it was before: claimed, or of a scan batch active; return the holder of a voucher."""
    return session.connection().execute(_UNTAKE, {"taken": code_id}).scalar_one()


def by_texts(session: Session, codes: Iterable[str], *, held: bool = True) -> dict[str, tuple[Found, Batch]]:
    """Return codes by their normalised text, each with its batch; held for this transaction unless told otherwise."""
    find, find_batches = (_HELD_BY_TEXTS, _HELD_BATCHES) if held else (_BY_TEXTS, _BATCHES)
    found = [Found(*row) for row in session.connection().execute(find, {"codes": list(set(codes))})]
    theirs = session.exec(find_batches, params={"batches": list({one.batch_id for one in found})})
    of = {batch.id: batch for batch in theirs}
    return {one.code: (one, of[one.batch_id]) for one in found}


def by_tokens(session: Session, tokens: Iterable[str]) -> dict[str, str | Reason]:
    """Return what each token stands for: the normalised text of a code, or why for none (S0-25)."""
    tokens = set(tokens)
    opened = keys.opened(session, tokens)
    sealed = [one.sealed for one in opened.values()]
    numbers = {one.number for one in sealed if one.number <= secrets.LARGEST}
    named = session.connection().execute(_BY_NUMBERS, {"numbers": list(numbers)})
    of = {number: _Printed(batch, key, told) for number, batch, key, told in named if number and batch}
    places = {(of[one.number].batch_id, one.serial) for one in sealed if one.number in of}
    found = session.connection().execute(_BY_PLACES, {"places": list(places)})
    texts = {(batch_id, serial): code for batch_id, serial, code in found}
    return {token: _code_of(opened.get(token), of, texts) for token in tokens}


def get(session: Session, text: str, *, by: Actor) -> Detailed | Refused:
    """Return one code, however it is written, with its batch."""
    by.must(Permission.VIEW_DASHBOARD)
    return _get(session, text, by)


def disable(session: Session, text: str, *, by: Actor, now: datetime) -> Detailed | Refused:
    """Switch a code off: nobody gets it and nobody redeems it until it is enabled. A redeemed one stays as it is."""
    return _switch(session, text, disabled=True, by=by, now=now)


def enable(session: Session, text: str, *, by: Actor, now: datetime) -> Detailed | Refused:
    """Switch a code on again; it is what it was before."""
    return _switch(session, text, disabled=False, by=by, now=now)


def disable_all(session: Session, batch_id: int, *, by: Actor, now: datetime) -> int:
    """Switch off every code of a batch that is not redeemed (S0-20); return how many that changed."""
    return _switch_many(session, batch_id, None, disabled=True, by=by, now=now)


def enable_all(session: Session, batch_id: int, *, by: Actor, now: datetime) -> int:
    """Switch every code of a batch on again; what is redeemed stays redeemed (S0-29)."""
    return _switch_many(session, batch_id, None, disabled=False, by=by, now=now)


def disable_some(session: Session, batch_id: int, serials: Sequence[int], *, by: Actor, now: datetime) -> int:
    """Switch some codes of a batch off, by their serials (S0-22); return how many that changed."""
    return _switch_many(session, batch_id, serials, disabled=True, by=by, now=now)


def enable_some(session: Session, batch_id: int, serials: Sequence[int], *, by: Actor, now: datetime) -> int:
    """Switch some codes of a batch on again; what is redeemed stays redeemed."""
    return _switch_many(session, batch_id, serials, disabled=False, by=by, now=now)


def withdraw(session: Session, member_id: int) -> None:
    """Switch off what a member holds and has not used; all codes of theirs are held for this transaction."""
    session.connection().execute(_HOLD_OF_MEMBER, {"member": member_id})
    switched = session.connection().execute(_WITHDRAW, {"member": member_id})
    for batch_id, claimed in sorted(Counter(switched.scalars()).items()):
        batches.count_withdrawn(session, batch_id, claimed)
    live.announce(session, topic_of(member_id))


def holds_any(session: Session, member_id: int) -> bool:
    """Return whether a member holds something that is not used and not switched off."""
    return session.exec(select(Code.id).where(*_UNUSED_OF_MEMBER), params={"member": member_id}).first() is not None


def held(session: Session, batch_ids: Iterable[int], member_ids: Iterable[int]) -> dict[tuple[int, int], Code]:
    """Return the codes that these members hold of these batches, by (batch, member)."""
    found = session.exec(_HELD, params={"batches": list(set(batch_ids)), "members": list(set(member_ids))})
    return {(code.batch_id, code.member_id or 0): code for code in found}


def listed(
    session: Session, batch_id: int, wish: Wish, *, after: int = 0, limit: int = PAGE, by: Actor
) -> list[Listed]:
    """Return the vouchers of a batch that fit the wish, in the order they were made, from behind a serial."""
    by.must(Permission.VIEW_DASHBOARD)
    query = (
        _listing(by)
        .where(col(Code.batch_id) == batch_id, col(Code.serial) > after)
        .order_by(col(Code.serial))
        .limit(limit)
    )
    if wish.status:
        query = query.where(_stands(wish.status))
    if wish.is_claimed:
        query = query.where(col(Code.claimed_at).is_not(None))
    if text := wish.text.strip():
        # Who may not see members cannot guess them by searching either.
        fits = [has_words(text, Member.name, Member.email)] if by.may(Permission.VIEW_MEMBERS) else []
        if code := alphabet.normal_part(text):
            fits.append(sa.and_(is_open_to(by), col(Code.code).contains(code, autoescape=True)))
        if wish.serial:
            fits.append(col(Code.serial) == wish.serial)
        query = query.where(sa.or_(sa.false(), *fits))
    return [Listed(*row) for row in session.execute(query)]


def made(session: Session, batch_id: int, first: int, last: int, *, by: Actor) -> list[Made]:
    """Return the codes of a batch from a serial to another."""
    by.must(Permission.QR_CODE_MANAGEMENT)
    found = session.connection().execute(_MADE, {"batch": batch_id, "first": first, "last": last})
    return [Made(*row) for row in found]


def told(session: Session, batch_id: int, first: int, last: int, *, by: Actor) -> dict[int, Mapping[str, str]]:
    """Return what members told when they redeemed the codes from a serial to another: by serial, then by label."""
    by.must(Permission.VIEW_MEMBERS)
    found = session.connection().execute(_TOLD, {"batch": batch_id, "first": first, "last": last})
    return {one.serial: one.answers for one in found}


def of_member(session: Session, member_id: int, limit: int, *, after: int = 0) -> list[tuple[Code, Batch]]:
    """Return a member's vouchers, the newest claim first, from behind the code of a number."""
    wanted = (
        select(Code, Batch)
        .join(Batch, col(Batch.id) == col(Code.batch_id))
        .where(Code.member_id == member_id, col(Code.claimed_at).is_not(None))
        .order_by(col(Code.claimed_at).desc(), col(Code.id).desc())
        .limit(limit)
    )
    last = session.get(Code, after) if after else None
    if last and last.claimed_at:
        behind = sa.and_(col(Code.claimed_at) == last.claimed_at, col(Code.id) < after)
        wanted = wanted.where(sa.or_(col(Code.claimed_at) < last.claimed_at, behind))
    return list(session.exec(wanted))


def count_unused(session: Session, member_id: int, *, now: datetime) -> int:
    """Return how many vouchers a member holds that they can still redeem."""
    is_good = sa.func.coalesce(Code.expires_at, Batch.closes_at) > now
    wanted = select(sa.func.count(col(Code.id))).join(Batch, col(Batch.id) == col(Code.batch_id))
    return session.exec(wanted.where(*_UNUSED_OF_MEMBER, is_good), params={"member": member_id}).one()


@dataclass(frozen=True)
class _Printed:
    """What a token has to agree with."""

    batch_id: int
    key_id: int | None
    parameters: dict[str, str]


def _code_of(
    opened: keys.Opened | None, of: Mapping[int, _Printed], texts: Mapping[tuple[int, int], str]
) -> str | Reason:
    if opened is None:
        return Reason.TAMPERED
    if opened.is_retired:
        return Reason.KEY_RETIRED
    sealed, batch = opened.sealed, of.get(opened.sealed.number)
    if batch is None or (batch.batch_id, sealed.serial) not in texts:
        return Reason.UNKNOWN_CODE
    is_ours = (batch.key_id, batch.parameters) == (sealed.key_id, sealed.parameters)
    return texts[batch.batch_id, sealed.serial] if is_ours else Reason.TAMPERED


_STANDINGS = {status: Standing(status.value) for status in CodeStatus}
"""Looked up for every line of a long file."""


def _standing(status: CodeStatus, *, disabled: bool) -> Standing:
    is_off = disabled and status is not CodeStatus.REDEEMED
    return Standing.DISABLED if is_off else _STANDINGS[status]


def _listing(by: Actor) -> sa.Select[*tuple[Any, ...]]:
    named = by.may(Permission.VIEW_MEMBERS)
    listing = sa.select(
        col(Code.serial),
        shown_to(by),
        col(Code.status),
        col(Code.disabled),
        sa.func.coalesce(Member.name, "") if named else sa.literal(""),
        sa.func.coalesce(Member.email, "") if named else sa.literal(""),
        col(Code.claimed_at),
        col(Code.expires_at),
        col(Code.redeemed_at),
        col(Code.member_id),
    ).join(Member, col(Member.id) == col(Code.member_id), isouter=True)
    if by.may(Permission.QR_CODE_MANAGEMENT):
        return listing
    # An outer join, though no code lacks its batch: so SQLite keeps to the order of the codes.
    return listing.join(Batch, col(Batch.id) == col(Code.batch_id), isouter=True)


def _get(session: Session, text: str, by: Actor) -> Detailed | Refused:
    code = alphabet.normal(text)
    if code is None:
        return Refused(Reason.MALFORMED)
    found = session.execute(_listing(by).add_columns(col(Code.batch_id)).where(col(Code.code) == code)).one_or_none()
    return Detailed(Listed(*found[:-1]), batches.get(session, found[-1])) if found else Refused(Reason.UNKNOWN_CODE)


def _switch(session: Session, text: str, *, disabled: bool, by: Actor, now: datetime) -> Detailed | Refused:
    by.must(Permission.QR_CODE_MANAGEMENT)
    code = alphabet.normal(text) or ""
    changed = session.connection().execute(_SWITCH, {"text": code, "to": disabled}).one_or_none()
    if changed:
        one = 1 if disabled else -1
        batches.count_disabled(session, changed.batch_id, one, one * (changed.status is CodeStatus.ACTIVE))
        # Not its text: those who read the trail could redeem it once it is enabled.
        told = f"serial {changed.serial}"
        audit.record(session, f"{_verb(disabled)}_code", f"batch {changed.batch_id}", told, by=by, now=now)
        topics = (batches.TOPIC, batches.topic(changed.batch_id), topic_of(changed.member_id))
        live.announce(session, *topics)
    found = _get(session, text, by)
    if isinstance(found, Detailed) and found.code.status is CodeStatus.REDEEMED:
        return Refused(Reason.ALREADY_REDEEMED)
    return found


def _switch_many(
    session: Session, batch_id: int, serials: Sequence[int] | None, *, disabled: bool, by: Actor, now: datetime
) -> int:
    by.must(Permission.QR_CODE_MANAGEMENT)
    wanted: dict[str, Any] = {"batch": batch_id, "to": disabled}
    hold, switch = (_HOLD_SWITCHED, _SWITCH_ALL) if serials is None else (_HOLD_CHOSEN, _SWITCH_CHOSEN)
    if serials is not None:
        wanted["serials"] = list(serials)
    # Held in the order in which scans hold them; then nobody can come in between the two statements.
    session.connection().execute(hold, wanted)
    unclaimed, claimed = (
        session.connection().execute(switch, wanted | {"of": status}).rowcount
        for status in (CodeStatus.ACTIVE, CodeStatus.CLAIMED)
    )
    changed, sign = unclaimed + claimed, 1 if disabled else -1
    batches.count_disabled(session, batch_id, sign * changed, sign * unclaimed)
    if changed:
        verb, told = _verb(disabled), f"{changed} codes"
        if serials is not None:
            verb, told = f"{verb}_code", f"{changed} of the serials {alphabet.runs(serials)}"
        audit.record(session, verb, f"batch {batch_id}", told, by=by, now=now)
        # The last topic: every open list of cards, as nobody counts whose cards these are.
        live.announce(session, batches.TOPIC, batches.topic(batch_id), batches.DELETIONS)
    return changed


def _verb(disabled: bool) -> str:  # noqa: FBT001 - the switch itself
    return "disable" if disabled else "enable"


def _stands(standing: Standing) -> ColumnElement[bool]:
    match standing:
        case Standing.REDEEMED:
            return col(Code.status) == CodeStatus.REDEEMED
        case Standing.DISABLED:
            return sa.and_(col(Code.disabled), col(Code.status) != CodeStatus.REDEEMED)
        case Standing.ACTIVE | Standing.CLAIMED:
            return sa.and_(col(Code.status) == CodeStatus(standing.value), ~col(Code.disabled))


# Statements of every claim and scan are put together once: that takes longer than running them.
_TAKE = (
    sa.update(Code)
    .where(
        col(Code.id).in_(sa.bindparam("codes", expanding=True)),
        col(Code.status) == CodeStatus.CLAIMED,
        ~col(Code.disabled),
    )
    .values(status=CodeStatus.REDEEMED, redeemed_at=sa.bindparam("now"))
    .returning(col(Code.id))
)
_UNTAKE = (
    sa.update(Code)
    .where(col(Code.id) == sa.bindparam("taken"), col(Code.status) == CodeStatus.REDEEMED)
    .values(
        status=sa.case((col(Code.claimed_at).is_(None), CodeStatus.ACTIVE.value), else_=CodeStatus.CLAIMED.value),
        member_id=sa.case((col(Code.claimed_at).is_(None), None), else_=col(Code.member_id)),
        redeemed_at=None,
    )
    .returning(col(Code.member_id))
)
_HOLD = sa.select(col(Code.batch_id)).where(col(Code.id) == sa.bindparam("code")).with_for_update()
_SWITCH = (
    sa.update(Code)
    .where(
        col(Code.code) == sa.bindparam("text"),
        col(Code.disabled) != sa.bindparam("to"),
        col(Code.status) != CodeStatus.REDEEMED,
    )
    .values(disabled=sa.bindparam("to"))
    .returning(col(Code.batch_id), col(Code.serial), col(Code.status), col(Code.member_id))
)
_UNUSED_OF_MEMBER = (
    col(Code.member_id) == sa.bindparam("member"),
    col(Code.status) == CodeStatus.CLAIMED,
    ~col(Code.disabled),
)
_HOLD_OF_MEMBER = sa.select(sa.func.count()).select_from(
    sa.select(col(Code.id))
    .where(col(Code.member_id) == sa.bindparam("member"))
    .order_by(col(Code.id))
    .with_for_update()
    .subquery()
)
_WITHDRAW = sa.update(Code).where(*_UNUSED_OF_MEMBER).values(disabled=True).returning(col(Code.batch_id))
_SWITCHED = (
    col(Code.batch_id) == sa.bindparam("batch"),
    col(Code.disabled) != sa.bindparam("to"),
    col(Code.status) != CodeStatus.REDEEMED,
)
_CHOSEN = (*_SWITCHED, col(Code.serial).in_(sa.bindparam("serials", expanding=True)))
_HOLD_SWITCHED, _HOLD_CHOSEN = (
    sa.select(sa.func.count()).select_from(
        sa.select(col(Code.id)).where(*which).order_by(col(Code.id)).with_for_update().subquery()
    )
    for which in (_SWITCHED, _CHOSEN)
)
_SWITCH_ALL, _SWITCH_CHOSEN = (
    sa.update(Code).where(*which, col(Code.status) == sa.bindparam("of")).values(disabled=sa.bindparam("to"))
    for which in (_SWITCHED, _CHOSEN)
)
_BY_TEXTS = (
    sa.select(
        col(Code.id),
        col(Code.batch_id),
        col(Code.code),
        col(Code.status),
        col(Code.disabled),
        col(Code.member_id),
        col(Code.expires_at),
        col(Code.claimed_at),
    )
    .where(col(Code.code).in_(sa.bindparam("codes", expanding=True)))
    .order_by(col(Code.id))  # always locked in the same order, so that two tills cannot deadlock
)
_HELD_BY_TEXTS = _BY_TEXTS.with_for_update()
_BATCHES = select(Batch).where(col(Batch.id).in_(sa.bindparam("batches", expanding=True))).order_by(col(Batch.id))
_HELD_BATCHES = _BATCHES.with_for_update(key_share=True)  # a freeze waits for the scans before it
_HELD = select(Code).where(
    col(Code.batch_id).in_(sa.bindparam("batches", expanding=True)),
    col(Code.member_id).in_(sa.bindparam("members", expanding=True)),
    col(Code.claimed_at).is_not(None),
)
_MADE = (
    sa.select(col(Code.serial), col(Code.code), col(Code.status), col(Code.disabled), col(Code.redeemed_at))
    .where(
        col(Code.batch_id) == sa.bindparam("batch"),
        col(Code.serial).between(sa.bindparam("first"), sa.bindparam("last")),
    )
    .order_by(col(Code.serial))
)
_TOLD = (
    sa.select(col(Code.serial), _REDEMPTIONS.c.answers)
    .join(_REDEMPTIONS, _REDEMPTIONS.c.code_id == col(Code.id))
    .where(
        col(Code.batch_id) == sa.bindparam("batch"),
        col(Code.serial).between(sa.bindparam("first"), sa.bindparam("last")),
        _REDEMPTIONS.c.status == sa.literal_column("'recorded'"),
    )
)
_BY_NUMBERS = sa.select(col(Batch.print_number), col(Batch.id), col(Batch.key_id), col(Batch.parameters)).where(
    col(Batch.print_number).in_(sa.bindparam("numbers", expanding=True))
)
_BY_PLACES = sa.select(col(Code.batch_id), col(Code.serial), col(Code.code)).where(
    sa.tuple_(col(Code.batch_id), col(Code.serial)).in_(sa.bindparam("places", expanding=True))
)

_INSTANT = "%Y-%m-%d %H:%M:%S.%f"


def _instant(session: Session) -> str:
    # What SQLAlchemy itself writes: UTC text on SQLite, an instant on PostgreSQL, whose sessions run in UTC.
    return "text" if database.is_sqlite(session.connection()) else "timestamptz"
