"""Who of the demo's members is away when the next session is planned, so that there is something to go around."""

import datetime as dt
from collections.abc import Iterator
from functools import partial

from app.demo.backstage import Backstage
from app.demo.history import Step
from app.demo.programme import GOVERNMENT
from app.models import TripKind
from app.workflows import trips
from app.workflows.rules.calendar import HANOI, hanoi_date
from app.workflows.rules.rulesets import RuleParameters
from app.workflows.rules.session_slots import first_day
from app.workflows.rules.working_days import USUAL, is_working_day

DAY, THURSDAY = dt.timedelta(days=1), 3
IN_PROVINCES, ABROAD = slice(8, 18), slice(20, 27)  # of the members, by precedence


def planned_thursday(now: dt.datetime) -> dt.date:
    """The first Thursday that is worked on which a session planned now could be held."""
    day = first_day(hanoi_date(now), RuleParameters().papers_working_days, USUAL)
    while day.weekday() != THURSDAY or not is_working_day(day):
        day += DAY
    return day


def away(members: tuple[str, ...], now: dt.datetime) -> Iterator[Step]:
    """Ten are in the provinces until that Thursday at noon, seven abroad until its evening: twenty are free then."""
    day = planned_thursday(now)
    first = first_day(hanoi_date(now), RuleParameters().papers_working_days, USUAL)
    begins = dt.datetime.combine(first, dt.time(6), HANOI)
    noon, evening = (dt.datetime.combine(day, dt.time(hour), HANOI) for hour in (12, 20))
    tours = (
        (members[IN_PROVINCES], TripKind.HOME, noon, "Làm việc với các địa phương"),
        (members[ABROAD], TripKind.ABROAD, evening, "Tham gia đoàn công tác"),
    )
    for handles, kind, ends, note in tours:
        yield Step(now - dt.timedelta(hours=3), partial(_note, handles, kind, begins, ends, note))


def _note(
    handles: tuple[str, ...],
    kind: TripKind,
    begins: dt.datetime,
    ends: dt.datetime,
    note: str,
    stage: Backstage,
    at: dt.datetime,
) -> None:
    clerk, body_id = stage.who("chuyenvien", at), stage.bodies[GOVERNMENT]
    for handle in handles:
        trips.add_trip(clerk, body_id, stage.people[handle], kind, begins, ends, at, note)
