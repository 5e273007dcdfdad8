"""Whether a vote is slower when two hundred screens watch it: ballots cast over HTTP in the shape of a production.

Two web processes take the ballots and announce them over Redis; a realtime process, which runs in either case, tells
the screens. All of them and the screens share the cores of this machine.
"""

import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from app.extensions import db
from benchmarks import fanout, load
from benchmarks.casting_http import COOKIE, DATABASE, WARM, Electorate, House
from benchmarks.measure import Row
from tests.conftest import SETTINGS
from tests.servers import free_port

SCREENS, MEMBERS, CLIENTS, ROUNDS = 200, 400, 8, 5
A_WHILE = 100  # milliseconds that the screens listen before they look whether it is over
LAST = 1000  # milliseconds after which the last count has arrived


class Watched:
    """The house with a realtime process."""

    def __init__(self, stack: ExitStack) -> None:
        self.house, self.port = House(stack), free_port()
        command = [sys.executable, "-m", "app.realtime.serve", "--port", str(self.port)]
        environment = {
            "ECABINET_DATABASE": self.house.server.url(DATABASE), "ECABINET_REDIS": self.house.redis.url,
            "ECABINET_SECRET_KEY": str(SETTINGS["SECRET_KEY"]), "ECABINET_DEMO": "", "ECABINET_ENV": "",
        }  # fmt: skip
        server = stack.enter_context(fanout.process(command, environment))
        fanout.wait_for(self.house.redis, 1, [server])

    def alone(self, electorate: Electorate) -> float:
        """Ballots per second with nobody watching."""
        return self._rate(electorate.next_requests())

    def watched(self, electorate: Electorate) -> float:
        """Ballots per second; RuntimeError when a screen heard nothing of them."""
        requests = electorate.next_requests()
        cookies = [f"{COOKIE}={cookie}" for cookie, _token in electorate.entered.values()]
        wanted = {
            "path": "/socket.io/?EIO=4&transport=websocket", "socketio": True, "meeting_id": electorate.meeting_id,
            "cookies": cookies, "ports": [self.port], "redis": self.house.redis.port,
        }  # fmt: skip
        with fanout.screens(wanted) as ask:
            ask("connect", SCREENS)
            with Listening(ask) as listening:
                rate = self._rate(requests)
        if not listening.least:
            raise RuntimeError("a screen heard nothing of the ballots")
        return rate

    def _rate(self, requests: list[bytes]) -> float:
        self.house.wait_until_it_answers()
        warm = load.send_all(self.house.addresses, requests[:WARM], CLIENTS)
        answers = load.send_all(self.house.addresses, requests[WARM:], CLIENTS)
        if set(warm.statuses) | set(answers.statuses) != {200}:
            raise RuntimeError(f"not counted: {answers.statuses} {answers.bodies[-1][:300]!r}")
        return answers.rate


class Listening:
    """The screens read what they are told for as long as this lasts; `least` is what the least of them heard."""

    def __init__(self, ask: Callable[[str, int], Any]) -> None:
        self.ask, self.least, self._over = ask, 0, threading.Event()
        self._thread = threading.Thread(target=self._listen)

    def _listen(self) -> None:
        while not self._over.is_set():
            self.least += self.ask("listen", A_WHILE)["least"]
        self.least += self.ask("listen", LAST)["least"]

    def __enter__(self) -> "Listening":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()


def measure() -> list[Row]:
    """One row: the same votes, watched and not, in turn."""
    name = f"cast over HTTP, {CLIENTS} clients, {SCREENS} screens watching"
    row = Row(name, "ballots/s", "the same with no screen", "higher", 0.9)
    with ExitStack() as stack:
        watched = Watched(stack)
        with watched.house.application.app_context():
            electorate = Electorate(watched.house.application, MEMBERS)
            watched.alone(electorate)  # the first one is for warming up
            for number in range(ROUNDS):
                sides = [(watched.watched, row.ours), (watched.alone, row.theirs)]
                for side, found in sides if number % 2 else reversed(sides):
                    found.append(side(electorate))
                sys.stderr.write(f"  {row.name}: {row.ours[-1]:.4g} / {row.theirs[-1]:.4g} {row.unit}\n")
            db.session.remove()
            db.engine.dispose()
    return [row]
