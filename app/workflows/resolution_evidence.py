"""The evidence of a Resolution (hồ sơ chứng cứ của Nghị quyết): one file for auditors, from text to register."""

import datetime as dt
from typing import Any

from flask_babel import lazy_gettext as _

from app.extensions import db
from app.gateways import signing, storage, timestamp
from app.models import Resolution, SlipDecision
from app.version import SOFTWARE
from app.workflows import evidence, key_places, preserved_files, sealed, slip_evidence
from app.workflows.engine.errors import Detached, NotAllowed, WorkflowError
from app.workflows.engine.rights import AUDITOR, SAID, Actor, Right
from app.workflows.engine.transaction import end_reading, record, record_refusal, use_case
from app.workflows.engine.visibility import OUT, seen
from app.workflows.rules import evidence as rules
from app.workflows.rules.calendar import iso_utc
from app.workflows.rules.canonical import canonical, digest, parse_canonical
from app.workflows.rules.evidence import bundle, manifest

CONTEXT, BUNDLE_CONTEXT = "vn.ecabinet.resolution.v1", "vn.ecabinet.resolution-evidence.v1"
RESOLUTION_BUNDLE, BASIS = "resolution_bundle", "slip.zip"


class NotPromulgated(WorkflowError):
    code = "not_promulgated"
    message = _("The evidence of a Resolution is handed out after its promulgation.")


def may_take(actor: Actor, resolution: Resolution) -> bool:
    return resolution.state in OUT and actor.holds(frozenset({AUDITOR}), resolution.body_id)


def part(actor: Actor, resolution_id: int, now: dt.datetime) -> bytes:
    """The same as part of something whose handing out is recorded itself; made with nothing open."""
    return _made(actor, resolution_id, now)


def bundle_of(actor: Actor, resolution_id: int, now: dt.datetime) -> bytes:
    """The evidence of a promulgated Resolution as a zip, the same bytes at each call; who took it is recorded.

    Everything is verified before: votes or answers are counted again, the document is judged as on the day it came out.
    The evidence of a vote is named by its hash; that of a slip, which nobody else hands out, is inside.
    """
    end_reading()
    try:
        made = _made(actor, resolution_id, now)
    except WorkflowError as refusal:
        record_refusal(RESOLUTION_BUNDLE, actor, refusal)
        raise
    _taken(actor, resolution_id, digest(made), now)
    return made


@use_case
def _taken(actor: Actor, resolution_id: int, sha256: str, now: dt.datetime) -> None:
    resolution = seen(actor, Resolution, resolution_id)
    record(actor, evidence.EvidenceTaken.about(resolution, kind=RESOLUTION_BUNDLE, sha256=sha256), now)


def _made(actor: Actor, resolution_id: int, now: dt.datetime) -> bytes:
    resolution = seen(actor, Resolution, resolution_id)
    if not actor.holds(frozenset({AUDITOR}), resolution.body_id):
        raise NotAllowed(resolution, right=SAID[Right.EVIDENCE_READ])
    if resolution.state not in OUT:
        raise NotPromulgated(resolution)
    poll_id, slip_id = resolution.poll_id, resolution.slip_id
    issued = sealed.checked(resolution.poll).resolution if resolution.poll else sealed.issued_as(resolution)
    if issued is None:
        raise NotPromulgated(resolution)
    files, about, about_it = _kept(resolution), _record(resolution), Detached.of(resolution)
    forms = {f"long-term/{form.number:04d}.pdf": form.sha256 for form in preserved_files.files_of(resolution_id)}
    end_reading()
    if poll_id is not None:
        about["poll"]["bundle_sha256"] = digest(evidence.part(actor, poll_id, evidence.BUNDLE, now))
    if slip_id is not None:
        files[BASIS] = slip_evidence.part(actor, slip_id)
        about["slip"]["bundle_sha256"] = digest(files[BASIS])
    files |= {"resolution.pdf": issued.content(), "resolution.json": canonical(about)}
    files |= _long_term(about_it, forms)
    files["manifest.json"] = manifest(files, {"ctx": BUNDLE_CONTEXT, "resolution_id": resolution_id})
    return bundle(files)


def _long_term(resolution: Detached, forms: dict[str, str]) -> dict[str, bytes]:
    """The long-term forms by name, each with the bytes of the one before it, and the authorities of their stamps."""
    try:
        files = {name: storage.read(sha256) for name, sha256 in forms.items()}
    except storage.StorageError as failed:
        raise sealed.EvidenceBroken(resolution, fault=f"a long-term form cannot be read: {failed.code}") from failed
    return files | {f"certificates/{digest(der)}.cer": der for der in (timestamp.trusted() if forms else ())}


def _kept(resolution: Resolution) -> dict[str, bytes]:
    """Every text with what differs from the voted one, the certificates of all who signed, the recall."""
    files: dict[str, bytes] = {}
    for version in resolution.versions:
        if digest(version.text) != version.sha256:
            raise sealed.EvidenceBroken(resolution, fault=f"version {version.number} has another hash")
        files |= {f"versions/{version.number:04d}.json": version.text}
        files |= {f"versions/{version.number:04d}.changes.json": version.changes}
    signed = [each.statement for each in resolution.signatures]
    recall = resolution.recall
    if recall is not None:
        files |= rules.recall_files((recall.statement, recall.cms))
        signed.append(recall)
    files[rules.KEY_PLACES] = rules.key_places(key_places.places_by_hash(each.certificate for each in signed))
    certificates = [*(each.certificate.der for each in signed), *signing.trusted()]
    return files | {f"certificates/{digest(der)}.cer": der for der in certificates}


def _basis(resolution: Resolution) -> dict[str, Any]:
    """The vote it stands on; or the slip, with what the head decided on its result."""
    if resolution.poll is not None:
        return {"poll": {"poll_id": resolution.poll_id, "poll_hash": f"sha256:{resolution.poll.definition_sha256}"}}
    decided = db.session.get_one(SlipDecision, resolution.slip_id)
    slip = decided.slip
    return {
        "slip": {"slip_id": slip.id, "slip_hash": f"sha256:{slip.definition_sha256}"},
        "decision": {
            "way": decided.way.value, "reason": decided.reason, "tie_confirmed": decided.tie_confirmed,
            "name": decided.name, "post": decided.post, "at": iso_utc(decided.at),
        },
    }  # fmt: skip


def _record(resolution: Resolution) -> dict[str, Any]:
    """What the records say of it: hashes, versions with their reasons, signatures, verdict, entry in the register."""
    number, out, ended = resolution.number, resolution.promulgated_at, resolution.ended_at
    if number is None or out is None:
        raise NotPromulgated(resolution)
    return {
        "v": 1, "ctx": CONTEXT, "resolution_id": resolution.id, "subject": resolution.subject,
        "state": resolution.state.value, "number": number.text, "file_sha256": resolution.signatures[-1].file.sha256,
        "promulgated_at": iso_utc(out), "ended_at": ended and iso_utc(ended), "software": SOFTWARE,
        **_basis(resolution),
        "register": {
            "series": number.series.type, "normative": number.series.normative, "year": number.series.year,
            "number": number.number, "text": number.text, "issued_on": number.issued_on.isoformat(),
            "cancelled": number.cancellation and number.cancellation.reason,
        },
        "versions": [
            {"number": each.number, "sha256": each.sha256, "changes_sha256": digest(each.changes),
             "needs_reason": bool(parse_canonical(each.changes)["needs_reason"]), "reason": each.reason,
             "at": iso_utc(each.at)}
            for each in resolution.versions
        ],
        "signatures": [
            {"role": each.role.value, "name": each.name, "post": each.post,
             "certificate_sha256": each.statement.certificate.sha256, "at": iso_utc(each.statement.signed_at)}
            for each in resolution.signatures
        ],
        "verdict": {"state": "valid", "at": iso_utc(out)},  # anything else makes no bundle
    }  # fmt: skip
