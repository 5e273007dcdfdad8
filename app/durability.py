"""Whether the database keeps what it acknowledged: the settings on which every promise about a ballot rests."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

# PostgreSQL setting → what it may be. Every value of synchronous_commit but off waits for the disk of this machine.
POSTGRESQL = {
    "fsync": ("on",),
    "synchronous_commit": ("on", "remote_apply", "remote_write", "local"),
    "full_page_writes": ("on",),
    "data_checksums": ("on",),
    "data_sync_retry": ("off",),
    "zero_damaged_pages": ("off",),
    "ignore_checksum_failure": ("off",),
    "session_replication_role": ("origin",),  # else the triggers of insert-only tables sleep
}
SQLITE = {
    "journal_mode": ("wal",),
    "synchronous": ("2", "3"),  # FULL, EXTRA
    "foreign_keys": ("1",),
    "recursive_triggers": ("1",),
    "ignore_check_constraints": ("0",),
}


@dataclass(frozen=True)
class Finding:
    """One setting: its name, whether it will do, what it is ("" when the server does not tell), what it should be."""

    code: str
    ok: bool
    found: str
    wanted: str


def durability(connection: Connection) -> list[Finding]:
    """Every setting as this connection has it, so that what a role, a database or an address overrides counts too."""
    if connection.dialect.name == "sqlite":
        found = {name: str(connection.exec_driver_sql(f"PRAGMA {name}").scalar()) for name in SQLITE}
        return [_finding(name, found[name], allowed) for name, allowed in SQLITE.items()]
    asked = text("SELECT current_setting(:name, true)")  # NULL for what this version does not have
    return [
        _finding(name, str(connection.scalar(asked, {"name": name}) or ""), allowed)
        for name, allowed in POSTGRESQL.items()
    ]


def _finding(name: str, found: str, allowed: tuple[str, ...]) -> Finding:
    return Finding(name, found.lower() in allowed, found.lower(), allowed[0])
