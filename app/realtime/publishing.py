"""Redis as seen by whoever announces: an answer within a second, or an error."""

import time
from collections.abc import Callable

from flask import Flask
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError
from redis.retry import Retry

from app.realtime.channel import CHANNEL

PATIENCE = 1.0  # seconds to connect, and to answer
REST = 1.0  # seconds in which a Redis that was away is not asked again: a silent one must not hold up the relay


class Away(RuntimeError):
    """Redis did not take the message; nobody was told."""


class Publisher:
    """Sends texts to the channel; safe to use from many threads. A line that was lost is made anew once."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        again = Retry(NoBackoff(), 1, supported_errors=(ConnectionLost,))
        self._redis = Redis.from_url(url, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE, retry=again)
        self._clock, self._rests_until = clock, 0.0

    def publish(self, text: str) -> None:
        """Hand one message to every realtime process that is there; Away when Redis did not take it."""
        if self._clock() < self._rests_until:
            raise Away("Redis did not answer a moment ago")
        try:
            self._redis.publish(CHANNEL, text)
        except RedisError as problem:
            self._rests_until = self._clock() + REST
            raise Away(f"Redis did not answer: {problem}") from problem


def publisher(app: Flask) -> Publisher:
    """The publisher of an application, made when it is first needed: after a server has forked."""
    if "announcer" not in app.extensions:
        app.extensions.setdefault("announcer", Publisher(app.config["REDIS_URL"]))
    found: Publisher = app.extensions["announcer"]
    return found
