"""What reaches the pages of Resolutions from people who mean harm: markup, odd bodies, others' pictures, lost bytes."""

import html
import json
import re
from collections.abc import Callable
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event

from app.extensions import db
from app.gateways import paper, storage
from app.models import AuditEntry, Resolution, ResolutionState
from app.workflows import issuing, promulgation, resolutions
from app.workflows.engine.errors import WrongState
from tests.cabinet import NOW, PIN
from tests.conftest import nonce_of
from tests.resolving import TEXT, Resolving
from tests.views.browser import Browser
from tests.workflows.test_resolutions import edit

At = Callable[[str], Browser]
EVERYBODY = ("head", "deputy", "a", "chairman", "under_a", "clerk", "records", "auditor", "admin", "guest")
MARKUP = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"
HEAVY = {
    "a signed PDF": r"signed_statement(_\d+)?\.(statement|cms)\b", "a seal": r"seal_key\.picture\b",
    "a specimen": r"signature_picture\.png\b", "a paper": r"document_version(_\d+)?\.content\b",
    "a ballot paper": r"\bpoll(_\d+)?\.(definition|result)\b(?!_)",
}  # fmt: skip


@pytest.fixture
def out(app: Flask, clock) -> Resolving:
    scene = Resolving().up_to("promulgated")
    clock.now = scene.later(600)
    return scene


def path(scene: Resolving, part: str = "") -> str:
    return f"/resolutions/{scene.resolution_id}{part}"


@contextmanager
def exchanged(sha256: str, content: bytes):
    files = storage.store().files
    genuine, files[sha256] = files[sha256], content
    try:
        yield
    finally:
        files[sha256] = genuine


@contextmanager
def statements():
    heard: list[str] = []

    def hear(*args: object) -> None:
        heard.append(str(args[2]))

    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)


# -- markup -----------------------------------------------------------------------------------------------------------


def test_markup_in_every_text_stays_text_on_every_page(app, at: At, clock):
    """Subject, bases, articles, annexes, recipients, both reasons: nothing of them becomes an element or a handler."""
    hostile = {
        **TEXT, "subject": f"Về {MARKUP}", "bases": [f"Căn cứ {MARKUP}"], "recipients": [f"Bộ {MARKUP}"],
        "articles": [{"heading": f"Mục {MARKUP}", "intro": f"Giao {MARKUP}", "clauses": []}],
        "annexes": [{"title": f"Danh mục {MARKUP}", "paragraphs": [MARKUP]}], "archive": f"VT, {MARKUP}",
    }  # fmt: skip
    scene = Resolving().equipped().voted().drafted()
    clock.now = scene.later(20)
    edit(scene, hostile, f"Vì {MARKUP}")
    resolutions.abandon_resolution(scene.who["clerk"], scene.resolution_id, f"Bỏ {MARKUP}", scene.later(25))
    other = Resolving().voted().drafted()
    edit(other, hostile, f"Vì {MARKUP}")
    pages = [path(scene), path(other), path(other, "/edit"), "/resolutions/", "/notices/", "/", path(other, "/sign")]
    for name in EVERYBODY:
        for page in pages:
            answer = at(name).get(page)
            assert "<img src=x" not in answer.text, (name, page)
            assert "<script>alert" not in answer.text, (name, page)
    assert "onerror=alert" in html.unescape(at("clerk").get(path(other)).text)  # it is there, as text


def test_markup_in_a_reason_reaches_no_public_page(app, at: At, out):
    out.recalled(f"Sai {MARKUP}")
    for answer in (app.test_client().get(f"/xac-minh/{out.resolution.token}"), at("a").get(path(out))):
        assert answer.status_code == 200
        assert "<img src=x" not in answer.text
        assert "<script>alert" not in answer.text


def test_markup_is_printed_as_text():
    text = {**TEXT, "subject": "Về <b>việc</b> &amp; <font size=40>x</font>"}
    printed = paper.page_texts(paper.resolution(text, paper.ResolutionSheet(made_at=NOW)))
    assert "<b>việc</b> &amp; <font size=40>x</font>" in " ".join(printed[0].split())


# -- who sees what ----------------------------------------------------------------------------------------------------


def test_who_only_received_the_document_learns_nothing_of_how_it_came_about(app, at: At, clock):
    scene = Resolving().equipped().voted().drafted()
    changed = {**TEXT, "articles": [{"heading": "", "intro": "Bộ Y tế thực hiện.", "clauses": []}]}
    edit(scene, changed, "Theo ý kiến tại phiên họp")
    scene.presented().signed(changes_seen=True).numbered().sealed().promulgated()
    clock.now = scene.later(60)
    received, member = at("under_a").get(path(scene)).text, at("a").get(path(scene)).text
    assert "Theo ý kiến tại phiên họp" in member
    assert "Rà soát" in member  # a word that is gone from the text
    assert "Theo ý kiến tại phiên họp" not in received
    assert "Rà soát" not in received
    assert "Bộ Y tế thực hiện" in received


@pytest.mark.parametrize("stage", ["presented", "sealed"])
def test_a_picture_that_somebody_kept_is_no_key(app, at: At, clock, stage):
    """A known hash answers "not changed" only to those who may look."""
    scene = Resolving().up_to(stage)
    clock.now = scene.later(60)
    mark = at("head").get(path(scene, "/pages/1.png")).headers["ETag"]
    for name in ("under_a", "guest", "admin"):
        for part in ("/pages/1.png", "/file"):
            answer = at(name).get(path(scene, part), headers={"If-None-Match": mark, "Range": "bytes=0-9"})
            assert answer.status_code == 404, (name, part)


def test_the_recall_closes_what_a_browser_kept(app, at: At, out):
    mark = at("a").get(path(out, "/pages/1.png")).headers["ETag"]
    assert at("a").get(path(out, "/pages/1.png"), headers={"If-None-Match": mark}).status_code == 304
    out.recalled()
    assert at("a").get(path(out, "/pages/1.png"), headers={"If-None-Match": mark}).status_code == 403


def test_documents_and_pictures_are_kept_by_no_cache_in_between(app, at: At, out):
    for name, address in (
        ("a", path(out, "/file")), ("records", "/records/seals/1/picture.png"),
        ("records", "/records/signature-pictures/1/picture.png"),
    ):  # fmt: skip
        answer = at(name).get(address)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store"), address
        answer.close()
    assert at("a").get(path(out, "/pages/1.png")).headers["Cache-Control"] == "private, no-cache"
    assert "sandbox" in at("a").get(path(out, "/file")).headers["Content-Security-Policy"]


def test_lists_and_records_load_no_documents_and_no_pictures(app, at: At, out):
    for name, address in (
        ("a", "/resolutions/"), ("a", path(out)), ("head", path(out, "/sign")), ("records", path(out, "/issue")),
        ("records", "/resolutions/issue"), ("records", "/records/outgoing/"), ("records", "/records/seals/"),
        ("records", "/records/signature-pictures/"), ("clerk", "/"), ("a", f"/xac-minh/{out.resolution.token}"),
    ):  # fmt: skip
        browser = at(name)
        with statements() as heard:
            assert browser.get(address).status_code == 200, address
        selected = [text.split(" FROM ")[0] for text in heard if text.startswith("SELECT")]
        found = {what for what, column in HEAVY.items() if any(re.search(column, text) for text in selected)}
        assert found <= ({"a ballot paper"} if address == path(out) else set()), address


def test_the_latest_facts_are_told_however_many_there_were(app, at: At, clock):
    scene = Resolving().equipped().voted().drafted()
    with db.session.begin_nested():
        entry = db.session.query(AuditEntry).filter_by(fact="ResolutionDrafted").one()
        rows = [column.key for column in AuditEntry.__mapper__.column_attrs if column.key not in ("id", "fact")]
        for _ in range(120):
            same = {name: getattr(entry, name) for name in rows}
            db.session.add(AuditEntry(fact="ResolutionTextChanged", **same))
    db.session.commit()
    resolutions.abandon_resolution(scene.who["clerk"], scene.resolution_id, "Thôi không trình nữa", scene.later(20))
    clock.now = scene.later(60)
    assert "Thôi không trình nữa" in at("clerk").get(path(scene)).text.split('aria-labelledby="history-h"')[1]


# -- lost bytes -------------------------------------------------------------------------------------------------------


def test_exchanged_bytes_are_told_and_not_shown(app, at: At, out):
    sha256 = out.resolution.files[-1].sha256
    with exchanged(sha256, b"%PDF-1.7 something else"):
        for part in ("/file", "/pages/1.png"):
            answer = at("a").get(path(out, part))
            assert answer.status_code == 500
            assert b"something else" not in answer.data
            assert sha256 not in answer.text
            assert "Traceback" not in answer.text
        page = at("a").get(path(out))
        assert page.status_code == 200
        assert 'ec-chip--bad"' in page.text.split('aria-labelledby="signatures-h"')[1].split("</section>")[0]
        assert 'data-verdict="bad"' in app.test_client().get(f"/xac-minh/{out.resolution.token}").text


# -- odd bodies -------------------------------------------------------------------------------------------------------


ODD: list[bytes] = [
    b"", b"null", b"1", b"[]", b'"x"', b"{", b"\xff\xfe", b'{"pin":NaN}', b'{"pin":1e999}', b"[" * 50_000,
    b'{"nonce":1,"nonce":2}', b'{"a":' * 20_000, json.dumps({"nonce": nonce_of("x"), "pin": PIN, "more": 1}).encode(),
    *(
        json.dumps({"nonce": nonce_of("x"), "pin": PIN, "file_sha256": "0" * 64, **odd}).encode()
        for odd in (
            {"pin": 240619}, {"pin": None}, {"pin": [PIN]}, {"nonce": {"$ne": 1}}, {"nonce": "x" * 60_000},
            {"nonce": "\x00" * 22}, {"pin": "２４０６１９"}, {"file_sha256": 10**300}, {"changes_seen": "true"},
            {"changes_seen": 1}, {"reason": ["x"]}, {"pin": PIN + "\n"}, {"file_sha256": "A" * 64}, {"nonce": True},
        )
    ),
]  # fmt: skip
SIGNED = ("/sign", "/issue", "/recall/prepare", "/recall/sign")


@pytest.mark.parametrize("name", ["head", "records", "admin", "guest"])
def test_no_odd_body_does_anything(app, at: At, clock, name):
    scenes = [Resolving().up_to("presented"), Resolving().voted().drafted().presented().signed(nonce="2")]
    clock.now = scenes[0].later(60)
    at(name)  # has signed in
    db.session.rollback()
    before, written = {one.id: one.state for one in db.session.query(Resolution)}, db.session.query(AuditEntry).count()
    for scene in scenes:
        for part in SIGNED:
            for body in ODD:
                for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
                    answer = at(name).raw(path(scene, part), body, kind)
                    assert answer.status_code in {400, 403, 404, 413, 422}, (part, body[:80], answer.status_code)
    db.session.rollback()
    assert {one.id: one.state for one in db.session.query(Resolution)} == before
    assert db.session.query(AuditEntry).count() == written


@pytest.mark.parametrize("organisations", ["x", "-1", "0x1", "1.0", "９", "", "1" * 10, "1;2", "999999"])
def test_odd_recipients_are_refused(app, at: At, clock, organisations):
    scene = Resolving().up_to("sealed")
    clock.now = scene.later(60)
    answer = at("records").post(path(scene, "/promulgate"), organisations=organisations)
    assert answer.status_code in {303, 422}
    assert scene.resolution.state is ResolutionState.SEALED


def test_too_many_recipients_are_refused(app, at: At, clock):
    scene = Resolving().up_to("sealed")
    clock.now = scene.later(60)
    at("records").post(path(scene, "/promulgate"), organisations=["1"] * 1001)
    assert scene.resolution.state is ResolutionState.SEALED


# -- the way back -----------------------------------------------------------------------------------------------------


def test_the_same_request_again_after_a_lost_answer_changes_nothing_more(app, at: At, clock):
    scene = Resolving().up_to("presented")
    clock.now = scene.later(60)
    sha256 = resolutions.presented_file(scene.resolution).sha256
    sent = {"file_sha256": sha256, "nonce": nonce_of("s"), "pin": PIN, "changes_seen": False}
    first, second = (at("head").send(path(scene, "/sign"), **sent) for _ in range(2))
    assert (first.status_code, first.json) == (second.status_code, second.json)
    stolen = at("deputy").send(path(scene, "/sign"), **sent)
    assert stolen.status_code == 403
    assert set(stolen.json) == {"code", "message", "field", "details"}
    issued = {"nonce": nonce_of("i"), "pin": PIN}
    one, two = (at("records").send(path(scene, "/issue"), **issued) for _ in range(2))
    assert one.json == two.json == {"number": "01/NQ-CP", "state": "sealed"}
    assert at("head").send(path(scene, "/issue"), **issued).status_code == 403


def test_a_stopped_resolution_is_issued_by_no_repeated_request(app, at: At, clock):
    scene = Resolving().up_to("sealed")
    issuing.stop_resolution(scene.who["head"], scene.resolution_id, "Dừng", scene.later(45))
    clock.now = scene.later(60)
    at("records").send(path(scene, "/issue"), nonce=nonce_of("seal"), pin=PIN)
    at("records").post(path(scene, "/promulgate"))
    assert scene.resolution.state is ResolutionState.ABANDONED
    with pytest.raises(WrongState):
        promulgation.promulgate_resolution(scene.who["records"], scene.resolution_id, scene.later(70))
