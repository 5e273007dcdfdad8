"""The auditor's page of the log, and what a member's receipt and the tally record say of its checkpoints."""

import json

import pytest

from app.extensions import db
from app.gateways import log_key
from app.gateways.paper import page_texts
from app.gateways.witness import pinned
from app.gateways.witness.client import Witness
from app.models import Job, JobState
from app.tasks import checks as check_tasks
from app.tasks import sequencer
from app.workflows import evidence, installation_log, polls
from app.workflows.engine.rights import SYSTEM
from app.workflows.rules import checkpoint as notes
from tests.cabinet import NOW


@pytest.fixture
def poll(scene):
    """A vote of a and b that is closed; its root is not in the log yet."""
    made = scene.open().open_poll()
    for name in ("a", "b"):
        scene.vote(name, made.id, "agree")
    polls.close_poll(scene.who["secretary"], made.id, now=NOW)
    polls.publish_poll(scene.who["secretary"], made.id, now=NOW)
    return made.id


def test_the_auditor_sees_head_checkpoints_and_the_last_check(at, poll):
    page = at("auditor").get("/chain/").text
    assert "Chưa có mốc nào" in page
    assert "Chưa kiểm tra lần nào" in page
    sequencer.work()
    check_tasks.integrity({"body_id": 1})
    page = at("auditor").get("/chain/").text
    mark = installation_log.mark(installation_log.last_checkpoint())
    assert page.count(mark.code) == 2
    for said in (
        "Toàn vẹn", "biểu quyết kết thúc", "Không có nhân chứng", str(installation_log.public_key()),
    ):  # fmt: skip
        assert said.replace("+", "&#43;") in page or said in page, said
    assert 'href="/chain/"' in at("auditor").get("/records/audit/").text


def test_a_check_is_asked_for_once_and_what_it_finds_is_named(at, poll):
    sequencer.work()
    auditor = at("auditor")
    assert auditor.post("/chain/check").status_code == 303
    assert auditor.post("/chain/check").status_code == 303
    (job,) = db.session.query(Job).filter_by(name="checks.integrity").all()
    assert "Đang kiểm tra" in auditor.get("/chain/").text
    db.session.execute(db.text("DROP TRIGGER audit_entry_no_UPDATE"))
    db.session.execute(db.text("UPDATE audit_entry SET actor_id = 2 WHERE id = 3"))
    db.session.commit()
    check_tasks.integrity(job.payload)
    job.state = JobState.DONE
    db.session.commit()
    page = auditor.get("/chain/").text
    for said in ("Sai lệch", "audit_entry 3", "Nội dung không đúng với khi ghi vào nhật ký."):
        assert said in page, said
    assert "Đang kiểm tra" not in page


@pytest.mark.parametrize("name", ["admin", "head", "clerk", "a"])
def test_nobody_else_sees_it_or_starts_it(at, name):
    assert at(name).get("/chain/").status_code == 403
    assert at(name).send("/chain/check").status_code == 403
    assert db.session.query(Job).filter_by(name="checks.integrity").count() == 0
    assert 'href="/chain/"' not in at(name).get("/").text


def test_without_a_key_the_page_says_that_nothing_is_signed(at, app):

    log_key.use(log_key.LogKey())
    assert "không có mốc nào được ký" in at("auditor").get("/chain/").text


def test_the_receipt_names_the_checkpoint_as_soon_as_there_is_one(at, scene, poll):
    member = at("a")
    receipt = json.loads(member.get(f"/polls/{poll}/receipt").text)["receipt"]
    assert receipt["checkpoint"] is None
    assert "Chưa có: nhật ký được ký mốc" in member.get(f"/polls/{poll}/verify").text
    sequencer.work()
    mark = installation_log.mark_of_poll(poll)
    receipt = json.loads(member.get(f"/polls/{poll}/receipt").text)["receipt"]
    told = receipt["checkpoint"]
    assert (told["code"], told["size"], told["root"], told["text"]) == (mark.code, mark.size, mark.root, mark.text)
    assert "checkpoint_qr" not in receipt
    for page in (f"/polls/{poll}/verify", f"/polls/{poll}"):
        text = member.get(page).text
        assert mark.code in text
        assert 'class="ec-qr"' in text


def test_the_tally_record_prints_the_code_or_that_there_is_none_yet(scene, poll):
    before = " ".join(page_texts(evidence.tally_record(scene.who["head"], poll, now=NOW)))
    assert "chưa có mốc nào bao gồm biểu quyết này" in " ".join(before.split())
    sequencer.work()
    mark = installation_log.mark_of_poll(poll)
    made = evidence.tally_record(scene.who["head"], poll, now=NOW)
    after = " ".join(" ".join(page_texts(made)).split())
    assert mark.code in after
    assert mark.root in after
    assert "chưa có mốc nào" not in after
    assert made == evidence.tally_record(scene.who["head"], poll, now=NOW)


SIGNER = notes.SigningKey("witness.example/w1", notes.COSIGNATURE, bytes(range(32)))
SIGNED_AT = 1_795_000_000
IN_HANOI = "18:06:40, 18/11/2026"


@pytest.fixture
def witness(app):
    pinned.use([Witness("http://127.0.0.1:1", str(SIGNER.verifier))])
    yield SIGNER.name
    pinned.use([])


def cosign(poll):
    """What the application keeps when the witness has answered."""
    checkpoint = installation_log.covering(installation_log.poll_entry(poll).seq)
    line = notes.cosign(SIGNER, notes.Note.parse(checkpoint.note).text, SIGNED_AT).line
    installation_log.keep_cosignature(SYSTEM, checkpoint.id, SIGNER.name, line, NOW)


def test_the_receipt_says_who_confirmed_the_checkpoint_and_who_has_not_yet(at, poll, witness):
    member, auditor = at("a"), at("auditor")
    sequencer.work()
    for before in (f"/polls/{poll}/verify", f"/polls/{poll}"):
        assert f"Chưa có xác nhận của nhân chứng {witness}." in member.get(before).text
    told = json.loads(member.get(f"/polls/{poll}/receipt").text)["receipt"]["checkpoint"]["witnesses"]
    assert [(each["witness"], each["state"], each["at"]) for each in told] == [(witness, "awaited", None)]
    assert "đã ký lúc" not in auditor.get("/chain/").text
    cosign(poll)
    for page in (f"/polls/{poll}/verify", f"/polls/{poll}"):
        text = member.get(page).text
        assert f"Nhân chứng {witness} đã ký lúc {IN_HANOI}." in text
        assert "Chưa có xác nhận" not in text
    (told,) = json.loads(member.get(f"/polls/{poll}/receipt").text)["receipt"]["checkpoint"]["witnesses"]
    assert (told["state"], told["at"]) == ("signed", "2026-11-18T11:06:40+00:00")
    assert f"Nhân chứng {witness} đã ký lúc {IN_HANOI}." in auditor.get("/chain/").text


def test_without_a_witness_the_receipt_says_that_nobody_outside_confirms(at, poll):
    sequencer.work()
    assert "Hệ thống này chưa thiết lập nhân chứng" in at("a").get(f"/polls/{poll}/verify").text


def test_the_tally_record_names_a_witness_only_when_it_has_signed(scene, poll, witness):
    sequencer.work()
    before = " ".join(" ".join(page_texts(evidence.tally_record(scene.who["head"], poll, now=NOW))).split())
    assert "Nhân chứng" not in before
    cosign(poll)
    after = " ".join(" ".join(page_texts(evidence.tally_record(scene.who["head"], poll, now=NOW))).split())
    assert f"Nhân chứng {witness} đã ký xác nhận mốc này lúc" in after
