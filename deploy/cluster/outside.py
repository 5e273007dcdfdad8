"""Who would be on other hosts and in other hands: the witness of the log, and the authority that gives time stamps.

Each has a folder, a key and a process of its own, and knows nothing of the installation but what is public of it.
"""

import os
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from deploy.cluster.processes import Program, run
from deploy.cluster.servers import HOST, ROOT

PYTHON = sys.executable
WITNESS = [PYTHON, "-m", "app.witness"]
WITNESS_NAME = "witness.rehearsal.example"
CHAIN = ("issuing.der", "root.der")


class Outside:
    """Founded once the log has a key; `settings` is what the installation is told of both, nothing before."""

    def __init__(self, folder: Path, witness_port: int, tsa_port: int) -> None:
        self.witness, self.tsa = folder / "witness", folder / "tsa"
        self._ports = witness_port, tsa_port
        self._log = ""
        self.settings: dict[str, str] = {}
        for each in (self.witness, self.tsa):
            each.mkdir(mode=0o700)

    def found(self, installation: Path) -> None:
        """Make their keys; `installation` is the folder with the public key of the log and the trusted authorities."""
        self._log = (installation / "log.vkey").read_text().strip()
        show = [*WITNESS, "--folder", str(self.witness), "--name", WITNESS_NAME, "--show-key"]
        key = run(show, self._environment(), self.witness).strip()
        trusted = self.tsa / "trusted"
        run([PYTHON, "-m", "app.signer", "init", "--name", "TSA", "--trusted", str(trusted)], self._of_tsa(), self.tsa)
        authorities = self.tsa / "authorities.pem"
        authorities.write_bytes(_pem(trusted) + _pem(installation / "trusted"))  # the second one stamped the history
        witness_port, tsa_port = self._ports
        self.settings = {
            "ECABINET_WITNESSES": f"http://{HOST}:{witness_port} {key}",
            "ECABINET_TSA_URL": f"http://{HOST}:{tsa_port}/", "ECABINET_TSA_CA": str(authorities),
        }  # fmt: skip

    def programs(self) -> tuple[Program, Program]:
        witness_port, tsa_port = self._ports
        watch = [*WITNESS, "--listen", f"{HOST}:{witness_port}", "--folder", str(self.witness), "--log", self._log]
        stamp = [PYTHON, "-m", "flask", "--app", "run:app", "tsa", "--listen", f"{HOST}:{tsa_port}"]
        return (
            Program("witness", watch, self._environment(), self.witness, lambda said: "answers at" in said),
            Program("tsa", stamp, self._of_tsa(), self.tsa, lambda said: "DEMO time stamps at" in said),
        )

    def _environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ECABINET_", "FLASK_"))}
        return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **more}

    def _of_tsa(self) -> dict[str, str]:
        return self._environment(ECABINET_VAR=str(self.tsa), ECABINET_DEMO="1")


def _pem(folder: Path) -> bytes:
    found = [x509.load_der_x509_certificate((folder / name).read_bytes()) for name in CHAIN]
    return b"".join(each.public_bytes(Encoding.PEM) for each in found)
