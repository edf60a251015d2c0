"""Tell why a code was refused, or why somebody cannot claim: every check, and what it looked at."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from loyalty_app.accounts import service as accounts
from loyalty_app.audit import service as audit
from loyalty_app.batches.models import Batch
from loyalty_app.claims import service as claims
from loyalty_app.codes import alphabet
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core import times
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.errors import InvalidError, NotFoundError
from loyalty_app.core.reasons import Reason
from loyalty_app.members import service as members
from loyalty_app.members.models import Member
from loyalty_app.members.service import Wish
from loyalty_app.places.models import Place
from loyalty_app.program import service as programs
from loyalty_app.program.rules import ask_money, read_money
from loyalty_app.redemptions import rules as redemption_rules
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.asks import Ask, Hit, recognised
from loyalty_app.support import rules
from loyalty_app.support.rules import Facts, Finding, Judged

MOST_FOUND = 10


@dataclass(frozen=True)
class Question:
    """What somebody wants to know, as they typed it."""

    code: str = ""
    member: str = ""
    """A number, or words, each part of a name, address or phone number."""
    amount: str = ""
    place: str = ""
    at: str = ""
    """The instant that counts, by the clock of the location or of the program; now, if nothing is said."""


@dataclass(frozen=True)
class Who:
    """A member as whoever asks may know them."""

    id: int
    name: str
    email: str = ""


@dataclass(frozen=True)
class Several:
    """More than one member fits."""

    members: tuple[Who, ...]
    has_more: bool = False
    """Whether these are only the newest of them."""


@dataclass(frozen=True)
class Trace:
    """The answer."""

    steps: tuple[Judged, ...]
    facts: Facts
    reasons: tuple[Reason, ...]
    """What stands against it, the first that counts first; none if it would go through."""
    is_claim: bool = False
    """Whether it was asked of a claim link."""
    who: Who | None = None
    batch_id: int | None = None
    title: str = ""
    is_member_shown: bool = False
    """Whether whoever asks may open the member's page."""


@dataclass(frozen=True)
class _Asked:
    """A question that was understood."""

    text: str
    who: Who | None
    amount: int | None
    place: Place | None
    at: datetime


def explain(session: Session, question: Question, *, by: Actor, now: datetime) -> Trace | Several:
    """Return every check of a code or a claim link with what it looked at; only that somebody asked is kept."""
    by.must(Permission.SUPPORT)
    asked = _understood(session, question, by, now)
    if isinstance(asked, Several):
        return asked
    (what,) = recognised(session, [Ask(asked.text, by)])
    if isinstance(what, redemption_rules.ClaimLink):
        trace = _of_claim(session, what.token, asked, by=by)
        subject = f"batch {trace.batch_id}" if trace.batch_id else "claim link"
        details = ""
    else:
        trace, hit = _of_code(session, asked, by=by)
        subject, details = _subject(session, hit)
    # Not the code: those who read the trail could redeem it.
    details = ", ".join(filter(None, (details, f"member {asked.who.id}" if asked.who else "")))
    audit.record(session, "look_into", subject, details, by=by, now=now)
    return trace


def places(session: Session, *, by: Actor) -> list[Place]:
    """Return the open locations that a question may name."""
    by.must(Permission.SUPPORT)
    return list(session.exec(select(Place).where(col(Place.closed_at).is_(None)).order_by(Place.name)))


def _understood(session: Session, question: Question, by: Actor, now: datetime) -> _Asked | Several:
    program, problems = programs.current(session), dict[str, str]()
    text = question.code.strip()
    if not text:
        problems["code"] = "Enter a code, or paste what was scanned."
    elif len(text) > rules.MOST_TEXT:
        problems["code"] = "This is longer than any code or link of ours."
    place = session.get(Place, int(question.place)) if _is_number(question.place) else None
    if question.place and place is None:
        problems["place"] = "Choose a location from the list."
    amount = read_money(question.amount, program.currency)
    if question.amount.strip() and amount is None:
        problems["amount"] = ask_money(program.currency)
    at = _instant(question.at, place.time_zone if place else program.time_zone) if question.at else now
    if at is None:
        problems["at"] = "Enter a date and a time."
    wanted = question.member.strip()[: rules.MOST_MEMBER]
    found = _members(session, wanted, by) if wanted else []
    if wanted and not found:
        problems["member"] = "No member fits."
    if problems or at is None:
        raise InvalidError(**problems)
    if len(found) > 1:
        return Several(tuple(found[:MOST_FOUND]), has_more=len(found) > MOST_FOUND)
    return _Asked(text, found[0] if found else None, amount, place, at)


def _members(session: Session, text: str, by: Actor) -> list[Who]:
    """Return the members that are meant; who may not see members has to know the whole address."""
    if not by.may(Permission.VIEW_MEMBERS):
        member_id = members.id_of_email(session, text)
        return [Who(member_id, text)] if member_id else []
    if _is_number(text):
        try:
            found = [members.get(session, int(text), by=by)]
        except NotFoundError:
            found = []
    else:
        found = members.listed(session, Wish(text), limit=MOST_FOUND + 1, by=by)
    return [Who(one.id or 0, one.name, one.email) for one in found]


def _of_code(session: Session, asked: _Asked, *, by: Actor) -> tuple[Trace, Hit | None]:
    ask = Ask(asked.text, by, member_id=asked.who.id if asked.who else None, amount=asked.amount)
    explained = redemptions.explain(session, ask, now=asked.at)
    facts, hit = _facts(session, asked), explained.hit
    what = redemption_rules.recognise(asked.text)
    is_token, is_typed = (isinstance(what, kind) for kind in (redemption_rules.TokenText, redemption_rules.CodeText))
    facts = replace(facts, is_token=is_token)
    if hit is None:
        findings = rules.until(rules.CODE_STEPS, explained.reasons[0])
        findings = [replace(one, fails=None) if _is_of_a_seal(one) and not is_token else one for one in findings]
        findings = [replace(one, fails=None) if _is_passed_unseen(one) else one for one in findings]
        steps = rules.judged(rules.CODE_STEPS, findings)
        return Trace(tuple(steps), facts, explained.reasons, who=asked.who), None

    facts = _with_hit(facts, hit, by)
    counts = facts.is_scan and is_typed and facts.tries is not None
    is_waiting = counts and (facts.tries or 0) >= facts.most_tries
    findings = [
        rules.of_code(Reason.RATE_LIMITED, fails=is_waiting if counts else None),
        rules.of_code(Reason.MALFORMED, fails=False),
        rules.of_code(Reason.TAMPERED, fails=False if is_token else None),
        rules.of_code(Reason.UNKNOWN_CODE, fails=False),
        rules.of_code(Reason.WRONG_KIND, fails=False),
        rules.of_code(Reason.NOT_READY, fails=False),
        *(rules.of_code(reason, fails=fails) for reason, fails in explained.verdicts.items()),
    ]
    steps = rules.judged(rules.CODE_STEPS, findings)
    steps = [replace(step, verdict=_of_the_rest(step)) for step in steps]
    reasons = ((Reason.RATE_LIMITED,) if is_waiting else ()) + explained.reasons
    seen = {"batch_id": hit.batch.id, "title": hit.voucher.promise.title}
    named = by.may(Permission.VIEW_MEMBERS)
    return Trace(tuple(steps), facts, reasons, who=asked.who, is_member_shown=named, **seen), hit


def _is_of_a_seal(finding: Finding) -> bool:
    return finding.reason in {Reason.TAMPERED, Reason.KEY_RETIRED}


def _is_passed_unseen(finding: Finding) -> bool:
    # A link to elsewhere ends behind this step, and there is no code that it found.
    return finding.reason is Reason.UNKNOWN_CODE and not finding.fails


def _of_the_rest(step: Judged) -> rules.Verdict:
    # Behind the last finding stand steps that have nothing to check, not ones that were never reached.
    return rules.Verdict.NOT_APPLICABLE if step.verdict is rules.Verdict.NOT_CHECKED else step.verdict


def _of_claim(session: Session, token: str, asked: _Asked, *, by: Actor) -> Trace:
    facts, who = _facts(session, asked), asked.who
    explained = claims.explain(session, token, who.id if who else None, by=by, now=asked.at)
    if explained is None:
        findings = rules.until(rules.CLAIM_STEPS, Reason.UNKNOWN_CODE)
        steps = rules.judged(rules.CLAIM_STEPS, findings)
        return Trace(tuple(steps), facts, (Reason.UNKNOWN_CODE,), is_claim=True, who=who)

    batch, voucher = explained.batch, explained.voucher
    facts = replace(_with_batch(facts, batch), expires_at=batch.closes_at)
    if voucher:
        facts = replace(facts, code=alphabet.display(voucher.code, voucher.prefix))
    verdicts = [(Reason.UNKNOWN_CODE, False), *explained.verdicts]
    findings = [Finding(place, reason, fails) for place, (reason, fails) in enumerate(verdicts)]
    steps = rules.judged(rules.CLAIM_STEPS, findings)
    seen = {"batch_id": batch.id, "title": batch.title, "is_member_shown": by.may(Permission.VIEW_MEMBERS)}
    return Trace(tuple(steps), facts, explained.reasons, is_claim=True, who=who, **seen)


def _facts(session: Session, asked: _Asked) -> Facts:
    program, place = programs.current(session), asked.place
    account_id = _account_of(session, asked.who) if asked.who else None
    tries = None
    if account_id is not None:
        key = accounts.throttle_key("guess-account", Actor(account_id=account_id).key)
        tries = accounts.tries(session, key, now=asked.at)
    return Facts(
        at=asked.at,
        zone=place.time_zone if place else program.time_zone,
        locale=program.locale,
        currency=program.currency,
        asked_for=asked.who.name if asked.who else "",
        amount=asked.amount,
        place=place.name if place else "",
        tries=tries,
        most_tries=redemption_rules.GUESSES_AN_ACCOUNT,
    )


def _with_hit(facts: Facts, hit: Hit, by: Actor) -> Facts:
    voucher = hit.voucher
    is_open = by.may(Permission.QR_CODE_MANAGEMENT) or not voucher.is_scan or hit.code.status is CodeStatus.REDEEMED
    return replace(
        _with_batch(facts, hit.batch),
        code=voucher.code if is_open else hit.batch.prefix + alphabet.masked(hit.code.code),
        is_scan=voucher.is_scan,
        holder=voucher.member,
        expires_at=voucher.expires_at,
        redeemed_at=voucher.redeemed_at,
        redeemed_by=voucher.redeemed_by,
        redeemed_place=voucher.redeemed_place,
        is_goodwill=voucher.is_goodwill,
        minimum=hit.facts.minimum,
    )


def _with_batch(facts: Facts, batch: Batch) -> Facts:
    left = max(0, batch.made - batch.claimed - batch.withheld)
    return replace(facts, batch=batch.name, made=batch.made, total=batch.total, left=left)


def _subject(session: Session, hit: Hit | None) -> tuple[str, str]:
    if hit is None:
        return "code", "not found"
    serial = session.exec(select(Code.serial).where(Code.id == hit.code.id)).one()
    return f"batch {hit.batch.id}", f"serial {serial}"


def _account_of(session: Session, who: Who) -> int | None:
    return session.exec(select(Member.account_id).where(Member.id == who.id)).first()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < len(str(2**31))


def _instant(text: str, zone: str) -> datetime | None:
    try:
        typed = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not times.FIRST_DAY <= typed.date() <= times.LAST_DAY:
        return None
    return (typed if typed.tzinfo else typed.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
