"""flask backup: the database in one snapshot, then the documents it names, and last of all the manifest."""

import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path

from sqlalchemy import inspect

from app import installation
from app.backup import files
from app.backup.certificates import listed
from app.backup.contents import Contents, contents, named_documents
from app.backup.engines import KINDS
from app.backup.errors import Broken
from app.backup.files import Written
from app.backup.manifest import CERTIFICATES, DATABASES, Manifest, document_path
from app.backup.progress import Report, silent
from app.extensions import db
from app.gateways import signing, storage
from app.gateways.signing.errors import SigningError
from app.workflows.rules.canonical import digest

ONE_SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def take(folder: Path, now: dt.datetime, report: Report = silent) -> Manifest:
    """Write a backup into a new or empty folder; Broken, with the folder as it was, when anything is missing.

    Documents are looked for after the snapshot: they lie in the store before a row names them, and never change.
    """
    files.make_empty(folder)
    with files.cleared_on_failure(folder):
        authorities = _authorities()
        saved, documents, written = _save_database(folder, authorities, report)
        written |= dict(_save_documents(folder, documents, report))
        files.sync_folders(folder)
        manifest = Manifest(
            taken_at=now.astimezone(dt.UTC).isoformat(), demo=saved.demo, schema=saved.schema,
            database={"kind": db.engine.dialect.name, "server": _server()}, tables=saved.tables, audit=saved.audit,
            polls=saved.polls, authorities=[digest(der) for der in authorities],
            files={name: {"sha256": each.sha256, "size": each.size} for name, each in sorted(written.items())},
        )  # fmt: skip
        manifest.save(folder)
    return manifest


def _save_database(
    folder: Path, authorities: tuple[bytes, ...], report: Report
) -> tuple[Contents, dict[str, int], dict[str, Written]]:
    kind = db.engine.dialect.name
    options = ONE_SNAPSHOT if kind == "postgresql" else {}
    with db.engine.connect().execution_options(**options) as connection:
        existing = inspect(connection)
        if not existing.has_table("alembic_version"):
            raise Broken("the database has no tables; there is nothing to save")
        if existing.has_table(installation.UNFINISHED):
            raise Broken("a restore into this database was not finished; there is nothing worth saving in it")
        saved, documents = contents(connection), named_documents(connection)
        written = {
            CERTIFICATES: files.write(folder / CERTIFICATES, [listed(connection, authorities)]),
            DATABASES[kind]: KINDS[kind].dump(connection, folder / DATABASES[kind], report),
        }
    return saved, documents, written


def _save_documents(folder: Path, documents: dict[str, int], report: Report) -> Iterator[tuple[str, Written]]:
    """Every document with its hash proved; Broken names all that are missing or changed, so that none hides another."""
    faults = []
    (folder / "documents").mkdir(mode=0o700)
    for number, (sha256, size) in enumerate(documents.items(), start=1):
        name = document_path(sha256)
        try:
            written = files.write(folder / name, _content(sha256))
        except (storage.NotStored, storage.Altered) as fault:
            faults.append(f"{sha256} ({'missing' if isinstance(fault, storage.NotStored) else 'changed'})")
        else:
            if written != Written(sha256, size):
                faults.append(f"{sha256} (changed)")
            yield name, written
        report("documents", number, len(documents))
    if faults:
        raise Broken(f"documents in the store are not what the database names: {', '.join(faults)}")


def _content(sha256: str) -> Iterable[bytes]:
    with storage.store().open(sha256) as source:
        yield from files.pieces(source)


def _authorities() -> tuple[bytes, ...]:
    try:
        return tuple(signing.trusted())
    except SigningError as error:
        raise Broken("the certificates of the authorities are not there, and no signature counts without") from error


def _server() -> str:
    version = db.engine.dialect.server_version_info or ()
    return ".".join(str(part) for part in version)
