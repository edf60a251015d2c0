"""Live through one week of the sample café, by the same verbs as everybody else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from loyalty_app.accounts import service as accounts
from loyalty_app.accounts.models import Account, Role
from loyalty_app.accounts.service import SYSTEM, Newcomer
from loyalty_app.batches import rules as batch_rules
from loyalty_app.batches import service as batches
from loyalty_app.batches.models import Batch, BatchKind
from loyalty_app.batches.scans import ScanDraft
from loyalty_app.claims import service as claims
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.codes.step import prepare as prepare_codes
from loyalty_app.core import live, secrets, times
from loyalty_app.core.actor import Actor
from loyalty_app.core.config import settings
from loyalty_app.core.reasons import Reason
from loyalty_app.jobs import service as jobs
from loyalty_app.jobs.models import Job, JobStatus
from loyalty_app.members.models import Member
from loyalty_app.offers import service as offers
from loyalty_app.offers.models import Offer
from loyalty_app.pictures import drawing as pictures
from loyalty_app.pictures import service as picture_service
from loyalty_app.places.models import Device, Place
from loyalty_app.points import service as points
from loyalty_app.program import service as programs
from loyalty_app.redemptions import conflicts
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.asks import Ask
from loyalty_app.redemptions.models import Attempt, Redemption, RedemptionStatus
from loyalty_app.sample import drawing, rules
from loyalty_app.sample.rules import Deed, Event

TAKES = timedelta(seconds=30)
"""A week is hundreds of claims and scans in one transaction."""

NO_PASSWORD = "!"  # noqa: S105 - nothing that a password could be hashed to
TOPIC = programs.SAMPLE_DATA

Store = Callable[[Session, datetime], int | None]


def prepare(session: Session, job: Job) -> Store | None:
    """Work out a week, and draw the pictures before the first; return what lives through it."""
    owner = session.get(Account, job.subject_id)
    if owner is None:
        return None
    began, story = rules.story(job.created_at, programs.current(session).time_zone)
    drawn = {name: pictures.draw(drawing.draw(name)) for name in rules.OFFERS} if job.done == 0 else {}
    events = story.week(job.done, began)

    def store(session: Session, now: datetime) -> int | None:
        if not jobs.move(session, job, job.done + 1, now=now):
            return None
        if job.done == 0:
            _open(session, owner, drawn, at=began - timedelta(hours=3))
        if job.done < rules.TODAY:
            week = _Week(session, owner)
            for event in events:
                week.live(event)
        else:
            _today(session, owner, at=job.created_at)
        live.announce(session, TOPIC, batches.TOPIC, redemptions.TOPIC)
        return job.done + 1

    return store


def give_up(session: Session, _account_id: int) -> None:
    """Let screens see that no more will come."""
    live.announce(session, TOPIC)


def _open(session: Session, owner: Account, drawn: dict[str, pictures.Drawn | str], *, at: datetime) -> None:
    """Hire the staff and write the offers, before the first guest comes."""
    for name, role in rules.STAFF:
        who = Newcomer(name, rules.email_of(name), owner.password_hash)
        if _account(session, name) is None:
            accounts.create(session, who, Role(role), by=accounts.actor_for(owner), now=at)
    _open_places(session, at=at)
    marketer = _actor(session, rules.STAFF[0][0])
    for number, (name, draft) in enumerate(rules.OFFERS.items()):
        moment = at + timedelta(minutes=number)
        picture = drawn[name]
        assert isinstance(picture, pictures.Drawn), picture
        kept = picture_service.keep(session, picture, by=marketer, now=moment)
        offers.create(session, rules.with_picture(draft, kept.digest), by=marketer, now=moment)


def _open_places(session: Session, *, at: datetime) -> None:
    zone, opened = programs.current(session).time_zone, {}
    for name, address in rules.PLACES:
        opened[name] = Place(name=name, address=address, time_zone=zone, created_at=at)
        session.add(opened[name])
    session.flush()
    for name, place in rules.DEVICES:
        # Enrolled for show: nobody ever had what would prove it.
        nobodys = secrets.fingerprint(secrets.new_token())
        session.add(
            Device(place_id=opened[place].id or 0, name=name, secret_hash=nobodys, created_at=at, enrolled_at=at)
        )
    session.flush()


def _today(session: Session, owner: Account, *, at: datetime) -> None:
    """Do what an owner does: stop what is short, switch off what was lost, take back a mistake."""
    marketer, admin = _actor(session, rules.STAFF[0][0]), accounts.actor_for(owner)
    at -= timedelta(minutes=20)
    batches.pause(session, _batch(session, rules.PAUSED).id or 0, by=marketer, now=at)
    batches.freeze(session, _batch(session, rules.FROZEN).id or 0, by=marketer, now=at + timedelta(minutes=1))
    sign = _batch(session, rules.SERIES[1].name)
    for status in (CodeStatus.ACTIVE, CodeStatus.CLAIMED):
        lost = _last_code(session, sign, status)
        assert lost, "the sign in the shop has vouchers of every kind"
        codes.disable(session, lost.code, by=marketer, now=at + timedelta(minutes=2))
    newest = select(Redemption).where(Redemption.batch_id == sign.id).order_by(col(Redemption.id).desc())
    mistaken = session.exec(newest.limit(1)).one()
    redemptions.reverse(
        session, mistaken.id or 0, reason="Scanned for the wrong guest", by=admin, now=at + timedelta(minutes=5)
    )
    cups = rules.PRINTS[0]
    batch_id = _batch(session, cups.name).id or 0
    codes.disable_some(session, batch_id, cups.lost, by=marketer, now=at + timedelta(minutes=8))
    newest = select(Redemption).where(Redemption.batch_id == batch_id).order_by(col(Redemption.id).desc())
    unpaid = session.exec(newest.limit(1)).one()
    redemptions.reverse(
        session, unpaid.id or 0, reason="The cup came back unused", by=admin, now=at + timedelta(minutes=9)
    )
    guest = session.exec(select(Member.id).where(Member.email == rules.email_of(rules.DEMO_MEMBER))).one()
    points.adjust(session, guest or 0, 30, "For the broken cup", by=admin, now=at + timedelta(minutes=12))
    _at_the_counter(session, at=at + timedelta(minutes=13))


def _at_the_counter(session: Session, *, at: datetime) -> None:
    """Honour what is too old, undo a slip, and send what a till scanned while it was offline."""
    counter = _Counter(session)
    lead, cashier = counter.who(rules.STAFF[4][0], "Old Town"), counter.who(rules.STAFF[1][0], "Harbour")
    over = _of(_batch(session, rules.OVER), CodeStatus.CLAIMED).limit(2)
    for code, why in zip(session.exec(over).all(), ("Was ill for a week", "The queue was long yesterday"), strict=True):
        redemptions.redeem_many(session, [Ask(code.code, lead, goodwill=why)], now=at)

    open_ones = _of(_batch(session, rules.SERIES[0].name), CodeStatus.CLAIMED).where(col(Code.expires_at) > at)
    slip, late = session.exec(open_ones.limit(2)).all()
    (done,) = redemptions.redeem_many(session, [Ask(slip.code, cashier, "sample-slip")], now=at)
    assert isinstance(done, redemptions.Redeemed), done
    redemptions.reverse(session, done.id, reason="", by=cashier, now=at + timedelta(minutes=1))
    sent = at + timedelta(minutes=2)
    offline = {"nonce": "sample-late", "scanned_at": at - timedelta(minutes=40)}
    redemptions.redeem_many(session, [Ask(late.code, cashier, **offline)], now=sent)

    first = (
        select(Code)
        .join(Redemption, col(Redemption.code_id) == col(Code.id))
        .where(Redemption.status == RedemptionStatus.RECORDED, col(Redemption.account_id) != cashier.account_id)
        .join(Batch, col(Batch.id) == col(Code.batch_id))
        .where(Batch.kind == BatchKind.CLAIM, ~col(Code.disabled))
        .order_by(col(Redemption.id).desc())
        .limit(2)
    )
    lost = [
        Ask(code.code, cashier, f"sample-lost-{code.id}", scanned_at=at - timedelta(minutes=30))
        for code in session.exec(first)
    ]
    redemptions.redeem_many(session, lost, now=sent)
    oldest = select(Attempt.id).where(Attempt.reason == Reason.CONFLICT_OFFLINE).order_by(col(Attempt.id)).limit(1)
    conflicts.settle(session, session.exec(oldest).one() or 0, by=lead, now=sent + timedelta(minutes=1))


class _Counter:
    """Who stands where, and on which device."""

    def __init__(self, session: Session) -> None:
        """Know the locations and what stands there."""
        self._session = session
        named = {place.name: place.id for place in session.exec(select(Place).order_by(col(Place.id)))}
        self._places = [(name, named.get(name)) for name, _ in rules.PLACES]
        self._devices = {one.place_id: one.id for one in session.exec(select(Device).order_by(col(Device.id)))}

    def who(self, name: str, place: str) -> Actor:
        """Return somebody of the staff at a location."""
        place_id = dict(self._places)[place]
        return replace(_actor(self._session, name), place_id=place_id, device_id=self._devices.get(place_id or 0))

    def at(self, who: Actor, moment: datetime) -> Actor:
        """Return somebody where they work at that moment: most days in the old town."""
        _, place_id = self._places[(0, 0, 1, 0, 1, 2)[moment.toordinal() * 2 % 6 + moment.hour // 13]]
        return replace(who, place_id=place_id, device_id=self._devices.get(place_id or 0))


class _Week:
    """What happens, one after the other, as the program would do it."""

    def __init__(self, session: Session, owner: Account) -> None:
        """Know who works at the counter."""
        self._session = session
        self._owner = owner
        self._marketer = _actor(session, rules.STAFF[0][0])
        self._counter = _Counter(session)
        self._cashiers = [_actor(session, rules.STAFF[number][0]) for number in (1, 2)]

    def live(self, event: Event) -> None:
        """Let one thing happen at its moment."""
        match event.deed:
            case Deed.BATCH:
                self._make_batch(event)
            case Deed.JOIN:
                self._join(event)
            case Deed.CLAIM:
                token = _batch(self._session, event.batch).claim_token
                ask = claims.Ask(token, _actor(self._session, event.member))
                claims.claim_many(self._session, [ask], now=event.at)
            case Deed.SCAN:
                if code := self._code_of(event):
                    self._scan(alphabet.display(code.code), event.at)
            case Deed.PRINT:
                self._print_batch(event)
            case Deed.COLLECT:
                self._collect(event)
            case Deed.MISTAKE:
                self._scan(self._mistaken(event.text), event.at)

    def _make_batch(self, event: Event) -> None:
        one = next(series for series in rules.SERIES if series.name == event.batch)
        title = rules.OFFERS[one.offer].title
        offer = self._session.exec(select(Offer).where(Offer.title == title).order_by(col(Offer.id).desc())).first()
        assert offer, "the offers were made in the first step"
        draft = batch_rules.Draft(
            name=one.name,
            offer_id=str(offer.id),
            quantity=str(one.total),
            expires_on=self._last_day(event.at, one.lasts),
            channel=one.channel,
        )
        batch = batches.create(self._session, draft, by=self._marketer, now=event.at)
        self._make_codes(batch.id or 0, at=event.at)

    def _print_batch(self, event: Event) -> None:
        one = next(printed for printed in rules.PRINTS if printed.name == event.batch)
        draft = ScanDraft(
            name=one.name,
            quantity=str(one.total),
            expires_on=self._last_day(event.at, one.lasts),
            parameters=one.parameters,
            prefix=one.prefix,
            fields=one.asks,
        )
        batch = batches.create_scan(self._session, draft, by=self._marketer, now=event.at)
        self._make_codes(batch.id or 0, at=event.at)

    def _last_day(self, began: datetime, days: int) -> str:
        day = times.local_day(began, programs.current(self._session).time_zone) + timedelta(days=days)
        return day.isoformat()

    def _make_codes(self, batch_id: int, *, at: datetime) -> None:
        # Here and now: the guests of this week are waiting.
        queued = jobs.of_subject(self._session, batches.GENERATE_CODES, [batch_id])[batch_id]
        job = jobs.take_up(self._session, queued.id or 0, now=at)
        assert job, "nobody else has seen this job yet"
        self._session.refresh(job)
        make = prepare_codes(self._session, job)
        assert make, "the batch was made a moment ago"
        make(self._session, at)
        jobs.finish(self._session, job.id or 0, JobStatus.DONE)

    def _join(self, event: Event) -> None:
        if _account(self._session, event.member):
            return
        password = self._owner.password_hash if event.member == rules.DEMO_MEMBER else NO_PASSWORD
        account = Account(
            email=rules.email_of(event.member),
            name=event.member,
            password_hash=password,
            role=Role.MEMBER,
            created_at=event.at,
        )
        self._session.add(account)
        self._session.flush()
        self._session.add(Member(account_id=account.id, name=account.name, email=account.email, joined_at=event.at))
        self._session.flush()

    def _scan(self, text: str, at: datetime) -> None:
        cashier = self._counter.at(self._cashiers[at.day % 2], at)
        ask = redemptions.Ask(text, cashier, f"sample-{at.timestamp():.0f}-{text[:20]}")
        redemptions.redeem_many(self._session, [ask], now=at)

    def _collect(self, event: Event) -> None:
        batch = _batch(self._session, event.batch)
        link = batches.links(batch)(event.serial)
        nonce = f"sample-{event.at.timestamp():.0f}-{event.serial}"
        answers = {rules.BREWED.label: event.text} if batch.fields else {}
        ask = redemptions.Ask(link, _actor(self._session, event.member), nonce, answers=answers)
        redemptions.redeem_many(self._session, [ask], now=event.at)

    def _code_of(self, event: Event) -> Code | None:
        batch = _batch(self._session, event.batch)
        found = select(Code).join(Member, col(Member.id) == col(Code.member_id))
        email = rules.email_of(event.member)
        return self._session.exec(found.where(Code.batch_id == batch.id, Member.email == email)).first()

    def _mistaken(self, text: str) -> str:
        match text:
            case "again":
                used = _last_voucher(self._session, CodeStatus.REDEEMED)
            case "unclaimed":
                used = _last_voucher(self._session, CodeStatus.ACTIVE)
            case "link":
                claimable = select(Batch).where(Batch.kind == BatchKind.CLAIM).order_by(col(Batch.id).desc())
                newest = self._session.exec(claimable.limit(1)).first()
                return f"{settings().origin}/en-us/claim/{newest.claim_token}" if newest else text
            case _:
                return text
        return alphabet.display(used.code) if used else text


def _last_code(session: Session, batch: Batch, status: CodeStatus) -> Code | None:
    return session.exec(_newest(status).where(Code.batch_id == batch.id)).first()


def _last_voucher(session: Session, status: CodeStatus) -> Code | None:
    vouchers = _newest(status).join(Batch, col(Batch.id) == col(Code.batch_id)).where(Batch.kind == BatchKind.CLAIM)
    return session.exec(vouchers).first()


def _of(batch: Batch, status: CodeStatus) -> SelectOfScalar[Code]:
    return (
        select(Code)
        .where(Code.batch_id == batch.id, Code.status == status, ~col(Code.disabled))
        .order_by(col(Code.serial))
    )


def _newest(status: CodeStatus) -> SelectOfScalar[Code]:
    return select(Code).where(Code.status == status).order_by(col(Code.id).desc()).limit(1)


def _batch(session: Session, name: str) -> Batch:
    found = session.exec(select(Batch).where(Batch.name == name).order_by(col(Batch.id).desc())).first()
    assert found, f"{name} begins before anything happens to it"
    return found


def _account(session: Session, name: str) -> Account | None:
    return session.exec(select(Account).where(Account.email == rules.email_of(name))).first()


def _actor(session: Session, name: str) -> Actor:
    account = _account(session, name)
    return accounts.actor_for(account) if account else SYSTEM
