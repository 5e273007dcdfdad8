"""What the database refuses by itself, whatever the code above it believes."""

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.extensions import db
from app.models import (
    AuditEntry,
    Ballot,
    DocumentVersion,
    KeyRecovery,
    Poll,
    PollLeaf,
    PollState,
    PreparedStatement,
    Refusal,
    RollEntry,
    RuleSet,
    SignedStatement,
)
from app.models.guards import INSERT_ONLY
from app.workflows import polls
from tests.cabinet import NOW
from tests.conftest import both, on_postgresql


@pytest.fixture
def voted(scene):
    """A closed poll with ballots of head and a."""
    scene.open()
    poll = scene.open_poll()
    scene.vote("head", poll.id, "agree")
    scene.vote("a", poll.id, "agree")
    return polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)


@pytest.fixture
def add_ballot(scene):
    """Insert rows behind the acts' back: the place in the log exists, the constraints decide."""
    scene.open()
    poll = scene.open_poll()

    def add(name, supersedes=None, nonce=None):
        number = db.session.query(PollLeaf).filter_by(poll_id=poll.id).count()
        leaf = PollLeaf(
            poll_id=poll.id, seq=number, body_id=1, kind="ballot", data=b"x", leaf_hash="", root="", frontier=[], at=NOW
        )  # fmt: skip
        person = scene.who[name].person_id
        entry = db.session.get(RollEntry, (poll.id, scene.who["a"].person_id))
        signed = SignedStatement(
            body_id=1, kind="ballot", person_id=person, statement=b"", sha256=f"{number}", cms=b"",
            certificate_id=entry.certificate_id, signed_at=NOW,
        )  # fmt: skip
        db.session.add_all([leaf, signed])
        db.session.flush()
        ballot = Ballot(
            poll_id=poll.id, member_id=person, body_id=1, nonce=nonce or f"n{number}", choice="agree", place="remote",
            supersedes_id=supersedes and supersedes.id, statement_id=signed.id, leaf_seq=number, cast_at=NOW,
        )  # fmt: skip
        db.session.add(ballot)
        db.session.flush()
        return ballot

    return add


@both
def test_a_ballot_may_be_superseded_once_after_the_other(add_ballot):
    assert add_ballot("a", add_ballot("a", add_ballot("a"))).id


@both
def test_a_second_first_ballot_is_refused(add_ballot):
    add_ballot("a")
    with pytest.raises(IntegrityError):
        add_ballot("a")


@both
def test_a_fork_is_refused(add_ballot):
    first = add_ballot("a")
    add_ballot("a", first)
    with pytest.raises(IntegrityError):
        add_ballot("a", first)


@both
def test_superseding_somebody_elses_ballot_is_refused(add_ballot):
    first = add_ballot("a")
    with pytest.raises(IntegrityError):
        add_ballot("b", first)


@both
def test_somebody_who_is_not_on_the_roll_has_no_ballot(add_ballot):
    with pytest.raises(IntegrityError):
        add_ballot("under_a")


@both
def test_one_nonce_is_one_ballot(add_ballot):
    add_ballot("a", nonce="n")
    with pytest.raises(IntegrityError):
        add_ballot("b", nonce="n")


@both
@pytest.mark.parametrize("model", [AuditEntry, SignedStatement, Ballot, PollLeaf, RollEntry, PreparedStatement])
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_what_is_insert_only_is_neither_changed_nor_removed(voted, model, verb):
    assert db.session.query(model).count()
    column = {"AuditEntry": "fact", "RollEntry": "name", "PollLeaf": "root"}.get(model.__name__, "body_id")
    change = delete(model) if verb == "delete" else update(model).values({column: getattr(model, column)})
    with pytest.raises(DBAPIError, match=r"insert-only|permission denied"):
        db.session.execute(change)


@both
def test_every_insert_only_table_has_its_triggers(app):
    catalogue = {
        "sqlite": "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT relname FROM pg_trigger JOIN pg_class ON tgrelid = pg_class.oid WHERE NOT tgisinternal",
    }
    guarded = set(db.session.scalars(text(catalogue[db.engine.dialect.name])))
    assert {model.__tablename__ for model in INSERT_ONLY} | {"poll", "rule_set", "meeting", "agenda_item"} <= guarded
    assert {Refusal, DocumentVersion} <= set(INSERT_ONLY)


@both
@pytest.mark.parametrize(
    "change",
    ["question = 'Khác?'", "outcome = 'adopted'", "result = 'x'", "definition = 'x'", "state = 'open'"],
)
def test_a_closed_poll_is_sealed(voted, change):
    with pytest.raises(DBAPIError, match=r"sealed|insert-only"):
        db.session.execute(text(f"UPDATE poll SET {change} WHERE id = {voted.id}"))  # noqa: S608 - fixed texts above


@both
def test_a_poll_with_a_definition_is_not_deleted(voted):
    with pytest.raises(DBAPIError):
        db.session.execute(delete(Poll))


@both
def test_a_used_rule_set_is_immutable_and_an_unused_one_is_not(voted):
    used = db.session.query(RuleSet).filter(RuleSet.used_at.is_not(None)).one()
    db.session.execute(update(RuleSet).where(RuleSet.used_at.is_(None)).values(name="Tên mới"))
    with pytest.raises(DBAPIError, match="sealed"):
        db.session.execute(update(RuleSet).where(RuleSet.id == used.id).values(name="Tên mới"))


@both
def test_two_polls_are_never_open_in_one_meeting(scene):
    scene.open()
    scene.open_poll()
    second = scene.draft()
    values = {"state": PollState.OPEN, "definition": b"x", "definition_sha256": "x", "opened_at": NOW}
    with pytest.raises(IntegrityError):
        db.session.execute(update(Poll).where(Poll.id == second.id).values(**values))


@both
def test_a_key_is_recovered_by_two_people_and_never_by_its_owner(app, people):
    clerk, owner = people["clerk"].person_id, people["a"].person_id
    asked = {"body_id": 1, "kind": "unlock", "reason": "x", "requested_at": NOW, "person_id": owner}
    for odd in ({"requested_by_id": owner}, {"requested_by_id": clerk, "approved_by_id": clerk, "approved_at": NOW}):
        with pytest.raises(IntegrityError):
            db.session.execute(KeyRecovery.__table__.insert().values(**asked, **odd))
        db.session.rollback()


@on_postgresql
@pytest.mark.parametrize(
    "statement", ["DROP TABLE ballot", "ALTER TABLE ballot DISABLE TRIGGER ALL", "TRUNCATE ballot CASCADE"]
)
def test_the_serving_role_owns_nothing(app, statement):
    with pytest.raises(DBAPIError, match=r"must be owner|permission denied"):
        db.session.execute(text(statement))
