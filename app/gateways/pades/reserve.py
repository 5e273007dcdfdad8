"""How a prepared document takes a signature: one increment with a gap in it, then the CMS that fills the gap.

The fields "signature" and "seal" stand in the document from the beginning (Decree 30/2020/NĐ-CP, boxes 7c and 8). The
first signature certifies it and allows form filling only; the seal fills in number and date in its own increment and
allows nothing any more.
"""
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from app.gateways.pades.filling import fill_fields
from app.gateways.pades.images import add_picture
from app.gateways.pades.increment import Increment
from app.gateways.pades.reading import Document, Field, reference_number
from app.gateways.pades.refusals import PadesRefused
from app.gateways.pades.syntax import write_dictionary, write_text
from app.gateways.paper.fields import SEAL, SIGNATURE

RESERVED = 16384  # bytes; a CMS of ours with its chain and a time stamp has five to ten thousand
ROOM = RESERVED - 64  # of it, for the signature and the stamp in it
VIETNAM = dt.timezone(dt.timedelta(hours=7))
GAP = b"<" + b"0" * (2 * RESERVED) + b">"
_RANGE = b"[0 %-10d %-10d %-10d]"
NO_RANGE = _RANGE % (0, 0, 0)
_LOCK = b"<< /Type /SigFieldLock /Action /All /P 1 >>"
_PARAMETERS = b"<< /Type /TransformParams /V /1.2 %b >>"
_LEVEL = {  # what the signature needs of a reader: ETSI EN 319 142-1 §5.5 names the extension
    b"/Version": b"/1.7",
    b"/Extensions": b"<< /ESIC << /Type /DeveloperExtensions /BaseVersion /1.7 /ExtensionLevel 1 >> >>",
}
_MARKED = b"3"  # /SigFlags: signatures exist, and the file may only be continued


@dataclass(frozen=True)
class Reservation:
    """A document that waits for its CMS.

    `pdf` is the whole file with a gap, `digest` the SHA-256 of all but the gap, `gap` where the gap begins and ends,
    its brackets included.
    """

    pdf: bytes = field(repr=False)
    digest: bytes
    gap: tuple[int, int]


class _Value(NamedTuple):
    """What the signature says of itself; its bytes are still missing."""

    field: str
    name: str
    at: dt.datetime
    reason: str
    location: str

    def write(self, root: bytes) -> bytes:
        entries = {
            b"/Type": b"/Sig",
            b"/Filter": b"/Adobe.PPKLite",
            b"/SubFilter": b"/ETSI.CAdES.detached",
            b"/ByteRange": NO_RANGE,
            b"/Contents": GAP,
            b"/Name": write_text(self.name),
            b"/M": f"(D:{self.at.astimezone(VIETNAM):%Y%m%d%H%M%S}+07'00')".encode(),
        }
        said = ((b"/Reason", self.reason), (b"/Location", self.location))
        entries |= {key: write_text(text) for key, text in said if text}
        return write_dictionary(entries | {b"/Reference": self._reference(root)})

    def _reference(self, root: bytes) -> bytes:
        """What may change after this signature: with the first one form filling, with the seal nothing."""
        changes = b"<< /Type /SigRef /TransformMethod /DocMDP /TransformParams %b >>"
        if self.field == SIGNATURE:
            return b"[%b]" % (changes % (_PARAMETERS % b"/P 2"))
        all_fields = b"<< /Type /SigRef /TransformMethod /FieldMDP /Data %b /TransformParams %b >>"
        locked = all_fields % (root, _PARAMETERS % b"/Action /All")
        return b"[%b %b]" % (locked, changes % (_PARAMETERS % b"/P 1"))


def reserve(
    pdf: bytes,
    field: str,
    *,
    name: str,
    at: dt.datetime,
    picture: bytes,
    fill: Mapping[str, str] | None = None,
    reason: str = "",
    location: str = "",
) -> Reservation:
    """Put a signature without its value into the field "signature" or "seal" of a document made by `paper`.

    `name` is the signer's, `at` aware; `picture` a transparent PNG, shown in the field as large as fits; `fill` gives
    text fields their values in the same increment. The same input gives the same bytes. Raises `PadesRefused`.
    """
    if at.tzinfo is None:
        raise ValueError("the signing time needs a time zone")
    value = _Value(field, name, at, reason, location)
    try:
        return _reserve(Document.open(pdf), value, picture, fill or {})
    except (KeyError, ValueError, IndexError, OverflowError) as error:  # whatever else a reader trips over
        raise PadesRefused("odd_pdf") from error


def complete(reservation: Reservation, cms: bytes) -> bytes:
    """The signed document; refuses a CMS that is too large or was made for other bytes."""
    if len(cms) > RESERVED:
        raise PadesRefused("cms_too_large", bytes=RESERVED)
    begin, end = reservation.gap
    if reservation.digest not in cms or reservation.pdf[begin:end] != GAP:
        raise PadesRefused("foreign_cms")
    filled = b"<" + cms.hex().encode().ljust(2 * RESERVED, b"0") + b">"
    return b"".join((reservation.pdf[:begin], filled, reservation.pdf[end:]))


def _reserve(document: Document, value: _Value, picture: bytes, fill: Mapping[str, str]) -> Reservation:
    fields = document.fields()
    chosen = _choose(fields, value.field)
    increment = Increment(document)
    fill_fields(increment, document, fields, fill)
    appearance = add_picture(increment, picture, chosen.entries[b"/Rect"])
    reference = increment.add(value.write(document.trailer[b"/Root"]))
    signed = chosen.entries | {b"/V": reference, b"/AP": b"<< /N %b >>" % appearance}
    increment.replace(chosen.number, signed)
    if value.field == SIGNATURE:
        _certify(increment, document, fields, reference)
    out = increment.write()
    return closed(out, increment.offsets[reference_number(reference)])


def _choose(fields: Mapping[str, Field], name: str) -> Field:
    chosen = fields.get(name)
    if name not in (SIGNATURE, SEAL) or chosen is None or chosen.entries.get(b"/FT") != b"/Sig":
        raise PadesRefused("no_field", field=name)
    if b"/V" in chosen.entries:
        raise PadesRefused("already_signed")
    if name == SEAL and (SIGNATURE not in fields or b"/V" not in fields[SIGNATURE].entries):
        raise PadesRefused("not_signed_yet")
    return chosen


def _certify(increment: Increment, document: Document, fields: Mapping[str, Field], value: bytes) -> None:
    """Name the signature as the one that certifies; the seal's lock must be there before it, not come afterwards."""
    root = document.trailer[b"/Root"]
    catalog = document.dictionary(root)
    if b"/Perms" in catalog:
        raise PadesRefused("already_signed")
    form = document.form()
    if form.get(b"/SigFlags") != _MARKED:
        catalog[b"/AcroForm"] = increment.add(write_dictionary(form | {b"/SigFlags": _MARKED}))
    increment.replace(reference_number(root), catalog | _LEVEL | {b"/Perms": b"<< /DocMDP %b >>" % value})
    seal = fields.get(SEAL)
    if seal is not None and b"/P" not in document.dictionary(seal.entries.get(b"/Lock", b"<<>>")):
        increment.replace(seal.number, seal.entries | {b"/Lock": _LOCK})


def closed(out: bytearray, begin: int) -> Reservation:
    """Write down which bytes are signed, and take their digest; `begin` is where the signature's object begins."""
    gap = out.index(GAP, begin)
    end = gap + len(GAP)
    written = _RANGE % (gap, end, len(out) - end)
    place = out.index(NO_RANGE, begin)
    out[place : place + len(written)] = written
    view = memoryview(out)
    digest = sha256(view[:gap])
    digest.update(view[end:])
    view.release()
    return Reservation(bytes(out), digest.digest(), (gap, end))
