"""What a published vote offers about its Resolution: the one that is being made, or to have one made from the text."""

import datetime as dt
from typing import Any

from flask import url_for

from app.models import Poll, Resolution
from app.views.resolution_list import LOOKS, title_of
from app.views.resolution_watch import watch
from app.workflows import resolution_sources, resolutions
from app.workflows.courses import Course, course_of_meeting, course_of_poll
from app.workflows.engine.check_words import check_word
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.words import word
from app.workflows.rules.completeness import completeness
from app.workflows.rules.resolution import formula

SHOWN_FOR = dt.timedelta(hours=2)


def offer_of_poll(actor: Actor, poll: Poll) -> dict[str, Any] | None:
    """The context of templates/ec/_resolution_offer.html; None when there is nothing to show to this person."""
    course = course_of_poll(actor, poll)
    return offer(actor, course) if course else None


def offer(actor: Actor, course: Course) -> dict[str, Any] | None:
    """The same for a course that was read already."""
    if course.resolution is not None:
        return {"made": _made(actor, course.resolution, course.number)} if course.open_to_reader else None
    if not actor.may(Right.RESOLUTION_DRAFT, course.poll):
        return None
    problem, missing = _readiness(course.poll)
    url = url_for("ResolutionDraftingView.draft", poll_id=course.poll.id)
    return {"made": None, "url": url, "problem": problem, "missing": missing}


def course_strip(actor: Actor, meeting_id: int, now: dt.datetime, item_id: int | None = None) -> dict[str, Any] | None:
    """The context of templates/ec/_course.html: the last vote on its way, or just promulgated; None when all rests."""
    found = course_of_meeting(actor, meeting_id, item_id)
    if found is None or not is_fresh(found, now):
        return None
    return watch(found, now) | {"question": found.poll.question, "offer": offer(actor, found)}


def is_fresh(course: Course, now: dt.datetime) -> bool:
    """Whether something happened to it lately; what rests for longer is looked up in the list."""
    latest = max((moment for moment in course.moments.values() if moment), default=None)
    return latest is not None and now - latest < SHOWN_FOR


def _made(actor: Actor, resolution: Resolution, number: str) -> dict[str, Any]:
    move = resolutions.LIFECYCLE.moves["sign"]
    signs = resolution.state in move.sources and resolution.signer_id == actor.person_id
    page = url_for("ResolutionSigningView.page", resolution_id=resolution.id)
    return {
        "id": resolution.id, "title": title_of(resolution, number), "state_label": word(resolution.state),
        "state_kind": LOOKS[resolution.state], "state": resolution.state.value, "subject": resolution.subject,
        "url": url_for("ResolutionView.record", resolution_id=resolution.id),
        "sign_url": page if signs and actor.may(move.right, resolution) else None,
    }  # fmt: skip


def _readiness(poll: Poll) -> tuple[Any, list[Any]]:
    """Why nothing can be drafted, if so; and what the voted text still lacks before it can be presented."""
    try:
        text = resolution_sources.voted_text(poll)
    except resolution_sources.NoVotedText as refusal:
        return str(refusal), []
    body = poll.meeting.body.name
    found = completeness({**text, "formula": formula(body)}, body)
    return "", [check_word(finding.code) for finding in found if not finding.ok]
