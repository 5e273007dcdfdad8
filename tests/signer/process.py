"""A signer of the tests' own: a process with keys that are cheap to open, and ways to speak to it as nobody should."""

import datetime as dt
import errno
import os
import socket
import struct
import sys
from functools import partial
from pathlib import Path

from app.gateways.signing import Argon2Cost, RemoteSigner, found_authority
from tests.servers import Account, Process

ROOT = Path(__file__).parents[2]
NAME = "tests.signer.process"
CHEAP = Argon2Cost(memory_kib=64, passes=1)
PATIENT = 50.0  # seconds; less than its callers' patience


class SignerProcess(Process):
    """`python -m app.signer` in a folder of its own; `settings` are environment variables.

    It waits longer than an installation does for callers who are held up; ECABINET_TEST_SPEAKS_FOR says how long for a
    whole request. Its authority was founded at `since`, where the people of a test live in the past.
    """

    def __init__(self, since: dt.datetime | None = None, **settings: str) -> None:
        super().__init__("signer", Account(None, None))
        self.var, self.socket = self.folder / "var", self.folder / "signer.sock"
        self.settings = {"ECABINET_VAR": str(self.var), "PYTHONPATH": str(ROOT), "ECABINET_DEMO": "1", **settings}
        if since:
            found_authority(self.var / "authority", self.var / "installation.key", since, demo=True)
        self.run("init")

    @property
    def keys(self) -> Path:
        return self.var / "keys"

    @property
    def trusted(self) -> Path:
        return self.var / "trusted"

    def run(self, *arguments: str) -> None:
        """The program to its end; ServerFailed with what it says."""
        self._run(sys.executable, "-m", "app.signer", *arguments)

    def start(self, module: str = NAME) -> "SignerProcess":
        self._launch([sys.executable, "-m", module, "--socket", str(self.socket)], self.answers)
        return self

    def halt(self) -> None:
        """End it and keep its files."""
        self._end(b"keep")

    def kill(self, number: int) -> None:
        """Send a signal to the signer itself, not to the shell that holds it."""
        os.kill(self.pid, number)

    @property
    def pid(self) -> int:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return int(children.read_text().split()[0])

    def gone(self) -> None:
        """Wait until nobody listens."""
        self._wait(lambda: not self.listens(), "end")
        self.halt()

    def listens(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(self.socket))
        except OSError:
            return False
        return True

    answers = listens

    def client(self, patience: float = 60.0) -> RemoteSigner:
        return RemoteSigner(self.socket, patience)

    def raw(self, content: bytes, length: int | None = None, timeout: float = 60.0) -> bytes:
        """Send bytes with a length in front (the right one by itself) and read until the signer hangs up."""
        with socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(timeout)
            caller.connect(str(self.socket))
            answer = b""
            try:
                caller.sendall(struct.pack(">I", len(content) if length is None else length) + content)
                caller.shutdown(socket.SHUT_WR)
                while part := caller.recv(65536):
                    answer += part
            except OSError as problem:  # it hung up before it had read everything
                if problem.errno not in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN):
                    raise
            return answer[4:]

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {"LC_ALL": "C.UTF-8"} | self.settings


def serve() -> int:
    """What `python -m app.signer` does, on a machine with much else to do."""
    from app.signer import desk, server, tries
    from app.signer.__main__ import main

    server.SPEAKS_FOR = float(os.environ.get("ECABINET_TEST_SPEAKS_FOR", PATIENT))
    tries.WAITS = PATIENT
    desk.Gate = partial(desk.Gate, longest=PATIENT)
    return main(sys.argv[1:], CHEAP)


if __name__ == "__main__":
    sys.exit(serve())
