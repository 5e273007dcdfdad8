"""What a digest (bản tin) holds: keys and data of everything one person is told at once, in no language yet."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from app.workflows.rules.calendar import iso_utc, parse_utc

DAILY, SESSION = "daily", "session"
NEW, CHANGED, NOW, OPEN = "new", "changed", "now", "open"  # marks of a line, beside the codes of urgency
_VERSION = 1

Told = Mapping[str, str | int]


@dataclass(frozen=True)
class Line:
    """One matter: `kind` names its sentence, `told` fills it, `address` is a path; `below` belongs to the one above."""

    kind: str
    told: Told = field(default_factory=dict)
    at: dt.datetime | None = None
    address: str = ""
    marks: tuple[str, ...] = ()
    below: bool = False


@dataclass(frozen=True)
class Section:
    """Lines under the title that `key` names."""

    key: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Occasion:
    """The session that a session digest is about, and why it comes now (rules/timetable.py: PAPERS, OPENING)."""

    meeting_id: int
    title: str
    starts_at: dt.datetime
    why: str


@dataclass(frozen=True)
class DigestContent:
    """All that one person is told at once; keys and data only, so that it can be read in any language.

    `day` is the Hanoi day it is for, `since` the moment up to which was told before, `made_at` that of the making;
    `person` and `post` are the recipient, `place` is that of the date line.
    """

    kind: str
    body: str
    place: str
    person: str
    post: str
    day: dt.date
    since: dt.datetime
    made_at: dt.datetime
    sections: tuple[Section, ...]
    occasion: Occasion | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON without surprises; times in UTC with whole seconds."""
        about = self.occasion
        return {
            "v": _VERSION, "kind": self.kind, "body": self.body, "place": self.place, "person": self.person,
            "post": self.post, "day": self.day.isoformat(), "since": iso_utc(self.since),
            "made_at": iso_utc(self.made_at), "sections": [_plain_section(section) for section in self.sections],
            "occasion": about and {
                "meeting_id": about.meeting_id, "title": about.title, "starts_at": iso_utc(about.starts_at),
                "why": about.why,
            },
        }  # fmt: skip

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> Self:
        """The inverse of `as_dict`; ValueError for anything else."""
        try:
            if value["v"] != _VERSION:
                raise ValueError(f"a digest of version {value['v']}")
            return cls(
                **{name: value[name] for name in ("kind", "body", "place", "person", "post")},
                day=dt.date.fromisoformat(value["day"]), since=parse_utc(value["since"]),
                made_at=parse_utc(value["made_at"]),
                sections=tuple(Section(each["key"], tuple(map(_line, each["lines"]))) for each in value["sections"]),
                occasion=value["occasion"] and _occasion(value["occasion"]),
            )  # fmt: skip
        except (KeyError, TypeError) as odd:
            raise ValueError(f"no digest: {odd}") from odd


def with_sections(content: DigestContent, sections: Iterable[Section | None]) -> DigestContent | None:
    """The digest with what there is to tell; None when there is nothing: then none is made (rule:R33)."""
    found = tuple(section for section in sections if section is not None and section.lines)
    fields = {name: getattr(content, name) for name in content.__dataclass_fields__}
    return DigestContent(**{**fields, "sections": found}) if found else None


def _plain_section(section: Section) -> dict[str, Any]:
    return {
        "key": section.key,
        "lines": [
            {"kind": line.kind, "told": dict(line.told), "at": line.at and iso_utc(line.at), "address": line.address,
             "marks": list(line.marks), "below": line.below}
            for line in section.lines
        ],
    }  # fmt: skip


def _line(value: Mapping[str, Any]) -> Line:
    at = value["at"] and parse_utc(value["at"])
    return Line(value["kind"], value["told"], at, value["address"], tuple(value["marks"]), value["below"])


def _occasion(value: Mapping[str, Any]) -> Occasion:
    return Occasion(value["meeting_id"], value["title"], parse_utc(value["starts_at"]), value["why"])
