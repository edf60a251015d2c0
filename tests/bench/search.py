"""The history of a million redemptions: each search beside one read by the primary key, and the index itself."""

import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import sqlalchemy as sa

from loyalty_app.core import database, times
from loyalty_app.places.models import Place
from loyalty_app.redemptions import history
from loyalty_app.redemptions.history import Wish
from loyalty_app.redemptions.models import RedemptionStatus
from tests import builders
from tests.bench.harness import Row, median, must
from tests.doors import change, see

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
ADDED = 2_000
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
        "no hit": "qqqqzzz",
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
            ours, read = [], []
            for turn in range(TIMES):
                ours.append(_milliseconds(history.listed, wanted, limit=PAGE, by=builders.ADMIN))
                read.append(_milliseconds(_by_key, 1 + turn * len(codes) // TIMES))
            p50, one = median(ours), median(read)
            rows.append(
                Row(
                    f"search: {name}{narrowed}, {place.name}",
                    f"p50 {p50:.1f} ms",
                    f"a read by the primary key: {one:.2f} ms",
                    f"{p50 / one:.0f}×",
                    target=f"≤ {SLOWEST} ms",
                    reached=p50 <= SLOWEST,
                )
            )
            _must_not_read_all(wanted)
    return [*rows, _cost(place)]


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
    began = time.perf_counter()
    see(query, *args, **kwargs)
    return (time.perf_counter() - began) * 1000


def _must_not_read_all(wanted):
    # As the statements really ran, with the settings that they ran with.
    engine = database.engine()

    def hear(connection, _cursor, statement, values, *_):
        if statement.startswith(("SELECT", "WITH")):
            verb = "explain query plan" if database.is_sqlite(engine) else "explain"
            cursor = connection.connection.driver_connection.cursor()
            cursor.execute(f"{verb} {statement}", values)
            plans.extend(" ".join(map(str, row)) for row in cursor.fetchall())

    plans = []
    sa.event.listen(engine, "before_cursor_execute", hear)
    see(history.listed, wanted, limit=PAGE, by=builders.ADMIN)
    sa.event.remove(engine, "before_cursor_execute", hear)
    read = [plan for plan in plans if re.search(r"(SCAN|Seq Scan on) redemption\b(?!_)", plan)]
    must(bool(plans) and not read, f"a full scan for {wanted}: {read}")


def _cost(place):
    """Insert with the index and without it, and keep nothing."""
    engine = database.engine()
    with_it, without = [], []
    for _ in range(3):
        with_it.append(_inserted(engine, is_indexed=True))
        without.append(_inserted(engine, is_indexed=False))
    size = (
        "select sum(length(block)) from redemption_search_data"
        if database.is_sqlite(engine)
        else "select sum(pg_relation_size(indexname::regclass)) from pg_indexes"
        " where indexname like 'redemption_search_%'"
    )
    with engine.connect() as connection:
        megabytes = int(connection.execute(sa.text(size)).scalar_one()) / 1e6
    ours, limit = median(with_it), median(without)
    return Row(
        f"search: a redemption more, {ADDED:,} in a transaction, {place.name}",
        f"{ours:.0f} µs, the index has {megabytes:.0f} MB",
        f"without the index {limit:.0f} µs",
        f"{ours / limit:.1f}×",
    )


def _inserted(engine, *, is_indexed):
    columns = ", ".join(name for name in COLUMNS if name != "answers")  # which reads and writes differently
    with engine.connect() as connection:
        if not is_indexed:
            for name, _ in _index(connection):
                connection.exec_driver_sql(f"drop {'trigger' if database.is_sqlite(engine) else 'index'} {name}")
        kept = connection.exec_driver_sql(f"select {columns} from redemption order by id desc limit {ADDED}").all()
        connection.exec_driver_sql(f"delete from redemption where id > (select max(id) from redemption) - {ADDED}")
        began = time.perf_counter()
        marks = ", ".join("?" if database.is_sqlite(engine) else "%s" for _ in kept[0])
        connection.exec_driver_sql(f"insert into redemption ({columns}) values ({marks})", [tuple(row) for row in kept])
        took = time.perf_counter() - began
        connection.rollback()
    return took / ADDED * 1e6


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
