"""A signer that answers on a real socket from a thread of the tests: for what needs no process to be killed."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.gateways.signing import Authority, RemoteSigner, Signer
from app.signer.desk import Desk
from app.signer.gate import Gate
from app.signer.server import Server, allowed_users
from app.signer.tries import Tries


@contextmanager
def served(signer: Signer, authority: Authority, tries: Path, gate: Gate | None = None) -> Iterator[RemoteSigner]:
    """A client of a desk with that signer; the folder of the socket is short, as sockets want it."""
    with tempfile.TemporaryDirectory(prefix="ecab-signer-") as folder:
        path, ready = Path(folder) / "s", threading.Event()
        desk = Desk(signer, authority, Tries(tries), gate, any_time=True)
        server = Server(path, allowed_users(""), desk.answer)
        thread = threading.Thread(target=server.serve, args=(ready.set,), daemon=True)
        thread.start()
        assert ready.wait(60)
        try:
            yield RemoteSigner(path, 60)
        finally:
            server.end()
            thread.join(10)
