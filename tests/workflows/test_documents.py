"""Papers: versions, placeholders, frozen drafts, refused uploads that leave nothing."""

from io import BytesIO

import pytest
from reportlab.pdfgen import canvas

from app.extensions import db
from app.gateways import storage
from app.gateways.intake import Limits
from app.models import Document, DocumentKind, DocumentVersion, Refusal, Secrecy
from app.workflows import documents, polls
from app.workflows.engine.errors import NotAllowed, NotFound
from tests.cabinet import NOW


def pdf(*pages: str) -> bytes:
    """A small PDF with a line of text on each page."""
    made = BytesIO()
    sheet = canvas.Canvas(made)
    for line in pages or ("Trang mot",):
        sheet.drawString(100, 700, line)
        sheet.showPage()
    sheet.save()
    return made.getvalue()


@pytest.fixture
def paper(scene):
    return documents.add_paper(
        scene.who["clerk"], scene.item_id, "Dự thảo Nghị quyết", DocumentKind.DRAFT_RESOLUTION, now=NOW
    )


def upload(scene, paper, content=None, name="du-thao.pdf", **kwargs):
    stream = BytesIO(pdf() if content is None else content)
    return documents.add_version(scene.who["clerk"], paper.id, name, stream, now=NOW, **kwargs)


def test_a_version_has_hash_pages_text_and_number(scene, paper):
    from hashlib import sha256

    content = pdf("Mot", "Hai")
    first, second = upload(scene, paper, content), upload(scene, paper, pdf("Ba"))
    assert (first.number, first.pages, first.sha256) == (1, 2, sha256(content).hexdigest())
    assert (second.number, second.content.strip()) == (2, "Ba")
    with documents.open_version(scene.who["clerk"], first.id)[1] as kept:
        assert kept.read() == content


def test_a_secret_paper_is_a_placeholder_with_a_printed_number_and_no_file(scene):
    clerk = scene.who["clerk"]
    with pytest.raises(documents.NoPaperNumber):
        documents.add_paper(clerk, scene.item_id, "Nội dung MẬT", "other", NOW, secrecy=Secrecy.SECRET)
    with pytest.raises(documents.NoPaperNumber):
        documents.add_paper(clerk, scene.item_id, "Tờ trình", "submission", NOW, paper_number="01")
    secret = documents.add_paper(
        clerk, scene.item_id, "01 tài liệu MẬT", "other", NOW, secrecy=Secrecy.SECRET, paper_number="01/MẬT"
    )
    with pytest.raises(documents.SecretStaysOnPaper):
        upload(scene, secret)
    assert db.session.query(DocumentVersion).count() == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "upload_empty"), (b"khong phai PDF", "upload_not_pdf"), (pdf()[:200], "upload_corrupt")],
)
def test_a_refused_upload_is_recorded_and_leaves_nothing(scene, paper, content, code):
    with pytest.raises(documents.PaperRefused) as refusal:
        upload(scene, paper, content)
    assert (refusal.value.code, refusal.value.field) == (code, "file")
    assert db.session.query(Refusal).one().code == code
    assert db.session.query(DocumentVersion).count() == 0


def test_too_many_pages_and_too_many_bytes_are_refused(scene, paper):
    with pytest.raises(documents.PaperRefused) as pages:
        upload(scene, paper, pdf(*["x"] * 4), limits=Limits(pages=3))
    assert pages.value.code == "upload_too_many_pages"
    with pytest.raises(documents.PaperRefused) as size:
        upload(scene, paper, pdf(), limits=Limits(size=100))
    assert size.value.http_status == 413


def test_a_full_store_is_said_and_leaves_no_row(scene, paper, monkeypatch):
    def full(*_args):
        raise storage.StorageFull

    monkeypatch.setattr(storage.store(), "put", full)
    with pytest.raises(documents.StoreRefused) as refusal:
        upload(scene, paper)
    assert refusal.value.http_status == 507
    assert db.session.query(DocumentVersion).count() == 0


def test_a_version_whose_bytes_were_changed_in_the_store_is_not_handed_out(scene, paper, monkeypatch, caplog):
    version = upload(scene, paper)
    monkeypatch.setitem(storage.store().files, version.sha256, pdf("Trang khac"))
    with pytest.raises(storage.Altered):
        documents.open_version(scene.who["clerk"], version.id)
    assert version.sha256 in caplog.text


@pytest.mark.parametrize("name", ["../../etc/passwd.pdf", "a\u202efdp.exe", "C:\\x\\Tờ trình.pdf"])
def test_hostile_file_names_are_only_names(scene, paper, name):
    kept = upload(scene, paper, name=name).file_name
    assert "/" not in kept
    assert "\\" not in kept
    assert "\u202e" not in kept
    assert kept.endswith(".pdf")


def test_a_draft_under_a_vote_is_frozen(scene, paper):
    first = upload(scene, paper)
    scene.open()
    poll = scene.open_poll(document_version_id=first.id)
    for attempt in (
        lambda: upload(scene, paper),
        lambda: documents.edit_paper(scene.who["clerk"], paper.id, "Khác", DocumentKind.OTHER, now=NOW),
    ):
        with pytest.raises(documents.DraftFrozen) as refusal:
            attempt()
        assert refusal.value.details["version"] == 1
    polls.close_poll(scene.who["secretary"], poll.id, now=NOW)
    with pytest.raises(documents.DraftFrozen):
        upload(scene, paper)


def test_a_poll_prepared_over_an_old_version_does_not_open(scene, paper):
    first = upload(scene, paper)
    scene.open()
    poll = scene.draft(document_version_id=first.id)
    upload(scene, paper, pdf("moi"))
    with pytest.raises(polls.DraftChanged):
        polls.open_poll(scene.who["secretary"], poll.id, now=NOW)


@pytest.mark.parametrize(("name", "refusal"), [("a", NotFound), ("auditor", NotAllowed), ("admin", NotFound)])
def test_only_clerks_manage_papers(scene, paper, name, refusal):
    with pytest.raises(refusal):
        documents.add_version(scene.who[name], paper.id, "x.pdf", BytesIO(pdf()), now=NOW)


def test_papers_are_read_by_those_who_attend_once_the_meeting_is_called(scene, paper):
    version = upload(scene, paper)
    with pytest.raises(NotFound):
        documents.open_version(scene.who["a"], version.id)
    scene.invite()
    assert documents.open_version(scene.who["a"], version.id)[0].id == version.id
    for name in ("admin", "guest", "under_a"):
        with pytest.raises(NotFound):
            documents.open_version(scene.who[name], version.id)


def test_a_paper_with_a_version_stays(scene, paper):
    other = documents.add_paper(scene.who["clerk"], scene.item_id, "Thừa", "other", now=NOW)
    documents.remove_paper(scene.who["clerk"], other.id, now=NOW)
    upload(scene, paper)
    with pytest.raises(documents.WrongState):
        documents.remove_paper(scene.who["clerk"], paper.id, now=NOW)
    assert db.session.query(Document).count() == 1
