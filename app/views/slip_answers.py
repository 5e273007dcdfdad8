"""What a member is shown of an answer: the confirm sheet and the receipt, read back from the bytes that are signed."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from app.extensions import db
from app.models import Certificate, Slip, SlipAnswer, SlipPrepared, SlipRecipient
from app.views.actor import now
from app.views.ballot_answers import (
    asked_passkey,
    certificate_facts,
    proof_facts,
    signed_parts,
    stamp_facts,
    without_pictures,
)
from app.views.slip_words import headline, main_of, spoken
from app.workflows import installation_log, slips, time_stamps
from app.workflows.engine.transaction import plain
from app.workflows.installation_log import Mark
from app.workflows.rules.slip import parse_answer
from app.workflows.slip_definitions import definition_of
from app.workflows.slip_rows import AnswerReceipt, receipt_of

OVER = frozenset({slips.CLOSED, slips.REPORTED, slips.DECIDED, slips.RECALLED})


def prepared_answer(prepared: SlipPrepared) -> dict[str, Any]:
    """The answer to “prepare”: the exact text, what of it people are shown, and until when it may be signed."""
    slip = db.session.get_one(Slip, prepared.slip_id)
    entry = db.session.get_one(SlipRecipient, (prepared.slip_id, prepared.person_id))
    return {
        "statement": prepared.statement.decode(),
        "shown": shown(prepared.statement, slip, entry.certificate),
        "expires_at": plain(prepared.expires_at),
        "passkey": asked_passkey(prepared.person_id),
    }


def shown(statement: bytes, slip: Slip, certificate: Certificate | None) -> dict[str, Any]:
    """The confirm sheet: every value is in the statement, in the definition it names by hash, or in the certificate.

    ValueError when the statement names another slip, or a member who is not asked.
    """
    said, asked = parse_answer(statement), definition_of(slip)
    if said["slip_hash"] != f"sha256:{slip.definition_sha256}":
        raise ValueError("the statement is about another slip")
    member = asked["roll"][said["roll_index"] - 1]
    if member["member"] != said["member"]:
        raise ValueError("the statement is of nobody who is asked")
    return {
        **said_facts(asked, said),
        "question": asked["matter"], "number": asked["number"],
        "member": f"{member['name']}, {member['post']}",
        "supersedes": said["supersedes"], "server_time": said["server_time"],
        **certificate_facts(certificate),
    }  # fmt: skip


def said_facts(asked: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer says, for people: {choice, choice_label, parts, reservation, attachments}."""
    main = main_of(asked)
    return {
        "choice": said["answers"][main - 1]["choice"] if main else "",
        "choice_label": headline(asked, said),
        "parts": spoken(asked, said),
        "reservation": said["reservation"],
        "attachments": [{"name": each["name"], "size": each["size"]} for each in said["attachments"]],
    }


def receipt_facts(slip: Slip, receipt: AnswerReceipt, mark: Mark | None = None) -> dict[str, Any]:
    """A receipt as the pages show it; times aware. `mark` is the first checkpoint over the slip, once there is one."""
    return {
        **said_facts(definition_of(slip), receipt.said),
        **proof_facts(receipt, mark),
        "answer_id": receipt.answer_id, "slip_id": receipt.slip_id,
        "verify_url": url_for("SlipView.verify", slip_id=slip.id),
        "download_url": url_for("SlipView.receipt", slip_id=slip.id, save=1),
        **stamp_facts(time_stamps.shown_of(receipt.statement_sha256, now())),
    }  # fmt: skip


def mark_of(slip: Slip) -> Mark | None:
    """The first checkpoint over a slip that is over; one under way has none."""
    return installation_log.mark_of_slip(slip.id) if slip.state in OVER else None


def receipt_answer(slip: Slip, receipt: AnswerReceipt) -> dict[str, Any]:
    """The same as JSON: times in ISO 8601, UTC."""
    return without_pictures(receipt_facts(slip, receipt, mark_of(slip)))


def receipt_file(slip: Slip, answer: SlipAnswer) -> dict[str, Any]:
    """What a member takes away: the receipt, the signed text, the signature and the certificate, to check anywhere."""
    return {"receipt": receipt_answer(slip, receipt_of(answer)), **signed_parts(answer.statement)}


def earlier(slip: Slip, answers: list[SlipAnswer]) -> list[dict[str, Any]]:
    """A member's answers that were superseded, the latest first: all are kept, and none is shown as standing."""
    asked = definition_of(slip)
    return [_once(asked, answer) for answer in reversed(answers[:-1])]


def _once(asked: Mapping[str, Any], answer: SlipAnswer) -> dict[str, Any]:
    at: dt.datetime = answer.answered_at
    entry = _("entry %(n)s", n=answer.leaf_seq)
    facts = said_facts(asked, parse_answer(answer.statement.statement))
    return {**facts, "at": at, "entry": entry, "sha256": answer.statement.sha256}
