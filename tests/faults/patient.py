"""A web process that waits for Redis as long as it takes: what stands between a ballot and its answer cannot hide."""

import sys
from typing import Any

import redis

from tests import house


def wait_for_ever() -> None:
    """No connection to Redis has a limit of its own, whoever makes it."""
    begin = redis.Connection.__init__

    def begin_without_limit(line: redis.Connection, *where: Any, **how: Any) -> None:
        begin(line, *where, **how)
        line.socket_timeout = line.socket_connect_timeout = None

    redis.Connection.__init__ = begin_without_limit


if __name__ == "__main__":
    wait_for_ever()
    sys.exit(house.serve_it())
