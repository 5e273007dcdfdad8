"""The end of a slip: by the clock exactly once, silence by the rules, more time, an early close, a recall."""

import datetime as dt

import pytest
from sqlalchemy import text, update

from app.extensions import db
from app.models import AuditEntry, LogEntry, LogKind, Outcome, Slip, SlipDeemed, SlipExtension, SlipState
from app.tasks.slips import close_overdue_slips
from app.workflows import checks, sequencing, slip_closing, slip_rows, slip_sealed
from app.workflows.engine.errors import NotAllowed, WorkflowError
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import end_reading
from app.workflows.rules.canonical import parse_canonical
from app.workflows.slip_log import LOG
from tests.cabinet import MEMBERS, NOW
from tests.conftest import both
from tests.slipping import DEADLINE, LATE, REASON, SlipScene

FRIDAY_NOON = dt.datetime(2026, 7, 31, 5, 0, tzinfo=dt.UTC)
NEXT_TUESDAY = dt.date(2026, 8, 4)


@pytest.fixture
def slip(app):
    return SlipScene()


@pytest.fixture
def open_slip(slip):
    return slip.issue()


def code_of(act, *args, **kwargs):
    with pytest.raises(WorkflowError) as refused:
        act(*args, **kwargs)
    return refused.value.code


def result_of(slip, slip_id):
    return parse_canonical(slip.slip(slip_id).result)


@both
def test_the_clock_closes_once_and_silence_counts_by_the_rule_set(slip, open_slip):
    slip.answer("a", open_slip)
    slip.answer("b", open_slip, "disagree")
    assert close_overdue_slips(DEADLINE - dt.timedelta(seconds=1)) == 0
    assert close_overdue_slips(LATE + dt.timedelta(hours=9)) == 1  # the scheduler was down meanwhile
    assert close_overdue_slips(LATE + dt.timedelta(hours=9)) == 0
    done = slip.slip(open_slip)
    assert (done.state, done.outcome) == (SlipState.CLOSED, Outcome.ADOPTED)
    told = result_of(slip, open_slip)
    assert [entry["member"] for entry in told["deemed"]] == ["M01", "M02", "M05"]
    assert told["missing"] == []
    (question,) = told["questions"]
    counted = {name: question[name] for name in ("agree", "disagree", "other", "deemed", "missing", "counted_for")}
    assert counted == {"agree": 1, "disagree": 1, "other": 0, "deemed": 3, "missing": 0, "counted_for": 4}
    rows = db.session.query(SlipDeemed).all()
    assert {row.member_id for row in rows} == {slip.who[name].person_id for name in ("head", "deputy", "chairman")}
    assert all("191/2026" in row.source and row.at > DEADLINE for row in rows)
    assert len(slip_rows.answers_of(open_slip)) == 2  # silence is no answer
    fact = db.session.query(AuditEntry).filter_by(fact="SlipClosed").one()
    told = {name: fact.payload[name] for name in ("answered", "deemed", "missing", "reason")}
    assert (fact.actor_id, told) == (None, {"answered": 2, "deemed": 3, "missing": 0, "reason": ""})


@both
def test_where_silence_counts_for_nothing_it_is_missing(slip):
    slip.rule(silence="nothing")
    slip_id = slip.issue()
    slip.answer("a", slip_id)
    slip_closing.close_slip(SYSTEM, slip_id, LATE)
    told = result_of(slip, slip_id)
    assert (len(told["deemed"]), len(told["missing"])) == (0, 4)
    assert slip.slip(slip_id).outcome is Outcome.NOT_ADOPTED
    assert db.session.query(SlipDeemed).count() == 0


@both
def test_early_it_closes_only_when_all_have_answered_and_with_a_reason(slip, open_slip):
    clerk = slip.who["clerk"]
    assert code_of(slip_closing.close_slip, clerk, open_slip, NOW, REASON) == "not_all_answered"
    for name in MEMBERS:
        slip.answer(name, open_slip)
    assert code_of(slip_closing.close_slip, clerk, open_slip, NOW) == "no_reason"
    with pytest.raises(NotAllowed):
        slip_closing.close_slip(slip.who["a"], open_slip, NOW, REASON)
    slip_closing.close_slip(clerk, open_slip, NOW, "Đã đủ ý kiến")
    assert (slip.slip(open_slip).state, slip.slip(open_slip).reason) == (SlipState.CLOSED, "Đã đủ ý kiến")
    assert code_of(slip_closing.close_slip, clerk, open_slip, LATE) == "wrong_state"


@both
def test_more_time_within_the_window_with_reason_and_history(slip, open_slip):
    clerk = slip.who["clerk"]
    act = slip_closing.extend_slip
    for day, code in (
        (dt.date(2026, 8, 3), "deadline_not_later"),
        (dt.date(2026, 8, 2), "deadline_on_day_off"),
        (dt.date(2026, 8, 7), "deadline_too_late"),
        (dt.date(2026, 7, 29), "deadline_past"),
    ):
        assert code_of(act, clerk, open_slip, day, REASON, FRIDAY_NOON) == code
    assert code_of(act, clerk, open_slip, NEXT_TUESDAY, "", FRIDAY_NOON) == "no_reason"
    assert code_of(act, clerk, open_slip, NEXT_TUESDAY, REASON, LATE) == "deadline_passed"
    act(clerk, open_slip, NEXT_TUESDAY, REASON, FRIDAY_NOON)
    moved = slip.slip(open_slip)
    assert moved.deadline_at == DEADLINE + dt.timedelta(days=1)
    (kept,) = db.session.query(SlipExtension)
    assert (kept.old_deadline_at, kept.new_deadline_at, kept.reason) == (DEADLINE, moved.deadline_at, REASON)
    assert close_overdue_slips(LATE) == 0
    assert slip.answer("a", open_slip, at=LATE).leaf_seq == 2
    assert close_overdue_slips(moved.deadline_at) == 1
    assert [entry["kind"] for entry in LOG.entries(open_slip)] == ["issued", "extended", "answer", "closed"]


@both
def test_a_recall_ends_it_with_a_reason_and_nothing_is_counted(slip, open_slip):
    slip.answer("a", open_slip)
    clerk, act = slip.who["clerk"], slip_closing.recall_slip
    assert code_of(act, clerk, open_slip, "", NOW) == "no_reason"
    assert code_of(act, clerk, open_slip, REASON, LATE) == "too_late_to_recall"
    assert code_of(act, slip.who["deputy"], open_slip, REASON, NOW) == "not_allowed"
    act(clerk, open_slip, REASON, NOW)
    done = slip.slip(open_slip)
    assert (done.state, done.reason, done.result) == (SlipState.RECALLED, REASON, None)
    assert close_overdue_slips(LATE) == 0
    assert slip_sealed.checked(done).result is None


@both
def test_the_roots_reach_the_log_of_the_installation_and_everything_recomputes(slip, open_slip):
    slip.answer("a", open_slip)
    other = slip.issue()
    slip_closing.recall_slip(slip.who["clerk"], other, REASON, NOW)
    slip_closing.close_slip(SYSTEM, open_slip, LATE)
    end_reading()
    while sequencing.enter(SYSTEM, LATE):
        pass
    roots = db.session.query(LogEntry).filter(LogEntry.kind.in_([LogKind.SLIP_CLOSED, LogKind.SLIP_RECALLED]))
    assert {(row.kind, row.subject_id) for row in roots} == {
        (LogKind.SLIP_CLOSED, open_slip), (LogKind.SLIP_RECALLED, other)
    }  # fmt: skip
    end_reading()
    account = checks.examine()
    assert (account.broken, account.slips) == ([], 2)


TAMPERING = {  # statement by the owner, past the triggers → what is named
    "UPDATE slip_leaf SET at = at, root = leaf_hash WHERE seq = 1": "slip_leaf",
    "DELETE FROM slip_leaf WHERE seq = 2": "slip_leaf",
    "UPDATE slip_answer SET nonce = 'x'": "slip",
    "DELETE FROM slip_deemed": "slip",
    "UPDATE slip SET outcome = 'undecided'": "slip",
    "UPDATE slip SET definition = X'78'": "slip",
}


@pytest.mark.parametrize("statement", TAMPERING)
def test_what_somebody_changes_behind_the_triggers_is_found(slip, open_slip, statement):
    slip.answer("a", open_slip)
    slip_closing.close_slip(SYSTEM, open_slip, LATE)
    end_reading()
    while sequencing.enter(SYSTEM, LATE):
        pass
    assert checks.examine().broken == []
    with db.engine.connect() as connection:
        raw = connection.connection.driver_connection
        raw.execute("PRAGMA foreign_keys=OFF")
        names = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute(statement)
    found = checks.examine().broken
    assert TAMPERING[statement] in {each.table for each in found}


@both
def test_the_second_count_contradicts_a_result_that_was_changed(slip, open_slip, monkeypatch):
    slip.answer("a", open_slip)
    slip_closing.close_slip(SYSTEM, open_slip, LATE)
    done = slip.slip(open_slip)
    assert slip_closing.differences(done) == []
    slip_closing.counted_alike(done)
    monkeypatch.setattr(slip_closing, "recounted", lambda _slip: {**slip_closing.recount_slip(
        done.definition, []), "slip_hash": f"sha256:{done.definition_sha256}"})
    assert code_of(slip_closing.counted_alike, done) == "slip_recount_differs"
    assert code_of(slip_closing.report_slip, slip.who["clerk"], open_slip, LATE) == "slip_recount_differs"
    assert slip.slip(open_slip).state is SlipState.CLOSED
    monkeypatch.undo()
    with pytest.raises(NotAllowed):
        slip_closing.report_slip(slip.who["a"], open_slip, LATE)
    assert slip_closing.report_slip(slip.who["clerk"], open_slip, LATE).state is SlipState.REPORTED


@both
def test_a_slip_under_way_is_checked_as_far_as_it_goes(slip, open_slip):
    slip.answer("a", open_slip)
    assert len(slip_sealed.checked(slip.slip(open_slip)).answers) == 1
    assert db.session.execute(update(Slip).values(version=Slip.version)).rowcount == 1
    assert db.session.scalar(text("SELECT count(*) FROM slip_answer")) == 1
