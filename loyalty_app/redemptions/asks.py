"""What is asked of a code, what it hits, and what is answered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from loyalty_app.accounts.models import Account
from loyalty_app.apikeys.models import ApiKey
from loyalty_app.batches import service as batches
from loyalty_app.batches.fields import Field
from loyalty_app.batches.models import Batch, BatchKind, BatchStatus
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import CodeStatus
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.reasons import Reason
from loyalty_app.keys import service as keys
from loyalty_app.members.models import Member
from loyalty_app.offers.models import Promise
from loyalty_app.places.models import Place
from loyalty_app.redemptions import rules
from loyalty_app.redemptions.models import Redemption, RedemptionStatus


@dataclass(frozen=True)
class Ask:
    """What was scanned or typed; the device's nonce makes a repeat of the same attempt harmless.

    Who tells the member or the basket (in minor units) has them checked as well.
    """

    text: str
    by: Actor
    nonce: str = ""
    member_id: int | None = None
    amount: int | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    """What the batch asks, by label (`Batch.fields`)."""
    place_id: int | None = None
    """Where, if not where the asker is."""
    device_id: int | None = None
    """On which enrolled device it was scanned, if not on the one that the asker uses."""
    scanned_at: datetime | None = None
    """When the device scanned it, if there was no connection then."""
    scanned_by: int | None = None
    """Whose account scanned it then, on an enrolled device that several people use."""
    asks_amount: bool = False
    """Whether somebody is there who can be asked for the basket, where the offer has a minimum."""
    goodwill: str = ""
    """Why an expired voucher is honoured all the same."""

    @property
    def at_place(self) -> int | None:
        """Return where it is asked."""
        return self.place_id or self.by.place_id

    @property
    def on_device(self) -> int | None:
        """Return on which device it is asked."""
        return self.device_id or self.by.device_id


@dataclass(frozen=True)
class Voucher:
    """What is known of a code at the counter."""

    code: str
    promise: Promise
    member: str
    expires_at: datetime
    redeemed_at: datetime | None = None
    redeemed_by: str = ""
    redeemed_place: str = ""
    redeemed_zone: str = ""
    """The clock there, where it was redeemed before."""
    redemption_id: int = 0
    """Of the redemption that stands, where it was redeemed before."""
    is_goodwill: bool = False
    """Whether it was honoured though expired, instead of redeemed."""
    member_id: int | None = None
    batch_id: int = 0
    is_scan: bool = False

    @property
    def points(self) -> int:
        """Return what it pays."""
        return self.promise.reward_value if self.is_scan else 0


@dataclass(frozen=True)
class Redeemed:
    """The voucher was good, and is used up now."""

    voucher: Voucher
    at: datetime
    id: int = 0
    """The redemption's number."""
    balance: int | None = None
    """What the member has now, where it paid points."""
    place: str = ""
    """Where it was redeemed."""


@dataclass(frozen=True)
class AmountNeeded:
    """Nothing was redeemed, and nothing kept: the offer has a minimum, and the basket is not told."""

    voucher: Voucher


@dataclass(frozen=True)
class Refused:
    """Nothing was redeemed, and why; with the voucher where there is one."""

    reason: Reason
    voucher: Voucher | None = None
    also: tuple[Reason, ...] = ()
    """What else stands against it."""
    is_goodwill_allowed: bool = False
    """Whether the asker may honour it all the same, as nothing but its date stands against it."""
    is_claim_link: bool = False
    """Whether it is the link by which members claim vouchers of ours."""


@dataclass(frozen=True)
class Incomplete:
    """Nothing was redeemed, and nothing kept: the batch asks for more, or for something else."""

    problems: Mapping[str, str]
    """A sentence for each answer that will not do, by label."""


Answer = Redeemed | Refused | Incomplete | AmountNeeded


@dataclass(frozen=True)
class Worth:
    """What a scan code would pay, and what its batch asks for; looking at it changes nothing."""

    code: str
    promise: Promise
    points: int
    fields: list[Field]
    expires_at: datetime
    batch_id: int


@dataclass(frozen=True)
class Checked:
    """What redeeming would be answered now; nothing was redeemed."""

    reasons: tuple[Reason, ...]
    """Every reason against it, the first that counts first; none if the voucher is good."""
    voucher: Voucher | None
    fields: tuple[Field, ...] = ()
    """What the batch asks of who redeems."""
    is_goodwill_allowed: bool = False
    """Whether the asker may honour it all the same, as nothing but its date stands against it."""

    @property
    def is_valid(self) -> bool:
        """Return whether it would be redeemed."""
        return not self.reasons


@dataclass(frozen=True)
class Hit:
    """A code that was found, as those next in the list will see it."""

    code: codes.Found
    batch: Batch
    voucher: Voucher
    facts: rules.Facts

    def used(self, voucher: Voucher) -> "Hit":
        """Return it as those next in the list see it."""
        if voucher.is_goodwill:
            return replace(self, voucher=voucher, facts=replace(self.facts, is_honoured=True))
        return replace(self, voucher=voucher, facts=replace(self.facts, status=CodeStatus.REDEEMED))


@dataclass(frozen=True)
class Explained:
    """What stands against a code and what does not, check by check."""

    reasons: tuple[Reason, ...]
    """Every reason against it, the first that counts first; none if it would be redeemed."""
    verdicts: Mapping[Reason, bool | None]
    """Whether each check of a found code fails; nothing where it does not apply (`rules.CHECKS`)."""
    hit: Hit | None


@dataclass(frozen=True)
class Bad:
    """A token that stands for no code, and why."""

    reason: Reason


def recognised(session: Session, asks: Sequence[Ask]) -> list[rules.Scanned | Bad]:
    """Return what each ask says, its token opened; of links only those to elsewhere keep their host."""
    read: list[rules.Scanned | Bad] = [rules.recognise(ask.text) for ask in asks]
    if any(isinstance(what, rules.CodeText | rules.ClaimLink) and what.host for what in read):
        read = _told_apart(session, asks, read)
    tokens = {what.token for what in read if isinstance(what, rules.TokenText)}
    if not tokens:
        return read
    meant = codes.by_tokens(session, tokens)
    for place, what in enumerate(read):
        if isinstance(what, rules.TokenText):
            code = meant[what.token]
            read[place] = Bad(code) if isinstance(code, Reason) else rules.CodeText(code)
    return read


def _told_apart(
    session: Session, asks: Sequence[Ask], read: Sequence[rules.Scanned | Bad]
) -> list[rules.Scanned | Bad]:
    # A code or claim link of ours stays good under an address that we had once, and no longer know.
    ours = batches.hosts(session)
    claims = batches.known_tokens(session, {what.token for what in read if isinstance(what, rules.ClaimLink)})
    told: list[rules.Scanned | Bad] = []
    for ask, what in zip(asks, read, strict=True):
        match what:
            case rules.ClaimLink(token, host) if host and host not in ours and token not in claims:
                told.append(rules.Foreign())
            # Members and strangers are answered one and the same for every code that is none of theirs.
            case rules.CodeText(code, host) if host in ours or not _works(ask.by):
                told.append(rules.CodeText(code))
            case _:
                told.append(what)
    return told


def _works(by: Actor) -> bool:
    return by.may(Permission.REDEEM) or by.may(Permission.SUPPORT)


def looked_up(session: Session, what: rules.Scanned | Bad) -> Hit | None:
    """Return the code that is meant, without holding it."""
    texts = {what.code} if isinstance(what, rules.CodeText) else set()
    return hit_of(find(session, texts, held=False), what)


def find(session: Session, texts: Iterable[str], *, held: bool = True) -> dict[str, Hit]:
    """Return the codes of these texts; held for this transaction unless told otherwise."""
    found = codes.by_texts(session, texts, held=held)
    # Asked for after the codes are locked, so that a redemption committed meanwhile is seen.
    redeemed = session.connection().execute(_REDEEMED, {"codes": [code.id for code, _ in found.values()]})
    first = {
        code_id: (
            scanned_at or at,
            staff or "",
            place or "",
            zone or "",
            number or 0,
            status is RedemptionStatus.GOODWILL,
        )
        for code_id, number, at, scanned_at, staff, place, zone, status in redeemed
    }
    member_ids = {code.member_id for code, _ in found.values() if code.member_id}
    held_by = session.connection().execute(_HOLDERS, {"members": list(member_ids)}).all()
    holders = {member_id: name for member_id, name, _ in held_by}
    erased = {member_id for member_id, _, erased_at in held_by if erased_at}
    of = {batch.id: batch for _, batch in found.values()}
    promises = {batch_id: batches.promise_of(batch) for batch_id, batch in of.items()}
    retired = keys.retired(session, [batch.key_id for _, batch in found.values()])
    hits = {}
    for text, (code, batch) in found.items():
        expires_at = code.expires_at or batch.closes_at
        is_scan = batch.kind is BatchKind.SCAN
        voucher = Voucher(
            alphabet.display(code.code, batch.prefix),
            promises[batch.id],
            holders.get(code.member_id or 0, ""),
            expires_at,
            *first.get(code.id, (None, "", "", "", 0, False)),
            member_id=code.member_id,
            batch_id=code.batch_id,
            is_scan=is_scan,
        )
        facts = rules.Facts(
            code.status,
            code.disabled,
            batch.redemptions_frozen,
            expires_at,
            code.member_id,
            batch.minimum_purchase,
            is_scan,
            is_scan and batch.status is BatchStatus.PAUSED,
            is_scan and batch.key_id in retired,
            voucher.is_goodwill,
            code.member_id in erased,
        )
        hits[text] = Hit(code, batch, voucher, facts)
    return hits


def names_of(session: Session, member_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of members."""
    named = session.connection().execute(_HOLDERS, {"members": list(member_ids)})
    return {member_id or 0: name for member_id, name, _ in named}


def hit_of(hits: dict[str, Hit], what: rules.Scanned | Bad) -> Hit | None:
    """Return the code that is meant, of those that were found."""
    return hits.get(what.code) if isinstance(what, rules.CodeText) else None


# Statements of every scan are put together once: that takes longer than running them.
_REDEEMED = (
    sa.select(
        col(Redemption.code_id),
        col(Redemption.id),
        col(Redemption.at),
        col(Redemption.scanned_at),
        sa.func.coalesce(Account.name, ApiKey.name),
        col(Place.name),
        col(Place.time_zone),
        col(Redemption.status),
    )
    .join(Place, col(Place.id) == col(Redemption.place_id), isouter=True)
    .join(Account, col(Account.id) == col(Redemption.account_id), isouter=True)
    .join(ApiKey, col(ApiKey.id) == col(Redemption.api_key_id), isouter=True)
    .where(
        col(Redemption.code_id).in_(sa.bindparam("codes", expanding=True)),
        col(Redemption.status) != RedemptionStatus.REVERSED,
    )
)
_HOLDERS = sa.select(col(Member.id), col(Member.name), col(Member.erased_at)).where(
    col(Member.id).in_(sa.bindparam("members", expanding=True))
)
