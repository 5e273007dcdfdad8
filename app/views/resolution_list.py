"""Which Resolutions the list shows: the latest first, found by number or subject, with or without Vietnamese marks."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import format_datetime
from flask_babel import lazy_gettext as _
from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import IssuedNumber, Resolution, ResolutionState
from app.views.parsing import page_number
from app.workflows.engine.rights import Actor
from app.workflows.engine.visibility import visible
from app.workflows.engine.words import word
from app.workflows.resolution_sources import origin_of
from app.workflows.rules.names import fold

(DRAFTING, PRESENTED, SIGNED, NUMBERED, SEALED, PROMULGATED, RECALLED, REPLACED, ABANDONED) = ResolutionState
PER_PAGE = 20
LONGEST_QUERY = 100
GROUPS: dict[str, tuple[Any, tuple[ResolutionState, ...]]] = {
    "drafts": (_("Being drafted or signed"), (DRAFTING, PRESENTED)),
    "issuing": (_("Signed, to be promulgated"), (SIGNED, NUMBERED, SEALED)),
    "out": (_("Promulgated Resolutions"), (PROMULGATED,)),
    "ended": (_("Recalled or replaced"), (RECALLED, REPLACED)),
    "abandoned": (_("Given up"), (ABANDONED,)),
}
LOOKS = {
    DRAFTING: "", PRESENTED: "now", SIGNED: "now", NUMBERED: "now", SEALED: "info", PROMULGATED: "ok", RECALLED: "bad",
    REPLACED: "warn", ABANDONED: "",
}  # fmt: skip


def resolution_list(actor: Actor, args: Mapping[str, str]) -> dict[str, Any]:
    """The context of templates/ec/resolutions.html; unknown or odd parameters are read as none."""
    query, group = args.get("q", "").strip()[:LONGEST_QUERY], args.get("state", "")
    counts = _counts(actor, query)
    states = GROUPS[group][1] if group in GROUPS else tuple(ResolutionState)
    count = sum(counts.get(state, 0) for state in states)
    pages = max(1, -(-count // PER_PAGE))
    page = min(page_number(args.get("page", "")), pages)
    rows = _found(actor, query).where(Resolution.state.in_(states))
    rows = rows.options(joinedload(Resolution.meeting), joinedload(Resolution.slip))
    rows = rows.order_by(func.coalesce(Resolution.promulgated_at, Resolution.drafted_at).desc(), Resolution.id.desc())
    return {
        "query": query, "group": group if group in GROUPS else "", "count": count, "page": page, "pages": pages,
        "groups": _groups(counts, query),
        "rows": [_row(*row) for row in db.session.execute(rows.limit(PER_PAGE).offset((page - 1) * PER_PAGE))],
    }  # fmt: skip


def title_of(resolution: Resolution, number: str) -> str:
    """How a Resolution is called: by its number, else as the draft it is."""
    return str(_("Resolution no. %(number)s", number=number) if number else _("Resolution without a number yet"))


def _found(actor: Actor, query: str) -> Select[Any, Any]:
    rows = select(Resolution, IssuedNumber.text).where(visible(actor, Resolution))
    rows = rows.outerjoin(IssuedNumber, IssuedNumber.resolution_id == Resolution.id)
    if not query:
        return rows
    numbered = IssuedNumber.text.contains(query.upper(), autoescape=True)  # symbols are written in capitals
    return rows.where(numbered | Resolution.subject_fold.contains(fold(query), autoescape=True))


def _counts(actor: Actor, query: str) -> dict[ResolutionState, int]:
    rows = _found(actor, query).with_only_columns(Resolution.state, func.count()).group_by(Resolution.state)
    return {state: count for state, count in db.session.execute(rows)}


def _groups(counts: Mapping[ResolutionState, int], query: str) -> list[dict[str, Any]]:
    """The filters that find something, and all together."""
    found = [{"key": "", "label": _("All"), "count": sum(counts.values())}]
    for key, (label, states) in GROUPS.items():
        if count := sum(counts.get(state, 0) for state in states):
            found.append({"key": key, "label": label, "count": count})
    return [each | {"url": _address(each["key"], query)} for each in found]


def _address(group: str, query: str) -> str:
    return url_for("ResolutionView.list", q=query or None, state=group or None)


def reached_at(resolution: Resolution) -> dt.datetime:
    """When it came into the state in which it is."""
    ends = [resolution.ended_at, resolution.promulgated_at, resolution.sealed_at, resolution.numbered_at]
    later = [*ends, resolution.signed_at, resolution.presented_at]
    if resolution.state is DRAFTING:
        return resolution.drafted_at
    return next((at for at in later if at), resolution.drafted_at)


def _row(resolution: Resolution, number: str | None) -> dict[str, Any]:
    return {
        "title": title_of(resolution, number or ""), "subject": resolution.subject, "number": number or "",
        "url": url_for("ResolutionView.record", resolution_id=resolution.id), "meeting": origin_of(resolution),
        "state_label": word(resolution.state), "state_kind": LOOKS[resolution.state],
        "at": format_datetime(reached_at(resolution), "HH:mm, dd/MM/yyyy"),
    }  # fmt: skip
