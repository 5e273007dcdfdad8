"""Passkeys: adding one needs a password, one challenge and an active key; nobody else has a hand in it."""

import datetime as dt

import pytest
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from app.gateways import passkeys as gateway
from app.gateways.passkeys import PasskeyFault
from app.models import (
    AuditEntry,
    KeyState,
    LoginSession,
    Notice,
    Passkey,
    PasskeyChallenge,
    Person,
    RecoveryKind,
    Refusal,
)
from app.tasks import notices as notice_tasks
from app.views import notice_words
from app.workflows import accounts, keys, login, passkeys, upkeep
from app.workflows.engine.errors import NotAllowed, NotFound
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import fact_of, own_transaction
from app.workflows.login_tries import account_of
from app.workflows.rules.passkey import from_base64url
from tests.authenticator import UP, UV, Authenticator
from tests.cabinet import NOW, actors
from tests.conftest import both

LATER = dt.timedelta(minutes=6)


def session_of(name):
    """A session of that person, without the price of a password."""
    user_id = db.session.query(Person).filter_by(id=actors()[name].person_id).one().user_id
    login.begin(actors()[name], account_of(user_id), None, "test", NOW)
    return db.session.query(LoginSession).filter_by(user_id=user_id).order_by(LoginSession.id.desc()).first().id


def begun(name="a", label="iPad", session_id=None, now=NOW):
    """The session, and the challenge that it was given."""
    session_id = session_id or session_of(name)
    asked = passkeys.begin_enrolment(actors()[name], session_id, name, label, now)
    return session_id, from_base64url(asked["challenge"])


def enrolled(name="a", label="iPad", device=None):
    """A registered passkey in a device of its own."""
    device = device or Authenticator(name=f"{name}-{label}")
    session_id, challenge = begun(name, label)
    return device, passkeys.complete_enrolment(actors()[name], session_id, device.make(challenge), NOW)


def facts(name):
    return db.session.query(AuditEntry).filter_by(fact=name).all()


def told(name):
    """Who got a notice of the facts with that name."""
    for entry in facts(name):
        notice_tasks.tell(fact_of(entry.id))
    return {row.person_id for row in db.session.query(Notice).filter_by(kind=name)}


@both
def test_what_the_device_made_is_kept_under_the_name_that_was_given(people):
    device, made = enrolled(label="  iPad của tôi ")
    kept = db.session.get(Passkey, made.id)
    assert (kept.person_id, kept.label) == (people["a"].person_id, "iPad của tôi")
    assert kept.credential_id == device.credential_id
    assert (kept.public_key, kept.sign_count, kept.transports) == (device.public_key, 0, ["internal"])
    assert (kept.backup_eligible, kept.backed_up, kept.removed_at) == (False, False, None)
    assert facts("PasskeyAdded")[0].payload["person_id"] == people["a"].person_id
    assert told("PasskeyAdded") == {people["a"].person_id}
    assert "iPad" not in str(facts("PasskeyAdded")[0].payload)


@both
def test_a_challenge_is_answered_once_in_its_session_and_in_five_minutes(people):
    session_id, challenge = begun()
    elsewhere = session_of("a")
    with pytest.raises(passkeys.EnrolmentOver):
        passkeys.complete_enrolment(people["a"], elsewhere, Authenticator().make(challenge), NOW)
    with pytest.raises(passkeys.EnrolmentOver):
        passkeys.complete_enrolment(people["a"], session_id, Authenticator().make(challenge), NOW + LATER)
    passkeys.complete_enrolment(people["a"], session_id, Authenticator().make(challenge), NOW)
    with pytest.raises(passkeys.EnrolmentOver):
        passkeys.complete_enrolment(people["a"], session_id, Authenticator(name="second").make(challenge), NOW)
    assert db.session.query(Passkey).count() == 1


def test_a_wrong_answer_uses_the_challenge_up_and_says_why(people):
    session_id, challenge = begun()
    with pytest.raises(passkeys.PasskeyNotMade) as no:
        passkeys.complete_enrolment(people["a"], session_id, Authenticator().make(challenge, flags=UP), NOW)
    assert str(no.value) == str(passkeys.PasskeyNotMade.reasons[PasskeyFault.NOT_VERIFIED])
    with pytest.raises(passkeys.EnrolmentOver):
        passkeys.complete_enrolment(people["a"], session_id, Authenticator().make(challenge), NOW)
    assert db.session.query(Passkey).count() == 0
    assert [row.code for row in db.session.query(Refusal)] == ["passkey_not_made", "passkey_enrolment_over"]


@pytest.mark.parametrize(
    ("odd", "fault"),
    [({"origin": "https://evil.example"}, PasskeyFault.WRONG_ORIGIN),
     ({"host": "evil.example"}, PasskeyFault.WRONG_HOST),
     ({"flags": UV}, PasskeyFault.NOT_PRESENT), ({"type": "webauthn.get"}, PasskeyFault.MALFORMED)],
)  # fmt: skip
def test_each_fault_of_a_new_passkey_has_its_own_sentence(people, odd, fault):
    session_id, challenge = begun()
    with pytest.raises(passkeys.PasskeyNotMade) as no:
        passkeys.complete_enrolment(people["a"], session_id, Authenticator().make(challenge, **odd), NOW)
    assert str(no.value) == str(passkeys.PasskeyNotMade.reasons.get(fault, passkeys.PasskeyNotMade.otherwise))


def test_no_two_faults_share_a_sentence():
    sentences = [*passkeys.PasskeyNotMade.reasons.values(), passkeys.PasskeyNotMade.otherwise]
    assert len({str(each) for each in sentences}) == len(sentences)


def test_the_answer_to_another_challenge_is_refused(people):
    session_id, first = begun()
    begun(session_id=session_id)
    with pytest.raises(passkeys.PasskeyNotMade) as no:
        passkeys.complete_enrolment(people["a"], session_id, Authenticator().make(first), NOW)
    assert str(no.value) == str(passkeys.PasskeyNotMade.reasons[PasskeyFault.WRONG_CHALLENGE])


def test_one_passkey_belongs_to_one_person(people):
    device, _made = enrolled()
    session_id, challenge = begun("b")
    with pytest.raises(passkeys.PasskeyKnown):
        passkeys.complete_enrolment(people["b"], session_id, device.make(challenge), NOW)


@pytest.mark.parametrize("label", ["", "   ", "x" * 61, "iPad\u202e", "zwei\nZeilen"])
def test_a_device_has_a_clean_name(people, label):
    with pytest.raises(passkeys.BadLabel):
        begun(label=label)
    assert db.session.query(PasskeyChallenge).count() == 0


@pytest.mark.parametrize("name", ["admin", "clerk", "guest"])
def test_who_has_no_signing_key_adds_no_passkey(people, name):
    with pytest.raises(passkeys.NoKeyForPasskey):
        begun(name)


def test_nobody_has_more_than_ten(people):
    for number in range(passkeys.MOST_PASSKEYS):
        enrolled(label=str(number))
    with pytest.raises(passkeys.TooManyPasskeys):
        begun()
    passkeys.remove_passkey(people["a"], passkeys.kept_passkeys(people["a"].person_id)[0].id, NOW)
    assert begun()


def test_where_the_installation_has_no_address_for_it_nothing_begins(people):
    gateway.use(None)
    with pytest.raises(passkeys.NoRelyingParty):
        begun()


@both
def test_only_the_owner_removes_and_is_told(people):
    _device, made = enrolled()
    for name in ("b", "admin", "clerk", "chairman", "auditor"):
        with pytest.raises(NotFound):
            passkeys.remove_passkey(people[name], made.id, NOW)
    for _again in range(2):
        passkeys.remove_passkey(people["a"], made.id, NOW)
    assert passkeys.kept_passkeys(people["a"].person_id) == []
    assert len(facts("PasskeyRemoved")) == 1
    assert told("PasskeyRemoved") == {people["a"].person_id}


# -- a lost device ----------------------------------------------------------------------------------------------------


def asked_for(people, first="clerk", name="a", reason="Mất iPad"):
    return keys.request_recovery(people[first], people[name].person_id, RecoveryKind.PASSKEYS, reason, NOW)


@both
def test_two_people_of_the_office_remove_the_passkeys_of_a_lost_device(people):
    first, second = enrolled()[1], enrolled(label="Điện thoại")[1]
    other = enrolled("b")[1]
    asked = asked_for(people)
    assert len(passkeys.usable_passkeys(people["a"].person_id)) == 2  # one person alone removes nothing
    keys.approve_recovery(people["records"], asked.id, NOW)
    assert passkeys.kept_passkeys(people["a"].person_id) == []
    assert [each.id for each in passkeys.kept_passkeys(people["b"].person_id)] == [other.id]
    assert (asked.approved_at, asked.used_at) == (NOW, NOW)
    (fact,) = facts("PasskeysTakenOut")
    assert fact.payload["passkeys"] == [first.id, second.id]
    assert told("KeyRecoveryApproved") == {people["a"].person_id}
    notice = db.session.query(Notice).filter_by(kind="KeyRecoveryApproved").one()
    assert "passkey" in notice_words.key_recovery(notice.details).lower()
    assert notice_words.address(notice.kind, notice.details, None) == "/passkeys/"
    assert keys.active_key(people["a"].person_id).state is KeyState.ACTIVE  # and a new one can be added at once
    assert begun()


@pytest.mark.parametrize("name", ["clerk", "a"])
def test_neither_the_first_person_nor_the_owner_confirms_the_removal(people, name):
    enrolled()
    asked = asked_for(people)
    with pytest.raises(keys.SamePerson if name == "clerk" else NotAllowed):
        keys.approve_recovery(people[name], asked.id, NOW)
    assert len(passkeys.usable_passkeys(people["a"].person_id)) == 1


@pytest.mark.parametrize("name", ["b", "admin", "auditor"])
def test_who_keeps_no_keys_asks_for_no_removal(people, name):
    enrolled()
    with pytest.raises((NotAllowed, NotFound)):
        asked_for(people, name)


def test_who_has_no_passkey_has_none_removed(people):
    with pytest.raises(keys.NoPasskeyKept):
        asked_for(people)
    assert db.session.query(Refusal).one().code == "no_passkey_kept"


@both
def test_a_password_reset_suspends_them_and_lets_nobody_add_one(people):
    _device, made = enrolled()
    other = enrolled("b")[1]
    accounts.reset_password(people["admin"], people["a"].person_id, NOW)
    assert db.session.get(Passkey, made.id).suspended_at == NOW
    assert db.session.get(Passkey, other.id).suspended_at is None
    assert passkeys.usable_passkeys(people["a"].person_id) == []
    assert told("PasskeysSuspended") == {people["a"].person_id}
    with pytest.raises(passkeys.NoKeyForPasskey):  # the key waits for two people, and so does this
        begun()


def test_a_key_suspended_while_the_device_is_asked_stops_the_passkey(people):
    session_id, challenge = begun()
    keys.suspend_key(people["admin"], people["a"].person_id, "password_reset", NOW)
    with pytest.raises(passkeys.NoKeyForPasskey):
        passkeys.complete_enrolment(people["a"], session_id, Authenticator().make(challenge), NOW)


@both
@pytest.mark.parametrize(
    "change",
    ["public_key = X'00'", "person_id = person_id + 1", "label = 'x'", "sign_count = -1", "removed_at = NULL"],
)
def test_the_database_itself_keeps_a_passkey_what_it_is(people, change):
    _device, made = enrolled()
    passkeys.remove_passkey(people["a"], made.id, NOW)
    change = change.replace("X'00'", "'\\x00'") if db.engine.dialect.name == "postgresql" else change
    with pytest.raises(DBAPIError), own_transaction() as session:
        session.connection().exec_driver_sql(f"UPDATE passkey SET {change}")  # noqa: S608 - the cases above
    with pytest.raises(DBAPIError), own_transaction() as session:
        session.connection().exec_driver_sql("DELETE FROM passkey")


def test_old_challenges_are_taken_out(people):
    begun()
    upkeep.prune(SYSTEM, NOW + dt.timedelta(days=2))
    assert db.session.query(PasskeyChallenge).count() == 0
