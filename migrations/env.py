"""How migrations run: one metadata, guards and grants after every upgrade."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text

config = context.config
database = current_app.extensions["migrate"].db


def _plain_times(kind: str, value: object, _autogen: object) -> str | bool:
    """Migrations stand by themselves: our time type is written as the column type it is."""
    return "sa.DateTime(timezone=True)" if kind == "type" and type(value).__name__ == "UTC" else False


def run() -> None:
    """Run against a live database; offline SQL scripts are not offered, since grants look at the roles."""
    engine = database.engine
    with engine.connect() as connection:
        _keep_references(connection, "OFF")  # on SQLite a changed table is a new one, and others point at it
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=_plain_times,
            transaction_per_migration=False,
            transactional_ddl=True,  # SQLite too: all steps or none
        )
        try:
            with context.begin_transaction():
                context.run_migrations()
                _grant(connection, current_app.config.get("APP_ROLE", ""))
        finally:
            _keep_references(connection, "ON")


def _keep_references(connection: Connection, switch: str) -> None:
    """SQLite heeds the switch outside a transaction only; what points at nothing afterwards is an error."""
    if connection.dialect.name != "sqlite":
        return
    raw = connection.connection.driver_connection
    raw.execute(f"PRAGMA foreign_keys={switch}")
    if switch == "ON" and (loose := raw.execute("PRAGMA foreign_key_check").fetchall()):
        raise RuntimeError(f"rows point at nothing: {loose[:5]}")


def _grant(connection: Connection, role: str) -> None:
    """The serving role reads and writes rows; what is insert-only it may only insert and read."""
    if connection.dialect.name != "postgresql" or not role:
        return
    from app.models.guards import INSERT_ONLY

    name = connection.dialect.identifier_preparer.quote(role)
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {name}"))
    connection.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}"))
    connection.execute(text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}"))
    existing = set(database.inspect(connection).get_table_names())
    for model in INSERT_ONLY:
        if model.__tablename__ in existing:
            connection.execute(text(f"REVOKE UPDATE, DELETE, TRUNCATE ON {model.__tablename__} FROM {name}"))
    if "alembic_version" in existing:
        connection.execute(text(f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {name}"))


run()
