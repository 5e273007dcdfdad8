"""Who may speak to the signer, and for how long: one request for each connection, from known accounts only."""

import contextlib
import fcntl
import grp
import logging
import os
import pwd
import socket
import stat
import struct
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from app.gateways.signing import wire
from app.signer.desk import busy, refusal

log = logging.getLogger("ecabinet.signer")

MOST_CALLERS = 128
SPEAKS_FOR = 3.0  # seconds in which a request must be there whole, and its answer taken
PEER = struct.Struct("3i")
SOCKET_MODE = 0o660
NAP = 0.5  # seconds; how soon an end is noticed

Handle = Callable[[Mapping[str, Any], str], dict[str, Any]]


class NotServing(Exception):
    """The signer cannot begin; the sentence says why."""


def allowed_users(names: str) -> frozenset[int]:
    """User ids of a list of names or numbers; of none: this account and root. `NotServing` for an unknown name."""
    found = {0, os.getuid()} if not names.strip() else set()
    for name in filter(None, (part.strip() for part in names.split(","))):
        try:
            found.add(int(name) if name.isdecimal() else pwd.getpwnam(name).pw_uid)
        except KeyError:
            raise NotServing(f"ECABINET_SIGNER_USERS names {name}, and there is no such account.") from None
    return frozenset(found)


class Server:
    """Listens on a Unix socket until it is told to end; a stale socket is replaced, a living one is not."""

    def __init__(self, path: Path, users: frozenset[int], handle: Handle, group: str = "") -> None:
        self._path, self._users, self._handle, self._group = path, users, handle, group
        self._callers = threading.Semaphore(MOST_CALLERS)
        self._ending = threading.Event()

    def serve(self, ready: Callable[[], None] = lambda: None) -> None:
        """Answer until `end`; whoever is being answered then is answered still."""
        with self._alone(), self._listening() as listener, ThreadPoolExecutor(MOST_CALLERS) as pool:
            ready()
            while not self._ending.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, _address = listener.accept()
                    self._take(connection, pool)

    def end(self) -> None:
        self._ending.set()

    def _take(self, connection: socket.socket, pool: ThreadPoolExecutor) -> None:
        if not self._callers.acquire(blocking=False):
            log.warning("more callers than %d at once: told that there is no room", MOST_CALLERS)
            with connection, contextlib.suppress(OSError):
                wire.send(connection, busy(), time.monotonic() + 0.1)
            return
        pool.submit(self._attend, connection)

    def _attend(self, connection: socket.socket) -> None:
        try:
            with connection, contextlib.suppress(OSError, EOFError):  # the caller went away
                self._converse(connection)
        except Exception as error:
            log.error("a caller could not be answered: %s", type(error).__name__)
        finally:
            self._callers.release()

    def _converse(self, connection: socket.socket) -> None:
        pid, uid, _gid = PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))
        caller = f"uid {uid}, process {pid}"
        if uid not in self._users:
            log.warning("refused: %s is not one of those who may ask", caller)
            return
        try:
            message = wire.receive(connection, time.monotonic() + SPEAKS_FOR)
        except wire.Odd as odd:
            log.warning("refused: what %s sent is not as agreed (%s)", caller, odd.reason)
            answer = refusal("refused", odd.reason)
        else:
            answer = self._handle(message, caller)
        wire.send(connection, answer, time.monotonic() + SPEAKS_FOR, wire.LARGEST_ANSWER)

    @contextlib.contextmanager
    def _listening(self) -> Any:
        """The socket, readable by owner and group from its first moment on."""
        if self._path.exists() and not stat.S_ISSOCK(self._path.stat().st_mode):
            raise NotServing(f"{self._path} is there and is no socket.")
        self._path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            before = os.umask(0o777 & ~SOCKET_MODE)
            try:
                listener.bind(str(self._path))
                if self._group:
                    os.chown(self._path, -1, grp.getgrnam(self._group).gr_gid)
            except (OSError, KeyError) as error:
                raise NotServing(f"The socket {self._path} cannot be made: {error}") from error
            finally:
                os.umask(before)
            listener.listen(MOST_CALLERS)
            listener.settimeout(NAP)
            try:
                yield listener
            finally:
                self._path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _alone(self) -> Any:
        """One signer on a socket: a second one would take callers away from the first, with counts of its own."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path.with_name(f"{self._path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise NotServing(f"Another signer serves {self._path}.") from None
            yield
        finally:
            os.close(handle)
