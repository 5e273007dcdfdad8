"""Two workers at the deadline, an answer against a recall, two answers of one member: on PostgreSQL, by threads."""

import datetime as dt
import threading

import pytest
from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.gateways import signing
from app.models import (
    AuditEntry,
    Job,
    JobState,
    Slip,
    SlipAnswer,
    SlipDeemed,
    SlipDelivery,
    SlipLeaf,
    SlipRecipient,
    SlipReminder,
)
from app.tasks import execution
from app.tasks.reminders import remind_of_slip
from app.tasks.slips import close_overdue_slips
from app.workflows import keys, slip_answers, slip_closing, slip_deliveries, slip_issue, slip_reminders, slips
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import SYSTEM
from app.workflows.slip_refusals import SlipOver
from tests.cabinet import MEMBERS, NOW, PIN
from tests.conftest import nonce_of, on_postgresql
from tests.slipping import DEADLINE, LATE, REASON, SlipScene, said

pytestmark = on_postgresql
WORKERS = 6


@pytest.fixture
def slip(app):
    return SlipScene()


def at_once(*acts):
    """Each in a thread and a session of its own, as near to each other as it gets; what each returned or raised."""
    application, gate = current_app._get_current_object(), threading.Barrier(len(acts))
    outcomes = [None] * len(acts)

    def run(place, act):
        with application.app_context():
            gate.wait()
            try:
                outcomes[place] = act()
            except Exception as error:
                outcomes[place] = error
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=given) for given in enumerate(acts)]
    db.session.remove()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_many_workers_that_wake_up_at_the_deadline_one_closes(slip):
    slip_id = slip.issue()
    slip.answer("a", slip_id)
    assert sum(at_once(*[lambda: close_overdue_slips(LATE)] * WORKERS)) == 1
    assert db.session.query(AuditEntry).filter_by(fact="SlipClosed").count() == 1
    assert db.session.query(SlipDeemed).count() == len(MEMBERS) - 1
    assert [leaf.kind.value for leaf in db.session.query(SlipLeaf).order_by(SlipLeaf.seq)] == [
        "issued", "answer", "closed"
    ]  # fmt: skip


def test_a_slip_that_nobody_closed_for_days_is_closed_once_and_took_no_answer_meanwhile(slip):
    slip_id, days_later = slip.issue(), LATE + dt.timedelta(days=3)
    with pytest.raises(SlipOver):
        slip.answer("a", slip_id, at=days_later)
    assert sum(at_once(*[lambda: close_overdue_slips(days_later)] * WORKERS)) == 1
    assert close_overdue_slips(days_later + dt.timedelta(days=1)) == 0
    assert db.session.query(SlipDeemed).count() == len(MEMBERS)
    assert slip.slip(slip_id).deadline_at == DEADLINE


def test_of_many_who_issue_at_once_one_does_and_one_number_is_given(slip):
    slip_id, deputy = slip.approved().id, slip.who["deputy"]
    outcomes = at_once(*[lambda: slip_issue.issue_slip(deputy, slip_id, now=NOW).number_text] * WORKERS)
    assert sorted(getattr(each, "code", "issued") for each in outcomes) == ["issued"] + ["wrong_state"] * (WORKERS - 1)
    assert db.session.query(SlipRecipient).count() == len(MEMBERS)
    assert db.session.query(SlipLeaf).count() == 1
    assert db.session.query(AuditEntry).filter_by(fact="SlipIssued").count() == 1
    following = slip.issue()
    assert [slip.slip(each).number for each in (slip_id, following)] == [1, 2]


def test_of_many_slips_issued_at_once_each_gets_a_number_of_its_own(slip):
    made, deputy = [slip.approved().id for _each in range(WORKERS)], slip.who["deputy"]
    at_once(*[lambda each=each: slip_issue.issue_slip(deputy, each, now=NOW).id for each in made])
    assert sorted(slip.slip(each).number for each in made) == list(range(1, WORKERS + 1))


def test_without_the_lock_two_who_issue_would_collide(slip, monkeypatch):
    """The negative control: on a row that nobody holds both freeze the roll, and the constraints stop the second."""
    slip_id, gate, deputy = slip.approved().id, threading.Barrier(2), slip.who["deputy"]

    def unlocked(_actor, wanted):
        found = db.session.scalars(select(Slip).where(Slip.id == wanted)).one()
        gate.wait(timeout=30)
        return found

    monkeypatch.setattr(slips, "locked", unlocked)
    outcomes = at_once(*[lambda: slip_issue.issue_slip(deputy, slip_id, now=NOW).id] * 2)
    assert not all(outcome == slip_id or isinstance(outcome, WorkflowError) for outcome in outcomes)
    assert db.session.query(SlipRecipient).count() <= len(MEMBERS)


def test_of_many_workers_that_remind_at_once_each_member_hears_one(slip):
    slip_id = slip.issue()
    slip.answer("a", slip_id)
    at = DEADLINE - dt.timedelta(hours=4)
    assert sum(at_once(*[lambda: remind_of_slip(slip_id, 4, at)] * WORKERS)) == len(MEMBERS) - 1
    assert db.session.query(AuditEntry).filter_by(fact="SlipReminded").count() == len(MEMBERS) - 1
    assert db.session.query(SlipReminder).count() == len(MEMBERS) - 1


def test_without_the_lock_a_reminder_would_be_written_twice_but_for_the_constraint(slip, monkeypatch):
    """The negative control: both have looked, and found nobody reminded, before either writes."""
    slip_id, member = slip.issue(), slip.who["b"].person_id
    gate, at, write = threading.Barrier(2), DEADLINE - dt.timedelta(hours=4), slip_reminders._remind

    def together(*given):
        gate.wait(timeout=30)
        return write(*given)

    monkeypatch.setattr(slip_reminders, "_locked", lambda wanted: db.session.get_one(Slip, wanted))
    monkeypatch.setattr(slip_reminders, "_remind", together)
    outcomes = at_once(*[lambda: slip_reminders.remind_member(SYSTEM, slip_id, member, 4, at)] * 2)
    assert sum(isinstance(outcome, IntegrityError) for outcome in outcomes) == 1
    assert db.session.query(SlipReminder).count() == 1


def test_without_the_lock_on_the_slip_two_workers_would_collide(slip, monkeypatch):
    """The negative control: the same acts on a row that nobody holds run into the constraints behind the lock."""
    slip_id = slip.issue()
    gate = threading.Barrier(2)

    def unlocked(_actor, wanted):
        found = db.session.scalars(select(Slip).where(Slip.id == wanted)).one()
        gate.wait(timeout=30)
        return found

    monkeypatch.setattr(slips, "locked", unlocked)
    outcomes = at_once(*[lambda: slip_closing.close_slip(SYSTEM, slip_id, LATE).id] * 2)
    assert sum(outcome == slip_id for outcome in outcomes) < 2
    assert not all(outcome == slip_id or isinstance(outcome, WorkflowError) for outcome in outcomes)


def test_an_answer_in_flight_against_a_recall_either_counts_before_it_or_is_refused(slip):
    slip_id = slip.issue()
    casts = []
    for name in MEMBERS:
        nonce = nonce_of(name)
        statement = slip_answers.prepare_answer(slip.who[name], slip_id, said("agree"), nonce, now=NOW).statement
        cms = signing.signer().sign(keys.active_key(slip.who[name].person_id).key_ref, PIN, statement, NOW)
        casts.append((slip.who[name], statement, cms))
    clerk = slip.who["clerk"]
    acts = [
        lambda who=who, statement=statement, cms=cms: slip_answers.cast_answer(who, slip_id, statement, cms, now=NOW)
        for who, statement, cms in casts
    ]
    outcomes = at_once(*acts, lambda: slip_closing.recall_slip(clerk, slip_id, REASON, NOW))
    counted = [each for each in outcomes[:-1] if not isinstance(each, Exception)]
    refused = {getattr(each, "code", repr(each)) for each in outcomes[:-1] if isinstance(each, Exception)}
    assert refused <= {"slip_recalled"}
    assert not isinstance(outcomes[-1], Exception)
    assert db.session.query(SlipAnswer).count() == len(counted)
    leaves = db.session.query(SlipLeaf).order_by(SlipLeaf.seq).all()
    assert [leaf.kind.value for leaf in leaves] == ["issued", *["answer"] * len(counted), "recalled"]


def test_two_answers_of_one_member_at_once_are_one(slip):
    slip_id = slip.issue()
    acts, who = [], slip.who["a"]
    for choice in ("agree", "disagree"):
        shown = slip_answers.prepare_answer(who, slip_id, said(choice), nonce_of(choice), now=NOW).statement
        cms = signing.signer().sign(keys.active_key(who.person_id).key_ref, PIN, shown, NOW)
        acts.append(lambda shown=shown, cms=cms: slip_answers.cast_answer(who, slip_id, shown, cms, now=NOW))
    outcomes = at_once(*acts)
    assert sorted(getattr(each, "code", "counted") for each in outcomes) == ["another_answer_stands", "counted"]
    assert db.session.query(SlipAnswer).count() == 1


def test_devices_that_are_reached_at_once_are_all_noted_and_told_by_one_job(slip):
    slip_id, note = slip.issue(), slip_deliveries.note_delivery
    actors = [slip.who[name] for name in MEMBERS]
    noted = at_once(*[lambda actor=actor: note(actor, slip_id, "iPad", False, NOW) for actor in actors])
    assert noted == [True] * len(MEMBERS)
    assert db.session.query(SlipDelivery).count() == len(MEMBERS)
    assert [job.state for job in db.session.query(Job).filter_by(name=slip_deliveries.TELL)] == [JobState.DUE]


def test_what_tells_of_a_delivery_is_not_taken_before_the_delivery_can_be_seen(slip, monkeypatch):
    """While a second delivery counts on the job of the first, no worker gets it."""
    slip_id, note, handled = slip.issue(), slip_deliveries.note_delivery, []
    execution.drain(NOW)
    note(slip.who["a"], slip_id, "iPad", False, NOW)
    told = slip_deliveries._have_it_told

    def held(*about):
        told(*about)
        claimed = threading.Thread(target=take)
        claimed.start()
        claimed.join()

    application = current_app._get_current_object()

    def take():
        with application.app_context():
            handled.append(len(execution.claim(NOW)))
            db.session.remove()

    with monkeypatch.context() as patched:
        patched.setattr(slip_deliveries, "_have_it_told", held)
        note(slip.who["b"], slip_id, "iPad", False, NOW)
    assert (handled, execution.drain(NOW)) == ([0], 1)
