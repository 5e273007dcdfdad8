"""A locked screen opens to a passkey of its owner: once for each question, for this screen alone, five tries in all."""

import datetime as dt

import pytest

from app.extensions import db
from app.gateways import passkeys as gateway
from app.gateways.passkeys import PasskeyFault
from app.models import AuditEntry, LoginSession, Passkey, PasskeyChallenge, Person, Refusal
from app.workflows import login, passkey_assertions, passkey_unlock, passkeys
from app.workflows.engine.transaction import end_reading
from app.workflows.login_tries import SessionOver, account_of
from app.workflows.passkey_assertions import PasskeyOtherText
from app.workflows.passkey_unlock import NoPasskeyToUnlock, StillLocked
from app.workflows.rules.passkey import ballot_challenge, unlock_challenge
from tests.authenticator import UP, UV, Authenticator
from tests.cabinet import NOW, PASSWORD, actors
from tests.conftest import both
from tests.workflows.test_passkeys import enrolled

SOON, LATE = NOW + dt.timedelta(minutes=1), NOW + dt.timedelta(minutes=4)


def screen(name="a"):
    """A session of that person, just locked."""
    user_id = db.session.query(Person).filter_by(id=actors()[name].person_id).one().user_id
    token = login.begin(actors()[name], account_of(user_id), None, "test", NOW)
    login.lock_screen(login.session_of(token, NOW), NOW)
    end_reading()
    return token


def locked(token, now=NOW):
    found = login.session_of(token, now)
    end_reading()
    return found.locked


def asked(token, now=NOW):
    found = login.session_of(token, now)
    return unlock_challenge(passkey_unlock.begin(found, now)["nonce"])


def answer(token, given, now=SOON):
    found = login.session_of(token, now)
    passkey_unlock.unlock(found, given, "10.0.0.1", now)


def refused(token, given, now=SOON):
    with pytest.raises(StillLocked) as no:
        answer(token, given, now)
    assert locked(token, now)
    return no.value


@both
def test_the_owner_opens_the_screen(people):
    device, made = enrolled()
    token = screen()
    assert login.session_of(token, NOW).passkey
    answer(token, device.answer(asked(token)))
    assert not locked(token)
    passkey = db.session.get(Passkey, made.id)
    assert (passkey.last_used_at, passkey.sign_count, passkey.count_fell_at) == (SOON, 1, None)
    assert db.session.query(AuditEntry).filter_by(fact="ScreenUnlocked").count() == 1
    assert db.session.query(Refusal).count() == 0


def test_what_is_asked_names_the_host_and_the_own_passkeys_alone(people):
    device, other = enrolled()[0], enrolled("b")[0]
    told = passkey_unlock.begin(login.session_of(screen(), NOW), NOW)
    assert (told["host"], told["tag"]) == ("localhost", "vn.ecabinet.passkey.unlock.v1")
    assert len(told["credentials"]) == 1
    assert device.credential_id != other.credential_id


@both
def test_an_answer_opens_once_and_within_two_minutes(people):
    device, _made = enrolled()
    token = screen()
    given = device.answer(asked(token))
    answer(token, given)
    login.lock_screen(login.session_of(token, SOON), SOON)
    assert refused(token, given).details["reason"] == StillLocked.over
    late = device.answer(asked(token))
    assert refused(token, late, LATE).details["reason"] == StillLocked.over
    answer(token, device.answer(asked(token)))


def test_asking_again_makes_the_earlier_question_void_and_keeps_one_row(people):
    device, _made = enrolled()
    token = screen()
    first = asked(token)
    second = asked(token)
    assert db.session.query(PasskeyChallenge).filter_by(purpose="unlock").count() == 1
    said = refused(token, device.answer(first))
    assert said.details["reason"] == StillLocked.reasons[PasskeyFault.WRONG_CHALLENGE]
    assert refused(token, device.answer(second)).details["reason"] == StillLocked.over  # the wrong one used it up


def test_the_question_of_one_screen_opens_no_other(people):
    device, _made = enrolled()
    one, other = screen(), screen()
    challenge = asked(one)
    asked(other)
    refused(other, device.answer(challenge))
    answer(one, device.answer(challenge))
    assert (locked(one), locked(other)) == (False, True)


@pytest.mark.parametrize(
    ("odd", "fault"),
    [({"origin": "https://evil.example"}, PasskeyFault.WRONG_ORIGIN), ({"flags": UP}, PasskeyFault.NOT_VERIFIED),
     ({"host": "evil.example"}, PasskeyFault.WRONG_HOST), ({"flags": UV}, PasskeyFault.NOT_PRESENT),
     ({"type": "webauthn.create"}, PasskeyFault.MALFORMED)],
)  # fmt: skip
def test_each_fault_has_its_own_sentence_and_leaves_the_screen_locked(people, odd, fault):
    device, _made = enrolled()
    token = screen()
    said = refused(token, device.answer(asked(token), **odd))
    assert said.details["reason"] == StillLocked.reasons.get(fault, StillLocked.otherwise)
    assert "4" in str(said)
    assert [row.code for row in db.session.query(Refusal)] == ["passkey_unlock_refused"]


def test_no_two_reasons_share_a_sentence():
    sentences = [*StillLocked.reasons.values(), StillLocked.otherwise, StillLocked.over, StillLocked.unknown]
    assert len({str(each) for each in sentences}) == len(sentences)


def test_a_signature_by_another_key_is_refused(people):
    device, _made = enrolled()
    forger = Authenticator(name="forger")
    forger.credential_id = device.credential_id
    token = screen()
    assert refused(token, forger.answer(asked(token))).details["reason"] == (
        StillLocked.reasons[PasskeyFault.BAD_SIGNATURE]
    )


@pytest.mark.parametrize("why", ["of somebody else", "removed", "suspended"])
def test_only_a_passkey_in_use_of_the_owner_opens(people, why):
    device, made = enrolled()
    other = enrolled("b")[0]
    token = screen()
    challenge = asked(token)
    if why == "removed":
        passkeys.remove_passkey(people["a"], made.id, NOW)
    elif why == "suspended":
        passkeys.suspend_passkeys(people["admin"], people["a"].person_id, "password_reset", NOW)
    given = (other if why == "of somebody else" else device).answer(challenge)
    assert refused(token, given).details["reason"] == StillLocked.unknown


def test_the_fifth_answer_that_is_not_good_ends_the_session_and_passwords_count_with_it(people):
    device, _made = enrolled()
    token = screen()
    for _try in range(3):
        refused(token, device.answer(asked(token), flags=UP))
    with pytest.raises(login.WrongPassword):
        login.unlock(login.session_of(token, SOON), "falsch", "10.0.0.1", SOON)
    with pytest.raises(SessionOver):
        answer(token, device.answer(asked(token), flags=UP))
    assert login.session_of(token, SOON) is None
    ended = db.session.query(LoginSession).filter(LoginSession.revoked_at.is_not(None)).one()
    assert ended.revoked_because == "unlock_refused"


def test_a_count_that_did_not_rise_is_told_and_opens_all_the_same(people):
    device, made = enrolled()
    token = screen()
    answer(token, device.answer(asked(token), count=9))
    login.lock_screen(login.session_of(token, SOON), SOON)
    answer(token, device.answer(asked(token), count=3))
    assert not locked(token)
    assert (db.session.get(Passkey, made.id).sign_count, db.session.get(Passkey, made.id).count_fell_at) == (9, SOON)
    assert db.session.query(AuditEntry).filter_by(fact="PasskeyCountFell").count() == 1


def test_who_has_none_is_told_so_and_nothing_is_asked(people):
    token = screen()
    assert not login.session_of(token, NOW).passkey
    with pytest.raises(NoPasskeyToUnlock):
        asked(token)
    enrolled()
    gateway.use(None)
    with pytest.raises(passkeys.NoRelyingParty):
        asked(token)


def test_what_opens_a_screen_confirms_no_ballot_and_the_other_way_round(people):
    device, _made = enrolled()
    token = screen()
    found = login.session_of(token, NOW)
    nonce = passkey_unlock.begin(found, NOW)["nonce"]
    refused(token, device.answer(ballot_challenge(nonce.encode())))
    with pytest.raises(PasskeyOtherText):
        passkey_assertions.judge(
            people["a"], db.session.get(Person, people["a"].person_id), nonce.encode(),
            device.answer(unlock_challenge(nonce)),
        )  # fmt: skip


def test_the_password_opens_it_as_before(people):
    enrolled()
    token = screen()
    login.unlock(login.session_of(token, SOON), PASSWORD, "10.0.0.1", SOON)
    assert not locked(token)
