"""The stopwatch of a Resolution on every screen: which step was reached when, and how long it took since the close."""

import datetime as dt
from typing import Any

from flask_babel import format_datetime, pgettext
from flask_babel import gettext as _
from flask_babel import lazy_pgettext as _p

from app.models import Resolution
from app.views.durations import clock, span
from app.workflows.courses import Course, course_of
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.stopwatch import MARK_2019, Step, elapsed

DAY = 24 * 3600  # seconds; beyond it no clock has to run
STEPS = {
    "vote_closed": _p("step", "Vote closed"),
    "published": _p("step", "Result published"),
    "drafted": _p("step", "Drafted"),
    "presented": _p("step", "Presented"),
    "signed": _p("step", "Signed"),
    "numbered": _p("step", "Numbered"),
    "sealed": _p("step", "Sealed"),
    "promulgated": _p("step", "Promulgated"),
}


def watch(course: Course, now: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/_watch.html."""
    steps = course.steps
    ahead = next((step.code for step in steps if step.at is None), None) if course.running else None
    since = seconds(course, now)
    return {
        "steps": [_step(course, step, now) | {"current": step.code == ahead} for step in steps],
        "running": course.running, "elapsed": round(since, 1), "clock": clock(since), "total": span(since),
        "mark": _("mark of %(year)s: about %(n)s seconds", year=MARK_2019.year, n=MARK_2019.seconds),
        "ticking": since < DAY, "beaten": not course.running and since <= MARK_2019.seconds,
    }  # fmt: skip


def watch_of(resolution: Resolution, now: dt.datetime) -> dict[str, Any] | None:
    """The stopwatch of a Resolution that stands on a vote; None where there was none."""
    course = course_of(resolution)
    return watch(course, now) if course else None


def seconds(course: Course, now: dt.datetime) -> float:
    """Since the vote was closed: up to the promulgation, or until now while it is awaited."""
    whole = elapsed(course.steps, "promulgated")
    if whole is not None:
        return whole
    closed = course.poll.closed_at
    return max(0.0, (now - closed).total_seconds()) if closed and course.running else 0.0


def _step(course: Course, step: Step, now: dt.datetime) -> dict[str, Any]:
    return {
        "code": step.code, "label": STEPS[step.code], "done": step.at is not None, "note": _note(course, step),
        "since": "" if step.since_close is None else span(step.since_close),
        "took": "" if step.since_before is None else f"+ {span(step.since_before)}",
        "at": _moment(step.at, now) if step.at else "",
    }  # fmt: skip


def _moment(at: dt.datetime, now: dt.datetime) -> str:
    today = hanoi_date(at) == hanoi_date(now)
    return format_datetime(at, "HH:mm:ss") if today else format_datetime(at, "HH:mm:ss, dd/MM/yyyy")


def _note(course: Course, step: Step) -> str:
    """Who or what stands behind a step that was reached; names only for who may open the Resolution."""
    made = course.resolution
    if step.at is None or made is None or not course.open_to_reader:
        return course.number if step.code == "numbered" and step.at else ""
    notes = {
        "drafted": made.drafted_by.full_name if made.drafted_by else "",
        "presented": made.signer_post, "signed": made.signer.full_name, "numbered": course.number,
        "sealed": made.body.name,
        "promulgated": pgettext("dispatch", "%(n)s recipients", n=len(made.dispatches)) if made.dispatches else "",
    }  # fmt: skip
    return notes.get(step.code, "")
