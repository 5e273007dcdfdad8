"""A digest tells each person what that person may see and has to do, in a fixed number of statements."""

import datetime as dt
import io
import json
from contextlib import contextmanager

from flask_babel import force_locale
from sqlalchemy import event

from app.extensions import db
from app.gateways.paper import digest, page_texts
from app.models import Appointment, Body, DocumentKind, MeetingKind, Office, SeatRole, Urgency
from app.workflows import agenda, digest_sections, documents, meetings
from app.workflows.digest_words import LINES, MARKS, NAMES, TITLES, sheet_of
from app.workflows.engine.rights import NOBODY
from app.workflows.inbox import TaskKind
from app.workflows.rules.digest import CHANGED, NEW, OPEN, DigestContent
from app.workflows.rules.digest import NOW as NOW_MARK
from app.workflows.rules.timetable import OPENING, PAPERS
from tests.cabinet import NOW, TODAY, actors
from tests.conftest import Scene, both
from tests.gateways.upload_corpus import blank
from tests.resolving import Resolving
from tests.slipping import DEADLINE, SlipScene

YESTERDAY = NOW - dt.timedelta(days=1)
LATER = NOW + dt.timedelta(hours=2)


def told(name, since=YESTERDAY, now=LATER, day=TODAY):
    body = db.session.get_one(Body, 1)
    return digest_sections.daily(actors()[name], body, day, since, now)


def keys(content):
    return [section.key for section in content.sections] if content else []


def lines(content, key):
    return next((section.lines for section in content.sections if section.key == key), ()) if content else ()


def add_paper(scene, title, at=NOW, item_id=None):
    paper = documents.add_paper(scene.who["clerk"], item_id or scene.item_id, title, DocumentKind.SUBMISSION, now=at)
    return add_version(scene, paper.id, at)


def add_version(scene, paper_id, at=NOW):
    return documents.add_version(scene.who["clerk"], paper_id, "a.pdf", io.BytesIO(blank(1)), now=at)


def words_of(content):
    with force_locale("vi"):
        return sheet_of(content)


def test_who_has_nothing_to_be_told_gets_no_digest(scene):
    assert [told(name) for name in ("a", "guest", "admin")] == [None] * 3


def test_the_sessions_of_the_day_come_with_what_is_in_them(scene):
    add_paper(scene, "Tờ trình")
    scene.invite()
    (session, paper) = lines(told("a"), "sessions")
    assert (session.kind, session.at, session.address) == (
        "session", scene.meeting.starts_at, f"/meetings/{scene.meeting_id}",
    )  # fmt: skip
    about = {"title": "Phiên họp thường kỳ", "place": "Phòng họp số 1"}
    assert session.told == about | {"items": 1, "papers": 1, "new": 1}
    assert (paper.told["title"], paper.marks, paper.below) == ("Tờ trình", (NEW,), True)
    assert lines(told("a", day=TODAY + dt.timedelta(days=1)), "sessions") == ()


def test_a_session_that_is_not_called_or_was_called_off_is_not_told(scene):
    assert told("a") is None
    assert told("clerk") is None  # prepares it and needs no digest to know
    scene.invite()
    assert keys(told("a")) == ["sessions", "waiting"]
    meetings.cancel_meeting(scene.who["clerk"], scene.meeting_id, "Bận việc khác", scene.now)
    assert told("a") is None


def test_a_session_under_way_says_so(scene):
    scene.open()
    assert lines(told("a"), "sessions")[0].marks == (OPEN,)


def test_new_papers_are_those_released_since_the_last_digest(scene):
    """What was uploaded before the invitation is new to members when the invitation is issued."""
    first = add_paper(scene, "Tờ trình", YESTERDAY - dt.timedelta(days=3))
    scene.invite()
    assert [line.below for line in lines(told("a", since=YESTERDAY), "sessions")] == [False, True]
    assert [line.below for line in lines(told("a", since=NOW), "sessions")] == [False]
    add_version(scene, first.document_id, LATER)
    _, changed = lines(told("a", since=NOW), "sessions")
    assert (changed.told["version"], changed.marks) == (2, (CHANGED,))
    with force_locale("en"):
        pages = page_texts(digest(sheet_of(told("a", since=NOW))))
    assert "Tờ trình (version 2)" in " ".join(pages)


def test_a_guest_is_told_of_the_papers_of_his_own_items_only(scene):
    clerk = scene.who["clerk"]
    other = agenda.add_item(clerk, scene.meeting_id, "Nội dung khác", "report", now=NOW).id
    meetings.add_seat(clerk, scene.meeting_id, scene.who["guest"].person_id, SeatRole.GUEST, NOW, (scene.item_id,))
    add_paper(scene, "Tài liệu được xem")
    add_paper(scene, "Tài liệu không được xem", item_id=other)
    scene.invite()
    session, *papers = lines(told("guest"), "sessions")
    assert (session.told["items"], [paper.told["title"] for paper in papers]) == (1, ["Tài liệu được xem"])
    assert len(lines(told("a"), "sessions")) == 3


def test_what_waits_is_what_waits_on_the_start_page(scene):
    poll = scene.open().open_poll()
    (vote, *_others) = lines(told("a"), "waiting")
    assert (vote.kind, vote.address) == ("task.vote", f"/polls/{poll.id}")
    scene.vote("a", poll.id, "agree")
    assert "task.vote" not in [line.kind for line in lines(told("a"), "waiting")]
    assert "task.vote" in [line.kind for line in lines(told("b"), "waiting")]


def test_resolutions_are_told_once_they_are_promulgated_and_only_since_the_last_digest(app):
    scene = Resolving().up_to("promulgated", urgency=Urgency.EXPRESS)
    (line,) = lines(told("a"), "promulgated")
    assert (line.kind, line.address, line.at) == (
        "resolution", f"/resolutions/{scene.resolution_id}", scene.resolution.promulgated_at,
    )  # fmt: skip
    assert line.told["number"] == scene.resolution.number.text
    assert line.marks == ("express",)
    assert lines(told("a", since=scene.resolution.promulgated_at), "promulgated") == ()
    assert lines(told("a", now=scene.resolution.signed_at), "promulgated") == ()
    assert "guest" not in str(told("guest"))
    assert told("guest") is None
    scene.recalled()
    assert lines(told("a"), "promulgated") == ()


@both
def test_slips_that_wait_for_an_answer_are_told_with_their_deadline_until_it_is_given(app):
    slip = SlipScene()
    first, second = slip.issue(urgency=Urgency.EXPRESS), slip.issue()
    slip.answer("a", second)
    (line,) = lines(told("a"), "slips")
    assert (line.kind, line.at, line.address, line.marks) == ("slip", DEADLINE, f"/slips/{first}", ("express",))
    assert line.told["title"] == slip.slip(first).matter
    last_day = DEADLINE - dt.timedelta(hours=23)
    assert lines(told("a", now=last_day), "slips")[0].marks == (NOW_MARK, "express")
    assert lines(told("a", now=DEADLINE), "slips") == ()
    assert [line.address for line in lines(told("b"), "slips")] == [f"/slips/{first}", f"/slips/{second}"]
    assert lines(told("clerk"), "slips") == ()
    assert [line.kind for line in lines(told("a"), "waiting") if line.kind == "task.opinion"] == []
    with force_locale("en"):
        pages = page_texts(digest(sheet_of(told("a"))))
    assert slip.slip(first).number_text in " ".join(pages)


def test_nobody_is_told_nothing_and_another_body_tells_nothing(scene):
    scene.open()
    body = db.session.get_one(Body, 2)
    assert digest_sections.daily(NOBODY, db.session.get_one(Body, 1), TODAY, YESTERDAY, LATER) is None
    elsewhere = digest_sections.daily(scene.who["auditor"], body, TODAY, YESTERDAY, LATER)
    assert elsewhere is None


@both
def test_who_holds_posts_in_two_bodies_is_told_in_each_digest_of_that_body_alone(scene):
    post = {"office": Office.HEAD, "post": "Chủ tịch UBND tỉnh", "rank": 1, "valid_from": TODAY}
    db.session.add(Appointment(body_id=2, person_id=scene.who["a"].person_id, **post))
    db.session.commit()
    scene.invite()
    government, province = (db.session.get_one(Body, each) for each in (1, 2))
    assert keys(digest_sections.daily(actors()["a"], government, TODAY, YESTERDAY, LATER)) == ["sessions", "waiting"]
    assert digest_sections.daily(actors()["a"], province, TODAY, YESTERDAY, LATER) is None


def test_a_session_digest_tells_of_this_session_alone(scene):
    clerk = scene.who["clerk"]
    add_paper(scene, "Tờ trình")
    scene.invite()
    other = meetings.create_meeting(
        clerk, 1, MeetingKind.THEMATIC, "Phiên họp khác", NOW + dt.timedelta(hours=5), "Phòng 2", now=NOW
    )
    agenda.add_item(clerk, other.id, "Nội dung khác", "report", now=NOW)
    meetings.issue_invitation(clerk, other.id, now=NOW)
    content = digest_sections.session(actors()["a"], scene.meeting, PAPERS, YESTERDAY, LATER)
    assert keys(content) == ["papers", "waiting", "agenda"]
    assert [line.told["title"] for line in lines(content, "waiting")] == ["Phiên họp thường kỳ"]
    assert content.occasion.why == PAPERS
    told_now = digest_sections.session(actors()["a"], scene.meeting, OPENING, LATER, LATER)
    assert keys(told_now) == ["waiting", "agenda"]
    assert digest_sections.session(actors()["admin"], scene.meeting, OPENING, YESTERDAY, LATER) is None


def test_what_is_kept_is_read_back_and_said_in_either_language(scene):
    add_paper(scene, "Tờ trình")
    content = told("b") or (scene.invite() and told("b"))
    kept = DigestContent.parse(json.loads(json.dumps(content.as_dict())))
    assert words_of(kept) == words_of(content)
    with force_locale("en"):
        sheet = sheet_of(kept)
    assert (sheet.name, sheet.about) == ("Daily digest", "Thursday, 30/7/2026")
    assert sheet.parts[1].entries[0].title == "Confirm attendance: Phiên họp thường kỳ"
    assert sheet.parts[0].entries[0].time == "09:00"
    assert words_of(kept).about.startswith("Thứ Năm, ")


def test_everything_that_may_be_told_has_words(app):
    assert {f"task.{kind}" for kind in TaskKind} <= set(LINES)
    assert set(digest_sections.ADDRESSES) == set(TaskKind)
    assert set(digest_sections.SECTIONS) | set(digest_sections.SESSION_SECTIONS) == set(TITLES)
    assert set(NAMES) == {"daily", OPENING, PAPERS}
    assert {urgency.value for urgency in Urgency} < set(MARKS)


def test_every_address_of_a_task_exists(app):
    known = app.url_map.bind("localhost")
    for pattern in digest_sections.ADDRESSES.values():
        assert known.match(pattern.format(id=1, meeting=1))


@contextmanager
def counted():
    """The statements sent to the database meanwhile."""
    sent = []

    def note(_connection, _cursor, statement, *_rest):
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def statements_for(name):
    person, body = actors()[name], db.session.get_one(Body, 1)
    db.session.expire_all()
    body.name  # noqa: B018 - loaded before the counting begins
    with counted() as sent:
        digest_sections.daily(person, body, TODAY, YESTERDAY, LATER)
    return len(sent)


@both
def test_more_to_tell_takes_no_more_statements(app):
    scene = Scene()
    add_paper(scene, "Tờ trình")
    scene.invite()
    few = statements_for("a")
    clerk = scene.who["clerk"]
    for n in range(6):
        meeting = meetings.create_meeting(
            clerk, 1, MeetingKind.THEMATIC, f"Phiên họp {n}", NOW + dt.timedelta(hours=n + 2), "Phòng", now=NOW
        )
        item = agenda.add_item(clerk, meeting.id, "Nội dung", "report", now=NOW).id
        for _ in range(2):
            add_paper(scene, f"Tài liệu {n}", item_id=item)
        meetings.issue_invitation(clerk, meeting.id, now=NOW)
    assert len(lines(told("a"), "sessions")) == 20
    assert statements_for("a") == few
    assert few <= 17
