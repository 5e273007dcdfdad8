"""Save, lose everything, restore on an empty machine: what was there is there again, and life goes on."""

import json
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, IntegrityError, ProgrammingError

from app import backup, create_app, installation
from app.backup.contents import NAMED
from app.backup.progress import silent
from app.backup.proving import prove
from app.extensions import db
from app.gateways import storage
from app.models import LoginSession, Poll, Resolution
from app.models.guards import guard_statements
from app.workflows import documents, polls, sealed
from tests.backup.sites import LATER, counted, facts
from tests.cabinet import NOW, actors
from tests.conftest import SETTINGS, Scene, both
from tests.gateways.storage_cases import ACCESS, S3Server

ENOUGH = 120.0  # seconds for what takes one or two


def test_everything_comes_back_to_the_byte(saved, target):
    restored = target.restore(saved.folder)
    found = facts()
    assert found.tables == saved.facts.tables == saved.manifest.tables | {"alembic_version": 1}
    assert found.ballots == saved.facts.ballots
    assert found.roots == saved.facts.roots
    assert len(found.ballots) == 12
    assert {poll["id"]: poll["root"] for poll in restored.manifest.polls} == {row[0]: row[2] for row in found.roots}
    assert {key: target.store.files[key] for key in restored.manifest.documents} == {
        key: saved.store.files[key] for key in restored.manifest.documents
    }
    assert restored.own_authorities
    installation.check_demo_mark(target.app)  # and it may be served


def test_life_goes_on_for_whoever_serves(saved, target):
    target.restore(saved.folder)
    with target.inside(target.serving):
        people = actors()
        with documents.open_version(people["clerk"], saved.facts.paper)[1] as paper:
            assert paper.read(5) == b"%PDF-"
        scene = Scene()  # rows with new keys, from sequences that go on
        scene.meeting_id = db.session.get_one(Poll, saved.facts.open_poll).meeting_id
        scene.vote("head", saved.facts.open_poll, "agree")
        closed = polls.close_poll(people["secretary"], saved.facts.open_poll, now=NOW)
        assert json.loads(closed.result)["agree"] == 2
        sealed.checked(closed)
        another = Scene().open()
        poll = another.open_poll()
        for name in ("head", "a", "b"):
            another.vote(name, poll.id, "agree")
        sealed.checked(polls.close_poll(another.who["secretary"], poll.id, now=NOW))


def test_guards_and_rights_are_those_of_an_installation(saved, target):
    target.restore(saved.folder)
    assert triggers() == len(guard_statements(target.kind))
    with pytest.raises((IntegrityError, DatabaseError), match="insert-only"), db.engine.begin() as connection:
        connection.execute(text("DELETE FROM ballot"))
    with target.inside(target.serving), db.engine.connect() as connection:
        for statement in ("UPDATE ballot SET choice = 'agree'", "DELETE FROM audit_entry"):
            with pytest.raises(DatabaseError) as refused:
                connection.execute(text(statement))
            connection.rollback()
            rights = target.kind == "postgresql"
            assert ("permission denied" if rights else "insert-only") in str(refused.value)


def test_on_postgresql_the_serving_role_owns_nothing_and_makes_nothing(saved_postgresql, target_postgresql):
    with target_postgresql.empty() as target:
        target.restore(saved_postgresql.folder)
        with db.engine.connect() as connection:
            owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
            assert set(connection.scalars(text(owners))) == {"ecab_owner"}
        with target.inside(target.serving), db.engine.connect() as connection:
            for statement in ("CREATE TABLE mine (id int)", "UPDATE alembic_version SET version_num = '0'"):
                with pytest.raises(ProgrammingError, match="permission denied"):
                    connection.execute(text(statement))
                connection.rollback()


def triggers() -> int:
    catalogue = {
        "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal",
    }
    with db.engine.connect() as connection:
        return connection.scalar(text(catalogue[db.engine.dialect.name]))


def test_a_session_of_then_opens_nothing_any_more(saved, target):
    target.restore(saved.folder)
    sessions = db.session.query(LoginSession).all()
    assert [(session.revoked_at, session.revoked_because) for session in sessions] == [(LATER, "restored")]


def test_signatures_are_judged_by_the_authorities_of_the_backup_where_there_are_none(saved, target):
    from app.gateways import signing

    signing.use(None)
    assert not target.restore(saved.folder).own_authorities
    assert set(signing.trusted()) == set(target.gateways["SIGNER"][1])
    with pytest.raises(signing.KeyUnavailable):
        signing.signer().sign("x", "1", b"", NOW)


def test_what_serves_afterwards_judges_by_them_too_without_any_key(saved, target, tmp_path):
    """A process of its own, on a machine that has no key and no signer."""
    from app.gateways import signing

    signing.use(None)
    target.restore(saved.folder)
    signing.use(None)
    nothing = {name: tmp_path / name for name in ("KEYS", "AUTHORITY", "INSTALLATION_KEY")}
    create_app(**SETTINGS, **nothing, STORE=target.store, SQLALCHEMY_DATABASE_URI=target.address,
               TRUSTED=target.trusted)  # fmt: skip
    assert signing.trusted() == tuple(target.gateways["SIGNER"][1])
    prove(saved.manifest.documents, LATER, silent)
    with pytest.raises(signing.KeyUnavailable):
        signing.signer().sign("x", "1", b"", NOW)


def test_the_own_authorities_stay_the_only_ones(saved, target):
    assert target.restore(saved.folder).own_authorities
    assert not target.trusted.exists() or not list(target.trusted.iterdir())


def test_a_backup_of_the_restored_is_the_same_backup(saved, target, tmp_path):
    target.restore(saved.folder)
    again = backup.take(tmp_path / "again", LATER)
    assert (again.tables, again.audit, again.polls, again.authorities) == (
        saved.manifest.tables, saved.manifest.audit, saved.manifest.polls, saved.manifest.authorities,
    )  # fmt: skip
    assert again.documents == saved.manifest.documents


@both
def test_who_votes_while_the_backup_runs_is_in_it_wholly_or_not_at_all(app, tmp_path):
    scene = Scene().open()
    poll_id = scene.open_poll().id
    begun, goes_on = threading.Event(), threading.Event()

    def report(step: str, _done: int, _total: int) -> None:
        if step == "database" and not begun.is_set():
            begun.set()
            goes_on.wait(ENOUGH)

    taken = []

    def take() -> None:
        with app.app_context():
            taken.append(backup.take(tmp_path / "live", LATER, report))

    scene.vote("a", poll_id, "agree")
    thread = threading.Thread(target=take)
    thread.start()
    assert begun.wait(ENOUGH)
    scene.vote("b", poll_id, "agree")  # while the database is being copied
    goes_on.set()
    thread.join()
    assert facts().tables["ballot"] == 2
    (manifest,) = taken
    assert manifest.tables["ballot"] == 1
    assert [(poll["id"], poll["entries"]) for poll in manifest.polls] == [(poll_id, 2)]
    assert backup.check(tmp_path / "live").seal == manifest.seal


@pytest.mark.parametrize("kind", ["sqlite"])
def test_documents_may_lie_in_s3(saved, target, tmp_path, monkeypatch):
    for name, value in ACCESS.items():
        monkeypatch.setenv(name, value)
    server = S3Server()
    try:
        storage.use(server.empty().storage())
        target.restore(saved.folder)
        assert {key.rpartition("/")[2] for key in server.names()} == set(saved.manifest.documents)
        assert backup.take(tmp_path / "again", LATER).documents == saved.manifest.documents
        storage.use(server.storage())  # with nothing at hand
        server.lay(next(iter(saved.manifest.documents)), b"forged")
        with pytest.raises(backup.Broken, match="changed"):
            backup.take(tmp_path / "forged", LATER)
    finally:
        server.stop()


def test_every_column_that_names_a_file_of_the_store_is_known():
    sized = {table.name for table in db.metadata.tables.values() if "size" in table.columns}
    assert sized - {"checkpoint"} == {name for name, _column in NAMED}  # the size of a checkpoint counts entries


def test_nothing_restored_is_called_recalled_or_promulgated_otherwise(saved, target):
    target.restore(saved.folder)
    assert sorted(each.state.value for each in db.session.query(Resolution)) == ["promulgated", "recalled"]
    assert counted()["notice"] > 0
    assert storage.store() is target.store
