"""What the report on a slip shows: the outcome with its rule, opinions against it, the draft, and the three ways."""

from typing import Any

from flask import url_for
from flask_babel import format_date, format_datetime, format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_pgettext as _p

from app.models import AgendaItem, Choice, QuestionKind, Slip, SlipDecision, SlipState, SlipWay, Urgency
from app.views.slip_tabs import REPORT, slip_tabs
from app.workflows import slip_decisions, slip_papers, slip_reports, slip_rounds, slip_sessions
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.words import word
from app.workflows.rules.slip_dissent import Remark
from app.workflows.rules.slip_ways import reason_needed
from app.workflows.slip_reports import Report

SHOWN_TEXT = "HH:mm, dd/MM/yyyy"
LOOKS = {"adopted": ("ok", "circle-check"), "not_adopted": ("bad", "circle-x"), "undecided": ("warn", "scale")}
ICONS = {SlipWay.SUBMIT: "pen-line", SlipWay.SESSION: "calendar-days", SlipWay.RETURN: "undo-2"}
SUBMIT, SESSION, RETURN = SlipWay
OPINIONS = {
    Choice.AGREE: _p("opinion", "Agree"),
    Choice.DISAGREE: _p("opinion", "Disagree"),
    Choice.OTHER: _p("opinion", "Other opinion"),
}


def report_page(actor: Actor, slip_id: int) -> dict[str, Any]:
    """The context of templates/ec/slip_report.html; while the second count differs, no figure is shown."""
    report = slip_reports.report_on(actor, slip_id)
    slip, result = report.slip, report.result
    labels = {article["index"]: article["label"] for article in report.definition["articles"]}
    return {
        "slip": _head(report), "differs": list(report.differs), "outcome": _outcome(report),
        "questions": [] if report.differs else [_question(report, each, labels) for each in result["questions"]],
        "silent": _silent(report), "dissents": [] if report.differs else _dissents(report, labels),
        "draft": _draft(report), "decision": _decided(actor, slip, report.decision) if report.decision else None,
        "ways": _ways(actor, report), "report_url": _report_url(actor, report),
        "pdf_url": None if report.differs else url_for("SlipReportView.document", slip_id=slip.id),
        "opinions": {choice.value: said for choice, said in OPINIONS.items()},
        "round_url": _round_url(actor, slip, report.decision), "explained": _explained(report),
        **slip_tabs(actor, slip, REPORT),
    }  # fmt: skip


def slip_links(actor: Actor, slip: Slip) -> list[dict[str, str]]:
    """The way from a Resolution back to the slip it stands on, as far as it is open to this person."""
    if not actor.may(Right.SLIP_BOARD, slip):
        return []
    url = url_for("SlipReportView.report", slip_id=slip.id)
    return [{"label": _("Outcome of the opinion slip"), "url": url, "icon": "file-text"}]


def slip_url(actor: Actor, item: AgendaItem) -> str | None:
    """From an item of a session back to the slip that was brought to it, for those who may read its report."""
    if item.slip_id is None or not actor.may(Right.SLIP_BOARD, item):
        return None
    return url_for("SlipReportView.report", slip_id=item.slip_id)


def _head(report: Report) -> dict[str, Any]:
    slip, rules = report.slip, report.definition["rule_set"]
    return {
        "id": slip.id, "matter": slip.matter, "number": slip.number_text, "round": slip.round,
        "state": slip.state.value, "state_label": word(slip.state),
        "organisation": slip.organisation.name if slip.organisation else "",
        "closed_at": format_datetime(slip.closed_at, SHOWN_TEXT), "rule_set": rules["code"],
        "source": rules["legal_source"], "confirmed": rules["confirmed"], "silence": report.result["silence"],
        "stamp": "" if slip.urgency is Urgency.NORMAL else str(word(slip.urgency)).upper(),
        "sentence": report.result["sentence"], "members": report.result["members"],
    }  # fmt: skip


def _outcome(report: Report) -> dict[str, Any] | None:
    """The counts of the question that decides; None where none did, and while two counts differ."""
    counted = report.decisive
    if counted is None or report.differs:
        return None
    kind, icon = LOOKS[counted["outcome"]]
    members = report.result["members"]
    return {
        "code": counted["outcome"], "kind": kind, "icon": icon, "label": word(report.slip.outcome),
        "share": _share(counted["percent_of_all"]), "by_head": counted["by_head"], "members": members,
        "head_choice": OPINIONS[Choice(counted["head_choice"])] if counted["head_choice"] else "",
        "bar": _bar(counted, members), "line": counted["threshold"],
        **{name: counted[name] for name in ("counted_for", "threshold")}, **_columns(counted),
    }  # fmt: skip


def _share(percent: str) -> str:
    return f"{format_decimal(percent, '#,##0.0##')} %"


def _columns(counted: dict[str, Any]) -> dict[str, int]:
    return {name: counted[name] for name in ("agree", "disagree", "other", "deemed", "missing")}


def _bar(counted: dict[str, Any], members: int) -> list[dict[str, Any]]:
    """Parts of the bar in percent: cast, deemed (hatched), against, other; the missing ones are what is left."""
    kinds = (("yes", "agree"), ("hatch", "deemed"), ("no", "disagree"), ("other", "other"))
    at, parts = 0.0, []
    for look, name in kinds:
        wide = 100 * counted[name] / (members or 1)
        parts.append({"look": look, "at": f"{at:.3f}", "wide": f"{wide:.3f}"})
        at += wide
    return [part for part in parts if part["wide"] != "0.000"]


def _question(report: Report, counted: dict[str, Any], labels: dict[int, str]) -> dict[str, Any]:
    asked = report.definition["questions"][counted["index"] - 1]
    shown = {
        "index": counted["index"], "kind": counted["kind"], "kind_label": word(QuestionKind(counted["kind"])),
        "text": asked["text"], "main": counted["main"], "members": report.result["members"],
    }  # fmt: skip
    if counted["kind"] == "consent":
        return shown | _columns(counted) | {"share": _share(counted["percent_of_all"])}
    if counted["kind"] == "pick":
        return shown | {"options": counted["options"], "missing": counted["missing"]}
    if counted["kind"] == "articles":
        return shown | {"articles": [{"label": labels[one["article"]], **_columns(one)} for one in counted["articles"]]}
    return shown | {"spoken": counted["spoken"]}


def _silent(report: Report) -> list[dict[str, Any]]:
    """Who is deemed to agree and who is missing, each group with its word."""
    groups = ((_("Deemed to agree"), "deemed"), (_("Did not answer"), "missing"))
    return [
        {"label": label, "code": name, "posts": [one["post"] for one in report.result[name]]}
        for label, name in groups
        if report.result[name] and not report.differs
    ]


def _dissents(report: Report, labels: dict[int, str]) -> list[dict[str, Any]]:
    return [
        {
            "post": each.post, "name": each.name, "choice": each.choice, "reserved": each.reservation,
            "remarks": [_remark(one, labels) for one in each.remarks], "files": each.attachments,
        }
        for each in report.dissents
    ]  # fmt: skip


def _remark(remark: Remark, labels: dict[int, str]) -> dict[str, Any]:
    place = labels.get(remark.article or 0) or _("Question %(n)s", n=remark.question)
    return {"place": place, "choice": OPINIONS[Choice(remark.choice)] if remark.choice else "", "text": remark.text}


def _draft(report: Report) -> dict[str, Any] | None:
    version = report.draft
    if version is None:
        return None
    sent = slip_papers.draft_of(report.slip)
    mended = sent is not None and sent.document_version_id != version.id
    return {
        "title": version.document.title, "pages": version.pages, "sha256": version.sha256, "version": version.number,
        "url": url_for("PaperView.reader", version_id=version.id), "mended": mended,
        "sent_url": url_for("PaperView.reader", version_id=sent.document_version_id) if sent and mended else "",
    }  # fmt: skip


def _explained(report: Report) -> dict[str, Any]:
    """How far the opinions are answered, and where; nothing said where nobody wrote any."""
    explained, url = report.explained, url_for("SlipExplanationView.page", slip_id=report.slip.id)
    if not explained.rows:
        return {"said": "", "open": False, "url": url}
    if explained.submitted_at is None:
        said = _("%(n)s rows of opinions wait for the table of explanations.", n=explained.rows)
    else:
        at = format_datetime(explained.submitted_at, SHOWN_TEXT)
        said = _("%(n)s rows of opinions are explained; submitted at %(at)s.", n=explained.rows, at=at)
    return {"said": said, "open": explained.open, "url": url}


def _decided(actor: Actor, slip: Slip, decision: SlipDecision) -> dict[str, Any]:
    """What was decided, and where the matter goes on from there as far as this person may see it."""
    made = slip_decisions.resolution_of(actor, slip)
    go_on = []
    if made is not None:
        go_on.append({"label": _("The Resolution"), "url": url_for("ResolutionView.record", resolution_id=made.id)})
    for item in slip_sessions.items_of(actor, slip):
        url = f"{url_for('MeetingView.page', meeting_id=item.meeting_id)}#item-{item.id}"
        go_on.append({"label": _("%(meeting)s, item %(n)s", meeting=item.meeting.title, n=item.position), "url": url})
    sessions = _sessions(actor, slip) if _may_tell(actor, slip) else []
    tell = {"url": url_for("SlipReportView.tell", slip_id=slip.id), "sessions": sessions} if sessions else None
    return {
        "tell": tell, "way": decision.way.value,
        "label": word(decision.way), "icon": ICONS[decision.way], "reason": decision.reason,
        "name": decision.name, "post": decision.post, "at": format_datetime(decision.at, "HH:mm:ss, dd/MM/yyyy"),
        "tie": decision.tie_confirmed, "go_on": go_on,
        "resubmit_on": format_date(decision.resubmit_on, "dd/MM/yyyy") if decision.resubmit_on else "",
    }  # fmt: skip


def _ways(actor: Actor, report: Report) -> list[dict[str, Any]]:
    """The three ways for the head while nothing is decided; why one is closed is said beside it."""
    slip = report.slip
    if report.differs or not slip_decisions.may_decide(actor, slip):
        return []
    outcome, url = slip.outcome and slip.outcome.value, url_for("SlipReportView.decide", slip_id=slip.id)
    sessions = _sessions(actor, slip)
    closed = {
        SUBMIT: _unsignable(report),
        SESSION: "" if sessions else _("There is no session that has not begun."), RETURN: "",
    }  # fmt: skip
    said = {
        SUBMIT: _("A Resolution is made from the draft of the slip and presented to you for your signature."),
        SESSION: _("The matter becomes an item of the session you choose; papers and answers of the slip go with it."),
        RETURN: _("The lead ministry works on it again and lays it before you by the day you set."),
    }
    return [
        {
            "code": way.value, "label": word(way), "icon": ICONS[way], "said": said[way], "closed": closed[way],
            "url": url, "sessions": sessions if way is SESSION else [], "day": way is RETURN,
            "reason_needed": reason_needed(way.value, outcome), "tie": slip_decisions.is_tie(slip),
        }
        for way in SlipWay
    ]  # fmt: skip


def _unsignable(report: Report) -> str:
    """Why the head cannot decide to sign now; nothing where that is open."""
    if report.draft is None:
        return _("No draft Resolution went with this slip, so there is no text to sign.")
    if report.explained.open:
        return str(slip_decisions.Unexplained(report.slip, n=report.explained.rows))
    return ""


def _sessions(actor: Actor, slip: Slip) -> list[dict[str, Any]]:
    return [
        {"id": one.id, "label": f"{format_datetime(one.starts_at, 'dd/MM/yyyy')} · {one.title}"}
        for one in slip_sessions.sessions_for(actor, slip)
    ]


def _may_tell(actor: Actor, slip: Slip) -> bool:
    return actor.may(Right.MEETING_PREPARE, slip) and slip_sessions.may_be_told(slip)


def _report_url(actor: Actor, report: Report) -> str | None:
    """Where whoever runs the slip lays it before the head, while it is closed and both counts agree."""
    slip = report.slip
    if slip.state is not SlipState.CLOSED or report.differs or not actor.may(Right.SLIP_RUN, slip):
        return None
    return url_for("SlipReportView.lay", slip_id=slip.id)


def _round_url(actor: Actor, slip: Slip, decision: SlipDecision | None) -> str | None:
    """Where a returned matter is asked about again."""
    returned = decision is not None and decision.way is RETURN
    begins = slip_rounds.beginning(slip) if returned and actor.may(Right.SLIP_DRAFT, slip) else None
    return url_for("SlipOfficeView.begin_round", slip_id=begins.id) if begins else None
