"""What each queue has to do and who works on it, for the top of the jobs monitor; the chips that filter its list."""

import datetime as dt
from typing import Any

from flask import current_app, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.extensions import db
from app.models import Heartbeat, JobState, Queue
from app.views.durations import span
from app.workflows import jobs
from app.workflows.engine.rights import Actor
from app.workflows.engine.words import word
from app.workflows.jobs import Load

STATE, QUEUE = "_flt_0_state", "_flt_0_queue"
UNDONE = (JobState.DUE, JobState.RUNNING, JobState.FAILED)
STATES = (*UNDONE, JobState.CANCELLED, JobState.DONE)
ALL = "all"  # in the address: jobs of every state
LATE = dt.timedelta(minutes=5)  # a job that waits longer has nobody who does it
RUNNERS: dict[str, Any] = {
    "thread": lazy_gettext("In the web process"), "inline": lazy_gettext("At once"), "rq": "RQ", "celery": "Celery",
}  # fmt: skip
FRESH = {"rq": dt.timedelta(minutes=8)}  # a worker of RQ that has nothing to do notes itself this rarely
USUALLY = dt.timedelta(seconds=60)

Chip = dict[str, Any]


def monitor(actor: Actor, args: MultiDict[str, str], now: dt.datetime) -> dict[str, Any]:
    """The context of templates/records/jobs.html beside its list: queues, late, quiet, state_chips, queue_chips."""
    loads = jobs.loads(actor, now)
    beats: dict[str, dt.datetime] = {beat.name: beat.at for beat in db.session.scalars(select(Heartbeat))}
    queues = [_row(load, beats, now) for load in loads]
    return {
        "queues": queues,
        **{trouble: sum(queue[trouble] for queue in queues) for trouble in ("late", "quiet")},
        "state_chips": _state_chips(loads, args),
        "queue_chips": _queue_chips(loads, args),
    }


def _row(load: Load, beats: dict[str, dt.datetime], now: dt.datetime) -> dict[str, Any]:
    runner: str = current_app.config["TASK_RUNNERS"][load.queue]
    waits = now - load.oldest if load.oldest else None
    seen = max((at for name, at in beats.items() if _works_on(name, runner, load.queue)), default=None)
    quiet = seen is None or now - seen > FRESH.get(runner, USUALLY)
    return {
        "name": word(load.queue), "runner": RUNNERS[runner],
        "counts": [
            {"label": word(state), "state": state.value, "count": load.counts.get(state, 0),
             "url": _url(state.value, load.queue.value)}
            for state in UNDONE
        ],
        "oldest": span(waits.total_seconds()) if waits else "", "late": waits is not None and waits > LATE,
        "seen": _ago(now - seen) if seen else _("never"), "quiet": quiet and runner != "inline",
    }  # fmt: skip


def _works_on(name: str, runner: str, queue: Queue) -> bool:
    """Whether the part of this name does the jobs of a queue: "relay:live", "rq:signing+interactive", "celery"."""
    part, _colon, queues = name.partition(":")
    if runner == "celery":
        return part == "celery"
    return part == {"thread": "relay"}.get(runner, runner) and queue.value in queues.split("+")


def _ago(passed: dt.timedelta) -> str:
    return _("%(span)s ago", span=span(max(0.0, passed.total_seconds())))


def nothing_asked(args: MultiDict[str, str]) -> bool:
    """Whether the list shows what is not done, because nobody asked for a state or for all of them."""
    return not args.get(STATE) and ALL not in args


def _state_chips(loads: list[Load], args: MultiDict[str, str]) -> list[Chip]:
    """What is not done, each state with how many jobs are in it in the chosen queue, and all."""
    chosen, queue = args.get(STATE, ""), args.get(QUEUE, "")
    counted = [load for load in loads if queue in ("", load.queue.value)]
    counts = {state: sum(load.counts.get(state, 0) for load in counted) for state in STATES}
    first = {"label": _("Not done"), "url": _url("", queue), "current": nothing_asked(args),
             "count": sum(counts[state] for state in UNDONE)}  # fmt: skip
    each = [
        {"label": word(state), "url": _url(state.value, queue), "current": state.value == chosen, "count": count}
        for state, count in counts.items()
    ]
    everything = ALL in args and not chosen
    return [first, *each, {"label": _("All states"), "url": _url(ALL, queue), "current": everything, "count": None}]


def _queue_chips(loads: list[Load], args: MultiDict[str, str]) -> list[Chip]:
    chosen, state = args.get(QUEUE, ""), args.get(STATE, "") or (ALL if ALL in args else "")
    chips = [{"label": _("All queues"), "url": _url(state, ""), "current": not chosen}]
    for load in loads:
        value = load.queue.value
        chips.append({"label": word(load.queue), "url": _url(state, value), "current": value == chosen})
    return chips


def _url(state: str, queue: str) -> str:
    asked = (ALL, "1") if state == ALL else (STATE, state)
    conditions: dict[str, Any] = {name: value for name, value in (asked, (QUEUE, queue)) if value}
    return url_for("JobRecords.list", **conditions)
