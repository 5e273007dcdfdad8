"""What the pages of the weekly report show: figures first, then bars that compare, then the rows."""

import datetime as dt
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from flask import url_for
from flask_babel import format_datetime
from flask_babel import gettext as _
from flask_babel import pgettext as _p

from app.gateways.sheets import Kind
from app.models import MeetingState, Outcome, PollState
from app.views.meeting_page import KINDS_OF_MEETING, KINDS_OF_OUTCOME
from app.workflows import weekly
from app.workflows.engine.rights import Actor
from app.workflows.engine.words import word
from app.workflows.rules.timetable import Week
from app.workflows.weekly_tables import shown, summary, title_of

PARTS = (("signed", "blue"), ("numbered", "other"), ("sealed", "gold"), ("promulgated", "yes"))


def week_list(actor: Actor, now: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/weeks.html."""
    found = weekly.weeks(actor, now)
    return {
        "weeks": [
            {
                "title": _("Week %(number)s of %(year)s", number=one.week.number, year=one.week.year),
                "days": f"{one.week.first:%d/%m} – {one.week.last:%d/%m/%Y}", "url": _url("page", one.week),
                "sessions": one.sessions, "votes": one.votes, "decisions": one.decisions, "slips": one.slips,
                "current": one.week.ends_at > now,
            }
            for one in found
        ],
    }  # fmt: skip


def report_page(report: weekly.WeeklyReport) -> dict[str, Any]:
    """The context of templates/ec/week.html."""
    before, after = report.week.before, report.week.after
    return {
        "title": title_of(report.week), "as_of": format_datetime(report.as_of, "HH:mm dd/MM/yyyy"),
        "going_on": report.as_of < report.week.ends_at, "sentences": summary(report), "figures": _figures(report),
        "sessions": _sessions(report.sessions), "votes": [_vote(one) for one in report.votes],
        "decisions": _decisions(report.decisions), "slips": [_slip(one) for one in report.slips],
        "invitations": _invitations(report.invitations),
        "pdf_url": _url("paper", report.week), "xlsx_url": _url("workbook", report.week),
        "before_url": _url("page", before),
        "after_url": None if after.begins_at > report.made_at else _url("page", after),
    }  # fmt: skip


def _url(view: str, week: Week) -> str:
    return url_for(f"WeeklyReportView.{view}", year=week.year, week=week.number)


def _figures(report: weekly.WeeklyReport) -> list[dict[str, Any]]:
    adopted = report.outcomes[Outcome.ADOPTED]
    times = [one.whole for one in report.decisions if one.whole is not None]
    fastest = _span(min(times)) if times else ""
    return [
        {"label": _("Sessions held"), "value": len(report.sessions), "note": _time_note(report)},
        {"label": _p("report", "Votes"), "value": len(report.votes),
         "note": _("adopted: %(n)s", n=adopted) if report.votes else ""},
        {"label": _("Resolutions promulgated"), "value": len(report.decisions),
         "note": _("at the fastest %(time)s after the vote", time=fastest) if fastest else ""},
        {"label": _("Invitations without an answer"), "value": len(report.invitations), "note": ""},
    ]  # fmt: skip


def _time_note(report: weekly.WeeklyReport) -> str:
    if not report.used:
        return ""
    used, planned = shown(Kind.SPAN, report.used), shown(Kind.SPAN, report.planned)
    return _("%(used)s of %(planned)s planned", used=used, planned=planned)


def _span(seconds: float | None) -> str:
    return shown(Kind.SPAN, None if seconds is None else dt.timedelta(seconds=round(seconds)))


def _sessions(sessions: Sequence[weekly.SessionHeld]) -> list[dict[str, Any]]:
    """Each with two bars on one scale: planned and used."""
    longest = max((max(one.planned, one.used or dt.timedelta()) for one in sessions), default=dt.timedelta())
    return [
        {
            "title": one.title, "url": url_for("MeetingView.page", meeting_id=one.meeting_id),
            "at": format_datetime(one.starts_at, "HH:mm, EEEE dd/MM"), "kind": word(one.kind),
            "state_label": None if one.state is MeetingState.CLOSED else word(one.state),
            "state_kind": KINDS_OF_MEETING[one.state], "item_count": one.items, "items_done": one.items_done,
            "planned": shown(Kind.SPAN, one.planned), "used": shown(Kind.SPAN, one.used),
            "planned_seconds": one.planned.total_seconds(), "used_seconds": one.used and one.used.total_seconds(),
            "over": bool(one.used and one.used > one.planned), "longest": longest.total_seconds(),
        }
        for one in sessions
    ]  # fmt: skip


def _vote(vote: weekly.Vote) -> dict[str, Any]:
    code = vote.outcome or vote.state
    kind = KINDS_OF_OUTCOME[vote.outcome] if vote.outcome else ""
    return {
        "question": vote.question, "meeting": vote.meeting, "url": url_for("VoteView.card", poll_id=vote.poll_id),
        "at": format_datetime(vote.opened_at, "HH:mm dd/MM"), "outcome_label": word(code), "outcome_kind": kind,
        "split": vote.split, "share": vote.split and shown(Kind.SHARE, vote.split.share),
        "unsaid": _("Annulled, without a result") if vote.state is PollState.ANNULLED
        else _("No figures before the publication"),
    }  # fmt: skip


def _decisions(decisions: Sequence[weekly.Decision]) -> list[dict[str, Any]]:
    """Each with its steps as parts of one bar; the parts of a short one are as long as those of a long one."""
    names = {
        "signed": _p("span", "Until signed"), "numbered": _p("span", "Until numbered"),
        "sealed": _p("span", "Until sealed"), "promulgated": _p("span", "Until promulgated"),
    }  # fmt: skip
    return [
        {
            "number": one.number, "subject": one.subject, "signer": one.signer,
            "url": url_for("ResolutionView.record", resolution_id=one.resolution_id),
            "at": format_datetime(one.promulgated_at, "HH:mm dd/MM"), "seconds": one.whole or 0,
            "whole": _span(one.whole),
            "parts": [
                {"name": names[code], "kind": kind, "seconds": one.took(code) or 0, "said": _span(one.took(code))}
                for code, kind in PARTS
            ],
        }
        for one in decisions
    ]  # fmt: skip


def _slip(one: weekly.SlipDone) -> dict[str, Any]:
    kind = KINDS_OF_OUTCOME[one.outcome] if one.outcome else ""
    return {
        "number": one.number, "matter": one.matter, "organisation": one.organisation,
        "url": f"/slips/{one.slip_id}/board", "at": format_datetime(one.closed_at, "HH:mm dd/MM"),
        "took": shown(Kind.SPAN, one.took), "members": one.members, "answered": one.answered, "deemed": one.deemed,
        "missing": one.missing, "outcome_label": word(one.outcome) if one.outcome else "", "outcome_kind": kind,
    }  # fmt: skip


def _invitations(invitations: Sequence[weekly.Unanswered]) -> list[dict[str, Any]]:
    """By session, the people in the order of their seats."""
    return [
        {
            "title": people[0].meeting, "at": format_datetime(people[0].starts_at, "HH:mm, EEEE dd/MM"),
            "url": url_for("MeetingView.page", meeting_id=meeting_id),
            "people": [{"name": one.name, "post": one.post} for one in people],
        }
        for meeting_id, group in groupby(invitations, lambda one: one.meeting_id)
        for people in [list(group)]
    ]  # fmt: skip
