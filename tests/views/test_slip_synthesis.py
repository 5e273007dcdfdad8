"""Pages of the synthesis and of the explanations: joined, typed, submitted, taken along; others get nowhere."""

from io import BytesIO

import pytest
from docx import Document
from openpyxl import load_workbook

from app.extensions import db
from app.gateways.paper import page_texts
from app.views import slip_synthesis_page
from app.workflows import next_drafts, slip_closing, synthesis
from app.workflows.engine.rights import SYSTEM
from tests.cabinet import MEMBERS, NOW
from tests.opinions import FORMULA, SENTENCE, closed_slip, draft_text
from tests.slipping import LATE, SlipScene
from tests.views.test_resolutions import statements

ROW = {"stance": "not", "explanation": "Giữ như dự thảo vì luật đã quy định.", "passage": "", "quote": ""}


@pytest.fixture
def slip(app, clock):
    return SlipScene()


@pytest.fixture
def closed(slip):
    return closed_slip(slip)


def rows_of(slip, slip_id):
    return synthesis.synthesis_of(slip.who["clerk"], slip_id).rows


def test_the_synthesis_shows_every_opinion_with_its_source_and_offers_what_says_the_same(at, slip, closed):
    page = at("clerk").get(f"/slips/{closed}/synthesis").text
    assert page.count('class="ec-opinion__text"') == 27
    for said in ("Phạm Văn Ba", "Bộ trưởng Bộ Y tế", "trách nhiệm của các bộ, ngành"):
        assert said in page
    assert page.count(f'action="/slips/{closed}/synthesis/join"') >= 3
    reader = at("head").get(f"/slips/{closed}/synthesis").text
    assert "/synthesis/join" not in reader


def test_rows_are_joined_and_taken_apart(at, slip, closed):
    clerk = at("clerk")
    (first, second) = next(place.proposed[0] for place in
                           synthesis.synthesis_of(slip.who["clerk"], closed).places if place.proposed)  # fmt: skip
    answer = clerk.post(f"/slips/{closed}/synthesis/join", rows=[first.leader_id, second.leader_id])
    assert (answer.status_code, len(rows_of(slip, closed))) == (303, 26)
    assert clerk.post(f"/slips/{closed}/synthesis/split", opinion=second.leader_id).status_code == 303
    assert len(rows_of(slip, closed)) == 27
    assert clerk.post(f"/slips/{closed}/synthesis/join", rows=["x"]).status_code == 303  # a flash, nothing joined
    assert len(rows_of(slip, closed)) == 27


def test_a_long_table_comes_in_pages_on_which_every_row_stands_once(at, slip, closed, monkeypatch):
    monkeypatch.setattr(slip_synthesis_page, "PER_PAGE", 10)
    clerk, rows = at("clerk"), rows_of(slip, closed)
    for table in ("synthesis", "explanations"):
        pages = [clerk.get(f"/slips/{closed}/{table}?page={page}").text for page in (1, 2, 3)]
        for number, row in enumerate(rows):
            assert [f'id="row-{row.leader_id}"' in page for page in pages] == [number // 10 == at for at in range(3)]
        assert [f'href="/slips/{closed}/{table}?page={at + 2}"' in page for at, page in enumerate(pages)] == [
            True, True, False,
        ]  # fmt: skip
        assert clerk.get(f"/slips/{closed}/{table}?page=99").text.count('id="row-') == 7
    last = rows[-1].leader_id
    saved = clerk.post(f"/slips/{closed}/explanations/{last}?page=3", **ROW, version="0")
    assert saved.location == f"/slips/{closed}/explanations?page=3#row-{last}"
    late = clerk.post(f"/slips/{closed}/explanations/{last}", **{**ROW, "explanation": "Bản gõ sau"}, version="0")
    assert "Bản gõ sau" in late.text
    assert f'id="row-{last}"' in late.text


def test_pages_of_a_closed_slip_take_as_many_statements_however_many_have_answered(app, at, slip):
    few, many = slip.issue(), slip.issue()
    slip.answer("a", few)
    for name in MEMBERS:
        slip.answer(name, many, "disagree", text=f"Ý kiến của {name}")
    for slip_id in (few, many):
        slip_closing.close_slip(SYSTEM, slip_id, LATE)
    db.session.remove()
    clerk = at("clerk")
    for name in ("board", "synthesis", "explanations", "report"):
        clerk.get(f"/slips/{few}/{name}")
        taken = [statements(lambda path=f"/slips/{slip_id}/{name}": clerk.get(path)) for slip_id in (few, many)]
        assert taken[0] == taken[1] > 0, name


def test_members_outsiders_and_an_open_slip_get_nothing(at, slip, closed):
    assert at("a").get(f"/slips/{closed}/synthesis").status_code == 403
    assert at("a").get(f"/slips/{closed}/explanations.pdf").status_code == 403
    assert at("guest").get(f"/slips/{closed}/synthesis").status_code == 404
    running = slip.issue()
    assert at("clerk").get(f"/slips/{running}/synthesis").status_code == 409
    assert at("clerk").get(f"/slips/{closed}/synthesis.exe").status_code == 404


def test_a_row_is_kept_while_it_is_typed_and_says_what_is_missing(at, slip, closed):
    clerk, row = at("clerk"), rows_of(slip, closed)[0]
    address = f"/slips/{closed}/explanations/{row.leader_id}"
    half = clerk.send(address, **{**ROW, "explanation": "", "version": "0"})
    assert (half.status_code, half.json["version"], half.json["gap"]) == (200, 1, "no_explanation")
    whole = clerk.send(address, **ROW, version="1")
    assert (whole.json["version"], whole.json["gap"]) == (2, None)
    late = clerk.post(address, **{**ROW, "explanation": "Bản gõ sau"}, version="1")
    assert late.status_code == 409
    assert "Bản gõ sau" in late.text  # nothing typed is lost
    assert clerk.send(address, **{**ROW, "stance": "maybe"}, version="2").status_code == 422


def test_the_table_is_submitted_when_it_is_complete_and_blocked_by_a_broken_link(at, slip, closed):
    clerk, rows = at("clerk"), rows_of(slip, closed)
    for row in rows[1:]:
        clerk.post(f"/slips/{closed}/explanations/{row.leader_id}", **ROW, version="0")
    first = next_drafts.write_next_draft(slip.who["clerk"], closed, draft_text(SENTENCE), None, NOW)
    linked = {"stance": "accepted", "explanation": "Đã bổ sung", "passage": "2.1", "quote": SENTENCE, "version": "0"}
    clerk.post(f"/slips/{closed}/explanations/{rows[0].leader_id}", **linked)
    next_drafts.write_next_draft(slip.who["clerk"], closed, draft_text("Bộ Tài chính chủ trì."), first.id, NOW)
    assert 'data-gap="broken_link"' in clerk.get(f"/slips/{closed}/explanations").text
    refused = clerk.send(f"/slips/{closed}/explanations/submit")
    assert (refused.status_code, refused.json["code"], refused.json["details"]["numbers"]) == (422, "rows_open", [1])
    clerk.post(f"/slips/{closed}/explanations/{rows[0].leader_id}", **ROW, version="1")
    assert clerk.post(f"/slips/{closed}/explanations/submit").status_code == 303
    page = clerk.get(f"/slips/{closed}/explanations").text
    assert "data-row" not in page
    clerk.post(f"/slips/{closed}/explanations/take-back", reason="Còn ý kiến của Bộ Y tế")
    assert "data-row" in clerk.get(f"/slips/{closed}/explanations").text


def test_the_new_draft_begins_with_the_one_that_was_sent_and_is_saved_as_the_next_version(at, slip, closed):
    clerk = at("clerk")
    page = clerk.get(f"/slips/{closed}/next-draft").text
    assert "Bộ Tài chính chủ trì." in page
    typed = {
        "subject": "Về hỗ trợ doanh nghiệp nhỏ", "bases": "Luật Tổ chức Chính phủ", "recipients": "Như Điều 2",
        "archive": "VT", "known": "",
        "body": f"Điều 1. Phạm vi\nNghị quyết này quy định về hỗ trợ.\nĐiều 2. Tổ chức\n1. {SENTENCE}",
    }  # fmt: skip
    assert clerk.post(f"/slips/{closed}/next-draft", **{**typed, "body": "1. Khoản"}).status_code == 422
    assert clerk.post(f"/slips/{closed}/next-draft", **typed).status_code == 303
    assert "khoản 1 Điều 2" in clerk.get(f"/slips/{closed}/explanations").text
    late = clerk.post(f"/slips/{closed}/next-draft", **typed)
    assert (late.status_code, SENTENCE in late.text) == (409, True)


@pytest.mark.parametrize("table", ["synthesis", "explanations"])
def test_both_tables_are_taken_along_in_three_forms(at, slip, closed, table):
    clerk = at("clerk")
    pdf, docx, xlsx = (clerk.get(f"/slips/{closed}/{table}.{ending}") for ending in ("pdf", "docx", "xlsx"))
    assert all(answer.headers["Cache-Control"] == "no-store" for answer in (pdf, docx, xlsx))
    assert "CHÍNH PHỦ" in page_texts(pdf.data)[0]
    tables = Document(BytesIO(docx.data)).tables
    words = " ".join(cell.text for each in tables for row in each.rows for cell in row.cells)
    assert "trách nhiệm của các bộ, ngành" in words
    cells = [cell for row in load_workbook(BytesIO(xlsx.data)).worksheets[0].iter_rows() for cell in row]
    assert any(FORMULA in str(cell.value) for cell in cells)
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
