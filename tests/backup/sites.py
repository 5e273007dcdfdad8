"""Installations to save and to restore into: a filled one of each kind of database, and empty ones beside it."""

import datetime as dt
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select, text

from app import backup, create_app
from app.backup.files import measure
from app.backup.manifest import MANIFEST, Manifest
from app.extensions import db
from app.gateways import signing, storage
from app.models import Ballot, DocumentKind, PollLeaf, SignedStatement
from app.tasks.execution import drain
from app.workflows import documents
from app.workflows.login import begin
from app.workflows.login_tries import account_of
from tests.cabinet import NOW, PEOPLE
from tests.conftest import SETTINGS, Scene
from tests.gateways.upload_corpus import blank
from tests.resolving import Resolving
from tests.servers import PostgresServer

LATER = NOW + dt.timedelta(hours=2)
DATABASE = "ecab_restored"


@dataclass
class Facts:
    """What must be the same before and after."""

    tables: dict[str, int]
    ballots: list[tuple[bytes, bytes]]
    roots: list[tuple[int, int, str]]
    open_poll: int = 0
    paper: int = 0


@dataclass
class Saved:
    """A backup, and what was in the installation when it was made."""

    kind: str
    folder: Path
    manifest: Manifest
    facts: Facts
    store: storage.MemoryStorage = field(default_factory=storage.MemoryStorage)


def facts() -> Facts:
    with db.engine.connect() as connection:
        statement = SignedStatement.__table__.c
        ballots = select(statement.statement, statement.cms).join(Ballot, Ballot.statement_id == statement.id)
        leaves = select(PollLeaf.poll_id, PollLeaf.seq, PollLeaf.root).order_by(PollLeaf.poll_id, PollLeaf.seq)
        return Facts(
            tables=counted(),
            ballots=[tuple(row) for row in connection.execute(ballots.order_by(statement.id))],
            roots=[tuple(row) for row in connection.execute(leaves)],
        )


def counted() -> dict[str, int]:
    """Rows of every table, by plain SQL."""
    with db.engine.connect() as connection:
        names = db.inspect(connection).get_table_names()
        return {name: connection.scalar(text(f'SELECT count(*) FROM "{name}"')) for name in names}  # noqa: S608


def fill() -> Facts:
    """Two Resolutions, one of them recalled, a paper, a vote that runs, somebody who is signed in."""
    first = Resolving().up_to("promulgated")
    Resolving().voted().drafted().presented().signed(nonce="s2").numbered().sealed(nonce="e2").promulgated().recalled()
    scene = Scene()
    announced = documents.add_paper(scene.who["clerk"], scene.item_id, "Tờ trình", DocumentKind.SUBMISSION, now=NOW)
    paper = documents.add_version(scene.who["clerk"], announced.id, "to-trinh.pdf", io.BytesIO(blank(3)), now=NOW).id
    scene.open()
    poll_id = scene.open_poll().id
    scene.vote("a", poll_id, "agree")
    scene.vote("b", poll_id, "disagree")
    user_id = db.session.scalar(text("SELECT id FROM ab_user WHERE username = 'a'"))
    begin(first.who["a"], account_of(user_id), None, "iPad", NOW)
    drain(LATER)  # notices
    found = facts()
    found.open_poll, found.paper = poll_id, paper
    return found


def copied(saved: Saved, folder: Path) -> Path:
    """A copy of the backup to lay hands on."""
    shutil.copytree(saved.folder, folder, copy_function=shutil.copyfile)
    return folder


def resealed(folder: Path, **changes: Any) -> str:
    """Make the manifest fit what lies in the folder now, as a careful forger would; its new seal."""
    manifest = Manifest.load(folder)
    names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST]
    files = {name: vars(measure(folder / name)) for name in sorted(names)}
    forged = Manifest(**{**vars(manifest), "files": files, **changes})
    (folder / MANIFEST).unlink()
    forged.save(folder)
    return forged.seal


def edited(folder: Path, **changes: Any) -> None:
    """Change the manifest and nothing else."""
    told = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**told, **changes}))


class Target:
    """An empty machine with an empty database of one kind; `app` is what restores, `serving` what serves afterwards."""

    def __init__(self, kind: str, folder: Path, gateways: dict[str, Any], server: PostgresServer | None) -> None:
        self.kind, self.server, self.gateways = kind, server, gateways
        self.path = folder / "restored.db"
        settings = {**SETTINGS, **gateways, "STORE": storage.MemoryStorage(), "APP_ROLE": "ecab_app"}
        settings["TRUSTED"] = self.trusted = folder / "trusted"
        if server:
            self.address = server.url(DATABASE, "ecab_owner")
            self.serving = create_app(**settings, SQLALCHEMY_DATABASE_URI=server.url(DATABASE))
        else:
            self.address = f"sqlite:///{self.path}"
        self.app = create_app(**settings, SQLALCHEMY_DATABASE_URI=self.address)
        if not server:
            self.serving = self.app

    @contextmanager
    def empty(self) -> Iterator["Target"]:
        """An empty database and an empty store, inside the application that restores."""
        self.store = storage.MemoryStorage()
        if self.server:
            self.server.drop_database(DATABASE)
            self.server.create_database(DATABASE)
        for path in [*self.path.parent.glob("restored.*"), *self.trusted.glob("*")]:
            path.unlink()
        with self.inside(self.app):
            yield self

    @contextmanager
    def inside(self, app: Flask) -> Iterator[Flask]:
        signing.use(*self.gateways["SIGNER"])
        storage.use(self.store)
        with app.app_context():
            try:
                yield app
            finally:
                db.session.remove()
                db.engine.dispose()

    def restore(self, folder: Path, **kwargs: Any) -> backup.Restored:
        return backup.restore(self.app, folder, LATER, **kwargs)

    def left_empty(self) -> bool:
        """Whether there is nothing at all in the database."""
        return counted() == {}


NAMES = [figure.name for figure in PEOPLE.values()]
