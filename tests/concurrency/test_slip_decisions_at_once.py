"""Two tablets that decide at the same time, and a decision against the clerk's table: on PostgreSQL, by threads."""

import datetime as dt
import threading

import pytest
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.models import AuditEntry, Resolution, SlipDecision, SlipState, SlipWay
from app.workflows import explanations, slip_decisions, slips, synthesis
from app.workflows.engine.errors import WorkflowError
from app.workflows.slip_decisions import Wish
from tests.concurrency.test_slips_at_once import at_once
from tests.conftest import on_postgresql
from tests.deciding import KEPT, SIGN, Deciding
from tests.slipping import LATE

pytestmark = on_postgresql
BACK = Wish(SlipWay.RETURN, "Làm rõ nguồn kinh phí", resubmit_on=dt.date(2026, 8, 20))


@pytest.fixture
def scene(app):
    return Deciding().equipped()


def decide(scene, wish):
    head, number = scene.who["head"], scene.slip_id
    return lambda: slip_decisions.decide_slip(head, number, wish, LATE).way


def test_of_two_tablets_one_decides_and_the_other_hears_it(scene):
    scene.reported()
    outcomes = at_once(decide(scene, SIGN), decide(scene, BACK))
    refused = [each for each in outcomes if isinstance(each, WorkflowError)]
    assert [each.code for each in refused] == ["wrong_state"]
    (won,) = [each for each in outcomes if isinstance(each, SlipWay)]
    assert db.session.query(SlipDecision).one().way is won
    assert db.session.query(Resolution).count() == (won is SlipWay.SUBMIT)
    assert db.session.query(AuditEntry).filter_by(fact="SlipDecided").count() == 1


def test_without_the_lock_on_the_slip_both_would_try_and_the_database_keeps_one(scene, monkeypatch):
    scene.reported()
    gate = threading.Barrier(4)

    def unlocked(actor, number):
        found = slips.seen(actor, slips.Slip, number)
        gate.wait(timeout=30)
        return found

    monkeypatch.setattr(slips, "locked", unlocked)
    outcomes = at_once(*[decide(scene, BACK)] * 4)
    assert sum(isinstance(each, SlipWay) for each in outcomes) == 1
    assert sum(isinstance(each, IntegrityError) for each in outcomes) == 3
    assert db.session.query(SlipDecision).count() == 1


def test_a_decision_to_sign_against_the_table_comes_before_it_or_after_it(scene):
    scene.issued()
    scene.answer("a", scene.slip_id, "disagree", text="Chưa rõ nguồn vốn")
    scene.closed({}).reported_as_it_is()
    clerk, number = scene.who["clerk"], scene.slip_id
    (row,) = synthesis.synthesis_of(clerk, number).rows
    explanations.save_reply(clerk, number, row.leader_id, KEPT, 0, LATE)
    told = at_once(decide(scene, SIGN), lambda: explanations.submit_explanations(clerk, number, LATE).id)
    assert told[1] == number
    if isinstance(told[0], WorkflowError):
        assert told[0].code == "unexplained"
        assert scene.slip(number).state is SlipState.REPORTED
    else:
        assert scene.slip(number).state is SlipState.DECIDED
