"""An installation with nginx before it as deploy/nginx says, and callers who write their requests by hand."""

import socket
import ssl
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from deploy.cluster.servers import Nginx
from tests.servers import Account, Process, free_port
from tests.web import Web

HOSTS = "localhost,127.0.0.1"
FORM = "multipart/form-data; boundary=edge"
PATIENCE = 120.0  # seconds


class Front(Process):
    """nginx before one web process; `changes` are lines that say something else in its configuration."""

    def __init__(self, web: Web, *changes: str) -> None:
        super().__init__("nginx", Account(None, None))
        nowhere = free_port()
        self._nginx = Nginx(self.folder, self.port, free_port(), [web.port] * 2, [nowhere] * 2)
        self.trusted = ssl.create_default_context(cafile=str(self._nginx.certificate))
        site = self.folder / "nginx" / "ecabinet.conf"
        for wanted in changes:
            site.write_text(changed(site.read_text(), wanted))
        self._launch([*self._nginx.command, "-g", "daemon off;"], lambda: self._nginx._answers(""))

    def line(self, source: str = "127.0.0.1") -> "Line":
        """A connection of somebody at this address of the loopback network."""
        raw = socket.create_connection(("127.0.0.1", self.port), PATIENCE, (source, 0))
        return Line(self.trusted.wrap_socket(raw, server_hostname="localhost"))


def changed(site: str, wanted: str) -> str:
    """This line in the place of every one that sets the same."""
    name = " ".join(wanted.split()[:-1])
    found = [line for line in site.splitlines() if " ".join(line.split()).startswith(f"{name} ")]
    assert found, name
    for line in found:
        site = site.replace(line, f"    {wanted}")
    return site


def installation(**settings: str) -> Web:
    """A Government of five, not served yet."""
    web = Web(ECABINET_HOSTS=HOSTS, **settings)
    web.make("passkeys")
    return web


class Line:
    """One connection, and what is written on it as it is."""

    def __init__(self, line: socket.socket) -> None:
        self.socket = line
        self.socket.settimeout(PATIENCE)

    def send(self, data: bytes | str) -> "Line":
        with suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):  # answered and closed before all was said
            self.socket.sendall(data.encode() if isinstance(data, str) else data)
        return self

    def begins(self) -> None:
        """Wait for the first byte of an answer."""
        assert self.socket.recv(1)

    def rest(self) -> bytes:
        """Everything that comes until the other side closes."""
        said = b""
        with suppress(ConnectionResetError):
            while more := self.socket.recv(65536):
                said += more
        self.socket.close()
        return said

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_why: Any) -> None:
        self.socket.close()


def straight(web: Web, source: str = "127.0.0.1") -> Line:
    """A connection of somebody at this address to the web process itself."""
    return Line(socket.create_connection(("127.0.0.1", web.port), PATIENCE, (source, 0)))


def get(path: str, *headers: str) -> str:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *headers, "Connection: close", "", ""])


def upload(length: int | None, *headers: str, path: str = "/xac-minh/", kind: str = FORM) -> str:
    """The head of a file sent to the public page; without a length it comes in chunks."""
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return "\r\n".join([
        f"POST {path} HTTP/1.1", "Host: localhost", "Origin: https://localhost", f"Content-Type: {kind}", size,
        *headers, "Connection: close", "", "",
    ])  # fmt: skip


def form(pdf: bytes) -> bytes:
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
    return head + pdf + b"\r\n--edge--\r\n"


def chunked(body: bytes, size: int = 1024 * 1024) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer[:200]
    return int(answer[9:12])


def said(web: Web, what: str) -> int:
    """How often the web process has said so."""
    return web.log.read_text(errors="replace").count(what)


def lines_of(web: Web, part: str) -> list[str]:
    """What the web process has written of requests, once it has had the time."""
    time.sleep(0.2)
    return [line for line in Path(web.log).read_text(errors="replace").splitlines() if part in line]
