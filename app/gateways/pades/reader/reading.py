"""Decides what can be said of a signed PDF without knowing who should have signed it: which rules its bytes break."""

from typing import Any, NamedTuple

from . import changes, filled, renewal, second_opinion
from .outline import Page, pages_of
from .renewal import STAMP, Datum, Stamped
from .revisions import Revision, read_revisions
from .shape import Objects, refuse_dangerous, resolved, walk
from .syntax import Objection, Reference
from .values import SEAL, SIGNATURE, Found, check_certification, read_signature

SECOND_OPINION = "second_opinion"
FIELDS = {SIGNATURE, SEAL, *changes.BLANKS}
OF_STAMPS = ("docstamp_form", "byte_range", "contents")


class Broken(NamedTuple):
    """A rule that is broken: its code, and the field of the signature it is about, or "" for the whole file."""

    code: str
    field: str = ""


class Reading(NamedTuple):
    """The broken rules as they were met, and the signatures in the order in which they were made.

    `ends` says where each revision of the file ends; `pages` is what is shown on them, where that can be told.
    `stamps` are the document time stamps, `data` the validation data, both as they were added after the seal.
    """

    broken: list[Broken]
    signatures: list[Found]
    ends: list[int]
    pages: list[Page]
    stamps: list[Stamped]
    data: list[Datum]


class _State(NamedTuple):
    """The document as it stands after one of its revisions."""

    objects: Objects
    kinds: dict[int, str]


def read(data: bytes, ask_second: bool = True) -> Reading:
    """Everything that speaks against the file; whatever the reading trips over speaks against it too."""
    reading = Reading([], [], [], [], [], [])
    try:
        _read(data, reading)
    except MemoryError:
        raise
    except Exception as error:
        reading.broken.append(Broken(_code(error)))
    if ask_second and not reading.broken and _objects(data):
        reading.broken.append(Broken(SECOND_OPINION))
    return reading


def _code(error: Exception) -> str:
    """A file of ours is read without trouble; which trouble another one makes is of no interest."""
    return error.code if isinstance(error, Objection) else "unreadable"


def _objects(data: bytes) -> bool:
    try:
        return second_opinion.objects(data)
    except MemoryError:
        raise
    except Exception:  # whatever it trips over, it does not agree
        return True


def _read(data: bytes, reading: Reading) -> None:
    revisions = read_revisions(data)
    reading.ends.extend(revision.end for revision in revisions)
    reading.pages.extend(pages_of(revisions))
    refuse_dangerous(revisions)
    state = _base(revisions[0])
    for revision in revisions[1:]:
        sealed = any(found.field == SEAL for found in reading.signatures)
        follow = _preservation if sealed and renewal.preserves(revision) else _increment
        state = follow(state, revision, reading)
    if not reading.signatures and not reading.broken:
        raise Objection("unsigned")


def _base(revision: Revision) -> _State:
    """The document before any signature, which is as our printing makes it."""
    state = _State(revision.objects, walk(revision.trailer, revision.objects))
    if state.kinds.keys() != revision.objects.keys():
        raise Objection("unused_object")
    if {"Perms", "DSS"} & resolved(revision.trailer["Root"], state.objects).keys():
        raise Objection("foreign_structure")
    fields = _fields(state, revision)
    if fields.keys() != FIELDS:
        raise Objection("foreign_structure")
    if any(field.get("V") for field in fields.values()):
        raise Objection("field_refilled")
    return state


def _fields(state: _State, revision: Revision) -> dict[str, dict[str, Any]]:
    """Name → field; the fields of the form are exactly the widgets of the pages, each once."""
    references = _form(state, revision)["Fields"]
    pages = [state.objects[number] for number, kind in state.kinds.items() if kind == "page"]
    widgets = [widget for page in pages for widget in page.get("Annots", [])]
    if not all(isinstance(widget, Reference) for widget in widgets) or sorted(references) != sorted(widgets):
        raise Objection("foreign_structure")
    fields = [resolved(reference, state.objects) for reference in references]
    named = {field["T"].decode("ascii"): field for field in fields}
    if len(named) != len(fields):
        raise Objection("foreign_structure")
    return named


def _form(state: _State, revision: Revision) -> dict[str, Any]:
    form: dict[str, Any] = resolved(
        resolved(revision.trailer["Root"], state.objects).get("AcroForm", {"Fields": []}), state.objects
    )
    return form


def _increment(before: _State, revision: Revision, reading: Reading) -> _State:
    """The document after the revision; what the revision may not do is added to the reading."""
    signed = changes.newly_signed(before.objects, before.kinds, revision)
    role = signed[0]["T"].decode("ascii") if len(signed) == 1 else ""
    codes = changes.codes_of(before.objects, before.kinds, revision, role)
    if not role:
        codes.insert(0, _extra(reading, len(signed)))
    objects = before.objects | revision.objects
    try:
        after = _State(objects, walk(revision.trailer, objects))
        if not codes:
            _check_parts(before, after, revision, role, signed[0])
    except MemoryError:
        raise
    except Exception as error:
        after = _State(objects, before.kinds)
        codes = codes or [_code(error)]
    reading.broken.extend(map(Broken, codes))
    if role:
        found, problems = read_signature(signed[0], revision, objects)
        reading.broken.extend(Broken(code, role) for code in problems)
        if found is not None:
            reading.signatures.append(found)
    return after


def _preservation(before: _State, revision: Revision, reading: Reading) -> _State:
    """The document after a revision that means to preserve it."""
    codes = renewal.codes_of(before.objects, before.kinds, revision)
    objects = before.objects | revision.objects
    try:
        after = _State(objects, walk(revision.trailer, objects))
        if not codes:
            _read_preservation(before, after, revision, reading)
    except MemoryError:
        raise
    except Exception as error:
        after = _State(objects, before.kinds)
        codes = codes or [_code(error)]
    reading.broken.extend(Broken(code, STAMP if code in OF_STAMPS else "") for code in codes)
    return after


def _read_preservation(before: _State, after: _State, revision: Revision, reading: Reading) -> None:
    """Validation data alone may follow the seal only: later on a stamp is what protects them."""
    data = renewal.read_data(before.objects, after.objects, after.kinds, revision)
    alone = reading.data or reading.stamps or not data
    number = len(reading.stamps) + 1
    stamp = renewal.read_stamp(before.objects, after.objects, after.kinds, revision, number)
    if stamp is None and alone:
        raise Objection("changed_after_seal")
    reading.data.extend(data)
    reading.stamps.extend([stamp] if stamp else [])


def _extra(reading: Reading, signed: int) -> str:
    """What to call a revision that is not exactly one signature."""
    if signed:
        return "extra_signature"
    roles = {found.field for found in reading.signatures}
    return "changed_after_seal" if SEAL in roles else "changed_after_signature" if roles else "changed_before_signature"


def _check_parts(before: _State, after: _State, revision: Revision, role: str, field: dict[str, Any]) -> None:
    """What the signature or the seal brings with it is used, of the right kinds, and looks as it says."""
    new = revision.objects.keys() - before.objects.keys()
    if not new <= after.kinds.keys():
        raise Objection("unused_object")
    if not changes.new_kinds_allowed(after.kinds, new, role):
        raise Objection("content_changed")
    filled.check_picture(field, after.objects)
    if role == SIGNATURE:
        check_certification(resolved(revision.trailer["Root"], after.objects), field["V"])
    else:
        fonts = _form(after, revision)["DR"]["Font"]
        filled.check_values(_fields(after, revision), after.objects, fonts)
