"""What the person who looks at a Resolution may do with it now; the acts decide again when it is done."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _

from app.models import Resolution, ResolutionState
from app.workflows import promulgation
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.visibility import OUT
from app.workflows.resolutions import LIFECYCLE

(DRAFTING, PRESENTED, SIGNED, NUMBERED, SEALED, PROMULGATED, RECALLED, REPLACED, ABANDONED) = ResolutionState
ISSUING = {SIGNED, NUMBERED, SEALED}
Offer = dict[str, Any]


def offers(actor: Actor, resolution: Resolution) -> dict[str, Any]:
    """`main`: the one thing that waits for this person, or None; `links`; `sheets`: acts that ask for a reason."""
    return {
        "main": _main(actor, resolution),
        "links": _links(actor, resolution),
        "sheets": _sheets(actor, resolution),
    }


def _can(actor: Actor, resolution: Resolution, name: str) -> bool:
    move = LIFECYCLE.moves[name]
    return resolution.state in move.sources and actor.may(move.right, resolution)


def _main(actor: Actor, resolution: Resolution) -> Offer | None:
    if _can(actor, resolution, "present"):
        return _post("present", resolution, _("Present for signature"), "send")
    if _can(actor, resolution, "sign") and actor.person_id == resolution.signer_id:
        page = url_for("ResolutionSigningView.page", resolution_id=resolution.id)
        return _link(page, _("Read and sign"), "pen-line", act=True)
    if resolution.state in ISSUING and actor.may(Right.RESOLUTION_ISSUE, resolution):
        labels = {SEALED: _("Promulgate"), NUMBERED: _("Seal")}
        label = labels.get(resolution.state) or _("Number and seal")
        return _link(f"/resolutions/{resolution.id}/issue", label, "stamp", act=True)
    if resolution.state in OUT and _awaits_receipt(actor, resolution):
        recalled = resolution.state is RECALLED
        label = _("Confirm that you know of the recall") if recalled else _("Confirm receipt")
        return _post("receipt", resolution, label, "check")
    return None


def _awaits_receipt(actor: Actor, resolution: Resolution) -> bool:
    mine = promulgation.own_dispatches(actor, resolution)
    if resolution.state is RECALLED:
        return any(one.recall_seen_at is None for one in mine)
    return any(one.received_at is None for one in mine)


def _links(actor: Actor, resolution: Resolution) -> list[Offer]:
    if resolution.state is DRAFTING and actor.may(Right.RESOLUTION_DRAFT, resolution):
        return [_link(f"/resolutions/{resolution.id}/edit", _("Edit the text"), "file-pen")]
    return []


def _sheets(actor: Actor, resolution: Resolution) -> list[Offer]:
    sheets = []
    if _can(actor, resolution, "abandon"):
        text = _("This draft is given up; another one can then be made from the vote.")
        sheets.append(_sheet("abandon", resolution, _("Give the draft up"), "ban", text))
    if _can(actor, resolution, "stop"):
        text = _("The Resolution does not go out. Its signature and its number stay in the records, marked as stopped.")
        sheets.append(_sheet("stop", resolution, _("Stop the Resolution"), "square", text))
    if _can(actor, resolution, "recall"):
        text = _(
            "The Resolution is recalled with your signature. It stays in the records, nobody can take it away any "
            "more, and every recipient is told."
        )
        sheet = _sheet("recall", resolution, _("Recall the Resolution"), "undo-2", text)
        sheets.append(sheet | {"sign": True})
    return sheets


def _post(name: str, resolution: Resolution, label: str, icon: str) -> Offer:
    return {"kind": "post", "name": name, "url": f"/resolutions/{resolution.id}/{name}", "label": label, "icon": icon}


def _link(url: str, label: str, icon: str, act: bool = False) -> Offer:
    return {"kind": "link", "url": url, "label": label, "icon": icon, "act": act}


def _sheet(name: str, resolution: Resolution, label: str, icon: str, text: str) -> Offer:
    """As templates/ec/_act_sheet.html and _sign_sheet.html want it."""
    return {
        "key": name, "label": label, "title": label, "submit": label, "icon": icon, "text": text, "danger": True,
        "url": f"/resolutions/{resolution.id}/{name}", "sign": False,
        "fields": [{"name": "reason", "label": _("Reason"), "type": "textarea", "required": True}],
    }  # fmt: skip
