"""Downloads of a closed vote: the right names and headers, and no way around the acts."""

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import User
from flask_login import login_user

from app.extensions import db
from app.gateways import bundles
from app.views.evidence import result_links, shown_result
from app.workflows import evidence, polls
from app.workflows.engine.errors import NotAllowed
from app.workflows.rules.evidence import read_bundle
from tests.resolving import Resolving

DOWNLOADS = {
    "EvidenceView.tally_record": (b"%PDF-", "application/pdf", "bien-ban-kiem-phieu-1.pdf"),
    "EvidenceView.bundle": (b"PK\x03\x04", "application/zip", "chung-cu-bieu-quyet-1.zip"),
}


@pytest.fixture
def poll(scene):
    scene.open()
    opened = scene.open_poll()
    for name in ("head", "deputy", "a"):
        scene.vote(name, opened.id, "agree")
    return polls.close_poll(scene.who["secretary"], opened.id, now=scene.now)


def asked(app: Flask, name: str, endpoint: str, poll_id: int):
    """The answer of a page to somebody who is signed in."""
    with app.test_request_context():
        login_user(db.session.query(User).filter_by(username=name).one())
        return app.view_functions[endpoint](poll_id=poll_id)


def test_downloads_are_saved_under_a_plain_name_and_kept_by_nobody(app, scene, poll):
    polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now)
    for endpoint, (begin, kind, file_name) in DOWNLOADS.items():
        response = asked(app, "a", endpoint, poll.id)
        assert response.data.startswith(begin)
        assert response.headers["Content-Type"] == kind
        assert response.headers["Content-Disposition"] == f'attachment; filename="{file_name}"'
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"
    assert "poll.json" in read_bundle(asked(app, "a", "EvidenceView.bundle", poll.id).data)


def test_a_split_that_is_not_published_leaves_by_no_door(app, poll):
    for endpoint in (*DOWNLOADS, "EvidenceView.result"):
        with pytest.raises(NotAllowed):
            asked(app, "a", endpoint, poll.id)


def test_only_those_signed_in_are_asked_at_all(app, poll):
    for path in ("result", "tally.pdf", "evidence.zip"):
        answer = app.test_client().get(f"/polls/{poll.id}/{path}", headers={"Accept": "application/json"})
        assert (answer.status_code, answer.json["code"]) == (401, "not_signed_in")


def test_the_page_shows_verdict_share_and_downloads(app, scene, poll):
    polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now)
    page = asked(app, "a", "EvidenceView.result", poll.id)
    assert evidence.result_view(scene.who["a"], poll.id)["verdict"] in page
    assert "60,0" in page
    for path in ("tally.pdf", "evidence.zip"):
        assert f'href="/polls/{poll.id}/{path}"' in page


def test_only_open_downloads_are_offered(app, scene, poll):
    with app.test_request_context():
        who = {name: scene.who[name] for name in ("head", "a", "auditor")}
        offered = {name: [link["url"] for link in result_links(actor, poll)] for name, actor in who.items()}
        assert offered == {"head": ["/polls/1/tally.pdf"], "a": [], "auditor": []}
        assert shown_result(scene.who["a"], poll) is None
        assert shown_result(scene.who["head"], poll)["outcome"] == "adopted"


def test_only_the_chair_finds_the_annulment_on_the_page_of_the_result(app, scene):
    scene.open()
    poll = scene.open_poll()
    scene.vote("a", poll.id, "agree")
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now)
    address = f"/polls/{poll.id}/result"
    assert f'data-sign-act="/polls/{poll.id}/annul"' in app.test_client().enter_as("head").get(address).text
    for name in ("a", "secretary", "auditor"):
        assert "data-sign-act" not in app.test_client().enter_as(name).get(address).text


def test_the_tool_is_handed_out_as_it_is_with_a_word_on_what_it_proves(app, scene, poll):
    polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now)
    answer = app.test_client().enter_as("a").get("/polls/verify_evidence.py")
    assert (answer.status_code, answer.data) == (200, bundles.TOOL.read_bytes())
    assert answer.headers["Content-Disposition"] == 'attachment; filename="verify_evidence.py"'
    page = app.test_client().enter_as("a").get(f"/polls/{poll.id}/result").text
    assert 'href="/polls/verify_evidence.py"' in page
    assert "SHA-256" in page
    assert "verify_evidence.py" not in app.test_client().enter_as("clerk").get(f"/polls/{poll.id}/result").text


def test_an_auditor_finds_the_evidence_of_a_resolution_and_nobody_else_does(app):
    resolving = Resolving().up_to("promulgated")
    address = f"/resolutions/{resolving.resolution_id}"
    answer = app.test_client().enter_as("auditor").get(f"{address}/evidence.zip")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    name = f'attachment; filename="chung-cu-nghi-quyet-{resolving.resolution_id}.zip"'
    assert answer.headers["Content-Disposition"] == name
    assert "resolution.json" in read_bundle(answer.data)
    for who, offered in (("auditor", True), ("head", False), ("records", False)):
        page = app.test_client().enter_as(who).get(address).text
        assert (f'href="{address}/evidence.zip"' in page) is offered, who
