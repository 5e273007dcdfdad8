"""Decides whether what was appended is the signature or the seal, and nothing besides.

With the signature only its own field and the catalogue's mark of certification may change; with the seal only its own
field and the fields for number and date, which must have been empty. Whatever else is written anew is refused, even
with the same content.
"""

from collections.abc import Iterable
from typing import Any

from .revisions import Revision
from .shape import Objects
from .syntax import Name, Stream
from .values import SEAL, SIGNATURE

BLANKS = ("number", "day", "month", "year")
FILLED = ("V", "AP")
LOCKED = {"Type": "SigFieldLock", "Action": "All", "P": 1}
LOCKS_BEFORE = (None, {"Type": "SigFieldLock", "Action": "All"})
PADES_MARK = {
    "Version": "1.7",
    "Extensions": {"ESIC": {"Type": "DeveloperExtensions", "BaseVersion": "1.7", "ExtensionLevel": 1}},
}
NEW_KINDS = {SIGNATURE: {"value", "xobject"}, SEAL: {"value", "xobject"}}
CODES = {
    "catalog": "catalog_changed", "info": "metadata_changed", "pages": "pages_changed", "page": "pages_changed",
    "content": "content_changed", "resources": "content_changed", "xobjects": "content_changed",
    "xobject": "content_changed", "fonts": "font_changed", "font": "font_changed", "descriptor": "font_changed",
    "map": "font_changed", "program": "font_changed", "form": "form_changed", "text_field": "field_changed",
    "sign_field": "field_changed", "value": "signature_replaced", "reference": "signature_replaced",
    "parameters": "signature_replaced", "lock": "field_changed", "perms": "catalog_changed",
    "extensions": "catalog_changed", "extension": "catalog_changed", "appearance": "field_changed",
    "dss": "dss_changed", "der": "dss_changed", "stamp_value": "signature_replaced",
}  # fmt: skip


def newly_signed(before: Objects, kinds: dict[int, str], revision: Revision) -> list[dict[str, Any]]:
    """The signature fields that this revision gives a value for the first time."""
    return [
        new
        for number, new in revision.objects.items()
        if kinds.get(number) == "sign_field" and isinstance(new, dict) and "V" in new and "V" not in before[number]
    ]


def codes_of(before: Objects, kinds: dict[int, str], revision: Revision, role: str) -> list[str]:
    """The rules that the replaced objects break, each once; `role` is the field signed here, or empty.

    `kinds` are those of the objects before.
    """
    codes = []
    for number, new in revision.objects.items():
        if number in before:
            codes.append(replaced(kinds.get(number, ""), before[number], new, role))
    if not role:
        codes += [added(new) for number, new in revision.objects.items() if number not in before]
    return list(dict.fromkeys(code for code in codes if code))


def replaced(kind: str, old: Any, new: Any, role: str) -> str:
    """The code, or "" when the change is one that belongs to that role."""
    if not isinstance(new, dict) or not isinstance(old, dict):
        return CODES.get(kind, "foreign_structure")
    changed = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    match kind:
        case "sign_field":
            return _sign_field(old, new, changed, role)
        case "text_field":
            return _text_field(old, changed, role)
        case "catalog" if role == SIGNATURE and _marks(old, new, changed):
            return ""
        case "page" if changed == {"Annots"}:
            return "annotation"
    return CODES.get(kind, "foreign_structure")


def _marks(old: dict[str, Any], new: dict[str, Any], changed: set[str]) -> bool:
    """The catalogue names its certifying signature and says that it is PAdES, and nothing else is new."""
    marked = all(new.get(key) == PADES_MARK[key] for key in changed - {"Perms"} if key in PADES_MARK)
    return "Perms" in changed and "Perms" not in old and changed <= {"Perms", *PADES_MARK} and marked


def _sign_field(old: dict[str, Any], new: dict[str, Any], changed: set[str], role: str) -> str:
    name = old["T"].decode("latin-1")
    if "V" in old and "V" in changed:
        return "signature_replaced"
    if role and name == role and changed <= set(FILLED):
        return ""
    locks = name == SEAL and role == SIGNATURE and changed == {"Lock"}
    locked = locks and old.get("Lock") in LOCKS_BEFORE and new.get("Lock") == LOCKED
    return "" if locked else CODES["sign_field"]


def _text_field(old: dict[str, Any], changed: set[str], role: str) -> str:
    if old.get("V") and changed & set(FILLED):
        return "field_refilled"
    if role == SIGNATURE and "V" in changed:
        return "field_too_early"
    allowed = role == SEAL and old["T"].decode("latin-1") in BLANKS and changed == set(FILLED)
    return "" if allowed else CODES["text_field"]


def added(new: Any) -> str:
    """Why an object that comes with no signature is there, where it can be told."""
    entries = new.entries if isinstance(new, Stream) else new
    if not isinstance(entries, dict):
        return ""
    if entries.get("Type") == Name("Page"):
        return "pages_changed"
    if entries.get("Type") == Name("Annot") or "Rect" in entries:
        return "extra_signature" if entries.get("FT") == "Sig" else "annotation"
    return ""


def new_kinds_allowed(kinds: dict[int, str], numbers: Iterable[int], role: str) -> bool:
    """Whether all new objects are of the kinds that a signature or a seal brings with it."""
    return all(kinds[number] in NEW_KINDS[role] for number in numbers)
