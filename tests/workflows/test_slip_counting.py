"""Answers that are counted together: each is judged by itself, and what is wrong with one costs the others nothing."""

import datetime as dt
import io
from itertools import groupby

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.gateways import signing
from app.models import (
    AuditEntry,
    CertificateRevocation,
    Job,
    LogPending,
    Refusal,
    SignedStatement,
    Slip,
    SlipAnswer,
    SlipAttachment,
    SlipDraft,
    SlipLeaf,
    SlipRecipient,
)
from app.workflows import keys, slip_answers, slip_closing, slip_counting, slip_definitions, slip_drafts
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import own_transaction
from app.workflows.engine.visibility import visible
from app.workflows.rules.merkle import Frontier, leaf_hash
from app.workflows.slip_answer_rows import pinned_of
from app.workflows.slip_rows import receipt_of
from tests.cabinet import MEMBERS, NOW, PIN
from tests.conftest import both, nonce_of
from tests.slipping import DEADLINE, LATE, REASON, SlipScene, said
from tests.superuser import as_superuser
from tests.workflows.test_documents import pdf

pytestmark = both


@pytest.fixture
def slip(app):
    return SlipScene()


@pytest.fixture
def slip_id(slip):
    return slip.issue()


@pytest.fixture
def arrived(slip, slip_id):
    """An answer that was prepared, signed and checked, and only waits to be counted."""

    def one(name, choice="agree", at=NOW, signer=None, **more):
        who = slip.who[name]
        nonce = nonce_of(f"{name}{choice}{at}")
        statement = slip_answers.prepare_answer(who, slip_id, said(choice, **more), nonce, now=at).statement
        key = keys.active_key(slip.who[signer or name].person_id)
        cms = signing.signer().sign(key.key_ref, PIN, statement, at)
        return slip_answers._verified(who, slip_id, statement, cms, at)

    return one


def together(slip_id, *casts):
    return slip_counting.count_answers(slip_id, lambda: list(casts))


def codes(outcomes):
    return [getattr(outcome, "code", "ok") for outcome in outcomes]


def check_log(slip_id):
    """The leaves of the log follow from their bytes, one after the other."""
    frontier = Frontier()
    leaves = db.session.scalars(select(SlipLeaf).filter_by(slip_id=slip_id).order_by(SlipLeaf.seq)).all()
    for place, leaf in enumerate(leaves):
        frontier.append(leaf_hash(leaf.data))
        assert (leaf.seq, leaf.leaf_hash, leaf.root) == (place, leaf_hash(leaf.data).hex(), frontier.root().hex())
    return [leaf.kind.value for leaf in leaves]


def test_everybody_is_counted_in_one_transaction_with_a_log_that_recomputes(slip, slip_id, arrived):
    before = slip.slip(slip_id).version
    casts = [arrived(name, choice) for name, choice in zip(MEMBERS, ["agree", "other"] * 3, strict=False)]
    receipts = together(slip_id, *casts)
    assert [receipt.statement_sha256 for receipt in receipts] == [cast.sha256 for cast in casts]
    assert [receipt.leaf_seq for receipt in receipts] == [1, 2, 3, 4, 5]
    assert check_log(slip_id) == ["issued", *["answer"] * len(MEMBERS)]
    assert slip.slip(slip_id).version == before + len(MEMBERS)
    for cast, receipt in zip(casts, receipts, strict=True):
        answer = db.session.get_one(SlipAnswer, receipt.answer_id)
        assert receipt == receipt_of(answer)
        assert (answer.statement.statement, answer.statement.cms) == (cast.statement, cast.cms)
    assert together(slip_id, *casts) == receipts  # the same bytes bring the same receipts, and nothing else
    assert db.session.query(SlipAnswer).count() == len(MEMBERS)


def test_every_answer_has_its_own_fact_its_place_in_the_queue_of_the_log_and_its_job(slip, slip_id, arrived):
    receipts = together(slip_id, *[arrived(name) for name in MEMBERS])
    facts = db.session.scalars(select(AuditEntry).filter_by(fact="SlipAnswered").order_by(AuditEntry.id)).all()
    assert [fact.payload["answer_id"] for fact in facts] == [receipt.answer_id for receipt in receipts]
    last = slip.slip(slip_id).version
    assert [fact.payload["version"] for fact in facts] == list(range(last - len(facts) + 1, last + 1))
    assert [fact.actor_id for fact in facts] == [slip.who[name].person_id for name in MEMBERS]
    numbers = [fact.id for fact in facts]
    assert db.session.query(LogPending).filter(LogPending.audit_entry_id.in_(numbers)).count() == len(facts)
    jobs = [job for job in db.session.query(Job).filter_by(name="slips.announce").order_by(Job.id)]
    assert [job.payload["audit_entry_id"] for job in jobs][-len(facts) :] == numbers


@pytest.fixture
def statements(app):
    """What was said to the database."""
    heard = []

    def hear(_connection, _cursor, statement, *_rest):
        heard.append(statement)

    event.listen(db.engine, "before_cursor_execute", hear)
    yield heard
    event.remove(db.engine, "before_cursor_execute", hear)


def test_many_answers_cost_no_more_statements_than_one(slip, slip_id, arrived, statements):
    def different():
        """SQLite inserts one row after the other where their numbers are wanted."""
        return len(list(groupby(statements)))

    casts = [arrived(name) for name in MEMBERS]
    db.session.remove()
    statements.clear()
    together(slip_id, casts[0])
    alone = different()
    statements.clear()
    together(slip_id, *casts[1:])
    assert different() == alone <= 12


def test_one_bad_answer_does_not_hurt_the_others(slip, slip_id, arrived):
    good, forged, other = arrived("a"), arrived("b", signer="head"), arrived("deputy")
    outcomes = together(slip_id, good, forged, other)
    assert codes(outcomes) == ["ok", "bad_answer_signature", "ok"]
    assert {answer.member_id for answer in db.session.query(SlipAnswer)} == {good.member_id, other.member_id}
    assert check_log(slip_id) == ["issued", "answer", "answer"]


def test_each_is_told_what_is_wrong_with_the_own_one(slip, slip_id, arrived):
    casts = [arrived(name) for name in ("a", "b", "deputy", "chairman")]
    with own_transaction() as session:
        revoked = session.get(SlipRecipient, (slip_id, casts[0].member_id)).certificate_id
        session.add(CertificateRevocation(certificate_id=revoked, at=NOW, reason="Mất thiết bị"))
        key = session.query(keys.SigningKey).filter_by(person_id=casts[1].member_id).one()
        keys.LIFECYCLE.moves["suspend"].apply(key)
    expired = slip_counting.Cast(**{**vars(casts[2]), "now": NOW + dt.timedelta(minutes=3)})
    outcomes = together(slip_id, casts[0], casts[1], expired, casts[3])
    assert codes(outcomes) == ["certificate_refused", "key_suspended", "not_prepared", "ok"]


def test_in_one_batch_the_clock_decides_about_each(slip, slip_id, arrived):
    """Both were prepared in time; what arrives at the deadline is late, beside one that arrived before it."""
    before = DEADLINE - dt.timedelta(seconds=1)
    in_time, too_late = arrived("a", at=before), arrived("b", at=before)
    too_late = slip_counting.Cast(**{**vars(too_late), "now": DEADLINE})
    assert codes(together(slip_id, in_time, too_late)) == ["ok", "slip_over"]
    assert [answer.member_id for answer in db.session.query(SlipAnswer)] == [in_time.member_id]


def test_of_two_answers_of_one_member_the_second_goes_alone_and_sees_the_first(slip, slip_id, arrived):
    first, second = arrived("a", "agree"), arrived("a", "disagree")
    receipt, nothing = together(slip_id, first, second)
    assert nothing is None
    (refused,) = together(slip_id, second)
    assert (refused.code, refused.details["receipt"]) == ("another_answer_stands", receipt)


def test_a_change_is_counted_beside_first_answers_and_the_earlier_one_stays(slip, slip_id, arrived):
    (first,) = together(slip_id, arrived("a"))
    changed, other = together(slip_id, arrived("a", "disagree", at=NOW + dt.timedelta(minutes=1)), arrived("b"))
    rows = {answer.id: answer.supersedes_id for answer in db.session.query(SlipAnswer)}
    assert rows == {first.answer_id: None, changed.answer_id: first.answer_id, other.answer_id: None}


def test_who_sends_what_another_was_shown_gets_a_refusal_and_the_other_is_counted(slip, slip_id, arrived):
    """The texts of one batch are fetched together; each member's own decides."""
    mine, spare = arrived("a", "agree"), arrived("a", "disagree")
    thief = slip.who["b"]
    stolen = slip_counting.Cast(
        **{**vars(spare), "actor": thief, "member_id": thief.person_id,
           "certificate_id": db.session.get_one(SlipRecipient, (slip_id, thief.person_id)).certificate_id}
    )  # fmt: skip
    db.session.rollback()
    for order in ([stolen, mine], [mine, stolen]):
        assert sorted(codes(together(slip_id, *order))) == ["not_prepared", "ok"]
    assert [answer.member_id for answer in db.session.query(SlipAnswer)] == [mine.member_id]


def test_a_whole_batch_that_comes_after_close_or_recall_is_refused_and_leaves_nothing(slip, slip_id, arrived):
    casts = [arrived(name) for name in MEMBERS]
    slip_closing.recall_slip(slip.who["clerk"], slip_id, REASON, now=NOW)
    facts = db.session.query(AuditEntry).count()
    assert set(codes(together(slip_id, *casts))) == {"slip_recalled"}
    assert (db.session.query(SlipAnswer).count(), db.session.query(AuditEntry).count()) == (0, facts)


def test_who_is_not_asked_is_refused_beside_those_who_are(slip, slip_id, arrived):
    good = arrived("a")
    stranger = slip_counting.Cast(**{**vars(arrived("b")), "actor": slip.who["clerk"], "member_id": 0})
    draft_id = slip.draft().id
    assert codes(together(slip_id, stranger, good)) == ["not_allowed", "ok"]
    assert codes(together(draft_id, arrived("b"))) == ["slip_not_open"]


def test_a_batch_that_the_database_refuses_leaves_nothing_half_written(slip, slip_id, arrived, monkeypatch):
    """Its negative control is the first test above: without the refusal the same answers are there."""
    slip_drafts.save_draft(slip.who["a"], slip_id, {"text": "đã gõ"}, 0, now=NOW)
    casts = [arrived(name) for name in MEMBERS]
    before, facts = slip.slip(slip_id).version, db.session.query(AuditEntry).count()
    refused = text("INSERT INTO slip_answer (id) VALUES (1)")
    monkeypatch.setattr(slip_counting, "record_all_of_slip", lambda _told: db.session.execute(refused))
    with pytest.raises(IntegrityError):
        together(slip_id, *casts)
    db.session.rollback()
    assert db.session.query(SlipAnswer).count() == db.session.query(SignedStatement).count() == 0
    assert check_log(slip_id) == ["issued"]
    assert (slip.slip(slip_id).version, db.session.query(AuditEntry).count()) == (before, facts)
    assert db.session.query(SlipDraft).one().content == {"text": "đã gõ"}


def test_the_constraints_stand_behind_all_that_is_judged(slip, slip_id, arrived, monkeypatch):
    """With the judge gone a second answer still is refused, and costs the others nothing when they go alone."""
    stands, double = arrived("a", "agree"), arrived("a", "disagree")
    together(slip_id, stands)
    monkeypatch.setattr(slip_counting, "_admit", lambda *_given: None)
    casts = [double, arrived("b"), arrived("deputy")]
    with pytest.raises(IntegrityError):
        together(slip_id, *casts)
    assert [codes(together(slip_id, cast)) for cast in casts[1:]] == [["ok"], ["ok"]]
    with pytest.raises(IntegrityError):
        together(slip_id, double)
    assert db.session.query(SlipAnswer).count() == 3


def test_files_and_drafts_of_a_batch_go_where_they_belong(slip, slip_id, arrived):
    uploads = {}
    for name in ("a", "b"):
        content = io.BytesIO(pdf("Ý kiến"))  # the same file of both
        uploads[name] = slip_drafts.attach_file(slip.who[name], slip_id, "y-kien.pdf", content, now=NOW).id
    for name in ("a", "head"):
        slip_drafts.save_draft(slip.who[name], slip_id, {"text": name}, 0, now=NOW)
    receipts = together(slip_id, *[arrived(name, uploads=(number,)) for name, number in uploads.items()])
    kept = {row.answer_id: (row.upload_id, row.position) for row in db.session.query(SlipAttachment)}
    assert kept == {r.answer_id: (number, 1) for r, number in zip(receipts, uploads.values(), strict=True)}
    assert [draft.content for draft in db.session.query(SlipDraft)] == [{"text": "head"}]


def test_a_refused_answer_is_recorded_once_by_whoever_sent_it(slip, slip_id, arrived):
    forged = arrived("b", signer="head")
    with pytest.raises(WorkflowError):
        slip_answers.cast_answer(slip.who["b"], slip_id, forged.statement, forged.cms, now=NOW)
    refusal = db.session.query(Refusal).filter_by(code="bad_answer_signature").one()
    assert (refusal.act, refusal.actor_id) == ("cast_answer", slip.who["b"].person_id)
    assert (refusal.subject_type, refusal.subject_id) == ("slip", slip_id)


def test_nobody_is_taken_as_asked_who_does_not_see_the_slip_by_the_rule(slip, slip_id):
    def by_rule(actor):
        return db.session.scalar(select(Slip.id).where(Slip.id == slip_id, visible(actor, Slip))) is not None

    for end in (False, True):
        if end:
            slip_closing.close_slip(SYSTEM, slip_id, LATE)
        plainly = {name for name, actor in slip.who.items() if pinned_of(slip_id, actor.person_id)}
        assert plainly == set(MEMBERS) <= {name for name, actor in slip.who.items() if by_rule(actor)}


def test_what_was_frozen_is_read_once_and_never_from_bytes_that_are_not_those(request, slip, slip_id, statements):
    row = slip.slip(slip_id)
    read = slip_definitions.definition_of(row)
    assert read["slip_id"] == slip_id
    statements.clear()
    assert slip_definitions.definition_of(slip.slip(slip_id)) is read
    assert slip_definitions.check_of(row) is slip_definitions.check_of(row)
    assert not [said for said in statements if "slip.definition " in said]
    db.session.remove()
    with as_superuser(request) as execute:
        execute("UPDATE slip SET definition_sha256 = 'another'")
    with pytest.raises(ValueError, match="frozen"):
        slip_definitions.definition_of(slip.slip(slip_id))
