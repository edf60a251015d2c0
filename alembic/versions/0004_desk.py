"""Places and devices, PINs, goodwill, scans without a connection, a history that is searched fast, and forgetting."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

RECORDED = sa.text("status = 'recorded'")
LIVE = sa.text("status <> 'reversed'")
EXCEPTIONAL = sa.text("status <> 'recorded'")
NAMED = sa.text("nonce <> ''")
WAITING = sa.text("scanned_at is not null and reason is not null and settled_at is null")
HELD = sa.text("status = 'claimed' and not disabled")
SEARCHED = ("code_text", "member_name", "title")
TOGETHER = 64
"""So many redemptions are put in SQLite's index at once."""
MONEY = {
    "redemption": ("amount",),
    "offer": ("reward_value", "minimum_purchase"),
    "batch": ("reward_value", "minimum_purchase"),
}
MOST_BEFORE = 2**31 - 1
VIEW, VIEW_REDEMPTIONS = "view_dashboard", "view_redemptions"


def instant() -> sa.DateTime:
    """Return the type of an instant in UTC."""
    return sa.DateTime(timezone=True)


def is_sqlite() -> bool:
    """Return whether this is the one-machine database."""
    return op.get_bind().dialect.name == "sqlite"


def upgrade() -> None:
    """Add the new tables and columns, fill what is searched, and build its index."""
    make_places()
    extend_people()
    extend_redemptions()
    size_money(sa.Integer(), sa.BigInteger())
    with op.batch_alter_table("code") as change:
        change.create_index("code_held", ["expires_at"], sqlite_where=HELD, postgresql_where=HELD)
    fill_what_is_searched()
    make_search()
    let_reasons_be_forgotten()
    # Who could read the redemptions by the wider permission goes on reading them.
    change_scopes(lambda scopes: [*scopes, VIEW_REDEMPTIONS] if VIEW in scopes else scopes)


def downgrade() -> None:
    """Go back; what only this version knows is gone."""
    change_scopes(lambda scopes: [one for one in scopes if one not in NEW_SCOPES])
    drop_search()
    keep_reasons()
    op.execute("delete from redemption where status = 'goodwill'")
    op.execute("delete from attempt where reason = 'conflict_offline'")
    op.execute("update account set role = 'staff' where role = 'lead'")
    narrow_money()
    with op.batch_alter_table("code") as change:
        change.drop_index("code_held")
    with op.batch_alter_table("attempt") as change:
        for name in ("attempt_device_nonce", "attempt_waiting"):
            change.drop_index(name)
        for table in ("place", "device"):
            change.drop_constraint(f"fk_attempt_{table}_id", type_="foreignkey")
        for column in ("place_id", "device_id", "scanned_at", "settled_at", "settled_by"):
            change.drop_column(column)
    with op.batch_alter_table("redemption") as change:
        for name in (
            "redemption_at_place",
            "redemption_by_staff",
            "redemption_exceptional",
            "ix_redemption_device_id",
            "redemption_one_live",
        ):
            change.drop_index(name)
        change.create_index(
            "redemption_one_live", ["code_id"], unique=True, sqlite_where=RECORDED, postgresql_where=RECORDED
        )
        for table in ("place", "device"):
            change.drop_constraint(f"fk_redemption_{table}_id", type_="foreignkey")
        for column in ("place_id", "device_id", *SEARCHED, "goodwill_reason", "scanned_at"):
            change.drop_column(column)
    with op.batch_alter_table("account_session") as change:
        change.drop_index("ix_account_session_device_id")
        for table in ("place", "device"):
            change.drop_constraint(f"fk_account_session_{table}_id", type_="foreignkey")
        for column in ("place_id", "device_id", "is_by_pin"):
            change.drop_column(column)
    with op.batch_alter_table("account") as change:
        change.drop_column("pin_hash")
    with op.batch_alter_table("program") as change:
        for column in ("undo_minutes", "lock_minutes"):
            change.drop_column(column)
    with op.batch_alter_table("member") as change:
        change.drop_column("erased_at")
    op.drop_table("device")
    op.drop_table("place")


NEW_SCOPES = frozenset({VIEW_REDEMPTIONS, "goodwill", "support", "place_management"})


def change_scopes(change) -> None:  # noqa: ANN001 - a function from scopes to scopes
    """Give every API key its scopes anew."""
    keys = sa.table("api_key", sa.column("id", sa.Integer), sa.column("scopes", sa.JSON))
    for key_id, scopes in op.get_bind().execute(sa.select(keys.c.id, keys.c.scopes)).all():
        given = json.loads(scopes) if isinstance(scopes, str) else scopes
        op.get_bind().execute(sa.update(keys).where(keys.c.id == key_id).values(scopes=change(given)))


def make_places() -> None:
    """Make the locations, and the devices that stand there."""
    op.create_table(
        "place",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("address", sa.String(200), server_default="", nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("closed_at", instant()),
    )
    op.create_table(
        "device",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("place_id", sa.Integer, sa.ForeignKey("place.id"), nullable=False, index=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("secret_hash", sa.String(64), unique=True),
        sa.Column("enrol_hash", sa.String(64), unique=True),
        sa.Column("enrol_expires_at", instant()),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("enrolled_at", instant()),
        sa.Column("last_seen_at", instant()),
        sa.Column("moved_at", instant()),
        sa.Column("revoked_at", instant()),
    )


def extend_people() -> None:
    """Give accounts a PIN, sessions a device and a place, and members a way to be forgotten."""
    with op.batch_alter_table("account") as change:
        change.add_column(sa.Column("pin_hash", sa.String, server_default="", nullable=False))
    with op.batch_alter_table("account_session") as change:
        change.add_column(sa.Column("device_id", sa.Integer))
        change.add_column(sa.Column("place_id", sa.Integer))
        change.add_column(sa.Column("is_by_pin", sa.Boolean, server_default=sa.false(), nullable=False))
        change.create_foreign_key("fk_account_session_device_id", "device", ["device_id"], ["id"], ondelete="CASCADE")
        change.create_foreign_key("fk_account_session_place_id", "place", ["place_id"], ["id"], ondelete="SET NULL")
        change.create_index("ix_account_session_device_id", ["device_id"])
    with op.batch_alter_table("program") as change:
        change.add_column(sa.Column("undo_minutes", sa.Integer, server_default="5", nullable=False))
        change.add_column(sa.Column("lock_minutes", sa.Integer, server_default="5", nullable=False))
    with op.batch_alter_table("member") as change:
        change.add_column(sa.Column("erased_at", instant()))


def extend_redemptions() -> None:
    """Say where, on what and when each redemption and attempt was, and what is searched."""
    with op.batch_alter_table("redemption") as change:
        change.add_column(sa.Column("place_id", sa.Integer))
        change.add_column(sa.Column("device_id", sa.Integer))
        change.add_column(sa.Column("code_text", sa.String(40), server_default="", nullable=False))
        change.add_column(sa.Column("member_name", sa.String(80), server_default="", nullable=False))
        change.add_column(sa.Column("title", sa.String(80), server_default="", nullable=False))
        change.add_column(sa.Column("goodwill_reason", sa.String(200), server_default="", nullable=False))
        change.add_column(sa.Column("scanned_at", instant()))
        for table in ("place", "device"):
            change.create_foreign_key(f"fk_redemption_{table}_id", table, [f"{table}_id"], ["id"], ondelete="SET NULL")
        change.drop_index("redemption_one_live")
        change.create_index("redemption_one_live", ["code_id"], unique=True, sqlite_where=LIVE, postgresql_where=LIVE)
        change.create_index("redemption_at_place", ["place_id", "id"])
        change.create_index("redemption_by_staff", ["account_id", "id"])
        change.create_index(
            "redemption_exceptional", ["status", "id"], sqlite_where=EXCEPTIONAL, postgresql_where=EXCEPTIONAL
        )
        change.create_index("ix_redemption_device_id", ["device_id"])
    with op.batch_alter_table("attempt") as change:
        change.add_column(sa.Column("place_id", sa.Integer))
        change.add_column(sa.Column("device_id", sa.Integer))
        change.add_column(sa.Column("scanned_at", instant()))
        change.add_column(sa.Column("settled_at", instant()))
        change.add_column(sa.Column("settled_by", sa.String(80), server_default="", nullable=False))
        for table in ("place", "device"):
            change.create_foreign_key(f"fk_attempt_{table}_id", table, [f"{table}_id"], ["id"], ondelete="SET NULL")
        change.create_index(
            "attempt_device_nonce", ["device_id", "nonce"], unique=True, sqlite_where=NAMED, postgresql_where=NAMED
        )
        change.create_index("attempt_waiting", ["id"], sqlite_where=WAITING, postgresql_where=WAITING)


def size_money(before: sa.Integer, after: sa.Integer) -> None:
    """Let amounts be as large as a basket may be in rupiah, which are counted in hundredths, or not any more."""
    for table, columns in MONEY.items():
        # The copy that SQLite makes must go on giving no number of a batch twice.
        with op.batch_alter_table(table, table_kwargs={"sqlite_autoincrement": table == "batch"}) as change:
            for column in columns:
                change.alter_column(column, existing_type=before, type_=after)


def narrow_money() -> None:
    """Cut what is too large for the columns that were before."""
    for table, columns in MONEY.items():
        for column in columns:
            held = sa.table(table, sa.column(column, sa.BigInteger)).c[column]
            op.execute(sa.update(held.table).where(held > MOST_BEFORE).values({column: MOST_BEFORE}))
    size_money(sa.BigInteger(), sa.Integer())


def fill_what_is_searched() -> None:
    """Copy the three texts beside the redemptions that there are."""
    op.execute(
        "update redemption set"
        " code_text = (select code from code where code.id = redemption.code_id),"
        " title = (select title from batch where batch.id = redemption.batch_id),"
        " member_name = coalesce((select name from member where member.id = redemption.member_id), '')"
    )


def make_search() -> None:
    """Index the three texts by their trigrams, and keep them in step with the member's name.

    Measured at a million rows: docs/benchmarks.md, `search`.
    """
    if not is_sqlite():
        op.execute("create extension if not exists pg_trgm")
        for column in SEARCHED:
            # Every search reads all that is pending: no more of it than makes writing cheap.
            op.execute(
                f"create index redemption_search_{column} on redemption using gin ({column} gin_trgm_ops)"
                " with (gin_pending_list_limit = 256)"
            )
        op.execute(
            "create function rename_redemptions() returns trigger language plpgsql as"
            " $$ begin update redemption set member_name = new.name where member_id = new.id; return new; end $$"
        )
        op.execute(
            "create trigger member_renamed after update of name on member for each row"
            " when (old.name is distinct from new.name) execute function rename_redemptions()"
        )
        return
    names = ", ".join(SEARCHED)
    old, new = (", ".join(f"{row}.{column}" for column in SEARCHED) for row in ("old", "new"))
    last = "(select coalesce(max(id), 0) from redemption_search_docsize)"
    remove = f"insert into redemption_search (redemption_search, rowid, {names}) values ('delete', old.id, {old});"  # noqa: S608 - names of our own
    add = f"insert into redemption_search (rowid, {names}) values (new.id, {new});"  # noqa: S608
    op.execute(
        f"create virtual table redemption_search using fts5"
        f" ({names}, content='redemption', content_rowid='id', tokenize='trigram')"
    )
    op.execute("insert into redemption_search (redemption_search) values ('rebuild')")
    # Each by itself costs as much as fifty together, so the newest wait until there are some dozens, and are read
    # without the index meanwhile. What is in it is always all up to a number; who comes late is put in at once.
    op.execute(
        f"create trigger redemption_added after insert on redemption"  # noqa: S608
        f" when new.id >= {last} + {TOGETHER} or new.id < {last}"
        f" begin insert into redemption_search (rowid, {names})"
        f" select id, {names} from redemption where id > {last} or id = new.id; end"
    )
    op.execute(f"create trigger redemption_removed after delete on redemption when old.id <= {last} begin {remove} end")
    op.execute(
        f"create trigger redemption_renamed after update of {names} on redemption when old.id <= {last}"
        f" begin {remove} {add} end"
    )
    op.execute(
        "create trigger member_renamed after update of name on member when old.name <> new.name"
        " begin update redemption set member_name = new.name where member_id = new.id; end"
    )


def drop_search() -> None:
    """Drop the index and what keeps it in step."""
    if not is_sqlite():
        op.execute("drop trigger member_renamed on member")
        op.execute("drop function rename_redemptions")
        for column in SEARCHED:
            op.execute(f"drop index redemption_search_{column}")
        return
    for name in ("redemption_added", "redemption_removed", "redemption_renamed", "member_renamed"):
        op.execute(f"drop trigger {name}")
    op.execute("drop table redemption_search")


LEDGER = "id, member_id, kind, points, balance, actor, at"
"""What nothing changes of an entry; to which redemption it points goes with its batch."""
REFUSED = "the points ledger is append-only"


def let_reasons_be_forgotten() -> None:
    """Let the reason of an adjustment be taken out once its member is erased, and nothing else be changed."""
    forgets = (
        "new.title = '[erased]' and old.kind = 'adjustment'"
        " and exists (select 1 from member where id = old.member_id and erased_at is not null)"
    )
    if is_sqlite():
        op.execute("drop trigger points_entry_changed")
        refuse = f"begin select raise(abort, '{REFUSED}'); end"
        op.execute(f"create trigger points_entry_changed before update of {LEDGER} on points_entry {refuse}")
        op.execute(
            f"create trigger points_entry_retold before update of title on points_entry when not ({forgets}) {refuse}"
        )
        return
    op.execute("drop trigger points_entry_changed on points_entry")
    op.execute(
        f"create trigger points_entry_changed before update of {LEDGER} on points_entry"
        " for each row execute function keep_points_entry()"
    )
    op.execute(
        "create function keep_points_reason() returns trigger language plpgsql as"
        f" $$ begin if {forgets} then return new; end if; raise exception '{REFUSED}'; end $$"
    )
    op.execute(
        "create trigger points_entry_retold before update of title on points_entry"
        " for each row execute function keep_points_reason()"
    )


def keep_reasons() -> None:
    """Refuse every change of the ledger again."""
    kept = LEDGER.replace("actor", "title, actor")
    if is_sqlite():
        op.execute("drop trigger points_entry_retold")
        op.execute("drop trigger points_entry_changed")
        op.execute(
            f"create trigger points_entry_changed before update of {kept} on points_entry"
            f" begin select raise(abort, '{REFUSED}'); end"
        )
        return
    op.execute("drop trigger points_entry_retold on points_entry")
    op.execute("drop function keep_points_reason")
    op.execute("drop trigger points_entry_changed on points_entry")
    op.execute(
        f"create trigger points_entry_changed before update of {kept} on points_entry"
        " for each row execute function keep_points_entry()"
    )
