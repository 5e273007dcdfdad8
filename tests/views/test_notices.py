"""The page of the own notices: every kind reads as a sentence and leads somewhere."""

import re

import pytest
from flask_babel import force_locale

from app import wiring
from app.extensions import db
from app.models import AuditEntry, Notice
from app.tasks import relay
from app.views.notice_words import week_reported
from app.workflows import meetings, notices
from app.workflows.engine.transaction import own_transaction
from tests.cabinet import NOW


@pytest.fixture
def invited(scene, clock):
    scene.invite()
    relay.drain(NOW)
    return scene


def test_a_notice_says_what_when_and_leads_to_the_meeting(invited, at):
    text = at("a").get("/notices/").text
    assert invited.meeting.title in text
    assert "09:00 30/07/2026" in text
    notice = notices.latest(invited.who["a"])[0]
    answer = at("a").post(f"/notices/{notice.id}/read")
    assert (answer.status_code, answer.location) == (303, f"/meetings/{invited.meeting_id}")
    assert notices.unread(invited.who["a"]) == 0
    assert at("a").get("/notices/").status_code == 200


def test_all_are_marked_as_read_at_once(invited, at):
    meetings.postpone_meeting(invited.who["chairman"], invited.meeting_id, "Bão", now=NOW)
    relay.drain(NOW)
    assert notices.unread(invited.who["a"]) == 2
    assert "Bão" in at("a").get("/notices/").text
    assert at("a").post("/notices/read").status_code == 303
    assert notices.unread(invited.who["a"]) == 0


def test_somebody_elses_notice_is_not_found(invited, at):
    foreign = notices.latest(invited.who["b"])[0].id
    answer = at("a").client.post(f"/notices/{foreign}/read", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert notices.unread(invited.who["b"]) == 1


def test_an_empty_list_says_so(scene, at, clock):
    assert at("auditor").get("/notices/").status_code == 200


def test_visitors_are_sent_to_the_sign_in_page(app):
    assert app.test_client().get("/notices/").status_code == 302


def test_a_week_is_named_in_words(app):
    with force_locale("vi"):
        assert week_reported({"week": "2026-46"}) == "Báo cáo tuần 46 năm 2026 đã có thể xem"


@pytest.mark.parametrize("name", ["deputy", "head", "clerk", "a", "guest"])
def test_on_a_phone_the_number_of_notices_is_seen_without_opening_a_menu(scene, at, clock, name):
    """Whoever presides or prepares has more entries than fit: theirs give way."""
    page = at(name).get("/meetings/").text
    bar = re.search(r'<nav class="ec-bottom.*?</nav>', page, re.DOTALL)[0]
    shown = bar.partition("<button")[0]
    assert shown.count("<a ") <= 4
    assert '<a href="/notices/" data-notices' in shown
    assert bar.count("/notices/") == shown.count("/notices/")


DETAILS = {
    "meeting": "Phiên họp", "member": "Phạm Văn Ba", "question": "Thông qua?", "outcome": "adopted", "approved": True,
    "kind": "replace", "reason": "Lý do", "starts_at": "2026-07-30T02:00:00+00:00", "subject_id": 1,
    "number": "01/NQ-CP", "resolution": "Về doanh nghiệp", "week": "2026-47", "holder": "Phạm Văn Ba",
    "until": "2026-12-22T02:00:00+00:00", "deadline_at": "2026-08-03T10:00:00+00:00", "slip": "Về doanh nghiệp",
    "way": "submit",
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(fact.__name__ for fact in wiring.KINDS))
def test_every_kind_has_its_words_and_an_address(invited, at, kind):
    person_id = invited.who["a"].person_id
    entry_id = db.session.query(AuditEntry.id).order_by(AuditEntry.id.desc()).first()[0]
    about = next((name for name in ("poll", "resolution") if kind.startswith(name.title())), "person")
    with own_transaction() as session:
        session.query(Notice).delete()
        session.add(
            Notice(body_id=1, person_id=person_id, audit_entry_id=entry_id, meeting_id=None, kind=kind,
                   details={**DETAILS, "subject_type": about}, created_at=NOW)
        )  # fmt: skip
    answer = at("a").get("/notices/")
    assert answer.status_code == 200
    assert kind not in answer.text
