"""Time-stamping authorities of the tests: OpenSSL's own, served over HTTP on this machine, and ones that misbehave."""

import datetime as dt
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.gateways.timestamp import DemoAuthority
from tests.servers import program

DAY = dt.timedelta(days=1)
REPLY = "application/timestamp-reply"
POLICY = "1.3.6.1.4.1.99999.1"


def new_key(kind: str):
    return ec.generate_private_key(ec.SECP256R1()) if kind == "p256" else rsa.generate_private_key(65537, 2048)


@dataclass(frozen=True)
class Root:
    """A certificate authority of the tests for time stamps."""

    key: ec.EllipticCurvePrivateKey
    certificate: bytes

    @classmethod
    def make(cls, now: dt.datetime, name: str = "Test TSA CA") -> "Root":
        key = new_key("p256")
        return cls(key, certify(name, key, key, name, (now - 30 * DAY, now + 365 * DAY), authority=True))

    def tsa(
        self, key, now: dt.datetime, *, usages: Sequence = (ExtendedKeyUsageOID.TIME_STAMPING,), critical: bool = True,
        since: dt.timedelta = DAY, until: dt.timedelta = 90 * DAY, authority: bool = False,
    ) -> bytes:  # fmt: skip
        return certify(
            "Test TSA", key, self.key, "Test TSA CA", (now - since, now + until), usages=usages, critical=critical,
            authority=authority,
        )  # fmt: skip


def certify(name, key, signing_key, issuer, valid, *, usages=(), critical=True, authority=False) -> bytes:
    named = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
    )
    usage = x509.KeyUsage(
        digital_signature=not authority, content_commitment=False, key_cert_sign=authority, crl_sign=authority, **named
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0].replace(microsecond=0))
        .not_valid_after(valid[1].replace(microsecond=0))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(usages)), critical=critical)
    return builder.sign(signing_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def demo(root: Root, now: dt.datetime, kind: str = "p256", **about) -> DemoAuthority:
    key = new_key(kind)
    return DemoAuthority(key, root.tsa(key, now, **about), (root.certificate,))


CONFIG = f"""
[tsa]
default_tsa = own
[own]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
certs = root.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = {POLICY}
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = %s
"""


class OpensslTsa:
    """`openssl ts -reply` in a folder of its own."""

    def __init__(
        self, folder: Path, root: Root, now: dt.datetime, kind: str = "p256", named_by: str = "sha256"
    ) -> None:
        self.folder, key = folder, new_key(kind)
        pem = serialization.Encoding.PEM
        secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (folder / "tsa.key").write_bytes(secret)
        for name, der in {"tsa": root.tsa(key, now), "root": root.certificate}.items():
            (folder / f"{name}.pem").write_bytes(x509.load_der_x509_certificate(der).public_bytes(pem))
        (folder / "serial").write_text("01\n")
        (folder / "tsa.conf").write_text(CONFIG % named_by)

    def __call__(self, query: bytes) -> bytes:
        (self.folder / "query.tsq").write_bytes(query)
        command = [program("openssl", "openssl"), "ts", "-reply", "-config", "tsa.conf", "-queryfile", "query.tsq"]
        return subprocess.run(command, cwd=self.folder, capture_output=True, check=True).stdout


def openssl_verifies(folder: Path, token: bytes, digest: bytes, root: bytes, at: dt.datetime) -> tuple[bool, str]:
    """What `openssl ts -verify` thinks of a bare token over that SHA-256."""
    (folder / "token.der").write_bytes(token)
    pem = x509.load_der_x509_certificate(root).public_bytes(serialization.Encoding.PEM)
    (folder / "trusted.pem").write_bytes(pem)
    command = [
        program("openssl", "openssl"), "ts", "-verify", "-digest", digest.hex(), "-in", "token.der", "-token_in",
        "-CAfile", "trusted.pem", "-attime", str(int(at.timestamp())),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode == 0 and "Verification: OK" in done.stdout + done.stderr, done.stdout + done.stderr


@dataclass
class Told:
    """How the server answers: status, headers and body, made of the request; `hold` waits before it does."""

    answer: Callable[[bytes], bytes]
    status: int = 200
    kind: str = REPLY
    headers: dict[str, str] = field(default_factory=dict)
    hold: threading.Event | None = None
    asked: list[str] = field(default_factory=list)


@contextmanager
def served(told: Told) -> Iterator[str]:
    """The address of a server on this machine that answers as it is told."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.asked.append(f"{self.command} {self.path} {self.headers['Content-Type']}")
            query = self.rfile.read(int(self.headers["Content-Length"]))
            if told.hold is not None:
                told.hold.wait(120)
            body = told.answer(query)
            self.send_response(told.status)
            for name, value in {"Content-Type": told.kind, "Content-Length": str(len(body)), **told.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *_said: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/tsa"
    finally:
        if told.hold is not None:
            told.hold.set()
        server.shutdown()
        server.server_close()
