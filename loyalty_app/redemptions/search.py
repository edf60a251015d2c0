"""Find redemptions by what people know of them, in a blink among a million (S2-4; docs/benchmarks.md, `search`)."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, select

from loyalty_app.batches.models import Batch
from loyalty_app.codes import alphabet
from loyalty_app.codes import service as codes
from loyalty_app.codes.models import Code, CodeStatus
from loyalty_app.core import database
from loyalty_app.core.actor import Actor, Permission
from loyalty_app.core.texts import contains, line, storable
from loyalty_app.members import service as members
from loyalty_app.members.models import Member
from loyalty_app.redemptions.models import Redemption, RedemptionStatus

NEWEST = 2**31 - 1
"""Behind it every page begins."""
MOST_TEXT = 80
"""Characters; nothing that is searched has more."""
TRIGRAM = 3
NEIGHBOURS = 1_000
"""Redemptions of transactions at the same time are not numbered in the order of their instants, but nearly."""
LOOKED_BACK = 10_000
"""Among so many of the newest a text is looked for that the index does not know."""
WALKED = 10_000
"""So many of the newest are simply read: what every two hundredth redemption has in it is found among them."""
HITS = {"sqlite": 2_000, "postgresql": 10_000}
"""So many are taken from the index; what has more hits is found by walking further. SQLite's come newest first."""
WALKED_FURTHER = 50_000
PIECE = 2_000

_TRIGRAMS = re.compile(r"[^\W_]{3}|[\W_][^\W_]|[^\W_]{2}[\W_]")
_INDEXED = sa.table("redemption_search_docsize", sa.column("id", sa.Integer))


@dataclass(frozen=True)
class Wish:
    """Which redemptions are wanted: by words, each part of a code, of a customer's name or of an offer's title.

    Who may see members finds them by their whole address, too.
    """

    text: str = ""
    status: RedemptionStatus | None = None
    batch_id: int | None = None
    member_id: int | None = None
    place_id: int | None = None
    account_id: int | None = None
    """Of the staff."""
    since: datetime | None = None
    until: datetime | None = None
    """The first instant that is too late."""


def sees_names(by: Actor) -> bool:
    """Return whether somebody may read the customers' names; staff settle disputes by them (S2-17)."""
    return by.may(Permission.VIEW_MEMBERS) or by.may(Permission.REDEEM)


def is_readable(by: Actor) -> ColumnElement[bool]:
    """Return which codes, joined with their batches, somebody may read in a history though their redemption is over.

    A voucher that is good again can be redeemed by whoever has its code: who only watches reads how it ends.
    """
    knowing = (Permission.REDEEM, Permission.QR_CODE_MANAGEMENT, Permission.VIEW_MEMBERS)
    if any(map(by.may, knowing)):
        return codes.is_open_to(by)
    return sa.and_(codes.is_open_to(by), col(Code.status) == CodeStatus.REDEEMED)


def newest(session: Session, wish: Wish, *, after: int, limit: int, by: Actor) -> list[int]:
    """Return the numbers of the redemptions that fit the wish, the newest first, from behind a number."""
    search = _Search.of(session, wish, after, limit, by)
    if search is None:
        return []
    if not search.has_text:
        return search.walk()
    if search.is_beyond_index:
        return search.walk(LOOKED_BACK)
    # A hit list or a walk that came to its end is the whole answer; one that is cut may hold the newest all the same.
    for found in (search.near, search.indexed, search.far):
        if (numbers := found()) is not None:
            return numbers
    return search.exhaustive()


def is_beyond_index(session: Session, text: str, *, by: Actor) -> bool:
    """Return whether a list looks for a text among the newest only (`LOOKED_BACK`), as this database's index has none.

    It has words of three characters; PostgreSQL's has only what letters and digits make.
    """
    search = _Search.of(session, Wish(text), 0, 1, by)
    return search is not None and search.is_beyond_index


def pieces(session: Session, wish: Wish, *, by: Actor) -> Iterator[list[int]]:
    """Yield the numbers of all redemptions that fit the wish, the newest first, some thousands at once."""
    after = 0
    while (search := _Search.of(session, wish, after, PIECE, by)) and (numbers := search.piece(is_first=not after)):
        yield numbers
        after = numbers[-1]


@dataclass(frozen=True)
class _Word:
    """One of the words that are searched."""

    text: str
    part: str
    """Of a code, in the form that is stored; nothing if no code can contain it."""

    @classmethod
    def of(cls, text: str) -> "_Word":
        part = alphabet.normal_part(text)
        # "a-b" is searched as it is: what is left of it as a code is in no index.
        return cls(text, part if min(len(part), TRIGRAM) == min(len(line(text)), TRIGRAM) else "")


@dataclass(frozen=True)
class _Meant:
    """What somebody searches, and what of it they may find."""

    by: Actor
    words: tuple[_Word, ...] = ()
    """Each must be in one of the texts."""
    part: str = ""
    """Of a code that was written with spaces; it is enough by itself."""
    code_id: int | None = None
    """The code that is named in full."""
    member_id: int | None = None
    """The member whose address it is."""

    @classmethod
    def of(cls, session: Session, text: str, by: Actor) -> "_Meant":
        exact = alphabet.normal(text)
        if exact and (code_id := session.exec(select(Code.id).where(Code.code == exact)).first()):
            return cls(by, code_id=code_id)
        sees_members = by.may(Permission.VIEW_MEMBERS)
        if "@" in text and sees_members and (member_id := members.id_of_email(session, text)):
            return cls(by, member_id=member_id)
        words = dict.fromkeys(text.split())
        return cls(by, tuple(map(_Word.of, words)), _Word.of(text).part if len(words) > 1 else "")

    @property
    def reads_all(self) -> bool:
        """Return whether somebody may read every code."""
        return self.by.may(Permission.QR_CODE_MANAGEMENT)

    def is_readable(self, row: Any) -> ColumnElement[bool]:
        """Return of which redemptions the code may be read; live ones used theirs up."""
        if self.reads_all:
            return sa.true()
        is_open = (
            sa.select(col(Code.id))
            .where(col(Code.id) == row.code_id, col(Batch.id) == col(Code.batch_id), is_readable(self.by))
            .scalar_subquery()
        )
        # Not "exists": for that PostgreSQL may read all codes ever, to look the few up in them.
        return sa.or_(row.status != RedemptionStatus.REVERSED, is_open.is_not(None))

    def columns(self, row: Any) -> list[sa.ColumnElement[str]]:
        """Return the texts that are searched; who may not see customers cannot guess them by searching either."""
        return [row.title, *((row.member_name,) if sees_names(self.by) else ())]


class _Search:
    """One search: by its text among the redemptions that fit the rest of the wish."""

    @classmethod
    def of(cls, session: Session, wish: Wish, after: int, limit: int, by: Actor) -> "_Search | None":
        """Return a search, if its text can be found at all."""
        text = " ".join(storable(wish.text).split())
        if len(text) > MOST_TEXT:
            return None
        meant = _Meant.of(session, text, by)
        if meant.member_id and wish.member_id in (None, meant.member_id):
            wish = replace(wish, member_id=meant.member_id)
        elif meant.member_id:
            return None
        return cls(session, wish, meant, limit, below=after or NEWEST)

    def __init__(self, session: Session, wish: Wish, meant: _Meant, limit: int, below: int | None) -> None:
        self._session, self._meant, self._limit = session, meant, limit
        self._kind = session.connection().dialect.name
        self._is_sqlite = database.is_sqlite(session.connection())
        self._above, self._below = _bounds(session, wish, below)
        self._wish = wish
        self._indexed = [word for word in meant.words if len(word.text) >= TRIGRAM and self._has_trigrams(word.text)]

    @property
    def has_text(self) -> bool:
        """Return whether part of a text is searched, and not all there is, of one code or of one member."""
        return bool(self._meant.words)

    @property
    def is_indexed(self) -> bool:
        """Return whether the index knows one of the words."""
        return bool(self._indexed)

    @property
    def is_beyond_index(self) -> bool:
        """Return whether there are words, and the index knows none of them."""
        return self.has_text and not self.is_indexed

    def _has_trigrams(self, text: str) -> bool:
        # PostgreSQL's are of letters and digits, and of where words begin and end.
        return self._is_sqlite or _TRIGRAMS.search(text) is not None

    def walk(self, most: int | None = None) -> list[int]:
        """Return the newest that fit, read one after the other, of so many at most."""
        row: Any = Redemption
        walked = select(Redemption).where(*self._filters(Redemption)).order_by(col(Redemption.id).desc())
        if most is not None:
            row = walked.limit(most).subquery().c
        elif (few := self._few()) is not None:
            row = few.c
        query = sa.select(row.id).where(*(() if most else self._filters(row)), self._fits(row))
        return list(self._session.execute(query.order_by(row.id.desc()).limit(self._limit)).scalars())

    def near(self) -> list[int] | None:
        """Return what is found among the newest, if that is enough."""
        # SQLite's index is read from its newest end, which is as near, unless few of its hits fit the rest of the wish.
        is_rare = self._wish.status not in (None, RedemptionStatus.RECORDED)
        return self._walk_enough(WALKED) if is_rare or not self._is_sqlite else None

    def indexed(self) -> list[int] | None:
        """Return what the index finds, if that is all there is, or holds the newest."""
        fits_all = not self._narrowed(Redemption) and self._is_found_by_index
        most = self._limit if self._is_sqlite and fits_all else HITS[self._kind]
        hits, numbers = self._hits(most)
        is_whole = hits < most or (self._is_sqlite and len(numbers) == self._limit)
        return numbers if is_whole else None

    def far(self) -> list[int] | None:
        """Return what is found among many of the newest, if that is enough."""
        return self._walk_enough(WALKED_FURTHER)

    def exhaustive(self) -> list[int]:
        """Return what is found among all."""
        return self._hits(None)[1]

    def _walk_enough(self, most: int) -> list[int] | None:
        numbers = self.walk(most)
        if len(numbers) == self._limit:
            return numbers
        if not self._narrowed(Redemption):  # that it is all there is, is as quickly known from the index
            return None
        beyond = select(Redemption.id).where(*self._filters(Redemption)).order_by(col(Redemption.id).desc())
        is_whole = self._session.exec(beyond.offset(most).limit(1)).first() is None
        return numbers if is_whole else None

    def _few(self) -> sa.CTE | None:
        # What one code or member has is few: read first, lest SQLite walks through all of a place.
        meant, wish = self._meant, self._wish
        if meant.code_id:
            few = col(Redemption.code_id) == meant.code_id
        elif wish.member_id is not None:
            few = col(Redemption.member_id) == wish.member_id
        else:
            return None
        return select(Redemption).where(few).cte("few").prefix_with("materialized")

    def piece(self, *, is_first: bool) -> list[int]:
        """Return the newest that fit, as one of many such pieces."""
        if self._is_sqlite and self.is_indexed:
            return next(found for way in (self.indexed, self.far, self.exhaustive) if (found := way()) is not None)
        # All pieces together walk through everything once; what the index finds at once is spared that.
        if is_first and self.is_indexed and (numbers := self.indexed()) is not None:
            return numbers
        with self._without("bitmapscan"):
            return self.walk()

    def _hits(self, most: int | None) -> tuple[int, list[int]]:
        # How many hits there are, up to the limit, and the newest of those that fit the rest of the wish.
        hits = self._hits_of_sqlite(most) if self._is_sqlite else self._hits_of_postgresql(most)
        fitting = sa.select(hits.c.id).where(hits.c.fits).order_by(hits.c.id.desc()).limit(self._limit).subquery()
        counted = sa.select(sa.literal(0).label("id"), sa.func.count().label("hits")).select_from(hits)
        query = sa.union_all(counted, sa.select(fitting.c.id, sa.literal(0)))
        with self._without("seqscan", "indexscan", "indexonlyscan"):  # only the index is as fast for every text
            found = self._session.execute(query).all()
        return max(count for _, count in found), sorted((number for number, _ in found if number), reverse=True)

    def _hits_of_sqlite(self, most: int | None) -> sa.CTE:
        index = sa.table("redemption_search", sa.column("rowid", sa.Integer))
        hits = (
            sa.select(index.c.rowid)
            .where(sa.column("redemption_search").op("match")(self._match()), *self._range(index.c.rowid))
            .order_by(index.c.rowid.desc())
            .limit(most)
            .cte("hit")
            .prefix_with("materialized")
        )
        fits = sa.and_(*self._narrowed(Redemption), self._may_find(Redemption))
        indexed = sa.select(col(Redemption.id), fits.label("fits")).select_from(
            hits.join(Redemption, col(Redemption.id) == hits.c.rowid)
        )
        rest = sa.select(col(Redemption.id), sa.true()).where(
            col(Redemption.id) > _last_indexed(), *self._filters(Redemption), self._fits(Redemption)
        )
        return sa.union_all(indexed, rest).cte("found").prefix_with("materialized")

    def _hits_of_postgresql(self, most: int | None) -> sa.CTE:
        row = Redemption
        names = self._meant.columns(row)
        hit = sa.and_(
            *(sa.or_(*(one.ilike(_around(word)) for one in names), *_in_code(row, word.part)) for word in self._indexed)
        )
        fits = sa.and_(*self._filters(row), self._may_find(row))
        return (
            sa.select(col(row.id), fits.label("fits"))
            .where(sa.or_(hit, *_in_code(row, self._meant.part)))
            .limit(most)
            .cte("found")
            .prefix_with("materialized")
        )

    def _match(self) -> str:
        # In double quotes nothing has a meaning of its own but they themselves.
        names = "member_name title" if sees_names(self._meant.by) else "title"
        words = []
        for word in self._indexed:
            text = word.text.replace('"', '""')
            words.append(f'({{{names}}} : "{text}"' + (f' OR code_text : "{word.part}")' if word.part else ")"))
        part = self._meant.part
        return " AND ".join(words) if not part else f'({" AND ".join(words)}) OR code_text : "{part}"'

    def _fits(self, row: Any) -> ColumnElement[bool]:
        """Return which redemptions have each word in one of their texts, if words are meant."""
        meant = self._meant
        if meant.code_id:
            return sa.and_(row.code_id == meant.code_id, meant.is_readable(row))
        if not meant.words:
            return sa.true()
        words = (sa.or_(*self._in_texts(row, word), *self._in_read_code(row, word.part)) for word in meant.words)
        return sa.or_(sa.and_(*words), *self._in_read_code(row, meant.part))

    def _may_find(self, row: Any) -> ColumnElement[bool]:
        """Return which hits somebody may have: those by a code only if they may read it."""
        return sa.true() if self._is_found_by_index else self._fits(row)

    @property
    def _is_found_by_index(self) -> bool:
        """Return whether everything that the index finds may be had and is meant."""
        return self._meant.reads_all and len(self._indexed) == len(self._meant.words)

    def _in_read_code(self, row: Any, part: str) -> list[ColumnElement[bool]]:
        return [sa.and_(found, self._meant.is_readable(row)) for found in _in_code(row, part)]

    def _in_texts(self, row: Any, word: _Word) -> Iterator[ColumnElement[bool]]:
        return (contains(one, word.text) for one in self._meant.columns(row))

    def _filters(self, row: Any) -> list[ColumnElement[bool]]:
        return [*self._range(row.id), *self._narrowed(row)]

    def _range(self, number: Any) -> list[ColumnElement[bool]]:
        above = [number >= self._above] if self._above is not None else []
        return above + ([number < self._below] if self._below is not None else [])

    def _narrowed(self, row: Any) -> list[ColumnElement[bool]]:
        wish = self._wish
        wanted = (
            (row.batch_id, wish.batch_id),
            (row.member_id, wish.member_id),
            (row.place_id, wish.place_id),
            (row.account_id, wish.account_id),
        )
        filters = [column == value for column, value in wanted if value is not None]
        if wish.status:
            filters.append(row.status == wish.status)
            if wish.status is not RedemptionStatus.RECORDED:  # the words of the index, so that both databases know it
                filters.append(row.status != sa.literal_column(f"'{RedemptionStatus.RECORDED}'"))
        if wish.since:
            filters.append(row.at >= wish.since)
        if wish.until:
            filters.append(row.at < wish.until)
        return filters

    @contextmanager
    def _without(self, *ways: str) -> Iterator[None]:
        # PostgreSQL guesses how often a text occurs, and is wrong by far for most.
        if self._is_sqlite:
            yield
            return
        self._session.execute(_set(ways, "off"))
        yield
        self._session.execute(_set(ways, "on"))


def _set(ways: Sequence[str], value: str) -> sa.Select[*tuple[Any, ...]]:
    # All in one statement: each is a way to the server and back. Only until the transaction ends.
    return sa.select(*(sa.func.set_config(f"enable_{way}", value, sa.true()) for way in ways))


def _around(word: _Word) -> str:
    return "%" + word.text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"


def _in_code(row: Any, part: str) -> list[ColumnElement[bool]]:
    return [row.code_text.like(f"%{part}%")] if part else []


def _last_indexed() -> sa.ScalarSelect[int]:
    # SQLite's index is filled some dozens at once: of what is newer, it knows nothing yet (migration 0004).
    return sa.select(sa.func.coalesce(sa.func.max(_INDEXED.c.id), 0)).scalar_subquery()


def _bounds(session: Session, wish: Wish, below: int | None) -> tuple[int | None, int | None]:
    """Return between which numbers the wanted days lie, so that no list begins with what is newer."""
    above = None
    if wish.since:
        near = select(Redemption.id).where(Redemption.at >= wish.since).order_by(col(Redemption.at)).limit(NEIGHBOURS)
        above = session.exec(select(sa.func.coalesce(sa.func.min(near.subquery().c.id), 2**31 - 1))).one()
    if wish.until:
        near = select(Redemption.id).where(Redemption.at < wish.until).order_by(col(Redemption.at).desc())
        last = session.exec(select(sa.func.coalesce(sa.func.max(near.limit(NEIGHBOURS).subquery().c.id), 0))).one()
        below = min(last + 1, below or last + 1)
    return above, below


def differences(session: Session) -> list[str]:
    """Compare what is searched with where it comes from; return a sentence for each kind that differs."""
    sources = (
        ("code", Redemption.code_text, select(Code.code).where(Code.id == Redemption.code_id)),
        ("offer", Redemption.title, select(Batch.title).where(Batch.id == Redemption.batch_id)),
        ("customer", Redemption.member_name, select(Member.name).where(Member.id == Redemption.member_id)),
    )
    counts = [
        sa.func.count(sa.case((col(kept) != source.correlate(Redemption).scalar_subquery(), 1)))
        for _, kept, source in sources
    ]
    counted = session.execute(sa.select(*counts).select_from(Redemption)).one()
    found = [
        f"redemptions: {number:,} are found by another {name} than theirs"
        for (name, _, _), number in zip(sources, counted, strict=True)
        if number
    ]
    if database.is_sqlite(session.connection()):
        unknown = col(Redemption.id).not_in(sa.select(_INDEXED.c.id))
        missing, surplus = (
            session.exec(select(sa.func.count()).select_from(rows).where(*where)).one()
            for rows, where in (
                (Redemption, (unknown, col(Redemption.id) < _last_indexed())),
                (_INDEXED, (_INDEXED.c.id.not_in(sa.select(col(Redemption.id))),)),
            )
        )
        found += [f"redemptions: {missing:,} are not in the search"] if missing else []
        found += [f"redemptions: the search has {surplus:,} that are not there"] if surplus else []
    return found
