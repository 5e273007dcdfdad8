"""What the vote card shows of one poll to one person, in every state."""

import datetime as dt
from typing import Any

from flask import url_for
from flask_babel import format_time
from flask_babel import gettext as _
from sqlalchemy import func, select

from app.extensions import db
from app.gateways.passkeys import relying_party
from app.models import Ballot, DocumentVersion, Poll
from app.views.ballot_answers import place_word, receipt_facts
from app.views.evidence import shown_result
from app.views.marks import mark_of
from app.workflows import ballots, polls
from app.workflows.ballots import Receipt
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.visibility import visible
from app.workflows.engine.words import word
from app.workflows.entitlement import NO_RIGHT, Entitlement, Standing, entitlement_of
from app.workflows.next_move import tie_waits
from app.workflows.passkey_assertions import PasskeyMissing
from app.workflows.rules.ballot import parse_definition
from app.workflows.rules.rulesets import RuleParameters
from app.workflows.rules.tally import threshold


def vote_card(actor: Actor, poll: Poll, now: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/vote.html."""
    entitled = entitlement_of(actor, poll, now)
    receipt = ballots.standing_receipt(actor, poll)
    return {
        "meeting": _meeting(poll),
        "item": {"position": poll.item.position, "title": poll.item.title},
        "poll": _poll(actor, poll, now),
        "me": _me(entitled, polls.takes_ballots(poll, now)),
        "receipt": receipt and receipt_facts(receipt, mark_of(poll)),
        "result": shown_result(actor, poll),
        "tie": _tie(actor, poll, receipt, entitled.legal_source),
        "urls": {
            "prepare": url_for("VoteView.prepare", poll_id=poll.id),
            "sign": url_for("VoteView.sign", poll_id=poll.id),
            "passkeys": url_for("PasskeyView.own"),
        },
    }


def _meeting(poll: Poll) -> dict[str, Any]:
    meeting = poll.meeting
    return {
        "id": meeting.id, "title": meeting.title, "version": meeting.version,
        "url": url_for("MeetingView.page", meeting_id=meeting.id),
        "snapshot_url": f"/meetings/{meeting.id}/snapshot",
    }  # fmt: skip


def _poll(actor: Actor, poll: Poll, now: dt.datetime) -> dict[str, Any]:
    members = len(poll.roll) or len(polls.members_of(poll.body_id, poll.meeting.held_on))
    parameters = RuleParameters.parse((poll.rule_set or polls.parameters_of(poll.meeting)[0]).parameters)
    needed = threshold(members, parameters) if members else 0
    return {
        "id": poll.id, "state": poll.state.value, "takes_ballots": polls.takes_ballots(poll, now),
        "question": poll.question, "opened_at": poll.opened_at, "closes_at": poll.closes_at,
        "closed_at": poll.closed_at, "document": _document(actor, poll), "members": members, "needed": needed,
        "passkey_demanded": poll.passkey_demanded,
        "voted": voted(poll), "annul_reason": poll.annulment_reason,
        "rule": _("more than half of all members must agree: from %(n)s", n=needed),
    }  # fmt: skip


def voted(poll: Poll) -> int:
    """How many members have voted; a changed vote is one."""
    first = select(func.count()).where(Ballot.poll_id == poll.id, Ballot.supersedes_id.is_(None))
    return db.session.scalar(first) or 0


def _document(actor: Actor, poll: Poll) -> dict[str, Any] | None:
    """The frozen draft as the definition names it; before the opening the version as it stands."""
    version = poll.document_version
    if version is None:
        return None
    seen = select(DocumentVersion.id).where(DocumentVersion.id == version.id, visible(actor, DocumentVersion))
    facts: dict[str, Any] = {"title": version.document.title, "version": version.number, "sha256": version.sha256}
    if poll.definition is not None:
        facts |= parse_definition(poll.definition)["document"] or {}
    url = url_for("PaperView.reader", version_id=version.id) if db.session.scalar(seen) else None
    return facts | {"frozen": poll.definition is not None, "url": url}


def _tie(actor: Actor, poll: Poll, receipt: Receipt | None, legal_source: str) -> dict[str, Any] | None:
    """What the head of the body confirms with a signature when the votes are equal (rule:R2)."""
    if receipt is None or not tie_waits(poll) or not actor.may(Right.POLL_CONFIRM_TIE, poll):
        return None
    label = _("Confirm the consequence of the tie")
    text = _("The votes for and against are equal. The decision follows the vote you cast: %(choice)s.",
             choice=word(receipt.choice))  # fmt: skip
    return {
        "key": "tie", "title": label, "submit": label, "text": text, "legal_source": legal_source, "fields": [],
        "url": f"/polls/{poll.id}/tie",
    }  # fmt: skip


def _me(entitled: Entitlement, takes_ballots: bool) -> dict[str, Any]:
    heading, reason = _refused(entitled)
    no_right = entitled.standing in NO_RIGHT
    return {
        "may_vote": entitled.may_vote, "may_change": entitled.may_change and takes_ballots,
        "place_label": place_word(entitled.place), "heading": heading, "reason": reason,
        "legal_source": entitled.legal_source if no_right else None,
        "warning": _locked(entitled.until) if entitled.until else None,
        "lacks_passkey": entitled.standing is Standing.NO_PASSKEY,
        "passkey_origin": party.origin if (party := relying_party()) else "",
    }  # fmt: skip


def _locked(until: dt.datetime) -> str:
    return _(
        "Your signing key is locked until %(time)s after five wrong PINs. Two people of the Government Office can "
        "unlock it earlier; you can vote as soon as it is unlocked.",
        time=format_time(until, "HH:mm"),
    )


def _refused(entitled: Entitlement) -> tuple[str, str]:
    """Heading and sentence for a person who has no ballot, or whose key cannot sign."""
    seat = entitled.seat
    member = seat.stands_in_for.full_name if seat and seat.stands_in_for else ""
    no_right, no_signature = _("No right to vote."), _("You cannot sign now.")
    return {
        Standing.VOTES: ("", ""),
        Standing.LOCKED: ("", ""),
        Standing.SUBSTITUTE: (no_right, _(
            "You sit in for %(member)s: you receive the papers and present the member's opinion; a substitute has no "
            "vote.", member=member)),
        Standing.GUEST: (no_right, _("Invited guests may speak on the items they are invited to; they have no vote.")),
        Standing.STAFF: (no_right, _("Only members of the body vote; you see how the vote goes on.")),
        Standing.NOT_ON_ROLL: (no_right, _("You were not a member in office on the day of this meeting.")),
        Standing.NO_CERTIFICATE: (no_signature, _(
            "You had no valid certificate when this vote was opened. Please tell the secretary of the meeting.")),
        Standing.CERTIFICATE_REFUSED: (no_signature, _(
            "%(fault)s Please tell the secretary of the meeting.", fault=entitled.fault)),
        Standing.SUSPENDED: (no_signature, _(
            "Your signing key is suspended until two people of the Government Office confirm a new one.")),
        Standing.NO_PASSKEY: (no_signature, str(PasskeyMissing.message)),
        Standing.NO_KEY: (no_signature, _(
            "There is no active signing key for you. Ask the Government Office to enrol one.")),
    }[entitled.standing]  # fmt: skip
