"""A log of its own with a real key, and the witness as a process: what the tests put together."""

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.gateways.witness import notes
from app.gateways.witness.notes import COSIGNER, LOG, Key
from app.workflows.rules import merkle
from tests.web import ROOT

ORIGIN = "ecabinet.example.gov.vn/log"
NAME = "witness.example.gov.vn"


@dataclass
class Log:
    """Entries, and what can be said about the first of them."""

    origin: str = ORIGIN
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    leaves: list[bytes] = field(default_factory=list)

    @property
    def key(self):
        return Key(self.origin, LOG, self.private.public_key().public_bytes_raw())

    def grow(self, count, word=b"entry"):
        self.leaves += [merkle.leaf_hash(b"%s %d" % (word, len(self.leaves) + each)) for each in range(count)]
        return self

    def fork(self, keep, grow, word=b"other"):
        """The same log, as somebody tells it who goes on differently after `keep` entries."""
        return Log(self.origin, self.private, self.leaves[:keep]).grow(grow, word)

    def note(self, size=None, more=""):
        size = len(self.leaves) if size is None else size
        text = f"{self.origin}\n{size}\n{notes.encoded(merkle.root(self.leaves[:size]))}\n{more}"
        return f"{text}\n".encode() + notes.note_signature(self.private, self.key, text)

    def proof(self, old, size=None):
        if old == 0:
            return []
        return merkle.consistency_proof(old, self.leaves[: len(self.leaves) if size is None else size])

    def request(self, old, size=None):
        return body(old, self.proof(old, size), self.note(size))


def body(old, proof, note):
    lines = "".join(f"{notes.encoded(each)}\n" for each in proof)
    return f"old {old}\n{lines}\n".encode() + note


@dataclass
class Process:
    """A witness that runs."""

    port: int
    key: Key
    process: subprocess.Popen

    def ask(self, method, path, data=None, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, data, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()

    def add(self, data):
        return self.ask("POST", "/add-checkpoint", data)

    def latest(self, origin=ORIGIN):
        return self.ask("GET", f"/checkpoints/{notes.origin_hash(origin)}")

    def conflict(self, origin=ORIGIN):
        return self.ask("GET", f"/checkpoints/{notes.origin_hash(origin)}/conflict")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)


def program(*arguments, doomed=""):
    """The command line; `doomed` is a Python statement that is run before the program."""
    return [sys.executable, "-c", f"import sys; {doomed}\nfrom app.witness.__main__ import main; "
            "sys.exit(main(sys.argv[1:]))", *map(str, arguments)]  # fmt: skip


def run(*arguments):
    return subprocess.run(program(*arguments), capture_output=True, text=True, timeout=180, cwd=ROOT, check=False)


@contextmanager
def running(folder, *logs, name=NAME, listen="127.0.0.1:0", doomed=""):
    """A witness of these logs, on a free port."""
    given = [word for log in logs for word in ("--log", log.key)]
    process = subprocess.Popen(
        program("--listen", listen, "--folder", folder, "--name", name, *given, doomed=doomed),
        stderr=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        yield _heard(process)
    finally:
        process.kill()
        process.wait(60)
        process.stderr.close()


def _heard(process):
    said = []
    for line in process.stderr:
        said.append(line)
        if found := re.search(r"(\S+\+[0-9a-f]{8}\+\S+) answers at .*:(\d+)$", line):
            threading.Thread(target=process.stderr.read, daemon=True).start()  # nobody waits for its words
            return Process(int(found[2]), Key.parse(found[1], COSIGNER), process)
    raise AssertionError("".join(said))
