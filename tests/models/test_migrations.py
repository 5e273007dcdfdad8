"""Migrations go up and down on both databases, keep every row, and refuse to drop what was signed."""

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import insert, inspect, text, update
from sqlalchemy.exc import IntegrityError

from app import create_app
from app.commands import sync_roles
from app.extensions import db
from app.gateways import passkeys
from app.models import (
    CheckpointReason,
    DayKind,
    Document,
    DocumentKind,
    KeyRecovery,
    MinutesFile,
    OpinionTable,
    PreservedFile,
    PreservedLevel,
    RecoveryKind,
    Slip,
    TripKind,
)
from app.models.guards import guard_statements
from app.tasks import sequencer
from app.workflows import (
    agenda,
    calendar_feeds,
    documents,
    meetings,
    polls,
    sequencing,
    slip_reminders,
    trips,
    working_calendar,
)
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import own_transaction
from app.workflows.poll_passkeys import AboutPasskeys
from tests import cabinet
from tests.conftest import SETTINGS, Scene
from tests.deciding import Deciding
from tests.opinions import closed_slip
from tests.resolving import Resolving
from tests.slipping import SlipScene

DATABASE = "ecab_migrations"
NIGHTLY = CheckpointReason.NIGHTLY
BEFORE_PASSKEYS, BEFORE_HELP, BEFORE_SLIPS, BEFORE_LONG_TERM = "0006", "0008", "0009", "0010"
BEFORE_DECISIONS, BEFORE_OPINIONS, BEFORE_WATCH, BEFORE_ADVICE = "0011", "0012", "0013", "0014"
BEFORE_MINUTES, BEFORE_TRIPS = "0016", "0017"
TRIPS = {"member_trip"}
MINUTES = TRIPS | {"minutes_file"}
TEMPLATES = MINUTES | {"slip_template"}
ADVICE = TEMPLATES | {"slip_advice", "slip_aide"}
WATCH = ADVICE | {"slip_reminder", "calendar_feed"}
OPINIONS = WATCH | {"opinion", "opinion_group", "opinion_reply", "opinion_table"}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path, gateways) -> Iterator[Flask]:
    """An application over an empty database, as its owner."""
    if request.param == "sqlite":
        uri = f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        server = request.getfixturevalue("postgres_server")
        server.drop_database(DATABASE)
        server.create_database(DATABASE)
        uri = server.url(DATABASE, "ecab_owner")
    application = create_app(**SETTINGS, **gateways, SQLALCHEMY_DATABASE_URI=uri, APP_ROLE="ecab_app")
    with application.app_context():
        yield application
        db.session.remove()
        db.engine.dispose()


def counts() -> dict[str, int]:
    with db.engine.connect() as connection:
        tables = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
        return {name: connection.scalar(text(f'SELECT count(*) FROM "{name}"')) for name in tables}  # noqa: S608


def triggers() -> int:
    catalogue = {
        "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal",
    }
    with db.engine.connect() as connection:
        return connection.scalar(text(catalogue[db.engine.dialect.name]))


def test_up_down_and_up_again_with_people_and_a_prepared_meeting(empty):
    upgrade(directory="migrations")
    sync_roles()
    cabinet.build(empty)
    Scene().invite()
    db.session.remove()
    assert triggers() == len(guard_statements(db.engine.dialect.name))
    assert counts()["seat"] == 6
    downgrade(directory="migrations", revision="base")
    assert counts() == {}
    upgrade(directory="migrations")
    assert set(counts().values()) == {0}
    assert triggers() == len(guard_statements(db.engine.dialect.name))


def test_a_downgrade_that_would_drop_signed_statements_refuses_and_changes_nothing(empty, caplog):
    upgrade(directory="migrations")
    sync_roles()
    cabinet.build(empty)
    scene = Scene().open()
    scene.vote("a", scene.open_poll().id, "agree")
    db.session.remove()
    before = counts()
    with pytest.raises(SystemExit):
        downgrade(directory="migrations", revision="base")
    assert "signed statements are never dropped" in caplog.text
    assert counts() == before


def test_going_back_before_resolutions_and_forth_again_keeps_every_ballot(empty):
    upgrade(directory="migrations")
    sync_roles()
    cabinet.build(empty)
    scene = Scene().open()
    scene.vote("a", scene.open_poll().id, "agree")
    db.session.remove()
    before = counts()
    downgrade(directory="migrations", revision="0001")
    assert {name: before[name] for name in counts()} == counts()
    upgrade(directory="migrations")
    assert counts() == before
    assert triggers() == len(guard_statements(db.engine.dialect.name))


def test_going_back_before_passkeys_and_forth_again_keeps_every_ballot(empty):
    upgrade(directory="migrations")
    sync_roles()
    cabinet.build(empty)
    scene = Scene().open()
    scene.vote("a", scene.open_poll().id, "agree")
    db.session.remove()
    before = counts()
    downgrade(directory="migrations", revision=BEFORE_PASSKEYS)
    after = counts()
    assert {"passkey", "passkey_challenge"} <= set(before) - set(after)
    assert {name: before[name] for name in after} == after
    upgrade(directory="migrations")
    assert counts() == before
    assert triggers() == len(guard_statements(db.engine.dialect.name))


def test_the_working_calendar_comes_and_goes_and_touches_nothing_else(empty):
    upgrade(directory="migrations")
    sync_roles()
    cabinet.build(empty)
    decided = (dt.date(2026, 11, 20), DayKind.OFF, "Bão")
    working_calendar.add_calendar_day(cabinet.actors()["clerk"], 1, *decided, now=cabinet.NOW)
    db.session.remove()
    before = counts()
    assert before["calendar_day"] == 1
    downgrade(directory="migrations", revision="0007")
    after = counts()
    assert "calendar_day" not in after
    assert {name: before[name] for name in after} == after
    upgrade(directory="migrations")
    assert counts() == {**before, "calendar_day": 0}
    assert triggers() == len(guard_statements(db.engine.dialect.name))


def test_trips_come_and_go_and_touch_nothing_else(empty):
    upgrade(directory="migrations")
    sync_roles()
    cabinet.build(empty)
    who, begins = cabinet.actors(), cabinet.NOW + dt.timedelta(days=3)
    away = (TripKind.ABROAD, begins, begins + dt.timedelta(days=2))
    trips.add_trip(who["clerk"], 1, who["a"].person_id, *away, now=cabinet.NOW)
    db.session.remove()
    before = counts()
    assert before["member_trip"] == 1
    downgrade(directory="migrations", revision=BEFORE_TRIPS)
    after = counts()
    assert set(before) - set(after) == TRIPS
    assert {name: before[name] for name in after} == after
    upgrade(directory="migrations")
    assert counts() == {**before, "member_trip": 0}
    assert triggers() == len(guard_statements(db.engine.dialect.name))


def test_a_vote_that_demanded_passkeys_is_never_made_unreadable(empty, caplog):
    upgrade(directory="migrations")
    sync_roles()
    cabinet.build(empty)
    passkeys.use(passkeys.relying_party_of("http://localhost:8080"))
    scene = Scene().open()
    draft = scene.draft(passkey_demanded=True)
    polls.open_poll(scene.who["secretary"], draft.id, scene.now, about_passkeys=AboutPasskeys.DEMAND)
    db.session.remove()
    before = counts()
    with pytest.raises(SystemExit):
        downgrade(directory="migrations", revision=BEFORE_PASSKEYS)
    assert "never made unreadable" in caplog.text
    assert counts() == before


def test_what_two_people_removed_is_never_forgotten_on_the_way_back(empty, caplog):
    upgrade(directory="migrations")
    sync_roles()
    cabinet.build(empty)
    who = cabinet.actors()
    ask = {"body_id": 1, "person_id": who["a"].person_id, "reason": "Mất", "requested_at": cabinet.NOW,
           "requested_by_id": who["clerk"].person_id}  # fmt: skip
    db.session.add(KeyRecovery(kind=RecoveryKind.UNLOCK, **ask))
    db.session.commit()
    downgrade(directory="migrations", revision=BEFORE_HELP)
    with pytest.raises(IntegrityError):
        db.session.execute(insert(KeyRecovery).values(kind=RecoveryKind.PASSKEYS, **ask))
    db.session.rollback()
    upgrade(directory="migrations")
    db.session.add(KeyRecovery(kind=RecoveryKind.PASSKEYS, **ask))
    db.session.commit()
    own = ask | {"person_id": ask["requested_by_id"]}
    with pytest.raises(IntegrityError):  # the other conditions of the table are still there
        db.session.execute(insert(KeyRecovery).values(kind=RecoveryKind.UNLOCK, **own))
    db.session.remove()
    with pytest.raises(SystemExit):
        downgrade(directory="migrations", revision=BEFORE_HELP)
    assert "never forgotten" in caplog.text
    assert counts()["key_recovery"] == 2


def test_a_long_term_form_is_never_forgotten(empty, caplog):
    upgrade(directory="migrations")
    sync_roles()
    cabinet.build(empty)
    scene = Resolving().up_to("drafted")
    db.session.remove()
    before = counts()
    downgrade(directory="migrations", revision=BEFORE_LONG_TERM)
    after = counts()
    assert {"preserved_file", "authority_answer"} <= set(before) - set(after)
    assert {name: before[name] for name in after} == after
    upgrade(directory="migrations")
    assert counts() == before
    assert triggers() == len(guard_statements(db.engine.dialect.name))
    about = {"body_id": 1, "resolution_id": scene.resolution_id, "sha256": "0" * 64, "size": 9}
    times = {"made_at": cabinet.NOW, "due_at": cabinet.NOW}
    db.session.add(PreservedFile(number=1, level=PreservedLevel.LT, **about, **times))
    db.session.commit()
    db.session.remove()
    with pytest.raises(SystemExit):
        downgrade(directory="migrations", revision=BEFORE_LONG_TERM)
    assert "a long-term form is never forgotten" in caplog.text
    assert counts()["preserved_file"] == 1


def test_reminders_are_never_forgotten_and_addresses_of_calendars_may_be(empty, caplog):
    upgrade(directory="migrations")
    sync_roles()
    cabinet.build(empty)
    slip = SlipScene()
    calendar_feeds.make_feed(slip.who["a"], cabinet.NOW)
    slip_id = slip.issue()
    db.session.remove()
    before = counts()
    downgrade(directory="migrations", revision=BEFORE_WATCH)
    after = counts()
    assert set(before) - set(after) == WATCH
    assert {name: before[name] for name in after} == after
    upgrade(directory="migrations")
    assert counts() == before | {"calendar_feed": 0}
    assert triggers() == len(guard_statements(db.engine.dialect.name))
    slip_reminders.chase_slip(slip.who["clerk"], slip_id, cabinet.NOW, [slip.who["a"].person_id])
    db.session.remove()
    with pytest.raises(SystemExit):
        downgrade(directory="migrations", revision=BEFORE_WATCH)
    assert "reminders of slips are never dropped" in caplog.text
    assert counts()["slip_reminder"] == 1


def test_minutes_and_the_ends_of_sessions_are_never_forgotten(empty, caplog):
    upgrade(directory="migrations")
    sync_roles()
    cabinet.build(empty)
    scene = Scene().open()
    sequencer.work()
    assert sequencing.take_checkpoint(SYSTEM, NIGHTLY, scene.now) is not None
    db.session.remove()
    before = counts()
    downgrade(directory="migrations", revision=BEFORE_MINUTES)
    after = counts()
    assert set(before) - set(after) == MINUTES
    assert {name: before[name] for name in after} == after
    upgrade(directory="migrations")
    assert counts() == before
    assert triggers() == len(guard_statements(db.engine.dialect.name))
    agenda.close_item(scene.who["secretary"], scene.item_id, now=scene.now)
    meetings.end_meeting(scene.who["secretary"], scene.meeting_id, now=scene.now)
    sequencer.work()
    db.session.remove()
    with pytest.raises(SystemExit):
        downgrade(directory="migrations", revision=BEFORE_MINUTES)
    assert "entries of the log are never dropped" in caplog.text
    about = {"body_id": 1, "meeting_id": scene.meeting_id, "sha256": "0" * 64, "size": 9, "made_at": scene.now}
    with own_transaction() as session:
        session.add(MinutesFile(number=1, **about))
    with pytest.raises(SystemExit):
        downgrade(directory="migrations", revision=BEFORE_MINUTES)
    assert "minutes that were drawn up are never dropped" in caplog.text
    with pytest.raises(IntegrityError), own_transaction() as session:
        session.execute(text("UPDATE minutes_file SET number = 2"))


def test_models_and_migrations_say_the_same(empty):
    upgrade(directory="migrations")
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []


def test_a_new_database_is_made_from_the_shell_with_nothing_there_yet(tmp_path):
    """The way of `make run`: upgrade, synchronise roles; the second time is as quiet as the first."""
    environment = {**os.environ, "ECABINET_VAR": str(tmp_path), "ECABINET_SECRET_KEY": "k" * 40, "FLASK_APP": "run:app"}
    environment.pop("ECABINET_DATABASE", None)
    flask = str(Path(sys.executable).parent / "flask")
    for command in (["db", "upgrade"], ["sync-roles"], ["db", "upgrade"], ["sync-roles"]):
        done = subprocess.run([flask, *command], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
    assert (tmp_path / "ecabinet.db").exists()


def test_going_back_before_slips_and_forth_again_keeps_every_ballot_and_every_paper(empty):
    upgrade(directory="migrations")
    sync_roles()
    cabinet.build(empty)
    scene = Scene().open()
    documents.add_paper(scene.who["clerk"], scene.item_id, "Tờ trình", DocumentKind.SUBMISSION, scene.now)
    scene.vote("a", scene.open_poll().id, "agree")
    draft = {"matter": "Việc", "title_fold": "viec", "working_days": 2, "drafted_at": scene.now}
    with own_transaction() as session:
        session.add(Slip(body_id=1, chain=[], round=1, version=0, **draft))
    db.session.remove()
    before = counts()
    assert before["slip"] == 1
    downgrade(directory="migrations", revision=BEFORE_SLIPS)
    after = counts()
    assert {name: before[name] for name in after} == after
    assert {"slip", "slip_answer", "approval_step"} <= set(before) - set(after)
    upgrade(directory="migrations")
    assert counts() == {**before, "slip": 0}
    assert triggers() == len(guard_statements(db.engine.dialect.name))


def test_papers_of_slips_are_never_dropped_by_a_downgrade(empty, caplog):
    upgrade(directory="migrations")
    sync_roles()
    cabinet.build(empty)
    draft = {"matter": "Việc", "title_fold": "viec", "working_days": 2, "drafted_at": cabinet.NOW}
    with own_transaction() as session:
        slip = Slip(body_id=1, chain=[], round=1, version=0, **draft)
        session.add(slip)
        session.flush()
        session.add(Document(body_id=1, slip_id=slip.id, kind="other", title="x", title_fold="x"))
    before = counts()
    with pytest.raises(SystemExit):
        downgrade(directory="migrations", revision=BEFORE_SLIPS)
    assert "papers of slips are never dropped" in caplog.text
    assert counts() == before


def test_going_back_before_decisions_and_forth_again_keeps_every_resolution(empty):
    upgrade(directory="migrations")
    sync_roles()
    cabinet.build(empty)
    scene = Resolving().up_to("recalled")
    Deciding().reported()
    db.session.remove()
    before = counts()
    downgrade(directory="migrations", revision=BEFORE_DECISIONS)
    after = counts()
    assert set(before) - set(after) == OPINIONS | {"slip_decision"}
    assert {name: before[name] for name in after} == after
    for statement in ("INSERT INTO resolution SELECT * FROM resolution", "UPDATE resolution SET subject = 'x'"):
        with pytest.raises(IntegrityError), own_transaction() as session:
            session.execute(text(statement))
    upgrade(directory="migrations")
    assert counts() == before | {"opinion_table": 0}
    assert triggers() == len(guard_statements(db.engine.dialect.name))
    assert scene.resolution.recall_id is not None
    with pytest.raises(IntegrityError), own_transaction() as session:
        session.execute(text("UPDATE resolution SET slip_id = 1"))


def test_what_came_from_a_decision_is_never_dropped_by_a_downgrade(empty, caplog):
    upgrade(directory="migrations")
    sync_roles()
    cabinet.build(empty)
    Deciding().decided()
    db.session.remove()
    before = counts()
    assert (before["slip_decision"], before["resolution"]) == (1, 1)
    with pytest.raises(SystemExit):
        downgrade(directory="migrations", revision=BEFORE_DECISIONS)
    assert "decisions on slips are never dropped" in caplog.text
    assert counts() == before


def test_going_back_before_opinions_keeps_the_signed_answers_and_forth_again_the_tables_are_there(empty):
    closed_slip_here(empty)
    before = counts()
    assert (before["opinion"], before["slip_answer"]) == (27, 3)
    downgrade(directory="migrations", revision=BEFORE_OPINIONS)
    after = counts()
    assert set(before) - set(after) == OPINIONS
    assert {name: before[name] for name in after} == after
    upgrade(directory="migrations")
    assert counts() == {**before, "opinion": 0, "opinion_group": 0, "opinion_table": 0}
    assert triggers() == len(guard_statements(db.engine.dialect.name))


def test_explanations_that_were_submitted_are_never_dropped_by_a_downgrade(empty, caplog):
    slip_id = closed_slip_here(empty)
    with own_transaction() as session:
        session.execute(update(OpinionTable).where(OpinionTable.slip_id == slip_id).values(submitted_at=cabinet.NOW))
    before = counts()
    with pytest.raises(SystemExit):
        downgrade(directory="migrations", revision=BEFORE_OPINIONS)
    assert "explanations that were submitted are never dropped" in caplog.text
    assert counts() == before


def closed_slip_here(application):
    upgrade(directory="migrations")
    sync_roles()
    cabinet.build(application)
    slip_id = closed_slip(SlipScene())
    db.session.remove()
    return slip_id
