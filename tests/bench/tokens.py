"""Sealed codes, each opened twice by members: through the app's own door, and in a transaction for each."""

import random
import threading
from contextlib import nullcontext

import sqlalchemy as sa
from sqlmodel import UTCDateTime, select

from loyalty_app.batches import service as batches
from loyalty_app.core import database, times
from loyalty_app.core.reasons import Reason
from loyalty_app.keys import service as keys
from loyalty_app.points.models import PointsEntry
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.asks import Ask, Redeemed, Refused
from tests import builders
from tests.bench.harness import (
    Row,
    compare,
    coroutines,
    faster,
    hire_members,
    must,
    must_be_counted,
    per_request_engine,
    per_second,
    threads,
)
from tests.doors import change, see

CALLERS = 64
MEMBERS = 500
CODES, PEER_CODES = 3_000, 400
POINTS = 20


def run(place):
    """Return the rows of one database."""
    with place.opened() as url:
        members = hire_members(MEMBERS)
        results = compare(
            {"ours": lambda: ours(members), "peer": lambda: per_request(url), "each": lambda: one_by_one(members)}
        )
        rows = []
        for name, said, target in (("peer", "", 8), ("each", ": the same work, a transaction each", None)):
            ratio = faster(results["ours"], results[name])
            aim = {"target": f"≥ {target}×", "reached": ratio >= target} if target else {}
            what = f"sealed codes opened and paid, {CALLERS} at once, {place.name}"
            rows.append(
                Row(what, per_second(results["ours"]), per_second(results[name]) + said, f"{ratio:.1f}×", **aim)
            )
        return rows


def ours(members):
    """Redeem as the landing page does."""
    links = _links(CODES)
    chance, paid = random.Random(2), see(_paid)
    asks = [Ask(link, chance.choice(members), f"{paid}-{number}") for number, link in enumerate(links)]
    load = coroutines(CALLERS, asks, lambda ask: database.together(redemptions.redeem_many, ask))
    _must_be_right(load, paid)
    return load


def one_by_one(members):
    """Redeem by the app's own service, but in a transaction for each."""
    links, chance, paid = _links(PEER_CODES), random.Random(2), see(_paid)
    asks = [Ask(link, chance.choice(members)) for link in links]
    load = threads(CALLERS, asks, lambda ask: database.answer_all(redemptions.redeem_many, [ask])[0])
    _must_be_right(load, paid)
    return load


def per_request(url):
    """Open and redeem with the least that a program must do, in a transaction each: open, take, count, pay."""
    links, chance = _links(PEER_CODES), random.Random(2)
    asks = [(link, chance.randint(1, MEMBERS)) for link in links]
    engine = per_request_engine(url, CALLERS)
    turn = threading.Lock() if database.is_sqlite(engine) else nullcontext()
    now_is = sa.bindparam("now", type_=UTCDateTime())
    take = sa.text(
        "update code set status = 'redeemed', redeemed_at = :now, member_id = :member"
        " where batch_id = :batch and serial = :serial and status = 'active' and not disabled returning id"
    ).bindparams(now_is)
    count = sa.text("update batch set redeemed = redeemed + 1 where id = :batch and closes_at > :now").bindparams(
        now_is
    )
    keep = sa.text(
        "insert into redemption (code_id, batch_id, status, member_id, points, at)"
        " values (:code, :batch, 'recorded', :member, :points, :now) returning id"
    ).bindparams(now_is)
    pay = sa.text("update member set points = points + :points where id = :member returning points")
    note = sa.text(
        "insert into points_entry (member_id, kind, points, balance, redemption_id, title, actor, at)"
        " values (:member, 'redemption', :points, :balance, :redemption, '', '', :now)"
    ).bindparams(now_is)

    def redeem(ask):
        token, member = ask[0].rpartition("=")[2], ask[1]
        sealed = keys.rules.unseal(token, keys._ciphers())
        known = {"batch": sealed.batch_id, "serial": sealed.serial, "now": times.now(), "member": member}
        known["points"] = int(sealed.parameters["points"])
        with turn, engine.begin() as connection:
            code = connection.execute(take, known).scalar()
            if code:
                connection.execute(count, known)
                redemption = connection.execute(keep, known | {"code": code}).scalar_one()
                balance = connection.execute(pay, known).scalar_one()
                connection.execute(note, known | {"redemption": redemption, "balance": balance})
        return bool(code)

    load = threads(CALLERS, asks, redeem)
    engine.dispose()
    must(sum(load.answers) == PEER_CODES, "every code is paid once")
    must_be_counted()
    return load


def _must_be_right(load, paid_before):
    won = [answer for answer in load.answers if isinstance(answer, Redeemed)]
    lost = {answer.reason for answer in load.answers if isinstance(answer, Refused)}
    must(len({answer.id for answer in won}) == len(won) == len(load.answers) // 2, "every code is redeemed once")
    must(lost == {Reason.ALREADY_REDEEMED}, "the second time it is used already")
    must(see(_paid) == paid_before + POINTS * len(won), "every code is paid once")
    must_be_counted()


def _links(codes):
    batch = change(builders.scan_batch, codes, points=POINTS, now=times.now())
    link = batches.links(batch)
    found = [link(serial) for serial in range(1, codes + 1)] * 2
    random.Random(1).shuffle(found)
    return found


def _paid(session):
    return session.exec(select(sa.func.coalesce(sa.func.sum(PointsEntry.points), 0))).one()
