"""A web process that waits two seconds for the body of a request to the public page, where others wait two minutes.

ECABINET_TEST_PLACE=first is the control: a body takes the place where files are judged before it has arrived.
"""

import os
import sys

from app.views import pki, receiving, verification
from tests import house

SECONDS = 2.0


def take_the_place_first() -> None:
    arrived = receiving.Arrival.file

    def file(arrival: receiving.Arrival, name: str) -> bytes:
        if not verification.AT_ONCE.acquire(timeout=SECONDS / 10):
            raise receiving.NoRoom
        try:
            return arrived(arrival, name)
        finally:
            verification.AT_ONCE.release()

    receiving.Arrival.file = file


if __name__ == "__main__":
    receiving.WITHIN = pki.WITHIN = SECONDS
    if os.environ.get("ECABINET_TEST_PLACE") == "first":
        take_the_place_first()
    sys.exit(house.serve_it())
