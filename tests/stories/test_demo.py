"""The demo that `make run` shows: complete, Vietnamese throughout, with evidence that holds, loaded once for all."""

import datetime as dt
import re
import sqlite3
import unicodedata
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask_migrate import upgrade
from sqlalchemy import func, select, text

from app import create_app, installation
from app.commands import sync_roles
from app.demo import holding, loader, sessions
from app.demo.backstage import Backstage
from app.demo.history import progress
from app.demo.presets import G2025_10
from app.demo.programme import GOVERNMENT, Vote
from app.extensions import db
from app.gateways import bundles, pades, signing, storage
from app.models import (
    Absence,
    AbsenceState,
    AgendaItem,
    Appointment,
    AuditEntry,
    Ballot,
    Body,
    Dispatch,
    Document,
    DocumentKind,
    DocumentVersion,
    DraftText,
    IssuedNumber,
    ItemKind,
    Job,
    KeyRecovery,
    Meeting,
    MeetingState,
    MemberStaff,
    Notice,
    NumberCancellation,
    Organisation,
    Outcome,
    Person,
    Poll,
    PollState,
    Presence,
    Refusal,
    Reply,
    Resolution,
    ResolutionState,
    RuleSet,
    SealKey,
    Seat,
    SeatRole,
    Secrecy,
    Setting,
    SignaturePicture,
    SigningKey,
    Slip,
    SlipQuestion,
    SlipState,
)
from app.workflows import (
    ballots,
    documents,
    draft_texts,
    evidence,
    explanations,
    inbox,
    meetings,
    polls,
    resolutions,
    session_planning,
    slip_board,
    slip_evidence,
    slip_rows,
    slip_waiting,
)
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import use_case
from app.workflows.engine.visibility import visible
from app.workflows.rules.calendar import HANOI, hanoi_date
from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.evidence import read_bundle
from app.workflows.rules.resolution import parse_text, strings
from tests.conftest import SETTINGS

NOW = dt.datetime(2026, 11, 20, 9, 10, tzinfo=HANOI).astimezone(dt.UTC)
QUICK = {"DEMO": True, "FAB_PASSWORD_HASH_METHOD": "pbkdf2:sha256:1"}
ENGLISH = re.compile(r"\b(the|of|and|demo|test|meeting|vote|report|draft|item|paper)\b", re.IGNORECASE)
SECOND = dt.timedelta(seconds=1)
BALLOTS = 6


class Interrupted(Exception):
    """As when the power fails."""


@contextmanager
def bare(address, owner=None, **settings):
    """An application on a migrated database without people, with a signer of its own; `owner` made the tables."""
    authority = signing.Authority.create(None, NOW - dt.timedelta(days=500), demo=True)
    gateways = {"SIGNER": (signing.MemorySigner(authority), authority.chain()), "STORE": storage.MemoryStorage()}
    whole = {**SETTINGS, **QUICK, **gateways, **settings}
    if owner:
        migrated(create_app(**whole, SQLALCHEMY_DATABASE_URI=owner))
    made = create_app(**whole, SQLALCHEMY_DATABASE_URI=address)
    if not owner:
        migrated(made)
    with made.app_context():
        yield made
        db.session.remove()
        db.engine.dispose()


def migrated(application):
    with application.app_context():
        upgrade(directory="migrations")
        sync_roles()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    with bare(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demo.db'}") as application:
        assert loader.load(NOW)
        yield application


@pytest.fixture
def demo(loaded):
    """The loaded demo, with its own signer chosen again after whatever other tests chose."""
    installation.choose_gateways(loaded)
    db.session.rollback()
    yield Backstage(G2025_10, loader.PIN)
    db.session.rollback()


@pytest.fixture(scope="module")
def migrated_home(tmp_path_factory):
    """An application on a migrated database without people, and a copy of that database."""
    path = tmp_path_factory.mktemp("empty") / "demo.db"
    with bare(f"sqlite:///{path}") as application:
        pass
    blank = sqlite3.connect(":memory:")
    with sqlite3.connect(path) as source:
        source.backup(blank)
    yield application, blank
    blank.close()


@pytest.fixture
def empty(migrated_home):
    """A migrated database in which nobody is, in demo mode."""
    application, blank = migrated_home
    installation.choose_gateways(application)
    application.config["DEMO"] = True
    with application.app_context():
        connection = db.engine.raw_connection()
        blank.backup(connection.driver_connection)
        connection.close()
        yield application
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def short(monkeypatch):
    """A history of one held session with one vote of six ballots, for tests about how it is told."""

    def history(members, now):
        laws = sessions.laws(sessions.calendar_around(now), members)
        session = replace(laws, items=(replace(laws.items[0], votes=(Vote(only=BALLOTS),)),))
        return [*holding.prepared(session), *holding.called(session), *holding.held(session)]

    monkeypatch.setattr(loader, "history", history)


def count(model, *criteria):
    return db.session.scalar(select(func.count()).select_from(model).where(*criteria))


def of_the_government(*criteria):
    body_id = db.session.scalars(select(Body.id).where(Body.code == "CP")).one()
    return list(db.session.scalars(select(Meeting).where(Meeting.body_id == body_id, *criteria)))


def ready():
    return of_the_government(Meeting.state == MeetingState.INVITED)[0]


def figures(poll):
    result = parse_canonical(evidence.standing_result(poll))
    return tuple(result[name] for name in ("agree", "disagree", "other", "not_voting", "in_room", "remote"))


def test_27_members_hold_keys_and_every_account_is_an_invented_person(demo):
    assert len(polls.members_of(demo.bodies["CP"], hanoi_date(NOW))) == count(SigningKey) == 27
    assert count(Person, Person.user_id.is_not(None)) == 35
    assert count(Person, Person.fictional.is_(False)) == 0


def test_there_is_a_session_in_every_state_that_a_list_shows(demo):
    states = Counter(meeting.state.value for meeting in of_the_government())
    assert states == {"closed": 3, "invited": 1, "postponed": 1, "cancelled": 1, "draft": 1}
    assert Counter(poll.state.value for poll in db.session.scalars(select(Poll))) == {
        "published": 8, "annulled": 1, "draft": 1
    }  # fmt: skip


def test_the_past_votes_came_out_as_the_story_says(demo):
    published = list(db.session.scalars(select(Poll).where(Poll.state == PollState.PUBLISHED).order_by(Poll.id)))
    assert [(poll.confirmed_outcome or poll.outcome, *figures(poll)) for poll in published] == [
        # outcome             agree, disagree, other, no ballot, in the room, remote
        (Outcome.ADOPTED,     24,    0,        0,     3,         22,          2),
        (Outcome.ADOPTED,     25,    0,        0,     2,         21,          4),
        (Outcome.NOT_ADOPTED, 12,    9,        3,     3,         20,          4),
        (Outcome.ADOPTED,     24,    0,        1,     2,         21,          4),
        (Outcome.ADOPTED,     25,    0,        0,     2,         21,          4),
        (Outcome.ADOPTED,     26,    1,        0,     0,         22,          5),
        (Outcome.ADOPTED,     13,    13,       1,     0,         22,          5),
        (Outcome.ADOPTED,     24,    2,        1,     0,         22,          5),
    ]  # fmt: skip
    tie = published[-2]
    assert tie.outcome is Outcome.TIE_CONFIRM
    assert tie.item.chair_id == demo.people["tv02"]


def test_one_vote_was_changed_one_opinion_reserved_and_one_vote_annulled_and_repeated(demo):
    assert count(Ballot, Ballot.supersedes_id.is_not(None)) == 1
    statements = [ballot.statement.statement for ballot in db.session.scalars(select(Ballot))]
    reserved = [said for said in map(parse_canonical, statements) if said["reservation"]]
    assert [bool(said["remark"]) for said in reserved] == [True]
    annulled = db.session.scalars(select(Poll).where(Poll.state == PollState.ANNULLED)).one()
    again = db.session.scalars(select(Poll).where(Poll.item_id == annulled.item_id, Poll.id != annulled.id)).one()
    assert annulled.annulment_reason
    assert (annulled.document_version.number, again.document_version.number) == (1, 2)


def test_the_evidence_of_every_vote_verifies(demo):
    over = select(Poll.id).where(Poll.state.in_([PollState.PUBLISHED, PollState.ANNULLED]))
    auditor = demo.who("kiemtoan", NOW)
    poll_ids = list(db.session.scalars(over))
    assert len(poll_ids) == 9
    for poll_id in poll_ids:
        files = read_bundle(evidence.bundle_of(auditor, poll_id, NOW))
        assert count(Ballot, Ballot.poll_id == poll_id) == sum(
            name.startswith("ballots/") and name.endswith(".p7s") for name in files
        )


def test_history_happened_in_order_and_before_now(demo):
    entries = db.session.execute(select(AuditEntry.fact, AuditEntry.at).order_by(AuditEntry.id)).all()
    assert {fact for fact, at in entries if at > NOW} == {"MinutesMade"}  # printed by a job, when that came to it
    for meeting in of_the_government():
        told = [at for at in (meeting.invited_at, meeting.opened_at, meeting.closed_at) if at]
        assert told == sorted(told)
        if meeting.opened_at:
            assert meeting.opened_at == meeting.starts_at
    days = {meeting.held_on.weekday() for meeting in of_the_government(Meeting.state != MeetingState.INVITED)}
    assert max(days) < sessions.SATURDAY


def test_the_session_that_is_ready_can_be_opened_at_once(demo):
    meeting = ready()
    here = polls.require_quorum(meeting)
    assert (here.members, here.in_room, here.remote) == (27, 20, 3)
    assert meeting.starts_at == dt.datetime(2026, 11, 20, 9, 30, tzinfo=HANOI)
    assert meetings.LIFECYCLE.admit("open", meeting, demo.who("thutuong", NOW)).target is MeetingState.OPEN


def test_its_members_answered_in_every_way(demo):
    seats = ready().seats
    replies = Counter(seat.reply for seat in seats if seat.is_member)
    assert replies == {Reply.IN_ROOM: 20, Reply.REMOTE: 4, Reply.ABSENT: 2, Reply.NONE: 1}
    absences = {absence.member_id: absence.state for absence in db.session.scalars(
        select(Absence).where(Absence.meeting_id == ready().id)
    )}  # fmt: skip
    assert absences == {
        demo.people["tv21"]: AbsenceState.APPROVED, demo.people["tv20"]: AbsenceState.REQUESTED
    }  # fmt: skip
    by_role = {seat.role: seat.person_id for seat in seats if seat.role is not SeatRole.ATTENDEE}
    assert by_role == {
        SeatRole.CHAIR: demo.people["thutuong"], SeatRole.SECRETARY: demo.people["chuyenvien"],
        SeatRole.SUBSTITUTE: demo.people["thutruong.bkhcn"], SeatRole.GUEST: demo.people["khachmoi"],
    }  # fmt: skip
    away = {seat.person_id for seat in seats if seat.is_member and seat.presence is Presence.AWAY}
    assert away == {demo.people[handle] for handle in ("tv17", "tv20", "tv21", "tv26")}


def test_the_secret_matter_is_a_placeholder_without_any_file(demo):
    secret = db.session.scalars(select(Document).where(Document.secrecy != Secrecy.NONE)).one()
    assert secret.item.meeting_id == ready().id
    assert secret.item.organisation.abbreviation == "BQP"
    assert (secret.versions, bool(secret.paper_number)) == ([], True)


def test_every_matter_comes_with_its_papers_of_several_pages(demo):
    over = Meeting.state.in_([MeetingState.CLOSED, MeetingState.INVITED])
    for meeting in of_the_government(over):
        for item in db.session.scalars(select(AgendaItem).where(AgendaItem.meeting_id == meeting.id)):
            papers = list(db.session.scalars(select(Document).where(Document.item_id == item.id)))
            wanted = {ItemKind.DECISION: 4, ItemKind.REPORT: 2, ItemKind.DISCUSSION: 1}[item.kind]
            assert (item.title, len(papers)) == (item.title, wanted)
            assert all(paper.current for paper in papers) or item.kind is ItemKind.DISCUSSION
            assert item.summary
    pages = list(db.session.scalars(select(DocumentVersion.pages)))
    assert (len(pages), min(pages)) == (55, 2)  # six of them are drafts of slips


def issued(state):
    return list(db.session.scalars(select(Resolution).where(Resolution.state == state).order_by(Resolution.id)))


def test_every_draft_was_written_as_text_and_every_resolution_says_what_was_voted(demo):
    drafts = select(DocumentVersion).join(Document).where(Document.kind == DocumentKind.DRAFT_RESOLUTION)
    assert all(draft_texts.text_of(version) for version in db.session.scalars(drafts))
    for resolution in db.session.scalars(select(Resolution)):
        version = resolution.versions[-1]
        assert resolutions.differs(version) == bool(version.reason), resolution.subject
    assert [bool(each.versions[-1].reason) for each in issued(ResolutionState.RECALLED)] == [True]


def test_resolutions_stand_at_every_stage_that_a_list_shows(demo):
    states = Counter(resolution.state.value for resolution in db.session.scalars(select(Resolution)))
    assert states == {"promulgated": 2, "replaced": 1, "recalled": 1, "abandoned": 1, "signed": 1, "presented": 1,
                      "drafting": 1}  # fmt: skip
    numbers = [number.text for number in db.session.scalars(select(IssuedNumber).order_by(IssuedNumber.id))]
    assert numbers == ["184/NQ-CP", "185/NQ-CP", "186/NQ-CP", "187/NQ-CP", "188/NQ-CP"]
    cancelled = db.session.scalars(select(NumberCancellation)).one()
    assert (cancelled.number.text, cancelled.number.resolution.state) == ("188/NQ-CP", ResolutionState.ABANDONED)
    (old,), (_first, new) = issued(ResolutionState.REPLACED), issued(ResolutionState.PROMULGATED)
    assert (new.replaces_id, new.signer_id) == (old.id, demo.people["tv05"])
    assert "thay thế Nghị quyết" in new.versions[-1].text.decode()


def test_promulgation_took_about_a_minute_and_never_equally_long(demo):
    out = [each for each in db.session.scalars(select(Resolution)) if each.promulgated_at]
    seconds = [(each.promulgated_at - each.poll.closed_at).total_seconds() for each in out]
    assert len(set(seconds)) == len(seconds) == 4
    assert all(55 <= each <= 100 for each in seconds)
    for each in out:
        stages = [each.poll.closed_at, each.poll.published_at, each.drafted_at, each.presented_at, each.signed_at,
                  each.numbered_at, each.sealed_at, each.promulgated_at]  # fmt: skip
        assert stages == sorted(set(stages))


def test_most_recipients_have_confirmed_and_some_have_not(demo):
    for resolution in (*issued(ResolutionState.PROMULGATED), *issued(ResolutionState.RECALLED)):
        received = [dispatch for dispatch in resolution.dispatches if dispatch.received_at]
        assert len(resolution.dispatches) == 44
        assert 0.75 < len(received) / 44 < 1
    (recalled,) = issued(ResolutionState.RECALLED)
    assert sum(dispatch.recall_seen_at is not None for dispatch in recalled.dispatches) > 33


def of_slip(*states):
    return list(db.session.scalars(select(Slip).where(Slip.state.in_(states)).order_by(Slip.id)))


def test_slips_stand_at_every_stage_that_a_newcomer_looks_for(demo):
    told = [(slip.state.value, slip.urgency.value, len(slip_rows.standing(slip.id))) for slip in of_slip(*SlipState)]
    assert told == [
        ("decided", "normal", 22), ("reported", "normal", 23), ("draft", "normal", 0), ("issued", "normal", 15),
        ("issued", "normal", 0), ("submitted", "normal", 0), ("issued", "express", 0),
    ]  # fmt: skip
    for slip in of_slip(SlipState.ISSUED):
        assert slip.issued_at < NOW < slip.deadline_at
    (decided,), (reported,) = of_slip(SlipState.DECIDED), of_slip(SlipState.REPORTED)
    boards = [slip_board.board_of(demo.who("chuyenvien", NOW), slip.id, NOW).counts for slip in (decided, reported)]
    assert [sum(counts.values()) for counts in boards] == [27, 27]
    assert [counts[slip_board.Column.DEEMED] for counts in boards] == [5, 4]
    assert db.session.scalars(select(Resolution).where(Resolution.slip_id == decided.id)).one().subject


def test_the_calendar_proposes_a_thursday_afternoon_with_twenty_free_members(demo):
    found = session_planning.proposals(demo.who("chuyenvien", NOW), demo.bodies[GOVERNMENT], NOW)
    first = found.slots[0]
    begins = first.begins_at.astimezone(HANOI)
    assert (begins.weekday(), f"{begins:%H:%M}", len(first.free), len(found.names)) == (3, "14:00", 20, 27)
    assert first.free[0] == demo.people["thutuong"]
    assert len(found.away[first.begins_at]) == 7



def test_members_find_their_slips_waiting_and_the_head_the_report(demo):
    kinds = {task.kind.value for task in inbox.waiting_for(demo.who("thutuong", NOW), NOW)}
    assert {"opinion", "decide"} <= kinds
    for handle, left in (("tv03", 2), ("tv04", 3)):  # every second member has answered the third one
        assert len(slip_waiting.waiting_slips(demo.who(handle, NOW), NOW)) == left


def test_opinions_of_the_reported_slip_are_joined_explained_and_linked_to_the_new_draft(demo):
    (slip,) = of_slip(SlipState.REPORTED)
    table = explanations.table_of(demo.who("chuyenvien", NOW), slip.id)
    assert table.synthesis.table.submitted_at < NOW
    assert not table.open_rows
    assert [(row.row.number, len(row.row.sources), row.said.stance) for row in table.rows if row.said.path] == [
        (1, 2, "accepted")
    ]  # fmt: skip
    assert table.synthesis.opinions == len(table.rows) + 2


def test_the_evidence_of_every_closed_slip_verifies(demo, tmp_path):
    for slip in of_slip(SlipState.DECIDED, SlipState.REPORTED):
        bundle = tmp_path / f"{slip.id}.zip"
        bundle.write_bytes(slip_evidence.bundle_of(demo.who("kiemtoan", NOW), slip.id, NOW))
        account = bundles.examine(bundle, "vi")
        assert account.state == "valid", account.said


def test_every_promulgated_resolution_is_validly_signed_and_sealed(demo):
    for resolution in db.session.scalars(select(Resolution).where(Resolution.promulgated_at.is_not(None))):
        with storage.store().open(resolution.files[-1].sha256) as stored:
            pdf = stored.read()
        pins = [pades.Expected(each.role.value, each.statement.certificate.der) for each in resolution.signatures]
        verdict = pades.verdict(pdf, pins, signing.trusted(), NOW)
        assert (verdict.state, verdict.reasons) == ("valid", ())
        signer = db.session.get_one(Person, resolution.signer_id)
        assert [seen.name for seen in verdict.signers] == [signer.full_name, "Chính phủ"]


@pytest.mark.parametrize(
    ("handle", "kind"),
    [("thutuong", "sign"), ("vanthu", "issue"), ("chuyenvien", "draft"), ("tv05", "receive"), ("tv14", "receive")],
)
def test_everybody_finds_the_work_of_a_resolution_waiting(demo, handle, kind):
    assert kind in {task.kind.value for task in inbox.waiting_for(demo.who(handle, NOW), NOW)}


@pytest.mark.parametrize(
    ("handle", "tables"),
    [
        ("chuyenvien", (Meeting, AgendaItem, Document, DocumentVersion, Poll, Seat, Absence, Organisation, Person,
                        Appointment, MemberStaff, RuleSet, SigningKey, KeyRecovery, Notice, Resolution)),
        ("vanthu", (Resolution, IssuedNumber, SealKey, SignaturePicture, Dispatch)),
        ("kiemtoan", (Meeting, Poll, Ballot, AuditEntry, Refusal)),
        ("quantri", (Job, Person)),
        ("khachmoi", (Meeting, AgendaItem, Document, Poll, Notice)),
        ("thutruong.bkhcn", (Meeting, AgendaItem, Document, Notice)),
    ],
)  # fmt: skip
def test_no_list_is_empty(demo, handle, tables):
    actor = demo.who(handle, NOW)
    assert [table.__name__ for table in tables if not count(table, visible(actor, table))] == []


def test_what_is_new_waits_and_what_is_old_was_read(demo):
    unread = Counter(db.session.scalars(select(Notice.person_id).where(Notice.read_at.is_(None))))
    assert unread[demo.people["tv05"]] >= 2
    assert count(Notice, Notice.read_at.is_not(None)) > count(Notice, Notice.read_at.is_(None))


def test_the_province_has_a_session_that_the_government_does_not_see(demo):
    theirs = db.session.scalars(select(Meeting).where(Meeting.body_id == demo.bodies["UBND-LC"])).one()
    assert len(theirs.seats) == 7
    for handle in ("thutuong", "chuyenvien", "kiemtoan"):
        assert count(Meeting, visible(demo.who(handle, NOW), Meeting), Meeting.id == theirs.id) == 0
    assert count(Meeting, visible(demo.who("laocai.01", NOW), Meeting)) == 1


def test_titles_and_texts_are_composed_vietnamese(demo):
    said = [
        *db.session.scalars(select(Meeting.title)), *db.session.scalars(select(AgendaItem.title)),
        *db.session.scalars(select(AgendaItem.summary)), *db.session.scalars(select(Document.title)),
        *db.session.scalars(select(Poll.question)), *db.session.scalars(select(Absence.reason)),
        *db.session.scalars(select(Meeting.state_reason)), *db.session.scalars(select(Poll.annulment_reason)),
        *db.session.scalars(select(Slip.matter)), *db.session.scalars(select(Slip.legal_basis)),
        *db.session.scalars(select(SlipQuestion.text)), *db.session.scalars(select(Slip.reason)),
        *db.session.scalars(select(Resolution.subject)), *db.session.scalars(select(Resolution.reason)),
        *(line for text in db.session.scalars(select(DraftText.text)) for line in strings(parse_text(text))),
    ]  # fmt: skip
    assert [words for words in said if ENGLISH.search(words)] == []
    assert [words for words in said if not unicodedata.is_normalized("NFC", words) or "{" in words] == []


def test_a_second_load_changes_nothing(demo):
    before = rows()
    assert not loader.load(NOW + dt.timedelta(days=3))
    assert rows() == before


def rows():
    return {name: count(table) for name, table in db.metadata.tables.items()}


@pytest.mark.parametrize("broken", [ballots, documents, meetings])
def test_an_interrupted_load_is_completed_by_the_next_one(empty, short, monkeypatch, broken):
    act = {ballots: "cast_ballot", documents: "add_version", meetings: "end_meeting"}[broken]
    real, calls = getattr(broken, act), []

    def failing(*args, **kwargs):
        calls.append(1)
        if len(calls) == (1 if broken is meetings else 3):
            raise Interrupted
        return real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(broken, act, failing)
        with pytest.raises(Interrupted):
            loader.load(NOW)
    db.session.rollback()
    assert installation.is_demo_database()
    assert not progress().complete
    assert loader.load(NOW + dt.timedelta(hours=2))
    assert progress().complete
    complete_and_sound()


def test_an_interrupted_founding_is_completed_by_the_next_load(empty, short, monkeypatch):
    def failing(*_args):
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(loader, "found", failing)
        with pytest.raises(Interrupted):
            loader.load(NOW)
    assert installation.is_demo_database()
    assert loader.load(NOW)
    complete_and_sound()


def complete_and_sound():
    """The short history, each thing once, with evidence that verifies."""
    assert (count(Meeting), count(AgendaItem), count(DocumentVersion)) == (1, 1, 4)
    assert (count(Poll), count(Ballot)) == (1, BALLOTS)
    auditor = Backstage(G2025_10, loader.PIN).who("kiemtoan", NOW)
    for poll_id in list(db.session.scalars(select(Poll.id))):
        assert evidence.bundle_of(auditor, poll_id, NOW)


def test_the_demo_is_loaded_on_postgresql_by_the_role_that_owns_nothing(postgres_server, short):
    postgres_server.create_database("ecab_demo")
    try:
        address, owner = postgres_server.url("ecab_demo"), postgres_server.url("ecab_demo", "ecab_owner")
        with bare(address, owner, APP_ROLE="ecab_app"):
            assert loader.load(NOW)
            assert not loader.load(NOW)
            complete_and_sound()
    finally:
        postgres_server.drop_database("ecab_demo")


def test_nothing_is_loaded_outside_demo_mode(empty):
    empty.config["DEMO"] = False
    with pytest.raises(loader.NoDemo, match="ECABINET_DEMO=1"):
        loader.load(NOW)
    assert (count(Setting), count(Body)) == (0, 0)


def test_nothing_is_loaded_into_data_without_the_mark(empty):
    write_a_body(SYSTEM)
    before = rows()
    with pytest.raises(loader.NoDemo, match="no demo"):
        loader.load(NOW)
    assert rows() == before
    with pytest.raises(installation.WrongDatabase, match="without the demo mark"):
        installation.check_demo_mark(empty)


@use_case
def write_a_body(_actor):
    db.session.execute(text("INSERT INTO body (code, name, kind, place) VALUES ('X', 'X', 'government', 'X')"))


def test_a_demo_database_is_served_in_demo_mode_only(demo, loaded):
    installation.check_demo_mark(loaded)
    loaded.config["DEMO"] = False
    try:
        with pytest.raises(installation.WrongDatabase, match="demo database"):
            installation.check_demo_mark(loaded)
    finally:
        loaded.config["DEMO"] = True


def test_an_empty_database_is_served_in_either_mode(empty):
    installation.check_demo_mark(empty)
    empty.config["DEMO"] = False
    installation.check_demo_mark(empty)


def test_the_command_says_what_it_did_and_why_it_refuses(empty, short):
    run = empty.test_cli_runner().invoke
    assert "The demo is loaded\n" in run(args=["demo", "load"]).output
    assert "The demo is loaded already\n" in run(args=["demo", "load"]).output
    empty.config["DEMO"] = False
    refused = run(args=["demo", "load"])
    assert (refused.exit_code, "make run" in refused.output) == (1, True)


def test_the_authority_and_the_installation_key_are_made_once_for_the_owner_alone(tmp_path):
    folders = {"KEYS": tmp_path / "keys", "AUTHORITY": tmp_path / "authority"}
    key = tmp_path / "installation.key"
    settings = {**SETTINGS, **QUICK, **folders, "INSTALLATION_KEY": key, "STORE": storage.MemoryStorage()}
    made = create_app(**settings, SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'x.db'}")
    with made.app_context():
        loader._prepare_signer(NOW)
        chain, secret = signing.trusted(), key.read_bytes()
        loader._prepare_signer(NOW + SECOND)
        assert (signing.trusted(), key.read_bytes()) == (chain, secret)
        assert key.stat().st_mode & 0o777 == 0o600
        assert folders["AUTHORITY"].stat().st_mode & 0o077 == 0
        assert b"DEMO" in chain[0]
        enrolled = signing.signer().enrol("Nguyễn Giả Định", "Bộ trưởng", "Bộ X", loader.PIN, NOW, 10)
        assert b"DEMO" in enrolled.certificate_der


@pytest.mark.parametrize(
    ("now", "starts"),
    [
        ("2026-11-20T00:10", "2026-11-20T08:00"),
        ("2026-11-20T06:00", "2026-11-20T06:30"),
        ("2026-11-20T09:29", "2026-11-20T09:30"),
        ("2026-11-20T09:30", "2026-11-20T10:00"),
        ("2026-11-20T19:59", "2026-11-20T20:00"),
        ("2026-11-20T20:00", "2026-11-20T20:30"),
        ("2026-12-31T23:30", "2026-12-31T23:59"),
    ],
)
def test_the_next_session_starts_at_the_next_half_hour_of_the_day(now, starts):
    """Today at any hour: on another day nobody could check in yet."""
    moment = dt.datetime.fromisoformat(now).replace(tzinfo=HANOI)
    assert sessions.next_start(moment) == dt.datetime.fromisoformat(starts).replace(tzinfo=HANOI)


@pytest.mark.parametrize("day", [dt.date(2026, 11, 1), dt.date(2026, 11, 30), dt.date(2027, 3, 1), dt.date(2028, 2, 29),
                                 dt.date(2027, 8, 10), dt.date(2027, 10, 4)])  # fmt: skip
def test_on_any_day_the_sessions_have_titles_of_their_own_and_lie_where_they_should(day):
    now = dt.datetime.combine(day, dt.time(10, 10), HANOI)
    on = sessions.calendar_around(now)
    members = tuple(figure.handle for figure in G2025_10.government.figures if figure.signs)
    made = [build(on, members) for build in (sessions.summer, sessions.last_month, sessions.laws, sessions.storm,
                                             sessions.put_off, sessions.ready, sessions.next_month)]  # fmt: skip
    assert len({session.title for session in made}) == 7
    assert on.summer < on.last_month < on.laws < now < on.ready < on.put_off < on.next_month
    assert on.founded.date() >= G2025_10.since
    past = [step for step in loader.history(members, now) if step.at > now]
    assert past == []
