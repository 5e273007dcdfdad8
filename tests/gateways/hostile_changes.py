"""Makes changes after signing, each written as a correct program would write it, and shadow attacks prepared before."""

import zlib

from tests.gateways import upload_corpus
from tests.gateways.signed_corpus import (
    GOOD,
    NOTE,
    SIGNED,
    Editor,
    base,
    each,
    hostile,
    object_of,
    raw_revision,
    sealed,
    signed,
    size_of,
    swap,
)

SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
LINE = b"/Tx BMC q BT /LiberationSerif 13 Tf 0 g 1 3.25 Td <%b> Tj ET Q EMC"
BLACK = b"0 0 m 595 0 l 595 842 l 0 842 l f"


def after_seal(change):
    return lambda: change(Editor(GOOD)).done()


def note(kind: bytes, more: bytes = b""):
    return lambda editor: editor.annotate(NOTE % (kind, more))


def page_added(editor: Editor) -> Editor:
    tree, kids = editor.pages()
    page = editor.more.add(b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] >>" % tree)
    return editor.set(tree, Kids=b"[%b %b]" % (b" ".join(kids), page), Count=b"%d" % (len(kids) + 1))


def pages_swapped(editor: Editor) -> Editor:
    tree, kids = editor.pages()
    return editor.set(tree, Kids=b"[%b]" % b" ".join(reversed(kids)), Count=b"%d" % len(kids))


def contents(editor: Editor) -> int:
    return int(editor.entries(editor.first_page())[b"/Contents"].split()[0])


def drawn_over(editor: Editor) -> Editor:
    number = contents(editor)
    editor.more._objects[number] = upload_corpus.stream(BLACK)
    return editor


def drawn_on_top(editor: Editor) -> Editor:
    more = editor.more.add_stream({}, BLACK)
    return editor.set(editor.first_page(), Contents=b"[%d 0 R %b]" % (contents(editor), more))


def same_content(editor: Editor) -> Editor:
    content = editor.document.stream(b"%d 0 R" % contents(editor))
    editor.more._objects[contents(editor)] = upload_corpus.stream(zlib.compress(content), b"/Filter /FlateDecode")
    return editor


def appearance(editor: Editor, content: bytes) -> bytes:
    resources = b"<< /Font << /LiberationSerif %d 0 R >> >>" % editor.font()
    return editor.more.add_stream(
        {b"/Type": b"/XObject", b"/Subtype": b"/Form", b"/BBox": b"[0 0 22.75 17]", b"/Resources": resources}, content
    )


def refilled(name: str, value: bytes):
    def change(editor: Editor) -> Editor:
        shown = appearance(editor, LINE % value.hex().encode())
        return editor.set(editor.field(name), V=b"(%b)" % value, AP=b"<< /N %b >>" % shown)

    return change


def shown_otherwise(editor: Editor) -> Editor:
    shown = appearance(editor, LINE % b"3939")
    return editor.set(editor.field("number"), AP=b"<< /N %b >>" % shown)


def second_signature(editor: Editor) -> Editor:
    """A field of its own with a value of its own, at the foot of the page."""
    value = editor.more.add(
        b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 1 2 3] /Contents <00> >>"
    )
    field = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (phu) /F 132 /Rect [0 0 0 0] /V %b >>" % value
    return editor.annotate(field)


each(
    "changed_after_seal",
    {
        "an empty revision": after_seal(lambda editor: editor),
        "a box over the text": after_seal(note(b"FreeText")),
        "a stamp over the text": after_seal(note(b"Stamp")),
        "a struck-out line": after_seal(note(b"StrikeOut", b" /QuadPoints [60 500 500 500 60 400 500 400]")),
        "a page added": after_seal(page_added),
        "the pages in another order": lambda: pages_swapped(Editor(sealed(signed(base(3))))).done(),
        "a page turned": after_seal(lambda editor: editor.set(editor.first_page(), Rotate=b"180")),
        "a page cropped": after_seal(lambda editor: editor.set(editor.first_page(), MediaBox=b"[0 0 595 400]")),
        "a page drawn anew": after_seal(drawn_over),
        "a page drawn upon": after_seal(drawn_on_top),
        "a page written again with the same content": after_seal(same_content),
        "the widths of a typeface": after_seal(lambda editor: editor.set(editor.font(), FirstChar=b"1")),
        "a typeface without its embedded letters": after_seal(
            lambda editor: editor.set(editor.font(), FontDescriptor=None, BaseFont=b"/Helvetica")
        ),
        "another number after the seal": after_seal(refilled("number", b"99")),
        "another date after the seal": after_seal(refilled("day", b"01")),
        "the number shown differently after the seal": after_seal(shown_otherwise),
        "a field moved away": after_seal(lambda editor: editor.set(editor.field("number"), Rect=b"[0 0 22.75 17]")),
        "a field hidden": after_seal(lambda editor: editor.set(editor.field("seal"), F=b"134")),
        "the lock taken off": after_seal(lambda editor: editor.set(editor.field("seal"), Lock=None)),
        "the seal taken off": after_seal(lambda editor: editor.set(editor.field("seal"), V=None)),
        "the signature taken off": after_seal(lambda editor: editor.set(editor.field("signature"), V=None)),
        "the mark of certification taken off": after_seal(lambda editor: editor.set_root(Perms=None)),
        "another mark of certification": after_seal(
            lambda editor: editor.set_root(Perms=b"<< /DocMDP %b >>" % editor.entries(editor.field("seal"))[b"/V"])
        ),
        "a newer version in the catalogue": after_seal(lambda editor: editor.set_root(Version=b"/2.0")),
        "no extension in the catalogue": after_seal(lambda editor: editor.set_root(Extensions=None)),
        "validation data in the catalogue": after_seal(lambda editor: editor.set_root(DSS=b"<< /Certs [] >>")),
        "another title of the file": after_seal(
            lambda editor: editor.set(int(editor.document.trailer[b"/Info"].split()[0]), Title=b"(Nghi quyet khac)")
        ),
        "appearances to be drawn by the reader": after_seal(
            lambda editor: editor.set(editor.form(), NeedAppearances=b"true")
        ),
        "an object that nothing uses": after_seal(lambda editor: (editor.more.add(b"<< /V (99) >>"), editor)[1]),
        "a second signature": after_seal(second_signature),
    },
)
each(
    "active_content",
    {
        "a link over the page": after_seal(note(b"Link", b" /A << /S /URI /URI (https://evil.example/) >>")),
        "a script at the opening": after_seal(lambda editor: editor.set_root(OpenAction=SCRIPT)),
        "a script among the names": after_seal(
            lambda editor: editor.set_root(Names=b"<< /JavaScript << /Names [(a) %b] >> >>" % SCRIPT)
        ),
        "a script with an escaped name": lambda: raw_revision(
            GOOD, object_of(size_of(GOOD), b"<< /S /Java#53cript >>"), {size_of(GOOD): 0}
        ),
        "a command when the page opens": after_seal(
            lambda editor: editor.set(editor.first_page(), AA=b"<< /O << >> >>")
        ),
        "a form of another kind": after_seal(lambda editor: editor.set(editor.form(), XFA=b"(x)")),
    },
)
each(
    "attachment",
    {
        "a file inside": after_seal(lambda editor: editor.set_root(Names=b"<< /EmbeddedFiles << /Names [] >> >>")),
        "a file pinned to the page": after_seal(note(b"FileAttachment")),
    },
)
each(
    "hidden_layers",
    {"layers to show and hide": after_seal(lambda editor: editor.set_root(OCProperties=b"<< /OCGs [] /D << >> >>"))},
)


# -- between the signature and the seal; the keeper of the seal notices nothing


def before_seal(change):
    return lambda: sealed(change(Editor(SIGNED)).done())


each(
    "changed_after_signature",
    {
        "a page added before the seal": before_seal(page_added),
        "a box over the text before the seal": before_seal(note(b"FreeText")),
        "a page drawn anew before the seal": before_seal(drawn_over),
        "a typeface replaced before the seal": before_seal(
            lambda editor: editor.set(editor.font(), BaseFont=b"/Helvetica")
        ),
        "the certification loosened before the seal": before_seal(lambda editor: editor.set_root(Perms=None)),
        "an empty revision before the seal": before_seal(lambda editor: editor),
    },
)


@hostile("changed_after_signature")
def a_number_filled_in_before_the_seal():
    early = refilled("number", b"99")(Editor(SIGNED)).done()
    return sealed(early, fill={"day": "21", "month": "11", "year": "2026"})


@hostile("field_too_early")
def a_number_filled_in_with_the_signature():
    return sealed(signed(base(), fill={"number": "99"}), fill={"day": "21", "month": "11", "year": "2026"})


# -- a seal that fills in what it should not


def seal_of(**fill: str):
    values = {"number": "05", "day": "21", "month": "11", "year": "2026"} | fill
    return lambda: sealed(SIGNED, fill={name: value for name, value in values.items() if value})


each(
    "number_missing",
    {"sealed without a number": seal_of(number=""), "sealed without a day": seal_of(day="")},
)
each(
    "field_value",
    {
        "a number that is none": seal_of(number="O5"),
        "a day that no calendar has": seal_of(day="31", month="02"),
        "a month that no calendar has": seal_of(month="13"),
        "a year of long ago": seal_of(year="1019"),
        "a number with half a year": seal_of(number="5/2"),
    },
)
each(
    "appearance",
    {
        "a number shown differently by the seal": lambda: sealed(SIGNED, patch=swap(b"<3035> Tj", b"<3939> Tj")),
        "a number in white": lambda: sealed(SIGNED, patch=swap(b"13 Tf 0 g 9", b"13 Tf 1 g 9")),
        "a number outside its field": lambda: sealed(SIGNED, patch=swap(b" 9.75 3.25 Td", b" 9.75 99.5 Td")),
    },
)
each(
    "picture",
    {
        "a seal larger than its field": lambda: sealed(
            SIGNED, patch=swap(b"cm /Picture Do Q", b"0 /Picture Do Q ", True)
        ),
        "a signature that is more than a picture": lambda: sealed(
            signed(base(), patch=swap(b"cm /Picture Do Q", b"cm /Picture Do f"))
        ),
    },
)


# -- shadow attacks: what is signed is prepared, what is shown comes later


def prepared(change):
    """A base made by somebody else, then signed and sealed in good faith."""
    return lambda: sealed(signed(change(base())))


def inserted(old: bytes, new: bytes):
    """The first page's own bytes changed in the base, in the same length, so that all offsets stay."""
    return prepared(swap(old, new.ljust(len(old))))


each(
    "changed_before_signature",
    {
        "prepared with a box over the text": prepared(
            lambda pdf: Editor(pdf).annotate(NOTE % (b"FreeText", b"")).done()
        ),
        "prepared with a typeface to be replaced": prepared(
            lambda pdf: Editor(pdf).set(Editor(pdf).font(), BaseFont=b"/Helvetica").done()
        ),
    },
)


@hostile("unused_object")
def prepared_with_a_page_that_nothing_uses():
    """Hide and replace: the second page lies in the file, waiting for a table that shows it."""
    pdf = base()
    number = size_of(pdf)
    table = pdf.rindex(b"xref\n0 ")
    body = object_of(number, b"<< /Type /Page /MediaBox [0 0 595 842] >>")
    rows = pdf[table : pdf.rindex(b"trailer")].replace(b"xref\n0 %d" % number, b"xref\n0 %d" % (number + 1), 1)
    row = b"%010d 00000 n \n" % table
    trailer = pdf[pdf.rindex(b"trailer") :].replace(b"/Size %d" % number, b"/Size %d" % (number + 1))
    at = b"startxref\n%d" % (table + len(body))
    trailer = trailer[: trailer.index(b"startxref")] + at + b"\n%%EOF\n"
    return sealed(signed(pdf[:table] + body + rows + row + trailer))


@hostile("repeated_object")
def prepared_with_a_page_defined_twice():
    pdf = base()
    page = Editor(pdf).first_page()
    table = pdf.rindex(b"xref\n0 ")
    body = object_of(page, b"<< /Type /Page /MediaBox [0 0 595 842] >>")
    ending = pdf[table : pdf.rindex(b"startxref")] + b"startxref\n%d\n%%%%EOF\n" % (table + len(body))
    return sealed(signed(pdf[:table] + body + ending))


each(
    "foreign_structure",
    {
        "prepared with a shading": inserted(b"/ProcSet [ /PDF /Text /ImageB /ImageC /ImageI ]", b"/Shading << >>"),
    },
)
each("attachment", {"prepared with a reference to another file": inserted(b"/Trapped /False", b"/EF (a) /F (b)")})
each("annotation", {"prepared with a widget that is a box": inserted(b"/Subtype /Widget", b"/Subtype /Square")})
