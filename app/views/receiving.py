"""Bodies that strangers send: they arrive in memory, within a time, before anything is taken that others wait for.

A body on its way holds a thread and the bytes that have come, never a place where files are judged. What has arrived is
limited together and, so that one network leaves room for all others, for each network.
"""

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import IO, cast

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout
from werkzeug.formparser import FormDataParser

WITHIN = 120.0  # seconds for a whole body: 20 MB over a slow line
PATIENCE = 10.0  # seconds that a body waits for room
BODIES = 64  # on their way at once, of the threads of app/serve.py
BYTES = 160 * 1024 * 1024  # that have arrived and are not judged yet; one network has half of it
DRAINED = 64 * 1024 * 1024  # of a body that is too large: read and dropped, so that the answer arrives
PIECE = 256 * 1024
FEW, SMALL = 8, 256 * 1024  # parts of the form, and bytes of those that are no file; more than the parser reads at once


class NoRoom(Exception):
    """Too many bodies are on their way; this one was dropped."""


class Landing:
    """How many bodies are on their way, and how many bytes of whom have arrived."""

    def __init__(self, bodies: int, size: int) -> None:
        self._bodies, self._size = bodies, size
        self._arriving = 0
        self._held: Counter[str] = Counter()
        self._changed = threading.Condition()

    @property
    def empty(self) -> bool:
        with self._changed:
            return not self._arriving and not self._held.total()

    @contextmanager
    def body(self, network: str) -> Iterator["Arrival"]:
        """Somebody begins to send; what came of it is forgotten at the end. NoRoom when too many do."""
        with self._changed:
            if self._arriving >= self._bodies:
                raise NoRoom
            self._arriving += 1
        arrival = Arrival(self, network)
        try:
            yield arrival
        finally:
            with self._changed:
                self._arriving -= 1
                self._held[network] -= arrival.size
                self._changed.notify_all()

    def hold(self, network: str, size: int) -> None:
        """Make room for so many bytes; NoRoom when nobody leaves in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._fits(network, size), PATIENCE):
                raise NoRoom
            self._held[network] += size

    def _fits(self, network: str, size: int) -> bool:
        return self._held.total() + size <= self._size and self._held[network] + size <= self._size // 2


class Deadline:
    """Reads from a line until a time is over, however little comes however often: RequestTimeout then."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._watch = threading.Timer(seconds, _stop_listening, [request.environ.get("gunicorn.socket")])
        self._watch.daemon = True

    def __enter__(self) -> "Deadline":
        self._watch.start()
        return self

    def __exit__(self, *_why: object) -> None:
        self._watch.cancel()

    def read(self, source: IO[bytes], size: int) -> bytes:
        """What comes next; a line that we stopped listening to looks like one that was cut."""
        try:
            piece = source.read(size)
        except Exception:
            self._require_time()
            raise
        self._require_time()
        return piece

    def _require_time(self) -> None:
        if time.monotonic() >= self._ends:
            raise RequestTimeout


class Arrival:
    """One body: `file` reads it, and the time it has begins then."""

    def __init__(self, landing: Landing, network: str) -> None:
        self._landing, self._network, self.size = landing, network, 0

    def file(self, name: str) -> bytes:
        """The file of the form, never written to a disk; b"" when there is none.

        RequestTimeout for a body that is not here in time, RequestEntityTooLarge, NoRoom.
        """
        with Deadline(WITHIN) as deadline:
            try:
                return self._parsed(name, deadline)
            except RequestEntityTooLarge:
                _drain(deadline)
                raise

    def _parsed(self, name: str, deadline: Deadline) -> bytes:
        parser = FormDataParser(
            stream_factory=_in_memory, max_form_memory_size=SMALL, max_form_parts=FEW,
            max_content_length=request.max_content_length,
        )  # fmt: skip
        body = cast(IO[bytes], _Pieces(self, deadline))
        kind, length, more = request.mimetype, request.content_length, request.mimetype_params
        _stream, _form, files = parser.parse(body, kind, length, more)
        sent = files.get(name)
        return sent.stream.read() if sent else b""

    def hold(self, size: int) -> None:
        self._landing.hold(self._network, size)
        self.size += size


class _Pieces:
    """The body as the parser reads it; each piece waits for room."""

    def __init__(self, arrival: Arrival, deadline: Deadline) -> None:
        self._arrival, self._deadline, self._source = arrival, deadline, request.stream

    def read(self, size: int = -1) -> bytes:
        piece = self._deadline.read(self._source, size)
        self._arrival.hold(len(piece))
        return piece


def small_body(size: int, seconds: float) -> bytes:
    """The first `size` bytes of the body; RequestTimeout when they, or its end, are not here in time."""
    with Deadline(seconds) as deadline:
        return deadline.read(request.stream, size)


def _drain(deadline: Deadline) -> None:
    """Let the sender finish, as far as that is bearable: a browser that is cut off shows no answer."""
    left = min(request.content_length or 0, DRAINED)
    while left > 0 and (piece := deadline.read(request.environ["wsgi.input"], min(PIECE, left))):
        left -= len(piece)


def _stop_listening(line: socket.socket | None) -> None:
    """Wake whoever reads from a line on which a little comes now and then; the answer is still sent."""
    if line is not None:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RD)


def _in_memory(
    total_content_length: int | None, content_type: str | None, filename: str | None, content_length: int | None = None
) -> IO[bytes]:
    """Where a file of the form lies while it is looked at; the limit of the body is the limit of this."""
    return BytesIO()


LANDING = Landing(BODIES, BYTES)
