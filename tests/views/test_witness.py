"""The screens of the witnesses: who declares a gap, who confirms it, and what the chair reads at a refused vote."""

import datetime as dt

import pytest

from app.extensions import db
from app.gateways.witness import pinned
from app.gateways.witness.client import Witness
from app.gateways.witness.notes import COSIGNER, Key
from app.models import DeclaredGap, Notice, WitnessFinding
from app.tasks.execution import drain
from app.views.notice_words import address
from app.workflows import witnessing
from app.workflows.engine.rights import SYSTEM
from tests.conftest import both
from tests.witness.twin import NAME, Log


@pytest.fixture
def doubtful(app, scene):
    """An open meeting; the witness, which is away now, had confirmed more than there is."""
    scene.now = dt.datetime.now(dt.UTC)
    scene.open()
    pinned.use([Witness("http://127.0.0.1:1", str(Key(NAME, COSIGNER, Log().key.public)))])
    seen = witnessing.Seen(WitnessFinding.AHEAD, 120, 100, "bằng chứng", "a" * 64)
    witnessing.keep_report(SYSTEM, 1, NAME, seen, scene.now)
    yield scene
    pinned.use([])


@both
def test_two_people_declare_a_gap_on_the_screens(app, doubtful):
    auditor, head, member = (app.test_client().enter_as(name) for name in ("auditor", "head", "b"))
    assert "bằng chứng" in auditor.get("/records/witness/1").text
    assert "Tuyên bố khoảng thiếu" in auditor.get("/records/witness/1").text
    refused = auditor.post("/records/gaps/add", data={"reason": " "})
    assert (refused.status_code, db.session.query(DeclaredGap).count()) == (422, 0)
    assert member.get("/records/gaps/add").status_code == 403
    for who, led in ((auditor, True), (head, True), (member, False)):
        assert ("/records/gaps/add" in who.get("/records/gaps/").text) is led
    made = auditor.post("/records/gaps/add", data={"reason": "Khôi phục sau sự cố đĩa"}, follow_redirects=True)
    assert "Khôi phục sau sự cố đĩa" in made.text
    assert "/confirm" not in made.text  # not by the same person
    page = head.get("/records/gaps/1").text
    assert "/records/gaps/1/confirm" in page
    assert "101" in page
    assert "120" in page
    assert member.get("/records/gaps/1").status_code == 404
    auditor.post("/records/gaps/1/confirm")
    assert db.session.get(DeclaredGap, 1).consent is None
    db.session.rollback()
    assert head.post("/records/gaps/1/confirm").status_code == 302
    assert db.session.get(DeclaredGap, 1).consent is not None
    assert db.session.get(DeclaredGap, 1).consent.person.full_name in head.get("/records/gaps/1").text


def test_the_chair_reads_why_no_vote_can_be_opened(app, doubtful):
    chair = app.test_client().enter_as("secretary")
    refused = chair.post(f"/items/{doubtful.item_id}/vote", json={}, headers={"Accept": "application/json"})
    assert refused.status_code == 409
    assert "log_doubtful" in str(refused.json)
    assert "thiếu ít nhất 20 mục" in str(refused.json)


def test_head_and_auditor_are_told_and_led_to_the_decision(app, doubtful):
    drain(doubtful.now)
    told = [row for row in db.session.query(Notice) if row.kind == "WitnessContradicted"]
    assert {row.person_id for row in told} == {doubtful.who[name].person_id for name in ("head", "auditor")}
    assert {address(row.kind, row.details, None) for row in told} == {"/records/gaps/"}
    assert "Nhân chứng xác nhận một nhật ký khác" in app.test_client().enter_as("head").get("/notices/").text
