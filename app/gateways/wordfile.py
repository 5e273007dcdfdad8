"""Decides how tables of opinions become a Word document that people go on working in: same words, same tables."""

import datetime as dt
from collections.abc import Sequence
from copy import deepcopy
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from app.gateways.paper.blocks import roman
from app.gateways.paper.head import COUNTRY, MOTTO
from app.gateways.paper.opinions import NOTHING, TOTALS, TOTALS_HEAD, TOTALS_MIDDLE, TOTALS_WIDTHS, OpinionSheet
from app.gateways.sheets import plain

FACE = "Times New Roman"
LONG, SHORT = Mm(297), Mm(210)
MARGIN_LEFT, MARGIN_RIGHT, MARGIN_ABOVE, MARGIN_BELOW = Mm(25), Mm(15), Mm(20), Mm(20)
TEXT_WIDTH = LONG - MARGIN_LEFT - MARGIN_RIGHT
WORDS, SMALL, TITLE = Pt(13), Pt(11.5), Pt(14)
CENTRED, LEFT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.LEFT


def opinions(sheet: OpinionSheet) -> bytes:
    """The .docx file of a sheet, A4 across: no macros, no fields, no links, every word as plain text."""
    document = Document()
    _page(document)
    _about(document, sheet)
    _head(document, sheet)
    shape = sheet.shape
    _words(document.add_paragraph(), shape.name, TITLE, bold=True, align=CENTRED)
    _words(document.add_paragraph(), sheet.about, TITLE, bold=True, align=CENTRED)
    for fact in sheet.facts:
        _words(document.add_paragraph(), fact, WORDS)
    if sheet.totals:
        _words(document.add_paragraph(), f"{roman(1)}. {TOTALS}", WORDS, bold=True)
        _table(document, TOTALS_HEAD, sheet.totals, TOTALS_WIDTHS, TOTALS_MIDDLE)
    for number, part in enumerate(sheet.parts, start=sheet.first_part):
        _words(document.add_paragraph(), f"{roman(number)}. {part.title}", WORDS, bold=True)
        if part.rows:
            _table(document, shape.head, part.rows, shape.widths, shape.middle)
        else:
            _words(document.add_paragraph(), NOTHING, WORDS)
    target = BytesIO()
    document.save(target)
    return target.getvalue()


def _page(document: Any) -> None:
    section = document.sections[0]
    section.orientation, section.page_width, section.page_height = WD_ORIENT.LANDSCAPE, LONG, SHORT
    section.left_margin, section.right_margin = MARGIN_LEFT, MARGIN_RIGHT
    section.top_margin, section.bottom_margin = MARGIN_ABOVE, MARGIN_BELOW
    style = document.styles["Normal"]
    style.font.name, style.font.size = FACE, WORDS
    style.element.rPr.rFonts.set(qn("w:eastAsia"), FACE)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "vi-VN")
    style.element.rPr.append(language)
    style.paragraph_format.space_after = Pt(6)


def _about(document: Any, sheet: OpinionSheet) -> None:
    about = document.core_properties
    about.title, about.author, about.language = plain(sheet.about), plain(sheet.body), "vi-VN"
    about.comments = ""
    about.created = about.modified = sheet.made_at.astimezone(dt.UTC).replace(tzinfo=None)


def _head(document: Any, sheet: OpinionSheet) -> None:
    """Name of the body at the left, country, motto, place and date at the right, without rules around them."""
    left, right = document.add_table(rows=1, cols=2).rows[0].cells
    _words(left.paragraphs[0], sheet.body.upper(), WORDS, bold=True, align=CENTRED)
    if sheet.mark:
        _words(left.add_paragraph(), sheet.mark, WORDS, bold=True, align=CENTRED)
    _words(right.paragraphs[0], COUNTRY, WORDS, bold=True, align=CENTRED)
    _words(right.add_paragraph(), MOTTO, WORDS, bold=True, align=CENTRED)
    _words(right.add_paragraph(), sheet.place_date, WORDS, italic=True, align=CENTRED)


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
        _words(cell.paragraphs[0], label, SMALL, bold=True, align=CENTRED)
    again = OxmlElement("w:tblHeader")
    again.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(again)
    blank = table.add_row()
    for at, cell in enumerate(blank.cells):
        cell.width = int(TEXT_WIDTH * widths[at] / whole)
        _words(cell.paragraphs[0], "", SMALL, align=CENTRED if at in middle else LEFT)
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
    paragraph: Any, words: str, size: Any, *, bold: bool = False, italic: bool = False, align: Any = LEFT
) -> None:
    run = paragraph.add_run(plain(words))
    run.font.size, run.bold, run.italic = size, bold, italic
    paragraph.alignment = align
