"""A storm of claims: through the app's own door, and in a transaction for each request."""

import random
import threading
from contextlib import nullcontext

import sqlalchemy as sa
from sqlmodel import UTCDateTime

from loyalty_app.claims import service as claims
from loyalty_app.claims.models import ClaimAttempt
from loyalty_app.codes.models import Code
from loyalty_app.core import database, times
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
from tests.doors import change, rows

ASKS = {1: 400, 8: 2_000, 64: 6_000}
PEER_ASKS = {1: 400, 8: 800, 64: 800}
MOST = 64
RACE = (500, 800)
"""So few vouchers for so many members, who try twice each."""


def run(place):
    """Return the rows of one database."""
    with place.opened() as url:
        members = hire_members(max(ASKS.values()))
        race(members)
        table = []
        for callers in ASKS:
            contenders = {
                "ours": lambda callers=callers: ours(members[: ASKS[callers]], callers),
                "peer": lambda callers=callers: per_request(url, members[: PEER_ASKS[callers]], callers),
            }
            if callers == MOST:
                contenders["each"] = lambda: one_by_one(members[: PEER_ASKS[MOST]], MOST)
            results = compare(contenders)
            ratio = faster(results["ours"], results["peer"])
            p99 = median(load.wait(0.99) for load in results["ours"])
            target = {"target": "≥ 8×, p99 ≤ 50 ms", "reached": ratio >= 8 and p99 <= 50} if callers == 64 else {}
            table.append(
                Row(
                    f"claims, {callers} at once, {place.name}",
                    per_second(results["ours"]),
                    per_second(results["peer"]),
                    f"{ratio:.1f}×",
                    **target,
                )
            )
            if callers == MOST:
                table.append(
                    Row(
                        f"claims, {MOST} at once, {place.name}",
                        per_second(results["ours"]),
                        f"{per_second(results['each'])}: the same work, a transaction each",
                        f"{faster(results['ours'], results['each']):.1f}×",
                    )
                )
        return table


def ours(members, callers):
    """Claim as the claim page does."""
    token = change(builders.batch, len(members), now=times.now()).claim_token
    asks = [claims.Ask(token, member) for member in members]
    load = coroutines(callers, asks, lambda ask: database.together(claims.claim_many, ask))
    must(all(isinstance(answer, claims.Claimed) for answer in load.answers), "everybody gets a voucher")
    must(len({answer.code for answer in load.answers}) == len(asks), "everybody gets another voucher")
    must_be_counted()
    return load


def one_by_one(members, callers):
    """Claim by the app's own service, but in a transaction for each."""
    token = change(builders.batch, len(members), now=times.now()).claim_token
    asks = [claims.Ask(token, member) for member in members]
    load = threads(callers, asks, lambda ask: database.answer_all(claims.claim_many, [ask]))
    must_be_counted()
    return load


def per_request(url, members, callers):
    """Claim with the least that a program must do, in a transaction of its own each: a free code, its counter."""
    batch = change(builders.batch, len(members), now=times.now())
    engine = per_request_engine(url, callers)
    # What every peer has to know on SQLite: threads wait in line, not in the database's busy loop.
    turn = threading.Lock() if database.is_sqlite(engine) else nullcontext()
    hint, lock = ("indexed by code_free", "") if database.is_sqlite(engine) else ("", "for update skip locked")
    give = sa.text(
        "update code set status = 'claimed', member_id = :member, claimed_at = :now, expires_at = :until where id ="
        f" (select id from code {hint} where batch_id = :batch and status = 'active' and not disabled"
        f" order by serial limit 1 {lock})"
        " returning code"
    ).bindparams(sa.bindparam("now", type_=UTCDateTime()), sa.bindparam("until", type_=UTCDateTime()))
    counted = sa.text("update batch set claimed = claimed + 1 where id = :batch")
    with database.reading() as session:
        member_of = claims.members.ids_of_accounts(session, [member.account_id for member in members])

    def claim(member):
        with turn, engine.begin() as connection:
            mine = {"member": member_of[member.account_id], "batch": batch.id}
            code = connection.execute(give, {**mine, "now": times.now(), "until": batch.closes_at}).scalar()
            connection.execute(counted, mine)
        return code

    load = threads(callers, members, claim)
    engine.dispose()
    must(len(set(load.answers)) == len(members), "everybody gets another voucher")
    must_be_counted()
    return load


def race(members):
    """Check that nothing is given twice, and nobody gets two, when too many want too few."""
    vouchers, people = RACE
    batch = change(builders.batch, vouchers, now=times.now())
    asks = [claims.Ask(batch.claim_token, member) for member in members[:people]] * 2
    random.Random(3).shuffle(asks)
    load = coroutines(64, asks, lambda ask: database.together(claims.claim_many, ask))

    won = [answer.code for answer in load.answers if isinstance(answer, claims.Claimed)]
    held = [code.member_id for code in rows(Code) if code.batch_id == batch.id and code.member_id]
    must(len(won) == len(set(won)) == vouchers, f"{vouchers} vouchers are given, and no more")
    must(len(held) == len(set(held)) == vouchers, "one a member")
    must(len([one for one in rows(ClaimAttempt) if one.batch_id == batch.id]) == len(asks), "every try is kept")
    must_be_counted()
