"""Calendars as other programs read them (iCalendar, RFC 5545): text of our own, folded and escaped as it is wanted."""

import datetime as dt
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

TYPE = "text/calendar; charset=utf-8"
LONGEST = 75  # octets of a line, without its end
_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


@dataclass(frozen=True)
class Event:
    """An entry: `uid` is the same for the same thing for ever, `begins` a moment (aware) or a whole Hanoi day.

    `ends` is None for something that is only a moment; `changed_at` is when it was last other (aware); `sequence`
    counts its changes; a `cancelled` one is crossed out where it is shown. `warn` is how long before it the program
    may ring.
    """

    uid: str
    begins: dt.datetime | dt.date
    summary: str
    changed_at: dt.datetime
    ends: dt.datetime | None = None
    description: str = ""
    location: str = ""
    url: str = ""
    sequence: int = 0
    cancelled: bool = False
    warn: dt.timedelta | None = None


def calendar(name: str, events: Iterable[Event], product: str) -> bytes:
    """A whole calendar, in UTF-8 with CR LF; `product` names the program and its version. Same events, same bytes."""
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//{_text(product)}//VI", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(name)}", "X-WR-TIMEZONE:Asia/Ho_Chi_Minh", "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    ]  # fmt: skip
    for event in events:
        lines += _event(event)
    return b"".join(fold(line) for line in [*lines, "END:VCALENDAR"])


def fold(line: str) -> bytes:
    """One line of at most 75 octets, or several of which the later ones begin with a space; no letter is cut in two."""
    parts, part, room = [], b"", LONGEST
    for letter in line:
        octets = letter.encode()
        if len(part) + len(octets) > room:
            parts.append(part)
            part, room = b"", LONGEST - 1
        part += octets
    return b"\r\n ".join([*parts, part]) + b"\r\n"


def _event(event: Event) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(event.uid)}"
    yield f"DTSTAMP:{_moment(event.changed_at)}"
    yield f"LAST-MODIFIED:{_moment(event.changed_at)}"
    yield f"SEQUENCE:{event.sequence}"
    yield from _when(event)
    yield f"SUMMARY:{_text(event.summary)}"
    if event.description:
        yield f"DESCRIPTION:{_text(event.description)}"
    if event.location:
        yield f"LOCATION:{_text(event.location)}"
    if event.url:
        yield f"URL:{_one_line(event.url)}"
    yield f"STATUS:{'CANCELLED' if event.cancelled else 'CONFIRMED'}"
    yield f"TRANSP:{'OPAQUE' if event.ends else 'TRANSPARENT'}"
    if event.warn and not event.cancelled:
        minutes = int(event.warn.total_seconds() // 60)
        yield from ("BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{_text(event.summary)}")
        yield from (f"TRIGGER:-PT{minutes}M", "END:VALARM")
    yield "END:VEVENT"


def _when(event: Event) -> Iterator[str]:
    if not isinstance(event.begins, dt.datetime):
        yield f"DTSTART;VALUE=DATE:{event.begins:%Y%m%d}"
        return
    yield f"DTSTART:{_moment(event.begins)}"
    if event.ends:
        yield f"DTEND:{_moment(event.ends)}"


def _moment(at: dt.datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return at.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def _clean(text: str) -> str:
    """NFC without what a content line may not hold: controls other than line ends, lone surrogates."""
    kept = (sign for sign in unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")))
    return "".join(sign for sign in kept if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cs"))


def _text(text: str) -> str:
    return _clean(text).translate(_ESCAPED)


def _one_line(text: str) -> str:
    return _clean(text).replace("\n", "")
