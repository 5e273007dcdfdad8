"""The dossier of a session in the browser: asked for, looked at, taken; and nothing of it for anybody else."""

import io
import re
import zipfile

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import DocumentKind, Export, Job, JobState
from app.tasks import relay
from app.tasks.execution import MOST_ATTEMPTS
from app.workflows import documents, exports
from app.workflows.engine.rights import SYSTEM
from tests.device import JSON
from tests.gateways.upload_corpus import blank


@pytest.fixture
def meeting(scene):
    """A meeting that everybody is invited to; what it tells is told."""
    clerk = scene.who["clerk"]
    document = documents.add_paper(clerk, scene.item_id, "Tờ trình", DocumentKind.SUBMISSION, now=scene.now)
    documents.add_version(clerk, document.id, "a.pdf", io.BytesIO(blank(1)), now=scene.now)
    scene.invite()
    relay.drain(scene.now)
    return f"/meetings/{scene.meeting_id}"


def card(page) -> str:
    return re.search(r'<section class="[^"]*ec-dossier".*?</section>', page.text, re.DOTALL)[0]


def export_id() -> int:
    db.session.rollback()
    return db.session.scalars(select(Export.id).order_by(Export.id.desc())).first()


def ask(browser, meeting: str) -> int:
    answer = browser.post(f"{meeting}/dossier")
    assert (answer.status_code, answer.location) == (303, f"{meeting}#dossier")
    return export_id()


def make(scene) -> None:
    exports.make_export(SYSTEM, export_id(), scene.now)
    set_job(state=JobState.DONE, done_at=scene.now)


def set_job(**values: object) -> None:
    job = db.session.get_one(Export, export_id()).job
    for name, value in values.items():
        setattr(job, name, value)
    db.session.commit()


def test_a_member_asks_waits_and_takes_the_file(at, scene, meeting):
    member = at("a")
    assert f'action="{meeting}/dossier"' in card(member.get(meeting))
    id_ = ask(member, meeting)
    waiting = card(member.get(meeting))
    assert f'data-export="/exports/{id_}" data-stage="waiting"' in waiting
    assert "<form" not in waiting, "one at a time"
    make(scene)
    assert f'href="/exports/{id_}/file"' in card(member.get(meeting))
    file = member.get(f"/exports/{id_}/file")
    assert (file.status_code, file.mimetype) == (200, "application/zip")
    assert file.headers["Content-Disposition"] == "attachment; filename=ho-so-phien-hop-2026-07-30-1.zip"
    assert (file.headers["Cache-Control"], file.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert "muc-luc.txt" in zipfile.ZipFile(io.BytesIO(file.data)).namelist()
    assert int(file.headers["Content-Length"]) == len(file.data)


def test_the_state_as_json_says_how_far_it_is(at, scene, meeting):
    member = at("a")
    asked = member.client.post(f"{meeting}/dossier", headers=JSON)
    assert (asked.status_code, asked.json["stage"], asked.json["file_url"]) == (202, "waiting", None)
    url = asked.json["url"]
    set_job(state=JobState.RUNNING, progress_done=312, progress_total=1000)
    state = member.client.get(url, headers=JSON).json
    assert (state["stage"], state["done"], state["total"], state["told"]) == ("making", 312, 1000, "312/1.000")
    bar = card(member.get(meeting))
    assert 'role="progressbar"' in bar
    assert 'aria-valuenow="312" aria-valuetext="312/1.000"' in bar
    set_job(state=JobState.DUE)
    make(scene)
    state = member.client.get(url, headers=JSON).json
    assert (state["stage"], state["file_url"], state["said"]) == ("made", f"{url}/file", "")


def test_without_scripts_the_page_of_the_export_looks_again_by_itself(at, scene, meeting):
    member = at("a")
    page = member.get(f"/exports/{ask(member, meeting)}")
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page.text
    assert f'href="{meeting}"' in page.text
    make(scene)
    page = member.get(f"/exports/{export_id()}")
    assert "http-equiv" not in page.text
    assert f"/exports/{export_id()}/file" in card(page)


def test_the_page_of_an_export_says_what_it_is_of_and_leads_back_like_every_page(at, scene, meeting):
    member = at("a")
    address = f"/exports/{ask(member, meeting)}"
    assert "SHA-256" not in member.get(address).text
    make(scene)
    page = member.get(address).text
    made = db.session.scalars(select(Export)).one()
    assert re.search(rf'<a class="ec-crumb" href="{meeting}">', page)
    assert made.file_sha256 in page
    assert f'<dd class="ec-mono">{made.name}</dd>' in page
    assert 'href="/exports/"' not in page + member.get(meeting).text, "there is no list"


def test_a_failure_is_said_and_can_be_tried_again(at, scene, meeting):
    member = at("a")
    first = ask(member, meeting)
    set_job(attempts=2, last_error="StorageFull: secret path", due_at=scene.now.replace(hour=2, minute=5))
    again = card(member.get(meeting))
    assert "09:05:00" in again, "the moment of the next try, in Hanoi"
    set_job(state=JobState.FAILED, attempts=MOST_ATTEMPTS)
    failed = card(member.get(meeting))
    assert "ec-dossier__failed" in failed
    assert "secret path" not in again + failed
    assert f'action="{meeting}/dossier"' in failed
    assert ask(member, meeting) > first


def test_the_export_of_somebody_else_does_not_exist(at, scene, meeting):
    id_ = ask(at("a"), meeting)
    make(scene)
    for name in ("head", "clerk", "auditor", "admin", "records", "under_a"):
        for path in (f"/exports/{id_}", f"/exports/{id_}/file"):
            assert at(name).get(path).status_code == 404, (name, path)
    assert at("a").get("/exports/999").status_code == 404


def test_who_does_not_see_the_meeting_cannot_ask(at, scene, meeting):
    assert at("admin").client.post(f"{meeting}/dossier", headers=JSON).status_code == 404
    assert db.session.scalars(select(Export.id)).all() == []
    assert db.session.scalars(select(Job.id).where(Job.name == exports.MAKE)).all() == []


def test_a_file_that_is_not_made_is_refused(at, scene, meeting):
    id_ = ask(at("a"), meeting)
    assert at("a").client.get(f"/exports/{id_}/file", headers=JSON).status_code == 409


def test_who_asks_twice_has_one(at, scene, meeting):
    assert ask(at("a"), meeting) == ask(at("a"), meeting)
