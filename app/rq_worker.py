"""The RQ worker of a production does what somebody waits for: python -m app.rq_worker interactive signing.

It runs one function with one number. Whoever can write into Redis can ask for nothing else: everything that is not a
hint is dropped and logged.
"""

import logging
import sys
from typing import Any

import redis
import rq
from flask import Flask
from rq.executions import Execution
from rq.job import Job as Hint
from rq.serializers import JSONSerializer

from app import logs, ready_app
from app.extensions import db
from app.models import Queue
from app.tasks import hints, pulse

log = logging.getLogger(__name__)

AGAIN = 2.0  # seconds between two looks whether Redis is back
QUEUES = frozenset({Queue.SIGNING, Queue.INTERACTIVE})


class Worker(rq.Worker):
    """Each job in a child of its own: one that takes all memory or crashes takes nobody along."""

    app: Flask
    seen_as: str
    max_connection_wait_time = AGAIN

    def heartbeat(self, *timing: Any, **more: Any) -> None:
        """The library's own in Redis, and ours in the database, for the monitor and the doctor."""
        super().heartbeat(*timing, **more)
        with self.app.app_context():
            pulse.beat(self.seen_as, pulse.now())

    def dequeue_job_and_maintain_ttl(self, *timing: Any, **more: Any) -> Any:
        """A message that is not even text is taken out of the queue like any other, and dropped."""
        while True:
            try:
                return super().dequeue_job_and_maintain_ttl(*timing, **more)
            except ValueError:
                log.error("a message in a queue could not be read and was dropped")

    def execute_job(self, job: Hint, queue: rq.Queue) -> None:
        """Refuse whatever is no hint of ours; a hint is run within the application."""
        if not _is_hint(job):
            log.error("a message in the queue %s is no hint and was dropped", queue.name)
            job.delete()
            return
        super().execute_job(job, queue)

    def perform_job(self, job: Hint, queue: rq.Queue, execution: Execution) -> bool:
        with self.app.app_context():
            db.engine.dispose(close=False)  # the connections of before the fork belong to the parent
            return super().perform_job(job, queue, execution)


def _is_hint(job: Hint) -> bool:
    try:
        return job.func_name == hints.RUN and len(job.args) == 1 and type(job.args[0]) is int and not job.kwargs
    except Exception:  # a message that cannot even be read
        return False


def main(names: list[str]) -> int:
    """Work until SIGTERM; the exit status."""
    app = ready_app()
    logs.configure(app.config["LOG_FORMAT"])
    if not names or not set(names) <= QUEUES or not app.config["REDIS_URL"]:
        sys.stderr.write(f"usage: python -m app.rq_worker {' '.join(sorted(QUEUES))}   (with ECABINET_REDIS)\n")
        return 2
    connection = hints.connection(app.config["REDIS_URL"])
    settings: dict[str, Any] = {"connection": _patient(app.config["REDIS_URL"]), "serializer": JSONSerializer}
    worker = Worker([rq.Queue(name, connection=connection, serializer=JSONSerializer) for name in names], **settings)
    worker.app, worker.seen_as = app, f"rq:{'+'.join(names)}"
    worker.log = log
    return 0 if worker.work(with_scheduler=False, logging_level="WARNING") is not None else 1


def _patient(url: str) -> Any:
    """A worker waits for messages longer than a request would, and for Redis to come back."""
    return redis.Redis.from_url(url)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
