"""One worker for pages, with the relay and the clock beside it; the embedded installation has its sockets there too.

The same server in production, several times (gunicorn, one worker with threads), so that what holds here holds there;
its master starts the worker again should it die. Every open socket of the embedded installation holds a thread.
"""

import gc
import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import TConn, ThreadWorker

from app import logs
from app.extensions import db
from app.tasks import clock, relay, sequencer
from app.workflows.engine.outbox import wake

log = logging.getLogger("ecabinet")

THREADS = 256  # sixty tablets with a socket each, and their requests
CLOSERS = 64  # lines whose other end has not hung up yet, at most two seconds each
LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"  # noqa: S104 - only when the operator asks for it
ENDED = 5.0  # seconds the background threads have to finish what they are at


def embedded(app: Flask, port: int) -> int:
    """Serve until Ctrl-C or SIGTERM; the exit status of the process.

    Loopback only, unless ECABINET_DEMO_LAN=1.
    """
    logs.configure(app.config["LOG_FORMAT"])
    with app.app_context():
        db.engine.dispose()  # no connection is shared with the worker
    host = EVERYWHERE if os.environ.get("ECABINET_DEMO_LAN") == "1" else LOOPBACK
    try:
        Server(app, host, port).run()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


class Worker(ThreadWorker):
    """Gunicorn's worker with threads; whoever does not hang up keeps nobody else waiting.

    A line is closed with a pause, so that the answer arrives where a body was not read; in the thread that takes the
    new ones it would stop all of them.
    """

    def init_process(self) -> None:
        self.closing = ThreadPoolExecutor(CLOSERS, thread_name_prefix="closing")
        super().init_process()

    def finish_request(self, conn: TConn, done: Any) -> None:
        conn.close = partial(self.closing.submit, conn.close)
        super().finish_request(conn, done)
        del conn.close


class Server(BaseApplication):
    """Gunicorn with our settings; nothing is read from its command line or environment."""

    def __init__(self, app: Flask, host: str, port: int) -> None:
        self.app, self.host, self.port = app, host, port
        self.background = Background(app)
        super().__init__()

    def load_config(self) -> None:
        settings: dict[str, Any] = {
            "bind": f"{self.host}:{self.port}", "worker_class": Worker, "workers": 1, "threads": THREADS,
            "worker_connections": 4 * THREADS, "keepalive": 15, "timeout": 60, "graceful_timeout": 2,
            "forwarded_allow_ips": "", "forwarder_headers": "", "secure_scheme_headers": {},  # ECABINET_PROXIES alone
            "proc_name": "ecabinet", "control_socket_disable": True,
            "logconfig_dict": logs.settings(self.app.config["LOG_FORMAT"]),
            "when_ready": self.say_ready, "post_worker_init": self.begin, "worker_exit": self.end,
        }  # fmt: skip
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self.app

    def say_ready(self, _arbiter: Any) -> None:
        log.info("e-Cabinet answers at http://%s:%s – stop it with Ctrl-C", LOOPBACK, self.port)

    def begin(self, _worker: Any) -> None:
        """What is loaded now stays: Python does not look through 400,000 objects again while somebody waits."""
        gc.collect()
        gc.freeze()
        self.background.start()

    def end(self, _arbiter: Any, worker: Any) -> None:
        """Let the background threads finish, then leave at once: open sockets would hold their threads for ever."""
        if worker.pid != os.getpid():
            return  # the master tells of a worker that died
        self.background.stop()
        logging.shutdown()
        os._exit(0)


class Background:
    """The threads beside the requests: the relay's lanes, the sequencer, and the clock that closes what is over.

    In production the calendar belongs to Celery; the clock here still closes votes, so that a dead scheduler does not
    keep one open.
    """

    def __init__(self, app: Flask) -> None:
        self.stopping = threading.Event()
        alone = not app.config["REDIS_URL"]
        lanes = relay.lanes_here(app.config["TASK_RUNNERS"])
        work: dict[str, Any] = {f"relay-{lane[0]}": partial(relay.run_forever, lane=lane) for lane in lanes}
        work["sequencer"] = sequencer.run_forever
        work["clock"] = partial(clock.run_forever, calendar=alone)
        self.threads = [
            threading.Thread(target=run, args=(app, self.stopping), name=name, daemon=True)
            for name, run in work.items()
        ]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.stopping.set()
        wake.set()
        for thread in self.threads:
            thread.join(ENDED)
