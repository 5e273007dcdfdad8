"""What must hold before a Resolution can be signed, each condition with its reason, as the signer sees it."""

import datetime as dt
from decimal import Decimal
from functools import lru_cache
from typing import Any

from flask_babel import format_percent
from flask_babel import gettext as _

from app.gateways import paper, storage
from app.models import FileStage, Resolution, ResolutionFile
from app.views.resolution_changes import comparison
from app.workflows import evidence, keys, resolutions, seals
from app.workflows.engine.check_words import check_word
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.own_key import OwnKey, own_key_of
from app.workflows.resolution_sources import origin_of, sentence_of
from app.workflows.rules.canonical import parse_canonical

Gate = dict[str, Any]


def gates(actor: Actor, resolution: Resolution, file: ResolutionFile, now: dt.datetime) -> dict[str, Any]:
    """The conditions in their order, the comparison with the voted text, authority and certificate.

    `open` when all of them hold: the button is inactive while one does not.
    """
    compared = comparison(resolution, file.version)
    own = own_key_of(actor, now)
    listed = [
        _vote(resolution), _text(file, compared), _completeness(resolution, file), _layout(file),
        _certificate(actor, resolution, now), *_specimen(resolution),
    ]  # fmt: skip
    return {
        "listed": listed, "open": all(gate["ok"] for gate in listed), "comparison": compared,
        "authority": _authority(resolution, file, now), "certificate": _shown(own),
    }  # fmt: skip


def _gate(ok: bool, title: Any, *notes: Any, checks: Any = ()) -> Gate:
    return {"ok": ok, "warn": False, "title": title, "notes": [note for note in notes if note], "checks": list(checks)}


def _vote(resolution: Resolution) -> Gate:
    try:
        resolutions.stands(resolution)
    except WorkflowError as refusal:
        return _gate(False, _("Vote"), str(refusal))
    if resolution.poll is None:
        return _slip(resolution)
    result = parse_canonical(evidence.standing_result(resolution.poll))
    share = format_percent(Decimal(result["percent_of_all"]) / 100, "#,##0.0%")
    counts = {"agree": result["agree"], "members": result["members"], "share": share}
    return _gate(True, _("Vote: adopted"), _("%(agree)s/%(members)s = %(share)s of all members", **counts))


def _slip(resolution: Resolution) -> Gate:
    """The decision to sign stands; beside it what the members answered."""
    return _gate(True, _("Opinion slip: decided to sign"), origin_of(resolution), sentence_of(resolution))


def _text(file: ResolutionFile, compared: dict[str, Any]) -> Gate:
    note = _("version %(n)s, hash %(hash)s…", n=file.version.number, hash=file.version.sha256[:8])
    if compared["needs_reason"]:
        differs = _gate(bool(compared["reason"]), _("The text differs from the voted one"), compared["summary"], note)
        return differs | {"warn": True}
    title = _("The text on which opinions were asked") if file.resolution.slip_id else _("The text that was voted on")
    return _gate(True, title, compared["summary"], note)


def _completeness(resolution: Resolution, file: ResolutionFile) -> Gate:
    found = resolutions.findings_of(resolution, file.version)
    checks = [_check(finding.ok, check_word(finding.code), finding.found) for finding in found]
    return _counted(_("Content: %(passed)s of %(all)s checks passed"), checks)


def _layout(file: ResolutionFile) -> Gate:
    checks = [_check(finding.ok, finding.title, finding.found, finding.wanted) for finding in _measured(file.sha256)]
    return _counted(_("Layout: %(passed)s of %(all)s checks passed"), checks, _("Decree no. 30/2020/NĐ-CP"))


@lru_cache(maxsize=16)
def _measured(sha256: str) -> tuple[paper.Finding, ...]:
    """The same for the same bytes; measured once, although the page is drawn anew with every change in the meeting."""
    return tuple(paper.check_layout(storage.read(sha256)))


def _counted(title: str, checks: list[Any], *notes: Any) -> Gate:
    passed = sum(check["ok"] for check in checks)
    broken = next((f"{check['title']} {check['found']}" for check in checks if not check["ok"]), "")
    counted = title % {"passed": passed, "all": len(checks)}
    return _gate(passed == len(checks), counted, broken, *notes, checks=checks)


def _check(ok: bool, title: Any, found: Any = "", wanted: Any = "") -> dict[str, Any]:
    return {"ok": ok, "title": title, "found": "" if ok else str(found), "wanted": "" if ok else str(wanted)}


def _certificate(actor: Actor, resolution: Resolution, now: dt.datetime) -> Gate:
    """The refusal that the act would answer with now."""
    title = _("Signing key and certificate")
    key = keys.active_key(actor.person_id or 0)
    if key is None:
        return _gate(False, title, keys.NoKey.message)
    try:
        keys.refuse_suspended(resolution, key.certificate_id)
        keys.check_usable(resolution, key.certificate, now)
    except WorkflowError as refusal:
        return _gate(False, title, str(refusal))
    return _gate(True, _("The certificate is valid"))


def _specimen(resolution: Resolution) -> list[Gate]:
    """Told only when it is missing: then nothing can be signed."""
    if seals.picture_of(resolution.signer_id) is not None:
        return []
    return [_gate(False, _("Specimen signature"), seals.NoPicture.message)]


def _authority(resolution: Resolution, file: ResolutionFile, now: dt.datetime) -> list[str]:
    try:
        return list(resolutions.sheet_of(resolution, file.version, now).authority)
    except resolutions.NoSigner:
        return [resolution.signer_post]


def _shown(own: OwnKey | None) -> dict[str, Any] | None:
    if own is None:
        return None
    certificate = own.key.certificate
    return {
        "name": certificate.subject, "serial": certificate.serial, "until": certificate.not_after,
        "expires_soon": own.expires_soon, "tries_left": own.tries_left, "most": keys.MOST_TRIES,
        "locked_until": own.locked_until,
    }  # fmt: skip


def presented(resolution: Resolution) -> ResolutionFile:
    """The form that lies, or lay, before the signer."""
    return next(file for file in reversed(resolution.files) if file.stage is FileStage.PRESENTED)
