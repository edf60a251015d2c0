"""A business profile, pictures, mail, API keys, channels, two more switches, and what happened when."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def instant() -> sa.DateTime:
    """Return the type of an instant in UTC."""
    return sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the new tables and columns; tell what happened when from the codes and redemptions there are."""
    make_tables()
    extend_people()
    extend_offers_and_batches()
    extend_codes_and_redemptions()
    fill_activity()


def downgrade() -> None:
    """Go back."""
    for table in ("redemption", "attempt"):
        with op.batch_alter_table(table) as change:
            change.drop_constraint(f"fk_{table}_api_key_id", type_="foreignkey")
            if table == "attempt":
                change.drop_index("attempt_key_nonce")
            else:
                for column in ("amount", "reversed_at", "reversed_by", "reversal_reason"):
                    change.drop_column(column)
            change.drop_column("api_key_id")
    op.drop_index("code_free", "code")
    with op.batch_alter_table("code") as change:
        change.drop_column("disabled")
    make_free_index("status = 'active'")
    with op.batch_alter_table("batch", table_kwargs={"sqlite_autoincrement": True}) as change:
        change.drop_constraint("claimed_at_most_made", type_="check")
        change.create_check_constraint("claimed_at_most_made", "claimed <= made")
        change.drop_constraint("fk_batch_picture_id", type_="foreignkey")
        for column in ("picture_id", "translations", "channel", "disabled", "withheld", "redemptions_frozen"):
            change.drop_column(column)
    with op.batch_alter_table("offer") as change:
        change.drop_constraint("fk_offer_picture_id", type_="foreignkey")
        for column in ("picture_id", "translations", "updated_at"):
            change.drop_column(column)
    with op.batch_alter_table("program") as change:
        change.drop_constraint("fk_program_logo_id", type_="foreignkey")
        for column in ("brand_color", "logo_id", "about", "website", "contact"):
            change.drop_column(column)
    with op.batch_alter_table("audit_entry") as change:
        change.drop_index("ix_audit_entry_api_key_id")
        change.drop_column("api_key_id")
        change.drop_column("actor")
    for table, column in (("member", "phone"), ("account_session", "device"), ("account", "is_active")):
        with op.batch_alter_table(table) as change:
            change.drop_column(column)
    for table in ("batch_activity", "password_reset", "api_key", "sign_up", "mail", "answered", "picture"):
        op.drop_table(table)


def make_tables() -> None:
    """Make what is new."""
    op.create_table(
        "answered",
        sa.Column("owner", sa.String(40), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", instant(), nullable=False, index=True),
    )
    op.create_table(
        "picture",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("media_type", sa.String(20), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("created_by", sa.Integer),
    )
    op.create_table(
        "mail",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("recipient", sa.String(254), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("sent_at", instant()),
    )
    op.create_table(
        "sign_up",
        sa.Column("secret_hash", sa.String(64), primary_key=True),
        sa.Column("email", sa.String(254), nullable=False, index=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("password_hash", sa.String, nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False, index=True),
    )
    op.create_table(
        "password_reset",
        sa.Column("secret_hash", sa.String(64), primary_key=True),
        sa.Column(
            "account_id", sa.Integer, sa.ForeignKey("account.id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("expires_at", instant(), nullable=False, index=True),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("hint", sa.String(12), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("created_by", sa.Integer, sa.ForeignKey("account.id", ondelete="SET NULL")),
        sa.Column("expires_at", instant()),
        sa.Column("last_used_at", instant()),
        sa.Column("revoked_at", instant()),
    )
    op.create_table(
        "batch_activity",
        sa.Column("batch_id", sa.Integer, sa.ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("slot", instant(), primary_key=True, index=True),
        sa.Column("claimed", sa.Integer, nullable=False),
        sa.Column("redeemed", sa.Integer, nullable=False),
    )


def extend_people() -> None:
    """Let accounts be switched off, sessions say where they are, members have a phone, and the trail a name."""
    op.add_column("account", sa.Column("is_active", sa.Boolean, server_default=sa.true(), nullable=False))
    op.add_column("account_session", sa.Column("device", sa.String(120), server_default="", nullable=False))
    op.add_column("member", sa.Column("phone", sa.String(32), server_default="", nullable=False))
    op.add_column("audit_entry", sa.Column("actor", sa.String(80), server_default="", nullable=False))
    with op.batch_alter_table("audit_entry") as change:
        change.add_column(sa.Column("api_key_id", sa.Integer))
        change.create_index("ix_audit_entry_api_key_id", ["api_key_id"])
    op.execute(
        "update audit_entry"
        " set actor = coalesce((select name from account where id = audit_entry.account_id), 'system')"
    )
    with op.batch_alter_table("program") as change:
        change.add_column(sa.Column("brand_color", sa.String(7), server_default="", nullable=False))
        change.add_column(sa.Column("logo_id", sa.Integer))
        change.add_column(sa.Column("about", sa.String(300), server_default="", nullable=False))
        change.add_column(sa.Column("website", sa.String(200), server_default="", nullable=False))
        change.add_column(sa.Column("contact", sa.String(254), server_default="", nullable=False))
        change.create_foreign_key("fk_program_logo_id", "picture", ["logo_id"], ["id"], ondelete="SET NULL")


def extend_offers_and_batches() -> None:
    """Give offers a picture and other languages, and batches these, a channel and their second switch."""
    with op.batch_alter_table("offer") as change:
        change.add_column(sa.Column("picture_id", sa.Integer))
        change.add_column(sa.Column("translations", sa.JSON, server_default="{}", nullable=False))
        change.add_column(sa.Column("updated_at", instant()))
        change.create_foreign_key("fk_offer_picture_id", "picture", ["picture_id"], ["id"], ondelete="SET NULL")
    op.execute("update offer set updated_at = created_at")
    with op.batch_alter_table("offer") as change:
        change.alter_column("updated_at", nullable=False)
    # The copy that SQLite makes must go on giving no number twice.
    with op.batch_alter_table("batch", table_kwargs={"sqlite_autoincrement": True}) as change:
        change.add_column(sa.Column("picture_id", sa.Integer))
        change.add_column(sa.Column("translations", sa.JSON, server_default="{}", nullable=False))
        change.add_column(sa.Column("channel", sa.String(24)))
        change.add_column(sa.Column("disabled", sa.Integer, server_default="0", nullable=False))
        change.add_column(sa.Column("withheld", sa.Integer, server_default="0", nullable=False))
        change.add_column(sa.Column("redemptions_frozen", sa.Boolean, server_default=sa.false(), nullable=False))
        change.create_foreign_key("fk_batch_picture_id", "picture", ["picture_id"], ["id"], ondelete="SET NULL")
        change.drop_constraint("claimed_at_most_made", type_="check")
        change.create_check_constraint("claimed_at_most_made", "claimed + withheld <= made")


def extend_codes_and_redemptions() -> None:
    """Let codes be switched off, redemptions be undone, and programs redeem."""
    op.add_column("code", sa.Column("disabled", sa.Boolean, server_default=sa.false(), nullable=False))
    op.drop_index("code_free", "code")
    make_free_index("status = 'active' and not disabled")
    with op.batch_alter_table("redemption") as change:
        change.add_column(sa.Column("api_key_id", sa.Integer))
        change.add_column(sa.Column("amount", sa.Integer))
        change.add_column(sa.Column("reversed_at", instant()))
        change.add_column(sa.Column("reversed_by", sa.String(80), server_default="", nullable=False))
        change.add_column(sa.Column("reversal_reason", sa.String(200), server_default="", nullable=False))
        change.create_foreign_key("fk_redemption_api_key_id", "api_key", ["api_key_id"], ["id"], ondelete="SET NULL")
    with op.batch_alter_table("attempt") as change:
        change.add_column(sa.Column("api_key_id", sa.Integer))
        change.create_foreign_key("fk_attempt_api_key_id", "api_key", ["api_key_id"], ["id"], ondelete="SET NULL")
    named = sa.text("nonce <> ''")
    op.create_index(
        "attempt_key_nonce",
        "attempt",
        ["api_key_id", "nonce"],
        unique=True,
        sqlite_where=named,
        postgresql_where=named,
    )


def make_free_index(condition: str) -> None:
    """Make the index that finds the next free code."""
    free = sa.text(condition)
    op.create_index("code_free", "code", ["batch_id", "serial"], sqlite_where=free, postgresql_where=free)


def fill_activity() -> None:
    """Count, by quarters of an hour, what was claimed and redeemed before this table was."""
    if op.get_bind().dialect.name == "sqlite":
        slot = "strftime('%Y-%m-%d %H:', {0}) || printf('%02d', strftime('%M', {0}) / 15 * 15) || ':00.000000'"
    else:
        slot = "date_bin('15 minutes', {0}, timestamptz '2000-01-01 00:00:00+00')"
    claims = f"select batch_id, {slot.format('claimed_at')} as slot, 1 as claimed, 0 as redeemed from code"  # noqa: S608
    redemptions = f"select batch_id, {slot.format('at')} as slot, 0 as claimed, 1 as redeemed from redemption"  # noqa: S608
    op.get_bind().exec_driver_sql(  # as it stands: the times in it are no parameters
        "insert into batch_activity (batch_id, slot, claimed, redeemed)"  # noqa: S608 - names of our own
        f" select batch_id, slot, sum(claimed), sum(redeemed) from ({claims} where claimed_at is not null"
        f" union all {redemptions} where status = 'recorded') as happened group by batch_id, slot"
    )
