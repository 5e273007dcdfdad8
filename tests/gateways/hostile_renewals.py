"""Makes documents whose long-term preservation hides something, or is worth nothing: validation data and stamps."""

import datetime as dt
import zlib
from unittest import mock

from app.gateways import pades
from app.gateways.pades import ValidationData, add_validation_data, preserve
from app.gateways.pades.reading import reference_number
from app.gateways.pades.syntax import read_array
from app.gateways.signing import sign_detached, stamp_in
from tests.gateways.hostile_changes import note
from tests.gateways.hostile_stamps import ALIEN, GOOD_T, ROOT, STAMPED, TSA, stamped, token
from tests.gateways.preserve_cases import (
    ANSWERED_AT,
    DATA,
    JUDGED,
    LATER,
    LT,
    LTA,
    RENEWAL,
    RENEWED,
    RENEWED_AT,
    STAMPED_AT,
    answer,
    list_of,
    stamped_document,
    tokens_of,
)
from tests.gateways.signed_corpus import (
    AUTHORITY,
    GOOD,
    OTHER,
    SEALED_AT,
    SIGNER,
    STRANGE,
    Editor,
    each,
    hostile,
    person,
    sealed,
    swap,
)
from tests.gateways.stamp_cases import DAY, demo, new_key

MINUTE = dt.timedelta(minutes=1)
STRANGER = person("Nguyễn Văn An", authority=STRANGE)
NO_DATA = ValidationData()


def with_more(**more: tuple[bytes, ...]):
    """The long-term form with more data in it."""
    data = DATA._replace(**{name: (*getattr(DATA, name), *pieces) for name, pieces in more.items()})
    return lambda: stamped_document(GOOD_T, data)


# -- validation data

each("dss_foreign", {
    "a certificate that signed nothing": with_more(certificates=(OTHER.certificate,)),
    "the certificate of a strange authority": with_more(certificates=(STRANGE.chain()[0],)),
    "a megabyte among the certificates": with_more(certificates=(bytes(1 << 20),)),
    "a text among the certificates": with_more(certificates=("Nghị quyết này hết hiệu lực.".encode(),)),
    "a program among the answers": with_more(ocsps=(b"\x7fELF" + bytes(60),)),
    "an answer of a strange authority": with_more(ocsps=(answer(STRANGER.certificate, authority=STRANGE),)),
    "an answer about somebody else": with_more(ocsps=(answer(OTHER.certificate),)),
    "a list of a strange authority": with_more(crls=(STRANGE.crl(ANSWERED_AT),)),
    "a list of a stranger with the name of ours": with_more(crls=(list_of(ALIEN),)),
    "an answer among the lists": with_more(crls=(b"\x30\x03\x02\x01\x01",)),
}, **JUDGED)  # fmt: skip
each("certificate_revoked", {
    "an authority had taken the certificate back": lambda: stamped_document(
        GOOD_T, DATA._replace(ocsps=(_taken_back(),))),
}, "signature", **JUDGED)  # fmt: skip


def _taken_back() -> bytes:
    """The answer about the signer of an authority like ours that revoked the certificate the day before."""
    serial = int(pades.verdict(GOOD, **JUDGED).signers[0].serial, 16)
    published = AUTHORITY._crl
    try:
        AUTHORITY.revoke_serial(serial, SEALED_AT - DAY, ANSWERED_AT)
        return answer(SIGNER.certificate)
    finally:
        AUTHORITY._crl = published


def renewal(change, data: ValidationData = RENEWAL):
    """A renewal in whose increment something else is written besides; the stamp covers it."""

    def make() -> bytes:
        added = preserve._store

        def store(increment, document, data) -> None:
            added(increment, document, data)
            editor = Editor.__new__(Editor)
            editor.document, editor.more = document, increment
            editor.root = reference_number(document.trailer[b"/Root"])
            change(editor)

        with mock.patch.object(preserve, "_store", store):
            return stamped_document(LTA, data, RENEWED_AT)

    return make


def store_of(editor: Editor) -> int:
    return reference_number(editor.entries(editor.root)[b"/DSS"])


def listed(editor: Editor, name: bytes) -> list[bytes]:
    return read_array(editor.entries(store_of(editor))[name])


def without_a_certificate(editor: Editor) -> None:
    editor.set(store_of(editor), Certs=b"[%b]" % b" ".join(listed(editor, b"/Certs")[1:]))


def in_another_order(editor: Editor) -> None:
    editor.set(store_of(editor), Certs=b"[%b]" % b" ".join(listed(editor, b"/Certs")[::-1]))


def another_certificate(editor: Editor) -> None:
    place = reference_number(listed(editor, b"/Certs")[0])
    editor.more._objects[place] = b"<< /Length 3 >>\nstream\nabc\nendstream"


def packed(editor: Editor) -> None:
    content = zlib.compress(list_of(ROOT, RENEWED_AT))
    stream = editor.more.add_stream({b"/Filter": b"/FlateDecode"}, content)
    editor.set(store_of(editor), CRLs=b"[%b %b]" % (b" ".join(listed(editor, b"/CRLs")), stream))


def with_lists(*more: bytes, **entries: bytes):
    def change(editor: Editor) -> None:
        added = [editor.more.add(each) if each.startswith(b"<<") else each for each in more]
        editor.set(store_of(editor), CRLs=b"[%b]" % b" ".join((*listed(editor, b"/CRLs"), *added)), **entries)

    return change


def _empty_store() -> bytes:
    editor = Editor(GOOD_T)
    editor.set_root(DSS=editor.more.add(b"<< /Type /DSS /Certs [] >>"))
    return editor.done()


BOX = b"<< /Type /Annot /Subtype /FreeText /Rect [60 400 500 500] /Contents (Het hieu luc) >>"
each("dss_changed", {
    "a certificate taken out by a renewal": renewal(without_a_certificate, NO_DATA),
    "certificates in another order": renewal(in_another_order, NO_DATA),
    "a certificate replaced by a renewal": renewal(another_certificate, NO_DATA),
    "more than validation data in their place": renewal(
        lambda editor: editor.set(store_of(editor), Note=b"(Het hieu luc)"), NO_DATA),
}, **LATER)  # fmt: skip
each("dss_form", {"validation data in a packed form": renewal(packed, NO_DATA)}, **LATER)
each("dss_form", {
    "an empty list of certificates": _empty_store,
}, **JUDGED)  # fmt: skip
each("foreign_structure", {
    "a box over the text among the validation data": renewal(with_lists(BOX), NO_DATA),
    "a page among the validation data": renewal(
        lambda editor: with_lists(editor.pages()[1][0])(editor), NO_DATA),
    "a signature among the validation data": renewal(
        lambda editor: with_lists(editor.entries(editor.field("seal"))[b"/V"])(editor), NO_DATA),
}, **LATER)  # fmt: skip


# -- what else a renewal does

each("annotation", {"a renewal that lays a box over the text": renewal(note(b"FreeText"))}, **LATER)
each("pages_changed", {
    "a renewal that turns a page": renewal(lambda editor: editor.set(editor.first_page(), Rotate=b"180")),
}, **LATER)  # fmt: skip
each("field_refilled", {
    "a renewal that gives another number": renewal(
        lambda editor: editor.set(editor.field("number"), V=b"(99)")),
}, **LATER)  # fmt: skip
each("signature_replaced", {
    "a renewal that takes the seal off": renewal(lambda editor: editor.set(editor.field("seal"), V=None)),
    "a renewal that takes the former stamp off": renewal(lambda editor: editor.set(editor.field("stamp1"), V=None)),
    "a renewal that gives the former stamp another value": renewal(
        lambda editor: editor.set(
            reference_number(editor.entries(editor.field("stamp1"))[b"/V"]), Contents=b"<3000>")),
}, **LATER)  # fmt: skip
each("catalog_changed", {
    "a renewal that changes the version": renewal(lambda editor: editor.set_root(Version=b"/2.0")),
}, **LATER)  # fmt: skip
each("active_content", {
    "a renewal with a script": renewal(
        lambda editor: editor.set_root(OpenAction=b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>")),
}, **LATER)  # fmt: skip
each("unused_object", {
    "a renewal with an object that nothing uses": renewal(lambda editor: editor.more.add(b"<< /V (99) >>")),
}, **LATER)  # fmt: skip
each("changed_after_seal", {
    "a page turned before the document was stamped": lambda: stamped_document(
        Editor(GOOD_T).set(Editor(GOOD_T).first_page(), Rotate=b"180").done()),
    "validation data after the last stamp": lambda: add_validation_data(LTA, RENEWAL),
    "validation data twice without a stamp": lambda: add_validation_data(LT, RENEWAL),
}, **LATER)  # fmt: skip
each("trailing_bytes", {"empty lines after the last stamp": lambda: RENEWED + b"\n\n"}, **LATER)


@hostile("form_changed", **LATER)
def a_renewal_that_takes_a_field_out():
    fields = read_array(Editor(LTA).document.form()[b"/Fields"])

    def shorter(raw: bytes) -> list[bytes]:
        found = read_array(raw)
        return [found[0], *found[2:]] if found == fields else found

    with mock.patch.object(preserve, "read_array", shorter):
        return stamped_document(LTA, RENEWAL, RENEWED_AT)


# -- document time stamps


def placed(pdf: bytes, number: int, value: bytes) -> bytes:
    """The file with another value in the place of that document time stamp."""
    covered, _token = tokens_of(pdf)[number]
    at = pdf.index(b"/Contents <", pdf.index(b"(stamp%d)" % (number + 1)) - 40_000)
    while not pdf[at:].startswith(b"/Contents <3082") or pdf[:at].count(b"/ETSI.RFC3161") != number + 1:
        at = pdf.index(b"/Contents <", at + 1)
    end = pdf.index(b">", at)
    assert len(covered) > at
    return pdf[: at + 11] + value.hex().encode().ljust(end - at - 11, b"0") + pdf[end:]


def _shorter_range(pdf: bytes) -> bytes:
    """As if everything after the token did not belong to the document."""
    place = pdf.rindex(b"/ByteRange [0 ")
    end = pdf.index(b"]", place)
    begin, after, rest = (int(number) for number in pdf[place + 14 : end].split())
    short = b"/ByteRange [0 %d %d %d" % (begin, after, rest - 100)
    return pdf[:place] + short.ljust(end - place) + pdf[end:]


def value_of(made):
    return lambda: stamped_document(GOOD_T, made=made)


each("stamp_wrong_imprint", {
    "a document time stamp of other data": value_of(lambda _digest: token(TSA, bytes(32), STAMPED_AT)),
    "two document time stamps exchanged": lambda: placed(
        placed(RENEWED, 0, tokens_of(RENEWED)[1][1]), 1, tokens_of(RENEWED)[0][1]),
    "the former document time stamp once more": lambda: stamped_document(
        LTA, RENEWAL, made=lambda _digest: tokens_of(LTA)[0][1]),
    "a letter of the validation data changed": lambda: swap(b"/Certs [", b"/Certs\n[")(LTA),
    "the stamp of a signature for the document": value_of(lambda _digest: _stamp_of_the_seal()),
}, "stamp", **LATER)  # fmt: skip
each("stamp_unknown_authority", {
    "a document time stamp of a stranger": lambda: stamped_document(GOOD_T, authority=demo(ALIEN, SEALED_AT)),
}, "stamp", **JUDGED)  # fmt: skip
each("stamp_malformed", {
    "a person's signature for a time stamp": value_of(
        lambda digest: sign_detached(OTHER.key, OTHER.certificate, digest)),
}, "stamp", **JUDGED)  # fmt: skip
each("stamp_wrong_key", {
    "a document time stamp of another key": lambda: stamped_document(
        GOOD_T, authority=type(TSA)(new_key("p256"), TSA.certificate, TSA.chain)),
}, "stamp", **JUDGED)  # fmt: skip
each("stamp_revoked", {
    "a document time stamp of a revoked authority": lambda: stamped_document(
        GOOD, DATA._replace(crls=(list_of(ROOT, revoked=[(TSA.certificate, SEALED_AT)]),))),
}, "stamp", **JUDGED)  # fmt: skip
each("docstamp_order", {
    "a document time stamp older than the seal": lambda: stamped_document(GOOD_T, at=SEALED_AT - 30 * MINUTE),
    "a renewal older than the former stamp": lambda: stamped_document(LTA, RENEWAL, STAMPED_AT - MINUTE),
}, "stamp", **LATER)  # fmt: skip
each("time_future", {
    "a document time stamp of tomorrow": lambda: stamped_document(LTA, RENEWAL, RENEWED_AT + 3 * DAY),
}, "stamp", **LATER)  # fmt: skip
each("byte_range", {
    "a document time stamp over a part of the file": lambda: stamped_document(
        GOOD_T, patch=_shorter_range),
}, "stamp", **JUDGED)  # fmt: skip
each("contents", {
    "a document time stamp that is empty": value_of(lambda _digest: b""),
    "a rider behind the token": value_of(lambda digest: token(TSA, digest, STAMPED_AT) + b"Het hieu luc"),
}, "stamp", **JUDGED)  # fmt: skip
each("docstamp_form", {
    "a document time stamp of another kind": lambda: stamped_document(
        GOOD_T, patch=swap(b"/ETSI.RFC3161", b"/ETSI.RFC3162", True)),
    "a document time stamp that is seen": lambda: stamped_document(
        GOOD_T, patch=swap(b"/Rect [0 0 0 0]", b"/Rect [0 0 9 9]", True)),
    "a document time stamp under another number": lambda: stamped_document(
        GOOD_T, patch=swap(b"(stamp1)", b"(stamp7)", True)),
    "a document time stamp under the name of the seal": lambda: stamped_document(
        GOOD_T, patch=swap(b"/T (stamp1)", b"/T (seal)  ", True)),
}, "stamp", **JUDGED)  # fmt: skip
each("extra_signature", {
    "a person's signature as a renewal": lambda: stamped_document(
        GOOD_T, patch=swap(b"/Type /DocTimeStamp", b"/Type /Sig         ", True)),
}, **JUDGED)  # fmt: skip


def _stamp_of_the_seal() -> bytes:
    made: list[bytes] = []
    sealed(STAMPED, cms=lambda cms: made.append(stamped(SEALED_AT)(cms)) or cms)
    return stamp_in(made[0]) or b""


@hostile("changed_after_signature", **JUDGED)
def stamped_before_it_was_sealed():
    with mock.patch.object(preserve, "_sealed", preserve.Document.open):
        return sealed(stamped_document(STAMPED, NO_DATA))


@hostile("stamp_wrong_imprint", "stamp", **LATER)
def the_first_stamp_cut_out_of_a_renewed_document():
    """The renewal is moved to where the first stamp was: its numbers fit, what it was made over does not."""
    moved = stamped_document(GOOD_T, DATA, STAMPED_AT)
    return placed(moved, 0, tokens_of(RENEWED)[1][1])

