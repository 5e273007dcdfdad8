"""Opinions of a closed slip: listed once, joined by hand only, explained row by row, linked to the new draft."""

import datetime as dt

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models import AuditEntry, DocumentVersion, Opinion, OpinionReply, SlipWay, Stance
from app.workflows import explanations, next_drafts, slip_closing, slip_decisions, synthesis
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.transaction import end_reading, own_transaction
from app.workflows.engine.visibility import visible
from app.workflows.explanations import Gap, Reply
from app.workflows.slip_decisions import Wish
from tests.cabinet import NOW
from tests.conftest import both
from tests.opinions import ALIKE, SENTENCE, closed_slip, draft_text, text_of
from tests.slipping import LATE, REASON, SlipScene
from tests.superuser import as_superuser


@pytest.fixture
def slip(app):
    return SlipScene()


@pytest.fixture
def closed(slip):
    return closed_slip(slip)


def code_of(act, *args, **kwargs):
    with pytest.raises(WorkflowError) as refused:
        act(*args, **kwargs)
    return refused.value.code


def join_all(slip, slip_id):
    clerk = slip.who["clerk"]
    for place in synthesis.synthesis_of(clerk, slip_id).places:
        for rows in place.proposed:
            synthesis.join_opinions(clerk, slip_id, [row.leader_id for row in rows], NOW)
    return synthesis.synthesis_of(clerk, slip_id)


def explain(slip, slip_id, row, stance=Stance.NOT, said="Giữ như dự thảo vì luật đã quy định.", path="", quote=""):
    known = db.session.get(OpinionReply, row.leader_id)
    typed = Reply(stance, said, path, quote)
    return explanations.save_reply(slip.who["clerk"], slip_id, row.leader_id, typed, known.version if known else 0, NOW)


@both
def test_27_opinions_with_three_that_say_the_same_make_24_rows_when_the_clerk_joins_them(slip, closed):
    before = synthesis.synthesis_of(slip.who["head"], closed)
    assert (before.opinions, len(before.rows), before.differs) == (27, 27, ())
    assert [place.question for place in before.places if place.proposed] == list(ALIKE)
    counts = before.places[0].counts
    assert counts == {"agree": 1, "disagree": 1, "other": 1, "deemed": 2, "missing": 0}
    assert sum(counts.values()) == before.members == 5
    after = join_all(slip, closed)
    assert (after.opinions, len(after.rows), after.differs) == (27, 24, ())
    joined = [row for row in after.rows if len(row.sources) > 1]
    assert len(joined) == 3
    for row, question in zip(joined, ALIKE, strict=True):
        assert {source.text for source in row.sources} == {text_of("a", question), text_of("b", question)}
    assert [row.number for row in after.rows] == list(range(1, 25))
    assert db.session.query(AuditEntry).filter_by(fact="OpinionsJoined").count() == 3


@both
def test_a_joined_opinion_gets_its_row_back_also_when_it_led(slip, closed):
    joined = next(row for row in join_all(slip, closed).rows if len(row.sources) > 1)
    clerk = slip.who["clerk"]
    synthesis.split_opinion(clerk, closed, joined.leader_id, NOW)
    found = synthesis.synthesis_of(clerk, closed)
    assert len(found.rows) == 25
    assert code_of(synthesis.split_opinion, clerk, closed, joined.leader_id, NOW) == "not_joined"
    other = joined.sources[1].opinion_id
    assert {other, joined.leader_id} <= {row.leader_id for row in found.rows}


@both
def test_only_rows_of_one_place_are_joined_and_only_by_those_who_run_the_slip(slip, closed):
    found = synthesis.synthesis_of(slip.who["clerk"], closed)
    one, other, far = found.places[0].rows[0], found.places[0].rows[1], found.places[1].rows[0]
    clerk = slip.who["clerk"]
    assert code_of(synthesis.join_opinions, clerk, closed, [one.leader_id, far.leader_id], NOW) == "other_places"
    assert code_of(synthesis.join_opinions, clerk, closed, [one.leader_id], NOW) == "other_places"
    assert code_of(synthesis.join_opinions, clerk, closed, [one.leader_id, 99_999], NOW) == "not_found"
    pair = [one.leader_id, other.leader_id]
    assert code_of(synthesis.join_opinions, slip.who["head"], closed, pair, NOW) == "not_allowed"
    assert code_of(synthesis.synthesis_of, slip.who["a"], closed) == "not_allowed"
    assert len(synthesis.synthesis_of(clerk, closed).rows) == 27


@both
def test_opinions_are_listed_at_the_close_and_never_change(slip, closed):
    assert code_of(synthesis.synthesis_of, slip.who["clerk"], slip.issue()) == "not_listed"
    assert db.session.query(Opinion).filter_by(slip_id=closed).count() == 27
    end_reading()
    for change in ("UPDATE opinion SET text = 'x'", "DELETE FROM opinion"):
        with pytest.raises(Exception, match=r"insert-only|permission denied"), own_transaction() as session:
            session.execute(text(change))


@both
def test_the_table_is_submitted_only_when_every_row_is_complete_and_every_link_holds(slip, closed):
    clerk, rows = slip.who["clerk"], join_all(slip, closed).rows
    with pytest.raises(WorkflowError) as refused:
        explanations.submit_explanations(clerk, closed, NOW)
    assert (refused.value.code, refused.value.details["numbers"]) == ("rows_open", list(range(1, 25)))
    for row in rows[1:]:
        explain(slip, closed, row)
    link = {"stance": Stance.ACCEPTED, "said": "Đã bổ sung.", "path": "2.2", "quote": SENTENCE}
    with pytest.raises(WorkflowError) as refused:
        explain(slip, closed, rows[0], **link)
    assert refused.value.code == "no_new_draft"
    first = next_drafts.write_next_draft(clerk, closed, draft_text("Bộ Tài chính chủ trì.", SENTENCE), None, NOW)
    explain(slip, closed, rows[0], **link)
    assert explanations.table_of(clerk, closed).open_rows == []

    second = next_drafts.write_next_draft(clerk, closed, draft_text("Bộ Tài chính chủ trì."), first.id, NOW)
    (broken,) = explanations.table_of(clerk, closed).open_rows
    assert (broken.row.number, broken.gap) == (1, Gap.BROKEN_LINK)
    with pytest.raises(WorkflowError) as refused:
        explanations.submit_explanations(clerk, closed, NOW)
    assert refused.value.details["numbers"] == [1]

    next_drafts.write_next_draft(clerk, closed, draft_text(SENTENCE, "Bộ Tài chính chủ trì."), second.id, NOW)
    (moved,) = explanations.table_of(clerk, closed).open_rows
    assert (moved.gap, moved.elsewhere.label) == (Gap.MOVED_LINK, "khoản 1 Điều 2")
    explain(slip, closed, rows[0], **{**link, "path": "2.1"})
    explanations.submit_explanations(clerk, closed, NOW)
    fact = db.session.query(AuditEntry).filter_by(fact="ExplanationsSubmitted").one()
    assert fact.payload["rows"] == 24
    assert code_of(explain, slip, closed, rows[1]) == "table_submitted"
    explanations.take_back_explanations(clerk, closed, REASON, NOW)
    explain(slip, closed, rows[1])


@both
def test_of_two_who_type_in_one_row_the_second_is_told(slip, closed):
    clerk, row = slip.who["clerk"], synthesis.synthesis_of(slip.who["clerk"], closed).rows[0]
    explain(slip, closed, row, said="Bản thứ nhất")
    late = Reply(Stance.NOT, "Bản đến sau")
    assert code_of(explanations.save_reply, clerk, closed, row.leader_id, late, 0, NOW) == "saved_meanwhile"
    assert db.session.get(OpinionReply, row.leader_id).explanation == "Bản thứ nhất"


@both
def test_the_new_draft_is_seen_by_those_who_prepare_and_the_sent_one_stays(slip, closed):
    clerk = slip.who["clerk"]
    sent = slip.slip(closed).papers[0].document_version_id
    new = next_drafts.write_next_draft(clerk, closed, draft_text(SENTENCE), None, NOW)
    assert (new.number, slip.slip(closed).papers[0].document_version_id) == (2, sent)
    assert code_of(next_drafts.write_next_draft, clerk, closed, draft_text("x"), None, NOW) == "draft_written_meanwhile"

    def may(name, version):
        criterion = visible(slip.who[name], DocumentVersion)
        return db.session.query(DocumentVersion).filter(DocumentVersion.id == version, criterion).count()

    assert [may(name, new.id) for name in ("clerk", "head", "a", "guest")] == [1, 1, 0, 0]
    assert [may(name, sent) for name in ("clerk", "head", "a", "guest")] == [1, 1, 1, 0]


@both
def test_without_a_draft_a_row_needs_no_link(slip):
    slip_id = closed_slip(slip, with_draft=False)
    clerk = slip.who["clerk"]
    assert code_of(next_drafts.write_next_draft, clerk, slip_id, draft_text("x"), None, NOW) == "no_draft_sent"
    for row in synthesis.synthesis_of(clerk, slip_id).rows:
        explain(slip, slip_id, row, stance=Stance.ACCEPTED, said="Tiếp thu.")
    explanations.submit_explanations(clerk, slip_id, NOW)


@both
def test_after_the_report_the_tables_are_finished_and_after_the_decision_nothing_changes(slip, closed):
    clerk, rows = slip.who["clerk"], synthesis.synthesis_of(slip.who["clerk"], closed).rows
    slip_closing.report_slip(clerk, closed, LATE)
    assert synthesis.unexplained(slip.slip(closed)) == 27
    for row in rows:
        explain(slip, closed, row)
    explanations.submit_explanations(clerk, closed, LATE)
    assert synthesis.unexplained(slip.slip(closed)) == 0
    assert code_of(explanations.take_back_explanations, clerk, closed, REASON, LATE) == "wrong_state"
    back = Wish(SlipWay.RETURN, "Làm rõ", resubmit_on=LATE.date() + dt.timedelta(days=9))
    slip_decisions.decide_slip(slip.who["head"], closed, back, LATE)
    assert code_of(explain, slip, closed, rows[0]) == "wrong_state"
    assert code_of(synthesis.join_opinions, clerk, closed, [row.leader_id for row in rows[:2]], NOW) == "wrong_state"
    assert len(synthesis.synthesis_of(clerk, closed).rows) == 27


@both
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE opinion SET text = 'Nhất trí' WHERE id = {id}",
        "UPDATE opinion SET choice = 'agree' WHERE choice = 'disagree'",
        "DELETE FROM opinion_group WHERE opinion_id = {id}",
    ],
)
def test_a_list_that_somebody_changed_behind_the_acts_is_found_and_goes_nowhere(request, slip, closed, change):
    clerk, row = slip.who["clerk"], synthesis.synthesis_of(slip.who["clerk"], closed).rows[1]
    for each in synthesis.synthesis_of(clerk, closed).rows:
        explain(slip, closed, each)
    end_reading()
    with as_superuser(request) as execute:
        execute(change.format(id=row.leader_id))
    assert synthesis.synthesis_of(clerk, closed).differs == ("1",)
    assert code_of(explanations.submit_explanations, clerk, closed, NOW) == "totals_differ"
