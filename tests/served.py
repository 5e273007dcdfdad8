"""The application behind a port of the test's own process."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from flask import Flask
from werkzeug.serving import make_server


def _closed_in_any_case(app: Flask) -> Any:
    """The same application; Werkzeug's server leaves an answer (and its file) open when the line is reset under it."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        return parts(app(environ, start_response))

    def parts(body: Iterable[bytes]) -> Iterator[bytes]:
        if not hasattr(body, "close"):
            yield from body
            return
        with closing(body):
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
