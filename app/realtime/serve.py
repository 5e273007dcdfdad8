"""A realtime process of a production: `python -m app.realtime.serve --port 9001`. It holds sockets and tells them.

Nothing of signing and no form is loaded here; docs/operations.md says how many are started and what stands in front.
"""

import argparse
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType

import uvicorn
from flask import Flask

from app import logs
from app.extensions import db
from app.realtime.gate import Gate
from app.realtime.server import LARGEST, THREADS
from app.settings import NotReady, require_addresses

log = logging.getLogger("ecabinet")

LOOPBACK = "127.0.0.1"
SHORTEST_SECRET = 32
SEND_BUFFER = 65536  # bytes the kernel keeps for a client that does not read, beside the same in our buffer
ENDS_WITHIN = 3  # seconds
BACKLOG = 4096


class Program(uvicorn.Server):
    """Uvicorn that ends with 0 when it is told to end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        def end(_number: int, _frame: FrameType | None) -> None:
            self.should_exit = True

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        yield


def application() -> Flask:
    """Settings and database of the installation, and nothing else of it; NotReady without what it needs."""
    app = Flask("app")
    app.config.from_object("config")
    require_addresses(app.config)
    if options := app.config["SQLALCHEMY_ENGINE_OPTIONS"]:  # of a server: a connection for each thread
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options | {"pool_size": THREADS, "max_overflow": 0}
    if len(app.config["SECRET_KEY"] or "") < SHORTEST_SECRET:
        raise NotReady("ECABINET_SECRET_KEY is missing or shorter than 32 characters.")
    if app.config["REALTIME"] != "apart" or not app.config["REDIS_URL"]:
        raise NotReady("ECABINET_REDIS is missing: without it the pages tell their screens themselves.")
    if not any(app.config["TRUSTED_HOSTS"] or ()):
        raise NotReady("ECABINET_HOSTS is empty; name the hosts that this installation answers to.")
    db.init_app(app)
    import_module("app.models")
    return app


def serve(app: Flask, host: str, port: int) -> None:
    """Until SIGTERM or Ctrl-C."""
    _allow_many_sockets()
    config = uvicorn.Config(
        Gate(app), loop="uvloop", http="h11", ws="websockets-sansio", interface="asgi3", lifespan="on",
        log_config=None, access_log=False, proxy_headers=False, server_header=False, date_header=False,
        ws_max_size=LARGEST, ws_ping_interval=None, ws_per_message_deflate=False, backlog=BACKLOG,
        timeout_graceful_shutdown=ENDS_WITHIN,
    )  # fmt: skip
    with _listening(host, port) as listening:
        log.info("sockets are taken at http://%s:%s", host, listening.getsockname()[1])
        Program(config).run(sockets=[listening])


def main(arguments: list[str] | None = None) -> int:
    """The exit status of the program."""
    parser = argparse.ArgumentParser(prog="python -m app.realtime.serve", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default=LOOPBACK)
    wanted = parser.parse_args(arguments)
    try:
        app = application()
        logs.configure(app.config["LOG_FORMAT"])
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # below that it tells who asked for what
        serve(app, wanted.host, wanted.port)
    except NotReady as reason:
        sys.stderr.write(f"{reason}\n")
        return os.EX_CONFIG
    return 0


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    listening.bind((host, port))
    return listening


def _allow_many_sockets() -> None:
    """As many open files as the system lets this process have."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(main())
