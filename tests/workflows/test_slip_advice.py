"""Aides and slips: only where the member allows it, only suggestions, only for that member, and never an answer."""

import datetime as dt

import pytest
from flask_babel import force_locale

from app.extensions import db
from app.models import AuditEntry, MemberStaff, Notice, Person, Slip, SlipAdvice, SlipAnswer, SlipDraft
from app.tasks import relay
from app.workflows import (
    notices,
    slip_advice,
    slip_answers,
    slip_closing,
    slip_drafts,
    slip_reading,
    worth_sending,
)
from app.workflows.engine.errors import NotAllowed, NotFound, WorkflowError
from app.workflows.engine.rights import SYSTEM, actor_for
from app.workflows.engine.transaction import own_transaction
from app.workflows.engine.visibility import seen, visible
from app.workflows.rules.calendar import hanoi_date
from tests import cabinet
from tests.cabinet import NOW
from tests.conftest import both, nonce_of
from tests.slipping import LATE, SlipScene, said

CONTENT = {"answers": [{"question": 1, "choice": "disagree", "text": "Đề nghị rà soát"}], "reservation": True}


@pytest.fixture
def slip(app):
    return SlipScene()


@pytest.fixture
def aide(slip):
    """Somebody without any office who helps minister a from today on; b has nobody."""
    person = slip.who["guest"].person_id
    with own_transaction() as session:
        session.add(MemberStaff(body_id=1, member_id=slip.who["a"].person_id, aide_id=person,
                                valid_from=cabinet.SINCE))  # fmt: skip
    return actor_for(person, hanoi_date(NOW), "aide")


@pytest.fixture
def open_slip(slip):
    return slip.issue()


def member(slip, name="a"):
    return slip.who[name].person_id


def code_of(act, *args, **kwargs):
    with pytest.raises(WorkflowError) as refused:
        act(*args, **kwargs)
    return refused.value.code


def sees(actor):
    return set(db.session.scalars(db.select(Slip.id).where(visible(actor, Slip))))


@both
def test_an_aide_sees_the_slips_of_a_member_who_allows_it_and_only_as_long(slip, aide, open_slip):
    assert sees(aide) == set()
    assert slip_advice.let_aide(slip.who["a"], aide.person_id, True, NOW)
    assert not slip_advice.let_aide(slip.who["a"], aide.person_id, True, NOW)
    assert sees(aide) == {open_slip}
    assert [entry.member_id for entry in slip_advice.advised_members(aide, open_slip, NOW)] == [member(slip)]
    assert sees(actor_for(aide.person_id, cabinet.SINCE - dt.timedelta(days=1))) == set()  # helped nobody then
    assert [(person.id, may) for person, may in slip_advice.own_aides(slip.who["a"], NOW)] == [(aide.person_id, True)]
    assert slip_advice.own_aides(slip.who["b"], NOW) == []
    assert slip_advice.let_aide(slip.who["a"], aide.person_id, False, NOW)
    assert sees(aide) == set()
    rows = db.select(AuditEntry).where(AuditEntry.fact == "AideOfSlips").order_by(AuditEntry.id)
    assert [entry.payload["allowed"] for entry in db.session.scalars(rows)] == [True, False]


def test_a_member_admits_nobody_but_an_aide_of_the_own(slip, aide):
    assert code_of(slip_advice.let_aide, slip.who["b"], aide.person_id, True, NOW) == "not_your_aide"
    assert code_of(slip_advice.let_aide, slip.who["a"], member(slip, "b"), True, NOW) == "not_your_aide"
    assert code_of(slip_advice.let_aide, aide, member(slip), True, NOW) == "not_your_aide"


@both
def test_a_suggestion_is_seen_by_that_member_alone(slip, aide, open_slip):
    slip_advice.let_aide(slip.who["a"], aide.person_id, True, NOW)
    advice = slip_advice.write_advice(aide, open_slip, member(slip), CONTENT, NOW)
    assert [each.content for each in slip_advice.advice_for(slip.who["a"], open_slip)] == [CONTENT]
    for name in ("b", "head", "clerk", "chairman", "auditor"):
        assert slip_advice.advice_for(slip.who[name], open_slip) == []
        with pytest.raises(NotFound):
            seen(slip.who[name], SlipAdvice, advice.id)
    again = slip_advice.write_advice(aide, open_slip, member(slip), {**CONTENT, "reservation": False}, NOW)
    assert (again.id, again.version) == (advice.id, 2)
    assert slip_advice.own_advice(aide, open_slip, member(slip)).version == 2


def test_nothing_is_suggested_to_others_nor_without_permission_nor_too_late(slip, aide, open_slip):
    act = slip_advice.write_advice
    with pytest.raises(NotFound):
        act(aide, open_slip, member(slip), CONTENT, NOW)
    slip_advice.let_aide(slip.who["a"], aide.person_id, True, NOW)
    assert code_of(act, aide, open_slip, member(slip, "b"), CONTENT, NOW) == "aide_not_admitted"
    assert code_of(act, slip.who["b"], open_slip, member(slip), CONTENT, NOW) == "aide_not_admitted"
    assert code_of(act, aide, open_slip, member(slip), {"text": "x" * 700_000}, NOW) == "draft_too_long"
    slip_closing.close_slip(SYSTEM, open_slip, LATE)
    assert code_of(act, aide, open_slip, member(slip), CONTENT, LATE) == "slip_over"
    assert db.session.query(SlipAdvice).count() == 0


def test_an_aide_has_no_answer_whatever_is_sent(slip, aide, open_slip):
    slip_advice.let_aide(slip.who["a"], aide.person_id, True, NOW)
    nonce = nonce_of("aide")
    with pytest.raises(NotAllowed):
        slip_answers.prepare_answer(aide, open_slip, said("agree"), nonce, now=NOW)
    slip_answers.prepare_answer(slip.who["a"], open_slip, said("agree"), nonce, now=NOW)
    with pytest.raises(NotAllowed):
        slip_answers.sign_answer(aide, open_slip, nonce, cabinet.PIN, now=NOW)
    with pytest.raises(NotAllowed):
        slip_drafts.save_draft(aide, open_slip, CONTENT, 0, NOW)
    for read in (slip_reading.own_answers, slip_reading.statistics_of):
        with pytest.raises(NotAllowed):
            read(aide, open_slip)
    assert db.session.query(SlipAnswer).count() == 0


def test_the_member_takes_a_suggestion_over_as_an_own_draft_and_signs_it_alone(slip, aide, open_slip):
    slip_advice.let_aide(slip.who["a"], aide.person_id, True, NOW)
    slip_drafts.save_draft(slip.who["a"], open_slip, {"answers": [], "uploads": [7]}, 0, NOW)
    advice = slip_advice.write_advice(aide, open_slip, member(slip), {**CONTENT, "uploads": [9]}, NOW)
    act = slip_advice.take_over
    assert code_of(act, slip.who["a"], open_slip, advice.id, 2, NOW) == "advice_changed"
    with pytest.raises(NotFound):
        act(slip.who["b"], open_slip, advice.id, 1, NOW)
    with pytest.raises(NotFound):
        act(aide, open_slip, advice.id, 1, NOW)
    taken = act(slip.who["a"], open_slip, advice.id, 1, NOW)
    assert (taken.content, taken.version) == ({**CONTENT, "uploads": [7]}, 2)
    assert db.session.query(SlipDraft).count() == 1
    assert db.session.query(SlipAnswer).count() == 0


# -- news -------------------------------------------------------------------------------------------------------------


def told(kind):
    """What the notices of a fact say, by person."""
    relay.drain(NOW)
    words = notices.kinds[kind].template
    with force_locale("en"):
        rows = db.session.scalars(db.select(Notice).where(Notice.kind == kind))
        return {notice.person_id: words(notice.details) for notice in rows}


@both
def test_an_aide_who_may_see_it_is_told_once_that_a_slip_was_issued(slip, aide):
    slip_advice.let_aide(slip.who["a"], aide.person_id, True, NOW)
    number = slip.slip(slip.issue()).number_text
    heard = told("SlipIssued")
    member_a = db.session.get_one(Person, member(slip)).full_name
    assert heard[aide.person_id] == f"{member_a} is asked for an opinion on slip {number} until 17:00 03/08/2026"
    assert heard[member(slip)] == f"Slip {number} asks for your opinion until 17:00 03/08/2026"
    assert set(heard) == {member(slip, name) for name in cabinet.MEMBERS if name != "deputy"} | {aide.person_id}
    assert db.session.query(Notice).filter_by(kind="SlipIssued", person_id=aide.person_id).count() == 1


def test_an_aide_who_may_not_see_it_any_more_or_never_did_is_not_told(slip, aide):
    slip.issue()
    assert aide.person_id not in told("SlipIssued")
    slip_advice.let_aide(slip.who["a"], aide.person_id, True, NOW)
    open_slip = slip.issue()
    assert aide.person_id in told("SlipIssued")
    rows = db.select(Notice).where(Notice.kind == "SlipIssued", Notice.person_id == aide.person_id)
    notice = db.session.scalars(rows).one()
    assert slip_advice.still_concerns(notice, NOW)
    slip_advice.let_aide(slip.who["a"], aide.person_id, False, NOW)
    assert not worth_sending.still_needed["SlipIssued"](notice, NOW), "before it was sent"
    slip_closing.recall_slip(slip.who["clerk"], open_slip, "Thiếu hồ sơ", NOW)
    assert aide.person_id not in told("SlipRecalled")


def test_an_aide_who_heard_of_a_slip_hears_of_its_end(slip, aide):
    slip_advice.let_aide(slip.who["a"], aide.person_id, True, NOW)
    open_slip = slip.issue()
    slip_closing.extend_slip(slip.who["clerk"], open_slip, dt.date(2026, 8, 4), "Cần thêm thời gian", NOW)
    assert aide.person_id in told("SlipExtended")
    slip_closing.recall_slip(slip.who["clerk"], open_slip, "Thiếu hồ sơ", NOW)
    assert aide.person_id in told("SlipRecalled")
