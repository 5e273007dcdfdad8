"""PIN tries, locks, and how two people give a key back."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from app.extensions import db
from app.models import Choice, KeyRecovery, KeyState, Poll, RecoveryKind, Refusal, SigningKey
from app.workflows import ballots, keys, polls
from app.workflows.engine.errors import NotAllowed, NotFound
from app.workflows.engine.transaction import own_transaction
from tests.cabinet import NOW, PIN, actors
from tests.conftest import both, nonce_of, on_postgresql

LATER = NOW + keys.LOCKED_FOR
ENOUGH = 60.0  # seconds for what takes milliseconds


def sign(who, pin=PIN, now=NOW):
    subject = keys.active_key(who.person_id)
    return keys.sign_with_pin(who, subject, b"data", pin, now)


def failed(who):
    db.session.rollback()
    return keys.active_key(who.person_id).failed_tries


@both
def test_five_wrong_pins_lock_this_key_for_fifteen_minutes_and_no_other(app, people):
    a = people["a"]
    for left in (4, 3, 2, 1):
        with pytest.raises(keys.PinWrong) as refusal:
            sign(a, "111213")
        assert refusal.value.details["tries_left"] == left
    with pytest.raises(keys.PinLocked):
        sign(a, "111213")
    with pytest.raises(keys.PinLocked) as locked:
        sign(a)
    assert (locked.value.http_status, locked.value.details["until"]) == (423, "08:15")
    assert sign(people["b"])
    with pytest.raises(keys.PinLocked):
        sign(a, now=LATER - dt.timedelta(seconds=1))
    assert sign(a, now=LATER)
    assert db.session.query(Refusal).filter_by(act="sign_with_pin").count() == 7


def test_a_right_pin_clears_the_count(app, people):
    for _ in range(3):
        with pytest.raises(keys.PinWrong):
            sign(people["a"], "111213")
    sign(people["a"])
    assert failed(people["a"]) == 0


def test_the_try_is_charged_before_the_pin_is_looked_at(app, people, monkeypatch):
    from app.gateways import signing

    class Crash(BaseException):
        pass

    def crash(*_args):
        raise Crash

    monkeypatch.setattr(signing.signer(), "sign", crash)
    with pytest.raises(Crash):
        sign(people["a"])
    assert failed(people["a"]) == 1


def test_a_signer_that_does_not_answer_costs_no_try(app, people, monkeypatch):
    from app.gateways import signing

    def gone(*_args):
        raise signing.KeyUnavailable

    monkeypatch.setattr(signing.signer(), "sign", gone)
    with pytest.raises(keys.SigningUnavailable) as refusal:
        sign(people["a"])
    assert refusal.value.http_status == 503
    assert failed(people["a"]) == 0


def guess_in_parallel(app, guesses, charge=None):
    """Outcomes of many wrong guesses at once, each in a context of its own."""
    subject = actors()["a"]

    def guess(number):
        with app.app_context():
            try:
                sign(subject, f"{number:06d}")
            except keys.PinWrong:
                return "looked at"
            except keys.PinLocked as refusal:
                return "last" if refusal.__cause__ else "locked"
            return "signed"

    with ThreadPoolExecutor(20) as devices:
        return list(devices.map(guess, guesses))


@on_postgresql
def test_twenty_parallel_guesses_get_five_looks(app):
    outcomes = guess_in_parallel(app, range(300001, 300021))
    assert outcomes.count("looked at") + outcomes.count("last") == keys.MOST_TRIES
    assert outcomes.count("locked") == 15


@on_postgresql
def test_without_the_row_lock_parallel_guesses_get_more(app, monkeypatch):
    """The negative control: the same guesses where the count is read without holding the row, by all before any."""
    from sqlalchemy.sql import Select

    meet = threading.Barrier(20, timeout=ENOUGH)

    @contextmanager
    def slowly():
        with own_transaction() as session:
            look = session.scalar

            def looked(statement):
                found = look(statement)
                meet.wait()
                return found

            session.scalar = looked
            yield session

    monkeypatch.setattr(keys, "own_transaction", slowly)
    monkeypatch.setattr(Select, "with_for_update", lambda self, **_kwargs: self)
    outcomes = guess_in_parallel(app, range(300001, 300021))
    assert outcomes == ["looked at"] * 20


@pytest.fixture
def locked_a(app, people):
    for _ in range(keys.MOST_TRIES):
        with pytest.raises((keys.PinWrong, keys.PinLocked)):
            sign(people["a"], "111213")
    return people["a"]


def test_two_people_unlock_a_key_during_the_meeting(locked_a, people):
    asked = keys.request_recovery(people["clerk"], locked_a.person_id, RecoveryKind.UNLOCK, "Gõ nhầm PIN", now=NOW)
    with pytest.raises(keys.SamePerson):
        keys.approve_recovery(people["clerk"], asked.id, now=NOW)
    with pytest.raises(keys.PinLocked):
        sign(locked_a)
    keys.approve_recovery(people["records"], asked.id, now=NOW)
    assert sign(locked_a)
    with pytest.raises(keys.RecoveryDone):
        keys.approve_recovery(people["chairman"], asked.id, now=NOW)


@pytest.mark.parametrize(("name", "refusal"), [("admin", NotAllowed), ("b", NotAllowed), ("guest", NotFound)])
def test_nobody_else_asks_for_an_unlock(locked_a, people, name, refusal):
    with pytest.raises(refusal):
        keys.request_recovery(people[name], locked_a.person_id, RecoveryKind.UNLOCK, "x", now=NOW)
    assert db.session.query(KeyRecovery).count() == 0


def test_an_owner_neither_asks_nor_confirms_for_himself(app, people):
    own = people["chairman"]
    with pytest.raises(keys.SamePerson):
        keys.request_recovery(own, own.person_id, RecoveryKind.REPLACE, "x", now=NOW)
    asked = keys.request_recovery(people["clerk"], own.person_id, RecoveryKind.REPLACE, "Mất thiết bị", now=NOW)
    with pytest.raises(keys.SamePerson):
        keys.approve_recovery(own, asked.id, now=NOW)


def test_a_replacement_gives_a_new_certificate_and_ends_the_old_key(app, people):
    a = people["a"]
    with pytest.raises(keys.NoReplacementAllowed):
        keys.enrol_own_key(a, "730514", now=NOW)
    asked = keys.request_recovery(people["clerk"], a.person_id, RecoveryKind.REPLACE, "Lộ PIN", now=NOW)
    keys.approve_recovery(people["records"], asked.id, now=NOW)
    with pytest.raises(keys.KeySuspended):
        sign(a)
    with pytest.raises(keys.PinUnacceptable):
        keys.enrol_own_key(a, "123456", now=NOW)
    old = keys.active_key(a.person_id).certificate_id
    keys.enrol_own_key(a, "730514", now=NOW)
    assert keys.active_key(a.person_id).certificate_id != old
    assert sign(a, "730514")
    states = [key.state for key in db.session.query(SigningKey).filter_by(person_id=a.person_id).order_by("id")]
    assert states == [KeyState.REPLACED, KeyState.ACTIVE]
    with pytest.raises(keys.NoReplacementAllowed):
        keys.enrol_own_key(a, "730514", now=NOW)


def test_a_key_pinned_in_an_open_vote_is_not_replaced(scene):
    scene.open()
    poll = scene.open_poll()
    asked = keys.request_recovery(
        scene.who["clerk"], scene.who["a"].person_id, RecoveryKind.REPLACE, "Mất thiết bị", now=NOW
    )
    with pytest.raises(keys.KeyPinned):
        keys.approve_recovery(scene.who["records"], asked.id, now=NOW)
    polls.close_poll(scene.who["secretary"], poll.id, now=NOW)
    assert keys.approve_recovery(scene.who["records"], asked.id, now=NOW).approved_at == NOW


def test_a_locked_key_casts_nothing_and_the_poll_stays_as_it_was(scene):
    scene.open()
    poll = scene.open_poll()
    ballots.prepare_ballot(scene.who["a"], poll.id, Choice.AGREE, nonce_of("n"), now=NOW)
    for _ in range(keys.MOST_TRIES):
        with pytest.raises((keys.PinWrong, keys.PinLocked)):
            ballots.sign_ballot(scene.who["a"], poll.id, nonce_of("n"), "111213", now=NOW)
    assert polls.standing(db.session.get_one(Poll, poll.id)) == {}


def test_a_suspended_key_signs_nothing(app, people):
    keys.suspend_key(people["admin"], people["a"].person_id, "password_reset", now=NOW)
    with pytest.raises(keys.KeySuspended):
        sign(people["a"])
    with own_transaction() as session:
        assert session.query(SigningKey).filter_by(state=KeyState.SUSPENDED).count() == 1


@pytest.mark.parametrize("reason", ["", " ", "đảo\u202engược", "x" * 501])
def test_a_recovery_without_a_clean_reason_is_refused(app, people, reason):
    with pytest.raises(keys.NoReason):
        keys.request_recovery(people["clerk"], people["a"].person_id, RecoveryKind.REPLACE, reason, now=NOW)
    assert db.session.query(KeyRecovery).count() == 0
