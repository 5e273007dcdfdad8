"""A patient web process with a mistake, for the negative control: it speaks with Redis before it answers."""

import os
import sys

import redis
from sqlalchemy import event
from sqlalchemy.orm import Session

from tests import house
from tests.faults.patient import wait_for_ever


@event.listens_for(Session, "after_commit")
def tell(session: Session) -> None:
    """As if a ballot were announced by whoever counts it."""
    if session.info.get("act") == "count_ballots":
        with redis.Redis.from_url(os.environ["ECABINET_REDIS"]) as line:
            line.publish("careless", "a ballot was counted")


if __name__ == "__main__":
    wait_for_ever()
    sys.exit(house.serve_it())
