"""Decides how tables of opinions become a Word document that people go on working in: same words, same tables."""

import datetime as dt
from collections.abc import Sequence
from copy import deepcopy
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt
from reportlab.pdfbase.pdfmetrics import stringWidth

from app.gateways.paper import fonts
from app.gateways.paper import measures as m
from app.gateways.paper.blocks import roman
from app.gateways.paper.head import COUNTRY, MOTTO
from app.gateways.paper.opinions import NOTHING, TOTALS, TOTALS_HEAD, TOTALS_MIDDLE, TOTALS_WIDTHS, OpinionSheet
from app.gateways.sheets import plain

FACE = "Times New Roman"
WIDTH, HEIGHT, TEXT_WIDTH = Pt(m.PAGE[0]), Pt(m.PAGE[1]), Pt(m.TEXT_WIDTH)
LEFT_HALF = int(TEXT_WIDTH * m.LEFT_HALF)
WORDS, SMALL, TITLE = Pt(m.BODY.size), Pt(m.TABLE_CELL.size), Pt(m.TYPE_NAME.size)
GAP, CLOSE = Pt(m.PARAGRAPH_GAP), Pt(2)
CENTRED, LEFT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.LEFT


def opinions(sheet: OpinionSheet) -> bytes:
    """The .docx file of a sheet, A4 laid out as Decree 30/2020 asks: no macros, fields or links, words plain text."""
    document = Document()
    _page(document)
    _about(document, sheet)
    _head(document, sheet)
    shape = sheet.shape
    _title(document, shape.name, sheet.about)
    for fact in sheet.facts:
        _words(document.add_paragraph(), fact, WORDS)
    if sheet.totals:
        _heading(document, f"{roman(1)}. {TOTALS}")
        _table(document, TOTALS_HEAD, sheet.totals, TOTALS_WIDTHS, TOTALS_MIDDLE)
    for number, part in enumerate(sheet.parts, start=sheet.first_part):
        _heading(document, f"{roman(number)}. {part.title}")
        if part.rows:
            _table(document, shape.head, part.rows, shape.widths, shape.middle)
        else:
            _words(document.add_paragraph(), NOTHING, WORDS)
    last = document.add_paragraph()
    _words(last, sheet.as_of, WORDS, italic=True)
    last.paragraph_format.space_before = GAP
    target = BytesIO()
    document.save(target)
    return target.getvalue()


def _page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = WIDTH, HEIGHT
    section.left_margin, section.right_margin = Pt(m.MARGIN_LEFT), Pt(m.MARGIN_RIGHT)
    section.top_margin, section.bottom_margin = Pt(m.MARGIN_TOP), Pt(m.MARGIN_BOTTOM)
    style = document.styles["Normal"]
    style.font.name, style.font.size = FACE, WORDS
    style.element.rPr.rFonts.set(qn("w:eastAsia"), FACE)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "vi-VN")
    style.element.rPr.append(language)
    style.paragraph_format.space_after = GAP


def _about(document: Any, sheet: OpinionSheet) -> None:
    about = document.core_properties
    about.title, about.author, about.language = plain(sheet.about), plain(sheet.body), "vi-VN"
    about.comments = ""
    about.created = about.modified = sheet.made_at.astimezone(dt.UTC).replace(tzinfo=None)


def _head(document: Any, sheet: OpinionSheet) -> None:
    """Boxes 1, 2 and 4: the body at the left; country, motto, place and date at the right, with their rules."""
    table = document.add_table(rows=1, cols=2)
    table.autofit = False
    left, right = table.rows[0].cells
    for at, (cell, width) in enumerate(((left, LEFT_HALF), (right, TEXT_WIDTH - LEFT_HALF))):
        cell.width = table.columns[at].width = width
        _no_margins(cell)
    body = sheet.body.upper()
    _words(left.paragraphs[0], body, Pt(m.ISSUER.size), bold=True, align=CENTRED, after=CLOSE)
    _rule(left.add_paragraph(), LEFT_HALF, m.RULE_SHARE * _wide(body, m.ISSUER))
    if sheet.mark:
        _words(left.add_paragraph(), sheet.mark, Pt(m.BOXED_MARK.size), bold=True, align=CENTRED)
    _words(right.paragraphs[0], COUNTRY, Pt(m.COUNTRY.size), bold=True, align=CENTRED, after=Pt(0))
    _words(right.add_paragraph(), MOTTO, Pt(m.MOTTO.size), bold=True, align=CENTRED, after=CLOSE)
    _rule(right.add_paragraph(), TEXT_WIDTH - LEFT_HALF, _wide(MOTTO, m.MOTTO))
    _words(right.add_paragraph(), sheet.place_date, Pt(m.PLACE_DATE.size), italic=True, align=CENTRED)


def _title(document: Any, name: str, about: str) -> None:
    """Box 5a with its rule."""
    first = document.add_paragraph()
    _words(first, name, TITLE, bold=True, align=CENTRED, after=Pt(0))
    first.paragraph_format.space_before = Pt(m.CLOSING_GAP)
    _words(document.add_paragraph(), about, TITLE, bold=True, align=CENTRED, after=CLOSE)
    _rule(document.add_paragraph(), TEXT_WIDTH, m.RULE_SHARE * min(_wide(about, m.SUMMARY), m.TEXT_WIDTH))


def _heading(document: Any, words: str) -> None:
    """Never the last line of a page, and clear of the table above it."""
    heading = document.add_paragraph()
    _words(heading, words, WORDS, bold=True)
    heading.paragraph_format.space_before, heading.paragraph_format.keep_with_next = Pt(2 * m.PARAGRAPH_GAP), True


def _wide(words: str, letter: m.Letter) -> float:
    """The width of a line in points."""
    fonts.register()
    return float(stringWidth(fonts.printable(words), letter.face, letter.size))


def _rule(paragraph: Any, room: int, points: float) -> None:
    """A rule of that length in the middle of the room: an empty line of almost no height with a border on top."""
    kept = paragraph.paragraph_format
    kept.left_indent = kept.right_indent = int((room - Pt(points)) / 2)
    kept.line_spacing_rule, kept.line_spacing, kept.space_after = WD_LINE_SPACING.EXACTLY, CLOSE, GAP
    border = OxmlElement("w:pBdr")
    top = OxmlElement("w:top")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "0"), ("color", "auto")):
        top.set(qn(f"w:{name}"), value)
    border.append(top)
    paragraph._p.get_or_add_pPr().insert_element_before(border, "w:spacing", "w:ind", "w:jc", "w:rPr")


def _no_margins(cell: Any) -> None:
    """So that the country stands on one line of its half."""
    margins = OxmlElement("w:tcMar")
    for side in ("left", "right"):
        none = OxmlElement(f"w:{side}")
        none.set(qn("w:w"), "0")
        none.set(qn("w:type"), "dxa")
        margins.append(none)
    cell._tc.get_or_add_tcPr().append(margins)


def _table(
    document: Any, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float], middle: Sequence[int]
) -> None:
    """A ruled table whose head comes again on every page."""
    table = document.add_table(rows=1, cols=len(head))
    table.style, table.autofit = "Table Grid", False
    whole = sum(widths)
    for column, share in zip(table.columns, widths, strict=True):
        column.width = int(TEXT_WIDTH * share / whole)
    for cell, label in zip(table.rows[0].cells, head, strict=True):
        _words(cell.paragraphs[0], label, SMALL, bold=True, align=CENTRED, after=CLOSE)
    again = OxmlElement("w:tblHeader")
    again.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(again)
    blank = table.add_row()
    for at, cell in enumerate(blank.cells):
        cell.width = int(TEXT_WIDTH * widths[at] / whole)
        _words(cell.paragraphs[0], "", SMALL, align=CENTRED if at in middle else LEFT, after=CLOSE)
    table._tbl.remove(blank._tr)
    for row in rows:
        table._tbl.append(_filled(blank._tr, row))


def _filled(blank: Any, row: Sequence[str]) -> Any:
    """A copy of a row that is set once; to set every cell anew takes most of the time of a long table."""
    copied = deepcopy(blank)
    for run, words in zip(copied.iter(qn("w:r")), row, strict=True):
        run.text = plain(words)
    return copied


def _words(
    paragraph: Any, words: str, size: Any, *, bold: bool = False, italic: bool = False, align: Any = LEFT,
    after: Any = None,
) -> None:  # fmt: skip
    run = paragraph.add_run(plain(words))
    run.font.size, run.bold, run.italic = size, bold, italic
    paragraph.alignment = align
    if after is not None:
        paragraph.paragraph_format.space_after = after
