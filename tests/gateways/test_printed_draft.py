"""Draft Resolutions on paper are read back from the text that the intake takes out of their PDF."""

import datetime as dt
import re

import pytest

from app.demo import papers
from app.gateways import paper
from app.gateways.intake import inspect
from app.gateways.paper.sample import Issue, draft_resolution
from app.gateways.paper.sample_texts import matters, shared
from app.workflows.rules.authority import lines
from app.workflows.rules.completeness import completeness
from app.workflows.rules.drafting import from_pdf_text
from tests.rules.resolution_case import BODY, FIELDS, example

SUBMITTED = Issue(42, dt.date(2026, 7, 3))


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
    assert found["subject"] == matter.resolution
    assert found["bases"][2:-1] == [line.rstrip(";") for line in matter.bases]
    assert [
        (article["heading"], tuple(clause["text"] for clause in article["clauses"])) for article in found["articles"]
    ][: len(matter.articles)] == [(article.heading, article.clauses) for article in matter.articles]
    assert len(found["articles"]) == len(matter.articles) + 2
    assert [*found["recipients"], f"Lưu: {found['archive']}"] == shared()["resolution"]["recipients"]
    assert all(finding.ok for finding in completeness(found, BODY))


def test_the_draft_of_the_first_electronic_session_is_read(read):
    found = read(papers.draft_resolution())
    assert [re.sub(r"^Điều \d\. ", "", heading) for heading, _clauses in papers.ARTICLES] == [
        article["heading"] for article in found["articles"]
    ]
    assert [f"{line};" for line in found["bases"]] == list(papers.BASES[:-1])
    assert all(finding.ok for finding in completeness(found, BODY))


def test_a_draft_that_was_printed_here_is_read_as_it_was(read):
    articles = [
        *FIELDS["articles"][:2],
        {"heading": "", "intro": "Nghị quyết này có hiệu lực từ ngày ký.", "clauses": []},
    ]
    text = example(annexes=[], articles=articles)
    on = dt.date(2026, 7, 3)
    sheet = paper.ResolutionSheet(
        made_at=dt.datetime(2026, 7, 3, 8, tzinfo=dt.UTC), authority=lines("government", "deputy_head", on), draft=True
    )
    assert read(paper.resolution(text, sheet)) == text


def test_another_paper_is_no_draft(read):
    assert read(papers.submission()) is None
