"""Asks a witness: configured hosts only, no redirects, within a time and a size; nothing counts that is not verified.

`https://` anywhere; plain `http://` only within a network of one's own, since everything said is signed by both sides.
"""

import ssl
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from app.gateways import posting
from app.gateways.handover import Unreachable, one_line
from app.gateways.witness import notes
from app.gateways.witness.notes import COSIGNER, Key, Malformed, Note

CONNECT, ANSWER = 3.0, 8.0  # seconds
SIZE_KIND = "text/x.tlog.size"
CONFLICT_KIND = "text/x.ecabinet.conflict"


class Behind(Exception):
    """The witness knows another size than the one that the proof begins at."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class Declined(Exception):
    """The witness has read the request and says no: its number and words."""

    def __init__(self, status: int, said: object) -> None:
        self.status, self.said = status, one_line(said)
        super().__init__(f"{status} {self.said}")


class InConflict(Declined):
    """The witness holds two contradictory checkpoints of this log, and countersigns nothing more."""


class Untrue(Unreachable):
    """The answer is not what it says to be: no cosignature of this checkpoint by the pinned key."""


@dataclass(frozen=True)
class Cosignature:
    """A verified signature line of a witness, and when it signed (seconds since 1970)."""

    witness: str
    line: str
    at: int


class Witness:
    """One witness: its address and its pinned key (`name+hash+key`). ValueError for what is none.

    `authority` is a PEM file, when its certificate comes from an authority of its own.
    """

    def __init__(
        self, url: str, vkey: str, *, authority: Path | str | None = None, connect: float = CONNECT,
        answer: float = ANSWER,
    ) -> None:  # fmt: skip
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.query:
            raise ValueError("a witness is given as https://host")
        self.url, self.key = url.rstrip("/"), Key.parse(vkey, COSIGNER)
        trust = ssl.create_default_context(cafile=authority) if authority else None
        allowed = posting.anywhere if parts.scheme == "https" else _within
        self._post = posting.Post(allowed, trust, connect, answer)

    @property
    def name(self) -> str:
        return self.key.name

    def hurried(self) -> "Witness":
        """The same witness, for a question that a person waits for."""
        found = copy(self)
        found._post = replace(self._post, connect=min(self._post.connect, 1.0), answer=min(self._post.answer, 2.0))
        return found

    def submit(self, old: int, proof: Sequence[bytes], note: bytes) -> Cosignature:
        """Ask for a cosignature of this signed checkpoint, which extends the one of `old` entries.

        Behind, InConflict, Declined (all three are answers); Unreachable may be tried again, Untrue is one of them.
        """
        hashes = "".join(f"{notes.encoded(each)}\n" for each in proof)
        body = f"old {old}\n{hashes}\n".encode() + note
        answer = self._post(f"{self.url}/add-checkpoint", body, {"Content-Type": "text/plain; charset=utf-8"})
        kind = answer.headers.get("content-type", "").partition(";")[0].strip()
        if answer.status == HTTPStatus.CONFLICT and kind == SIZE_KIND:
            raise Behind(_size(answer.body))
        if answer.status == HTTPStatus.CONFLICT:
            raise InConflict(answer.status, answer.body)
        return self._cosignature(Note.parse(note), _good(answer))

    def latest(self, origin: str, log: Key) -> Note | None:
        """The last checkpoint that it countersigned, if it is signed by the log and by the witness; None for none."""
        raw = self._read(f"/checkpoints/{notes.origin_hash(origin)}")
        if raw is None:
            return None
        note = _note(raw)
        if note.checkpoint.origin != origin or not note.signed_by(log) or note.cosigned_at(self.key) is None:
            raise Untrue("its last checkpoint does not carry both signatures")
        return note

    def conflict(self, origin: str, log: Key) -> tuple[Note, Note] | None:
        """Two checkpoints of one size that contradict each other, both signed by the log; None while it has none."""
        raw = self._read(f"/checkpoints/{notes.origin_hash(origin)}/conflict")
        if raw is None:
            return None
        known, gap, other = raw.partition(b"\0")
        both = _note(known), _note(other)
        told = [each.checkpoint for each in both]
        same = told[0].size == told[1].size and {each.origin for each in told} == {origin}
        if not gap or not same or told[0].root == told[1].root or not all(each.signed_by(log) for each in both):
            raise Untrue("what it calls a contradiction is none")
        return both

    def _read(self, path: str) -> bytes | None:
        answer = self._post(f"{self.url}{path}", b"", {}, method="GET")
        return None if answer.status == HTTPStatus.NOT_FOUND else _good(answer)

    def _cosignature(self, note: Note, lines: bytes) -> Cosignature:
        for line in lines.splitlines(keepends=True):
            at = _extended(note, line).cosigned_at(self.key)
            if at is not None:
                return Cosignature(self.name, line.decode().rstrip("\n"), at)
        raise Untrue("the answer is no cosignature of this checkpoint by the pinned key")


def _within(address: posting.Address) -> bool:
    return not posting.is_public(address)


def _good(answer: posting.Answer) -> bytes:
    if answer.status == HTTPStatus.OK:
        return answer.body
    if answer.status // 100 == 4:  # noqa: PLR2004
        raise Declined(answer.status, answer.body)
    raise Unreachable(f"{answer.status} is no answer of a witness")


def _size(body: bytes) -> int:
    try:
        return notes.whole(body.decode("ascii").removesuffix("\n"))
    except (UnicodeDecodeError, Malformed):
        raise Untrue("the size that it knows is no number") from None


def _note(raw: bytes) -> Note:
    try:
        return Note.parse(raw)
    except Malformed as problem:
        raise Untrue(problem) from None


def _extended(note: Note, line: bytes) -> Note:
    try:
        return note.extended(line)
    except Malformed as problem:
        raise Untrue(problem) from None
