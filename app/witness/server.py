"""HTTP around the desk: one request for each connection, within a time, of a size, from a bounded number of callers."""

import logging
import re
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from app.gateways.witness.notes import LARGEST
from app.witness.desk import Desk, Reply

log = logging.getLogger("ecabinet.witness")

LARGEST_REQUEST = LARGEST + 4096  # bytes: a note and 63 hashes
SILENCE = 5.0  # seconds without a byte
SPEAKS_FOR = 15.0  # seconds for everything, however slowly
MOST_CALLERS = 64
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # what would steer the terminal of whoever reads the log


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: "Server"
    timeout = SILENCE
    server_version, sys_version = "witness", ""

    def do_GET(self) -> None:
        self._answer(self.server.desk.read(self.path))

    def do_POST(self) -> None:
        if self.path != "/add-checkpoint":
            return self._answer(Reply(HTTPStatus.NOT_FOUND, b"there is nothing here\n"))
        said = self.headers.get("Content-Length", "")
        if not (said.isascii() and said.isdigit()):
            return self._answer(Reply(HTTPStatus.LENGTH_REQUIRED, b"say how long the request is\n"))
        if len(said) > 9 or int(said) > LARGEST_REQUEST:  # noqa: PLR2004  digits
            return self._answer(Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"the request is too long\n"))
        body = self.rfile.read(int(said))
        if len(body) != int(said):
            return self._answer(Reply(HTTPStatus.BAD_REQUEST, b"the request is shorter than it says\n"))
        return self._answer(self.server.desk.add_checkpoint(body))

    def _answer(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: Any) -> None:
        log.info("%s %s", self.client_address[0], CONTROL.sub("?", format % args))


class Server(ThreadingHTTPServer):
    """Listens until it is shut down."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, host: str, port: int, desk: Desk) -> None:
        self.desk = desk
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._callers = threading.Semaphore(MOST_CALLERS)
        super().__init__((host, port), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._callers.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        over = threading.Timer(SPEAKS_FOR, _cut, [request])
        over.daemon = True
        over.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            over.cancel()
            self._callers.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.exception("%s: the request came to no end", client_address[0])


def _cut(line: socket.socket) -> None:
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is over already
