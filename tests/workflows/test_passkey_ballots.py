"""Ballots that a passkey confirms: exactly these bytes, by the member's own device, or with the reason why not."""

import datetime as dt
import json
import subprocess
import sys
from functools import partial
from hashlib import sha256

import pytest
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from app.gateways import passkeys as gateway
from app.gateways import signing
from app.models import (
    AuditEntry,
    Ballot,
    Choice,
    EvidenceKind,
    Passkey,
    Refusal,
    SignatureEvidence,
    SignedStatement,
    SigningKey,
)
from app.workflows import (
    ballots,
    evidence,
    keys,
    meetings,
    passkey_assertions,
    passkeys,
    poll_acts,
    poll_passkeys,
    polls,
    signed_casts,
)
from app.workflows.engine.transaction import own_transaction
from app.workflows.poll_passkeys import AboutPasskeys
from app.workflows.rules.ballot import parse_definition
from app.workflows.rules.canonical import canonical, parse_canonical
from app.workflows.rules.evidence import MANIFEST, bundle, read_bundle
from app.workflows.rules.passkey import assertion_record, ballot_challenge, parse_assertion_record
from tests.authenticator import UP, UV, Authenticator
from tests.cabinet import MEMBERS, PIN
from tests.conftest import both, nonce_of
from tests.workflows.test_passkeys import enrolled, facts, told

DEMAND, PIN_ALONE = AboutPasskeys


@pytest.fixture
def devices(scene):
    """The own passkeys of some members; the others vote in other tests."""
    return {name: enrolled(name)[0] for name in ("a", "b")}


@pytest.fixture
def poll(scene, devices):
    """A vote that demands a passkey."""
    scene.open()
    draft = scene.draft(passkey_demanded=True)
    return polls.open_poll(scene.who["secretary"], draft.id, scene.now, about_passkeys=DEMAND)


@pytest.fixture
def free(scene, devices):
    """A vote that does not."""
    scene.open()
    return scene.open_poll()


def prepare(scene, poll, name="a", choice="agree", nonce=None):
    nonce = nonce or nonce_of(f"{name}{choice}{poll.id}")
    return ballots.prepare_ballot(scene.who[name], poll.id, Choice(choice), nonce, now=scene.now)


def sign(scene, poll, prepared, answer, name="a", pin=PIN):
    return ballots.sign_ballot(scene.who[name], poll.id, prepared.nonce, pin, scene.now, answer)


def cms_of(scene, name, statement):
    key = keys.active_key(scene.who[name].person_id)
    return signing.signer().sign(key.key_ref, PIN, statement, scene.now)


def answer_to(device, prepared, **odd):
    return device.answer(ballot_challenge(prepared.statement), **odd)


def tries(scene, name="a"):
    return db.session.query(SigningKey).filter_by(person_id=scene.who[name].person_id).one().failed_tries


# -- what counts ------------------------------------------------------------------------------------------------------


@both
def test_the_confirmation_is_kept_beside_the_signature_and_can_be_checked_again(scene, poll, devices):
    prepared = prepare(scene, poll)
    answer = answer_to(devices["a"], prepared)
    receipt = sign(scene, poll, prepared, answer)
    assert receipt.passkey
    statement = db.session.query(SignedStatement).filter_by(sha256=receipt.statement_sha256).one()
    kept = db.session.query(SignatureEvidence).filter_by(kind=EvidenceKind.PASSKEY).one()
    assert kept.statement_id == statement.id
    assert kept.content == assertion_record(parse_assertion_record(kept.content))
    device = devices["a"]
    assert parse_assertion_record(kept.content) == (device.credential_id, device.public_key, *answer[1:])
    assert ballots.verify_ballot(scene.who["a"], poll.id) is None
    passkey = passkeys.kept_passkeys(scene.who["a"].person_id)[0]
    assert (passkey.last_used_at, passkey.sign_count) == (scene.now, 1)
    again = ballots.cast_ballot(scene.who["a"], poll.id, statement.statement, statement.cms, scene.now, answer)
    assert again == receipt == ballots.receipt_of(db.session.query(Ballot).one())
    assert sign(scene, poll, prepared, None) == receipt


def test_a_vote_says_in_its_frozen_definition_what_it_asks_for(scene, poll):
    assert parse_definition(poll.definition)["evidence"] == "pin+passkey"
    polls.close_poll(scene.who["secretary"], poll.id, scene.now)
    assert poll.result


@both
@pytest.mark.parametrize("cast", [False, True], ids=["sign", "cast"])
def test_a_vote_that_demands_one_counts_no_ballot_without(scene, poll, cast):
    prepared, who = prepare(scene, poll), scene.who["a"]
    statement, nonce = prepared.statement, prepared.nonce
    if cast:
        vote = partial(ballots.cast_ballot, who, poll.id, statement, cms_of(scene, "a", statement), scene.now)
    else:
        vote = partial(ballots.sign_ballot, who, poll.id, nonce, PIN, scene.now)
    with pytest.raises(passkey_assertions.PasskeyNeeded):
        vote()
    assert db.session.query(Ballot).count() == 0
    assert tries(scene) == 0


def test_without_the_guard_such_a_ballot_would_count(scene, poll, monkeypatch):
    """The control of the test above."""
    monkeypatch.setattr(signed_casts, "require_passkey", lambda *_: None)
    statement = prepare(scene, poll).statement
    ballots.cast_ballot(scene.who["a"], poll.id, statement, cms_of(scene, "a", statement), scene.now)
    assert db.session.query(Ballot).count() == 1


@pytest.mark.parametrize("confirmed", [False, True])
def test_elsewhere_a_passkey_is_welcome_and_not_needed(scene, free, devices, confirmed):
    prepared = prepare(scene, free)
    answer = answer_to(devices["a"], prepared) if confirmed else None
    assert sign(scene, free, prepared, answer).passkey is confirmed
    assert db.session.query(SignatureEvidence).count() == confirmed


def test_each_ballot_keeps_its_own(scene, poll, devices):
    for name, device in devices.items():
        prepared = prepare(scene, poll, name)
        sign(scene, poll, prepared, answer_to(device, prepared), name)
    rows = db.session.query(SignedStatement, SignatureEvidence).join(
        SignatureEvidence, SignatureEvidence.statement_id == SignedStatement.id
    )
    assert len(rows.all()) == len(devices)
    for statement, kept in rows:
        assert passkey_assertions.check_kept(kept.content, statement.statement) is None


def test_a_changed_vote_is_confirmed_anew(scene, poll, devices):
    for choice in ("agree", "disagree"):
        prepared = prepare(scene, poll, choice=choice)
        assert sign(scene, poll, prepared, answer_to(devices["a"], prepared)).passkey
    assert db.session.query(SignatureEvidence).count() == 2


def test_a_wrong_pin_costs_no_second_confirmation(scene, poll, devices):
    prepared = prepare(scene, poll)
    answer = answer_to(devices["a"], prepared)
    with pytest.raises(keys.PinWrong):
        sign(scene, poll, prepared, answer, pin="111111")
    assert sign(scene, poll, prepared, answer).passkey


# -- what is refused --------------------------------------------------------------------------------------------------


def other_choice(scene, poll, devices, prepared):
    return answer_to(devices["a"], prepare(scene, poll, choice="disagree", nonce=nonce_of("other")))


def same_choice_again(scene, poll, devices, prepared):
    return answer_to(devices["a"], prepare(scene, poll, nonce=nonce_of("again")))


def without_the_tag(scene, poll, devices, prepared):
    return devices["a"].answer(sha256(prepared.statement).digest())


def of_somebody_else(scene, poll, devices, prepared):
    return answer_to(devices["b"], prepared)


def of_nobody(scene, poll, devices, prepared):
    return answer_to(Authenticator(name="stranger"), prepared)


def under_a_foreign_id(scene, poll, devices, prepared):
    """Another device says that it is the registered one."""
    return answer_to(Authenticator(name="stranger"), prepared)._replace(credential_id=devices["a"].credential_id)


def removed(scene, poll, devices, prepared):
    mine = passkeys.kept_passkeys(scene.who["a"].person_id)[0]
    passkeys.remove_passkey(scene.who["a"], mine.id, scene.now)
    return answer_to(devices["a"], prepared)


def suspended(scene, poll, devices, prepared):
    passkeys.suspend_passkeys(scene.who["admin"], scene.who["a"].person_id, "password_reset", scene.now)
    return answer_to(devices["a"], prepared)


def odd(**how):
    return lambda scene, poll, devices, prepared: answer_to(devices["a"], prepared, **how)


def empty_part(scene, poll, devices, prepared):
    return answer_to(devices["a"], prepared)._replace(authenticator_data=b"")


HOSTILE = {
    "another choice": (other_choice, "passkey_other_text"),
    "the same choice prepared again": (same_choice_again, "passkey_other_text"),
    "the bytes without the tag": (without_the_tag, "passkey_other_text"),
    "somebody else's": (of_somebody_else, "passkey_foreign"),
    "of nobody": (of_nobody, "passkey_foreign"),
    "under a foreign id": (under_a_foreign_id, "passkey_bad_signature"),
    "removed": (removed, "passkey_removed"),
    "suspended": (suspended, "passkey_suspended"),
    "user not verified": (odd(flags=UP), "passkey_not_verified"),
    "nobody there": (odd(flags=UV), "passkey_not_present"),
    "another origin": (odd(origin="https://evil.example"), "passkey_wrong_origin"),
    "inside another page": (odd(cross_origin=True), "passkey_wrong_origin"),
    "another host": (odd(host="evil.example"), "passkey_wrong_host"),
    "a registration": (odd(type="webauthn.create"), "passkey_malformed"),
    "an empty part": (empty_part, "passkey_malformed"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_each_hostile_answer_is_refused_by_its_own_name(scene, poll, devices, name):
    make, code = HOSTILE[name]
    prepared = prepare(scene, poll)
    statement = prepared.statement
    refused_twice(scene, poll, prepared, statement, make(scene, poll, devices, prepared), code)
    assert db.session.query(SignatureEvidence).count() == 0
    assert tries(scene) == 0  # no try of the PIN was charged


def refused_twice(scene, poll, prepared, statement, answer, code):
    """With the key on the server, and as a ballot that was signed elsewhere."""
    before = db.session.query(Ballot).count()
    with pytest.raises(passkey_assertions.PasskeyProblem) as signed:
        sign(scene, poll, prepared, answer)
    with pytest.raises(passkey_assertions.PasskeyProblem) as cast:
        ballots.cast_ballot(scene.who["a"], poll.id, statement, cms_of(scene, "a", statement), scene.now, answer)
    assert signed.value.code == cast.value.code == code
    assert db.session.query(Ballot).count() == before
    assert [row.code for row in db.session.query(Refusal)] == [code, code]


def test_no_two_refusals_share_a_sentence():
    kinds = passkey_assertions.PasskeyProblem.__subclasses__()
    assert len({str(kind.message) for kind in kinds}) == len({kind.code for kind in kinds}) == len(kinds) == 13


def test_an_answer_that_is_not_good_is_refused_where_none_is_demanded_too(scene, free, devices):
    prepared = prepare(scene, free)
    answer = answer_to(devices["a"], prepared, flags=UP)
    refused_twice(scene, free, prepared, prepared.statement, answer, "passkey_not_verified")


def test_the_answer_about_a_ballot_that_was_counted_is_known_again(scene, poll, devices):
    first = prepare(scene, poll, choice="other", nonce=nonce_of("first"))
    answer = answer_to(devices["a"], first)
    sign(scene, poll, first, answer)
    prepared = prepare(scene, poll)
    refused_twice(scene, poll, prepared, prepared.statement, answer, "passkey_replayed")


def test_an_answer_about_another_poll_is_refused(scene, poll, devices):
    prepared = prepare(scene, poll)
    answer = answer_to(devices["a"], prepared)
    sign(scene, poll, prepared, answer)
    polls.close_poll(scene.who["secretary"], poll.id, scene.now)
    annulled = poll_acts.prepare_annulment(scene.who["head"], poll.id, "Sai câu hỏi", nonce_of("annul"), scene.now)
    poll_acts.sign_act(scene.who["head"], poll.id, annulled.nonce, PIN, scene.now)
    draft = scene.draft(passkey_demanded=True)
    second = polls.open_poll(scene.who["secretary"], draft.id, scene.now, about_passkeys=DEMAND)
    again = prepare(scene, second)
    with pytest.raises(passkey_assertions.PasskeyUsed):
        sign(scene, second, again, answer)


@pytest.mark.parametrize("name", ["another choice", "user not verified", "another origin", "another host"])
def test_without_its_guard_each_of_these_would_count(scene, poll, devices, monkeypatch, name):
    """The control: the gateway takes everything, and the ballot is counted with it."""
    monkeypatch.setattr(gateway, "check_assertion", lambda *_: gateway.Use(1, False))
    prepared = prepare(scene, poll)
    assert sign(scene, poll, prepared, HOSTILE[name][0](scene, poll, devices, prepared)).passkey


@both
def test_one_removed_between_the_check_and_the_count_confirms_nothing(scene, poll, devices, monkeypatch):
    prepared = prepare(scene, poll)
    statement, answer = prepared.statement, answer_to(devices["a"], prepared)
    cms, who = cms_of(scene, "a", statement), scene.who["a"]
    mine = passkeys.kept_passkeys(who.person_id)[0].id
    judge = passkey_assertions.judge

    def judged_and_removed(*arguments):
        found = judge(*arguments)
        passkeys.remove_passkey(who, mine, scene.now)
        return found

    monkeypatch.setattr(passkey_assertions, "judge", judged_and_removed)
    with pytest.raises(passkey_assertions.PasskeyTaken):
        ballots.cast_ballot(who, poll.id, statement, cms, scene.now, answer)
    assert db.session.query(Ballot).count() == 0


def test_nothing_is_open_while_the_answer_is_checked(scene, poll, devices, monkeypatch):
    check, open_then = gateway.check_assertion, []

    def looked(*arguments):
        open_then.append(db.session().in_transaction())
        return check(*arguments)

    monkeypatch.setattr(gateway, "check_assertion", looked)
    prepared = prepare(scene, poll)
    sign(scene, poll, prepared, answer_to(devices["a"], prepared))
    assert open_then == [False, False]


# -- the count of a device --------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(("known", "count"), [(7, 7), (7, 3), (7, 0)])
def test_a_count_that_falls_is_recorded_and_told_and_the_ballot_counts(scene, poll, devices, known, count):
    with own_transaction() as session:
        session.query(Passkey).filter_by(person_id=scene.who["a"].person_id).update({"sign_count": known})
    prepared = prepare(scene, poll)
    assert sign(scene, poll, prepared, answer_to(devices["a"], prepared, count=count)).passkey
    passkey = passkeys.kept_passkeys(scene.who["a"].person_id)[0]
    assert (passkey.sign_count, passkey.count_fell_at) == (known, scene.now)
    payload = facts("PasskeyCountFell")[0].payload
    assert (payload["known"], payload["told"]) == (known, count)
    assert told("PasskeyCountFell") == {scene.who["a"].person_id}


def test_a_device_that_never_counts_is_no_news(scene, free, devices):
    device = enrolled("a", "cloud", Authenticator(name="cloud", counts=False))[0]
    prepared = prepare(scene, free)
    sign(scene, free, prepared, answer_to(device, prepared))
    assert facts("PasskeyCountFell") == []


# -- opening a vote that demands passkeys -----------------------------------------------------------------------------


def test_a_vote_does_not_open_while_somebody_has_none_without_saying_who(scene):
    enrolled("head")
    scene.open()
    draft = scene.draft(passkey_demanded=True)
    with pytest.raises(poll_passkeys.MembersWithoutPasskey) as no:
        polls.open_poll(scene.who["secretary"], draft.id, scene.now)
    assert "Phạm Văn Ba" in str(no.value)
    assert "Trần Văn Một" not in str(no.value)


def test_the_chair_opens_it_all_the_same_and_the_fact_names_them(scene):
    device = enrolled("head")[0]
    scene.open()
    draft = scene.draft(passkey_demanded=True)
    poll = polls.open_poll(scene.who["secretary"], draft.id, scene.now, about_passkeys=DEMAND)
    opened = db.session.query(AuditEntry).filter_by(fact="PollOpened").one()
    without = {scene.who[name].person_id for name in MEMBERS if name != "head"}
    assert set(opened.payload["without_passkey"]) == without
    with pytest.raises(passkey_assertions.PasskeyMissing):
        prepare(scene, poll)
    prepared = prepare(scene, poll, "head")
    assert sign(scene, poll, prepared, answer_to(device, prepared), "head").passkey


def test_or_asks_for_the_pin_alone(scene):
    scene.open()
    draft = scene.draft(passkey_demanded=True)
    poll = polls.open_poll(scene.who["secretary"], draft.id, scene.now, about_passkeys=PIN_ALONE)
    assert not poll.passkey_demanded
    assert parse_definition(poll.definition)["evidence"] == "pin"
    assert scene.vote("a", poll.id, "agree").passkey is False


def test_the_meeting_says_what_its_votes_ask_for_unless_one_says_otherwise(scene):
    meetings.edit_meeting(scene.who["clerk"], scene.meeting_id, scene.now, passkey_demanded=True)
    scene.open()
    assert scene.draft().passkey_demanded
    assert not scene.draft(passkey_demanded=False).passkey_demanded
    clerk, draft = scene.who["clerk"], scene.draft()
    assert polls.edit_poll(clerk, draft.id, "Thông qua?", scene.now).passkey_demanded
    assert not polls.edit_poll(clerk, draft.id, "Thông qua?", scene.now, passkey_demanded=False).passkey_demanded


@both
def test_what_a_vote_asks_for_is_sealed_when_it_is_open(scene, poll):
    with pytest.raises(DBAPIError), own_transaction() as session:
        session.connection().exec_driver_sql("UPDATE poll SET passkey_demanded = false")


# -- what is kept -----------------------------------------------------------------------------------------------------


def test_a_kept_confirmation_that_was_changed_is_noticed(scene, poll, devices):
    prepared = prepare(scene, poll)
    statement = prepared.statement
    sign(scene, poll, prepared, answer_to(devices["a"], prepared))
    content = db.session.query(SignatureEvidence).one().content
    assert passkey_assertions.check_kept(content, statement) is None
    assert passkey_assertions.check_kept(content, statement + b" ") is passkey_assertions.PasskeyOtherText.message
    for name in ("public_key", "client_data_json", "authenticator_data", "signature"):
        changed = json.loads(content) | {name: "AAAA"}
        spoilt = json.dumps(changed, sort_keys=True, separators=(",", ":")).encode()
        assert passkey_assertions.check_kept(spoilt, statement), name
    assert passkey_assertions.check_kept(content + b" ", statement) is passkey_assertions.PasskeyMalformed.message


def test_a_kept_confirmation_holds_after_the_installation_was_called_otherwise(scene, poll, devices):
    prepared = prepare(scene, poll)
    sign(scene, poll, prepared, answer_to(devices["a"], prepared))
    gateway.use(gateway.relying_party_of("https://hop.chinhphu.vn"))
    assert ballots.verify_ballot(scene.who["a"], poll.id) is None


def test_a_ballot_is_refused_after_two_minutes_with_or_without_a_passkey(scene, poll, devices):
    prepared = prepare(scene, poll)
    answer = answer_to(devices["a"], prepared)
    scene.now += dt.timedelta(minutes=3)
    with pytest.raises(ballots.NotPrepared):
        sign(scene, poll, prepared, answer)


def test_an_outsider_checks_the_confirmation_in_the_bundle(scene, poll, devices, tmp_path):
    """With Python and openssl alone; and a bundle that lost it is not taken for whole."""
    prepared = prepare(scene, poll)
    sign(scene, poll, prepared, answer_to(devices["a"], prepared))
    polls.close_poll(scene.who["secretary"], poll.id, scene.now)
    polls.publish_poll(scene.who["secretary"], poll.id, scene.now)
    whole = evidence.bundle_of(scene.who["auditor"], poll.id, scene.now)
    files = read_bundle(whole)
    [name] = [name for name in files if name.endswith(".passkey.json")]
    assert files[name] == db.session.query(SignatureEvidence).filter_by(kind=EvidenceKind.PASSKEY).one().content
    assert problems_of(tmp_path, whole) == set()
    listed = parse_canonical(files[MANIFEST])
    listed["files"] = [entry for entry in listed["files"] if entry["name"] != name]
    left = {kept: data for kept, data in files.items() if kept != name} | {MANIFEST: canonical(listed)}
    assert "passkey_missing" in problems_of(tmp_path, bundle(left))


def problems_of(folder, archive):
    """What the verifier of an outsider finds wrong with a bundle, by its codes."""
    (folder / "evidence.zip").write_bytes(archive)
    command = [sys.executable, "-I", "tools/verify_evidence.py", str(folder / "evidence.zip"), "--json"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.stdout, said.stderr
    return {problem["code"] for problem in json.loads(said.stdout)["problems"]}
