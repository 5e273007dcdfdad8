"""A time-stamping authority for tests of what the application does with its stamps, and what when there are none."""

import datetime as dt
from collections.abc import Iterator

import pytest

from app import wiring
from app.gateways import timestamp
from app.gateways.timestamp import Asked, StampFault, StampRefused, TimeStamp
from app.tasks import relay
from app.tasks import time_stamps as tasks
from tests.cabinet import NOW
from tests.gateways.stamp_cases import Root, demo


class Tsa:
    """Stamps by the clock of the test, `drift` away from it; gives nothing but the fault while there is one."""

    def __init__(self) -> None:
        self.root = Root.make(NOW)
        self.authority = demo(self.root, NOW)
        self.fault: StampFault | None = None
        self.drift = dt.timedelta()
        self.asked = 0
        self.clock = NOW

    def stamp(self, digest: bytes, now: dt.datetime) -> tuple[bytes, TimeStamp]:
        self.asked += 1
        if self.fault is not None:
            raise StampRefused(self.fault)
        told = Asked(lambda query, at: self.authority.answer(query, at + self.drift), (self.root.certificate,))
        return told.stamp(digest, now)

    def work(self, at: dt.datetime) -> int:
        """Do the background work that is due at that time; how much of it was done."""
        self.clock = at
        return relay.drain(at)


@pytest.fixture
def tsa(app, monkeypatch) -> Iterator[Tsa]:
    """The application asks this authority."""
    made = Tsa()
    timestamp.use(made, (made.root.certificate,))
    wiring.connect()
    monkeypatch.setattr(tasks, "_now", lambda: made.clock)
    yield made
    timestamp.use(None)
    wiring.connect()
