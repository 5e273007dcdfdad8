"""Decides how the pages of a PDF of ours are shown on a screen: as pictures of a given width."""

from io import BytesIO

import pypdfium2 as pdfium

WIDEST = 4000  # pixels


def page_count(pdf: bytes) -> int:
    """How many pages the PDF has; raises pypdfium2.PdfiumError for what is no PDF."""
    document = pdfium.PdfDocument(pdf)
    try:
        return len(document)
    finally:
        document.close()


def page_image(pdf: bytes, page: int, width: int) -> bytes:
    """Page `page` (from 1) as PNG, `width` pixels wide, with filled fields and signature pictures.

    Raises IndexError for a page that is not there and ValueError for an unreasonable width.
    """
    if not 0 < width <= WIDEST:
        raise ValueError(f"width {width}")
    document = pdfium.PdfDocument(pdf)
    try:
        if not 1 <= page <= len(document):
            raise IndexError(page)
        sheet = document[page - 1]
        picture = sheet.render(scale=width / sheet.get_width(), may_draw_forms=True).to_pil()
        target = BytesIO()
        picture.save(target, "PNG", compress_level=6)
        return target.getvalue()
    finally:
        document.close()
