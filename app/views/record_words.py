"""How a value of a row is written on a record page: words for codes, Hanoi time, "–" for nothing."""

import datetime as dt
from enum import StrEnum
from functools import reduce
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from app.models import (
    FOREVER,
    AbsenceState,
    DayKind,
    DeliveryState,
    ItemState,
    JobState,
    KeyState,
    MeetingState,
    PollState,
    ResolutionState,
    SlipState,
)
from app.views.actor import now
from app.workflows.engine.words import word
from app.workflows.rules.calendar import HANOI
from app.workflows.rules.expiry import STEPS

NOTHING = "–"
UNITS = ("B", "KB", "MB")
THOUSAND = 1024
LOOKS: dict[StrEnum, str] = {  # only what differs from the plain chip: now | ok | warn | bad | info
    MeetingState.INVITED: "info", MeetingState.OPEN: "now", MeetingState.ADJOURNED: "warn",
    MeetingState.CLOSED: "ok", MeetingState.POSTPONED: "warn", MeetingState.CANCELLED: "bad",
    ItemState.CURRENT: "now", ItemState.DONE: "ok",
    PollState.OPEN: "now", PollState.CLOSED: "info", PollState.PUBLISHED: "ok", PollState.ANNULLED: "bad",
    AbsenceState.REQUESTED: "warn", AbsenceState.APPROVED: "ok", AbsenceState.REFUSED: "bad",
    KeyState.ACTIVE: "ok", KeyState.SUSPENDED: "bad",
    ResolutionState.PRESENTED: "now", ResolutionState.SIGNED: "now", ResolutionState.NUMBERED: "now",
    ResolutionState.SEALED: "info", ResolutionState.PROMULGATED: "ok", ResolutionState.RECALLED: "bad",
    ResolutionState.REPLACED: "warn",
    JobState.RUNNING: "now", JobState.DONE: "ok", JobState.FAILED: "bad",
    DeliveryState.SENDING: "now", DeliveryState.HANDED_OVER: "ok", DeliveryState.FAILED: "bad",
    DeliveryState.BOUNCED: "bad", DeliveryState.UNCERTAIN: "warn",
    SlipState.SUBMITTED: "info", SlipState.APPROVED: "info", SlipState.ISSUED: "now", SlipState.CLOSED: "ok",
    SlipState.REPORTED: "ok", SlipState.DECIDED: "ok", SlipState.ABANDONED: "bad", SlipState.RECALLED: "bad",
    DayKind.OFF: "warn", DayKind.WORKED: "info",
}  # fmt: skip


def value_of(row: Any, path: str) -> Any:
    """The value behind a dotted path; None as soon as something on the way is missing."""
    return reduce(_part, path.split("."), row)


def _part(found: Any, name: str) -> Any:
    if found is None:
        return None
    return found.get(name) if isinstance(found, dict) else getattr(found, name)


def said(value: Any) -> Any:
    """A value in the words of the page."""
    if value is None or value == "" or value == FOREVER:  # noqa: PLR1714 - a value may be unhashable
        return NOTHING
    if isinstance(value, StrEnum):
        return word(value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, dt.datetime):
        return moment(value)
    if isinstance(value, dt.date):
        return value.strftime("%d/%m/%Y")
    return value


def moment(value: dt.datetime) -> str:
    """dd/mm/yyyy HH:MM in Hanoi; FAB's own naive times are local already."""
    return (value.astimezone(HANOI) if value.tzinfo else value).strftime("%d/%m/%Y %H:%M")


def chip(code: StrEnum | None) -> Any:
    """A state as a coloured label; the word is always there."""
    if code is None:
        return NOTHING
    look = f" ec-chip--{LOOKS[code]}" if code in LOOKS else ""
    return Markup('<span class="ec-chip{}">{}</span>').format(look, word(code))


def ending(until: dt.datetime) -> Any:
    """The end of a certificate, marked when it is near or over (rule:R46)."""
    at, near = now(), dt.timedelta(days=max(STEPS))
    if until >= at + near:
        return said(until)
    look, words = ("warn", _("ends soon")) if until >= at else ("bad", _("ended"))
    return Markup('{} <span class="ec-chip ec-chip--{}">{}</span>').format(said(until), look, words)


def digest(value: str | None) -> Any:
    """A SHA-256 in full for copying, shown short."""
    if not value:
        return NOTHING
    return Markup('<code class="rec-digest" title="{}">{}…</code>').format(value, value[:16])


def size(value: int | None) -> str:
    """A number of bytes in words, with a decimal comma."""
    if value is None:
        return NOTHING
    amount, unit = float(value), 0
    while amount >= THOUSAND and unit < len(UNITS) - 1:
        amount, unit = amount / THOUSAND, unit + 1
    return f"{amount:.1f}".replace(".", ",").removesuffix(",0") + f" {UNITS[unit]}"
