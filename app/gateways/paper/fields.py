"""Decides where number, date, signature and seal are filled in later: in form fields that exist before any signature.

How they are filled: the value of a text field is written in the font and size of its /DA (a font of the form's /DR,
embedded in the file; every ASCII sign has its own code), without padding, aligned by /Q (1 centred, 2 right), its base
line `drop(size)` above the lower edge of /Rect. So it is set as if it had been printed with the words around it.
"""

from reportlab.pdfbase.pdfdoc import (
    PDFArray,
    PDFDictionary,
    PDFDocument,
    PDFName,
    PDFObject,
    PDFObjectReference,
    PDFStream,
    PDFString,
)
from reportlab.pdfbase.pdfmetrics import getFont
from reportlab.pdfgen.canvas import Canvas

from app.gateways.paper import measures as m

NUMBER, DAY, MONTH, YEAR = "number", "day", "month", "year"  # boxes 3 and 4
SIGNATURE, SEAL = "signature", "seal"  # boxes 7c and 8
CENTRED, RIGHT = 1, 2  # /Q
READ_ONLY = 1  # /Ff
PRINTED, LOCKED = 4, 128  # /F
SIGNATURES_AND_APPEND_ONLY = 3  # /SigFlags
NAMES = {m.REGULAR: "LiberationSerif", m.ITALIC: "LiberationSerif-Italic"}  # of the fonts in /DR

Box = tuple[float, float, float, float]


def drop(size: float) -> float:
    """Points from the base line of a filled value down to the lower edge of its field."""
    return round(size * 0.25, 3)


class Form(PDFObject):
    """The AcroForm of one document; the fonts of /DR are those that the pages embed."""

    __RefOnly__ = 1

    def __init__(self) -> None:
        self.fields: list[PDFObjectReference] = []
        self.fonts: dict[str, str] = {}

    def format(self, document: PDFDocument) -> bytes:
        fonts = PDFDictionary({name: PDFObjectReference(internal) for name, internal in sorted(self.fonts.items())})
        made = {"Fields": PDFArray(self.fields), "SigFlags": SIGNATURES_AND_APPEND_ONLY}
        if self.fonts:
            made |= {"DR": PDFDictionary({"Font": fonts}), "DA": PDFString(f"/{min(self.fonts)} 0 Tf 0 g")}
        written: bytes = PDFDictionary(made).format(document)
        return written


def text_field(canvas: Canvas, name: str, box: Box, letter: m.Letter, align: int) -> None:
    """An empty read-only text field on the present page; `box` is (left, bottom, right, top) in points of the page."""
    form, resource = _form(canvas), NAMES[letter.face]
    form.fonts[resource] = getFont(letter.face).getSubsetInternalName(0, canvas._doc).lstrip("/")
    _widget(canvas, name, box, {
        "FT": PDFName("Tx"), "Ff": READ_ONLY, "Q": align, "DA": PDFString(f"/{resource} {letter.size:g} Tf 0 g"),
    })  # fmt: skip


def signature_field(canvas: Canvas, name: str, box: Box, *, locks: bool = False) -> None:
    """An empty signature field; with `locks` its signature forbids any later change of any field."""
    lock = PDFDictionary({"Type": PDFName("SigFieldLock"), "Action": PDFName("All")})
    _widget(canvas, name, box, {"FT": PDFName("Sig"), **({"Lock": lock} if locks else {})})


def _widget(canvas: Canvas, name: str, box: Box, own: dict[str, object]) -> None:
    left, bottom, right, top = (round(edge, 3) for edge in box)
    blank = PDFStream(
        PDFDictionary({
            "Type": PDFName("XObject"), "Subtype": PDFName("Form"), "Resources": PDFDictionary({}),
            "BBox": PDFArray([0, 0, round(right - left, 3), round(top - bottom, 3)]),
        }),
        b"",
    )  # fmt: skip
    appearance = canvas._doc.Reference(blank, f"blank.{name}")
    made = PDFDictionary({
        "Type": PDFName("Annot"), "Subtype": PDFName("Widget"), "F": PRINTED | LOCKED, "T": PDFString(name),
        "Rect": PDFArray([left, bottom, right, top]), "AP": PDFDictionary({"N": appearance}), **own,
    })  # fmt: skip
    canvas._addAnnotation(made, f"field.{name}")
    _form(canvas).fields.append(canvas._doc.Reference(made))


def _form(canvas: Canvas) -> Form:
    catalog = canvas._doc.Catalog
    if getattr(catalog, "AcroForm", None) is None:
        catalog.AcroForm = Form()
    form: Form = catalog.AcroForm
    return form
