"""Join the program, and find members."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, UTCDateTime, col, select

from loyalty_app.accounts import rules as account_rules
from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, Role
from loyalty_app.accounts.service import CodeRefused, Newcomer, SignedIn, SignInRefused
from loyalty_app.audit import service as audit
from loyalty_app.core import live, secrets
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import AppError, InvalidError, NotFoundError
from loyalty_app.core.languages import Language, Sentence
from loyalty_app.core.reasons import Reason
from loyalty_app.core.texts import has_words
from loyalty_app.members import rules
from loyalty_app.members.models import Member
from loyalty_app.program import service as programs

PAGE = 50
TOPIC = "members"


@dataclass(frozen=True)
class Details:
    """What is known of a member."""

    name: str
    email: str
    phone: str = ""


@dataclass(frozen=True)
class Changes:
    """What to change of a member; None leaves it."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True)
class Wish:
    """Which members to list: by words, each part of a name, address or phone number, or by exactly one address."""

    text: str = ""
    email: str = ""
    is_erased: bool = False
    """Those of whom nothing is known any more, instead of all others."""


@dataclass(frozen=True)
class Entered:
    """A member who came in by mail, and the session that was opened for them."""

    by: Actor
    signed_in: SignedIn


class ErasedError(AppError):
    """Nothing is known of the person any more, so nothing can be changed or given."""

    def __init__(self) -> None:
        """Say it."""
        super().__init__("This member was erased.")


class TakenError(AppError):
    """Another member has the address."""

    def __init__(self) -> None:
        """Say it."""
        super().__init__("There is a member with this address already.")


class NotSetUpError(AppError):
    """There is no program yet that somebody could join."""

    def __init__(self) -> None:
        """Say who can change that."""
        super().__init__(Sentence("This program is not set up yet. Come back when its first admin has done that."))


def ask_to_join(session: Session, who: Newcomer, words: Language, *, peer: str, now: datetime) -> str | SignInRefused:
    """Send a code to the address of somebody who wants to join; return the secret that goes with the code."""
    if not programs.is_set_up(session):
        raise NotSetUpError
    return accounts.ask_to_join(session, who, words, peer=peer, now=now)


def ask_to_enter(
    session: Session, name: str, email: str, words: Language, *, peer: str, now: datetime
) -> str | SignInRefused:
    """Send a code to the address of a member, or of somebody who becomes one with it."""
    if not programs.is_set_up(session):
        raise NotSetUpError
    return accounts.ask_to_enter(session, name, email, words, peer=peer, now=now)


def verify(session: Session, secret: str, code: str, *, now: datetime, device: str = "") -> SignedIn | CodeRefused:
    """Let in who entered the code from the mail: make them a member, and sign them in."""
    who = accounts.verify(session, secret, code, now=now)
    return who if isinstance(who, CodeRefused) else join(session, who, now=now, device=device)


def enter(
    session: Session, secret: str, code: str, name: str, *, now: datetime, device: str = ""
) -> Entered | CodeRefused:
    """Let in who entered the code from the mail: as the member they are, or as a new one, without a password."""
    who = accounts.entered(session, secret, code, now=now)
    if isinstance(who, CodeRefused):
        return who
    account = accounts.with_address(session, who.email)
    if account is None:
        new = replace(who, name=name.strip() or who.name, password_hash=accounts.NO_PASSWORD)
        if problem := account_rules.name_problem(new.name):
            raise InvalidError(name=problem)
        signed_in = join(session, new, now=now, device=device)
    elif account.role is Role.MEMBER and account.is_active:
        signed_in = accounts.open_session(session, account, now=now, device=device)
        session.flush()
    else:
        return CodeRefused(Reason.LOGIN_REQUIRED)
    return Entered(accounts.actor_of(session, secrets.fingerprint(signed_in.secret), now=now), signed_in)


def join(session: Session, who: Newcomer, *, now: datetime, device: str = "") -> SignedIn:
    """Make a member with an account, for somebody whose address is known to be theirs, and sign them in."""
    account = accounts.sign_up(session, who, now=now)
    # A member whom staff or a program made before gets the account; their vouchers wait for them.
    joined = session.connection().execute(
        _JOIN, {"account": account.id, "name": account.name, "email": account.email, "now": now}
    )
    if not joined.rowcount:
        raise InvalidError(email=Sentence("This address belongs to another member."))
    live.announce(session, TOPIC)
    return accounts.open_session(session, account, now=now, device=device)


def rename_me(session: Session, name: str, *, by: Actor) -> None:
    """Change the caller's own name, and the one on their vouchers if they are a member."""
    account = accounts.rename_me(session, name, by=by)
    # A redemption of theirs that is not committed yet would keep the name that they had.
    session.connection().execute(_HOLD_MINE, {"account": account.id})
    renamed = session.connection().execute(
        sa.update(Member).where(col(Member.account_id) == account.id).values(name=account.name)
    )
    if renamed.rowcount:
        live.announce(session, TOPIC)


def create(session: Session, details: Details, *, by: Actor, now: datetime) -> Member:
    """Make a member without an account; whoever proves later that the address is theirs gets it."""
    by.must(Permission.MEMBER_MANAGEMENT)
    _check(details)
    member = Member(
        name=details.name.strip(),
        email=account_rules.normal_email(details.email) or "",
        phone=details.phone.strip(),
        joined_at=now,
    )
    _save(session, member)
    audit.record(session, "create", f"member {member.id}", by=by, now=now)
    live.announce(session, TOPIC)
    return member


def known_or_new(session: Session, details: Details, *, by: Actor, now: datetime) -> int:
    """Return the member with that address; make one if nobody has it, also when two ask at once."""
    by.must(Permission.MEMBER_MANAGEMENT)
    if known := id_of_email(session, details.email):
        return known
    _check(details)
    email = account_rules.normal_email(details.email)
    values = {"name": details.name.strip(), "email": email, "phone": details.phone.strip(), "now": now}
    made = session.connection().execute(_MAKE, values).scalar_one_or_none()
    if made is None:
        return session.exec(select(Member.id).where(Member.email == email)).one() or 0
    audit.record(session, "create", f"member {made}", by=by, now=now)
    return made


def update(session: Session, member_id: int, changes: Changes, *, by: Actor, now: datetime) -> Member:
    """Change what is known of a member; the address of one who signs in with it is theirs to change."""
    by.must(Permission.MEMBER_MANAGEMENT)
    member = session.get(Member, member_id, with_for_update=True, populate_existing=True)
    if member is None:
        raise NotFoundError("member")
    if member.erased_at:
        raise ErasedError
    details = Details(
        member.name if changes.name is None else changes.name,
        member.email if changes.email is None else changes.email,
        member.phone if changes.phone is None else changes.phone,
    )
    _check(details)
    email = account_rules.normal_email(details.email) or ""
    if member.account_id and email != member.email:
        raise InvalidError(email="This member signs in with the address; only they can change it.")

    member.name, member.email, member.phone = details.name.strip(), email, details.phone.strip()
    _save(session, member)
    session.connection().execute(
        sa.update(Account).where(col(Account.id) == member.account_id).values(name=member.name)
    )
    audit.record(session, "change", f"member {member_id}", by=by, now=now)
    return member


def hold(session: Session, member_ids: Iterable[int]) -> set[int]:
    """Return which of these members are not erased; none of them is before this transaction is over."""
    found = session.connection().execute(_HOLD, {"members": list(set(member_ids))}).scalars()
    return {member_id for member_id in found if member_id}


def blank(session: Session, member_id: int, *, by: Actor, now: datetime) -> bool:
    """Forget who a member is; the row stays for the numbers. False if that was done before.

    Nobody signs in as them any more. What else names them is up to the caller, in the same transaction.
    """
    by.must(Permission.MEMBER_MANAGEMENT)
    email = f"erased-{member_id}-{secrets.new_token()[:8].lower()}@erased.invalid"
    told = {"member": member_id, "name": erased_name(member_id), "address": email, "now": now}
    blanked = session.connection().execute(_BLANK, told)
    live.announce(session, TOPIC)
    return bool(blanked.rowcount)


def erased_name(member_id: int) -> str:
    """Return what an erased member is called."""
    return f"Erased member {member_id}"


def get(session: Session, member_id: int, *, by: Actor) -> Member:
    """Return a member to somebody who may see members."""
    by.must(Permission.VIEW_MEMBERS)
    member = session.get(Member, member_id)
    if member is None:
        raise NotFoundError("member")
    return member


def listed(session: Session, wish: Wish, *, after: int = 0, limit: int = PAGE, by: Actor) -> list[Member]:
    """Return the members that fit, the newest first, from behind a number."""
    by.must(Permission.VIEW_MEMBERS)
    is_wanted = col(Member.erased_at).is_not(None) if wish.is_erased else col(Member.erased_at).is_(None)
    query = select(Member).where(is_wanted).order_by(col(Member.id).desc()).limit(limit)
    if after:
        query = query.where(col(Member.id) < after)
    if wish.email:
        query = query.where(Member.email == account_rules.normal_email(wish.email))
    if wish.text:
        query = query.where(has_words(wish.text, Member.name, Member.email, Member.phone))
    return list(session.exec(query))


def is_known(session: Session, member_id: int) -> bool:
    """Return whether there is a member of that number, and not erased."""
    wanted = select(Member.id).where(Member.id == member_id, col(Member.erased_at).is_(None))
    return session.exec(wanted).first() is not None


def name_of(session: Session, member_id: int) -> str:
    """Return the name of a member."""
    return session.exec(select(Member.name).where(Member.id == member_id)).one()


def id_of_email(session: Session, email: str) -> int | None:
    """Return the number of the member with that address."""
    return session.exec(select(Member.id).where(Member.email == account_rules.normal_email(email))).first()


def ids_of_accounts(session: Session, account_ids: Iterable[int]) -> dict[int, int]:
    """Return the member behind each account that has one."""
    found = session.connection().execute(_OF_ACCOUNTS, {"accounts": list(set(account_ids))})
    return {account_id: member_id for account_id, member_id in found if account_id and member_id}


def _check(details: Details) -> None:
    if problems := rules.problems(details.name, details.email, details.phone):
        raise InvalidError(**problems)


def _save(session: Session, member: Member) -> None:
    session.add(member)
    try:
        session.flush()
    except IntegrityError:
        raise TakenError from None


_HOLD = (
    sa.select(col(Member.id))
    .where(col(Member.id).in_(sa.bindparam("members", expanding=True)), col(Member.erased_at).is_(None))
    .order_by(col(Member.id))
    .with_for_update(read=True, key_share=True)
)
_HOLD_MINE = sa.select(col(Member.id)).where(col(Member.account_id) == sa.bindparam("account")).with_for_update()
_BLANK = (
    sa.update(Member)
    .where(col(Member.id) == sa.bindparam("member"), col(Member.erased_at).is_(None))
    .values(
        name=sa.bindparam("name"),
        email=sa.bindparam("address"),
        phone="",
        account_id=None,
        erased_at=sa.bindparam("now"),
    )
)
_OF_ACCOUNTS = sa.select(col(Member.account_id), col(Member.id)).where(
    col(Member.account_id).in_(sa.bindparam("accounts", expanding=True))
)
_MAKE = sa.text(
    "insert into member (name, email, phone, joined_at) values (:name, :email, :phone, :now)"
    " on conflict (email) do nothing returning id"
).bindparams(sa.bindparam("now", type_=UTCDateTime()))
_JOIN = sa.text(
    "insert into member (account_id, name, email, joined_at) values (:account, :name, :email, :now)"
    " on conflict (email) do update set account_id = excluded.account_id where member.account_id is null"
).bindparams(sa.bindparam("now", type_=UTCDateTime()))
