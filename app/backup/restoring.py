"""flask restore: into an empty database only, every file checked first, everything proved before anybody is served."""

import datetime as dt
import re
import time
from dataclasses import dataclass
from pathlib import Path

from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import inspect, update
from sqlalchemy.exc import DatabaseError

from app import installation
from app.backup import files
from app.backup.certificates import authorities_of, believe
from app.backup.contents import contents, named_documents, tables
from app.backup.engines import KINDS, Kind
from app.backup.errors import Broken
from app.backup.manifest import CERTIFICATES, DATABASES, MANIFEST, Manifest, document_path
from app.backup.progress import Report, silent
from app.backup.proving import prove
from app.extensions import db
from app.gateways import signing, storage
from app.models import LoginSession
from app.models.guards import guard_statements

TRIGGER = re.compile(r"create trigger (\w+)")


@dataclass(frozen=True)
class Restored:
    """What came back: with `own_authorities` the signatures were judged by those that this installation had before."""

    manifest: Manifest
    seconds: float
    own_authorities: bool


def restore(app: Flask, folder: Path, now: dt.datetime, seal: str = "", report: Report = silent) -> Restored:
    """Bring the backup back into the empty database of this application, then prove all of it.

    `seal` is the hash that was written down when the backup was made. Broken names the first thing that is wrong; the
    database is then empty as before, or marked so that nothing serves it until another restore succeeds.
    """
    begun = time.monotonic()
    manifest = check(folder, seal, report)
    _fits(app, manifest)
    authorities = authorities_of(folder / CERTIFICATES, manifest.authorities)
    own = believe(authorities)
    kind = KINDS[manifest.database["kind"]]
    db.session.remove()
    with kind.alone(db.engine):
        _require_empty(kind)
        with db.engine.begin() as connection:
            kind.prepare(connection)
        _put_documents(folder, manifest, report)
        kind.load(db.engine, folder / DATABASES[manifest.database["kind"]], report)
        _require_sound(kind, manifest)
        _grant(app)
        _compare(kind, manifest)
        prove(manifest.documents, now, report)
        if not own:  # what serves afterwards judges by the same ones, also while no signer is there
            signing.pin_authorities(Path(app.config["TRUSTED"]), authorities)
        _finish(now)
    return Restored(manifest, time.monotonic() - begun, own)


def check(folder: Path, seal: str = "", report: Report = silent) -> Manifest:
    """The manifest of a backup whose files are exactly those that were written, to the byte."""
    manifest = Manifest.load(folder)
    if seal and seal.lower() != manifest.seal:
        raise Broken(f"this is another backup than the one with the seal {seal}")
    found = files.listing(folder) - {MANIFEST}
    if missing := sorted(set(manifest.files) - found):
        raise Broken(f"{missing[0]} is missing")
    if extra := sorted(found - set(manifest.files)):
        raise Broken(f"{extra[0]} does not belong to the backup")
    for number, name in enumerate(sorted(manifest.files), start=1):
        if files.measure(folder / name) != manifest.written(name):
            raise Broken(f"{name} is not the file that was written")
        report("files of the backup", number, len(manifest.files))
    return manifest


def _fits(app: Flask, manifest: Manifest) -> None:
    """The same kind of database, and the schema of this release: nothing is converted on the way."""
    kind = db.engine.dialect.name
    if manifest.database.get("kind") != kind or DATABASES[kind] not in manifest.files:
        raise Broken(f"the backup is of {manifest.database.get('kind')}, and ECABINET_DATABASE names {kind}")
    head = ScriptDirectory(_migrations(app)).get_current_head()
    if manifest.schema != head:
        raise Broken(
            f"the backup has schema {manifest.schema or 'none'} and this release {head}: restore it with the release"
            " that wrote it, then bring it up to date with flask db upgrade"
        )


def _require_empty(kind: Kind) -> None:
    with db.engine.connect() as connection:
        marked, found = inspect(connection).has_table(installation.UNFINISHED), tables(connection)
    if found and not marked:
        raise Broken("the database is not empty; a restore goes into a new one only")
    if marked:
        kind.clear(db.engine)


def _put_documents(folder: Path, manifest: Manifest, report: Report) -> None:
    for number, (sha256, size) in enumerate(manifest.documents.items(), start=1):
        try:
            with (folder / document_path(sha256)).open("rb") as source:
                stored = storage.store().put(source, size)
        except storage.StorageError as error:
            raise Broken(f"document {sha256} cannot be stored: {error.code}") from error
        if stored.sha256 != sha256:
            raise Broken(f"document {sha256} changed while it was read")
        report("documents", number, len(manifest.documents))


def _require_sound(kind: Kind, manifest: Manifest) -> None:
    """Before anything else is done with it."""
    try:
        with db.engine.connect() as connection:
            faults, found = kind.faults(connection), contents(connection).schema
    except DatabaseError as error:
        raise Broken(f"the database is damaged: {error.orig}") from error
    if faults:
        raise Broken(f"the database is damaged: {faults[0]}")
    if found != manifest.schema:
        raise Broken(f"the database has schema {found or 'none'} and the manifest says {manifest.schema}")


def _grant(app: Flask) -> None:
    """Nothing is migrated; on PostgreSQL the role that serves gets the rights of an installation again."""
    try:
        upgrade(directory=_migrations(app))
    except SystemExit as failed:
        raise Broken("the rights of the serving role could not be granted") from failed


def _compare(kind: Kind, manifest: Manifest) -> None:
    """What the database holds now and what it held then, by the same questions."""
    with db.engine.connect() as connection:
        wanted = set(TRIGGER.findall("\n".join(guard_statements(connection.dialect.name)).lower()))
        if asleep := sorted(wanted - {name.lower() for name in kind.guards(connection)}):
            raise Broken(f"the database lacks its guard {asleep[0]}")
        found, documents = contents(connection), named_documents(connection)
    for what in ("demo", "tables", "audit", "polls"):
        if (was := getattr(manifest, what)) != (now := getattr(found, what)):
            raise Broken(f"the database holds other {what} than the manifest says: {_first_difference(was, now)}")
    if documents != manifest.documents:
        odd = sorted(documents.items() ^ manifest.documents.items())[0][0]
        raise Broken(f"document {odd} is in the database or in the backup, and not in both")


def _first_difference(was: object, now: object) -> str:
    if isinstance(was, dict) and isinstance(now, dict):
        name = next(name for name in sorted({*was, *now}) if was.get(name) != now.get(name))
        return f"{name} {was.get(name)} → {now.get(name)}"
    if isinstance(was, list) and isinstance(now, list):
        pairs = [pair for pair in zip(was, now, strict=False) if pair[0] != pair[1]]
        return f"{pairs[0][0]} → {pairs[0][1]}" if pairs else f"{len(was)} → {len(now)}"
    return f"{was} → {now}"


def _finish(now: dt.datetime) -> None:
    """Take off the mark, and let everybody sign in anew: a session that was ended meanwhile must not live again."""
    db.session.remove()
    living = update(LoginSession).where(LoginSession.revoked_at.is_(None))
    with db.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(living.values(revoked_at=now, revoked_because="restored"))
        connection.exec_driver_sql(f"DROP TABLE {installation.UNFINISHED}")


def _migrations(app: Flask) -> str:
    return str(Path(app.root_path).parent / "migrations")
