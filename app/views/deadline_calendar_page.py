"""What the pages of the calendar show: the days of a month, a week or a list, the load of members, a new deadline."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import format_date, format_datetime, lazy_gettext
from flask_babel import gettext as _
from flask_babel import pgettext as _p

from app.models import Slip, Urgency
from app.views.record_rows import whole
from app.workflows import calendar_feeds, deadline_calendar, session_planning, slip_deadlines
from app.workflows.deadline_calendar import Advice, Days, Entry, EntryKind, MemberLoad
from app.workflows.engine.errors import Detached, NotAllowed, WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.words import word
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.office_clocks import Clock
from app.workflows.rules.session_slots import Slot
from app.workflows.rules.slip_load import DayLoad
from app.workflows.rules.slip_parameters import SlipParameters
from app.workflows.rules.working_days import FIRST_YEAR, LAST_YEAR
from app.workflows.session_planning import Proposal

MONTH, WEEK, LIST = "month", "week", "list"
IN_LIST = 28  # days of the list
MOST_IN_CELL = 3
MOST_CROWDS = 5
OF_THE_DAY = (EntryKind.OFF, EntryKind.WORKED)
SATURDAY = 5
DAY = dt.timedelta(days=1)
ICONS = {
    EntryKind.OFF: "ban", EntryKind.WORKED: "briefcase", EntryKind.SESSION: "landmark", EntryKind.PAPERS: "file-text",
    EntryKind.SLIP: "message-square-text", EntryKind.CLOCK: "hourglass", EntryKind.TRIP: "user-x",
}  # fmt: skip
CLOCKS = {
    Clock.CHECK: lazy_gettext("Completeness check of a slip"), Clock.REPORT: lazy_gettext("Report to the head"),
    Clock.DECIDE: lazy_gettext("Decision of the head"),
    Clock.RESUBMIT: lazy_gettext("Returned matter, to be laid again"),
}  # fmt: skip
FEW = 2  # names that stand in a cell


def calendar_page(actor: Actor, args: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/calendar.html."""
    today = hanoi_date(now)
    view = args.get("view", MONTH) if args.get("view") in (MONTH, WEEK, LIST) else MONTH
    day, mine = _day(args.get("day", ""), today), args.get("mine") == "1"
    body = deadline_calendar.calendar_body(actor, whole(args.get("body", "")) or 0)
    first, last = _range(view, day)
    days = deadline_calendar.days_of(actor, body.id, first, last)
    loads = deadline_calendar.loads(actor, body.id, first, last, now)
    most = _most(body.id, now)
    shown = {**({"mine": "1"} if mine else {}), **({"body": body.id} if "body" in args else {})}
    return {
        "view": view, "title": _title(view, day, first, last), "body": body, "mine": mine,
        "weeks": [_week(days, start, day, today, view, mine) for start in _mondays(first, last)],
        "list": [_cell(days, each, day, today, view, mine) for each in days.all],
        "weekdays": [format_date(_monday(day) + number * DAY, "EEEE") for number in range(7)],
        "views": [{"name": name, "label": label, "url": _url(name, day, shown)} for name, label in _views()],
        "before_url": _url(view, _step(view, day, -1), shown), "after_url": _url(view, _step(view, day, 1), shown),
        "today_url": _url(view, today, shown), "others_url": _url(view, day, {**shown, "mine": "" if mine else "1"}),
        "loads": [_load(one, most) for one in loads], "most": most,
        "sees_all": deadline_calendar.sees_load(actor, body.id),
        "crowds": _crowds(loads, most), "session": _session(actor, body.id, now),
        "kinds": [{"label": label, "icon": ICONS[kind], "kind": kind.value} for kind, label in _kinds()],
        "trial": _trial(actor, body.id, args, now),
    }  # fmt: skip


def feed_page(actor: Actor, url: str = "") -> dict[str, Any]:
    """The context of templates/ec/calendar_feed.html; `url` is the secret address, told once."""
    feed = calendar_feeds.own_feed(actor)
    return {"url": url, "since": format_datetime(feed.created_at, "HH:mm dd/MM/yyyy") if feed else None}


def advice_of(actor: Actor, args: Mapping[str, str], now: dt.datetime) -> Advice:
    """What `days` working days from now would mean in `body`; refused as an issue with that deadline would be."""
    body = deadline_calendar.calendar_body(actor, whole(args.get("body", "")) or 0)
    return deadline_calendar.advice(actor, body.id, whole(args.get("days", "")) or 0, now)


def plain_advice(found: Advice) -> dict[str, Any]:
    """The same as JSON: day, crowded [{name, count}], better [{day, working_days, crowded, heaviest}], a sentence."""
    words = advice_words(found)
    return {
        "day": found.chosen.day.isoformat(), "working_days": found.chosen.working_days, "most": found.most,
        "heaviest": found.chosen.heaviest, "crowded": words["crowded"], "sentence": words["sentence"],
        "better": [
            {"day": each.day.isoformat(), "working_days": each.working_days, "crowded": len(each.crowded),
             "heaviest": each.heaviest, "words": said}
            for each, said in zip(found.better, words["better"], strict=True)
        ],
    }  # fmt: skip


def advice_words(found: Advice) -> dict[str, Any]:
    """A sentence, who would have too many, and the better days in words."""
    chosen, members = found.chosen, found.names
    crowded = [{"name": members[each], "count": chosen.crowded[each]} for each in members if each in chosen.crowded]
    if crowded:
        sentence = _(
            "%(n)s members would have more than %(most)s slips to answer by %(day)s.",
            n=len(crowded), most=found.most, day=_long(chosen.day),
        )  # fmt: skip
    else:
        sentence = _("Nobody would have more than %(most)s slips by %(day)s.", most=found.most, day=_long(chosen.day))
    return {"sentence": sentence, "crowded": crowded, "better": [_better(each) for each in found.better]}


def _better(each: DayLoad) -> str:
    told = {"n": each.working_days, "day": _long(each.day), "crowded": len(each.crowded)}
    if each.free:
        return str(_("%(n)s working days, until %(day)s: nobody has too many", **told))
    return str(_("%(n)s working days, until %(day)s: still too many for %(crowded)s members", **told))


def _trial(actor: Actor, body_id: int, args: Mapping[str, str], now: dt.datetime) -> dict[str, Any] | None:
    """The card that tries a deadline, for who drafts slips; a refusal is said in its place."""
    about = Detached(Slip.__tablename__, 0, None, body_id)
    if not any(actor.may(right, about) for right in deadline_calendar.PLANNING):
        return None
    asked = whole(args.get("days", ""))
    try:
        parameters = SlipParameters.parse(slip_deadlines.rules_of(about, now).parameters)
        card = {"least": parameters.min_working_days, "longest": parameters.max_working_days, "asked": asked}
        return card | (advice_words(deadline_calendar.advice(actor, body_id, asked, now)) if asked else {})
    except NotAllowed:
        return None
    except WorkflowError as refused:
        return {"least": 1, "longest": 1, "asked": asked, "refused": str(refused)}


def _most(body_id: int, now: dt.datetime) -> int | None:
    """How many deadlines a day should bring at most; None where no rule set for slips is in force."""
    try:
        rule_set = slip_deadlines.rules_of(Detached(Slip.__tablename__, 0, None, body_id), now)
    except slip_deadlines.NoSlipRules:
        return None
    return SlipParameters.parse(rule_set.parameters).most_per_day


# -- which days -------------------------------------------------------------------------------------------------------


def _day(text: str, today: dt.date) -> dt.date:
    """The day that was asked for; today instead of what is no day, or lies beyond the known years."""
    try:
        found = dt.date.fromisoformat(text)
    except ValueError:
        return today
    return found if FIRST_YEAR + 1 < found.year < LAST_YEAR - 1 else today


def _monday(day: dt.date) -> dt.date:
    return day - day.weekday() * DAY


def _range(view: str, day: dt.date) -> tuple[dt.date, dt.date]:
    """Whole weeks of a month, one week, or four weeks from the day on."""
    if view == WEEK:
        return _monday(day), _monday(day) + 6 * DAY
    if view == LIST:
        return day, day + (IN_LIST - 1) * DAY
    first = day.replace(day=1)
    end = _next_month(first) - DAY
    return _monday(first), _monday(end) + 6 * DAY


def _next_month(first: dt.date) -> dt.date:
    return (first.replace(day=28) + 4 * DAY).replace(day=1)


def _step(view: str, day: dt.date, by: int) -> dt.date:
    if view == MONTH:
        first = day.replace(day=1)
        return _next_month(first) if by > 0 else (first - DAY).replace(day=1)
    return day + by * (7 if view == WEEK else IN_LIST) * DAY


def _mondays(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + number * DAY for number in range(0, (last - first).days + 1, 7)]


def _url(view: str, day: dt.date, more: Mapping[str, Any]) -> str:
    return url_for("DeadlineCalendarView.page", view=view, day=day.isoformat(), **{k: v for k, v in more.items() if v})


def _title(view: str, day: dt.date, first: dt.date, last: dt.date) -> str:
    if view == MONTH:
        return _("%(month)s %(year)s", month=format_date(day, "LLLL").capitalize(), year=day.year)
    return f"{first:%d/%m/%Y} – {last:%d/%m/%Y}"


def _views() -> tuple[tuple[str, str], ...]:
    return (MONTH, _p("calendar", "Month")), (WEEK, _p("calendar", "Week")), (LIST, _p("calendar", "List"))


def _kinds() -> tuple[tuple[EntryKind, str], ...]:
    return (
        (EntryKind.SLIP, _("Deadline of a slip")), (EntryKind.SESSION, _p("calendar", "Session")),
        (EntryKind.PAPERS, _("Papers are due")), (EntryKind.CLOCK, _("Due at the Office or the head")),
        (EntryKind.TRIP, _("Members away")), (EntryKind.OFF, _("Day off")),
        (EntryKind.WORKED, _("Worked in exchange")),
    )  # fmt: skip


# -- what is on them --------------------------------------------------------------------------------------------------


def _week(days: Days, start: dt.date, day: dt.date, today: dt.date, view: str, mine: bool) -> list[dict[str, Any]]:
    there = [start + number * DAY for number in range(7)]
    return [_cell(days, each, day, today, view, mine) for each in there if each in days.worked]


def _cell(days: Days, each: dt.date, day: dt.date, today: dt.date, view: str, mine: bool) -> dict[str, Any]:
    found = [one for one in days.entries.get(each, ()) if not mine or one.mine or one.kind in OF_THE_DAY]
    most = MOST_IN_CELL if view == MONTH else len(found)
    return {
        "iso": each.isoformat(), "number": each.day, "name": _long(each), "today": each == today,
        "worked": days.worked[each], "weekend": each.weekday() >= SATURDAY,
        "outside": view == MONTH and each.month != day.month, 
        "entries": [_entry(one, view) for one in found[:most]],
        "more": len(found) - most if len(found) > most else 0,
        "url": url_for("DeadlineCalendarView.page", view=LIST, day=each.isoformat()),
    }  # fmt: skip


def _entry(one: Entry, view: str) -> dict[str, Any]:
    label = CLOCKS[one.clock] if one.clock else dict(_kinds())[one.kind]
    address = {EntryKind.SLIP: "/slips/{}", EntryKind.SESSION: "/meetings/{}", EntryKind.PAPERS: "/meetings/{}"}
    place = "/slips/{}/report" if one.clock and one.clock is not Clock.CHECK else address.get(one.kind, "")
    place = "/slips/{}/preview" if one.clock is Clock.CHECK else place
    return {
        "kind": one.kind.value, "icon": ICONS[one.kind], "label": label, "title": _title_of(one, label, view),
        "at": format_datetime(one.at, "HH:mm") if one.at else "", "where": one.where, "mine": one.mine,
        "done": one.done, "url": place.format(one.subject_id) if place else "",
        "urgency": word(one.urgency) if one.urgency is not Urgency.NORMAL else "",
    }  # fmt: skip


def _title_of(one: Entry, label: Any, view: str) -> str:
    if one.clock:
        return f"{label}: {one.title}"
    if one.kind is not EntryKind.TRIP:
        return one.title or str(label)
    if view == MONTH and len(one.people) > FEW:
        return _("%(n)s members away", n=len(one.people))
    return _("Away: %(names)s", names="; ".join(f"{name} ({word(kind)})" for name, kind in one.people))


def _crowds(loads: Sequence[MemberLoad], most: int | None) -> list[str]:
    """Who has too many slips due on one day, the most first, a sentence each."""
    over = [(count, day, one) for one in loads for day, count in one.days.items() if most is not None and count > most]
    over.sort(key=lambda each: (-each[0], each[1], each[2].name))
    return [_("%(name)s has %(n)s slips to answer by %(day)s.", name=one.name, n=count, day=_long(day))
            for count, day, one in over[:MOST_CROWDS]]  # fmt: skip


def _session(actor: Actor, body_id: int, now: dt.datetime) -> dict[str, Any] | None:
    """When the next session could be held, for those who prepare sessions."""
    if not session_planning.may_plan(actor, body_id):
        return None
    found = session_planning.proposals(actor, body_id, now)
    if found is None:
        return None
    told = {"needed": found.needed, "members": len(found.names), "first": _long(found.first)}
    rule = _(
        "From %(first)s on there is time for the papers; %(needed)s of %(members)s members have to be free.", **told
    )
    return {"rule": rule, "slots": [_slot(found, slot) for slot in found.slots]}


def _slot(found: Proposal, slot: Slot) -> dict[str, Any]:
    away = {trip.member_id: trip for trip in found.away[slot.begins_at]}
    hours = "–".join(format_datetime(each, "HH:mm") for each in (slot.begins_at, slot.ends_at))
    absent = [(found.names[member], trip) for member, trip in away.items() if member in found.names]
    return {
        "said": f"{hours}, {_long(hanoi_date(slot.begins_at))}",
        "n": len(slot.free), "members": len(found.names), "free": [found.names[member] for member in slot.free],
        "away": [f"{name} ({word(trip.kind)})" for name, trip in absent],
    }  # fmt: skip


def _load(one: MemberLoad, most: int | None) -> dict[str, Any]:
    return {
        "name": one.name, "post": one.post, "whole": one.whole,
        "days": [
            {"day": f"{day:%d/%m}", "name": _long(day), "count": count, "over": most is not None and count > most}
            for day, count in sorted(one.days.items())
        ],
    }  # fmt: skip


def _long(day: dt.date) -> str:
    return f"{format_date(day, 'EEEE')} {day:%d/%m/%Y}"
