"""The comparison of a Resolution with the voted text: every place that differs, with the words gone and new."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from app.models import Resolution, ResolutionVersion
from app.workflows import resolutions
from app.workflows.rules.changes import FREE, Change, needs_reason

KINDS = {
    "added": ("plus", lazy_gettext("Added")),
    "removed": ("minus", lazy_gettext("Left out")),
    "changed": ("pencil", lazy_gettext("Worded otherwise")),
    "moved": ("arrow-up-down", lazy_gettext("Moved")),
}
MARKS = {"added": "ins", "removed": "del", "moved": "mark", "same": "span"}
SPOKEN = {"added": lazy_gettext("new:"), "removed": lazy_gettext("left out:"), "moved": lazy_gettext("moved:")}


def comparison(resolution: Resolution, version: ResolutionVersion) -> dict[str, Any]:
    """The context of templates/ec/_changes.html: what needs a reason first, then what may always be filled in."""
    found = resolutions.differences(resolution, version)
    bound = [change for change in found if change.part not in FREE]
    free = [change for change in found if change.part in FREE]
    return {
        "same": not found, "needs_reason": needs_reason(found), "reason": version.reason,
        "bound": [_change(change) for change in bound], "free": [_change(change) for change in free],
        "count": len(found), "summary": _summary(len(bound), len(free)),
    }  # fmt: skip


def _summary(bound: int, free: int) -> str:
    if bound:
        return _("%(n)s places differ from the voted text", n=bound)
    return _("Only the legal bases or the formula were filled in") if free else _("Word for word the voted text")


def _change(change: Change) -> dict[str, Any]:
    icon, label = KINDS[change.kind]
    return {
        "kind": change.kind, "icon": icon, "label": label, "place": change.place,
        "was": _("in the voted text: %(place)s", place=change.was) if change.was else "",
        "segments": [
            {"mark": MARKS[segment.kind], "kind": segment.kind, "words": segment.words,
             "spoken": SPOKEN.get(segment.kind, "")}
            for segment in change.segments
        ],
    }  # fmt: skip
