"""Two processes write into SQLite and are killed in the middle: whatever they said was done is there, and whole."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.writing import A_FEW
from tests.web import ROOT, Web, full

pytestmark = pytest.mark.fault

KILLS = 50 if full() else 2
MEETING, WRITERS = 1, 2
ACTS = "SELECT id FROM audit_entry WHERE fact = 'PresenceChanged' AND actor_id = ? AND id > ?"
VERSIONS = "SELECT json_extract(payload, '$.version') FROM audit_entry WHERE fact = 'PresenceChanged' ORDER BY id"
ANNOUNCED = """
    SELECT json_extract(audit_entry.payload, '$.version') FROM audit_entry
    JOIN job ON json_extract(job.payload, '$.audit_entry_id') = audit_entry.id AND job.name = 'meetings.announce'
    WHERE fact = 'PresenceChanged' ORDER BY audit_entry.id
"""
ENOUGH = 60.0  # seconds until the writers write


@pytest.fixture(scope="module")
def installation() -> Iterator[Web]:
    """A Government in the middle of a vote, on SQLite as `make run` has it; nobody serves it."""
    web = Web()
    web.make("government")
    yield web
    web.stop()


class Database:
    """The file as whoever comes after the crash finds it."""

    def __init__(self, web: Web) -> None:
        self.file = web.var / "ecabinet.db"

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(self.file, timeout=30)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def members(self) -> list[int]:
        found = self.rows("SELECT person_id FROM seat WHERE meeting_id = ? AND is_member ORDER BY id", MEETING)
        return [int(str(person)) for (person,) in found]

    def last_entry(self) -> int:
        return int(str(self.rows("SELECT max(id) FROM audit_entry")[0][0]))

    def done(self, person_id: int, after: int) -> int:
        """How many acts of that person are in the log since."""
        return len(self.rows(ACTS, person_id, after))

    def check(self) -> None:
        """No page is damaged, and no version of the meeting was given twice or left out."""
        assert self.rows("PRAGMA integrity_check") == [("ok",)]
        assert self.rows("PRAGMA foreign_key_check") == []
        versions = [version for (version,) in self.rows(VERSIONS)]
        assert versions == sorted({*versions})
        assert versions[-1] == self.rows("SELECT version FROM meeting WHERE id = ?", MEETING)[0][0]
        announced = [version for (version,) in self.rows(ANNOUNCED)]
        assert announced == versions, "each act has its announcement in the same transaction"


class Writers:
    """Processes of their own, killed together at a moment that chance chooses; `said` is what each was sure of."""

    def __init__(self, web: Web, people: list[int], *words: str) -> None:
        self.files = [web.folder / f"{person_id}.said" for person_id in people]
        environment = {**os.environ, **web.settings}
        self.processes = []
        for person_id, file in zip(people, self.files, strict=True):
            command = [sys.executable, "-m", "tests.faults.writing", str(person_id), str(MEETING), *words]
            with file.open("wb") as out:
                self.processes.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out))

    def kill_in_the_middle(self) -> list[int]:
        deadline = time.monotonic() + ENOUGH
        while not all(lines(file) >= A_FEW for file in self.files):
            assert time.monotonic() < deadline, "nobody wrote"
            time.sleep(0.01)
        time.sleep(random.uniform(0.2, 1.0))  # noqa: S311 - any moment will do
        for process in self.processes:
            os.kill(process.pid, signal.SIGKILL)
        for process in self.processes:
            assert process.wait() == -signal.SIGKILL
        return [lines(file) for file in self.files]


def lines(file: Path) -> int:
    return file.read_bytes().count(b"\n")


@pytest.mark.parametrize("_kill", range(KILLS))
def test_two_writers_are_killed_and_nothing_that_they_said_is_lost(installation, _kill):
    database = Database(installation)
    people, before = database.members()[:WRITERS], database.last_entry()
    said = Writers(installation, people).kill_in_the_middle()
    for person_id, acts in zip(people, said, strict=True):
        assert database.done(person_id, before) in (acts, acts + 1), "the last one may be done and not yet said"
    database.check()


def test_what_is_said_before_it_is_done_is_found_out(installation):
    """Negative control: writers that speak too early, and are killed before they do it, say more than there is."""
    database = Database(installation)
    people, before = database.members()[:WRITERS], database.last_entry()
    said = Writers(installation, people, "early").kill_in_the_middle()
    assert said == [A_FEW] * WRITERS
    assert [database.done(person_id, before) for person_id in people] == [A_FEW - 1] * WRITERS
