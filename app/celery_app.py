"""The Celery of a production: celery -A app.celery_app worker -Q … and celery -A app.celery_app beat"""

import datetime as dt
import logging
from logging.config import dictConfig
from typing import Any

from celery.signals import setup_logging, worker_process_init

from app import create_app, installation
from app.extensions import celery as app
from app.extensions import db
from app.models import Queue
from app.serve import LOGGING
from app.tasks import clock, execution, hints, pulse, relay, worker

log = logging.getLogger(__name__)

QUEUES = (Queue.SCHEDULE, Queue.DIGEST, Queue.NOTIFY, Queue.MAINTENANCE)
TICK = "ecabinet.tick"
SECOND = 1.0

flask_app = create_app()
installation.require_ready(flask_app)
app.conf.update(
    broker_url=flask_app.config["REDIS_URL"],
    broker_connection_retry_on_startup=True,
    broker_transport_options={"socket_connect_timeout": 2, "socket_timeout": 5, "global_keyprefix": "ecabinet:"},
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_store_eager_result=False,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    task_default_queue=Queue.SCHEDULE.value,
    task_create_missing_queues=True,
    beat_schedule={"tick": {"task": TICK, "schedule": SECOND, "options": {"expires": 5}}},
    beat_schedule_filename=str(flask_app.config["BEAT_FILE"]),
    timezone="UTC",
)
celery = app


@setup_logging.connect
def _log(**_settings: Any) -> None:
    dictConfig(LOGGING)


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


__all__ = ["QUEUES", "celery", "execution"]
