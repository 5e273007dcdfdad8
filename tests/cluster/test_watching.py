"""The rehearsal's screens: nginx deals browsers out by a number of chance, and every realtime process gets some."""

from types import SimpleNamespace

import pytest

from deploy.cluster import replay, visitor

STATE = {"address": "https://127.0.0.1", "certificate": "", "realtime": [1]}


@pytest.fixture
def session(monkeypatch):
    """Sockets come to the process from the third device on."""
    held = replay.Session(STATE, ["tv02"])
    person = SimpleNamespace(sign_in=lambda _password: None, http=SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(replay, "Visitor", lambda *_: person)
    monkeypatch.setattr(replay, "Screen", lambda *_: SimpleNamespace(joined=SimpleNamespace(wait=lambda _s: True)))
    monkeypatch.setattr(replay, "clients_of", lambda _port: len(held.screens) // 3)
    return held


def test_a_process_that_chance_left_alone_is_reached_by_further_devices(session):
    session._reach(1)
    assert (len(session.screens), len(session.people)) == (3, 3)


def test_without_further_devices_it_would_be_waited_for_in_vain(session, monkeypatch):
    monkeypatch.setattr(replay, "MOST_DEVICES", 2)
    monkeypatch.setattr(replay, "until", lambda so, about: visitor.until(so, about, 0.1))
    with pytest.raises(visitor.Unexpected, match="realtime process 1"):
        session._reach(1)
