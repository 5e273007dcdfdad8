"""The application behind a port of the test's own process."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from typing import Any

from flask import Flask
from werkzeug.serving import make_server

import app as application
from app.realtime import connect
from app.realtime.listening import lines


def _closed_in_any_case(app: Flask) -> Any:
    """The same application; Werkzeug's server leaves an answer (and its file) open when the line is reset under it."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        return parts(app(environ, start_response))

    def parts(body: Iterable[bytes]) -> Iterator[bytes]:
        with closing(body) if hasattr(body, "close") else nullcontext():
            yield from body

    return answer


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The address of the application, served with threads."""
    server = make_server("127.0.0.1", 0, _closed_in_any_case(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def served_with_sockets(app: Flask) -> Iterator[str]:
    """The same, and sockets of this server hear what is emitted in this process."""
    before = app.wsgi_app
    application._init_sockets(app)
    connect.register()
    try:
        with served(app) as address:
            yield address
    finally:
        app.wsgi_app = before
        lines.clear()
