"""Room on the disks, and how old the last backup is."""

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

from flask import current_app
from flask_babel import lazy_gettext as _
from sqlalchemy import text

from app.doctor.findings import Finding, error, ok, warning
from app.extensions import db

GIB = 1 << 30
LITTLE, TOO_LITTLE = (2 * GIB, 0.10), (GIB // 2, 0.03)  # below either: bytes, share of the disk
DAILY = dt.timedelta(hours=26)
WEEK = dt.timedelta(days=7)


def room() -> Iterator[Finding]:
    """Each disk once, whatever of ours lies on it."""
    seen: set[int] = set()
    for path in _places():
        device = path.stat().st_dev
        if device not in seen:
            seen.add(device)
            yield judged(path, shutil.disk_usage(path))


def judged(path: Path, usage: "shutil._ntuple_diskusage") -> Finding:
    """How much is free there."""
    share = usage.free / usage.total
    code, facts = "disk", {"path": path, "gib": usage.free / GIB, "percent": share * 100}
    if usage.free < TOO_LITTLE[0] or share < TOO_LITTLE[1]:
        return error(
            code, _("%(path)s has %(gib).1f GiB left (%(percent).0f %%): soon nothing can be stored.", **facts)
        )
    if usage.free < LITTLE[0] or share < LITTLE[1]:
        return warning(code, _("%(path)s has %(gib).1f GiB left (%(percent).0f %%).", **facts))
    return ok(code, _("%(path)s has %(gib).1f GiB left (%(percent).0f %%).", **facts))


def database() -> Iterator[Finding]:
    """How large the database is; its disk is seen from the machine that it is on."""
    if db.engine.dialect.name != "postgresql":
        return
    with db.engine.connect() as connection:
        size = connection.scalar(text("SELECT pg_database_size(current_database())")) or 0
    said = _(
        "The database takes %(gib).1f GiB; its disk cannot be seen from here, watch it on its machine.", gib=size / GIB
    )
    yield ok("disk.database", said)


def backups() -> Iterator[Finding]:
    """The newest entry in the folder of the backups."""
    folder = current_app.config["BACKUPS"]
    if not folder:
        yield warning("backups", _("ECABINET_BACKUPS names no folder: nobody can see here whether there are backups."))
        return
    newest = _newest(Path(folder))
    if newest is None:
        yield error("backups", _("There is no backup in %(path)s.", path=folder))
        return
    age = dt.datetime.now(dt.UTC) - newest
    said = _("The last backup is %(hours)d hours old.", hours=int(age.total_seconds() // 3600))
    yield (ok if age < DAILY else warning if age < WEEK else error)("backups", said)


def _newest(folder: Path) -> dt.datetime | None:
    times = [entry.stat().st_mtime for entry in folder.iterdir()] if folder.is_dir() else []
    return dt.datetime.fromtimestamp(max(times), dt.UTC) if times else None


def _places() -> list[Path]:
    config = current_app.config
    named = [Path(config["VAR"])] + ([] if config["STORAGE_URL"] else [Path(config["STORAGE"])])
    address = str(config["SQLALCHEMY_DATABASE_URI"])
    if address.startswith("sqlite:///"):
        named.append(Path(address.removeprefix("sqlite:///").partition("?")[0]).parent)
    return [path for path in named if path.exists()]


CHECKS = (room, database, backups)
