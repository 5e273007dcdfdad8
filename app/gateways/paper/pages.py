"""Decides how the pages of a PDF of ours are opened and shown on a screen: as pictures of a given width."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Lock

import pypdfium2 as pdfium

WIDEST = 4000  # pixels
LINE_ENDS = {ord("\r"): None, 0xFFFE: None, 0x2: None}  # PDFium marks its own hyphens at line ends
_ONE_AT_A_TIME = Lock()  # PDFium is not safe for threads


@contextmanager
def opened(pdf: bytes) -> Iterator[pdfium.PdfDocument]:
    """The document, closed at the end; raises pypdfium2.PdfiumError for what is no PDF."""
    with _ONE_AT_A_TIME:
        document = pdfium.PdfDocument(pdf)
        try:
            yield document
        finally:
            document.close()


def page_count(pdf: bytes) -> int:
    """How many pages the PDF has."""
    with opened(pdf) as document:
        return len(document)


def page_texts(pdf: bytes) -> tuple[str, ...]:
    """The text of each page as it is searched: NFC, one line of the paper a line."""
    with opened(pdf) as document:
        return tuple(_text_of(page) for page in document)


def _text_of(page: pdfium.PdfPage) -> str:
    letters = page.get_textpage()
    try:
        return unicodedata.normalize("NFC", letters.get_text_range().translate(LINE_ENDS)).strip()
    finally:
        letters.close()


def page_image(pdf: bytes, page: int, width: int) -> bytes:
    """Page `page` (from 1) as PNG, `width` pixels wide, with filled fields and signature pictures.

    Raises IndexError for a page that is not there and ValueError for an unreasonable width.
    """
    if not 0 < width <= WIDEST:
        raise ValueError(f"width {width}")
    with opened(pdf) as document:
        if not 1 <= page <= len(document):
            raise IndexError(page)
        document.init_forms()  # otherwise what was filled in later is not drawn
        sheet = document[page - 1]
        picture = sheet.render(scale=width / sheet.get_width(), may_draw_forms=True).to_pil()
    target = BytesIO()
    picture.save(target, "PNG", compress_level=3)
    return target.getvalue()
