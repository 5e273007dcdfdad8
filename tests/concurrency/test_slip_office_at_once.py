"""Clerks, members and aides who do the same at once: one does it, the others hear so; on PostgreSQL, by threads."""

import datetime as dt
import threading
from collections import Counter

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import ApprovalStep, AuditEntry, CalendarFeed, MemberStaff, Office, SlipAide, SlipExtension, Stance
from app.workflows import (
    calendar_feeds,
    explanations,
    slip_advice,
    slip_approval,
    slip_closing,
    slip_drafts,
    slip_rounds,
    synthesis,
)
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.transaction import own_transaction
from app.workflows.explanations import Reply
from app.workflows.slip_approval import Step
from tests import cabinet
from tests.cabinet import MEMBERS, NOW
from tests.concurrency.test_slips_at_once import at_once
from tests.conftest import on_postgresql
from tests.opinions import closed_slip
from tests.slipping import REASON, SlipScene

pytestmark = on_postgresql
AT_ONCE = 4
TUESDAY = dt.date(2026, 8, 4)
CHAINS = (
    (Step("Trưởng đơn vị", (Office.UNIT_HEAD,)), Step("Phó Thủ tướng", (Office.DEPUTY_HEAD,))),
    (Step("Bộ trưởng, Chủ nhiệm", (Office.MINISTER_CHAIRMAN,)),),
)


@pytest.fixture
def slip(app):
    return SlipScene()


def told(outcomes):
    """How often what came of it: "done", or the code of a refusal; anything else is an error of ours."""
    assert all(isinstance(each, WorkflowError) or not isinstance(each, Exception) for each in outcomes), outcomes
    return Counter(getattr(each, "code", "done") for each in outcomes)


def test_one_submits_one_approves_and_one_begins_the_next_round(slip):
    clerk, unit, slip_id = slip.who["clerk"], slip.who["secretary"], slip.draft().id
    rest = AT_ONCE - 1
    outcomes = at_once(*[lambda: slip_approval.submit_slip(clerk, slip_id, NOW).id] * AT_ONCE)
    assert told(outcomes) == {"done": 1, "wrong_state": rest}
    outcomes = at_once(*[lambda: slip_approval.approve_slip(unit, slip_id, NOW).id] * AT_ONCE)
    assert told(outcomes) == {"done": 1, "not_your_step": rest}
    assert slip.slip(slip_id).stage == 1
    issued = slip.issue()
    outcomes = at_once(*[lambda: slip_rounds.new_round(clerk, issued, NOW).id] * AT_ONCE)
    assert told(outcomes) == {"done": 1, "round_begun": rest}


def test_of_those_who_end_or_move_a_slip_one_does_and_nothing_of_the_others_is_left(slip):
    clerk, chairman, slip_id = slip.who["clerk"], slip.who["chairman"], slip.issue()
    for name in MEMBERS:
        slip.answer(name, slip_id)
    outcomes = at_once(
        lambda: slip_closing.close_slip(clerk, slip_id, NOW, REASON).id,
        lambda: slip_closing.close_slip(chairman, slip_id, NOW, REASON).id,
        lambda: slip_closing.recall_slip(chairman, slip_id, REASON, NOW).id,
    )
    assert told(outcomes) == {"done": 1, "wrong_state": 2}
    ends = db.session.query(AuditEntry).filter(AuditEntry.fact.in_(["SlipClosed", "SlipRecalled"]))
    assert ends.count() == 1
    other = slip.issue()
    outcomes = at_once(*[lambda: slip_closing.extend_slip(clerk, other, TUESDAY, REASON, NOW).id] * AT_ONCE)
    assert told(outcomes) == {"done": 1, "deadline_not_later": AT_ONCE - 1}
    assert db.session.query(SlipExtension).count() == 1


def test_of_two_devices_or_clerks_that_save_at_once_one_is_told_of_the_other(slip):
    member, clerk, slip_id = slip.who["a"], slip.who["clerk"], slip.issue()
    texts = [{"answers": [], "text": word} for word in ("một", "hai", "ba")]
    outcomes = at_once(*[lambda text=text: slip_drafts.save_draft(member, slip_id, text, 0, NOW).version
                         for text in texts])  # fmt: skip
    assert told(outcomes) == {"done": 1, "draft_conflict": 2}
    closed = closed_slip(slip)
    leader = synthesis.synthesis_of(clerk, closed).rows[0].leader_id
    outcomes = at_once(*[
        lambda word=word: explanations.save_reply(clerk, closed, leader, Reply(Stance.NOT, word), 0, NOW).version
        for word in ("một", "hai", "ba")
    ])  # fmt: skip
    assert told(outcomes) == {"done": 1, "saved_meanwhile": 2}


def test_two_chains_of_approval_never_mix(slip):
    clerk, chairman = slip.who["clerk"], slip.who["chairman"]
    for _again in range(3):
        outcomes = at_once(
            lambda: slip_approval.set_chain(clerk, 1, CHAINS[0], NOW),
            lambda: slip_approval.set_chain(chairman, 1, CHAINS[1], NOW),
        )
        assert told(outcomes) == {"done": 2}
        assert slip_approval.chain_of(1) in CHAINS


def test_without_the_lock_they_would_be_a_chain_that_nobody_wrote(slip, monkeypatch):
    """The control: both have taken the old chain away before either writes, so a step has the offices of both."""
    gate, clerk, name = threading.Barrier(2), slip.who["clerk"], slip_approval.line

    def together(*given, **named):
        gate.wait(timeout=30)
        return name(*given, **named)

    monkeypatch.setattr(slip_approval, "_hold", lambda _body: None)
    monkeypatch.setattr(slip_approval, "line", together)
    outcomes = at_once(*[lambda chain=chain: slip_approval.set_chain(clerk, 1, chain[:1], NOW) for chain in CHAINS])
    assert told(outcomes) == {"done": 2}
    offices = db.session.scalars(select(ApprovalStep.office).where(ApprovalStep.position == 1)).all()
    assert sorted(offices) == [Office.MINISTER_CHAIRMAN, Office.UNIT_HEAD]


def test_of_many_taps_one_address_lives_and_one_permission_is_given(slip):
    member, aide = slip.who["a"], slip.who["guest"].person_id
    outcomes = at_once(*[lambda: calendar_feeds.make_feed(member, NOW)] * AT_ONCE)
    assert told(outcomes) == {"done": AT_ONCE}
    living = [token for token in outcomes if calendar_feeds.reader_of(token, NOW)]
    assert len(living) == db.session.query(CalendarFeed).filter(CalendarFeed.revoked_at.is_(None)).count() == 1
    with own_transaction() as session:
        session.add(MemberStaff(body_id=1, member_id=member.person_id, aide_id=aide, valid_from=cabinet.SINCE))
    outcomes = at_once(*[lambda: slip_advice.let_aide(member, aide, True, NOW)] * AT_ONCE)
    assert sorted(outcomes) == [False] * (AT_ONCE - 1) + [True]
    assert db.session.query(SlipAide).one().allowed
