"""How slips are said on screens: the time that is left, the urgency, what was answered."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import format_datetime, lazy_gettext, lazy_pgettext
from flask_babel import gettext as _

from app.models import Choice, Slip, Urgency
from app.views.durations import span
from app.workflows.engine.words import word
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.working_days import Exceptions, working_days_until
from app.workflows.working_calendar import exceptions_of

OPINIONS = {
    Choice.AGREE: lazy_pgettext("opinion", "Agree"),
    Choice.DISAGREE: lazy_pgettext("opinion", "Disagree"),
    Choice.OTHER: lazy_pgettext("opinion", "Other opinion"),
}
DAY = dt.timedelta(hours=24)
SILENCE = {
    "agree": lazy_gettext("Without an answer until %(at)s the system records deemed agreement (%(source)s)."),
    "nothing": lazy_gettext("Without an answer until %(at)s you count as not having answered (%(source)s)."),
}


def left(
    deadline: dt.datetime, now: dt.datetime, body_id: int, exceptions: Exceptions | None = None
) -> tuple[str, bool]:
    """What remains until a deadline, in working days, of the last day in hours; and whether it is less than a day.

    `exceptions` of the body's calendar, for lists that look them up once.
    """
    remaining = deadline - now
    if remaining <= dt.timedelta():
        return _("The time is over"), False
    if remaining < DAY:
        return _("%(time)s left", time=span(remaining.total_seconds())), True
    known = exceptions_of(body_id) if exceptions is None else exceptions
    days = working_days_until(hanoi_date(now), hanoi_date(deadline), known)
    return (_("1 working day left") if days == 1 else _("%(n)s working days left", n=days)), False


def moment(at: dt.datetime) -> str:
    """A deadline in full: 17:00, thứ Hai, 03/08/2026."""
    return format_datetime(at, "HH:mm, EEEE, dd/MM/yyyy")


def opinion_word(code: str | None) -> str:
    """What a member says on a slip; nothing for no choice. A vote has words of its own."""
    return str(OPINIONS[Choice(code)]) if code else ""


def stamp_of(urgency: Urgency | str) -> str:
    """The stamp that a paper would bear; nothing for one that is not urgent."""
    found = Urgency(urgency)
    return "" if found is Urgency.NORMAL else str(word(found))


def headline(asked: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """An answer in a few words: what it says to the question that decides, else how many questions it answers."""
    main = main_of(asked)
    if main is not None:
        return opinion_word(said["answers"][main - 1]["choice"])
    answered = sum(bool(part["choice"] or part["option"] or part["text"] or part["articles"])
                   for part in said["answers"])  # fmt: skip
    return _("%(n)s of %(all)s questions answered", n=answered, all=len(asked["questions"]))


def main_of(asked: Mapping[str, Any]) -> int | None:
    """The number of the question that decides."""
    return next((question["index"] for question in asked["questions"] if question["main"]), None)


def spoken(asked: Mapping[str, Any], said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every question with what was said to it, for people: {index, text, answer, look, remark, articles}.

    `look` is the code of a choice, empty for other kinds; a question that was left open has an empty `answer`.
    """
    return [_part(asked, question, part)
            for question, part in zip(asked["questions"], said["answers"], strict=True)]  # fmt: skip


def _part(asked: Mapping[str, Any], question: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    answer = opinion_word(part["choice"])
    if part["option"]:
        answer = question["options"][part["option"] - 1]
    articles = {each["index"]: each for each in asked["articles"]}
    return {
        "index": question["index"], "text": question["text"], "answer": answer, "look": part["choice"] or "",
        "remark": part["text"],
        "articles": [
            {"label": articles[each["article"]]["label"], "look": each["choice"] or "",
             "answer": opinion_word(each["choice"]), "remark": each["text"]}
            for each in part["articles"]
        ],
    }  # fmt: skip


def silence_of(slip: Slip, parameters: Any, source: str) -> str:
    """What no answer counts as, with its source."""
    return str(SILENCE[parameters.silence]) % {"at": format_datetime(slip.deadline_at, "HH:mm, dd/MM"),
                                               "source": source}  # fmt: skip
