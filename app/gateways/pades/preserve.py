"""How a sealed document is preserved: validation data and a document time stamp in one more increment.

The increment changes the catalogue (/DSS, ETSI EN 319 142-1 §5.4.2) and the list of the form fields, which gets one
invisible field "stampN" (§5.4.3). Pages, signatures and whatever preserved the document before stay as they are.
"""

from typing import NamedTuple

from app.gateways.pades.increment import Increment
from app.gateways.pades.reading import Document, reference_number
from app.gateways.pades.refusals import PadesRefused
from app.gateways.pades.reserve import GAP, NO_RANGE, Reservation, closed
from app.gateways.pades.syntax import read_array, write_dictionary
from app.gateways.paper.fields import SEAL

STAMP = "stamp"
_ARRAYS = (b"/Certs", b"/OCSPs", b"/CRLs")


class ValidationData(NamedTuple):
    """What the validity of signatures can be judged by later, in DER; what a file holds already is not added again."""

    certificates: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()


def add_validation_data(pdf: bytes, data: ValidationData) -> bytes:
    """The sealed document with its validation data (PAdES B-LT). Raises `PadesRefused`."""
    try:
        document = _sealed(pdf)
        increment = Increment(document)
        _store(increment, document, data)
        return bytes(increment.write())
    except (KeyError, ValueError, IndexError, OverflowError) as error:
        raise PadesRefused("odd_pdf") from error


def reserve_stamp(pdf: bytes, data: ValidationData) -> Reservation:
    """The same with a place for a document time stamp over everything (PAdES B-LTA); `complete` takes the token."""
    try:
        document = _sealed(pdf)
        increment = Increment(document)
        _store(increment, document, data)
        value = reference_number(_add_stamp(increment, document))
        return closed(increment.write(), increment.offsets[value])
    except (KeyError, ValueError, IndexError, OverflowError) as error:
        raise PadesRefused("odd_pdf") from error


def _sealed(pdf: bytes) -> Document:
    document = Document.open(pdf)
    seal = document.fields().get(SEAL)
    if seal is None or b"/V" not in seal.entries:
        raise PadesRefused("not_sealed_yet")
    return document


def _store(increment: Increment, document: Document, data: ValidationData) -> None:
    """The lists only grow: what an earlier time stamp covers stays where it is."""
    root = document.trailer[b"/Root"]
    catalog = document.dictionary(root)
    old = document.dictionary(catalog[b"/DSS"]) if b"/DSS" in catalog else {b"/Type": b"/DSS"}
    new = old.copy()
    for name, contents in zip(_ARRAYS, data, strict=True):
        kept = read_array(old.get(name, b"[]"))
        there = {document.stream(reference) for reference in kept}
        added = [increment.add_stream({}, each) for each in dict.fromkeys(contents) if each not in there]
        if added:
            new[name] = b"[%b]" % b" ".join((*kept, *added))
    if new == old:
        return
    if b"/DSS" in catalog:
        increment.replace(reference_number(catalog[b"/DSS"]), new)
    else:
        store = increment.add(write_dictionary(new))
        increment.replace(reference_number(root), catalog | {b"/DSS": store})


def _add_stamp(increment: Increment, document: Document) -> bytes:
    """The reference of the value, which still lacks its token."""
    value = increment.add(
        write_dictionary({
            b"/Type": b"/DocTimeStamp", b"/Filter": b"/Adobe.PPKLite", b"/SubFilter": b"/ETSI.RFC3161",
            b"/ByteRange": NO_RANGE, b"/Contents": GAP,
        })
    )  # fmt: skip
    number = 1 + sum(name.startswith(STAMP) for name in document.fields())
    field = increment.add(
        write_dictionary({
            b"/Type": b"/Annot", b"/Subtype": b"/Widget", b"/FT": b"/Sig", b"/T": b"(%b%d)" % (STAMP.encode(), number),
            b"/Rect": b"[0 0 0 0]", b"/F": b"132", b"/V": value,
        })
    )  # fmt: skip
    form, catalog = document.form(), document.dictionary(document.trailer[b"/Root"])
    fields = read_array(form[b"/Fields"])
    increment.replace(
        reference_number(catalog[b"/AcroForm"]), form | {b"/Fields": b"[%b]" % b" ".join((*fields, field))}
    )
    return value
