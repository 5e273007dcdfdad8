"""The Celery of a production keeps the calendar, makes digests and sends messages: celery -A app.celery_app worker."""

import datetime as dt
import logging
from typing import Any

from celery.app.amqp import AMQP
from celery.signals import setup_logging, worker_process_init
from kombu import Connection

from app import logs, ready_app
from app.extensions import celery as app
from app.extensions import db
from app.tasks import clock, hints, pulse, relay, worker

log = logging.getLogger(__name__)

TICK = "ecabinet.tick"
SECOND = 1.0


class Line(Connection):
    """Looks each second whether Redis is back; the library itself waits longer each time, up to half a minute."""

    def ensure_connection(self, *args: Any, **more: Any) -> Any:
        return super().ensure_connection(*args, **{"interval_start": SECOND, "interval_step": 0} | more)


class Lines(AMQP):
    Connection = Line



flask_app = ready_app()
app.amqp_cls = Lines
app.conf.update(
    broker_connection_max_retries=None,  # a worker that gives up after a hundred tries helps nobody
    beat_schedule={"tick": {"task": TICK, "schedule": SECOND, "options": {"expires": 5}}},
    beat_schedule_filename=str(flask_app.config["BEAT_FILE"]),
)
celery = app


@setup_logging.connect
def _log(**_settings: Any) -> None:
    logs.configure(flask_app.config["LOG_FORMAT"])


@worker_process_init.connect
def _after_fork(**_settings: Any) -> None:
    with flask_app.app_context():
        db.engine.dispose(close=False)  # the connections of before the fork belong to the parent


@app.task(name=hints.CELERY_RUN, ignore_result=True)
def run(*arguments: Any, **names: Any) -> bool:
    """Handle one job; the row decides whether there is anything to do, so running twice is harmless."""
    if len(arguments) != 1 or names:
        log.error("a hint of another shape was refused")
        return False
    with flask_app.app_context():
        return worker.run(arguments[0])


@app.task(name=TICK, ignore_result=True)
def tick() -> None:
    """What the clock of the embedded installation does each second; it looks at rows, so running twice is harmless."""
    with flask_app.app_context():
        now = dt.datetime.now(dt.UTC)
        pulse.beat("celery", now)
        clock.beat(now, sockets=False)
        relay.hand_over(now)

