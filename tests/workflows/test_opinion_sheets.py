"""The papers of the opinions: the same words in PDF, Word document and workbook, none of them a formula."""

import unicodedata
from io import BytesIO

import pytest
from docx import Document
from flask_babel import force_locale
from openpyxl import load_workbook

from app.gateways import paper, wordfile
from app.workflows import explanations, opinion_sheets, synthesis
from tests.cabinet import NOW
from tests.opinions import FORMULA, closed_slip
from tests.slipping import SlipScene


@pytest.fixture
def sheets(app):
    slip = SlipScene()
    number = closed_slip(slip)
    clerk = slip.who["clerk"]
    with app.test_request_context(), force_locale("vi"):
        found = synthesis.synthesis_of(clerk, number)
        table = explanations.table_of(clerk, number)
        yield opinion_sheets.synthesis_sheet(found, NOW), opinion_sheets.explanation_sheet(table, NOW)


def cells_of(docx):
    return [[cell.text for cell in row.cells] for table in Document(BytesIO(docx)).tables for row in table.rows]


def test_all_three_papers_hold_the_same_rows(sheets):
    for sheet in sheets:
        rows = [list(row) for part in sheet.parts for row in part.rows]
        assert len(rows) == 27
        in_word = cells_of(wordfile.opinions(sheet))
        book = load_workbook(BytesIO(opinion_sheets.workbook_of(sheet)))
        in_book = [[str(value or "") for value in row[1:]] for row in book.worksheets[0].iter_rows(4, values_only=True)]
        printed = " ".join(" ".join(paper.page_texts(paper.opinions(sheet))).split())
        for row in rows:
            assert row in in_word
            assert row in in_book
        for word in {word for row in rows for cell in row for word in cell.split() if len(word) < 8}:
            assert word in printed
        assert sheet.shape.name in printed


def test_a_text_that_looks_like_a_formula_stays_text_and_accents_stay_whole(sheets):
    book = load_workbook(BytesIO(opinion_sheets.workbook_of(sheets[0])))
    (cell,) = [cell for row in book.worksheets[0].iter_rows() for cell in row if cell.value == FORMULA]
    assert (cell.data_type, cell.quotePrefix) == ("s", True)
    texts = [str(cell.value) for row in book.worksheets[0].iter_rows() for cell in row if cell.value]
    assert any("trách nhiệm của các bộ, ngành" in text for text in texts)
    assert all(text == unicodedata.normalize("NFC", text) for text in texts)


def test_the_totals_are_those_of_the_board(sheets):
    (row,) = sheets[0].totals
    assert row[1:] == ["1", "1", "1", "2", "0", "5"]
    assert row[1:] in [cells[1:] for cells in cells_of(wordfile.opinions(sheets[0]))]


def test_until_it_is_submitted_the_table_is_marked_as_a_draft(sheets):
    assert "DỰ THẢO" in paper.page_texts(paper.opinions(sheets[1]))[0]
    assert "DỰ THẢO" not in paper.page_texts(paper.opinions(sheets[0]))[0]
    assert paper.opinions(sheets[0]) == paper.opinions(sheets[0])
