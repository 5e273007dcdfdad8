"""The minutes in the browser: the card after the end, the file, a new version, and nothing of it for anybody else."""

import datetime as dt
import re

import pytest
from sqlalchemy import update

from app.extensions import db
from app.models import Job, JobState, MinutesFile
from app.tasks import relay, sequencer
from app.workflows import agenda, meetings, minutes
from app.workflows.engine.rights import SYSTEM
from tests.device import JSON
from tests.views.test_exports import card as card_of_dossier


@pytest.fixture
def meeting(scene, clock):
    """A session that has ended; its minutes are drawn up by nobody yet."""
    secretary = scene.open().who["secretary"]
    agenda.close_item(secretary, scene.item_id, now=scene.now)
    meetings.end_meeting(secretary, scene.meeting_id, now=scene.now)
    clock.move(minutes=30)
    return f"/meetings/{scene.meeting_id}"


def card(page) -> str:
    found = re.search(r'<section class="[^"]*" id="minutes".*?</section>', page.text, re.DOTALL)
    return found[0] if found else ""


def draw_up(scene) -> None:
    """As the worker does, and its job is done; the log has its checkpoint by then."""
    sequencer.work()
    relay.drain(scene.now + dt.timedelta(hours=1))
    minutes.make_minutes(SYSTEM, scene.meeting_id, scene.now)


def test_a_member_waits_for_the_minutes_and_takes_them(at, scene, meeting):
    member = at("b")
    waiting = card(member.get(meeting))
    assert f'data-export="{meeting}/minutes" data-stage="making"' in waiting
    assert member.client.get(f"{meeting}/minutes", headers=JSON).json["stage"] == "making"
    draw_up(scene)
    shown = card(member.get(meeting))
    assert f'href="{meeting}/minutes/1.pdf"' in shown
    assert "Dự thảo" in shown
    assert f'action="{meeting}/minutes"' not in shown, "drawing up is for the desk and the clerks"
    file = member.get(f"{meeting}/minutes/1.pdf")
    assert file.data.startswith(b"%PDF")
    assert file.headers["Content-Disposition"].startswith("attachment; filename=bien-ban-phien-hop-")
    assert (file.headers["Cache-Control"], file.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert member.client.get(f"{meeting}/minutes", headers=JSON).json == {
        "stage": "made", "said": "", "url": f"{meeting}/minutes", "total": 0, "done": 0
    }  # fmt: skip


def test_a_clerk_has_them_drawn_up_anew_and_the_same_record_stays_one_version(at, scene, meeting):
    draw_up(scene)
    clerk = at("clerk")
    assert f'action="{meeting}/minutes"' in card(clerk.get(meeting))
    answer = clerk.post(f"{meeting}/minutes")
    assert (answer.status_code, answer.location) == (303, f"{meeting}#minutes")
    assert f'action="{meeting}/minutes"' not in card(clerk.get(meeting)), "one is being drawn up"
    draw_up(scene)
    assert [each.number for each in minutes.versions_of(scene.who["clerk"], scene.meeting_id)] == [1]
    assert minutes.stage(scene.meeting) is minutes.Stage.MADE


def test_a_failure_is_said_and_can_be_tried_again(at, scene, meeting):
    db.session.execute(update(Job).where(Job.name == minutes.MAKE).values(state=JobState.FAILED))
    db.session.commit()
    shown = card(at("secretary").get(meeting))
    assert "Không lập được biên bản" in shown
    assert f'action="{meeting}/minutes"' in shown


def test_for_guests_and_the_records_office_there_are_no_minutes(at, scene, meeting):
    draw_up(scene)
    page = at("records").get(meeting)
    assert card_of_dossier(page)
    assert card(page) == ""
    for path in ("/minutes", "/minutes/1.pdf"):
        assert at("records").get(f"{meeting}{path}").status_code == 404
    assert at("b").get(f"{meeting}/minutes/2.pdf").status_code == 404


def test_the_desk_leads_to_the_minutes_after_the_end(at, scene, meeting):
    assert f'href="{meeting}#minutes"' in at("head").get(f"{meeting}/cockpit").text


def test_before_the_end_the_page_has_no_card_and_asking_is_refused_in_words(at, scene):
    scene.open()
    page = f"/meetings/{scene.meeting_id}"
    assert card(at("clerk").get(page)) == ""
    refused = at("clerk").client.post(f"{page}/minutes", headers=JSON)
    assert (refused.status_code, refused.json["code"]) == (409, "minutes_too_early")
    assert MinutesFile.__tablename__ not in refused.text
