"""Draft texts: printed and kept together, frozen under a vote, refused where no paper may come in."""

from io import BytesIO

import pytest

from app.extensions import db
from app.gateways import paper, storage
from app.models import AuditEntry, Document, DocumentKind, DocumentVersion, DraftText, Refusal, Secrecy
from app.workflows import agenda, documents, draft_texts, meetings, polls
from app.workflows.draft_texts import TextRefused, write_draft
from app.workflows.engine.errors import NotAllowed, NotFound, WrongState
from app.workflows.rules.canonical import digest
from app.workflows.rules.resolution import parse_text
from tests.cabinet import NOW
from tests.conftest import both
from tests.rules.resolution_case import example
from tests.workflows.test_documents import pdf


def write(scene, name="clerk", **changes):
    return write_draft(scene.who[name], scene.item_id, example(**changes), scene.now)


def nothing_was_written():
    return (db.session.query(DocumentVersion).count(), db.session.query(DraftText).count()) == (0, 0)


def refused_as():
    return [row.code for row in db.session.query(Refusal).order_by(Refusal.id)]


@both
def test_a_draft_is_a_paper_with_its_text_beside_it(scene):
    version = write(scene)
    assert (version.document.kind, version.number) == (DocumentKind.DRAFT_RESOLUTION, 1)
    assert version.document.title == "Dự thảo Nghị quyết về một số giải pháp hỗ trợ doanh nghiệp nhỏ và vừa"
    assert draft_texts.text_of(version) == example()
    kept = db.session.get_one(DraftText, version.id)
    assert (kept.sha256, kept.body_id) == (digest(kept.text), version.body_id)
    with storage.store().open(version.sha256) as stored:
        printed = stored.read()
    assert (len(printed), paper.page_count(printed)) == (version.size, version.pages)
    assert "DỰ THẢO" in version.content
    facts = [entry.fact for entry in db.session.query(AuditEntry).order_by(AuditEntry.id)][-2:]
    assert facts == ["PaperAdded", "VersionAdded"]


@both
def test_the_next_text_is_the_next_version_of_the_same_paper(scene):
    first, second = write(scene), write(scene, subject="Về hỗ trợ doanh nghiệp")
    assert (second.document_id, second.number) == (first.document_id, 2)
    assert [draft_texts.text_of(version)["subject"] for version in (first, second)] == [
        "Về một số giải pháp hỗ trợ doanh nghiệp nhỏ và vừa", "Về hỗ trợ doanh nghiệp"
    ]  # fmt: skip


def test_it_joins_the_draft_that_was_announced_before(scene):
    clerk = scene.who["clerk"]
    announced = documents.add_paper(clerk, scene.item_id, "Dự thảo", DocumentKind.DRAFT_RESOLUTION, now=NOW).id
    assert write(scene).document_id == announced
    assert db.session.query(Document).count() == 1


def test_an_uploaded_file_has_no_text(scene):
    clerk = scene.who["clerk"]
    paper_id = documents.add_paper(clerk, scene.item_id, "Dự thảo", DocumentKind.DRAFT_RESOLUTION, now=NOW).id
    version = documents.add_version(clerk, paper_id, "du-thao.pdf", BytesIO(pdf()), now=NOW)
    assert draft_texts.text_of(version) is None


@both
def test_a_draft_under_a_vote_is_frozen(scene):
    write(scene)
    scene.open()
    poll = polls.put_to_vote(scene.who["secretary"], scene.item_id, now=scene.now)
    assert draft_texts.text_of(poll.document_version) == example()
    with pytest.raises(documents.DraftFrozen):
        write(scene, subject="Về việc khác")
    assert db.session.query(DraftText).count() == 1
    assert refused_as() == ["draft_frozen"]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"subject": ""}, "subject"),
        ({"subject": "Về\u202eviệc"}, "subject"),
        ({"bases": ["Căn cứ Luật;"]}, "bases"),
        ({"articles": [{"heading": "", "intro": "1. Một khoản", "clauses": []}]}, "articles"),
        ({"articles": [{"heading": "", "intro": "x" * 10_001, "clauses": []}]}, "articles"),
        ({"recipients": "Như trên"}, "recipients"),
        ({"number": "12"}, "number"),
    ],
)
def test_a_text_of_another_shape_is_refused_with_its_place(scene, broken, said):
    with pytest.raises(TextRefused) as refusal:
        write_draft(scene.who["clerk"], scene.item_id, {**example(), **broken}, scene.now)
    assert said in refusal.value.details["problem"]
    assert (refusal.value.http_status, refusal.value.field, refused_as()) == (422, "text", ["text_refused"])
    assert nothing_was_written()


@pytest.mark.parametrize("kind", [DocumentKind.SUBMISSION, DocumentKind.DRAFT_RESOLUTION])
def test_the_text_of_a_secret_matter_stays_on_paper(scene, kind):
    clerk = scene.who["clerk"]
    documents.add_paper(clerk, scene.item_id, "Tài liệu mật", kind, NOW, secrecy=Secrecy.SECRET, paper_number="01")
    with pytest.raises(documents.SecretStaysOnPaper):
        write(scene)
    assert nothing_was_written()
    assert refused_as() == ["secret_on_paper"]


@pytest.mark.parametrize(
    ("name", "refusal"),
    [("auditor", NotAllowed), ("head", NotAllowed), ("records", NotFound), ("a", NotFound), ("admin", NotFound)],
)
def test_only_clerks_write_drafts(scene, name, refusal):
    with pytest.raises(refusal):
        write(scene, name)
    assert nothing_was_written()


def test_a_meeting_that_is_over_takes_no_draft(scene):
    scene.open()
    agenda.close_item(scene.who["secretary"], scene.item_id, now=scene.now)
    meetings.end_meeting(scene.who["secretary"], scene.meeting_id, now=scene.now)
    with pytest.raises(WrongState):
        write(scene)
    assert nothing_was_written()


@both
def test_a_full_store_is_said_and_leaves_no_paper(scene, monkeypatch):
    def full(*_args):
        raise storage.StorageFull

    monkeypatch.setattr(storage.store(), "put", full)
    with pytest.raises(documents.StoreRefused) as refusal:
        write(scene)
    assert refusal.value.http_status == 507
    assert db.session.query(Document).count() == 0


@both
def test_a_vote_that_opens_while_the_draft_is_printed_keeps_the_one_it_is_about(scene, monkeypatch):
    write(scene)
    scene.open()
    real = paper.resolution

    def slow(text, sheet):
        polls.put_to_vote(scene.who["secretary"], scene.item_id, now=scene.now)
        return real(text, sheet)

    monkeypatch.setattr(paper, "resolution", slow)
    with pytest.raises(documents.DraftFrozen):
        write(scene, subject="Về việc khác")
    assert parse_text(db.session.query(DraftText).one().text) == example()
