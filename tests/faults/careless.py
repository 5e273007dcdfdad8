"""A web process with a mistake, for the negative control: it speaks with Redis before it answers."""

import os
import sys
from contextlib import suppress

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import event
from sqlalchemy.orm import Session

from tests import house


@event.listens_for(Session, "after_commit")
def tell(session: Session) -> None:
    """As patient as the publisher of the application."""
    if session.info.get("act") == "count_ballots":
        line = redis.Redis.from_url(
            os.environ["ECABINET_REDIS"], socket_connect_timeout=1, socket_timeout=1, retry=Retry(NoBackoff(), 0)
        )
        with suppress(redis.RedisError), line:
            line.publish("careless", "a ballot was counted")


if __name__ == "__main__":
    sys.exit(house.serve_it())
