"""Who was last seen at work, for the health page and the doctor."""

import datetime as dt
import time

from sqlalchemy.dialects import postgresql, sqlite

from app.extensions import db
from app.models import Heartbeat
from app.workflows.engine.transaction import own_transaction

EVERY = 15.0  # seconds
_written: dict[str, float] = {}


def beat(name: str, now: dt.datetime) -> None:
    """Note that this part is at work; written a few times a minute, however often it is called."""
    if time.monotonic() - _written.get(name, -EVERY) < EVERY:
        return
    _written[name] = time.monotonic()
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    row = insert(Heartbeat).values(name=name, at=now)  # several processes that begin at once all write the first one
    with own_transaction() as session:
        session.execute(row.on_conflict_do_update(index_elements=[Heartbeat.name], set_={"at": now}))


def now() -> dt.datetime:
    """The time, aware."""
    return dt.datetime.now(dt.UTC)
