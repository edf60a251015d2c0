"""Vouchers at the counter, each scanned twice: through the app's own door, and in a transaction for each scan."""

import random
import threading
from contextlib import nullcontext

import sqlalchemy as sa
from sqlmodel import UTCDateTime, select

from loyalty_app.codes.models import Code
from loyalty_app.core import database, times
from loyalty_app.core.reasons import Reason
from loyalty_app.redemptions import service as redemptions
from loyalty_app.redemptions.models import Attempt
from tests import builders
from tests.bench.harness import (
    Row,
    compare,
    coroutines,
    faster,
    hire_members,
    median,
    must,
    must_be_counted,
    per_request_engine,
    per_second,
    threads,
)
from tests.doors import change, see

VOUCHERS = {1: 200, 8: 1_000, 64: 3_000}
PEER_VOUCHERS = {1: 200, 8: 400, 64: 400}
MOST = 64


def run(place):
    """Return the rows of one database."""
    with place.opened() as url:
        hire_members(max(VOUCHERS.values()))
        table = []
        for callers, vouchers in VOUCHERS.items():
            contenders = {
                "ours": lambda callers=callers, vouchers=vouchers: ours(vouchers, callers),
                "peer": lambda callers=callers: per_request(url, PEER_VOUCHERS[callers], callers),
            }
            if callers == MOST:
                contenders["each"] = lambda: one_by_one(PEER_VOUCHERS[MOST], MOST)
            results = compare(contenders)
            ratio = faster(results["ours"], results["peer"])
            p50 = median(load.wait(0.5) for load in results["ours"])
            target = {
                1: {"target": "p50 ≤ 5 ms", "reached": p50 <= 5},
                64: {"target": "≥ 8×", "reached": ratio >= 8},
            }.get(callers, {})
            table.append(
                Row(
                    f"scans, {callers} at once, {place.name}",
                    per_second(results["ours"]),
                    per_second(results["peer"]),
                    f"{ratio:.1f}×",
                    **target,
                )
            )
            if callers == MOST:
                table.append(
                    Row(
                        f"scans, {MOST} at once, {place.name}",
                        per_second(results["ours"]),
                        f"{per_second(results['each'])}: the same work, a transaction each",
                        f"{faster(results['ours'], results['each']):.1f}×",
                    )
                )
        return table


def ours(vouchers, callers):
    """Scan as the counter's screen does."""
    scans = _scans(vouchers)
    before = see(_attempts)
    asks = [redemptions.Ask(code, builders.CASHIER, f"{before}-{number}") for number, code in enumerate(scans)]
    load = coroutines(callers, asks, lambda ask: database.together(redemptions.redeem_many, ask))

    won = [answer for answer in load.answers if isinstance(answer, redemptions.Redeemed)]
    lost = [answer for answer in load.answers if isinstance(answer, redemptions.Refused)]
    must(len({answer.voucher.code for answer in won}) == len(won) == vouchers, "every voucher is redeemed once")
    must({answer.reason for answer in lost} == {Reason.ALREADY_REDEEMED}, "the second scan hears of the first")
    must(see(_attempts) == before + len(scans), "every scan is kept")
    must_be_counted()
    return load


def one_by_one(vouchers, callers):
    """Scan by the app's own service, but in a transaction for each."""
    asks = [redemptions.Ask(code, builders.CASHIER) for code in _scans(vouchers)]
    load = threads(callers, asks, lambda ask: database.answer_all(redemptions.redeem_many, [ask]))
    must_be_counted()
    return load


def per_request(url, vouchers, callers):
    """Scan with the least that a program must do, in a transaction of its own each: take, count, remember."""
    scans = _scans(vouchers)
    engine = per_request_engine(url, callers)
    turn = threading.Lock() if database.is_sqlite(engine) else nullcontext()
    take = sa.text(
        "update code set status = 'redeemed', redeemed_at = :now"
        " where code = :code and status = 'claimed' and expires_at > :now returning id, batch_id"
    ).bindparams(sa.bindparam("now", type_=UTCDateTime()))
    counted = sa.text("update batch set redeemed = redeemed + 1 where id = :batch")
    kept = sa.text(
        "insert into redemption (code_id, batch_id, status, account_id, at, code_text, title)"
        " select :code, id, 'recorded', :staff, :now, :text, title from batch where id = :batch"
    ).bindparams(sa.bindparam("now", type_=UTCDateTime()))

    def scan(code):
        now = times.now()
        with turn, engine.begin() as connection:
            taken = connection.execute(take, {"code": code, "now": now}).first()
            if taken:
                who = {"staff": builders.CASHIER.account_id, "now": now, "text": code}
                connection.execute(kept, {"code": taken.id, "batch": taken.batch_id} | who)
                connection.execute(counted, {"batch": taken.batch_id})
        return taken is not None

    load = threads(callers, scans, scan)
    engine.dispose()
    must(sum(load.answers) == vouchers, "every voucher is redeemed once")
    must_be_counted()
    return load


def _scans(vouchers):
    batch = change(builders.batch, vouchers, now=times.now())
    with database.transaction() as session:
        # Claimed at once, one a member, without the claims' own rows.
        session.execute(
            sa.text(
                "update code set status = 'claimed', member_id = (select min(id) from member) + serial - 1,"
                " claimed_at = :now, expires_at = :until where batch_id = :batch"
            ).bindparams(sa.bindparam("now", type_=UTCDateTime()), sa.bindparam("until", type_=UTCDateTime())),
            {"now": times.now(), "until": batch.closes_at, "batch": batch.id},
        )
        session.execute(sa.text("update batch set claimed = made where id = :batch"), {"batch": batch.id})
        codes = session.exec(select(Code.code).where(Code.batch_id == batch.id)).all()
    scans = [*codes, *codes]
    random.Random(1).shuffle(scans)
    return scans


def _attempts(session):
    return session.exec(select(sa.func.count()).select_from(Attempt)).one()
