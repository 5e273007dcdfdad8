"""What is looked up only when the figures are read: the waiting jobs and the connections to the database."""

import datetime as dt
import logging
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Pool, case, func, select
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.metrics.patience import together
from app.models import Job, JobState

log = logging.getLogger(__name__)

PATIENCE = 2.0  # seconds for the one query
LEFT = (JobState.DUE, JobState.RUNNING, JobState.FAILED, JobState.CANCELLED)  # what is done is not counted row by row


class Waiting(NamedTuple):
    """The jobs of a queue in a state: how many, how many of them whose time has come, and since when the oldest."""

    queue: str
    state: str
    jobs: int
    ready: int
    since: dt.datetime | None


def waiting(now: dt.datetime) -> list[Waiting]:
    """Jobs that are not done, by queue and state; one query over the index of states."""
    ready = case((Job.due_at <= now, 1), else_=0)
    since = func.min(case((Job.due_at <= now, Job.due_at)))
    since.type = Job.due_at.type
    found = select(Job.queue, Job.state, func.count(), func.sum(ready), since)
    rows = found.where(Job.state.in_(LEFT)).group_by(Job.queue, Job.state)
    with db.engine.connect() as connection:
        return [Waiting(str(queue), str(state), *rest) for queue, state, *rest in connection.execute(rows)]


class Database(Collector):
    """Read within an application context; a database that is away is a figure too."""

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        now = dt.datetime.now(dt.UTC)
        found = together({"figures": lambda: _asked(now)}, PATIENCE)["figures"]
        up = GaugeMetricFamily("ecabinet_database_up", "Whether the database answered this question in time.")
        up.add_metric((), found is not None)
        yield up
        yield from _jobs(found or [], now)
        yield _pool(db.engine.pool)


def _asked(now: dt.datetime) -> list[Waiting] | None:
    try:
        return waiting(now)
    except SQLAlchemyError as away:
        log.warning("the figures of the jobs cannot be read: %s", type(away).__name__)
        return None


def _jobs(found: list[Waiting], now: dt.datetime) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("ecabinet_jobs", "Jobs that are not done.", labels=("queue", "state"))
    ready = GaugeMetricFamily("ecabinet_jobs_ready", "Those whose time has come.", labels=("queue", "state"))
    age = GaugeMetricFamily(
        "ecabinet_job_age_seconds", "Since when the oldest could be worked on.", labels=("queue", "state")
    )
    for row in found:
        labels = (row.queue, row.state)
        jobs.add_metric(labels, row.jobs)
        ready.add_metric(labels, row.ready)
        age.add_metric(labels, (now - row.since).total_seconds() if row.since else 0)
    yield from (jobs, ready, age)


def _pool(pool: Pool) -> Metric:
    """Connections by kind; a pool that keeps none has none of these counters."""
    figures = GaugeMetricFamily("ecabinet_database_connections", "Connections of this process.", labels=("kind",))
    for kind, name in (("size", "size"), ("in_use", "checkedout"), ("idle", "checkedin"), ("overflow", "overflow")):
        if counter := getattr(pool, name, None):
            figures.add_metric((kind,), max(0, counter()))
    return figures
