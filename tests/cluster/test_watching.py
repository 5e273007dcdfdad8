"""The rehearsal's screens: nginx deals browsers out by a number of chance, and every realtime process gets some."""

import threading
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


@pytest.fixture
def screen():
    """It heard of the states 3 and 4, was away, and heard of 7 and 6; the meeting is at 7."""
    there = object.__new__(visitor.Screen)
    there.meeting_id, there.visitor = 1, SimpleNamespace(ask=lambda _path: {"meeting": {"version": 7}})
    there.facts, there.gaps, there.joined = [], [], threading.Event()
    there._joined({"ok": True})
    there.facts += [{"fact": "MeetingOpened", "version": 3}, {"fact": "PollOpened", "version": 4}]
    there._joined({"ok": True})
    there.facts += [{"fact": "ResolutionDrafted", "version": 7}, {"fact": "PollPublished", "version": 6}]
    return there


def test_a_screen_that_was_away_sees_what_it_missed(screen):
    assert screen.gaps == [2]
    assert screen.knows("PollPublished", 6)
    assert screen.knows("PollClosed", 5)
    assert screen.is_as_new_as(7)
    screen.visitor.ask = lambda _path: {"meeting": {"version": 4}}
    assert not screen.knows("PollClosed", 5)


def test_what_a_living_line_loses_is_missed(screen):
    assert not screen.knows("ItemOpened", 4)
    assert not screen.knows("AgendaChanged", 2)
    assert not screen.knows("ResolutionSigned", 8)
    assert not screen.is_as_new_as(8)
    screen.gaps.clear()
    assert not screen.knows("PollClosed", 5)
