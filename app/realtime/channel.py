"""What travels from whoever acts to the processes that hold the sockets: one JSON text each, checked on arrival."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

NAMESPACE = "/meetings"
CHANNEL = "ecabinet:live"
MEETING, PERSON, JOBS, SLIP = "meeting", "person", "jobs", "slip"  # a room: who may see that meeting, and so on
EVENTS = {MEETING: "fact", PERSON: "notice", JOBS: "job", SLIP: "slip"}  # the event under which a screen hears of it
BALLOT = "BallotCast"
LARGEST = 16384  # bytes; ours have a few hundred
LARGEST_ID = 2**31 - 1
CUT = {"cut", "session_ids", "person_id"}
NUMBERS = ("poll_id", "since", "voted", "members")


class Poisoned(ValueError):
    """A text on the channel that we did not write."""


@dataclass(frozen=True)
class Announcement:
    """A message to everybody in one room; `message` is what the screens get."""

    kind: str
    about: int
    message: dict[str, Any]

    @property
    def event(self) -> str:
        return EVENTS[self.kind]

    @property
    def room(self) -> str:
        return room(self.kind, self.about)


@dataclass(frozen=True)
class Cut:
    """The sockets of these sessions, and all of that person, are no longer entitled to anything."""

    session_ids: frozenset[int]
    person_id: int | None

    @classmethod
    def of(cls, session_ids: Iterable[int | None], person_id: int | None) -> "Cut":
        return cls(frozenset(each for each in session_ids if each is not None), person_id)

    def concerns(self, session_id: int | None, person_id: int | None) -> bool:
        return session_id in self.session_ids or (self.person_id is not None and person_id == self.person_id)


def room(kind: str, about: int) -> str:
    """The name of a room, such as `meeting:12`."""
    return f"{kind}:{about}"


def encode(what: Announcement | Cut) -> str:
    """The text that `decode` understands; ValueError for what is too large for the channel."""
    if isinstance(what, Cut):
        content = {"cut": True, "session_ids": sorted(what.session_ids), "person_id": what.person_id}
    else:
        content = {"kind": what.kind, "about": what.about, "message": what.message}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > LARGEST:
        raise ValueError(f"a message of {len(text)} characters is no message for screens")
    return text


def decode(sent: Any) -> Announcement | Cut:
    """What was announced; Poisoned for everything that is not exactly of our form."""
    if not isinstance(sent, bytes) or len(sent) > LARGEST:
        raise Poisoned("not a text of ours")
    try:
        content = json.loads(sent)
    except (ValueError, RecursionError) as problem:
        raise Poisoned("not JSON") from problem
    if not isinstance(content, dict):
        raise Poisoned("not an object")
    return _cut(content) if "cut" in content else _announcement(content)


def is_id(value: Any) -> bool:
    """Whether it can be the number of a row."""
    return type(value) is int and 0 < value <= LARGEST_ID


def _announcement(content: dict[str, Any]) -> Announcement:
    if set(content) != {"kind", "about", "message"} or content["kind"] not in tuple(EVENTS):  # a list has no hash
        raise Poisoned("addressed to nobody")
    if not is_id(content["about"]) or not isinstance(content["message"], dict):
        raise Poisoned("no address or no message")
    if content["kind"] == MEETING:
        _check_fact(content["about"], content["message"])
    return Announcement(content["kind"], content["about"], content["message"])


def _check_fact(meeting_id: int, fact: dict[str, Any]) -> None:
    if fact.get("meeting_id") != meeting_id or not isinstance(fact.get("fact"), str):
        raise Poisoned("no fact of its meeting")
    if fact.get("poll_id") is not None and not is_id(fact["poll_id"]):
        raise Poisoned("about no vote")
    numbers = ("version", *(NUMBERS if fact["fact"] == BALLOT else ()))
    if any(type(fact.get(name)) is not int or fact[name] < 0 for name in numbers):
        raise Poisoned("no version or no count")


def _cut(content: dict[str, Any]) -> Cut:
    ids, person_id = content.get("session_ids"), content.get("person_id")
    if set(content) != CUT or not isinstance(ids, list) or not all(is_id(each) for each in ids):
        raise Poisoned("no sessions to cut")
    if person_id is not None and not is_id(person_id):
        raise Poisoned("no person to cut")
    return Cut(frozenset(ids), person_id)
