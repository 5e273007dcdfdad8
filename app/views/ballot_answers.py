"""What the vote card's script and a member's receipt say of a ballot, read back from the bytes that are signed."""

import datetime as dt
from base64 import b64encode
from typing import Any

from flask import url_for
from flask_babel import format_datetime, lazy_gettext
from flask_babel import gettext as _

from app.extensions import db
from app.gateways import signing
from app.gateways.passkeys import TIMEOUT, relying_party
from app.models import Ballot, Certificate, Choice, Place, Poll, PreparedStatement, RollEntry, SignedStatement
from app.views.actor import now
from app.views.marks import code_path, mark_facts, mark_of
from app.workflows import passkey_assertions, passkeys, revocation_evidence, time_stamps
from app.workflows.ballots import Receipt, receipt_of
from app.workflows.engine.transaction import plain
from app.workflows.engine.words import word
from app.workflows.installation_log import Mark
from app.workflows.proofs import Proof
from app.workflows.revocation_evidence import AnswerShown, AnswerState
from app.workflows.rules import stamping
from app.workflows.rules.ballot import parse_ballot, parse_definition
from app.workflows.rules.canonical import tagged_digest
from app.workflows.rules.passkey import BALLOT_TAG, parse_assertion_record, to_base64url
from app.workflows.time_stamps import StampShown, StampState

OUTSIDE = {
    stamping.BEFORE_OPENING: lazy_gettext("it lies before the opening of the vote"),
    stamping.AFTER_CLOSE: lazy_gettext("it lies after the close of the vote and does not prove a ballot in time"),
}


def prepared_answer(prepared: PreparedStatement) -> dict[str, Any]:
    """The answer to “prepare”: the exact text, what of it people are shown, and until when it may be signed."""
    poll = db.session.get_one(Poll, prepared.poll_id)
    entry = db.session.get_one(RollEntry, (prepared.poll_id, prepared.person_id))
    return {
        "statement": prepared.statement.decode(),
        "shown": shown(prepared.statement, poll.definition or b"", entry.certificate),
        "expires_at": plain(prepared.expires_at),
        "passkey": asked_passkey(prepared.person_id),
    }


def asked_passkey(person_id: int) -> dict[str, Any] | None:
    """What the browser asks an authenticator about these bytes; None for a person without a passkey.

    The challenge is made by the browser itself, of the tag and the text that it shows (rule:R34).
    """
    party, usable = relying_party(), passkeys.usable_passkeys(person_id)
    if party is None or not usable:
        return None
    known = [{"id": to_base64url(each.credential_id), "transports": each.transports} for each in usable]
    return {"tag": BALLOT_TAG, "host": party.host, "credentials": known, "timeout": TIMEOUT}


def shown(statement: bytes, definition: bytes, certificate: Certificate | None) -> dict[str, Any]:
    """The confirm sheet: every value is in the statement, in the definition it names by hash, or in the certificate.

    ValueError when the statement names another definition, or a member that is not on its roll.
    """
    said, asked = parse_ballot(statement), parse_definition(definition)
    if said["poll_hash"] != tagged_digest(definition):
        raise ValueError("the statement is about another poll")
    member = asked["roll"][said["roll_index"] - 1]
    if member["member"] != said["member"]:
        raise ValueError("the statement is of nobody on the roll")
    document = asked["document"]
    return {
        "question": asked["question"],
        "choice": said["choice"],
        "choice_label": str(word(Choice(said["choice"]))),
        "remark": said["remark"],
        "reservation": said["reservation"],
        "place": said["place"],
        "place_label": str(place_word(Place(said["place"]))),
        "document": document and _("%(title)s, version %(n)s", title=document["title"], n=document["version"]),
        "document_sha256": document and document["sha256"],
        "member": f"{member['name']}, {member['post']}",
        "supersedes": said["supersedes"],
        "server_time": said["server_time"],
        **certificate_facts(certificate),
    }


def certificate_facts(certificate: Certificate | None) -> dict[str, Any]:
    return {
        "certificate_name": certificate.subject if certificate else "",
        "certificate_serial": certificate.serial if certificate else "",
        "certificate_until": plain(certificate.not_after) if certificate else None,
    }


def place_word(place: Place) -> str:
    return _("voted in the room") if place is Place.IN_ROOM else _("voted remotely")


def receipt_facts(receipt: Receipt, mark: Mark | None = None) -> dict[str, Any]:
    """A receipt as the pages show it; times aware. `mark` is the first checkpoint over the vote, once there is one.

    Pages draw `checkpoint_qr`; in JSON the text behind it says the same.
    """
    return {
        **proof_facts(receipt, mark),
        "ballot_id": receipt.ballot_id, "poll_id": receipt.poll_id,
        "choice": receipt.choice.value, "choice_label": str(word(receipt.choice)),
        "place": receipt.place.value, "place_label": place_word(receipt.place),
        "remark": receipt.remark, "reservation": receipt.reservation,
        "verify_url": url_for("VoteView.verify", poll_id=receipt.poll_id),
        "download_url": url_for("VoteView.receipt", poll_id=receipt.poll_id, save=1),
        **stamp_facts(time_stamps.shown_of_ballot(receipt.ballot_id, now())),
    }  # fmt: skip


def proof_facts(receipt: Proof, mark: Mark | None) -> dict[str, Any]:
    """What every receipt shows, of a ballot or of an answer to a slip, but for its time stamp."""
    kept = passkey_assertions.evidence_of(receipt.statement_sha256) if receipt.passkey else None
    return {
        "leaf_seq": receipt.leaf_seq, "leaf_hash": receipt.leaf_hash, "root": receipt.root,
        "statement_sha256": receipt.statement_sha256, "certificate_name": receipt.certificate_name,
        "certificate_serial": receipt.certificate_serial, "certificate_until": receipt.certificate_until,
        "at": receipt.at, "key_label": str(signing.place(receipt.provider)), "passkey_label": passkey_label(kept),
        "checkpoint": mark_facts(mark), "checkpoint_qr": mark and code_path(mark.text),
        **revocation_facts(revocation_evidence.shown(receipt.statement_sha256, now())),
    }  # fmt: skip


def stamp_facts(shown: StampShown) -> dict[str, Any]:
    """The time stamp in words; its state for machines: stamped, awaited, none, broken."""
    said = {
        StampState.AWAITED: _("Waiting for the time stamp; until then the time is that of the server."),
        StampState.NONE: _("None; the time is that of the server."),
        StampState.BROKEN: _("There is one, and it is not good: %(why)s", why=shown.fault),
    }
    if shown.time is not None:
        at = format_datetime(shown.time, "HH:mm:ss, dd/MM/yyyy")
        said[StampState.STAMPED] = _("%(at)s (Hanoi time), given by %(authority)s", at=at, authority=shown.authority)
    words = str(said[shown.state])
    if shown.timely != stamping.IN_TIME:
        words += " – " + str(OUTSIDE[shown.timely])
    return {"stamp_state": shown.state.value, "stamp": words}


def revocation_facts(shown: AnswerShown) -> dict[str, Any]:
    """What is known of the revocation of the certificate, in words; its state for machines as `AnswerState`."""
    return {"revocation_state": shown.state.value, "revocation": str(revocation_word(shown.state, shown.at))}


def revocation_word(state: AnswerState, at: dt.datetime | None = None) -> str:
    """`at` is when the answer was kept, or since when the certificate is revoked."""
    when = format_datetime(at, "HH:mm, dd/MM/yyyy") if at else ""
    said = {
        AnswerState.GOOD: _("Not revoked, by an answer of its authority that was kept at %(at)s.", at=when),
        AnswerState.REVOKED_LATER: _("Revoked since %(at)s, after this was signed.", at=when),
        AnswerState.REVOKED_BEFORE: _("Revoked since %(at)s, before this was signed.", at=when),
        AnswerState.AWAITED: _("No answer about revocation yet; the authority is being asked."),
        AnswerState.GIVEN_UP: _("No answer about revocation came within 30 days; nobody is asked any more."),
        AnswerState.NOBODY: _("No answer about revocation: this installation names nobody to ask."),
    }
    return said[state]


def passkey_label(kept: bytes | None) -> str:
    """What the member calls the passkey whose confirmation was kept; empty where there is none."""
    return passkeys.label_of(parse_assertion_record(kept).credential_id) if kept else ""


def receipt_answer(receipt: Receipt, mark: Mark | None = None) -> dict[str, Any]:
    """The same as JSON: times in ISO 8601, UTC."""
    return without_pictures(receipt_facts(receipt, mark))


def without_pictures(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts of a receipt as JSON; what a picture shows is said by the text behind it."""
    answer: dict[str, Any] = plain({name: value for name, value in facts.items() if name != "checkpoint_qr"})
    return answer


def receipt_file(ballot: Ballot) -> dict[str, Any]:
    """What a member takes away: the receipt, the signed text, the signature and the certificate, to check anywhere."""
    poll = db.session.get_one(Poll, ballot.poll_id)
    return {"receipt": receipt_answer(receipt_of(ballot), mark_of(poll)), **signed_parts(ballot.statement)}


def signed_parts(signed: SignedStatement) -> dict[str, Any]:
    """The exact text and what proves it, for a file: everything but the text and the passkey's record in Base64."""
    token, kept = time_stamps.token_of(signed.id), passkey_assertions.evidence_of(signed.sha256)
    return {
        "statement": signed.statement.decode(),
        "signature": b64encode(signed.cms).decode(),
        "certificate": b64encode(signed.certificate.der).decode(),
        "time_stamp": token and b64encode(token).decode(),
        **({"passkey": kept.decode()} if kept else {}),
    }
