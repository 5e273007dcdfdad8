"""Decides whether a signature stands in the file as ours do: what it covers, what it permits, when it was made."""

import datetime as dt
import re
from typing import Any, NamedTuple

from .revisions import Revision
from .shape import Objects, resolved
from .syntax import Hex, Objection, Reference

SIGNATURE, SEAL = "signature", "seal"
TIME = re.compile(rb"D:(\d{14})\+07'00'")
VIETNAM = dt.timezone(dt.timedelta(hours=7))
ZEROS = re.compile(rb"\0*")
LEAST_CMS, LONG_FORM = 64, 0x82  # ours have a thousand bytes and more, so two bytes tell the length


def _permission(method: str, **more: Any) -> dict[str, Any]:
    return {"Type": "SigRef", "TransformMethod": method, **more}


def _parameters(**what: Any) -> dict[str, Any]:
    return {"Type": "TransformParams", "V": "1.2", **what}


class Found(NamedTuple):
    """A signature of the file. `gap` is where its value stands, brackets included; `end` where its bytes end."""

    field: str
    name: str
    time: str  # ISO 8601, aware
    end: int
    gap: tuple[int, int]
    cms: str  # hexadecimal, without padding


def read_signature(field: dict[str, Any], revision: Revision, objects: Objects) -> tuple[Found | None, list[str]]:
    """What the signature in that field says, as far as it can be read, and the codes of the rules it breaks."""
    value = resolved(field["V"], objects)
    problems: list[str] = []
    for check in (_check_form, _check_permissions):
        try:
            check(str(_text(field["T"])), value, revision)
        except Objection as objection:
            problems.append(objection.code)
    try:
        gap, end = covered(value, revision)
        cms = unpadded(value["Contents"])
        time = _time(value.get("M"))
    except Objection as objection:
        return None, [*problems, objection.code]
    return Found(_text(field["T"]), _text(value.get("Name", b"")), time, end, gap, cms.hex()), problems


def _check_form(_field: str, value: dict[str, Any], _revision: Revision) -> None:
    if (value.get("Filter"), value.get("SubFilter")) != ("Adobe.PPKLite", "ETSI.CAdES.detached"):
        raise Objection("signature_form")


def _check_permissions(field: str, value: dict[str, Any], revision: Revision) -> None:
    """ISO 32000-1, 12.8.2: after the signature form filling only (P 2); after the seal nothing (P 1, all fields)."""
    root = revision.trailer["Root"]
    everything = _permission("FieldMDP", Data=root, TransformParams=_parameters(Action="All"))
    wanted = {
        SIGNATURE: ("certification", [_permission("DocMDP", TransformParams=_parameters(P=2))]),
        SEAL: ("lock", [everything, _permission("DocMDP", TransformParams=_parameters(P=1))]),
    }
    code, references = wanted[field]
    if value.get("Reference") != references:
        raise Objection(code)


def covered(value: dict[str, Any], revision: Revision) -> tuple[tuple[int, int], int]:
    """All bytes from the first to the end of the revision, but for the value itself."""
    numbers, contents = value.get("ByteRange"), value.get("Contents")
    if not isinstance(contents, Hex) or not contents.plain:
        raise Objection("contents")
    plain = isinstance(numbers, list) and [type(number) for number in numbers] == [int] * 4
    rest = revision.end - contents.end
    if not plain or numbers != [0, contents.start, contents.end, rest] or not rest > 0:
        raise Objection("byte_range")
    return (contents.start, contents.end), revision.end


def unpadded(contents: bytes) -> bytes:
    """The DER value at the beginning; what follows it up to the end of the gap is zeros."""
    if len(contents) < LEAST_CMS or contents[:2] != bytes((0x30, LONG_FORM)):
        raise Objection("contents")
    size = 4 + int.from_bytes(contents[2:4], "big")
    if size > len(contents) or not ZEROS.fullmatch(contents, size):
        raise Objection("contents")
    return bytes(contents[:size])


def _time(written: Any) -> str:
    found = TIME.fullmatch(written) if isinstance(written, bytes) else None
    if found is None:
        raise Objection("time")
    try:
        local = dt.datetime.strptime(found[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=VIETNAM)
    except ValueError:
        raise Objection("time") from None
    return local.isoformat()


def _text(written: Any) -> str:
    """A text string; raises Objection: broken_syntax."""
    if not isinstance(written, bytes):
        raise Objection("broken_syntax")
    try:
        return written[2:].decode("utf-16-be") if written.startswith(b"\xfe\xff") else written.decode("ascii")
    except UnicodeDecodeError:
        raise Objection("broken_syntax") from None


def check_certification(catalog: dict[str, Any], value: Reference) -> None:
    """The catalogue names the signature as the one that certifies; raises Objection: certification."""
    if catalog.get("Perms") != {"DocMDP": value}:
        raise Objection("certification")
