"""What proves a slip: made by the application from what was really answered, judged by the tool alone."""

import datetime as dt
import json

import pytest
from sqlalchemy import text

from app.extensions import db
from app.gateways import bundles as gateway
from app.models import AuditEntry, EvidenceKind, QuestionKind, Refusal, SignatureEvidence, SlipAnswer
from app.tasks import sequencer
from app.workflows import slip_closing, slip_evidence
from app.workflows.engine.errors import NotAllowed, NotFound
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import own_transaction
from app.workflows.rules.canonical import digest
from app.workflows.rules.evidence import read_bundle
from app.workflows.slip_evidence import GUIDE, SlipEvidenceTooEarly
from app.workflows.slip_sealed import SlipBroken
from app.workflows.slips import Question
from tests.cabinet import NOW
from tests.conftest import both
from tests.evidence.bundles import stamp, stamping, tool
from tests.slipping import LATE, REASON, SlipScene

FRIDAY_NOON = dt.datetime(2026, 7, 31, 5, 0, tzinfo=dt.UTC)


@pytest.fixture
def slip(app):
    return SlipScene()


def taken(slip, slip_id, name="auditor"):
    return slip_evidence.bundle_of(slip.who[name], slip_id, LATE)


def judged(data, **options):
    return [(step, problem.said(1)) for step, problem in tool.examine(data, **options).problems]


def closed(slip):
    """Three answered, one of them twice; there was more time; the rest is silent."""
    slip_id = slip.issue()
    for name, choice in (("a", "agree"), ("b", "disagree"), ("head", "other")):
        slip.answer(name, slip_id, choice)
    slip.answer("a", slip_id, "disagree", text="Đề nghị rà soát điều 3.")
    slip_closing.extend_slip(slip.who["clerk"], slip_id, dt.date(2026, 8, 4), "Chờ ý kiến {bổ sung}", FRIDAY_NOON)
    slip_closing.close_slip(SYSTEM, slip_id, LATE + dt.timedelta(days=1))
    return slip_id


@both
def test_the_tool_finds_what_the_application_made_right(slip):
    slip_id = closed(slip)
    made = taken(slip, slip_id)
    assert judged(made) == []
    files = read_bundle(made)
    assert files["HOW-TO-VERIFY.md"] == GUIDE.read_bytes()
    noted = json.loads(files["records.json"])
    assert [each["member"] for each in noted["deemed"]] == ["M02", "M05"]
    assert [each["reason"] for each in noted["extensions"]] == ["Chờ ý kiến {bổ sung}"]
    assert sorted(name for name in files if name.endswith(".p7s")) == [
        "answers/0001-M03.p7s", "answers/0002-M04.p7s", "answers/0003-M01.p7s", "answers/0004-M03.p7s",
    ]  # fmt: skip
    assert json.loads(files["computation.json"])["deemed"] == ["M02", "M05"]
    assert taken(slip, slip_id) == made
    facts = db.session.query(AuditEntry).filter_by(fact="EvidenceTaken").all()
    assert {(fact.payload["kind"], fact.payload["sha256"]) for fact in facts} == {("slip_bundle", digest(made))}


def test_every_kind_of_question_and_a_slip_that_asks_for_no_consent(slip):
    asked = (
        Question(QuestionKind.PICK, "Chọn phương án nào?", ("Một", "Hai")),
        Question(QuestionKind.TEXT, "Ý kiến khác?"),
    )
    slip_id = slip.issue(*asked)
    slip_closing.close_slip(SYSTEM, slip_id, LATE)
    made = taken(slip, slip_id)
    assert judged(made) == []
    assert json.loads(read_bundle(made)["result.json"])["outcome"] is None


def test_a_recalled_slip_has_its_answers_and_no_result(slip):
    slip_id = slip.issue()
    slip.answer("a", slip_id)
    slip_closing.recall_slip(slip.who["clerk"], slip_id, REASON, NOW)
    made = taken(slip, slip_id)
    assert judged(made) == []
    assert {"result.json", "computation.json"} & set(read_bundle(made)) == set()


def test_where_silence_counts_for_nothing_nobody_is_deemed(slip):
    slip.rule(silence="nothing")
    slip_id = slip.issue()
    slip.answer("a", slip_id)
    slip_closing.close_slip(SYSTEM, slip_id, LATE)
    made = taken(slip, slip_id)
    assert judged(made) == []
    assert json.loads(read_bundle(made)["records.json"])["deemed"] == []


def test_a_bundle_grows_by_stamps_and_by_its_place_in_the_log(slip, monkeypatch):
    slip_id = closed(slip)
    before = taken(slip, slip_id)
    first = db.session.query(SlipAnswer).order_by(SlipAnswer.leaf_seq).first().statement
    token = stamp(first.cms)
    with own_transaction() as session:
        session.add(SignatureEvidence(
            statement_id=first.id, kind=EvidenceKind.TIME_STAMP, content=token, sha256=digest(token), at=LATE
        ))  # fmt: skip
    monkeypatch.setattr(slip_evidence.timestamp, "trusted", lambda: (stamping().root, stamping().certificate))
    db.session.rollback()
    sequencer.work()
    after = taken(slip, slip_id)
    assert judged(after, older=before) == []
    added = {"answers/0001-M03.tsr", "checkpoint.txt", "keys.json", "inclusion.json"}
    assert added <= set(read_bundle(after)) - set(read_bundle(before))
    keys = json.loads(read_bundle(after)["keys.json"])
    assert judged(after, log_key=keys["log"]) == []
    assert judged(before, older=after) != []


def test_it_is_for_those_who_see_every_answer_and_only_after_the_end(slip):
    slip_id = slip.issue()
    with pytest.raises(SlipEvidenceTooEarly):
        taken(slip, slip_id)
    slip_closing.close_slip(SYSTEM, slip_id, LATE)
    with pytest.raises(NotFound):
        taken(slip, slip_id, "records")
    with pytest.raises(NotAllowed):
        taken(slip, slip_id, "a")
    assert db.session.query(Refusal).filter_by(act="slip_bundle").count() == 3
    for name in ("head", "deputy", "chairman", "clerk", "auditor"):
        assert taken(slip, slip_id, name)


def test_what_was_altered_in_the_database_is_not_handed_out(slip):
    slip_id = closed(slip)
    answer = db.session.query(SlipAnswer).first()
    with own_transaction() as session:
        triggers = session.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'signed_statement'")
        )
        for (name,) in triggers.all():
            session.execute(text(f"DROP TRIGGER {name}"))
        session.execute(
            text("UPDATE signed_statement SET statement = CAST(statement || ' ' AS BLOB) WHERE id = :id"),
            {"id": answer.statement_id},
        )
    db.session.expire_all()
    with pytest.raises(SlipBroken):
        taken(slip, slip_id)


def test_the_command_judges_a_bundle_of_a_slip(slip, tmp_path):
    path = tmp_path / "evidence.zip"
    path.write_bytes(taken(slip, closed(slip)))
    account = gateway.examine(path, "vi")
    assert account.state == "valid"
    assert "mặc nhiên 2" in account.said
