"""Papers through the form: what becomes a version, what is refused at the file, and what is never kept."""

import html
import re
from io import BytesIO

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app.extensions import db
from app.gateways import storage
from app.models import Document, DocumentKind, DocumentVersion, Refusal, Secrecy
from app.workflows import documents, polls
from tests.cabinet import NOW
from tests.gateways import upload_corpus

PAPER = upload_corpus.paper("Kính gửi: Chính phủ.")


@pytest.fixture
def paper(scene) -> int:
    return documents.add_paper(scene.who["clerk"], scene.item_id, "Tờ trình", DocumentKind.SUBMISSION, now=NOW).id


def upload(browser, paper_id: int, content: bytes, name: str = "to-trinh.pdf"):
    file = FileStorage(BytesIO(content), filename=name, content_type="application/pdf")
    form = {"document_id": str(paper_id), "file": file}
    boundary, body = encode_multipart(form)  # in memory: the test client would leave a temporary file open
    return browser.client.post(
        "/records/versions/add", data=body, content_type=f'multipart/form-data; boundary="{boundary}"'
    )


def refused(page) -> str:
    found = re.search(r'id="file-error">(.*?)</div>', page.text, re.DOTALL)
    return html.unescape(found[1]).strip() if found else ""


def test_a_paper_is_announced_and_then_wants_its_file(scene, at):
    clerk = at("clerk")
    form = {"item_id": scene.item_id, "kind": "submission", "title": "Tờ trình số 05", "secrecy": "none"}
    saved = clerk.post("/records/papers/add", **form)
    paper = db.session.query(Document).one()
    assert saved.location == f"/records/versions/add?_flt_0_document_id={paper.id}"
    assert "Tờ trình số 05" in clerk.get(saved.location).text
    assert upload(clerk, paper.id, PAPER).location == f"/records/meetings/{scene.meeting_id}#agenda"
    version = db.session.query(DocumentVersion).one()
    assert (version.number, version.pages, version.size) == (1, 1, len(PAPER))
    assert version.sha256 in clerk.get(f"/records/versions/{version.id}").text
    upload(clerk, paper.id, upload_corpus.paper("Kính gửi: Thủ tướng."))
    assert [row.number for row in db.session.query(DocumentVersion).order_by(DocumentVersion.number)] == [1, 2]


BAD = {
    "empty": b"", "not a PDF": b"MZ\x90\x00 not a paper", "corrupt": PAPER[: len(PAPER) // 2],
    "encrypted": upload_corpus.encrypted(PAPER, "mat-khau"), "too many pages": upload_corpus.blank(5000),
    "secret": upload_corpus.paper("Nội dung.", mark="MẬT"), "a page": b"<html>%PDF-1.7</html>",
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_at_its_field_and_nothing_is_kept(paper, at, kind):
    kept = set(storage.store().files)
    page = upload(at("clerk"), paper, BAD[kind])
    assert page.status_code == 422
    assert refused(page)
    assert db.session.query(DocumentVersion).count() == 0
    assert set(storage.store().files) == kept
    assert db.session.query(Refusal).filter_by(act="add_version").count() == 1


def test_no_file_at_all_is_said_at_the_field(paper, at):
    for form in ({}, {"file": ""}, {"file": "no file but text"}):
        page = at("clerk").post("/records/versions/add", document_id=paper, **form)
        assert (page.status_code, bool(refused(page))) == (422, True)


def test_a_file_beyond_the_limit_is_refused(paper, at):
    page = upload(at("clerk"), paper, b"%PDF-1.7\n" + b"0" * (60 * 1024 * 1024))
    assert page.status_code == 413
    assert db.session.query(DocumentVersion).count() == 0


def test_a_file_above_fifty_megabytes_is_refused_at_its_field(paper, at):
    page = upload(at("clerk"), paper, b"%PDF-1.7\n" + b"0" * (51 * 1024 * 1024))
    assert (page.status_code, bool(refused(page))) == (413, True)
    assert db.session.query(DocumentVersion).count() == 0


NAMES = [
    "../../etc/passwd.pdf", "..\\..\\x.pdf", "bao\u202efdp.exe", "to\u0302\u0300 tri\u0300nh.pdf", "\u200b", "a" * 400,
]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_name_never_leads_anywhere(paper, at, name):
    upload(at("clerk"), paper, PAPER, name)
    stored = db.session.query(DocumentVersion).one().file_name
    assert stored
    assert not set("/\\\u202e\u200b\u0302\u0300") & set(stored)
    assert len(stored) <= 255


def test_a_title_in_decomposed_letters_is_stored_composed(scene, at):
    form = {"item_id": scene.item_id, "kind": "brief", "title": "To\u031b\u0300 tri\u0300nh", "secrecy": "none"}
    at("clerk").post("/records/papers/add", **form)
    assert db.session.query(Document.title).scalar() == "Tờ trình"


def test_a_secret_paper_is_a_place_with_the_number_of_its_printed_copy(scene, at):
    clerk, form = at("clerk"), {"item_id": scene.item_id, "kind": "other", "title": "Phụ lục", "secrecy": "secret"}
    page = clerk.post("/records/papers/add", **form)
    assert page.status_code == 422
    assert 'id="paper_number-error"' in page.text
    assert clerk.post("/records/papers/add", **form, paper_number="12/M").status_code == 302
    paper = db.session.query(Document).one()
    assert (paper.secrecy, paper.paper_number) == (Secrecy.SECRET, "12/M")
    assert upload(clerk, paper.id, PAPER).status_code == 422
    assert db.session.query(DocumentVersion).count() == 0
    assert f"/records/versions/add?_flt_0_document_id={paper.id}" not in clerk.get(f"/records/papers/{paper.id}").text


def test_a_draft_under_a_vote_gets_no_new_version_and_no_new_title(scene, at):
    clerk = at("clerk")
    paper = documents.add_paper(scene.who["clerk"], scene.item_id, "Dự thảo", DocumentKind.DRAFT_RESOLUTION, now=NOW)
    upload(clerk, paper.id, PAPER)
    scene.open()
    polls.put_to_vote(scene.who["secretary"], scene.item_id, now=NOW)
    assert upload(clerk, paper.id, PAPER).status_code == 409
    assert clerk.post(f"/records/papers/{paper.id}/edit", kind="brief", title="Khác").status_code == 409
    assert db.session.query(DocumentVersion).count() == 1


@pytest.mark.parametrize("name", ["a", "records", "auditor", "admin", "guest"])
def test_nobody_else_uploads(paper, at, name):
    assert upload(at(name), paper, PAPER).status_code == 403
    assert db.session.query(DocumentVersion).count() == 0
