"""Progress of a vote: how many have voted, told at most ten times a second, never what anybody chose.

Each process that handles jobs folds what it hears; where sockets have processes of their own, those fold once more
what comes from several (app/realtime/folding.py).
"""

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app

from app.realtime import announcing
from app.realtime.channel import BALLOT
from app.tasks import execution
from app.workflows import live

log = logging.getLogger(__name__)

GAP = 0.11  # seconds between two messages about one poll: at most ten in any second
AGAIN = dt.timedelta(seconds=1)  # before the job behind a count that could not be told is due again
Later = Callable[[float, Callable[[], None]], None]


@dataclass
class Heard:
    """Ballots of one poll that are not told yet: every version after `since` up to `version` is one of them.

    `job_id` is the job of the last of them, which may be done before it is told.
    """

    meeting_id: int
    since: int
    version: int
    job_id: int = 0


Send = Callable[[int, Heard], None]


class Pace:
    """Folds what is heard of a poll into one message, sent at once or when the last one is old enough.

    What is sent later belongs to jobs that may be done by then: when it fails, `reopen` makes the last of them due
    again, so that it is told even if this process ends first.
    """

    def __init__(
        self, send: Send, later: Later, clock: Callable[[], float] = time.monotonic,
        reopen: Callable[[int], None] = lambda _job_id: None,
    ) -> None:  # fmt: skip
        self._send, self._later, self._clock, self._reopen = send, later, clock, reopen
        self._lock = threading.Lock()
        self._heard: dict[int, Heard] = {}
        self._sent_at: dict[int, float] = {}

    def hear(self, poll_id: int, meeting_id: int, version: int, job_id: int = 0) -> None:
        """A ballot was counted; its version is folded into what waits, if it follows it."""
        with self._lock:
            waiting = self._heard.get(poll_id)
            if waiting and version > waiting.version:
                waiting.since = waiting.since if version == waiting.version + 1 else version - 1
                waiting.version, waiting.job_id = version, job_id
            if waiting:
                return  # somebody sends it already
            self._heard[poll_id] = Heard(meeting_id, version - 1, version, job_id)
            wait = self._sent_at.get(poll_id, 0.0) + GAP - self._clock()
        if wait > 0:
            self._later(wait, lambda: self.flush(poll_id))
        elif heard := self._take(poll_id):
            self._send(poll_id, heard)  # its job is in hand: when this fails, so does the job

    def flush(self, poll_id: int) -> None:
        """Send what waits, if anything does; what could not be sent is due again, and the error goes on."""
        heard = self._take(poll_id)
        if heard is None:
            return
        try:
            self._send(poll_id, heard)
        except Exception:
            self._reopen(heard.job_id)
            raise

    def finish(self, poll_id: int, meeting_id: int, version: int, _job_id: int = 0) -> None:
        """The vote is over: the last count goes out at once, as of the version before the closing one."""
        with self._lock:
            heard = self._heard.pop(poll_id, None)
            self._sent_at.pop(poll_id, None)
        before = version - 1
        since = heard.since if heard and heard.version == before else before
        self._send(poll_id, Heard(meeting_id, since, before))

    def _take(self, poll_id: int) -> Heard | None:
        with self._lock:
            heard = self._heard.pop(poll_id, None)
            if heard is not None:
                self._sent_at[poll_id] = self._clock()
            return heard


def progress(fact: dict[str, Any]) -> None:
    """A ballot was counted, or the vote has ended. Harmless when run twice: the count is read when it is told."""
    heard = pace.hear if fact["fact"] == BALLOT else pace.finish
    job = execution.current.get()
    heard(fact["subject_id"], fact["meeting_id"], fact["version"], job.id if job else 0)


def _send(poll_id: int, heard: Heard) -> None:
    """Counted when it is sent, so that the last message is right, however many were folded into it."""
    voted, members = live.progress_of(poll_id)
    message = {
        "fact": BALLOT, "poll_id": poll_id, "meeting_id": heard.meeting_id, "since": heard.since,
        "version": heard.version, "voted": voted, "members": members,
    }  # fmt: skip
    announcing.to_meeting(heard.meeting_id, message)


def _later(seconds: float, call: Callable[[], None]) -> None:
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def run() -> None:
        try:
            with app.app_context():
                call()
        except Exception:  # it is told again
            log.exception("the progress of a vote was not told")

    timer = threading.Timer(seconds, run)
    timer.daemon = True
    timer.start()


def _due_again(job_id: int) -> None:
    execution.reopen(job_id, dt.datetime.now(dt.UTC) + AGAIN)


pace = Pace(_send, _later, reopen=_due_again)
