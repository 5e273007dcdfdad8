"""What database and store keep of one Resolution, looked at from outside: the oracle of every fault on its way."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from app.gateways import pades
from tests.servers import PostgresServer

PATH = ("presented", "signed", "numbered", "sealed", "promulgated")
FACTS = ("Presented", "Signed", "NumberAllotted", "Sealed", "Promulgated")
FILES = {"presented": 1, "signed": 2, "numbered": 2, "sealed": 3, "promulgated": 3}
ROLES = ("signature", "seal")

STATE = "SELECT state FROM resolution WHERE id = %s"
SIGNATURES = """
    SELECT role, nonce, resolution_file.sha256, signed_statement.sha256, statement, signed_at, certificate.der
    FROM document_signature JOIN resolution_file ON resolution_file.id = file_id
    JOIN signed_statement ON signed_statement.id = statement_id JOIN certificate ON certificate.id = certificate_id
    WHERE document_signature.resolution_id = %s ORDER BY document_signature.id
"""
STORED = "SELECT stage, sha256 FROM resolution_file WHERE resolution_id = %s ORDER BY id"
KNOWN = "SELECT sha256 FROM resolution_file UNION SELECT sha256 FROM document_version"
NUMBER = "SELECT number, text FROM issued_number WHERE resolution_id = %s"
NUMBERS = "SELECT number FROM issued_number ORDER BY number"
TOLD = "SELECT fact FROM audit_entry WHERE subject_type = 'resolution' AND subject_id = %s ORDER BY id"
NOTICED = """
    SELECT person_id FROM notice JOIN audit_entry ON audit_entry.id = audit_entry_id
    WHERE fact = %s AND subject_type = 'resolution' AND subject_id = %s
"""
TRIES = "SELECT failed_tries FROM signing_key UNION SELECT failed_tries FROM seal_key"
DISPATCHES = "SELECT person_id, organisation_id FROM dispatch WHERE resolution_id = %s"


class Made(NamedTuple):
    """One stored signature or seal."""

    role: str
    nonce: str
    file_sha256: str
    sha256: str
    statement: bytes
    signed_at: dt.datetime
    certificate: bytes


class Course:
    """One Resolution in one installation; `trusted` are the authorities that its signatures are held against.

    `presented` is the hash of the file that lies before the signer, known also while the database is away.
    """

    def __init__(
        self, server: PostgresServer, database: str, var: Path, trusted: Sequence[bytes], resolution_id: int
    ) -> None:
        self.server, self.database, self.store, self.trusted = server, database, var / "documents", trusted
        self.id = resolution_id
        self.presented = self.files[0][1]

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.server.connect(self.database) as connection:
            return connection.execute(query, values or None).fetchall()

    @property
    def state(self) -> str:
        return str(self.rows(STATE, self.id)[0][0])

    @property
    def signatures(self) -> list[Made]:
        return [Made(*row) for row in self.rows(SIGNATURES, self.id)]

    @property
    def files(self) -> list[tuple[str, str]]:
        """(stage, SHA-256) in the order in which they were made."""
        return [(stage, key) for stage, key in self.rows(STORED, self.id)]

    @property
    def number(self) -> tuple[int, str] | None:
        found = self.rows(NUMBER, self.id)
        assert len(found) <= 1
        return (found[0][0], found[0][1]) if found else None

    @property
    def dispatches(self) -> list[tuple[int | None, int | None]]:
        return [(person, organisation) for person, organisation in self.rows(DISPATCHES, self.id)]

    def noticed(self, fact: str) -> list[int]:
        """Who was told of a fact, once for each notice."""
        return [person for (person,) in self.rows(NOTICED, fact, self.id)]

    def place(self, key: str) -> Path:
        return self.store / key[:2] / key

    def unreferenced(self) -> set[Path]:
        """Files in the store that no row knows; torsos too."""
        known = {self.place(key) for (key,) in self.rows(KNOWN)}
        return {path for path in self.store.rglob("*") if path.is_file()} - known

    def told(self) -> bool:
        """Whether everything was told; what a dead relay had in hand may be taken by the next one at once."""
        self.rows("UPDATE job SET lease_until = now() WHERE state = 'running' AND lease_until > now() RETURNING id")
        assert not self.rows("SELECT name, last_error FROM job WHERE state = 'failed'")
        return not self.rows("SELECT 1 FROM job WHERE state <> 'done' AND due_at <= now()")

    def verdict(self) -> pades.Verdict:
        """What is to be thought of the last file, by the signatures that the database has."""
        expected = [pades.Expected(made.role, bytes(made.certificate), made.signed_at) for made in self.signatures]
        pdf = self.place(self.files[-1][1]).read_bytes()
        return pades.verdict(pdf, expected, self.trusted, dt.datetime.now(dt.UTC))

    def check(self, state: str) -> None:
        """It has come exactly so far: every step done once, the next ones not begun, every file whole and valid."""
        steps = PATH.index(state) + 1
        assert self.state == state
        facts = Counter(fact.removeprefix("Resolution") for (fact,) in self.rows(TOLD, self.id))
        assert [facts[fact] for fact in FACTS] == [1] * steps + [0] * (len(FACTS) - steps)
        assert [stage for stage, _key in self.files] == ["presented", "signed", "sealed"][: FILES[state]]
        for _stage, key in self.files:
            assert sha256(self.place(key).read_bytes()).hexdigest() == key
        assert (self.number is not None) == (steps > PATH.index("numbered"))
        assert bool(self.dispatches) == (state == "promulgated")
        self._check_signatures(ROLES[: FILES[state] - 1])
        self._check_numbers()
        assert self.rows(TRIES) == [(0,)]  # every PIN was right

    def _check_signatures(self, roles: Sequence[str]) -> None:
        signatures = self.signatures
        assert [made.role for made in signatures] == list(roles)
        assert [made.file_sha256 for made in signatures] == [key for _stage, key in self.files[1:]]
        assert all(sha256(made.statement).hexdigest() == made.sha256 for made in signatures)
        if signatures:
            verdict = self.verdict()
            assert verdict.state == "valid", verdict.lines()

    def _check_numbers(self) -> None:
        """No number of the body is left out, and none was given twice."""
        given = [number for (number,) in self.rows(NUMBERS)]
        assert given == list(range(1, len(given) + 1))
        last = self.rows("SELECT coalesce(sum(last_number), 0) FROM number_series")[0][0]
        assert last == len(given)
