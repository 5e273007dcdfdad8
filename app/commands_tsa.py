"""`flask tsa`: the demo's time-stamping authority as a server of its own, for a rehearsal with several processes."""

import datetime as dt
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app import installation
from app.gateways import timestamp

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
LARGEST = 4096  # bytes of a request; one has about 60
SECONDS = 10.0  # of a connection on which nothing comes


def register(app: Flask) -> None:
    app.cli.add_command(_serve)


@click.command("tsa")
@click.option("--listen", default="127.0.0.1:3161", show_default=True, help="HOST:PORT; port 0 takes a free one.")
@with_appcontext
def _serve(listen: str) -> None:
    """Give DEMO time stamps over HTTP (RFC 3161); run as the account that reads the certificate authority."""
    authority = installation.authority_here(current_app)
    if authority is None:
        raise click.ClickException("There is no certificate authority here that could certify a time stamp.")
    server = serve(timestamp.demo_authority(authority), listen)
    host, port = server.server_address[:2]
    click.echo(f"DEMO time stamps at http://{host!s}:{port}/ – their time is this machine's and proves nothing.")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


def serve(authority: timestamp.DemoAuthority, listen: str) -> ThreadingHTTPServer:
    """A server that answers when it is started; click's exception for an address that is none or is taken."""
    address = urlsplit(f"//{listen}")
    try:
        server = ThreadingHTTPServer((address.hostname or "", address.port or 0), _answering(authority))
    except (OSError, ValueError) as problem:
        raise click.ClickException(f"{listen}: {problem}") from problem
    server.daemon_threads = True
    return server


def _answering(authority: timestamp.DemoAuthority) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        timeout = SECONDS

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isascii() or not length.isdigit() or int(length) > LARGEST:
                self.send_error(413)
            elif self.headers.get("Content-Type") != QUERY:
                self.send_error(415)
            else:
                self._say(authority.answer(self.rfile.read(int(length)), dt.datetime.now(dt.UTC)))

        def _say(self, reply: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", REPLY)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_said: Any) -> None:
            """Nothing on the terminal for each stamp."""

    return Answering
