"""The anchor of the signatures: @signpdf/signpdf with node-forge, in a Node.js of its own.

Its packages are fetched by name and version and kept only when their bytes have the sum that is written here.
"""

import base64
import datetime as dt
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12
from cryptography.x509.oid import NameOID

HERE = Path(__file__).parent / "node"
WORD = "anchor"


class Signpdf:
    """One running process that has the document and the key; it signs as often as it is asked to."""

    def __init__(self, process: subprocess.Popen[str], signed: Path) -> None:
        self._process, self.signed = process, signed

    def milliseconds(self, times: int) -> float:
        """Of one signature, on average over so many."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the process has no pipes")
        self._process.stdin.write(f"{times}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{HERE / 'sign.js'} ended with {self._process.wait()}")
        return float(answer)


@contextmanager
def signpdf(pdf: bytes, folder: Path) -> Iterator[Signpdf]:
    """Ready to sign this document with an RSA-2048 key of its own."""
    document, keys, signed = (folder / name for name in ("document.pdf", "keys.p12", "signed.pdf"))
    document.write_bytes(pdf)
    keys.write_bytes(_keys())
    command = [program("node", "nodejs"), str(HERE / "sign.js"), str(document), str(keys), WORD, str(signed)]
    environment = {**os.environ, "NODE_PATH": str(packages())}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        peer = Signpdf(process, signed)
        peer.milliseconds(3)
        yield peer


def packages() -> Path:
    """The folder with the packages, as Node.js looks for them; filled at the first run."""
    wanted = (HERE / "packages.txt").read_bytes()
    cache = Path(os.environ.get("ECABINET_VAR", "var")).absolute() / "bench-node"
    folder = cache / hashlib.sha256(wanted).hexdigest()[:16]
    if not folder.exists():
        shutil.rmtree(cache, ignore_errors=True)
        made = cache / "new"
        made.mkdir(parents=True)
        for line in wanted.decode().splitlines():
            _unpack(_fetched(*line.split(" "), cache), made / line.split(" ")[0])
        made.rename(folder)
    return folder


def _fetched(name: str, version: str, integrity: str, cache: Path) -> Path:
    sys.stderr.write(f"  fetching {name} {version}\n")
    command = [program("npm", "npm"), "pack", "--silent", "--pack-destination", str(cache), f"{name}@{version}"]
    done = subprocess.run(command, cwd=cache, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"npm did not fetch {name} {version}, without which signatures have no anchor:\n{done.stderr}")
    archive = cache / done.stdout.split()[-1]
    sum_ = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{sum_}" != integrity:
        sys.exit(f"{name} {version} has the sum sha512-{sum_}, not {integrity}: it is not what was chosen")
    return archive


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(archive.parent / "unpacked", filter="data")
    folder.parent.mkdir(exist_ok=True)
    (archive.parent / "unpacked" / "package").rename(folder)


def program(name: str, package: str) -> str:
    if found := shutil.which(name):
        return found
    sys.exit(f"{name} is missing, without which signatures have no anchor: run `make bench`, or install {package}")


def _keys() -> bytes:
    """A self-signed RSA certificate with its key; one round of stretching, so that only the signature is measured."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Anchor")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    cheap = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(1)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303 - the only ones that node-forge reads
        .build(WORD.encode())
    )
    return pkcs12.serialize_key_and_certificates(b"anchor", key, certificate, None, cheap)
