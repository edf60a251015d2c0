"""The screens that watch, before ten thousand and before ten million codes; and a long file while claims go on."""

import asyncio
import gc
import threading
import time
from datetime import timedelta

import psutil
import sqlalchemy as sa
from sqlmodel import UTCDateTime

from loyalty_app.batches import state as batch_screens
from loyalty_app.batches.rules import Wish
from loyalty_app.claims import service as claims
from loyalty_app.codes import api as files
from loyalty_app.codes.models import Code
from loyalty_app.core import database, times
from loyalty_app.core.actor import act_as
from loyalty_app.dashboard import state as overview_screens
from loyalty_app.insights import state as batch_page
from loyalty_app.insights.rules import Range
from tests import builders
from tests.bench.harness import Row, hire_members, median, must, must_be_counted
from tests.doors import change, see

BATCHES = 100
SMALL, LARGE = 10_000, 10_000_000
CLAIMED, REDEEMED = 5, 20
"""Every fifth code is claimed, every twentieth redeemed, over thirty days."""
DAYS = 30
READS = 31
RATIO = 1.5
FILE = 100_000
CLAIMERS = 2_000
FIRST_BYTE, GROWTH = 1.0, 16


def run(place):
    """Return the rows of one database."""
    act_as(builders.ADMIN)
    took, sent = {}, (0.0, 0.0, 0.0, 0)
    for codes in (SMALL, LARGE):
        with place.opened():
            batch_id = fill(codes // BATCHES)
            if codes == SMALL:
                must_be_counted()
            took[codes] = {name: seconds(read) for name, read in screens(batch_id).items()}
            if codes == LARGE:
                sent = export()
    table = []
    for name, small in took[SMALL].items():
        large = took[LARGE][name]
        is_kept = name.startswith("chart")
        table.append(
            Row(
                f"{name}, {LARGE:,} codes, {place.name}",
                f"{large * 1000:.1f} ms",
                f"{small * 1000:.1f} ms with {SMALL:,}",
                f"{large / small:.2f} of it",
                *(() if is_kept else (f"≤ {RATIO}", large / small <= RATIO)),
            )
        )
    first, total, grown, claimed = sent
    table += [
        Row(
            f"first byte of {FILE:,} vouchers as CSV, {claimed:,} claims meanwhile, {place.name}",
            f"{first * 1000:.0f} ms",
            f"{total:.1f} s for all of it",
            "–",
            f"≤ {FIRST_BYTE:.0f} s",
            first <= FIRST_BYTE,
        ),
        Row(f"memory while it is sent, {place.name}", f"+{grown:.1f} MB", "–", "–", f"< {GROWTH} MB", grown < GROWTH),
    ]
    return table


def screens(batch_id):
    """Return what is read, at each change, for each screen; and what is read twice a minute for its chart."""
    hour = times.now().replace(minute=0, second=0, microsecond=0)

    def overview(session):
        overview_screens._totals(session)
        overview_screens._latest(session)
        batch_page._since(session, None, hour)

    def batch(session):
        batch_page._page(session, batch_id)
        batch_page._changed(session, batch_id)
        batch_page._since(session, batch_id, hour)

    return {
        "overview": overview,
        "list of batches": lambda session: batch_screens._page(session, Wish(), 1),
        "page of a batch": batch,
        "chart of a batch, 30 days, before this hour": lambda session: batch_page._settled(
            session, batch_id, Range.MONTH
        ),
        "chart of all batches, 30 days, before this hour": lambda session: batch_page._settled(
            session, None, Range.MONTH
        ),
    }


def seconds(read):
    """Return how long a read takes, in the middle of many, each in a session of its own."""
    waits = []
    for _ in range(READS):
        gc.collect(0)
        began = time.perf_counter()
        see(read)
        waits.append(time.perf_counter() - began)
    return median(waits[1:])


def fill(codes):
    """Make the batches, each with so many codes and what happened to them; return the last one's number."""
    began = times.now() - timedelta(days=DAYS)
    ids = [
        change(
            builders.batch, 1, now=began, quantity="1", expires_on=(times.now() + timedelta(days=9)).date().isoformat()
        ).id
        for _ in range(BATCHES)
    ]
    claimed, redeemed = codes // CLAIMED, codes // REDEEMED
    # Claims come evenly, one in so many seconds; a redemption follows its claim at once.
    pace = timedelta(days=DAYS).total_seconds() / claimed
    with database.engine().begin() as connection:
        for batch_id in ids:
            connection.execute(
                sa.text(
                    "insert into code (batch_id, serial, code, status, claimed_at, expires_at, redeemed_at)"
                    f" select :batch, n, {_padded('n')}, case when n <= :redeemed then 'redeemed' when n <= :claimed"
                    " then 'claimed' else 'active' end, case when n <= :claimed then :now end,"
                    " case when n <= :claimed then :until end, case when n <= :redeemed then :now end"
                    f" from {_numbers()} as numbers where n > 1"
                ).bindparams(*_instants("now", "until")),
                {
                    "batch": batch_id,
                    "claimed": claimed,
                    "redeemed": redeemed,
                    "most": codes,
                    "now": began,
                    "until": began + timedelta(days=DAYS + 9),
                },
            )
            connection.execute(
                sa.text(
                    "update code set status = 'redeemed', claimed_at = :now, redeemed_at = :now, expires_at = :now"
                    " where batch_id = :batch and serial = 1"
                ).bindparams(*_instants("now")),
                {"batch": batch_id, "now": began},
            )
            connection.execute(
                sa.text(
                    "update batch set total = :made, made = :made, claimed = :claimed, redeemed = :redeemed"
                    " where id = :batch"
                ),
                {"made": codes, "claimed": claimed, "redeemed": redeemed, "batch": batch_id},
            )
            connection.execute(
                sa.text(
                    "insert into redemption (code_id, batch_id, status, at)"
                    " select id, batch_id, 'recorded', claimed_at from code"
                    " where batch_id = :batch and serial <= :redeemed"
                ),
                {"batch": batch_id, "redeemed": redeemed},
            )
            connection.execute(
                sa.text(
                    "insert into attempt (at, code_id, batch_id, text, nonce)"
                    " select claimed_at, id, batch_id, code, '' from code"
                    " where batch_id = :batch and serial <= :redeemed"
                ),
                {"batch": batch_id, "redeemed": redeemed},
            )
            connection.execute(
                sa.text(
                    "insert into claim_attempt (batch_id, at)"
                    " select batch_id, claimed_at from code where batch_id = :batch and serial <= :claimed"
                ),
                {"batch": batch_id, "claimed": claimed},
            )
            slots = {}
            for number in range(claimed):
                slot = slots.setdefault(times.slot(began + timedelta(seconds=pace * number)), [0, 0])
                slot[0] += 1
                slot[1] += number < redeemed
            connection.execute(
                sa.text(
                    "insert into batch_activity (batch_id, slot, claimed, redeemed)"
                    " values (:batch, :slot, :claimed, :redeemed)"
                ).bindparams(*_instants("slot")),
                [
                    {"batch": batch_id, "slot": slot, "claimed": claims_, "redeemed": redemptions}
                    for slot, (claims_, redemptions) in slots.items()
                ],
            )
    with database.engine().execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text("analyze"))
    return ids[-1]


def export():
    """Send a batch as a file while its vouchers are claimed: seconds to the first byte and to the last, MB, claims."""
    members = hire_members(CLAIMERS)
    batch = change(builders.batch, 1, now=times.now(), quantity="1")
    with database.engine().begin() as connection:
        connection.execute(
            sa.text(
                "insert into code (batch_id, serial, code, status)"
                f" select :batch, n, {_padded('n')}, 'active' from {_numbers()} as numbers where n > 1"
            ),
            {"batch": batch.id, "most": FILE},
        )
        connection.execute(
            sa.text("update batch set total = :most, made = :most where id = :batch"), {"batch": batch.id, "most": FILE}
        )
    over, claimed = threading.Event(), [0]

    def claim():
        for member in members:
            if over.is_set():
                return
            database.answer_all(claims.claim_many, [claims.Ask(batch.claim_token, member)])
            claimed[0] += 1

    sizes, process = [], psutil.Process()
    claiming = threading.Thread(target=claim)

    async def send() -> tuple[float, float, int]:
        lines = 0
        began, first = time.perf_counter(), 0.0
        async for chunk in files.codes_csv(batch.id).body_iterator:
            first = first or time.perf_counter() - began
            lines += str(chunk).count("\n")
            sizes.append(process.memory_info().rss)
        return first, time.perf_counter() - began, lines

    asyncio.run(send())  # whatever is loaded by the first file is no growth
    sizes.clear()
    gc.collect()
    claiming.start()
    while not claimed[0]:
        time.sleep(0.01)
    before = process.memory_info().rss
    first, total, lines = asyncio.run(send())
    over.set()
    claiming.join()
    must(lines == FILE + 1, f"the file has every voucher: {lines}")
    held = see(lambda session: session.execute(sa.select(sa.func.count(Code.member_id))).scalar_one())
    must(held == claimed[0], "every claim is there")
    return first, total, max(0, max(sizes) - before) / 1e6, claimed[0]


def _instants(*names):
    return [sa.bindparam(name, type_=UTCDateTime()) for name in names]


def _numbers():
    if database.is_sqlite(database.engine()):
        counted = "counted(n) as (select 1 union all select n + 1 from counted where n < :most)"
        return f"(with recursive {counted} select n from counted)"
    return "(select n from generate_series(1, :most) as n)"


def _padded(number):
    if database.is_sqlite(database.engine()):
        return f"printf('%05d%07d', :batch, {number})"
    return f"lpad(cast(:batch as text), 5, '0') || lpad(cast({number} as text), 7, '0')"
