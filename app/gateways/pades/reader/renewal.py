"""Decides whether what was appended after the seal preserves the document and does nothing besides.

Allowed are validation data (/DSS, ETSI EN 319 142-1 §5.4.2) and one invisible document time stamp over the whole file
(§5.4.3): ISO 32000-2, 12.8.2.2.2 permits both even where nothing else may change. What preserved it before stays.
"""

from typing import Any, NamedTuple

from . import changes
from .revisions import Revision
from .shape import Objects, resolved
from .syntax import Objection, Reference
from .values import covered, unpadded

ARRAYS = {"Certs": "certificate", "OCSPs": "ocsp", "CRLs": "crl"}
MARKS = ("DSS", "DocTimeStamp")
STAMP = "stamp"
INVISIBLE = {"Type": "Annot", "Subtype": "Widget", "FT": "Sig", "Rect": [0, 0, 0, 0], "F": 132}
ENTRIES = {"Type", "Filter", "SubFilter", "ByteRange", "Contents"}
BROUGHT = {"dss", "der", "sign_field", "stamp_value"}


class Stamped(NamedTuple):
    """A document time stamp. `gap` is where its token stands, brackets included; `end` where its bytes end."""

    number: int
    end: int
    gap: tuple[int, int]
    token: str  # hexadecimal, without padding


class Datum(NamedTuple):
    """A piece of validation data and where its DER stands in the file: "certificate", "ocsp" or "crl"."""

    kind: str
    start: int
    end: int


def preserves(revision: Revision) -> bool:
    """Whether the revision is meant to preserve the document, rightly or not."""
    return any(isinstance(each, dict) and each.get("Type") in MARKS for each in revision.objects.values())


def codes_of(before: Objects, kinds: dict[int, str], revision: Revision) -> list[str]:
    """The rules that the replaced objects break, each once; `kinds` are those of the objects before."""
    both = [number for number in revision.objects if number in before]
    codes = [_replaced(kinds.get(number, ""), before[number], revision.objects[number]) for number in both]
    return list(dict.fromkeys(code for code in codes if code))


def _replaced(kind: str, old: Any, new: Any) -> str:
    if not isinstance(new, dict) or not isinstance(old, dict):
        return changes.replaced(kind, old, new, "")
    changed = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    match kind:
        case "catalog" if changed == {"DSS"} and "DSS" not in old and isinstance(new["DSS"], Reference):
            return ""
        case "form" if changed == {"Fields"} and new["Fields"][:-1] == old["Fields"]:
            return ""
        case "dss" if changed <= ARRAYS.keys() and all(_longer(old, new, key) for key in changed):
            return ""
    return changes.replaced(kind, old, new, "")


def _longer(old: dict[str, Any], new: dict[str, Any], key: str) -> bool:
    """Whether the list only grew at its end."""
    before, after = old.get(key, []), new.get(key, [])
    return isinstance(after, list) and len(after) > len(before) and after[: len(before)] == before


def read_data(before: Objects, after: Objects, kinds: dict[int, str], revision: Revision) -> list[Datum]:
    """The validation data that this revision brings; raises Objection for what it may not bring."""
    new = revision.objects.keys() - before.keys()
    if not new <= kinds.keys():
        raise Objection("unused_object")
    for number in sorted(new):
        if kinds[number] not in BROUGHT:
            raise Objection(_extra(kinds[number], after[number]))
    at = resolved(revision.trailer["Root"], after).get("DSS")
    store, earlier = (objects.get(at.number, {}) if at else {} for objects in (after, before))
    references = [(key, each) for key in ARRAYS for each in store.get(key, [])[len(earlier.get(key, [])) :]]
    numbers = [reference.number for _key, reference in references if isinstance(reference, Reference)]
    brought = sorted(number for number in new if kinds[number] == "der")
    if sorted(numbers) != brought or len(numbers) != len(references) or any(store.get(key) == [] for key in ARRAYS):
        raise Objection("dss_form")
    return [_datum(ARRAYS[key], after[reference.number]) for key, reference in references]


def _reference(number: int) -> Reference:
    return Reference(number, 0)


def _extra(kind: str, what: Any) -> str:
    """What to call an object that no renewal brings."""
    return "extra_signature" if kind == "value" else changes.added(what) or "content_changed"


def _datum(kind: str, stream: Any) -> Datum:
    """It stands in the file as it is: whoever looks for it with another program finds it."""
    if stream.entries.keys() != {"Length"}:
        raise Objection("dss_form")
    return Datum(kind, stream.start, stream.start + len(stream.content))


def read_stamp(
    before: Objects, after: Objects, kinds: dict[int, str], revision: Revision, number: int
) -> Stamped | None:
    """The stamp number `number` that this revision brings; None when it brings none.

    Raises Objection: docstamp_form, byte_range, contents.
    """
    new = sorted(revision.objects.keys() - before.keys())
    fields = [each for each in new if kinds[each] == "sign_field"]
    values = [each for each in new if kinds[each] == "stamp_value"]
    if not fields and not values:
        return None
    form = resolved(resolved(revision.trailer["Root"], after)["AcroForm"], after)
    if len(fields) != 1 or len(values) != 1 or form["Fields"][-1] != _reference(fields[0]):
        raise Objection("docstamp_form")
    wanted = INVISIBLE | {"T": b"%b%d" % (STAMP.encode(), number), "V": _reference(values[0])}
    value = after[values[0]]
    kind = value.get("Filter"), value.get("SubFilter")
    if after[fields[0]] != wanted or value.keys() != ENTRIES or kind != ("Adobe.PPKLite", "ETSI.RFC3161"):
        raise Objection("docstamp_form")
    gap, end = covered(value, revision)
    return Stamped(number, end, gap, unpadded(value["Contents"]).hex())
