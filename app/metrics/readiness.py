"""Whether this process can do its work now: what it needs, asked with a limit, and what is missing in words.

A vote needs the database, the store and the keys. It does not need Redis, nor that the background is up to date: a
process without them is degraded and still ready.
"""

import datetime as dt
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import redis
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from flask_babel import lazy_gettext as _
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.gateways import signing, storage
from app.gateways.witness import pinned
from app.metrics.patience import together
from app.models import Job, JobState
from app.workflows import witnessing

PATIENCE = 2.0  # seconds for everything together
SECOND = 1.0  # for one connection
KEPT = 1.0  # seconds that an answer is repeated, so that whoever asks often costs nothing
LATE = dt.timedelta(minutes=5)  # for a job whose time has come
NOTHING_THERE = "0" * 64  # a key that no file has
NO_RETRY = Retry(NoBackoff(), 0)


class State(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True)
class Condition:
    """One thing that a process needs: how it is, and a sentence without host names, paths or versions."""

    state: State
    said: Any = ""


@dataclass(frozen=True)
class Readiness:
    """Conditions by name, and what follows from them: any failed one makes it not ready."""

    conditions: dict[str, Condition]

    @property
    def ready(self) -> bool:
        return all(condition.state is not State.FAILED for condition in self.conditions.values())

    @property
    def degraded(self) -> bool:
        return any(condition.state is State.DEGRADED for condition in self.conditions.values())


GOOD = Condition(State.OK)


def readiness() -> Readiness:
    """How it is now, or was less than a second ago; answers within `PATIENCE`. Needs an application context."""
    last: _Last = current_app.extensions.setdefault("readiness", _Last())
    with last.lock:
        if last.found is None or time.monotonic() - last.at > KEPT:
            last.found, last.at = _ask(), time.monotonic()
        return last.found


class _Last:
    """The last answer of an application; whoever asks meanwhile waits for the one that is being found."""

    def __init__(self) -> None:
        self.lock, self.at = threading.Lock(), 0.0
        self.found: Readiness | None = None


def _ask() -> Readiness:
    absent = set() if _redis_url() else {"redis"}
    absent |= set() if pinned.witnesses() else {"witness"}
    questions = {name: question for name, question in QUESTIONS.items() if name not in absent}
    answers = together({f"ready-{name}": question for name, question in questions.items()}, PATIENCE)
    return Readiness({name: answers[f"ready-{name}"] or _silent(name) for name in questions})


def _silent(name: str) -> Condition:
    return Condition(
        State.DEGRADED if name in CAN_WAIT else State.FAILED, _("There was no answer within %(s)s seconds.", s=PATIENCE)
    )


def database() -> Condition:
    """Whether it answers, with the tables of this code."""
    try:
        with db.engine.connect() as connection:
            found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        return Condition(State.FAILED, _("The database does not answer, or has no tables."))
    if found != head(current_app.root_path):
        return Condition(State.FAILED, _("The tables of the database are of another version than this program."))
    return GOOD


@lru_cache(maxsize=4)
def head(root_path: str) -> str | None:
    """The revision of the database that this code is written for."""
    return ScriptDirectory(str(Path(root_path).parent / "migrations")).get_current_head()


def documents() -> Condition:
    """Whether the store answers, and takes a file where it is a folder."""
    store = storage.store()
    try:
        if isinstance(store, storage.Storage):
            with tempfile.NamedTemporaryFile(prefix=".ready-", dir=store.folder) as probe:
                os.write(probe.fileno(), b"ready")
        else:
            store.exists(NOTHING_THERE)
    except (OSError, storage.StorageError):
        return Condition(State.FAILED, _("The document store cannot be written to or does not answer."))
    return GOOD


def signer() -> Condition:
    """Whether the signer takes a connection, or the keys of this process are there."""
    address: str = current_app.config["SIGNER_SOCKET"]
    if address:
        return GOOD if listens(address) else Condition(State.FAILED, _("The signer does not answer."))
    try:
        signing.signer()
    except signing.KeyUnavailable:
        return Condition(State.FAILED, _("There are no signing keys in this installation."))
    return GOOD if _keys_there(current_app) else Condition(State.FAILED, _("The installation key is missing."))


def listens(address: str) -> bool:
    """Whether somebody listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(SECOND)
        try:
            line.connect(address)
        except OSError:
            return False
    return True


def _keys_there(app: Flask) -> bool:
    """A signer that was handed in (the tests do it) has its keys somewhere else."""
    return bool(app.config.get("SIGNER")) or Path(app.config["INSTALLATION_KEY"]).is_file()


def queue() -> Condition:
    """Whether Redis answers; while it does not, screens are told later and jobs wait."""
    try:
        with redis.Redis.from_url(
            _redis_url(), socket_connect_timeout=SECOND, socket_timeout=SECOND, retry=NO_RETRY
        ) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError):
        return Condition(State.DEGRADED, _("Redis does not answer; votes go on, screens and jobs wait."))
    return GOOD


def _redis_url() -> str:
    return str(current_app.config["REDIS_URL"])


def jobs() -> Condition:
    """Whether the work after the acts keeps up."""
    now = dt.datetime.now(dt.UTC)
    oldest = select(func.min(Job.due_at)).where(Job.state == JobState.DUE, Job.due_at <= now)
    try:
        with db.engine.connect() as connection:
            since: dt.datetime | None = connection.scalar(oldest)
    except SQLAlchemyError:
        return Condition(State.DEGRADED, _("The jobs cannot be read."))
    if since is None or now - since < LATE:
        return GOOD
    waited = int((now - since).total_seconds())
    return Condition(State.DEGRADED, _("The oldest waiting job has been waiting for %(seconds)d s.", seconds=waited))


def witness() -> Condition:
    """Whether the witnesses confirmed, when they were last asked, the log that is here; else no vote is opened."""
    try:
        doubts = witnessing.doubts()
    except SQLAlchemyError:
        return Condition(State.DEGRADED, _("The comparisons with the witness cannot be read."))
    finally:
        db.session.remove()
    if doubts:
        return Condition(State.DEGRADED, _("No vote can be opened: the witness of the log confirmed another log."))
    return GOOD


QUESTIONS: dict[str, Callable[[], Condition]] = {
    "database": database, "documents": documents, "signer": signer, "redis": queue, "jobs": jobs, "witness": witness,
}  # fmt: skip
CAN_WAIT = frozenset({"redis", "jobs", "witness"})
