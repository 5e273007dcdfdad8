"""What is to be told or done after the commit is a row written before it."""

import datetime as dt
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert

from app.extensions import db
from app.models import Job, Queue
from app.workflows.engine.tables import table

Handler = Callable[[dict[str, Any]], None]
LONGEST_TEXT = 200  # an argument names something, it does not carry it


class WrongArguments(ValueError):
    """A job for which there is no task, or whose arguments are not those of its task."""


@dataclass(frozen=True)
class Task:
    """What a job of this name does. `arguments` are names and types: ids, counts, codes – never what they stand for."""

    name: str
    queue: Queue
    run: Handler
    arguments: Mapping[str, type] = field(default_factory=dict)

    def check(self, payload: object) -> None:
        """WrongArguments unless the payload has exactly these arguments."""
        if not isinstance(payload, dict) or set(payload) != set(self.arguments):
            raise WrongArguments(f"{self.name} takes {sorted(self.arguments)}")
        for name, kind in self.arguments.items():
            value = payload[name]
            if type(value) is not kind or (isinstance(value, str) and len(value) > LONGEST_TEXT):
                raise WrongArguments(f"{self.name}: {name} is no {kind.__name__} of a fitting size")


class Wake:
    """A hint for every lane of the relay in this process; the rows are the truth."""

    def __init__(self) -> None:
        self._lanes: list[threading.Event] = []

    def lane(self) -> threading.Event:
        """An event of one's own, set at each commit."""
        event = threading.Event()
        self._lanes.append(event)
        return event

    def leave(self, event: threading.Event) -> None:
        self._lanes.remove(event)

    def set(self) -> None:
        for event in tuple(self._lanes):
            event.set()


tasks: dict[str, Task] = {}
heard_by: dict[type, list[str]] = {}
wake = Wake()


def task(name: str) -> Task:
    """The task of that name; WrongArguments when there is none."""
    try:
        return tasks[name]
    except KeyError:
        raise WrongArguments(f"there is no task {name}") from None


def job_for(
    body_id: int,
    name: str,
    payload: dict[str, Any],
    dedupe_key: str,
    now: dt.datetime,
    due_at: dt.datetime | None = None,
    total: int = 0,
) -> Job:
    """The row of a job, not yet in any session; WrongArguments for what its task does not take."""
    found = task(name)
    found.check(payload)
    return Job(
        body_id=body_id, name=name, queue=found.queue, payload=payload, dedupe_key=dedupe_key, created_at=now,
        due_at=due_at or now, progress_total=total,
    )  # fmt: skip


def enqueue(
    body_id: int,
    name: str,
    payload: dict[str, Any],
    dedupe_key: str,
    now: dt.datetime,
    due_at: dt.datetime | None = None,
    total: int = 0,
) -> Job:
    """Write a job row in the caller's transaction.

    `payload` are the arguments of the task, `due_at` the time before which it waits, `total` how much there is to do
    where progress is shown. A second job under the same key is an error of the database.
    """
    job = job_for(body_id, name, payload, dedupe_key, now, due_at, total)
    db.session.add(job)
    return job


def enqueue_all(
    name: str, jobs: Iterable[tuple[int, dict[str, Any], str]], now: dt.datetime, due_at: dt.datetime | None = None
) -> None:
    """The same for many jobs of one name, due together, in one statement: body, arguments and unique key of each."""
    found, rows = task(name), []
    for body_id, payload, dedupe_key in jobs:
        found.check(payload)
        rows.append({
            "body_id": body_id, "name": name, "queue": found.queue, "payload": payload, "dedupe_key": dedupe_key,
            "created_at": now, "due_at": due_at or now,
        })  # fmt: skip
    db.session.execute(insert(table(Job)), rows)
