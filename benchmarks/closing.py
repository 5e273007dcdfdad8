"""From the close of a vote to the sealed Resolution, beside the sum of what its parts take by themselves.

The first row chains rules and gateways in one process: count, tally record, Resolution, signature, seal. Its parts are
the two papers set and two raw signatures. The second row is what people press, act by act: rights, locks, journal,
ballots verified again, check of text and layout, files stored, verdict on every file that is called signed.
"""

import datetime as dt
import secrets
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import select

from app import create_app
from app.commands import sync_roles
from app.demo.founding import Founded, found
from app.demo.presets import G2025_10
from app.demo.stage import new_nonce
from app.extensions import db
from app.gateways import paper, signing, storage
from app.models import Choice, ItemKind, MeetingKind, Poll, Presence, Resolution, SeatRole
from app.workflows import (
    agenda,
    attendance,
    ballots,
    document_signing,
    draft_texts,
    evidence,
    issuing,
    meetings,
    polls,
    resolutions,
)
from app.workflows.engine.rights import Actor
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.result import public_view, result_of
from benchmarks.material import resolution_text, sheet, tally_case
from benchmarks.measure import Row, alternate, seconds
from benchmarks.signing import Office, office
from tests.rules.poll_case import CLOSED_AT, PollCase

PASSWORD, PIN = "Ecabinet@2019", "240619"
ARTICLES, MEMBERS, ACTS, ROUNDS, REPEATS = 30, 27, 8, 5, 5
HEAD, CLERK, RECORDS = "thutuong", "chuyenvien", "vanthu"


class Session:
    """A Government of 27 in session, with keys in memory; each round votes on a new item with a draft of its own."""

    def __init__(self) -> None:
        self.now = dt.datetime.now(dt.UTC)
        self.founded: Founded = found(G2025_10, self.now - dt.timedelta(days=30), PASSWORD, PIN)
        self.meeting_id = self._convene()

    def who(self, handle: str) -> Actor:
        return self.founded.actor(handle, hanoi_date(self.now))

    def _convene(self) -> int:
        clerk, starts_at = self.who(CLERK), self.now + dt.timedelta(hours=1)
        meeting_id = meetings.create_meeting(
            clerk, self.founded.body_id, MeetingKind.REGULAR, "Phiên họp đo lường", starts_at, "P1", self.now
        ).id
        meetings.add_seat(clerk, meeting_id, clerk.person_id or 0, SeatRole.SECRETARY, self.now)
        agenda.add_item(clerk, meeting_id, "Nội dung mở đầu", ItemKind.REPORT, self.now)
        meetings.issue_invitation(clerk, meeting_id, self.now)
        for handle in self.founded.members:
            attendance.confirm_presence(self.who(handle), meeting_id, Presence.IN_ROOM, self.now)
        meetings.open_meeting(self.who(HEAD), meeting_id, self.now)
        return meeting_id

    def voted(self) -> int:
        """Everybody has voted; the poll is open."""
        title = f"Nội dung đo lường {secrets.token_hex(3)}"
        item_id = agenda.add_item(self.who(CLERK), self.meeting_id, title, ItemKind.DECISION, self.now).id
        draft_texts.write_draft(self.who(CLERK), item_id, resolution_text(ARTICLES), self.now)
        agenda.open_item(self.who(HEAD), item_id, self.now)
        poll_id = polls.put_to_vote(self.who(HEAD), item_id, self.now).id
        for handle in self.founded.members:
            nonce = new_nonce()
            ballots.prepare_ballot(self.who(handle), poll_id, Choice.AGREE, nonce, self.now)
            ballots.sign_ballot(self.who(handle), poll_id, nonce, PIN, self.now)
        return poll_id

    def acts(self, poll_id: int) -> Iterator[tuple[str, Callable[[], object]]]:
        """The chain; each act by the one who does it."""
        head, clerk, records, now = self.who(HEAD), self.who(CLERK), self.who(RECORDS), self.now
        yield "close", lambda: polls.close_poll(head, poll_id, now)
        yield "publish", lambda: polls.publish_poll(head, poll_id, now)
        yield "tally record", lambda: evidence.tally_record(head, poll_id, now)
        yield "draft", lambda: resolutions.draft_resolution(clerk, poll_id, now)
        resolution_id = db.session.scalars(select(Resolution.id).where(Resolution.poll_id == poll_id)).one()
        yield "present", lambda: resolutions.present_resolution(clerk, resolution_id, now)
        sha256 = resolutions.presented_file(db.session.get_one(Resolution, resolution_id)).sha256
        yield "sign", lambda: document_signing.sign_resolution(head, resolution_id, sha256, new_nonce(), PIN, now)
        yield "number", lambda: issuing.allot_number(records, resolution_id, now)
        yield "seal", lambda: issuing.seal_resolution(records, resolution_id, new_nonce(), PIN, now)

    def rest(self, poll_id: int) -> None:
        agenda.close_item(self.who(HEAD), db.session.get_one(Poll, poll_id).item_id, self.now)


class Floors:
    """The parts by themselves, over material of the same size, and the first chain over them."""

    def __init__(self, folder: Path) -> None:
        self.by: Office = office(ec.generate_private_key(ec.SECP256R1()))
        self.definition, self.result = tally_case(MEMBERS)
        self.text, self.sheet = resolution_text(ARTICLES), sheet()
        self.poll = PollCase().votes(25, 0, 0).close()
        self.ballot = (self.by.key.sign(b"ballot", ec.ECDSA(hashes.SHA256())), b"ballot", ec.ECDSA(hashes.SHA256()))
        self.disk = sqlite3.connect(folder / "floor.db", isolation_level=None)
        self.disk.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE row (x)")

    def papers(self) -> Iterator[tuple[str, Callable[[], object]]]:
        yield "tally record", lambda: paper.tally_record(self.definition, self.result, self.result["log"], demo=True)
        yield "Resolution", lambda: paper.resolution(self.text, self.sheet)
        yield "two raw signatures", lambda: [self.by.key.sign(b"digest", ec.ECDSA(hashes.SHA256())) for _ in range(2)]

    def all(self) -> Iterator[tuple[str, Callable[[], object]]]:
        yield from self.papers()
        public = self.by.key.public_key()
        yield "ballots", lambda: [public.verify(*self.ballot) for _ in range(MEMBERS)]
        yield "commits", lambda: [self.disk.execute("INSERT INTO row VALUES (1)") for _ in range(ACTS)]

    def chain(self) -> bytes:
        """From the ballots as they lie in the database to the sealed file."""
        poll = self.poll
        result = public_view(result_of(poll.definition, poll.log, poll.ballots, CLOSED_AT))
        paper.tally_record(poll.definition, result, result["log"], demo=True)
        return self.by.sealed(self.by.signed(paper.resolution(self.text, self.sheet)))


def measure() -> list[Row]:
    bare = Row("close → tally record, Resolution, signature, seal", "ms", "two papers, two raw signatures", "lower", 2)
    whole = Row("the same, act by act with its database", "ms", "these, 27 ballots verified, 8 commits", "lower", 2)
    with tempfile.TemporaryDirectory(prefix="ecab-bench-") as name, _application(Path(name)):
        session, floors, taken = Session(), Floors(Path(name)), dict[str, list[float]]()

        def acts() -> float:
            poll_id = session.voted()
            spent = _timed(session.acts(poll_id), taken)
            session.rest(poll_id)
            return spent

        acts()  # the first one reads fonts, pictures and statements
        taken.clear()
        alternate(bare, lambda: _least(floors.chain), lambda: _least(lambda: _timed(floors.papers(), {})), ROUNDS)
        alternate(whole, acts, lambda: _timed(floors.all(), taken, "alone: "), ROUNDS)
    told = ", ".join(f"{part} {statistics.median(times):.1f}" for part, times in taken.items())
    sys.stderr.write(f"  medians in ms: {told}\n")
    return [bare, whole]


def _least(act: Callable[[], object]) -> float:
    return min(seconds(act) for _ in range(REPEATS)) * 1000


def _timed(parts: Iterator[tuple[str, Callable[[], object]]], taken: dict[str, list[float]], prefix: str = "") -> float:
    """Milliseconds of all, each noted under its name."""
    spent = 0.0
    for name, act in parts:
        took = seconds(act) * 1000
        taken.setdefault(prefix + name, []).append(took)
        spent += took
    return spent


@contextmanager
def _application(folder: Path) -> Iterator[Flask]:
    authority = signing.Authority.create(None, dt.datetime.now(dt.UTC) - dt.timedelta(days=60), demo=True)
    made = create_app(
        SECRET_KEY="b" * 40, DEMO=True, SIGNER=(signing.MemorySigner(authority), authority.chain()),
        STORE=storage.Storage(folder / "documents"), SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / 'ecabinet.db'}",
    )  # fmt: skip
    with made.app_context():
        upgrade(directory="migrations")
        sync_roles()
        yield made
        db.session.remove()
        db.engine.dispose()
