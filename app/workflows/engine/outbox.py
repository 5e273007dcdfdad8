"""What is to be told or done after the commit is a row written before it."""

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

from app.extensions import db
from app.models import Job

Handler = Callable[[dict[str, Any]], None]

handlers: dict[str, Handler] = {}
heard_by: dict[type, list[str]] = {}
wake = threading.Event()  # a hint for the relay; the rows are the truth


def enqueue(body_id: int, name: str, payload: dict[str, Any], dedupe_key: str, now: dt.datetime) -> None:
    """Write a job row in the caller's transaction; `payload` is JSON, ids and codes only."""
    db.session.add(Job(body_id=body_id, name=name, payload=payload, dedupe_key=dedupe_key, due_at=now))
