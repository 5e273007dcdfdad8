"""What the page of a slip shows to one person, in every state: what is asked, the own draft, the own answers."""

import datetime as dt
import json
import secrets
from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import format_datetime, format_time
from flask_babel import gettext as _
from sqlalchemy import select

from app.extensions import db
from app.gateways.passkeys import relying_party
from app.models import DocumentVersion, Slip, SlipAnswer, SlipDeemed, SlipDraft, SlipRecipient, SlipUpload
from app.views.slip_answers import earlier, mark_of, receipt_facts, said_facts
from app.views.slip_words import left, moment, silence_of, stamp_of
from app.views.waits import waiting_slip_ids
from app.workflows import slip_papers, slip_rounds, slips
from app.workflows.engine.rights import SAID, Actor, Right
from app.workflows.engine.visibility import visible
from app.workflows.engine.words import word
from app.workflows.entitlement import Standing, with_key
from app.workflows.rules.slip import parse_answer
from app.workflows.slip_closing import takes_answers
from app.workflows.slip_definitions import definition_of
from app.workflows.slip_refusals import NoCertificateOfSlip, SlipPasskeyMissing
from app.workflows.slip_rows import answers_of, receipt_of

UNANSWERED: dict[str, Any] = {"answers": [], "reservation": False, "uploads": []}
CAN_SIGN = (Standing.VOTES, Standing.LOCKED)
UNISSUED = (slips.DRAFT, slips.SUBMITTED, slips.APPROVED, slips.ABANDONED)


def slip_card(
    actor: Actor, slip: Slip, now: dt.datetime, typed: dict[str, Any] | None = None, problem: Any = None
) -> dict[str, Any]:
    """The context of templates/ec/slip_answer.html; `typed` and `problem` are those of a form that was refused."""
    asked = asked_of(slip)
    entry = db.session.get(SlipRecipient, (slip.id, actor.person_id or 0))
    answers = answers_of(slip.id, actor.person_id) if entry else []
    draft = db.session.get(SlipDraft, (slip.id, actor.person_id or 0)) if entry else None
    following = slips.successor_of(slip)
    me = _me(actor, slip, entry, bool(answers), now)
    content = typed or (draft.content if draft else own_content(slip, answers[-1]) if answers else _unsaid(asked))
    return {
        "slip": _slip(slip, asked, now), "questions": asked["questions"], "articles": asked["articles"],
        "papers": _papers(actor, slip), "me": me,
        "draft": {"content": content, "version": draft.version if draft else 0, "said": by_field(content),
                  "saved_at": draft.saved_at if draft else None},
        "files": _files(slip, actor, content["uploads"]),
        "problem": problem, "fresh": secrets.token_urlsafe(16),
        "receipt": receipt_facts(slip, receipt_of(answers[-1]), mark_of(slip)) if answers else None,
        "earlier": earlier(slip, answers) if answers else [],
        "before": _before(actor, slip), "changes": _changes(slip),
        "following": _following(following, entry is not None),
        "result": _result(slip), "next": _next(slip),
        "silent": None if entry is None or answers else _silent(slip, entry),
        "urls": {name: url_for(f"SlipView.{name}", slip_id=slip.id)
                 for name in ("prepare", "sign", "draft", "attach", "confirm", "answer")},
    }  # fmt: skip


def asked_of(slip: Slip) -> Mapping[str, Any]:
    """What the slip asks: as it was frozen, or as it would be frozen now; the members that pages use."""
    if slip.issued_at is not None:
        return definition_of(slip)
    main = slips.main_question(slip)
    organisation = slip.organisation
    return {
        "matter": slip.matter, "number": "", "legal_basis": slip.legal_basis, "urgency": slip.urgency.value,
        "organisation": organisation and {"abbreviation": organisation.abbreviation, "name": organisation.name},
        "questions": [
            {"index": row.position, "kind": row.kind.value, "text": row.text, "options": list(row.options),
             "main": row is main}
            for row in slip.questions
        ],
        "articles": slip_papers.articles_of(slip), "issued_by": "",
    }  # fmt: skip


def by_field(content: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed under the name of each field of the form."""
    found: dict[str, Any] = {"reservation": content.get("reservation", False)}
    for part in content.get("answers", []):
        number = part["question"]
        found |= {f"{name}-{number}": part[name] for name in ("choice", "option", "text")}
        for each in part["articles"]:
            found[f"choice-{number}-{each['article']}"] = each["choice"]
            found[f"text-{number}-{each['article']}"] = each["text"]
    return found


def own_content(slip: Slip, answer: SlipAnswer) -> dict[str, Any]:
    """What a signed answer says, as a draft to change it."""
    return content_in(slip, answer.member_id, answer.statement.statement)


def content_in(slip: Slip, member_id: int, statement: bytes) -> dict[str, Any]:
    """What a member's statement says, signed or not, as it stands in the form."""
    said = parse_answer(statement)
    sums = [each["sha256"] for each in said["attachments"]]
    rows = select(SlipUpload).where(SlipUpload.slip_id == slip.id, SlipUpload.member_id == member_id)
    ids = {row.sha256: row.id for row in db.session.scalars(rows.where(SlipUpload.sha256.in_(sums)))}
    return {"answers": said["answers"], "reservation": said["reservation"], "uploads": [ids[each] for each in sums]}


def _unsaid(asked: Mapping[str, Any]) -> dict[str, Any]:
    blank: dict[str, Any] = {"choice": None, "option": None, "text": "", "articles": []}
    return {**UNANSWERED, "answers": [{"question": each["index"], **blank} for each in asked["questions"]]}


def _slip(slip: Slip, asked: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
    words, soon = left(slip.deadline_at, now, slip.body_id) if slip.deadline_at else ("", False)
    extended = slip.extensions[-1] if slip.extensions else None
    return {
        "id": slip.id, "number": slip.number_text, "round": slip.round, "state": slip.state.value,
        "state_label": word(slip.state), "matter": asked["matter"], "organisation": asked["organisation"],
        "legal_basis": asked["legal_basis"], "stamp": stamp_of(asked["urgency"]), "version": slip.version,
        "issued": slip.issued_at is not None, "takes_answers": takes_answers(slip, now),
        "deadline": slip.deadline_at and moment(slip.deadline_at), "deadline_at": slip.deadline_at,
        "left": words, "soon": soon, "reason": slip.reason, "passkey_demanded": slip.passkey_demanded,
        "silence": silence_of(slip, slips.rules_of(slip), slip.rule_set.legal_source) if slip.rule_set else "",
        "extended": extended and {"old": moment(extended.old_deadline_at), "reason": extended.reason},
        "closed_at": slip.closed_at, "ended_at": slip.ended_at,
    }  # fmt: skip


def _papers(actor: Actor, slip: Slip) -> list[dict[str, Any]]:
    """The papers that go with the slip; one that this person may not read is named without a link."""
    ids = [row.document_version_id for row in slip.papers]
    seen = set(db.session.scalars(select(DocumentVersion.id).where(DocumentVersion.id.in_(ids),
                                                                   visible(actor, DocumentVersion))))  # fmt: skip
    return [
        {"title": row.version.document.title, "pages": row.version.pages, "draft": row.draft,
         "url": url_for("PaperView.reader", version_id=row.document_version_id)
         if row.document_version_id in seen else None}
        for row in slip.papers
    ]  # fmt: skip


def _files(slip: Slip, actor: Actor, wanted: list[int]) -> list[dict[str, Any]]:
    """The files that the draft names, in its order; those that are gone are left out."""
    rows = select(SlipUpload).where(SlipUpload.slip_id == slip.id, SlipUpload.member_id == (actor.person_id or 0))
    own = {row.id: row for row in db.session.scalars(rows.where(SlipUpload.id.in_(wanted)))}
    return [file_facts(own[each]) for each in wanted if each in own]


def file_facts(upload: SlipUpload) -> dict[str, Any]:
    """A file beside an answer: {id, name, size, url}."""
    url = url_for("SlipView.attachment", upload_id=upload.id)
    return {"id": upload.id, "name": upload.name, "size": upload.size, "url": url}


def _me(actor: Actor, slip: Slip, entry: SlipRecipient | None, answered: bool, now: dt.datetime) -> dict[str, Any]:
    standing, facts = _standing(actor, slip, entry, now)
    party, may_change = relying_party(), not answered or slips.rules_of(slip).answer_change_allowed
    heading, reason = _refused(standing, facts)
    return {
        "asked": entry is not None, "person_id": actor.person_id,
        "may_answer": takes_answers(slip, now) and standing in CAN_SIGN and may_change,
        "may_change": may_change, "heading": heading, "reason": reason,
        "warning": _locked(facts["until"]) if "until" in facts else "",
        "lacks_passkey": standing is Standing.NO_PASSKEY, "passkey_origin": party.origin if party else "",
    }  # fmt: skip


def _standing(
    actor: Actor, slip: Slip, entry: SlipRecipient | None, now: dt.datetime
) -> tuple[Standing, dict[str, Any]]:
    if slip.state in UNISSUED:
        return Standing.VOTES, {}
    if not actor.may(Right.SLIP_ANSWER, slip):
        return Standing.STAFF, {}
    if entry is None:
        return Standing.NOT_ON_ROLL, {}
    return with_key(slip, entry, slip.passkey_demanded, now) if takes_answers(slip, now) else (Standing.VOTES, {})


def _locked(until: dt.datetime) -> str:
    return _(
        "Your signing key is locked until %(time)s after five wrong PINs. Two people of the Government Office can "
        "unlock it earlier; you can answer as soon as it is unlocked.",
        time=format_time(until, "HH:mm"),
    )


def _refused(standing: Standing, facts: Mapping[str, Any]) -> tuple[str, str]:
    """Heading and sentence for a person who has no answer here, or whose key cannot sign."""
    no_answer, no_signature = _("You are not asked."), _("You cannot sign now.")
    said = {
        Standing.STAFF: (no_answer, str(SAID[Right.SLIP_ANSWER])),
        Standing.NOT_ON_ROLL: (no_answer, _("You were not a member in office when this slip was issued.")),
        Standing.NO_CERTIFICATE: (no_signature, str(NoCertificateOfSlip.message)),
        Standing.CERTIFICATE_REFUSED: (no_signature, _(
            "%(fault)s An answer to this slip can be signed only with the certificate that you had when it was issued. "
            "Tell the Government Office: it asks you again in a new round, with the certificate you have then.",
            fault=facts.get("fault", ""))),
        Standing.SUSPENDED: (no_signature, _(
            "Your signing key is suspended until two people of the Government Office confirm a new one.")),
        Standing.NO_PASSKEY: (no_signature, str(SlipPasskeyMissing.message)),
        Standing.NO_KEY: (no_signature, _(
            "There is no active signing key for you. Ask the Government Office to enrol one.")),
    }  # fmt: skip
    return said.get(standing, ("", ""))


def _before(actor: Actor, slip: Slip) -> dict[str, Any] | None:
    """What this person answered to the round before, to be seen beside the new one."""
    if slip.previous is None or slip.previous.issued_at is None:
        return None
    given = answers_of(slip.previous.id, actor.person_id)
    asked, number = definition_of(slip.previous), slip.previous.number_text
    facts = said_facts(asked, parse_answer(given[-1].statement.statement)) if given else None
    at = format_datetime(given[-1].answered_at, "HH:mm, dd/MM/yyyy") if given else ""
    return {"number": number, "round": slip.previous.round, "said": facts, "at": at,
            "url": url_for("SlipView.card", slip_id=slip.previous.id)}  # fmt: skip


def _changes(slip: Slip) -> list[str]:
    """What this round asks otherwise than the one before, a line each."""
    found = slip_rounds.difference(slip)
    if found is None:
        return []
    added = [_("New question %(n)s", n=row.position) for row in found.added]
    removed = [_("No longer asked: %(text)s", text=row.text) for row in found.removed]
    changed = [_("Question %(n)s is asked otherwise; before: %(text)s", n=new.position, text=old.text)
               for old, new in found.changed]  # fmt: skip
    papers = [_("New paper: %(title)s", title=row.version.document.title) for row in found.papers_added]
    gone = [_("Paper taken out: %(title)s", title=row.version.document.title) for row in found.papers_removed]
    newer = [_("New version of a paper: %(title)s", title=new.version.document.title)
             for _old, new in found.papers_replaced]  # fmt: skip
    return [*changed, *added, *removed, *newer, *papers, *gone]


def _following(following: Slip | None, asked: bool) -> dict[str, Any] | None:
    """The next round, once it was issued."""
    if following is None or following.issued_at is None:
        return None
    url = url_for("SlipView.card", slip_id=following.id) if asked else None
    return {"number": following.number_text, "url": url}


def _result(slip: Slip) -> dict[str, Any] | None:
    """What came out of a closed slip: the sentence, and for each question of agreement the three columns."""
    if slip.result is None:
        return None
    told = json.loads(slip.result)
    asked = [part for part in told["questions"] if part["kind"] == "consent"]
    return {"sentence": told["sentence"], "members": told["members"], "consents": asked, "outcome": slip.outcome}


def _silent(slip: Slip, entry: SlipRecipient) -> dict[str, Any] | None:
    """What the count recorded of a member without an answer: `deemed` {at, source}, None where silence is nothing."""
    if slip.result is None:
        return None
    row = db.session.get(SlipDeemed, (slip.id, entry.member_id))
    return {"deemed": row and {"at": moment(row.at), "source": row.source}}


def _next(slip: Slip) -> dict[str, Any] | None:
    """The next slip that waits for this person, and how many there are."""
    waiting = [slip_id for slip_id in waiting_slip_ids() if slip_id != slip.id]
    return {"n": len(waiting), "url": url_for("SlipView.card", slip_id=waiting[0])} if waiting else None
