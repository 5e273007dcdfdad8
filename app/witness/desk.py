"""What the witness answers: https://c2sp.org/tlog-witness, and beside it what it last countersigned."""

import logging
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.gateways.witness import notes
from app.gateways.witness.notes import Key, Malformed, Note, origin_hash
from app.witness.growth import only_grew
from app.witness.memory import Memory

log = logging.getLogger("ecabinet.witness")

MOST_PROOF = 63
TEXT, SIZE, CONFLICT = "text/plain; charset=utf-8", "text/x.tlog.size", "text/x.ecabinet.conflict"
CHECKPOINTS = re.compile(r"/checkpoints/([0-9a-f]{64})(/conflict)?")


@dataclass(frozen=True)
class Reply:
    """Status, body and its type."""

    status: int
    body: bytes = b""
    kind: str = TEXT


@dataclass(frozen=True)
class Request:
    """A checkpoint, the size that it extends and the hashes which show it."""

    old: int
    proof: Sequence[bytes]
    note: Note

    @classmethod
    def parse(cls, body: bytes) -> "Request":
        """Malformed unless it is `old SIZE`, at most 63 hashes, an empty line and a signed note."""
        head, gap, raw = body.partition(b"\n\n")
        first, *rest = head.decode("ascii", "replace").split("\n")
        if not gap or not first.startswith("old ") or len(rest) > MOST_PROOF:
            raise Malformed("the request is: old SIZE, hashes, an empty line, a signed note")
        return cls(notes.whole(first[4:]), [notes.decoded(line, notes.HASH) for line in rest], Note.parse(raw))


class Desk:
    """Decides about checkpoints of the pinned logs; the origin of a log is the name of its key."""

    def __init__(
        self, folder: Path, private: Ed25519PrivateKey, key: Key, logs: Sequence[Key],
        now: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._folder, self._private, self.key, self._logs, self._now = folder, private, key, tuple(logs), now

    def add_checkpoint(self, body: bytes) -> Reply:
        """Countersign an extension, or say why not; what is countersigned is on the disk first."""
        try:
            request = Request.parse(body)
        except Malformed as problem:
            return Reply(HTTPStatus.BAD_REQUEST, f"{problem}\n".encode())
        origin = request.note.checkpoint.origin
        keys = [key for key in self._logs if key.name == origin]
        if not keys:
            return Reply(HTTPStatus.NOT_FOUND, b"this log is not known here\n")
        if not any(request.note.signed_by(key) for key in keys):
            return Reply(HTTPStatus.FORBIDDEN, b"no signature by the key of this log\n")
        memory = Memory(self._folder, origin)
        with memory.held():
            return self._judge(memory, request)

    def _judge(self, memory: Memory, request: Request) -> Reply:
        told = request.note.checkpoint
        known = memory.seen(told.size)
        if memory.conflict():
            return Reply(HTTPStatus.CONFLICT, b"this log has contradicted itself\n", CONFLICT)
        if known and known.checkpoint.root != told.root:
            memory.accuse(known, request.note)
            log.error("CONFLICT: two signed checkpoints of %s at size %d", told.origin, told.size)
            return Reply(HTTPStatus.CONFLICT, b"this log has contradicted itself\n", CONFLICT)
        if request.old > told.size:
            return Reply(HTTPStatus.BAD_REQUEST, b"the old size is larger than the new one\n")
        latest = memory.latest()
        size, root = (latest.checkpoint.size, latest.checkpoint.root) if latest else (0, b"")
        if request.old != size:
            return Reply(HTTPStatus.CONFLICT, f"{size}\n".encode(), SIZE)
        if not only_grew(size, root, told.size, told.root, request.proof):
            log.warning("no extension: %s from %d to %d", told.origin, size, told.size)
            return Reply(HTTPStatus.UNPROCESSABLE_ENTITY, b"the proof does not hold\n")
        line = notes.cosignature(self._private, self.key, request.note.text, int(self._now()))
        if latest is None or told.size > size:
            memory.keep(request.note.extended(line))
        return Reply(HTTPStatus.OK, line)

    def read(self, path: str) -> Reply:
        """The last checkpoint of a log, or the two that contradict each other; 404 when there is none."""
        if path == "/healthz":
            return Reply(HTTPStatus.OK, b"ok\n")
        asked = CHECKPOINTS.fullmatch(path)
        origins = {origin_hash(key.name): key.name for key in self._logs}
        if not asked or asked[1] not in origins:
            return Reply(HTTPStatus.NOT_FOUND, b"there is nothing here\n")
        memory = Memory(self._folder, origins[asked[1]])
        with memory.held():
            latest, conflict = memory.latest(), memory.conflict()
        if asked[2]:
            return _both(conflict) if conflict else Reply(HTTPStatus.NOT_FOUND, b"no contradiction is known\n")
        return Reply(HTTPStatus.OK, latest.raw) if latest else Reply(HTTPStatus.NOT_FOUND, b"no checkpoint yet\n")

    def begin_anew(self, raw: bytes, reason: str) -> Path:
        """An operator's act: go on from this signed checkpoint, whatever was known; Malformed when it is none of ours.

        Where the old state was put is returned.
        """
        note = Note.parse(raw)
        origin = note.checkpoint.origin
        if not any(note.signed_by(key) for key in self._logs if key.name == origin):
            raise Malformed("the checkpoint is not signed by the pinned key of its log")
        line = notes.cosignature(self._private, self.key, note.text, int(self._now()))
        memory = Memory(self._folder, origin)
        with memory.held():
            return memory.begin_anew(note.extended(line), reason)


def _both(conflict: tuple[Note, Note]) -> Reply:
    """The two notes, with a zero byte between them: no note holds one."""
    return Reply(HTTPStatus.OK, b"\0".join(each.raw for each in conflict), "application/octet-stream")
