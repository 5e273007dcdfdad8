"""Draft Resolutions on paper are read back from the text that the intake takes out of their PDF."""

import datetime as dt

import pytest

from app.demo import papers
from app.gateways import paper
from app.gateways.intake import inspect
from app.gateways.paper.sample import Issue, draft_resolution, resolution_fields
from app.gateways.paper.sample_texts import matters
from app.workflows.rules.authority import lines
from app.workflows.rules.completeness import completeness
from app.workflows.rules.drafting import from_pdf_text
from app.workflows.rules.resolution import resolution_text
from tests.rules.resolution_case import BODY, FIELDS, example

SUBMITTED = Issue(42, dt.date(2026, 7, 3))
MADE_AT = dt.datetime(2026, 7, 3, 8, tzinfo=dt.UTC)


@pytest.fixture
def read(tmp_path):
    def read_back(pdf):
        path = tmp_path / "draft.pdf"
        path.write_bytes(pdf)
        return from_pdf_text(inspect(path).text)

    return read_back


@pytest.mark.parametrize("matter", [each for each in matters() if each.articles], ids=lambda each: each.abbreviation)
def test_a_demo_draft_is_read_word_for_word(read, matter):
    found = read(draft_resolution(matter, SUBMITTED))
    assert found == resolution_text(**resolution_fields(matter, SUBMITTED))
    assert all(finding.ok for finding in completeness(found, BODY))


@pytest.mark.parametrize("office", ["head", "deputy_head"])
def test_the_draft_of_the_first_electronic_session_is_read(read, office):
    authority = lines("government", office, dt.date(2019, 6, 24))
    sheet = paper.ResolutionSheet(made_at=MADE_AT, authority=authority, draft=True, demo=True)
    found = read(paper.resolution(papers.draft_text(), sheet))
    assert found == papers.draft_text()
    assert all(finding.ok for finding in completeness(found, BODY))


def test_every_paragraph_is_printed_on_lines_of_its_own(read):
    paragraphs = "Giao các bộ, cơ quan:\n- Rà soát quy định;\n- Báo cáo Chính phủ."
    articles = [
        {"heading": "Nhiệm vụ", "intro": paragraphs, "clauses": [
            {"text": paragraphs, "points": []}, {"text": "Gồm:", "points": [paragraphs]}]},
        {"heading": "", "intro": "Nghị quyết này có hiệu lực từ ngày ký.\nCác Bộ trưởng thi hành.", "clauses": []},
    ]  # fmt: skip
    text = example(annexes=[], articles=articles)
    assert read(paper.resolution(text, paper.ResolutionSheet(made_at=MADE_AT, draft=True))) == text


def test_a_draft_with_an_annex_is_typed_again(read):
    assert read(paper.resolution(example(), paper.ResolutionSheet(made_at=MADE_AT, draft=True))) is None


def test_a_form_that_waits_for_its_signature_is_read_too(read):
    text = example(annexes=[], articles=FIELDS["articles"][:2])
    found = read(paper.resolution(text, paper.ResolutionSheet(made_at=MADE_AT, signer_name="Nguyễn Văn Giả Định")))
    assert found == text


def test_another_paper_is_no_draft(read):
    assert read(papers.submission()) is None
