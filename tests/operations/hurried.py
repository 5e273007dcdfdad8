"""A web process that waits two seconds for the body of a request from SLOW, where others have their usual time.

It says of every body that it begins to wait for it. ECABINET_TEST_PLACE=first is the control: a body takes the place
where files are judged before it has arrived, and has its usual time there.
"""

import os
import sys

from flask import request

from app.views import receiving, verification
from tests import house

SLOW = "127.0.0.3"
SECONDS = 2.0
BEGUN, TAKEN = "waits for a body from", "took a place for a body from"


class Deadline(receiving.Deadline):
    def __init__(self, seconds: float) -> None:
        super().__init__(SECONDS if request.remote_addr == SLOW else seconds)
        say(BEGUN)


def say(what: str) -> None:
    print(what, request.remote_addr, file=sys.stderr, flush=True)


def take_the_place_first() -> None:
    arrived = receiving.Arrival.file

    def file(arrival: receiving.Arrival, name: str) -> bytes:
        if not verification.AT_ONCE.acquire(timeout=SECONDS / 10):
            raise receiving.NoRoom
        say(TAKEN)
        try:
            return arrived(arrival, name)
        finally:
            verification.AT_ONCE.release()

    receiving.Arrival.file = file


if __name__ == "__main__":
    if os.environ.get("ECABINET_TEST_PLACE") == "first":
        take_the_place_first()
    else:
        receiving.Deadline = Deadline
    sys.exit(house.serve_it())
