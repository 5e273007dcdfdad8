"""The background: workers alive for every queue, the clock and the calendar beating, nothing waiting for long."""

import datetime as dt
from collections.abc import Iterator

import redis
import rq
from celery import Celery
from flask import current_app
from flask_babel import lazy_gettext as _
from rq.serializers import JSONSerializer
from sqlalchemy import func, select

from app.doctor.findings import Finding, error, ok, warning
from app.extensions import db
from app.metrics.state import waiting
from app.models import Heartbeat, Job, JobState

SECONDS = 3.0
FRESH = dt.timedelta(seconds=60)  # a part that is at work notes it four times a minute
LATE = dt.timedelta(minutes=5)


def rq_workers() -> Iterator[Finding]:
    """A living worker for every queue whose jobs somebody waits for."""
    queues = _queues("rq")
    if not queues:
        return
    with _redis() as connection:
        now = dt.datetime.now(dt.UTC)
        served = {
            name
            for worker in rq.Worker.all(connection=connection, serializer=JSONSerializer)
            if _alive(worker, now)
            for name in worker.queue_names()
        }
    yield _serving("workers.rq", queues, served)


def celery_workers() -> Iterator[Finding]:
    """A Celery worker that answers, for every queue of the calendar."""
    queues = _queues("celery")
    if not queues:
        return
    answered = _celery().control.inspect(timeout=SECONDS).active_queues() or {}
    served = {queue["name"] for worker in answered.values() for queue in worker}
    yield _serving("workers.celery", queues, served)


def beats() -> Iterator[Finding]:
    """The relay, the clock that closes votes, and in a production the calendar of Celery's beat."""
    now = dt.datetime.now(dt.UTC)
    with db.engine.connect() as connection:
        last = {row.name: row.at for row in connection.execute(select(Heartbeat.name, Heartbeat.at))}
    wanted = {"clock": _("the clock that closes votes"), "relay:live": _("the relay that tells the screens")}
    if _queues("celery"):
        wanted["celery"] = _("the calendar of Celery (beat and a worker of “schedule”)")
    for name, part in wanted.items():
        at = last.get(name)
        if at is None:
            yield error(f"beats.{name}", _("Nobody has ever seen %(part)s at work.", part=part))
        elif now - at > FRESH:
            waited = int((now - at).total_seconds())
            yield error(f"beats.{name}", _("Last seen %(s)d s ago: %(part)s.", s=waited, part=part))
        else:
            yield ok(f"beats.{name}", _("At work: %(part)s.", part=part))


def jobs() -> Iterator[Finding]:
    """How long jobs wait, and how many were given up in the last week."""
    now = dt.datetime.now(dt.UTC)
    since = min((row.since for row in waiting(now) if row.state == JobState.DUE and row.since), default=now)
    if now - since > LATE:
        said = _(
            "The oldest job has been waiting for %(minutes)d minutes.", minutes=int((now - since).total_seconds() / 60)
        )
        yield warning("jobs.waiting", said)
    else:
        yield ok("jobs.waiting", _("No job has been waiting for more than five minutes."))
    lately = (Job.state == JobState.FAILED, Job.due_at > now - dt.timedelta(days=7))
    with db.engine.connect() as connection:
        failed = connection.scalar(select(func.count()).select_from(Job).where(*lately)) or 0
    if failed:
        yield warning("jobs.failed", _("%(count)d jobs were given up this week; see the jobs monitor.", count=failed))
    else:
        yield ok("jobs.failed", _("No job was given up this week."))


def _serving(code: str, queues: list[str], served: set[str]) -> Finding:
    missing = sorted(set(queues) - served)
    if missing:
        return error(code, _("Nobody works on the queues: %(names)s.", names=", ".join(missing)))
    return ok(code, _("Workers are alive for: %(names)s.", names=", ".join(sorted(queues))))


def _alive(worker: "rq.worker.BaseWorker", now: dt.datetime) -> bool:
    """Seen within the time after which its own library gives a worker up."""
    seen = worker.last_heartbeat
    if seen is None:
        return False
    seen = seen if seen.tzinfo else seen.replace(tzinfo=dt.UTC)
    return now - seen < dt.timedelta(seconds=worker.worker_ttl)


def _queues(runner: str) -> list[str]:
    runners: dict[str, str] = current_app.config["TASK_RUNNERS"]
    return [str(queue) for queue, takes in runners.items() if takes == runner]


def _redis() -> redis.Redis:
    return redis.Redis.from_url(current_app.config["REDIS_URL"], socket_connect_timeout=SECONDS, socket_timeout=SECONDS)


def _celery() -> Celery:
    """The same settings as those of the workers, with less patience."""
    config = current_app.config
    asking = Celery("doctor", set_as_current=False)
    asking.conf.update(config["CELERY"], broker_url=config["REDIS_URL"], broker_connection_max_retries=0)
    impatient = {"socket_connect_timeout": SECONDS, "socket_timeout": SECONDS}
    asking.conf.broker_transport_options = {**config["CELERY"].get("broker_transport_options", {}), **impatient}
    return asking


CHECKS = (rq_workers, celery_workers, beats, jobs)
