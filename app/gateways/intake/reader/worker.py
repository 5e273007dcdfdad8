"""Decides nothing: reads one PDF and says what it holds.

The answer is {"pages": n, "text": [...]} or {"refused": code}, with "level" for a secrecy stamp; the text of a refused
file is never in it.
"""

import unicodedata
from collections.abc import Iterator
from ctypes import byref, c_double, c_int
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

from .stamp import Sign, level_on
from .structure import Refused, check

GRID = 100_000  # device units across a page, for positions as shares of the page
LINE_ENDS = {ord("\r"): None, 0xFFFE: None, 0x2: None}  # PDFium marks its own hyphens at line ends


def answer(data: bytes, limits: dict[str, int]) -> dict[str, Any]:
    """`limits` is {"pages": n, "answer": bytes, …}."""
    try:
        return read(data, limits)
    except Refused as refusal:
        return {"refused": refusal.code, **refusal.details}


def read(data: bytes, limits: dict[str, int]) -> dict[str, Any]:
    """Pages and text of a file that nothing speaks against; raises Refused."""
    check(data)
    document = _opened(data)
    if raw.FPDF_GetSecurityHandlerRevision(document) != -1:
        raise Refused("encrypted")
    if raw.FPDFDoc_GetJavaScriptActionCount(document) > 0 or raw.FPDFDoc_GetAttachmentCount(document) > 0:
        raise Refused("active_content")
    if len(document) > limits["pages"]:
        raise Refused("too_many_pages")
    if len(document) == 0:
        raise Refused("corrupt")
    try:
        if level := level_on(_signs(document[0])):
            raise Refused("secrecy_stamp", level=level)
        return {"pages": len(document), "text": list(_texts(document, limits["answer"] // 2))}
    except pdfium.PdfiumError as error:
        raise Refused("corrupt") from error


def _opened(data: bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        locked = raw.FPDF_GetLastError() in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)
        raise Refused("encrypted" if locked else "corrupt") from error


def _texts(document: pdfium.PdfDocument, room: int) -> Iterator[str]:
    """The text page by page: NFC, lines separated by a line feed, no control characters."""
    for page in document:
        letters = page.get_textpage()
        text = unicodedata.normalize("NFC", letters.get_text_range(errors="ignore").translate(LINE_ENDS))
        text = "".join(sign for sign in text if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cs", "Cn"))
        room -= len(text.encode())
        if room < 0:
            raise Refused("too_heavy")
        letters.close()
        page.close()
        yield text.strip()


def _signs(page: pdfium.PdfPage) -> list[Sign]:
    """Every letter of a page where a reader sees it: a rotated or cropped page is turned first."""
    letters = page.get_textpage()
    width, height = page.get_size()
    signs = []
    for at in range(letters.count_chars()):
        letter = chr(raw.FPDFText_GetUnicode(letters, at))
        left, right, bottom, top = c_double(), c_double(), c_double(), c_double()
        raw.FPDFText_GetCharBox(letters, at, byref(left), byref(right), byref(bottom), byref(top))
        if letter.isspace() or not letter.isprintable():
            continue
        x, y = c_double(), c_double()
        raw.FPDFText_GetCharOrigin(letters, at, byref(x), byref(y))
        across, _ = _seen(page, left.value, top.value)
        until, _ = _seen(page, right.value, bottom.value)
        _, base = _seen(page, x.value, y.value)
        size = (raw.FPDFText_GetFontSize(letters, at) or 1) / height
        signs.append(Sign(letter, min(across, until), max(across, until), base, size, height / width))
    return signs


def _seen(page: pdfium.PdfPage, x: float, y: float) -> tuple[float, float]:
    across, down = c_int(), c_int()
    raw.FPDF_PageToDevice(page, 0, 0, GRID, GRID, 0, x, y, byref(across), byref(down))
    return across.value / GRID, down.value / GRID
