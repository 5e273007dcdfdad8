"""Hints for the queues of a production: an id and nothing else, as JSON. Lost or doubled, they do no harm."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import redis
import rq
from flask import current_app
from kombu import Connection
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq.serializers import JSONSerializer

from app.extensions import celery
from app.models import Queue

log = logging.getLogger(__name__)

SECONDS = 1.0  # that a queue may take to answer
REST = 2.0  # seconds without another try after a queue did not answer
LONGEST_JOB = 4 * 3600  # seconds: of the check of everything; of a worker that died the lease tells earlier
RUN = "app.tasks.worker.run"
CELERY_RUN = "ecabinet.run"
AWAY = (redis.RedisError, OperationalError, OSError)
MARK = "ecabinet:told"  # as long as it is there, so are the hints that were given
ASKED_EVERY = 1.0  # seconds
_rest_until = _asked_at = 0.0


def resting() -> bool:
    """Whether a queue was away a moment ago."""
    return time.monotonic() < _rest_until


def give(runner: str, queue: str, job_id: int, attempts: int) -> bool:
    """Tell a queue of a job; False when it does not answer, which is tried again a little later."""
    global _rest_until  # noqa: PLW0603 - one process, one memory of it
    if resting():
        return False
    try:
        SENDERS[runner](queue, job_id, attempts)
    except AWAY as problem:
        _rest_until = time.monotonic() + REST
        log.warning("the queue %s does not answer: %s", queue, type(problem).__name__)
        return False
    return True


@dataclass(frozen=True)
class Seen:
    """What Redis holds of what it was told: whether it lost everything, and which queues have nothing waiting."""

    forgotten: bool = False
    empty: frozenset[Queue] = frozenset()


def look(runners: Mapping[Queue, str]) -> Seen | None:
    """Asked once a second: of these queues, each with its runner; None in between, and while Redis is away."""
    global _asked_at, _rest_until  # noqa: PLW0603 - as above
    if time.monotonic() - _asked_at < ASKED_EVERY:
        return None
    _asked_at = time.monotonic()
    try:
        asked = connection(current_app.config["REDIS_URL"]).pipeline(transaction=False)
        asked.exists(MARK)
        for queue, runner in runners.items():
            asked.llen(f"{current_app.config['REDIS_PREFIX']}{queue}" if runner == "celery" else f"rq:queue:{queue}")
        there, *waiting = asked.execute()
    except AWAY as problem:
        _rest_until = time.monotonic() + REST
        log.warning("the queues do not answer: %s", type(problem).__name__)
        return None
    return Seen(not there, frozenset(queue for queue, length in zip(runners, waiting, strict=True) if not length))


def remember() -> None:
    """All that waits will be told again: from here on nothing is lost as long as the mark is there."""
    try:
        connection(current_app.config["REDIS_URL"]).set(MARK, 1)
    except AWAY:
        log.warning("the queues were lost again")


@lru_cache(maxsize=4)
def connection(url: str) -> redis.Redis:
    """One pool per address, impatient: whoever waits here holds up the relay."""
    return redis.Redis.from_url(
        url, socket_connect_timeout=SECONDS, socket_timeout=SECONDS, retry=Retry(NoBackoff(), 0)
    )


def _to_rq(queue: str, job_id: int, attempts: int) -> None:
    waiting = rq.Queue(queue, connection=connection(current_app.config["REDIS_URL"]), serializer=JSONSerializer)
    waiting.enqueue_call(
        RUN, args=(job_id,), job_id=f"{job_id}-{attempts}", result_ttl=0, failure_ttl=3600, timeout=LONGEST_JOB
    )


def _to_celery(queue: str, job_id: int, _attempts: int) -> None:
    """Over a connection of our own: the pool of the library keeps a dead one when Redis was away."""
    url: str = current_app.config["REDIS_URL"]
    line = _lines.setdefault(url, celery.connection_for_write(url))
    try:
        celery.send_task(CELERY_RUN, args=(job_id,), queue=queue, connection=line, ignore_result=True, retry=False)
    except AWAY:
        _lines.pop(url).release()
        raise


_lines: dict[str, Connection] = {}
SENDERS: dict[str, Callable[[str, int, int], Any]] = {"rq": _to_rq, "celery": _to_celery}
