"""The own calendar for other programs: a secret that is told once, opens the own matters alone, and can be revoked."""

import datetime as dt

import icalendar
import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from app.models import AuditEntry, CalendarFeed
from app.workflows import calendar_feeds, meetings, slip_closing
from app.workflows.engine.transaction import own_transaction
from app.workflows.rules import ical
from tests.cabinet import NOW
from tests.conftest import Scene, both
from tests.slipping import DEADLINE, SlipScene

URL = "https://hop.example.vn"
LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture
def slip(app):
    return SlipScene()


def events(actor, at=LATER):
    found = ical.calendar("Lịch", calendar_feeds.own_events(actor, URL, at), "x")
    return icalendar.Calendar.from_ical(found).walk("VEVENT")


@both
def test_a_token_opens_the_calendar_of_its_person_until_it_is_revoked(slip):
    actor = slip.who["a"]
    token = calendar_feeds.make_feed(actor, NOW)
    assert calendar_feeds.reader_of(token, LATER).person_id == actor.person_id
    assert calendar_feeds.own_feed(actor).created_at == NOW
    assert calendar_feeds.own_feed(slip.who["b"]) is None
    assert calendar_feeds.revoke_feed(actor, LATER) is True
    assert calendar_feeds.revoke_feed(actor, LATER) is False
    assert calendar_feeds.reader_of(token, LATER) is None


@both
def test_a_new_token_ends_the_one_before(slip):
    first = calendar_feeds.make_feed(slip.who["a"], NOW)
    second = calendar_feeds.make_feed(slip.who["a"], LATER)
    assert calendar_feeds.reader_of(first, LATER) is None
    assert calendar_feeds.reader_of(second, LATER) is not None
    living = select(CalendarFeed).where(CalendarFeed.revoked_at.is_(None))
    assert len(db.session.scalars(living).all()) == 1


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "a" * 65, "a" * 10_000, "ế" * 43, "\x00"])
def test_any_other_token_opens_nothing(slip, token):
    calendar_feeds.make_feed(slip.who["a"], NOW)
    assert calendar_feeds.reader_of(token, LATER) is None


def test_the_token_is_kept_nowhere(slip):
    token = calendar_feeds.make_feed(slip.who["a"], NOW)
    feed = db.session.scalars(select(CalendarFeed)).one()
    facts = db.session.scalars(select(AuditEntry).where(AuditEntry.fact == "CalendarFeedMade")).all()
    kept = str([feed.token_sha256, *(fact.payload for fact in facts)])
    assert token not in kept
    assert len(facts) == 1


def test_a_closed_account_reads_nothing(slip):
    token = calendar_feeds.make_feed(slip.who["a"], NOW)
    with own_transaction() as session:
        session.execute(db.text("UPDATE ab_user SET active = false WHERE username = 'a'"))
    assert calendar_feeds.reader_of(token, LATER) is None


@both
def test_the_calendar_holds_the_own_sessions_and_slips_and_nobody_elses(slip):
    scene = Scene()
    scene.invite()
    slip_id = slip.issue()
    found = {str(event["UID"]): event for event in events(slip.who["a"])}
    assert set(found) == {f"meeting-{scene.meeting_id}@hop.example.vn", f"slip-{slip_id}@hop.example.vn"}
    deadline = found[f"slip-{slip_id}@hop.example.vn"]
    assert (deadline["DTSTART"].dt, str(deadline["URL"])) == (DEADLINE, f"{URL}/slips/{slip_id}")
    assert slip.slip(slip_id).matter in str(deadline["SUMMARY"])
    assert len(deadline.walk("VALARM")) == 1
    assert [str(event["UID"]) for event in events(slip.who["records"])] == []


def test_no_answer_and_no_question_is_in_it(slip):
    slip_id = slip.issue()
    slip.answer("a", slip_id, "disagree", text="Nội dung riêng")
    text = ical.calendar("Lịch", calendar_feeds.own_events(slip.who["a"], URL, LATER), "x").decode()
    assert "Nội dung riêng" not in text.replace("\r\n ", "")
    assert "Đồng ý với dự thảo" not in text.replace("\r\n ", "")
    (event,) = events(slip.who["a"])
    assert event.walk("VALARM") == [], "nobody is rung for what is answered"


def test_what_was_recalled_or_called_off_is_crossed_out_and_counts_up(slip):
    scene = Scene()
    scene.invite()
    slip_id = slip.issue()
    before = {str(event["UID"]): int(event["SEQUENCE"]) for event in events(slip.who["a"])}
    meetings.cancel_meeting(slip.who["clerk"], scene.meeting_id, "Bận việc khác", NOW)
    slip_closing.recall_slip(slip.who["clerk"], slip_id, "Cần bổ sung", NOW)
    for event in events(slip.who["a"]):
        assert str(event["STATUS"]) == "CANCELLED"
        assert int(event["SEQUENCE"]) > before[str(event["UID"])]


@both
def test_the_database_lets_no_feed_be_given_to_somebody_else_or_opened_again(slip):
    calendar_feeds.make_feed(slip.who["a"], NOW)
    calendar_feeds.revoke_feed(slip.who["a"], LATER)
    changes = (
        update(CalendarFeed).values(person_id=slip.who["b"].person_id), update(CalendarFeed).values(revoked_at=None),
        update(CalendarFeed).values(token_sha256="0" * 64), delete(CalendarFeed),
    )  # fmt: skip
    for change in changes:
        with pytest.raises(DBAPIError, match="sealed"):
            db.session.execute(change)
        db.session.rollback()
