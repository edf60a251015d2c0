"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def instant() -> sa.DateTime:
    """Return the type of an instant in UTC."""
    return sa.DateTime(timezone=True)


def choice() -> sa.String:
    """Return the type of an enum, stored by value."""
    return sa.String(24)


def promise() -> list[sa.Column]:
    """Return the columns that a batch copies from its offer."""
    return [
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("description", sa.String(500), nullable=False),
        sa.Column("terms", sa.String(2000), nullable=False),
        sa.Column("reward_kind", choice(), nullable=False),
        sa.Column("reward_value", sa.Integer, nullable=False),
        sa.Column("reward_item", sa.String(80), nullable=False),
        sa.Column("minimum_purchase", sa.Integer),
        sa.Column("valid_days", sa.Integer),
    ]


def upgrade() -> None:
    """Make every table of the first version."""
    make_people()
    make_offers_and_batches()
    make_codes_and_what_happens_to_them()
    make_machinery()


def make_people() -> None:
    """Make the program, those who sign in, and its members."""
    op.create_table(
        "program",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("locale", sa.String(12), nullable=False),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("password_hash", sa.String, nullable=False),
        sa.Column("role", choice(), nullable=False, index=True),
        sa.Column("created_at", instant(), nullable=False),
    )
    op.create_table(
        "account_session",
        sa.Column("secret_hash", sa.String(64), primary_key=True),
        sa.Column(
            "account_id", sa.Integer, sa.ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False, index=True),
    )
    op.create_table(
        "throttle",
        sa.Column("key", sa.String(80), primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("window_ends_at", instant(), nullable=False),
    )
    op.create_table(
        "setup_link",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", instant(), nullable=False, index=True),
        sa.Column("account_id", sa.Integer, index=True),
        sa.Column("verb", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("details", sa.String(500), nullable=False),
    )
    op.create_table(
        "member",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id", ondelete="SET NULL"), unique=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
        sa.Column("joined_at", instant(), nullable=False),
    )


def make_offers_and_batches() -> None:
    """Make what is promised, and the batches that promise it."""
    op.create_table(
        "offer",
        sa.Column("id", sa.Integer, primary_key=True),
        *promise(),
        sa.Column("created_at", instant(), nullable=False),
    )
    op.create_table(
        "batch",
        sa.Column("id", sa.Integer, primary_key=True),
        *promise(),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("kind", choice(), nullable=False),
        sa.Column("status", choice(), nullable=False),
        sa.Column("offer_id", sa.Integer, sa.ForeignKey("offer.id", ondelete="SET NULL"), index=True),
        sa.Column("prefix", sa.String(12), nullable=False),
        sa.Column("alphabet", choice(), nullable=False),
        sa.Column("length", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("made", sa.Integer, nullable=False),
        sa.Column("claimed", sa.Integer, nullable=False),
        sa.Column("redeemed", sa.Integer, nullable=False),
        sa.Column("expires_on", sa.Date, nullable=False),
        sa.Column("closes_at", instant(), nullable=False),
        sa.Column("claim_token", sa.String(64), nullable=False, unique=True),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("created_by", sa.Integer),
        sa.CheckConstraint("redeemed between 0 and claimed", name="redeemed_at_most_claimed"),
        sa.CheckConstraint("claimed <= made", name="claimed_at_most_made"),
        sa.CheckConstraint("made <= total", name="made_at_most_total"),
        sqlite_autoincrement=True,  # the number of a deleted batch is never given again
    )
    op.create_table(
        "batch_tombstone",
        sa.Column("batch_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", choice(), nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("claimed", sa.Integer, nullable=False),
        sa.Column("redeemed", sa.Integer, nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("deleted_at", instant(), nullable=False),
        sa.Column("deleted_by", sa.Integer),
    )


def make_codes_and_what_happens_to_them() -> None:
    """Make the codes, their redemptions, and every attempt; all of it goes when its batch goes."""
    op.create_table(
        "code",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("batch_id", sa.Integer, sa.ForeignKey("batch.id", ondelete="CASCADE"), nullable=False),
        sa.Column("serial", sa.Integer, nullable=False),
        sa.Column("code", sa.String(40), nullable=False, unique=True),
        sa.Column("status", choice(), nullable=False),
        sa.Column("member_id", sa.Integer, sa.ForeignKey("member.id", ondelete="SET NULL"), index=True),
        sa.Column("claimed_at", instant()),
        sa.Column("expires_at", instant()),
        sa.Column("redeemed_at", instant()),
    )
    op.create_index("code_serial", "code", ["batch_id", "serial"], unique=True)
    make_partial_index("code_one_a_member", "code", ["batch_id", "member_id"], "member_id is not null", unique=True)
    make_partial_index("code_free", "code", ["batch_id", "serial"], "status = 'active'", unique=False)

    op.create_table(
        "claim_attempt",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("batch_id", sa.Integer, sa.ForeignKey("batch.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("member_id", sa.Integer, sa.ForeignKey("member.id", ondelete="SET NULL"), index=True),
        sa.Column("at", instant(), nullable=False),
        sa.Column("reason", choice()),
    )
    op.create_table(
        "redemption",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code_id", sa.Integer, sa.ForeignKey("code.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("batch_id", sa.Integer, sa.ForeignKey("batch.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("status", choice(), nullable=False),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id", ondelete="SET NULL")),
        sa.Column("at", instant(), nullable=False, index=True),
    )
    make_partial_index("redemption_one_live", "redemption", ["code_id"], "status = 'recorded'", unique=True)

    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", instant(), nullable=False, index=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("account.id", ondelete="SET NULL")),
        sa.Column("code_id", sa.Integer, sa.ForeignKey("code.id", ondelete="CASCADE"), index=True),
        sa.Column("batch_id", sa.Integer, sa.ForeignKey("batch.id", ondelete="CASCADE"), index=True),
        sa.Column("text", sa.String(200), nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("reason", choice()),
    )
    make_partial_index("attempt_nonce", "attempt", ["account_id", "nonce"], "nonce <> ''", unique=True)


def make_machinery() -> None:
    """Make what the background work and the live screens stand on."""
    op.create_table(
        "job",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.Integer, nullable=False, index=True),
        sa.Column("status", choice(), nullable=False, index=True),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("problem", sa.String, nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("started_at", instant()),
        sa.Column("beat_at", instant(), nullable=False),
    )
    op.create_table(
        "topic",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False, index=True),
    )


def make_partial_index(name: str, table: str, columns: list[str], condition: str, *, unique: bool) -> None:
    """Make an index over the rows that meet the condition, the same on both databases."""
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Drop every table, those that point at others first."""
    for table in (
        "attempt",
        "redemption",
        "claim_attempt",
        "code",
        "batch_tombstone",
        "batch",
        "offer",
        "member",
        "account_session",
        "account",
        "audit_entry",
        "setup_link",
        "throttle",
        "program",
        "job",
        "topic",
    ):
        op.drop_table(table)
