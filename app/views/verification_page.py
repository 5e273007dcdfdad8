"""What the public page says of a document or of a file: one band with the verdict, then the facts in the register."""

import datetime as dt
from typing import Any

from flask import url_for
from flask_babel import format_datetime, lazy_gettext
from flask_babel import gettext as _

from app.gateways.pades import Verdict, sub_indication
from app.models import Resolution, ResolutionState, SignatureRole
from app.views.ballot_answers import stamp_facts
from app.views.resolution_list import title_of
from app.views.resolution_verdict import LOOKS
from app.views.verification_layout import pages, parts
from app.workflows import public_documents, time_stamps
from app.workflows.engine.words import word
from app.workflows.key_places import places_of
from app.workflows.public_documents import Checked

RECALLED, REPLACED = ResolutionState.RECALLED, ResolutionState.REPLACED
SIGNS = {SignatureRole.SIGNATURE: "shield-check", SignatureRole.SEAL: "stamp"}
STANDING: dict[ResolutionState, tuple[str, str, Any]] = {
    ResolutionState.PROMULGATED: ("ok", "check", lazy_gettext("In force")),
    RECALLED: ("bad", "ban", lazy_gettext("Recalled")),
    REPLACED: ("warn", "refresh-cw", lazy_gettext("Replaced")),
}
BLOCK = 8  # of the hash: groups that an eye can compare
Band = dict[str, Any]


def document_page(document: Resolution, now: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/verification.html for the page behind a code."""
    verdict = public_documents.verdict_of(document, now)
    return {
        "band": _band(document, verdict, now), "document": facts(document, verdict, now), "token": document.token,
        "pages": pages(verdict),
    }  # fmt: skip


def file_page(checked: Checked, now: dt.datetime) -> dict[str, Any]:
    """The same for a file that was sent: first what is thought of the file, then the document it is."""
    about, claimed = checked.document, checked.claimed
    shown = about or claimed
    posts = {one.role.value: one.post for one in about.signatures} if about else {}
    return {
        "parts": parts(checked.verdict, posts), "pages": pages(checked.verdict),
        "band": _file_band(checked, now), "file_sha256": grouped(checked.verdict.sha256),
        "document": facts(shown, public_documents.verdict_of(shown, now), now) if shown else None,
        "token": shown.token if shown else "",
    }  # fmt: skip


def facts(document: Resolution, verdict: Verdict, now: dt.datetime) -> dict[str, Any]:
    """What the register says; posts, never names of people, and the subject only where it is public."""
    kind, icon, label = STANDING[document.state]
    successor = public_documents.successor_of(document) if document.state is REPLACED else None
    states = {signer.role: signer.state for signer in verdict.signers}
    number = document.number
    places = places_of(one.statement.certificate_id for one in document.signatures)
    return {
        "number": number.text if number else "", "date": number.issued_on if number else None,
        "body": document.body.name, "subject": document.subject if document.public else "",
        "kind": kind, "icon": icon, "label": label, "ended_at": document.ended_at,
        "reason": document.reason if document.state is RECALLED and document.public else "",
        "successor": _named(successor) if successor else None,
        "signers": [
            {"icon": SIGNS[one.role], "post": one.post, "role": word(one.role), "at": one.statement.signed_at,
             "stamp": stamp_facts(time_stamps.shown(one.statement, now))["stamp"],
             "serial": _serial(one.statement.certificate.serial),
             "place": places[one.statement.certificate_id], **_state(states.get(one.role.value, "invalid"))}
            for one in document.signatures
        ],
        "sha256": grouped(public_documents.file_of(document).sha256),
    }  # fmt: skip


def grouped(sha256: str) -> str:
    return " ".join(sha256[at : at + BLOCK] for at in range(0, len(sha256), BLOCK))


def not_found() -> dict[str, Any]:
    """The same for a code that was never given, one that was mistyped, and a document that is not out yet."""
    text = _("This code belongs to no promulgated document. Compare the address with the one printed on the document.")
    return {"band": _said("warn", "circle-question-mark", _("No document was found"), text), "document": None}


def refused(title: str, text: str) -> dict[str, Any]:
    return {"band": _said("warn", "hourglass", title, text), "document": None}


def _band(document: Resolution, verdict: Verdict, now: dt.datetime) -> Band:
    """The worst comes first: recalled, not valid, undecided, replaced, and only then valid."""
    at = format_datetime(now, "HH:mm, dd/MM/yyyy")
    if document.state is RECALLED:
        return _recalled(document)
    if verdict.state != "valid":
        return _doubtful(verdict, _("The document is not valid"))
    if document.state is REPLACED:
        return _replaced(document)
    text = _("In force, electronic signatures intact. Checked at %(at)s.", at=at)
    return _said("ok", "shield-check", _("The document is valid"), text)


def _file_band(checked: Checked, now: dt.datetime) -> Band:
    document, claimed, verdict = checked.document, checked.claimed, checked.verdict
    if document is None or verdict.state != "valid":
        return _doubtful(verdict, _("The file is not valid"))
    if document.state is RECALLED:
        return _recalled(document)
    if claimed is not None and claimed.id != document.id:
        text = _("It is valid, and it is not the document whose page you have open.")
        other = _("The file is another document: %(number)s", number=document.number.text if document.number else "")
        return _said("warn", "shield-alert", other, text)
    if document.state is REPLACED:
        return _replaced(document)
    at = format_datetime(now, "HH:mm, dd/MM/yyyy")
    text = _("Letter by letter the file that was promulgated. In force. Checked at %(at)s.", at=at)
    if not checked.identical:
        text = _("The promulgated file with what preserves it for the long term. In force. Checked at %(at)s.", at=at)
    return _said("ok", "shield-check", _("The file is valid"), text)


def _doubtful(verdict: Verdict, invalid: str) -> Band:
    reasons = [{"text": str(reason), "standard": sub_indication(reason.code)} for reason in verdict.reasons]
    if verdict.state == "invalid":
        text = _("Do not rely on it. Why:")
        return _said("bad", "shield-x", invalid, text) | {"reasons": reasons}
    codes = {reason.code for reason in verdict.reasons}
    title = _("This is no document in our register") if "no_pins" in codes else _("It cannot be decided")
    text = _("Not enough to decide: nothing is said for or against its validity. Why:")
    return _said("warn", "shield-alert", title, text) | {"reasons": reasons}


def _recalled(document: Resolution) -> Band:
    at = format_datetime(document.ended_at, "HH:mm, dd/MM/yyyy")
    text = _("Recalled at %(at)s. Do not use it, copy it or pass it on.", at=at)
    return _said("bad", "shield-x", _("The document was recalled"), text)


def _replaced(document: Resolution) -> Band:
    successor, at = public_documents.successor_of(document), format_datetime(document.ended_at, "HH:mm, dd/MM/yyyy")
    title = _named(successor)["title"] if successor else ""
    text = _("Since %(at)s %(title)s stands in its place.", at=at, title=title)
    return _said("warn", "shield-alert", _("The document was replaced"), text)


def _said(kind: str, icon: str, title: str, text: str) -> Band:
    return {"kind": kind, "icon": icon, "title": title, "text": text, "reasons": []}


def _named(other: Resolution) -> dict[str, str]:
    title = title_of(other, other.number.text if other.number else "")
    return {"title": title, "url": url_for("VerificationView.document", token=other.token)}


def _state(state: str) -> dict[str, Any]:
    kind, _icon, label = LOOKS[state]
    return {"kind": kind, "label": label}


def _serial(serial: str) -> str:
    """In pairs, as programs that read certificates write it."""
    even = serial.upper().zfill(len(serial) + len(serial) % 2)
    return ":".join(even[at : at + 2] for at in range(0, len(even), 2))
