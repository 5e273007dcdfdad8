"""What the form of a slip shows: questions, window of the deadline with its days, papers, people, and the preview."""

import datetime as dt
from typing import Any

from flask import url_for
from flask_babel import format_date, format_datetime
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import DocumentKind, DocumentVersion, QuestionKind, Slip, SlipState, Urgency
from app.views.deadline_calendar_page import advice_words
from app.views.slip_forms import TypedSlip, main_number
from app.views.slip_office_words import full, head, history
from app.workflows import (
    deadline_calendar,
    polls,
    promulgation,
    slip_approval,
    slip_papers,
    slip_rounds,
    slip_templates,
)
from app.workflows.engine.errors import Subject, WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.visibility import visible
from app.workflows.engine.words import word
from app.workflows.rules.calendar import hanoi_date
from app.workflows.slip_outlook import Outlook, outlook
from app.workflows.slips import MOST_QUESTIONS

MOST_OFFERED = 60  # versions of the store in one list, the newest
MOST_SOURCES = 8  # earlier slips to begin from


def compose_page(actor: Actor, about: Subject, slip: Slip | None, typed: TypedSlip, now: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/slip_compose.html; `about` is the slip, or what will become one."""
    names = [(one.id, one.name) for one in promulgation.organisations_of(about.body_id)]
    window = _window(actor, about, typed, now)
    return {
        "slip": head(slip) if slip else None, "typed": typed, "organisations": names, "window": window,
        "urgencies": [(code.value, word(code)) for code in Urgency],
        "kinds": [(code.value, word(code)) for code in QuestionKind],
        "paper_kinds": [(code.value, word(code)) for code in DocumentKind],
        "main": main_number(typed), "full": len(typed.questions) >= MOST_QUESTIONS,
        "recipients": recipients(about.body_id, now), "papers": papers(slip) if slip else [],
        "offered": _offered(actor, slip) if slip else [], "returned": _returned(slip),
        "newer": _newer(slip), "changes": changes(slip) if slip else None,
        "sources": [] if slip else _sources(actor, about.body_id),
        "templates": [] if slip else _templates(actor, about.body_id),
        "phone": phone(slip, typed, window, dict(names).get(typed.organisation_id or 0, "")),
        "chain": [step.name for step in slip_approval.chain_of(about.body_id)], "urls": _urls(slip),
    }  # fmt: skip


def _urls(slip: Slip | None) -> dict[str, str]:
    if slip is None:
        return {"save": url_for("SlipComposeView.create"), "check": url_for("SlipComposeView.check_new"),
                "back": url_for("SlipOfficeView.queue")}  # fmt: skip
    return {
        "save": url_for("SlipComposeView.save", slip_id=slip.id),
        "check": url_for("SlipComposeView.check", slip_id=slip.id),
        "back": url_for("SlipOfficeView.preview", slip_id=slip.id),
        "write": url_for("SlipDraftTextView.edit", slip_id=slip.id),
        "template": url_for("SlipTemplateView.keep", slip_id=slip.id),
    }


def _window(actor: Actor, about: Subject, typed: TypedSlip, now: dt.datetime) -> dict[str, Any]:
    """The choices of the deadline as if the slip were issued now, and the days in between; `problem` without rules."""
    try:
        found = outlook(about, now)
    except WorkflowError as none:
        return {"problem": str(none), "choices": [], "days": [], "chosen": 0, "rule": "", "skipped": "", "load": None}
    least = found.parameters.min_working_days
    chosen = typed.working_days if typed.working_days in found.ends else None
    ends = found.ends[chosen or least]
    return {
        "problem": "", "chosen": chosen or least, "ends": ends, "said": full(ends),
        "choices": [{"days": days, "said": full(at)} for days, at in found.ends.items()],
        "days": _days(found, hanoi_date(now), hanoi_date(ends)), "skipped": _skipped(found, chosen or least),
        "rule": _("At least %(least)s and at most %(most)s working days, until %(time)s on the last one (%(source)s).",
                  least=least, most=found.parameters.max_working_days, time=found.parameters.ends_at,
                  source=found.rule_set.legal_source),
        "silence": silence(found, ends), "load": load_of(actor, about, chosen or least, now),
    }  # fmt: skip


def load_of(actor: Actor, about: Subject, days: int, now: dt.datetime) -> dict[str, Any] | None:
    """Who would have too much to answer on the day of the deadline, and better days; None where nobody would."""
    found = deadline_calendar.advice(actor, about.body_id, days, now)
    return None if found.chosen.free else advice_words(found)


def silence(found: Outlook, ends: dt.datetime) -> str:
    """What no answer counts as under the rules in force, with its source."""
    at, source = format_datetime(ends, "HH:mm, dd/MM"), found.rule_set.legal_source
    if found.parameters.deemed:
        return _("Without an answer until %(at)s the system records deemed agreement (%(source)s).",
                 at=at, source=source)  # fmt: skip
    return _("Without an answer until %(at)s you count as not having answered (%(source)s).", at=at, source=source)


def _days(found: Outlook, issued: dt.date, end: dt.date) -> list[dict[str, Any]]:
    """The day of issue and all days until the latest deadline; `look`: issue, worked, off, end, later."""
    first = {"day": issued.day, "weekday": format_date(issued, "EEEE"), "look": "issue", "name": "",
             "said": format_date(issued, "EEEE, dd/MM/yyyy")}  # fmt: skip
    rows = [first]
    for each in found.days:
        look = "off" if not each.worked else "end" if each.day == end else "later" if each.day > end else "worked"
        rows.append({"day": each.day.day, "weekday": format_date(each.day, "EEEE"), "look": look, "name": each.name,
                     "said": format_date(each.day, "EEEE, dd/MM/yyyy")})  # fmt: skip
    return rows


def _skipped(found: Outlook, days: int) -> str:
    """The days off that are not counted, by date, with their names."""
    rows = [f"{format_date(each.day, 'dd/MM')}{f' ({each.name})' if each.name else ''}" for each in found.skipped(days)]
    return _("Not counted: %(days)s.", days=", ".join(rows)) if rows else ""


def recipients(body_id: int, now: dt.datetime) -> list[dict[str, str]]:
    """Whom a slip would ask that is issued today."""
    return [{"name": post.person.full_name, "post": post.post, "abbreviation": post.abbreviation}
            for post in polls.members_of(body_id, hanoi_date(now))]  # fmt: skip


def papers(slip: Slip) -> list[dict[str, Any]]:
    """The papers of a slip in order, each in its pinned version."""
    return [
        {"id": row.id, "title": row.version.document.title, "kind": word(row.version.document.kind),
         "version": row.version.number, "pages": row.version.pages, "draft": row.draft,
         "url": url_for("PaperView.reader", version_id=row.document_version_id)}
        for row in slip.papers
    ]  # fmt: skip


def _offered(actor: Actor, slip: Slip) -> list[dict[str, Any]]:
    """Versions of the store that do not go with the slip yet, the newest first."""
    pinned = {row.document_version_id for row in slip.papers}
    rows = select(DocumentVersion).where(visible(actor, DocumentVersion), DocumentVersion.body_id == slip.body_id)
    rows = rows.options(joinedload(DocumentVersion.document)).order_by(DocumentVersion.id.desc()).limit(MOST_OFFERED)
    label = _("%(title)s – version %(number)s")
    return [{"id": found.id, "label": label % {"title": found.document.title, "number": found.number}}
            for found in db.session.scalars(rows) if found.id not in pinned]  # fmt: skip


def _newer(slip: Slip | None) -> str:
    """The title of a paper that has a newer version than the pinned one."""
    found = slip_papers.newer_version(slip) if slip and slip.papers else None
    return found.version.document.title if found else ""


def _returned(slip: Slip | None) -> dict[str, Any] | None:
    """Why the slip came back, as long as it is the last thing that happened."""
    rows = history(slip) if slip and slip.state is SlipState.DRAFT else []
    return rows[0] if rows and rows[0]["remark"] and rows[0]["kind"] == "bad" else None


def _sources(actor: Actor, body_id: int) -> list[dict[str, Any]]:
    """Earlier slips that can be copied, the newest first."""
    rows = select(Slip).where(visible(actor, Slip), Slip.body_id == body_id).order_by(Slip.id.desc())
    return [
        {"matter": slip.matter, "number": slip.number_text or word(slip.state),
         "url": url_for("SlipComposeView.clone", slip_id=slip.id)}
        for slip in db.session.scalars(rows.limit(MOST_SOURCES))
    ]  # fmt: skip


def _templates(actor: Actor, body_id: int) -> list[dict[str, Any]]:
    return [
        {"name": one.name, "url": url_for("SlipComposeView.blank", template=one.id),
         "remove_url": url_for("SlipTemplateView.remove", template_id=one.id)}
        for one in slip_templates.templates_of(actor, body_id)
    ]  # fmt: skip


def changes(slip: Slip) -> list[str] | None:
    """What this round asks otherwise than the one before, a sentence each; None for a first round."""
    found = slip_rounds.difference(slip)
    if found is None:
        return None
    said = [_("Question %(n)s is new.", n=row.position) for row in found.added]
    said += [_("Question %(n)s was taken out: “%(text)s”.", n=row.position, text=row.text) for row in found.removed]
    said += [_("Question %(n)s was: “%(text)s”.", n=new.position, text=old.text) for old, new in found.changed]
    said += [_("New paper: %(title)s.", title=row.version.document.title) for row in found.papers_added]
    said += [_("Paper taken out: %(title)s.", title=row.version.document.title) for row in found.papers_removed]
    said += [
        _("%(title)s: version %(new)s instead of %(old)s.", title=new.version.document.title,
          new=new.version.number, old=old.version.number)
        for old, new in found.papers_replaced
    ]  # fmt: skip
    return said


def phone(slip: Slip | None, typed: TypedSlip, window: dict[str, Any], lead: str) -> dict[str, Any]:
    """The context of templates/ec/_slip_phone.html: what a member would see of what is typed now."""
    main = main_number(typed)
    return {
        "stamp": "" if typed.urgency is Urgency.NORMAL else str(word(typed.urgency)).upper(),
        "matter": typed.matter, "basis": typed.legal_basis, "lead": lead,
        "deadline": window.get("said", ""), "silence": window.get("silence", ""),
        "papers": papers(slip) if slip else [], "articles": slip_papers.articles_of(slip) if slip else [],
        "passkey": typed.passkey_demanded,
        "questions": [
            {"index": number, "kind": each.kind.value, "main": number == main,
             "text": each.text or _("(not written yet)"),
             "options": [line.strip() for line in each.options.split("\n") if line.strip()]}
            for number, each in enumerate(typed.questions, start=1)
        ],
    }  # fmt: skip
