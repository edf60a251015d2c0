"""How Alembic reaches the database and which tables it looks after."""

from alembic import context
from sqlalchemy import Connection

from loyalty_app import tables
from loyalty_app.core import database, migrations


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out the tables that the job queue makes for itself on PostgreSQL, and the index for searching."""
    return not (kind in {"table", "index"} and (name or "").startswith(("huey_", "redemption_search")))


def run(connection: Connection) -> None:
    """Migrate over the connection; whoever opened it commits."""
    context.configure(
        connection=connection,
        target_metadata=tables.metadata,
        include_name=is_ours,
        compare_type=True,
        render_as_batch=True,  # SQLite cannot alter a table, only copy it
        transactional_ddl=True,  # SQLite too: our engine begins transactions itself
    )
    with context.begin_transaction(), migrations.counting_on(connection):
        context.run_migrations()


if given := context.config.attributes.get("connection"):
    run(given)
else:
    with migrations.alone(database.engine()) as opened:
        run(opened)
