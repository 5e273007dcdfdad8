"""Several processes begin at once: each notes that it is at work, and none stumbles over the other's note."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Heartbeat
from app.tasks import pulse
from tests.cabinet import NOW
from tests.conftest import on_postgresql

pytestmark = on_postgresql
NAME, LATER = "relay:live", NOW + dt.timedelta(seconds=1)


def test_the_first_beat_of_two_processes_at_once_is_noted_by_both(app, monkeypatch):
    monkeypatch.setattr(pulse, "_written", {})

    def beat():
        with app.app_context():
            pulse.beat(NAME, LATER)

    with ThreadPoolExecutor(1) as pool, Session(db.engine) as other:
        other.execute(insert(Heartbeat).values(name=NAME, at=NOW))
        waiting = pool.submit(beat)
        with pytest.raises(TimeoutError):
            waiting.result(0.5)  # for the other's commit
        other.commit()
        waiting.result(30)
    assert db.session.get(Heartbeat, NAME).at == LATER
