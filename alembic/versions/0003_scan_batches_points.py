"""Scan batches with their keys, a points ledger, and files that are prepared in the background."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CLAIMED = sa.text("member_id is not null and claimed_at is not null")
HELD = sa.text("member_id is not null")
REFUSED = "the points ledger is append-only"


def instant() -> sa.DateTime:
    """Return the type of an instant in UTC."""
    return sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the new tables and columns; tell whose each redemption was."""
    make_keys_and_batches()
    make_one_claim_index(CLAIMED)
    extend_redemptions()
    make_ledger()
    op.create_table(
        "export",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("batch_id", sa.Integer, sa.ForeignKey("batch.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("options", sa.JSON, server_default="{}", nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("secret", sa.String(64), nullable=False, unique=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("created_by", sa.Integer),
        sa.Column("expires_at", instant(), index=True),
    )


def downgrade() -> None:
    """Go back; what only this version knows is gone."""
    # Step by step: foreign keys are off while SQLite's tables are copied, so nothing goes along by itself.
    scans = "select id from batch where kind = 'scan'"
    for table in ("attempt", "redemption", "code", "batch_activity", "batch_tombstone"):
        op.execute(f"delete from {table} where batch_id in ({scans})")  # noqa: S608 - names of our own
    op.execute("delete from batch_tombstone where kind = 'scan'")
    op.execute("delete from job where kind = 'prepare_file'")
    op.execute(f"delete from job where kind = 'generate_codes' and subject_id in ({scans})")  # noqa: S608
    op.execute("delete from batch where kind = 'scan'")
    op.drop_table("export")
    op.drop_table("points_entry")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("drop function keep_points_entry")
    with op.batch_alter_table("member") as change:
        change.drop_column("points")
    with op.batch_alter_table("attempt") as change:
        change.drop_constraint("fk_attempt_member_id", type_="foreignkey")
        change.drop_index("ix_attempt_member_id")
        change.drop_column("member_id")
    with op.batch_alter_table("redemption") as change:
        change.drop_constraint("fk_redemption_member_id", type_="foreignkey")
        change.drop_index("ix_redemption_member_id")
        for column in ("member_id", "points", "answers"):
            change.drop_column(column)
    make_one_claim_index(HELD)
    with op.batch_alter_table("batch", table_kwargs={"sqlite_autoincrement": True}) as change:
        change.drop_constraint("disabled_is_not_redeemed", type_="check")
        change.drop_constraint("redeemed_at_most_claimed", type_="check")
        change.create_check_constraint("redeemed_at_most_claimed", "redeemed between 0 and claimed")
        change.drop_constraint("fk_batch_key_id", type_="foreignkey")
        change.drop_index("ix_batch_key_id")
        change.drop_constraint("uq_batch_print_number", type_="unique")
        for column in ("parameters", "fields", "base_url", "key_id", "print_number"):
            change.drop_column(column)
    op.drop_table("token_key")


def make_keys_and_batches() -> None:
    """Let batches have parameters, fields, an address and a key."""
    op.create_table(
        "token_key",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("retired_at", instant()),
        sa.Column("retired_by", sa.String(80), nullable=False),
    )
    # The copy that SQLite makes must go on giving no number twice.
    with op.batch_alter_table("batch", table_kwargs={"sqlite_autoincrement": True}) as change:
        change.add_column(sa.Column("parameters", sa.JSON, server_default="{}", nullable=False))
        change.add_column(sa.Column("fields", sa.JSON, server_default="[]", nullable=False))
        change.add_column(sa.Column("base_url", sa.String(500), server_default="", nullable=False))
        change.add_column(sa.Column("print_number", sa.Integer))
        change.create_unique_constraint("uq_batch_print_number", ["print_number"])
        change.add_column(sa.Column("key_id", sa.Integer))
        change.create_foreign_key("fk_batch_key_id", "token_key", ["key_id"], ["id"])
        change.create_index("ix_batch_key_id", ["key_id"])
        change.drop_constraint("redeemed_at_most_claimed", type_="check")
        change.create_check_constraint(
            "redeemed_at_most_claimed", "redeemed between 0 and case kind when 'claim' then claimed else made end"
        )
        change.create_check_constraint("disabled_is_not_redeemed", "redeemed + disabled <= made")


def make_one_claim_index(condition: sa.TextClause) -> None:
    """Make the index that keeps a member from claiming twice; who redeems scan codes may have many of a batch."""
    op.drop_index("code_one_a_member", "code")
    op.create_index(
        "code_one_a_member",
        "code",
        ["batch_id", "member_id"],
        unique=True,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def extend_redemptions() -> None:
    """Say whose each redemption and attempt is, what it paid and what the member told."""
    with op.batch_alter_table("redemption") as change:
        change.add_column(sa.Column("member_id", sa.Integer))
        change.add_column(sa.Column("points", sa.Integer, server_default="0", nullable=False))
        change.add_column(sa.Column("answers", sa.JSON, server_default="{}", nullable=False))
        change.create_foreign_key("fk_redemption_member_id", "member", ["member_id"], ["id"], ondelete="SET NULL")
        change.create_index("ix_redemption_member_id", ["member_id"])
    op.execute("update redemption set member_id = (select member_id from code where code.id = redemption.code_id)")
    with op.batch_alter_table("attempt") as change:
        change.add_column(sa.Column("member_id", sa.Integer))
        change.create_foreign_key("fk_attempt_member_id", "member", ["member_id"], ["id"], ondelete="SET NULL")
        change.create_index("ix_attempt_member_id", ["member_id"])


def make_ledger() -> None:
    """Make the ledger, which nothing but an insert may change."""
    op.add_column("member", sa.Column("points", sa.BigInteger, server_default="0", nullable=False))
    op.create_table(
        "points_entry",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("member_id", sa.Integer, sa.ForeignKey("member.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("balance", sa.BigInteger, nullable=False),
        sa.Column("redemption_id", sa.Integer, sa.ForeignKey("redemption.id", ondelete="SET NULL")),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.CheckConstraint("points <> 0", name="points_moved"),
    )
    op.create_index("points_entry_of_member", "points_entry", ["member_id", "id"])
    of_redemption = sa.text("redemption_id is not null")
    op.create_index(
        "points_entry_once",
        "points_entry",
        ["redemption_id", "kind"],
        unique=True,
        sqlite_where=of_redemption,
        postgresql_where=of_redemption,
    )
    # Deleting a batch takes its redemptions along, and with them only the pointer to them.
    kept = "id, member_id, kind, points, balance, title, actor, at"
    if op.get_bind().dialect.name == "sqlite":
        for name, event in (("points_entry_changed", f"update of {kept}"), ("points_entry_removed", "delete")):
            op.execute(
                f"create trigger {name} before {event} on points_entry begin select raise(abort, '{REFUSED}'); end"
            )
    else:
        op.execute(
            "create function keep_points_entry() returns trigger language plpgsql as"
            f" $$ begin raise exception '{REFUSED}'; end $$"
        )
        for name, event in (("points_entry_changed", f"update of {kept}"), ("points_entry_removed", "delete")):
            op.execute(
                f"create trigger {name} before {event} on points_entry"
                " for each row execute function keep_points_entry()"
            )
