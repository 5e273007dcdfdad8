"""Papers: read in the page, sent as they are, in ranges, to those who may read them and to nobody else."""

import html
import io

import pytest
from flask_babel import force_locale

from app.gateways import storage
from app.models import DocumentKind
from app.views.papers import download_name
from app.workflows import agenda, documents, meetings
from tests.gateways.upload_corpus import blank


@pytest.fixture
def paper(scene):
    added = documents.add_paper(
        scene.who["clerk"], scene.item_id, "Tờ trình số 12", DocumentKind.SUBMISSION, now=scene.now
    )
    return documents.add_version(
        scene.who["clerk"], added.id, "tờ trình (bản 1).pdf", io.BytesIO(blank(3)), now=scene.now
    )


def test_the_reader_names_paper_version_item_and_reader(at, scene, paper):
    scene.invite()
    text = at("a").get(f"/papers/{paper.id}").text
    for words in ("Tờ trình số 12", "Phạm Văn Ba", f'data-file="/papers/{paper.id}/file"'):
        assert words in text
    assert f"/meetings/{scene.meeting_id}" in text


def test_the_file_is_a_pdf_shown_in_place_that_can_do_nothing_and_is_kept_by_nobody(at, scene, paper):
    scene.invite()
    answer = at("a").get(f"/papers/{paper.id}/file")
    assert (answer.status_code, answer.mimetype, answer.content_length) == (200, "application/pdf", paper.size)
    assert answer.data.startswith(b"%PDF-")
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_the_file_comes_in_ranges(at, scene, paper):
    scene.invite()
    whole = at("a").get(f"/papers/{paper.id}/file").data
    answer = at("a").get(f"/papers/{paper.id}/file", headers={"Range": "bytes=10-29"})
    assert (answer.status_code, answer.data) == (206, whole[10:30])
    assert answer.headers["Content-Range"] == f"bytes 10-29/{paper.size}"
    assert at("a").get(f"/papers/{paper.id}/file", headers={"Range": "bytes=9999999-"}).status_code == 416


def test_of_a_paper_that_was_changed_in_the_store_nothing_is_sent(at, scene, paper, monkeypatch):
    scene.invite()
    monkeypatch.setitem(storage.store().files, paper.sha256, blank(2))
    for headers in ({}, {"Range": "bytes=10-29"}):
        answer = at("a").get(f"/papers/{paper.id}/file", headers=headers)
        assert answer.status_code == 500
        assert "%PDF" not in answer.text
        with force_locale("vi"):
            assert str(storage.Altered()) in html.unescape(answer.text)


def test_who_may_not_see_the_meeting_finds_no_paper(at, scene, paper):
    for path in (f"/papers/{paper.id}", f"/papers/{paper.id}/file"):
        assert at("a").get(path).status_code == 404  # the meeting is still being prepared
        for name in ("admin", "guest", "under_a"):
            assert at(name).get(path).status_code == 404
    assert at("a").get("/papers/4711/file").status_code == 404


def test_a_guest_reads_the_papers_of_the_own_items_only(at, scene, paper):
    clerk, guest = scene.who["clerk"], scene.who["guest"].person_id
    other = agenda.add_item(clerk, scene.meeting_id, "Nội dung khác", agenda.ItemKind.REPORT, now=scene.now)
    meetings.add_seat(clerk, scene.meeting_id, guest, meetings.SeatRole.GUEST, now=scene.now, item_ids=(other.id,))
    scene.invite()
    assert at("guest").get(f"/papers/{paper.id}/file").status_code == 404
    assert at("a").get(f"/papers/{paper.id}/file").status_code == 200


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        ("tờ trình (bản 1).pdf", "tờ trình (bản 1).pdf"),
        ('a"; filename="b.exe', "a_ filename_b.exe.pdf"),
        ("../../etc/passwd", "etc_passwd.pdf"),
        ("...", "tai-lieu.pdf"),
        ("x" * 300 + ".pdf", "x" * 100 + ".pdf"),
    ],
)
def test_a_download_has_a_plain_name(paper, stored, sent):
    paper.file_name = stored
    name = download_name(paper)
    assert name == sent
    assert not set(name) & set('/\\";\r\n')
