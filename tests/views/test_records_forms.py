"""The forms of the record screens: what is saved, what is refused at its field, and what stays when it is."""

import datetime as dt
import html
import re

import pytest
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.models import (
    AgendaItem,
    Appointment,
    AuditEntry,
    Document,
    DocumentKind,
    GuestItem,
    ItemKind,
    KeyRecovery,
    KeyState,
    LoginSession,
    Meeting,
    MeetingState,
    MemberStaff,
    Office,
    Organisation,
    Person,
    Poll,
    Refusal,
    RuleSet,
    Seat,
    SeatRole,
    SigningKey,
)
from app.workflows import accounts, documents, identity
from app.workflows.engine.errors import NotAllowed
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import use_case
from tests.cabinet import NOW, PASSWORD
from tests.conftest import both


def error_at(page, field: str) -> str:
    found = re.search(rf'id="{field}-error">(.*?)</div>', page.text, re.DOTALL)
    return html.unescape(found[1]).strip() if found else ""


def value_of(page, field: str) -> str:
    tag = re.search(rf'<(?:input|textarea)[^>]*name="{field}"[^>]*>([^<]*)', page.text)
    inside = re.search(r'value="([^"]*)"', tag[0])
    return html.unescape(inside[1] if inside else tag[1].removeprefix("\r\n"))


def person(name: str) -> int:
    return db.session.query(Person.id).filter_by(full_name=name).scalar()


def organisation(short: str) -> int:
    return db.session.query(Organisation.id).filter_by(abbreviation=short).scalar()


MEETING = {
    "body_id": "1", "title": "Phiên họp chuyên đề", "kind": "thematic", "starts_at": "05/08/2026 08:00",
    "planned_minutes": "90", "place": "Phòng họp số 2", "conference_url": "https://hop.example.vn/2",
}  # fmt: skip


# -- a meeting, from the first line to the invitation -----------------------------------------------------------------


def test_the_clerk_goes_from_a_new_meeting_to_the_invitation(at):
    clerk = at("clerk")
    saved = clerk.post("/records/meetings/add", **MEETING)
    meeting = db.session.query(Meeting).one()
    assert (saved.status_code, saved.location) == (302, f"/records/meetings/{meeting.id}")
    assert (meeting.starts_at, meeting.held_on) == (dt.datetime(2026, 8, 5, 1, 0, tzinfo=dt.UTC), dt.date(2026, 8, 5))
    assert (meeting.state, len(meeting.seats), meeting.planned_minutes) == (MeetingState.DRAFT, 5, 90)
    for title, kind in (("Nghị quyết về đất đai", "decision"), ("Báo cáo tháng", "report")):
        item = {"meeting_id": meeting.id, "title": title, "kind": kind, "planned_minutes": "20",
                "organisation_id": organisation("BXD")}  # fmt: skip
        assert clerk.post("/records/items/add", **item).status_code == 302
    first, second = db.session.query(AgendaItem).order_by(AgendaItem.position)
    assert (first.kind, first.organisation.abbreviation) == (ItemKind.DECISION, "BXD")
    clerk.post(f"/records/items/{second.id}/move/1")
    db.session.expire_all()
    assert db.session.query(AgendaItem.title).filter_by(position=1).scalar() == "Báo cáo tháng"
    guest = {"meeting_id": meeting.id, "person_id": person("Tô Thị Mười Hai"), "role": "guest", "item_ids": first.id}
    assert clerk.post("/records/seats/add", **guest).status_code == 302
    assert db.session.query(GuestItem.item_id).scalar() == first.id
    assert clerk.post(f"/records/meetings/{meeting.id}/invite").status_code == 302
    db.session.expire_all()
    assert db.session.query(Meeting).one().state is MeetingState.INVITED
    desk = clerk.get(f"/records/meetings/{meeting.id}").text
    assert "Báo cáo tháng" in desk
    assert "Tô Thị Mười Hai" in desk


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("title", ""), ("title", "Phiên\u202e họp"), ("title", "x" * 301), ("kind", "party"), ("starts_at", "mai"),
        ("starts_at", "31/02/2026 08:00"), ("starts_at", "05/08/2026 25:00"), ("starts_at", "01/01/2020 08:00"),
        ("planned_minutes", "1"), ("planned_minutes", "abc"), ("planned_minutes", "99999999999"), ("place", "   "),
        ("conference_url", "http://hop.example.vn"), ("conference_url", "javascript:alert(1)"),
    ],
)  # fmt: skip
def test_what_a_meeting_cannot_be_is_said_at_its_field_and_nothing_is_lost(at, field, typed):
    page = at("clerk").post("/records/meetings/add", **{**MEETING, field: typed})
    assert page.status_code == 422
    assert error_at(page, field)
    if field != "kind":
        assert value_of(page, field) == typed
    assert value_of(page, "place" if field != "place" else "title") in ("Phòng họp số 2", "Phiên họp chuyên đề")
    assert db.session.query(Meeting).count() == 0
    assert db.session.query(AuditEntry).filter_by(fact="MeetingPrepared").count() == 0


def test_decomposed_text_is_stored_composed(at):
    decomposed = "Phie\u0302n ho\u0323p đa\u0302\u0300u na\u0306m"
    at("clerk").post("/records/meetings/add", **{**MEETING, "title": decomposed})
    assert db.session.query(Meeting.title).scalar() == "Phiên họp đầu năm"


def test_a_refusal_of_the_act_is_recorded_and_shown_where_it_belongs(scene, at):
    clerk = at("clerk")
    form = {"meeting_id": scene.meeting_id, "person_id": person("Trần Văn Một"), "role": "guest"}
    page = clerk.post("/records/seats/add", **form)
    assert page.status_code == 422
    assert error_at(page, "person_id")
    assert 'data-text="Trần Văn Một"' in page.text
    assert db.session.query(Refusal.code).scalar() == "seat_taken"


def test_a_meeting_is_edited_until_it_is_opened(scene, at):
    clerk, path = at("clerk"), f"/records/meetings/{scene.meeting_id}/edit"
    shown = clerk.get(path)
    assert value_of(shown, "starts_at") == "30/07/2026 09:00"
    changed = {**MEETING, "title": "Tên mới", "kind": "regular"}
    assert clerk.post(path, **changed).status_code == 302
    db.session.expire_all()
    assert scene.meeting.title == "Tên mới"
    scene.open()
    page = clerk.post(path, **{**changed, "title": "Muộn rồi"})
    assert page.status_code == 409
    assert value_of(page, "title") == "Muộn rồi"
    db.session.expire_all()
    assert scene.meeting.title == "Tên mới"


def test_a_meeting_is_postponed_called_again_and_cancelled_with_a_reason(scene, at):
    scene.invite()
    clerk, here = at("clerk"), f"/records/meetings/{scene.meeting_id}"
    clerk.post(f"{here}/postpone", reason="")
    assert scene.meeting.state is MeetingState.INVITED
    clerk.post(f"{here}/postpone", reason="Bão")
    db.session.expire_all()
    assert (scene.meeting.state, scene.meeting.state_reason) == (MeetingState.POSTPONED, "Bão")
    clerk.post(f"{here}/reschedule", starts_at="ngày mai")
    db.session.expire_all()
    assert scene.meeting.state is MeetingState.POSTPONED
    clerk.post(f"{here}/reschedule", starts_at="06/08/2026 14:30")
    db.session.expire_all()
    assert scene.meeting.starts_at == dt.datetime(2026, 8, 6, 7, 30, tzinfo=dt.UTC)
    clerk.post(f"{here}/cancel", reason="Không còn cần")
    db.session.expire_all()
    assert scene.meeting.state is MeetingState.CANCELLED


def test_an_item_with_papers_stays_and_an_empty_one_goes(scene, at):
    clerk = at("clerk")
    clerk.post("/records/papers/add", item_id=scene.item_id, kind="brief", title="Báo cáo", secrecy="none")
    clerk.post(f"/records/items/{scene.item_id}/delete")
    assert db.session.get(AgendaItem, scene.item_id) is not None
    paper = db.session.query(Document).one()
    assert clerk.post(f"/records/papers/{paper.id}/delete").location == f"/records/meetings/{scene.meeting_id}"
    clerk.post(f"/records/items/{scene.item_id}/delete")
    db.session.expire_all()
    assert db.session.get(AgendaItem, scene.item_id) is None
    assert clerk.get(f"/records/items/{scene.item_id}/delete").status_code in (404, 405)


def test_a_question_is_proposed_and_drafted(scene, at):
    clerk = at("clerk")
    form = clerk.get(f"/records/polls/add?_flt_0_item_id={scene.item_id}")
    assert value_of(form, "question") == "Thông qua Nghị quyết về doanh nghiệp nhỏ?"
    drafted = {"item_id": scene.item_id, "question": "Đồng ý?", "document_version_id": "", "visibility": "named"}
    assert clerk.post("/records/polls/add", **drafted).status_code == 302
    assert db.session.query(Poll.question).scalar() == "Đồng ý?"
    page = clerk.post("/records/polls/add", **{**drafted, "question": "?", "document_version_id": "999"})
    assert (page.status_code, bool(error_at(page, "document_version_id"))) == (422, True)


@pytest.mark.parametrize("path", ["items/add", "papers/add", "polls/add", "seats/add", "versions/add"])
def test_a_form_without_what_it_belongs_to_does_not_exist(at, path):
    assert at("clerk").get(f"/records/{path}").status_code == 404
    for name in ("meeting_id", "item_id", "document_id"):
        assert at("clerk").get(f"/records/{path}?_flt_0_{name}=999999").status_code == 404


# -- who is who -------------------------------------------------------------------------------------------------------

POST = {
    "body_id": "1", "office": "deputy_minister", "post": "Thứ trưởng Bộ Y tế", "abbreviation": "BYT", "rank": "60",
    "valid_from": "01/08/2026", "valid_to": "",
}  # fmt: skip


def test_a_person_a_post_and_an_aide_are_entered(at):
    clerk = at("clerk")
    clerk.post("/records/people/add", home_body_id="1", full_name="Đinh Thị Xuân")
    new = db.session.query(Person).filter_by(name_fold="dinh thi xuan").one()
    saved = clerk.post("/records/appointments/add", person_id=new.id, organisation_id=organisation("BYT"), **POST)
    assert saved.location == f"/records/people/{new.id}"
    post = db.session.query(Appointment).filter_by(person_id=new.id).one()
    assert (post.office, post.valid_from, post.valid_to.year) == (Office.DEPUTY_MINISTER, dt.date(2026, 8, 1), 9999)
    aide = {"body_id": "1", "member_id": person("Đỗ Thị Bốn"), "aide_id": new.id, "valid_from": "01/08/2026"}
    assert clerk.post("/records/member-staff/add", **aide).status_code == 302
    assert db.session.query(MemberStaff.aide_id).scalar() == new.id
    again = clerk.post("/records/member-staff/add", **aide)
    assert (again.status_code, bool(error_at(again, "valid_from"))) == (422, True)
    own = clerk.post("/records/member-staff/add", **{**aide, "aide_id": aide["member_id"]})
    assert (own.status_code, bool(error_at(own, "aide_id"))) == (422, True)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"office": "head"}, "office"), ({"office": "administrator"}, "office"), ({"post": ""}, "post"),
        ({"post": "Bộ\ntrưởng"}, "post"), ({"rank": "0"}, "rank"), ({"valid_to": "01/08/2026"}, "valid_to"),
        ({"valid_from": "1/1/1900"}, "valid_from"), ({"valid_from": "32/01/2026"}, "valid_from"),
        ({"office": "member", "valid_from": "01/09/2026"}, "valid_from"), ({"person_id": "999"}, "person_id"),
        ({"organisation_id": "x"}, "organisation_id"), ({"office": "emperor"}, "office"),
    ],
)  # fmt: skip
def test_an_impossible_post_is_refused_at_its_field(at, changed, field):
    before = db.session.query(Appointment).count()
    page = at("clerk").post("/records/appointments/add", **{**POST, "person_id": person("Đỗ Thị Bốn"), **changed})
    assert page.status_code == 422
    assert error_at(page, field)
    assert db.session.query(Appointment).count() == before


def test_nobody_gives_himself_a_post_and_an_administrator_gives_none(app, people, at):
    page = at("clerk").post("/records/appointments/add", **{**POST, "person_id": person("Ngô Thị Bảy")})
    assert page.status_code == 403
    assert db.session.query(Refusal.code).scalar() == "own_appointment"
    assert at("admin").get("/records/appointments/add").status_code == 403
    with pytest.raises(NotAllowed):
        identity.appoint(people["admin"], person("Đỗ Thị Bốn"), 1, Office.CLERK, "x", 9, dt.date(2026, 8, 1), now=NOW)


@both
def test_a_post_of_a_voter_is_ended_and_not_rewritten(scene, at):
    scene.open()
    scene.open_poll()
    post = db.session.query(Appointment).filter_by(post="Bộ trưởng Bộ Y tế").one()
    path, form = f"/records/appointments/{post.id}/edit", {
        "office": "member", "post": post.post, "organisation_id": post.organisation_id, "abbreviation": "BYT",
        "rank": "4", "valid_from": "01/01/2026", "valid_to": "",
    }  # fmt: skip
    clerk = at("clerk")
    assert clerk.post(path, **{**form, "office": "clerk"}).status_code == 409
    early = clerk.post(path, **{**form, "valid_to": "30/07/2026"})
    assert (early.status_code, bool(error_at(early, "valid_to"))) == (422, True)
    assert clerk.post(path, **{**form, "valid_to": "31/07/2026"}).status_code == 302
    db.session.expire_all()
    assert db.session.get(Appointment, post.id).valid_to == dt.date(2026, 7, 31)
    clerk.post(f"/records/appointments/{post.id}/delete")
    assert db.session.get(Appointment, post.id) is not None


def test_an_organisation_has_one_abbreviation_and_no_circle_above_it(at):
    clerk = at("clerk")
    form = {"body_id": "1", "kind": "unit", "name": "Vụ Tổng hợp", "abbreviation": "TH", "position": "3",
            "parent_id": organisation("VPCP")}  # fmt: skip
    assert clerk.post("/records/organisations/add", **form).status_code == 302
    twice = clerk.post("/records/organisations/add", **form)
    assert (twice.status_code, bool(error_at(twice, "abbreviation"))) == (422, True)
    unit, office = organisation("TH"), organisation("VPCP")
    circle = {"kind": "office", "name": "Văn phòng Chính phủ", "abbreviation": "VPCP", "position": "0",
              "parent_id": unit}  # fmt: skip
    page = clerk.post(f"/records/organisations/{office}/edit", **circle)
    assert (page.status_code, bool(error_at(page, "parent_id"))) == (422, True)
    assert db.session.get(Organisation, office).parent_id is None


# -- rules ------------------------------------------------------------------------------------------------------------

RULES = {
    "body_id": "1", "code": "QC-2027", "name": "Quy chế mới", "valid_from": "01/01/2027",
    "valid_to": "", "legal_source": "Nghị định mới", "quorum_numerator": "2", "quorum_denominator": "3",
    "majority_numerator": "1", "majority_denominator": "2", "papers_working_days": "5", "tie": "head",
    "remote_counts_as_present": "y",
}  # fmt: skip


@both
def test_a_successor_of_a_used_rule_set_begins_when_the_old_one_ended(scene, at):
    scene.open()
    scene.open_poll()
    clerk, old = at("clerk"), db.session.query(RuleSet).filter(RuleSet.used_at.is_not(None)).one()
    both = clerk.post("/records/rule-sets/add", **RULES)
    assert (both.status_code, bool(error_at(both, "valid_from"))) == (422, True)
    assert clerk.post(f"/records/rule-sets/{old.id}/edit", **RULES).status_code == 409
    clerk.post(f"/records/rule-sets/{old.id}/end", valid_to="30/07/2026")
    db.session.expire_all()
    assert db.session.get(RuleSet, old.id).valid_to.year == 9999
    clerk.post(f"/records/rule-sets/{old.id}/end", valid_to="01/01/2027")
    db.session.expire_all()
    assert db.session.get(RuleSet, old.id).valid_to == dt.date(2027, 1, 1)
    assert clerk.post("/records/rule-sets/add", **RULES).status_code == 302
    new = db.session.query(RuleSet).filter_by(code="QC-2027").one()
    assert new.parameters["vote_change_allowed"] is False
    assert new.parameters["substitute_votes"] is False
    assert "QC-2027" in clerk.get(f"/records/rule-sets/{new.id}").text


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"quorum_numerator": "4"}, "quorum_numerator"), ({"majority_numerator": "2"}, "majority_numerator"),
        ({"majority_denominator": "3"}, "majority_numerator"), ({"quorum_denominator": "0"}, "quorum_denominator"),
        ({"papers_working_days": "366"}, "papers_working_days"), ({"tie": "coin"}, "tie"), ({"code": ""}, "code"),
        ({"legal_source": ""}, "legal_source"), ({"valid_to": "01/01/2027"}, "valid_to"),
    ],
)  # fmt: skip
def test_impossible_rules_are_refused_at_their_field(at, changed, field):
    page = at("clerk").post("/records/rule-sets/add", **{**RULES, **changed})
    assert page.status_code == 422
    assert error_at(page, field)
    assert db.session.query(RuleSet).filter_by(code="QC-2027").count() == 0


SLIPS = {
    "body_id": "1", "code": "QC-2027", "name": "Quy chế mới", "valid_from": "01/01/2027", "valid_to": "",
    "legal_source": "Nghị định mới", "min_working_days": "3", "max_working_days": "7", "ends_at": "16:30",
    "silence": "agree", "majority_numerator": "1", "majority_denominator": "2", "tie": "head",
    "reminder_hours": "48, 24,2", "most_per_day": "4",
}  # fmt: skip


@both
def test_rules_for_slips_are_entered_copied_and_kept_apart_from_those_for_meetings(at):
    clerk = at("clerk")
    old = db.session.query(RuleSet).filter_by(code="QC-191-2026", procedure="slip").one()
    clerk.post(f"/records/slip-rule-sets/{old.id}/end", valid_to="01/01/2027")
    assert clerk.post("/records/slip-rule-sets/add", **SLIPS).status_code == 302
    new = db.session.query(RuleSet).filter_by(code="QC-2027").one()
    assert [new.parameters[name] for name in ("silence", "answer_change_allowed", "reminder_hours", "ends_at")] == [
        "agree", False, [48, 24, 2], "16:30",
    ]  # fmt: skip
    assert new.procedure == "slip"
    copied = clerk.get(f"/records/slip-rule-sets/add?copy_of={new.id}")
    assert (value_of(copied, "reminder_hours"), value_of(copied, "max_working_days")) == ("48, 24, 2", "7")
    assert (value_of(copied, "name"), value_of(copied, "code")) == ("Quy chế mới", "")
    assert "48, 24, 2" in clerk.get(f"/records/slip-rule-sets/{new.id}").text
    meeting = db.session.query(RuleSet).filter_by(code="QC-191-2026", procedure="meeting").one()
    assert clerk.get(f"/records/rule-sets/{new.id}").status_code == 404
    assert clerk.get(f"/records/slip-rule-sets/{meeting.id}").status_code == 404
    assert clerk.get(f"/records/slip-rule-sets/add?copy_of={meeting.id}").status_code == 404
    edited = clerk.post(f"/records/slip-rule-sets/{new.id}/edit", **{**SLIPS, "reminder_hours": ""})
    assert edited.status_code == 302
    db.session.expire_all()
    assert db.session.get(RuleSet, new.id).parameters["reminder_hours"] == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"min_working_days": "8"}, "max_working_days"), ({"min_working_days": "0"}, "min_working_days"),
        ({"max_working_days": "61"}, "max_working_days"), ({"ends_at": "25:00"}, "ends_at"),
        ({"ends_at": ""}, "ends_at"), ({"silence": "maybe"}, "silence"),
        ({"reminder_hours": "4, 24"}, "reminder_hours"), ({"reminder_hours": "một ngày"}, "reminder_hours"),
        ({"reminder_hours": "999"}, "reminder_hours"),
        ({"most_per_day": "0"}, "most_per_day"), ({"majority_numerator": "2"}, "majority_numerator"),
        ({"code": ""}, "code"),
    ],
)  # fmt: skip
def test_impossible_rules_for_slips_are_refused_at_their_field(at, changed, field):
    page = at("clerk").post("/records/slip-rule-sets/add", **{**SLIPS, **changed})
    assert (page.status_code, bool(error_at(page, field))) == (422, True)
    assert db.session.query(RuleSet).filter_by(code="QC-2027").count() == 0


def test_a_rule_set_for_meetings_is_copied_too(at):
    meeting = db.session.query(RuleSet).filter_by(code="QC-191-2026", procedure="meeting").one()
    page = at("clerk").get(f"/records/rule-sets/add?copy_of={meeting.id}")
    assert (value_of(page, "name"), value_of(page, "papers_working_days")) == (meeting.name, "5")
    assert f"copy_of={meeting.id}" in at("clerk").get(f"/records/rule-sets/{meeting.id}").text


# -- keys -------------------------------------------------------------------------------------------------------------


def test_a_key_is_replaced_by_two_people_neither_of_them_its_owner(at):
    asked = {"person_id": person("Đỗ Thị Bốn"), "kind": "replace", "reason": "Mất thiết bị"}
    assert at("clerk").post("/records/recoveries/add", **asked).status_code == 302
    recovery = db.session.query(KeyRecovery).one()
    here = f"/records/recoveries/{recovery.id}"
    for name in ("clerk", "b"):
        at(name).post(f"{here}/approve")
        db.session.expire_all()
        assert db.session.get(KeyRecovery, recovery.id).approved_at is None, name
    assert at("records").post(f"{here}/approve").status_code == 302
    db.session.expire_all()
    key = db.session.query(SigningKey).filter_by(person_id=asked["person_id"]).one()
    assert key.state is KeyState.SUSPENDED
    empty = at("clerk").post("/records/recoveries/add", **{**asked, "reason": " "})
    assert (empty.status_code, bool(error_at(empty, "reason"))) == (422, True)


# -- accounts ---------------------------------------------------------------------------------------------------------


def test_an_account_is_made_and_its_password_is_told_once(app, at):
    admin = at("admin")
    at("clerk").post("/records/people/add", home_body_id="1", full_name="Đinh Thị Xuân")
    new = person("Đinh Thị Xuân")
    form = {"person_id": new, "username": "dtxuan", "email": "dtxuan@example.vn", "role": "van_phong"}
    told = admin.post("/records/accounts/add", **form)
    password = re.search(r'<code class="rec-password"[^>]*>([a-z0-9-]{19})</code>', told.text)[1]
    assert told.headers["Cache-Control"] == "no-store"
    assert password not in admin.get(f"/records/accounts/{new}").text
    signed_in = app.test_client().post("/login/", data={"username": "dtxuan", "password": password})
    assert signed_in.status_code in (302, 303)
    assert db.session.query(AuditEntry).filter_by(fact="AccountCreated").count() == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"username": "clerk"}, "username"), ({"username": "a b"}, "username"), ({"email": "nowhere"}, "email"),
        ({"email": "clerk@example.vn"}, "email"), ({"role": "Admin"}, "role"), ({"person_id": "1"}, "person_id"),
    ],
)  # fmt: skip
def test_an_impossible_account_is_refused_at_its_field(at, people, changed, field):
    new = identity.add_person(people["clerk"], 1, "Đinh Thị Xuân", now=NOW)
    form = {"person_id": new.id, "username": "dtxuan", "email": "dtxuan@example.vn", "role": "khach", **changed}
    page = at("admin").post("/records/accounts/add", **form)
    assert page.status_code == 422
    assert error_at(page, field)


def test_a_password_reset_ends_sessions_and_suspends_the_key(at):
    owner, admin = person("Phạm Văn Ba"), at("admin")
    assert at("a").get("/").status_code == 200
    assert admin.post(f"/records/accounts/{owner}/reset").status_code == 200
    assert at("a").get("/").status_code == 302
    assert db.session.query(SigningKey).filter_by(person_id=owner).one().state is KeyState.SUSPENDED
    done = db.session.query(AuditEntry).filter_by(actor_id=person("Lý Văn Mười Một"))
    assert {"AccountPasswordReset", "KeySuspendedFact", "SessionsEnded"} <= {entry.fact for entry in done}


def test_a_closed_account_signs_in_no_more_until_it_is_opened_again(app, at):
    owner, admin = person("Phạm Văn Ba"), at("admin")
    assert at("a").get("/").status_code == 200
    admin.post(f"/records/accounts/{owner}/close")
    assert at("a").get("/").status_code == 302
    tried = {"username": "a", "password": PASSWORD}
    assert app.test_client().post("/login/", data=tried).status_code not in (302, 303)
    admin.post(f"/records/accounts/{owner}/reopen")
    assert app.test_client().post("/login/", data=tried).status_code in (302, 303)


def test_nobody_changes_his_own_account(at, people):
    own = people["admin"].person_id
    for path, form in (("edit", {"role": "van_phong"}), ("close", {}), ("reset", {})):
        at("admin").post(f"/records/accounts/{own}/{path}", **form)
    assert {refusal.code for refusal in db.session.query(Refusal)} == {"own_account"}
    with pytest.raises(NotAllowed):
        accounts.set_role(people["clerk"], people["a"].person_id, "quan_tri", now=NOW)


def test_other_screens_end_the_sessions_of_the_account(at):
    owner = person("Phạm Văn Ba")
    assert at("a").get("/").status_code == 200
    assert at("admin").post(f"/records/accounts/{owner}/edit", role="khach").status_code == 302
    assert at("a").get("/").status_code == 302


def test_an_administrator_signs_one_device_out(at):
    assert at("a").get("/").status_code == 200
    session = db.session.query(LoginSession).filter(LoginSession.revoked_at.is_(None)).order_by(LoginSession.id).first()
    assert at("admin").post(f"/records/sessions/{session.id}/revoke").status_code == 302
    assert at("a").get("/").status_code == 302


# -- other bodies -----------------------------------------------------------------------------------------------------


@pytest.fixture
def province(scene, people):
    """The clerk of a People's Committee; everything of the scene belongs to the Government."""

    @use_case
    def move(_actor) -> None:
        clerk = db.session.get(Person, people["clerk"].person_id)
        clerk.home_body_id = 2
        for post in clerk.appointments:
            post.body_id = 2

    scene.invite()
    documents.add_paper(people["clerk"], scene.item_id, "Báo cáo", DocumentKind.BRIEF, now=NOW)
    scene.draft()
    move(SYSTEM)
    return scene


def test_rows_of_another_body_are_never_shown_whatever_the_address(province, at):
    clerk = at("clerk")
    for screen in ("meetings", "items", "papers", "polls", "seats", "absences", "organisations", "rule-sets", "keys",
                   "appointments", "member-staff", "recoveries", "versions", "calendar", "slip-rule-sets"):  # fmt: skip
        page = clerk.get(f"/records/{screen}/?_flt_0_meeting_id=1&_flt_0_body_id=1")
        shown = re.findall(r'<a class="rec-title"[^>]*>(.*?)</a>', page.text)
        assert shown in ([], ["Ngô Thị Bảy"]), screen
        for verb in ("", "/edit", "/delete"):
            assert clerk.get(f"/records/{screen}/1{verb}").status_code in (404, 405), (screen, verb)
            assert clerk.post(f"/records/{screen}/1{verb}").status_code in (303, 403, 404, 405), (screen, verb)
    assert [one["id"] for one in clerk.get("/records/picks/people").json] == [person("Ngô Thị Bảy")]
    assert clerk.get("/records/picks/organisations").json == []


def test_another_body_cannot_be_written_to_by_naming_it(province, at):
    clerk = at("clerk")
    assert clerk.post("/records/meetings/add", **MEETING).status_code == 422
    assert clerk.post("/records/people/add", home_body_id="1", full_name="Kẻ lạ").status_code == 422
    stolen = {"meeting_id": province.meeting_id, "title": "Nội dung lạ", "kind": "report", "planned_minutes": "5"}
    assert clerk.post("/records/items/add", **stolen).status_code in (303, 404, 422)
    assert clerk.post(f"/records/meetings/{province.meeting_id}/cancel", reason="phá").status_code in (303, 404)
    assert clerk.post(f"/records/items/{province.item_id}/move/1").status_code in (303, 404)
    db.session.expire_all()
    assert province.meeting.state is MeetingState.INVITED
    assert db.session.query(AgendaItem).count() == 1
    assert db.session.query(Meeting).count() == 1


def test_picks_are_for_forms_and_find_without_marks(at):
    assert at("clerk").get("/records/picks/people?q=do+bon").json[0]["text"] == "Đỗ Thị Bốn – Bộ trưởng Bộ Y tế"
    assert at("clerk").get("/records/picks/people?q=byt").json[0]["text"].startswith("Đỗ Thị Bốn")
    assert at("clerk").get("/records/picks/passwords").status_code == 404
    assert at("guest").get("/records/picks/people").status_code == 403
    assert db.session.query(Seat).filter_by(role=SeatRole.GUEST).count() == 0


def test_two_who_save_the_same_at_once_are_told_and_nothing_typed_is_lost(at, monkeypatch):
    from app.views.records_meetings import MeetingRecords

    def lost_the_race(*_args: object, **_kwargs: object) -> None:
        raise IntegrityError("INSERT", {}, ValueError("unique"))

    monkeypatch.setitem(MeetingRecords.acts, "add", lost_the_race)
    page = at("clerk").post("/records/meetings/add", **MEETING)
    assert page.status_code == 409
    assert value_of(page, "title") == "Phiên họp chuyên đề"
