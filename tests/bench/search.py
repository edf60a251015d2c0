"""The history of a million redemptions: each search beside one read by the primary key, and what the index costs."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import col, select

from loyalty_app.core import database, times
from loyalty_app.places.models import Place
from loyalty_app.redemptions import history
from loyalty_app.redemptions.history import Wish
from loyalty_app.redemptions.models import Redemption, RedemptionStatus
from tests import builders
from tests.bench.harness import Row, median, must
from tests.doors import change, see
from tests.plans import plans_of, read_whole

REDEMPTIONS = 1_000_000
MEMBERS = 100_000
TITLES = ("One free coffee", "A piece of cake", "Breakfast for two", "10% off beans", "A jar of honey")
"""Of a batch each; the first of every second redemption."""
FIRST = "Anna Jan Maria Piotr Zofia Adam Ewa Marek Ola Tomasz Łucja Michał Hanna Paweł Iga Karol Nina Oskar Róża Emil"
LAST = "Nowak Kowalska Wiśniewski Wójcik Kamińska Lewandowski Zielińska Szymański Woźniak Dąbrowska Kozłowski Jankowska"
CHARACTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
RARE = "Zygfryd Quast"
COLUMNS = (
    "id code_id batch_id status member_id account_id place_id device_id code_text member_name title points answers at"
    " goodwill_reason reversed_by reversal_reason"
).split()


TIMES = 7
PAGE = 50
ADDED = {1: 500, 64: 3_200}
"""So many redemptions are added, by how many in a transaction: one till alone, and all that wait at once."""
SLOWEST = 25
"""Milliseconds."""


def run(place):
    """Return the rows of one database."""
    with place.opened():
        return table(place, fill())


def table(place, codes):
    """Return the rows of a database that is filled."""
    some = codes[len(codes) // 2]
    texts = {
        "newest page": "",
        "rare name": RARE,
        "common name": "Anna Nowak",
        "exact code": some,
        "middle of a code": some[4:10],
        "common title": TITLES[0],
        "name and title": "anna coffee",
        "no hit": "qqqqzzz",
        "two letters, no hit": "!?",
    }
    month = times.now() - timedelta(days=200)
    filters = {
        "": {},
        ", one place": {"place_id": 1},
        ", one till": {"account_id": builders.CASHIER.account_id},
        ", goodwill": {"status": RedemptionStatus.GOODWILL},
        ", a month": {"since": month, "until": month + timedelta(days=30)},
    }
    rows = []
    for name, text in texts.items():
        for narrowed, wish in filters.items():
            wanted = Wish(text, **wish)
            _must_be_right(wanted)
            ours, busy, read = [], [], []
            for turn in range(TIMES):
                took, worked = _milliseconds(history.listed, wanted, limit=PAGE, by=builders.ADMIN)
                ours.append(took)
                busy.append(worked)
                read.append(_milliseconds(_by_key, 1 + turn * len(codes) // TIMES)[0])
            p50, one = median(ours), median(read)
            rows.append(
                Row(
                    f"search: {name}{narrowed}, {place.name}",
                    f"p50 {p50:.1f} ms, {median(busy):.1f} ms of a processor",
                    f"a read by the primary key: {one:.2f} ms",
                    f"{p50 / one:.0f}×",
                    target=f"≤ {SLOWEST} ms",
                    reached=p50 <= SLOWEST,
                )
            )
            plans = plans_of(lambda wanted=wanted: _search(wanted))
            must(bool(plans) and not read_whole(plans, "redemption"), f"a full scan for {wanted}: {plans}")
    return [*rows, *_cost(place)]


def fill(redemptions=REDEMPTIONS):
    """Redeem a million vouchers over the last year, without asking anybody; return their codes."""
    batches = [_batch(title) for title in TITLES]
    places = [change(builders.place, name).id for name in ("Old Town", "Harbour", "Station", "Mall")]
    devices = [change(_device, place) for place in places]
    chance = random.Random(1)
    names = [f"{chance.choice(FIRST.split())} {chance.choice(LAST.split())}" for _ in range(MEMBERS)]
    names[777] = RARE
    began = times.now() - timedelta(days=365)
    step = timedelta(days=365) / redemptions
    codes = ["SUN" + "".join(chance.choices(CHARACTERS, k=9)) for _ in range(redemptions)]
    engine = database.engine()
    _copy(engine, "member", ("id", "name", "email", "joined_at"), _members(names, began))
    with engine.connect() as connection:
        member = connection.exec_driver_sql("select max(id) from member").scalar_one() - MEMBERS

    def lines() -> Iterator[tuple]:
        for number, code in enumerate(codes, 1):
            batch = 0 if number % 2 else 1 + number // 2 % (len(batches) - 1)
            place = chance.randrange(len(places))
            whose = chance.randrange(MEMBERS)
            status = "reversed" if number % 100 == 7 else "goodwill" if number % 500 == 3 else "recorded"
            staff = (builders.CASHIER, builders.OTHER_CASHIER, builders.LEAD)[chance.randrange(3)].account_id
            at = (began + number * step).strftime("%Y-%m-%d %H:%M:%S.%f")
            yield (
                *(number, number, batches[batch], status, member + 1 + whose, staff, places[place], devices[place]),
                *(code, names[whose], TITLES[batch], 0, "{}", at, "", "", ""),
            )

    serials = dict.fromkeys(batches, 0)

    def vouchers() -> Iterator[tuple]:
        for number, code in enumerate(codes, 1):
            batch = batches[0 if number % 2 else 1 + number // 2 % (len(batches) - 1)]
            serials[batch] += 1
            yield number, batch, serials[batch], code, "redeemed", False

    _copy(engine, "code", ("id", "batch_id", "serial", "code", "status", "disabled"), vouchers())
    with _filled_at_the_end(engine):
        _copy(engine, "redemption", COLUMNS, lines())
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("analyze" if database.is_sqlite(engine) else "vacuum analyze")
    return codes


def _members(names, began):
    joined = began.strftime("%Y-%m-%d %H:%M:%S.%f")
    return ((1000 + number, name, f"{number}@bench.example", joined) for number, name in enumerate(names))


def _batch(title):
    offer = change(builders.offer, title)
    return change(builders.batch, 1, offer_id=str(offer.id), now=times.now()).id


def _device(session, place_id):
    return builders.device(session, session.get(Place, place_id), f"Tablet {place_id}").id


def _by_key(session, number):
    return session.execute(sa.text("select * from redemption where id = :id"), {"id": number}).one()


def _milliseconds(query, *args, **kwargs):
    """Return how long it took, and how much of that a processor worked for it, here or in the server."""

    def worked(session):
        here = time.thread_time() * 1000
        if database.is_sqlite(session.connection()):
            return here
        if "server" not in session.info:
            session.info["server"] = session.connection().exec_driver_sql("select pg_backend_pid()").scalar_one()
        ran = Path(f"/proc/{session.info['server']}/schedstat").read_text(encoding="ascii")  # nanoseconds, of Linux
        return here + int(ran.split()[0]) / 1e6

    def timed(session):
        before = worked(session)
        query(session, *args, **kwargs)
        return worked(session) - before

    began = time.perf_counter()
    busy = see(timed)
    return (time.perf_counter() - began) * 1000, busy


def _search(wanted):
    return see(history.listed, wanted, limit=PAGE, by=builders.ADMIN)


def _must_be_right(wanted):
    # By the plainest means: everything is read, and each word looked for in each text.
    texts = (Redemption.code_text, Redemption.member_name, Redemption.title)
    fits = [sa.or_(*(col(text).icontains(word, autoescape=True) for text in texts)) for word in wanted.text.split()]
    fits += [
        col(column) == value
        for column, value in (
            (Redemption.place_id, wanted.place_id),
            (Redemption.account_id, wanted.account_id),
            (Redemption.status, wanted.status),
        )
        if value
    ]
    fits += [Redemption.at >= wanted.since, Redemption.at < wanted.until] if wanted.since else []
    query = select(Redemption.id).where(*fits).order_by(col(Redemption.id).desc()).limit(PAGE)
    expected = see(lambda session: session.exec(query).all())
    must([line.id for line in _search(wanted)] == expected, f"{wanted} finds what is there, the newest first")


def _cost(place):
    """Add redemptions with the index, and then without it: what comes after it has none any more."""
    engine = database.engine()
    size = (
        "select sum(length(block)) from redemption_search_data"
        if database.is_sqlite(engine)
        else "select sum(pg_relation_size(indexname::regclass)) from pg_indexes"
        " where indexname like 'redemption_search_%'"
    )
    with engine.connect() as connection:
        megabytes = int(connection.execute(sa.text(size)).scalar_one()) / 1e6
    with_it = {many: _added(engine, many) for many in ADDED}
    with engine.begin() as connection:
        for name, _ in _index(connection):
            connection.exec_driver_sql(f"drop {'trigger' if database.is_sqlite(engine) else 'index'} {name}")
    without = {many: _added(engine, many) for many in ADDED}
    return [
        Row(
            f"search: a redemption more, {many} in a transaction, {place.name}",
            f"{median(with_it[many]):.0f} µs each, at most {max(with_it[many]) * many / 1000:.1f} ms at once;"
            f" the index has {megabytes:.0f} MB",
            f"without the index {median(without[many]):.0f} µs,"
            f" at most {max(without[many]) * many / 1000:.1f} ms at once",
            f"{sum(with_it[many]) / sum(without[many]):.1f}× on average",
        )
        for many in ADDED
    ]


def _added(engine, many):
    """Return the microseconds of each redemption, by its transaction."""
    columns = [name for name in COLUMNS if name not in ("id", "answers")]  # which reads and writes differently
    names, marks = ", ".join(columns), ", ".join(["?" if database.is_sqlite(engine) else "%s"] * len(columns))
    took = []
    with engine.connect() as connection:
        kept = connection.exec_driver_sql(f"select {names} from redemption where id <= {ADDED[many]}").all()
        connection.rollback()
        reversed_ = [tuple(RedemptionStatus.REVERSED if n == 2 else v for n, v in enumerate(row)) for row in kept]
        for start in range(0, len(kept), many):
            began = time.perf_counter()
            connection.exec_driver_sql(
                f"insert into redemption ({names}) values ({marks})", reversed_[start : start + many]
            )
            connection.commit()
            took.append((time.perf_counter() - began) / many * 1e6)
    return took


def _index(connection):
    if connection.dialect.name == "sqlite":
        asked = "select name, sql from sqlite_master where type = 'trigger' and name like 'redemption%'"
    else:
        asked = "select indexname, indexdef from pg_indexes where indexname like 'redemption_search%%'"
    return connection.exec_driver_sql(asked).all()


@contextmanager
def _filled_at_the_end(engine):
    is_sqlite = database.is_sqlite(engine)
    with engine.begin() as connection:
        made = _index(connection)
        for name, _ in made:
            connection.exec_driver_sql(f"drop {'trigger' if is_sqlite else 'index'} {name}")
    yield
    with engine.begin() as connection:
        if is_sqlite:
            connection.exec_driver_sql("insert into redemption_search (redemption_search) values ('rebuild')")
        for _, definition in made:
            connection.exec_driver_sql(definition)


def _copy(engine, table, columns, rows):
    names = ", ".join(columns)
    with engine.begin() as connection:
        if table == "code":
            connection.exec_driver_sql("delete from code")
        driver = connection.connection.driver_connection
        if database.is_sqlite(engine):
            driver.executemany(f"insert into {table} ({names}) values ({', '.join('?' * len(columns))})", rows)
            return
        with driver.cursor().copy(f"copy {table} ({names}) from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        if columns[0] == "id":
            connection.exec_driver_sql(
                f"select setval(pg_get_serial_sequence('{table}', 'id'), (select max(id) from {table}))"
            )
