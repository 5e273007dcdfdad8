"""Whoever announces gets an answer within a second, or an error: a Redis that is away holds up nobody."""

import socket
import time

import pytest
import redis

from app.realtime.channel import CHANNEL, LARGEST, Announcement, encode
from app.realtime.gate import cookie_name
from app.realtime.publishing import REST, Away, Publisher
from tests.servers import RedisServer


def test_a_message_reaches_whoever_listens(redis_server):
    with redis.Redis(port=redis_server.port) as client, client.pubsub() as line:
        line.subscribe(CHANNEL)
        line.get_message(timeout=30)
        Publisher(redis_server.url).publish("x")
        assert line.get_message(timeout=30)["data"] == b"x"


def test_nobody_there_is_told_at_once():
    with socket.socket() as taken:  # and never listened on
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Away):
            Publisher(f"redis://127.0.0.1:{taken.getsockname()[1]}/0").publish("x")


def test_a_silent_redis_costs_a_second_and_the_next_message_nothing():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        now = [0.0]
        publisher = Publisher(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", clock=lambda: now[0])
        began = time.monotonic()
        with pytest.raises(Away):
            publisher.publish("x")
        assert 0.5 < time.monotonic() - began < 60
        for now[0] in (0.0, REST / 2):
            with pytest.raises(Away, match="a moment ago"):
                publisher.publish("x")


def test_a_redis_that_was_restarted_is_found_without_an_error():
    server = RedisServer()
    publisher = Publisher(server.url)
    publisher.publish("x")
    server.pause()
    server.start()
    publisher.publish("x")
    server.pause()
    with pytest.raises(Away):
        publisher.publish("x")
    server.stop()


def test_what_is_too_large_for_the_screens_is_not_sent():
    with pytest.raises(ValueError, match="no message for screens"):
        encode(Announcement("person", 1, {"pad": "x" * LARGEST}))


@pytest.mark.parametrize("secure", [True, False])
def test_the_session_cookie_has_the_name_that_the_pages_give_it(monkeypatch, secure):
    from flask import Flask

    from app.views import protection

    app = Flask("test")
    app.config.update(
        SESSION_COOKIE_SECURE=secure, SESSION_COOKIE_NAME="ecabinet", SECRET_KEY="x" * 40, PROXIES=0,
        SESSION_COOKIE_SAMESITE="Lax", DEMO=False,
    )  # fmt: skip
    expected = cookie_name(app.config)
    protection.register(app, None)
    assert app.config["SESSION_COOKIE_NAME"] == expected
