"""Counts of one vote that come from several web processes become one course: ten a second, in order, never backwards.

A count says of which versions of the meeting it knows: all after `since` up to `version` were ballots of this vote.
Two processes may hand in (10, 12] and (12, 13] in any order; what is told is joined again, so that a screen that has
seen version 10 understands it without asking.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

GAP = 0.11  # seconds between two messages about one poll: at most ten in any second
HOLE = 0.35  # seconds a hole may take to be filled: what other processes hold back is younger than that
MOST_SPANS = 64
MOST_POLLS = 256  # the eldest are forgotten: they are long over

Later = Callable[[float, Callable[[], None]], object]
Tell = Callable[[int, dict[str, Any]], None]
Span = tuple[int, int]


@dataclass
class Course:
    """What is known of one poll; `spans` are joined and rising."""

    message: dict[str, Any]
    spans: list[Span] = field(default_factory=list)
    told: int = 0  # the highest version that was told
    told_at: float = float("-inf")
    waits: bool = False
    hole_at: float | None = None  # since when something is missing right behind what was told

    def take(self, message: dict[str, Any]) -> None:
        """Join a count with what is known; ballots are never taken back, so the highest count is the latest."""
        self.spans = joined([*self.spans, (message["since"], message["version"])])[-MOST_SPANS:]
        voted = max(message["voted"], self.message["voted"])
        self.message = {**self.message, **message, "voted": voted}

    def holed(self) -> bool:
        """Whether a screen that has followed so far would have to ask."""
        return bool(self.told) and self.spans[-1][0] > self.told

    def followed(self) -> Span | None:
        """What follows without a hole on what was told, if there is anything new in it."""
        return next((span for span in self.spans if span[0] <= self.told < span[1]), None)


class Folding:
    """Holds back and joins; `tell(meeting_id, message)` sends. To be used from one thread."""

    def __init__(self, tell: Tell, later: Later, clock: Callable[[], float] = time.monotonic) -> None:
        self._tell, self._later, self._clock = tell, later, clock
        self._courses: dict[int, Course] = {}

    def hear(self, message: dict[str, Any]) -> None:
        """A count has arrived: tell it at once, or with what follows when the last one is too young."""
        course = self._course(message)
        course.take(message)
        if course.waits:
            return
        wait = course.told_at + GAP - self._clock()
        if wait > 0:
            self._wait(course, wait)
        else:
            self._flush(course)

    def settle(self, poll_id: int | None) -> None:
        """Something else about this poll is told next: what waits goes out before it."""
        course = self._courses.get(poll_id or 0)
        if course and course.waits:
            self._send(course)

    def _course(self, message: dict[str, Any]) -> Course:
        course = self._courses.pop(message["poll_id"], None) or Course(message)
        self._courses[message["poll_id"]] = course
        if len(self._courses) > MOST_POLLS:
            del self._courses[next(iter(self._courses))]
        return course

    def _wait(self, course: Course, seconds: float) -> None:
        course.waits = True
        self._later(seconds, lambda: self._due(course))

    def _due(self, course: Course) -> None:
        if course.waits:
            self._flush(course)

    def _flush(self, course: Course) -> None:
        """Tell what waits; what stands behind a hole is held back for a moment."""
        course.waits, now = False, self._clock()
        if not course.holed():
            course.hole_at = None
        elif course.hole_at is None:
            course.hole_at = now
        if course.hole_at is None or now - course.hole_at >= HOLE:
            self._send(course)
            return
        if followed := course.followed():
            self._send(course, followed)
            course.hole_at = now  # another one
        self._wait(course, GAP)

    def _send(self, course: Course, span: Span | None = None) -> None:
        since, version = span or course.spans[-1]
        course.told, course.told_at = version, self._clock()
        if span is None:
            course.waits, course.hole_at = False, None
        self._tell(course.message["meeting_id"], {**course.message, "since": since, "version": version})


def joined(spans: list[Span]) -> list[Span]:
    """The same versions in as few spans as possible, rising; a span is everything after its first number."""
    found: list[Span] = []
    for since, version in sorted(spans):
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], version))
        else:
            found.append((since, version))
    return found
