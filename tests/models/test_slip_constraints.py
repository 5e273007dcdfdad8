"""What the database refuses by itself of slips and answers, whatever the code above it believes."""

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.extensions import db
from app.models import (
    Appointment,
    Document,
    Slip,
    SlipAnswer,
    SlipApproval,
    SlipAttachment,
    SlipDeemed,
    SlipDelivery,
    SlipExtension,
    SlipLeaf,
    SlipPaper,
    SlipPrepared,
    SlipQuestion,
    SlipRecipient,
    SlipUpload,
)
from app.models.guards import INSERT_ONLY, PARTS
from app.workflows.series import locked_series
from tests.cabinet import NOW
from tests.conftest import both, on_postgresql

LATER = NOW.replace(day=31)


@pytest.fixture
def draft(scene):
    """A slip with one question, written behind the acts' back."""
    slip = Slip(
        body_id=1, matter="Việc", title_fold="viec", working_days=2, drafted_at=NOW, chain=[], round=1, version=0
    )
    slip.questions = [SlipQuestion(body_id=1, position=1, kind="consent", text="Đồng ý?", options=[])]
    db.session.add(slip)
    db.session.flush()
    return slip


@pytest.fixture
def issued(scene, draft):
    """The same slip, issued to a and b, who have certificates."""
    series = locked_series(1, "PLYK", False, 2026)
    series.last_number += 1
    db.session.flush()
    frozen = {"definition": b"x", "definition_sha256": "x", "issued_at": NOW, "deadline_at": LATER, "number": 1}
    change = update(Slip).where(Slip.id == draft.id)
    db.session.execute(change.values(state="issued", series_id=series.id, number_text="01", **frozen))
    for index, name in enumerate(("a", "b"), start=1):
        person = scene.who[name].person_id
        post = db.session.scalars(select(Appointment).where(Appointment.person_id == person)).one()
        db.session.add(SlipRecipient(
            slip_id=draft.id, member_id=person, body_id=1, appointment_id=post.id, roll_index=index, name=name,
            post="", abbreviation="", is_head=False, certificate_id=None,
        ))  # fmt: skip
    db.session.flush()
    db.session.expire_all()
    return draft


@pytest.fixture
def answer(scene, issued):
    """Insert rows behind the acts' back: the place in the log exists, the constraints decide."""

    def add(name, supersedes=None, nonce=None):
        from app.models import SignedStatement, SigningKey

        number = db.session.query(SlipLeaf).count()
        person = scene.who[name].person_id
        key = db.session.scalars(select(SigningKey).limit(1)).one()
        leaf = SlipLeaf(
            slip_id=issued.id, seq=number, body_id=1, kind="answer", data=b"x", leaf_hash="", root="", frontier=[],
            at=NOW,
        )  # fmt: skip
        signed = SignedStatement(
            body_id=1, kind="slip_answer", person_id=person, statement=b"", sha256=f"s{number}", cms=b"",
            certificate_id=key.certificate_id, signed_at=NOW,
        )  # fmt: skip
        db.session.add_all([leaf, signed])
        db.session.flush()
        made = SlipAnswer(
            slip_id=issued.id, member_id=person, body_id=1, nonce=nonce or f"n{number}", choice="agree",
            supersedes_id=supersedes and supersedes.id, statement_id=signed.id, leaf_seq=number, answered_at=NOW,
        )  # fmt: skip
        db.session.add(made)
        db.session.flush()
        return made

    return add


@both
def test_an_answer_may_be_superseded_once_after_the_other(answer):
    assert answer("a", answer("a", answer("a"))).id


@both
def test_a_second_first_answer_a_fork_and_a_foreign_one_are_refused(answer):
    first = answer("a")
    second = answer("a", first)
    for odd in (lambda: answer("a"), lambda: answer("a", first), lambda: answer("b", second)):
        with pytest.raises(IntegrityError), db.session.begin_nested():
            odd()


@both
def test_one_nonce_is_one_answer_and_who_is_not_asked_has_none(answer):
    answer("a", nonce="n")
    for odd in (lambda: answer("b", nonce="n"), lambda: answer("head")):
        with pytest.raises(IntegrityError), db.session.begin_nested():
            odd()


@both
def test_silence_is_recorded_once_and_only_of_who_was_asked(scene, issued):
    rule_set = db.session.scalar(text("SELECT min(id) FROM rule_set"))
    row = {"slip_id": issued.id, "body_id": 1, "rule_set_id": rule_set, "source": "Điều 7", "at": NOW}
    db.session.execute(insert(SlipDeemed).values(member_id=scene.who["a"].person_id, **row))
    for name in ("a", "head"):
        with pytest.raises(IntegrityError), db.session.begin_nested():
            db.session.execute(insert(SlipDeemed).values(member_id=scene.who[name].person_id, **row))


@both
@pytest.mark.parametrize(
    "change",
    [
        "matter = 'Khác'", "definition = 'y'", "working_days = 5", "state = 'draft'", "state = 'abandoned'",
        "rule_set_id = 1", "number_text = '02'", "round = 2", "chain = '[1]'", "urgency = 'express'",
        "deadline_at = issued_at",
    ],
)  # fmt: skip
def test_an_issued_slip_is_immutable(issued, change):
    with pytest.raises(DBAPIError, match="sealed"):
        db.session.execute(text(f"UPDATE slip SET {change} WHERE id = {issued.id}"))  # noqa: S608 - fixed texts above


@both
def test_a_draft_may_change_and_an_issued_slip_may_count_its_version_and_get_more_time(draft, issued):
    later = LATER.replace(hour=2)
    db.session.execute(update(Slip).where(Slip.id == issued.id).values(version=7, deadline_at=later))
    assert db.session.scalar(select(Slip.version)) == 7


@both
def test_before_the_issue_the_same_changes_are_possible(draft):
    """The negative control of the two tests around it: without a definition nothing is sealed."""
    db.session.execute(text(f"UPDATE slip SET matter = 'Khác', working_days = 5 WHERE id = {draft.id}"))  # noqa: S608
    db.session.execute(update(SlipQuestion).values(text="Khác?"))
    db.session.execute(delete(SlipQuestion))
    assert db.session.query(SlipQuestion).count() == 0


@both
@pytest.mark.parametrize("verb", ["insert", "update", "delete"])
def test_the_questions_of_an_issued_slip_are_neither_added_nor_changed_nor_removed(issued, verb):
    row = {"body_id": 1, "slip_id": issued.id, "position": 2, "kind": "text", "text": "Ý kiến?", "options": []}
    changes = {
        "insert": insert(SlipQuestion).values(main=False, **row),
        "update": update(SlipQuestion).values(text="Khác?"),
        "delete": delete(SlipQuestion),
    }
    with pytest.raises(DBAPIError, match="sealed"):
        db.session.execute(changes[verb])


@both
def test_a_closed_slip_keeps_its_result_and_its_deadline(issued):
    values = {"state": "closed", "result": b"x", "outcome": "adopted", "closed_at": LATER}
    db.session.execute(update(Slip).where(Slip.id == issued.id).values(**values))
    later = LATER.replace(hour=3)
    for odd in ({"outcome": "undecided"}, {"result": b"y"}, {"state": "issued"}, {"deadline_at": later}):
        with pytest.raises(DBAPIError, match="sealed"), db.session.begin_nested():
            db.session.execute(update(Slip).where(Slip.id == issued.id).values(**odd))
    with pytest.raises(DBAPIError, match="sealed"):
        db.session.execute(delete(Slip))


@both
def test_every_insert_only_table_of_slips_has_its_triggers(app):
    own = {SlipRecipient, SlipApproval, SlipExtension, SlipPrepared, SlipAnswer, SlipUpload, SlipAttachment, SlipDeemed,
           SlipLeaf}  # fmt: skip
    assert own <= set(INSERT_ONLY)
    assert set(PARTS) == {SlipQuestion, SlipPaper}
    catalogue = {
        "sqlite": "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT relname FROM pg_trigger JOIN pg_class ON tgrelid = pg_class.oid WHERE NOT tgisinternal",
    }
    guarded = set(db.session.scalars(text(catalogue[db.engine.dialect.name])))
    assert {model.__tablename__ for model in (*own, *PARTS, Slip, SlipDelivery)} <= guarded


@both
@pytest.mark.parametrize("model", [SlipRecipient, SlipLeaf, SlipAnswer])
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_what_is_insert_only_stays(answer, model, verb):
    answer("a")
    column = {"SlipRecipient": "name", "SlipLeaf": "root", "SlipAnswer": "nonce"}[model.__name__]
    change = delete(model) if verb == "delete" else update(model).values({column: "x"})
    with pytest.raises(DBAPIError, match=r"insert-only|permission denied"):
        db.session.execute(change)


OF_SLIPS = [model for model in INSERT_ONLY if model.__tablename__.startswith(("slip", "opinion"))]


@on_postgresql
@pytest.mark.parametrize("model", OF_SLIPS)
def test_the_application_has_no_right_to_change_what_is_kept_of_slips(app, model):
    name, column = model.__tablename__, next(iter(model.__table__.c)).name
    for statement in (
        f"UPDATE {name} SET {column} = {column}", f"DELETE FROM {name}",  # noqa: S608 - names of our own tables
        f"TRUNCATE {name} CASCADE", f"ALTER TABLE {name} DISABLE TRIGGER ALL", f"DROP TABLE {name} CASCADE",
    ):  # fmt: skip
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"), db.session.begin_nested():
            db.session.execute(text(statement))


@on_postgresql
@pytest.mark.parametrize(
    "statement",
    ["SET session_replication_role = replica", "SET ROLE ecab_owner", "CREATE TABLE x (i int)",
     "UPDATE alembic_version SET version_num = 'x'"],
)  # fmt: skip
def test_the_application_cannot_make_itself_more_than_it_is(app, statement):
    with pytest.raises(DBAPIError, match="permission denied"):
        db.session.execute(text(statement))


@both
def test_a_paper_belongs_to_a_meeting_or_to_a_slip_and_never_to_both(scene, draft):
    row = {"body_id": 1, "kind": "other", "title": "x", "title_fold": "x"}
    places = (
        {"slip_id": draft.id},
        {"meeting_id": scene.meeting_id, "item_id": scene.item_id},
        {},
        {"slip_id": draft.id, "meeting_id": scene.meeting_id, "item_id": scene.item_id},
        {"meeting_id": scene.meeting_id},
    )
    taken = []
    for place in places:
        try:
            with db.session.begin_nested():
                db.session.add(Document(**row, **place))
        except IntegrityError:
            taken.append(False)
        else:
            taken.append(True)
    assert taken == [True, True, False, False, False]
