"""Bodies of strangers: how many are on their way, and how much of whom has arrived."""

import threading

import pytest

from app.views import receiving
from app.views.receiving import Landing, NoRoom

ONE, OTHER = "192.0.2.1", "192.0.2.2"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(receiving, "PATIENCE", 0.01)


def test_no_more_bodies_than_there_is_room_for():
    landing = Landing(2, 1000)
    with landing.body(ONE), landing.body(OTHER), pytest.raises(NoRoom), landing.body(ONE):
        pass
    assert landing.empty
    with landing.body(ONE):
        assert not landing.empty


def test_one_network_has_half_of_the_room():
    landing = Landing(9, 1000)
    with landing.body(ONE) as first, landing.body(ONE) as second, landing.body(OTHER) as third:
        first.hold(400)
        second.hold(100)
        with pytest.raises(NoRoom):
            second.hold(1)
        third.hold(500)
        with pytest.raises(NoRoom):
            third.hold(1)
    assert landing.empty


def test_whoever_waits_gets_the_room_that_somebody_leaves(monkeypatch):
    monkeypatch.setattr(receiving, "PATIENCE", 60)
    landing, came = Landing(9, 1000), threading.Event()

    def wait() -> None:
        with landing.body(ONE) as later:
            later.hold(300)
            came.set()

    with landing.body(ONE) as first:
        first.hold(300)
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not came.wait(0.05)
    assert came.wait(30)
    waiting.join()
    assert landing.empty


def test_what_breaks_leaves_its_room():
    landing = Landing(9, 1000)
    with pytest.raises(NoRoom), landing.body(ONE) as body:
        body.hold(501)
    with landing.body(ONE) as body:
        body.hold(500)
    assert landing.empty
