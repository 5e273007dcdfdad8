"""An authority outside, a server on loopback that says what a test tells it, and openssl as a responder of its own."""
import datetime as dt
import http.server
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from app.gateways.signing import Authority
from tests.gateways.signing_cases import Holder, as_pem
from tests.servers import program

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)  # real peers go by the clock of the machine
DAY = dt.timedelta(days=1)
Reply = Callable[[bytes], tuple[int, dict[str, str], bytes]]


class Outside:
    """An authority and one person of it, and what it would answer at a given time."""

    def __init__(self, private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None) -> None:
        self.authority = Authority.create(None, NOW - 30 * DAY, name="CA ngoài")
        self.issuer, self.root = self.authority.chain()
        key = private or ec.generate_private_key(ec.SECP256R1())
        certificate = self.authority.issue("Nguyễn Văn An", "", "", key.public_key(), NOW - DAY, 365)
        self.person = Holder(key, certificate)

    def revoke(self, at: dt.datetime = NOW - dt.timedelta(hours=1)) -> None:
        self.authority.revoke(self.person.certificate, at)

    def key_pem(self) -> bytes:
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return self.authority._issuing_key.private_bytes(*form)


@contextmanager
def server(reply: Reply) -> Iterator[tuple[str, list[str]]]:
    """The address of a server that answers so, and the list of what was asked of it: method and path."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append(f"{self.command} {self.path}")
            status, headers, content = reply(body)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(content))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(content)
            except OSError:
                return  # the client has heard enough

        do_GET = do_POST

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}", asked
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join(10)


def database(folder: Path, outside: Outside, revoked: dt.datetime | None, hash_: str = "sha256") -> None:
    """The files of `openssl ca`: who was issued what, and whether it was taken back."""
    certificate = x509.load_der_x509_certificate(outside.person.certificate)
    ends, serial = f"{certificate.not_valid_after_utc:%y%m%d%H%M%SZ}", f"{certificate.serial_number:X}"
    serial = serial if len(serial) % 2 == 0 else "0" + serial
    state = f"R\t{ends}\t{revoked:%y%m%d%H%M%SZ}" if revoked else f"V\t{ends}\t"
    (folder / "index.txt").write_text(f"{state}\t{serial}\tunknown\t/CN=An\n")
    (folder / "crlnumber").write_text("1000\n")
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca=a\n[a]\ndatabase=index.txt\ncrlnumber=crlnumber\n"
        f"default_md={hash_}\ndefault_crl_days=3\ncertificate=ca.pem\nprivate_key=ca.key\n"
    )
    (folder / "ca.pem").write_bytes(as_pem("x509", outside.issuer))
    (folder / "ca.key").write_bytes(outside.key_pem())


def openssl_crl(folder: Path) -> bytes:
    command = [program("openssl", "openssl"), "ca", "-config", "ca.cnf", "-gencrl", "-out", "list.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    pem = (folder / "list.pem").read_bytes()
    return x509.load_pem_x509_crl(pem).public_bytes(serialization.Encoding.DER)


@contextmanager
def openssl_responder(folder: Path, *options: str) -> Iterator[str]:
    """`openssl ocsp` as a responder, in a process of its own; the authority itself signs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program("openssl", "openssl"), "ocsp", "-index", "index.txt", "-port", str(port), "-rsigner", "ca.pem",
               "-rkey", "ca.key", "-CA", "ca.pem", *options]  # fmt: skip
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            said = process.stdout or []
            assert any(b"waiting for" in line for line in said)  # it takes one caller at a time: nobody knocks
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.kill()
