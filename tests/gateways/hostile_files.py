"""Makes files whose bytes are arranged to deceive: what stands before, after, between and twice."""

import re
import zlib
from io import BytesIO

from pypdf import PdfReader, PdfWriter

from tests.gateways import upload_corpus
from tests.gateways.signed_corpus import (
    GOOD,
    NOTE,
    SIGNED,
    Document,
    Editor,
    each,
    hostile,
    object_of,
    raw_revision,
    size_of,
    swap,
)

WHOLE = upload_corpus.paper("Kính trình Chính phủ xem xét, quyết định.")
FREE = size_of(GOOD)
BODY = object_of(FREE, NOTE % (b"FreeText", b""))
PAGE = Editor(GOOD).first_page()

each(
    "unsigned",
    {
        "a paper without a signature": lambda: WHOLE,
        "a paper of another program": lambda: upload_corpus.packed_pdf(
            upload_corpus.CATALOG % b"", upload_corpus.PAGES, upload_corpus.PAGE % b""
        ),
        "the names of all signatures spelled differently": lambda: GOOD.replace(b"/ByteRange", b"/ByteRangf"),
    },
)
each(
    "no_pdf",
    {"nothing": lambda: b"", "a text": lambda: b"Nghi quyet so 05/NQ-CP", "an archive": lambda: b"PK\3\4" + bytes(99)},
)
each(
    "leading_bytes",
    {
        "an empty line before the beginning": lambda: b"\n" + GOOD,
        "a script before the beginning": lambda: b"#!/bin/sh\nrm -rf ~\n" + GOOD,
        "a picture before the beginning": lambda: b"\xff\xd8\xff\xe0" + GOOD,
    },
)
each(
    "trailing_bytes",
    {
        "empty lines after the end": lambda: GOOD + b"\n\n",
        "zeros after the end": lambda: GOOD + bytes(64),
        "an archive after the end": lambda: GOOD + b"PK\5\6" + bytes(18),
        "an object after the end without a table": lambda: GOOD + BODY,
        "an object and a trailer after the end without a table": lambda: (
            GOOD + BODY + b"trailer\n<< /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % Document.open(GOOD).table_at
        ),
        "the end of the file twice": lambda: GOOD + GOOD[GOOD.rindex(b"startxref") :],
        "cut off within the last revision": lambda: GOOD[: GOOD.rindex(b"trailer")],
    },
)
each("truncated", {"cut off after the first page": lambda: GOOD[: len(GOOD) // 10]})
each("byte_range", {"the last byte is missing": lambda: GOOD[:-1]}, "seal")
each("seal_missing", {"the seal is cut off": lambda: SIGNED})
each(
    "encrypted",
    {
        "encrypted as a whole": lambda: upload_corpus.encrypted(GOOD, ""),
        "encrypted in a further revision": lambda: raw_revision(
            GOOD, BODY, {FREE: 0}, b" /Encrypt << /Filter /Standard >>"
        ),
    },
)


@hostile("foreign_structure")
def written_anew_by_another_program():
    writer, target = PdfWriter(clone_from=PdfReader(BytesIO(GOOD))), BytesIO()
    writer.write(target)
    return target.getvalue()


@hostile("broken_table")
def linearised():
    """The last table stands in front and leads to the one behind it."""
    table = b"xref\n%d 1\n%010d 00000 n \ntrailer\n<< /Size %d /Root 1 0 R /Prev %d >>\nstartxref\n0\n%%%%EOF\n"
    head, rest = GOOD[:9], GOOD[9:]
    front = object_of(FREE, b"<< /Linearized 1 /L 0 >>")
    at = len(head) + len(front)
    first = table % (FREE, len(head), FREE + 1, 0)
    last = Document.open(GOOD).table_at + len(front) + len(first)
    whole = head + front + table % (FREE, len(head), FREE + 1, last) + rest
    whole = whole[: whole.rindex(b"startxref")] + b"startxref\n%d\n%%%%EOF\n" % at
    return whole


@hostile("packed_structure")
def a_revision_with_a_packed_table():
    document = Document.open(GOOD)
    at = len(GOOD)
    rows = b"\1" + at.to_bytes(3, "big") + b"\0"
    kind = b"/Type /XRef /Size %d /W [1 3 1] /Index [%d 1] /Root %b /Prev %d" % (
        FREE + 1, FREE, document.trailer[b"/Root"], document.table_at,
    )  # fmt: skip
    return GOOD + b"%d 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (FREE, upload_corpus.stream(rows, kind), at)


@hostile("packed_structure")
def a_revision_with_packed_objects():
    inner = zlib.compress(b"%d 0 << /S /GoTo >>" % (FREE + 1))
    packed = upload_corpus.stream(inner, b"/Type /ObjStm /N 1 /First 6 /Filter /FlateDecode")
    return raw_revision(GOOD, object_of(FREE, packed), {FREE: 0})


@hostile("packed_structure")
def a_hybrid_of_both_tables():
    return raw_revision(GOOD, BODY, {FREE: 0}, b" /XRefStm 15")


@hostile("repeated_object")
def an_object_defined_twice_in_a_revision():
    return raw_revision(GOOD, BODY + BODY, {FREE: 0})


@hostile("repeated_object")
def an_object_listed_twice_in_a_revision():
    row = b"%d 1\n%010d 00000 n \n" % (FREE, len(GOOD))
    return raw_revision(GOOD, BODY, {FREE: 0}, table=row + row)


@hostile("hidden_object")
def an_object_that_no_table_names():
    return raw_revision(GOOD, BODY + object_of(FREE + 1, NOTE % (b"Stamp", b"")), {FREE: 0}, size=FREE + 2)


@hostile("hidden_bytes")
def bytes_between_the_objects():
    return raw_revision(GOOD, BODY + b"(xin chao)\n", {FREE: 0})


@hostile("hidden_bytes")
def an_object_in_a_remark():
    return raw_revision(GOOD, BODY + b"% 5 0 obj << /V (99) >> endobj\n", {FREE: 0})


@hostile("broken_table")
def a_table_that_leads_into_an_older_revision():
    """Hide and replace: the revision is only a table, which turns an object into one that was hidden before."""
    old = GOOD.index(b"%d 0 obj" % PAGE)
    return raw_revision(GOOD, b"", {PAGE - 1: -old})


@hostile("object_removed")
def an_object_removed():
    return raw_revision(GOOD, b"", {}, table=b"%d 1\n0000000000 00001 f \n" % PAGE)


@hostile("catalog_changed")
def another_catalogue_named_by_the_trailer():
    moved = raw_revision(GOOD, BODY, {FREE: 0})
    at = moved.rindex(b"/Root ")
    return moved[:at] + re.sub(rb"/Root \d+ 0 R", b"/Root %d 0 R" % FREE, moved[at:], count=1)


@hostile("broken_table")
def a_table_with_crooked_rows():
    return raw_revision(GOOD, BODY, {}, table=b"%d 1\n%010d 00000 n\n" % (FREE, len(GOOD)))


@hostile("broken_table")
def tables_that_lead_in_a_circle():
    moved = raw_revision(GOOD, BODY, {FREE: 0})
    here = int(re.findall(rb"startxref\n(\d+)", moved)[-1])
    at = moved.rindex(b"/Prev ")
    return moved[:at] + re.sub(rb"/Prev \d+", b"/Prev %d" % here, moved[at:], count=1)


@hostile("broken_syntax")
def a_key_twice_in_a_dictionary():
    return raw_revision(GOOD, object_of(FREE, b"<< /Type /Annot /V (05) /V (99) >>"), {FREE: 0})


@hostile("broken_syntax")
def a_stream_longer_than_it_says():
    return raw_revision(GOOD, object_of(FREE, b"<< /Length 3 >>\nstream\nabcdef\nendstream"), {FREE: 0})


@hostile("beyond_limits")
def nested_a_thousand_times():
    return raw_revision(GOOD, object_of(FREE, b"[" * 1000 + b"]" * 1000), {FREE: 0})


@hostile("beyond_limits")
def a_hundred_thousand_dictionaries_inside_each_other():
    return raw_revision(GOOD, object_of(FREE, b"<< /A " * 100_000 + b"0" + b" >>" * 100_000), {FREE: 0})


@hostile("beyond_limits")
def more_revisions_than_decades_of_renewals():
    pdf = GOOD
    for _ in range(64):
        pdf = Editor(pdf).done()
    return pdf


@hostile("broken_syntax")
def a_number_of_a_million_digits():
    return raw_revision(GOOD, object_of(FREE, b"9" * 1_000_000), {FREE: 0})


@hostile("broken_table")
def a_table_that_promises_a_million_rows():
    return raw_revision(GOOD, BODY, {}, table=b"1 999999\n0000000000 00000 n \n")


# -- signatures as they must not stand in the file: universal forgery and wrapping


def in_seal(old: bytes, new: bytes):
    return swap(old, new, last=True)


RANGE = re.findall(rb"/ByteRange \[[^]]*\]", GOOD)[-1]
GAP = re.findall(rb"/Contents (<[0-9a-f]+>)", GOOD)[-1]


def other_range(numbers: bytes):
    return in_seal(RANGE, (b"/ByteRange " + numbers).ljust(len(RANGE)))(GOOD)


FIRST, SECOND, REST = (int(number) for number in re.findall(rb"\d+", RANGE)[1:])
each(
    "byte_range",
    {
        "no byte range at all": lambda: other_range(b"null"),
        "an empty byte range": lambda: other_range(b"[]"),
        "a byte range of nothing": lambda: other_range(b"[0 0 0 0]"),
        "a negative byte range": lambda: other_range(b"[0 %d %d -1]" % (FIRST, SECOND)),
        "a byte range of five numbers": lambda: other_range(b"[0 1 2 3 4]"),
        "a byte range with a hole beside the value": lambda: other_range(
            b"[0 %d %d %d]" % (FIRST, SECOND + 8, REST - 8)
        ),
        "a byte range that begins late": lambda: other_range(b"[9 %d %d %d]" % (FIRST - 9, SECOND, REST)),
        "a byte range that ends early": lambda: other_range(b"[0 %d %d %d]" % (FIRST, SECOND, REST - 40)),
        "a byte range around an empty value": lambda: in_seal(GAP, b"<>".ljust(len(GAP)))(GOOD),
        "a byte range in fractions": lambda: other_range(b"[0.0 %d %d %d]" % (FIRST, SECOND, REST)),
    },
    "seal",
)
each(
    "contents",
    {
        "no value": lambda: in_seal(GAP, b"null".ljust(len(GAP)))(GOOD),
        "a value of zeros": lambda: in_seal(GAP, b"<" + b"0" * (len(GAP) - 2) + b">")(GOOD),
        "a value in round brackets": lambda: in_seal(GAP, b"(" + b"0" * (len(GAP) - 2) + b")")(GOOD),
        "something hidden in the padding": lambda: GOOD[: SECOND - 9] + b"deadbeef" + GOOD[SECOND - 1 :],
        "a value in capital letters": lambda: in_seal(GAP, GAP.upper())(GOOD),
    },
    "seal",
)
each(
    "foreign_structure",
    {"the byte range under another name": lambda: in_seal(b"/ByteRange", b"/ByteRangf")(GOOD)},
)


@hostile("broken_table")
def wrapped_around_an_insertion():
    """The covered end is moved back and the byte range with it; between them stands what nobody signed."""
    evil = b"\n" + BODY
    longer = GOOD[:SECOND] + evil + GOOD[SECOND:]
    return in_seal(RANGE, (b"/ByteRange [0 %d %d %d]" % (FIRST, SECOND + len(evil), REST)).ljust(len(RANGE)))(longer)


@hostile("trailing_bytes")
def wrapped_with_a_second_copy_of_the_end():
    """A new revision stands where the value was; the covered end follows after it, as an orphan."""
    evil = Editor(GOOD).annotate(NOTE % (b"FreeText", b"")).done()
    moved = evil + GOOD[SECOND:]
    return in_seal(RANGE, (b"/ByteRange [0 %d %d %d]" % (FIRST, len(evil), REST)).ljust(len(RANGE)))(moved)
