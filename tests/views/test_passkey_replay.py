"""Answers of a passkey that are sent again, or where they do not belong, over HTTP: none of them counts."""

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from app.extensions import db
from app.gateways import passkeys as gateway
from app.gateways import signing
from app.models import Ballot, Passkey, SignatureEvidence, SigningKey
from app.workflows import keys, passkey_assertions, poll_acts, polls
from app.workflows.poll_passkeys import AboutPasskeys
from app.workflows.rules.passkey import ballot_challenge, from_base64url, to_base64url, unlock_challenge
from tests.authenticator import ORIGIN, UP, UV, sent
from tests.cabinet import PIN
from tests.conftest import both, nonce_of
from tests.device import JSON
from tests.views.browser import Browser
from tests.workflows.test_passkeys import enrolled

FIRST, SECOND = nonce_of("first"), nonce_of("second")
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the group of P-256


class Vote:
    """A vote that demands passkeys, and what two members send in it."""

    def __init__(self, at, scene) -> None:
        self.at, self.scene = at, scene
        self.devices = {name: enrolled(name)[0] for name in ("a", "b")}
        scene.open()
        self.poll_id = self.opened()

    def opened(self) -> int:
        draft = self.scene.draft(passkey_demanded=True)
        chair, demand = self.scene.who["secretary"], AboutPasskeys.DEMAND
        return polls.open_poll(chair, draft.id, self.scene.now, about_passkeys=demand).id

    def next_one(self) -> int:
        """The vote is annulled, and put again."""
        who, now = self.scene.who, self.scene.now
        polls.close_poll(who["secretary"], self.poll_id, now)
        nonce = nonce_of("annul")
        poll_acts.prepare_annulment(who["head"], self.poll_id, "Sai câu hỏi", nonce, now)
        poll_acts.sign_act(who["head"], self.poll_id, nonce, PIN, now)
        return self.opened()

    def prepared(self, name="a", nonce=FIRST, choice="agree", poll_id=0) -> bytes:
        said = self.at(name).send(f"/polls/{poll_id or self.poll_id}/prepare", choice=choice, nonce=nonce)
        assert said.status_code == 200, said.text
        return said.json["statement"].encode()

    def confirmed(self, statement: bytes, name="a", **odd):
        return sent(self.devices[name].answer(ballot_challenge(statement), **odd))

    def sign(self, passkey, name="a", nonce=FIRST, poll_id=0):
        return self.at(name).send(f"/polls/{poll_id or self.poll_id}/sign", nonce=nonce, pin=PIN, passkey=passkey)

    def cast(self, statement: bytes, cms: bytes, passkey, name="a", poll_id=0):
        path = f"/polls/{poll_id or self.poll_id}/cast"
        return self.at(name).send(
            path, statement=statement.decode(), signature=b64encode(cms).decode(), passkey=passkey
        )

    def cms(self, statement: bytes, name="a") -> bytes:
        key_ref = keys.active_key(self.scene.who[name].person_id).key_ref
        return signing.signer().sign(key_ref, PIN, statement, self.scene.now)


@pytest.fixture
def vote(at, scene):
    return Vote(at, scene)


def counted() -> tuple[int, int]:
    """Ballots, and confirmations that are kept."""
    db.session.remove()
    return db.session.query(Ballot).count(), db.session.query(SignatureEvidence).count()


def refused(answer, code, before=(0, 0), status=None):
    assert (answer.json.get("code"), answer.status_code) == (code, status or answer.status_code), answer.text
    assert 400 <= answer.status_code < 500
    assert counted() == before
    db.session.remove()
    assert {key.failed_tries for key in db.session.query(SigningKey)} == {0}


# -- a ballot ----------------------------------------------------------------------------------------------------------


@both
def test_the_same_request_ten_times_at_once_is_one_ballot(app, vote):
    answer = vote.confirmed(vote.prepared())
    browsers = [Browser(app, "a") for _ in range(10)]
    path, body = f"/polls/{vote.poll_id}/sign", {"nonce": FIRST, "pin": PIN, "passkey": answer}
    db.session.remove()

    def send(browser):
        with app.app_context():
            found = browser.send(path, **body)
            return found.status_code, found.get_json().get("receipt") or found.get_json()["code"]

    with ThreadPoolExecutor(10) as devices:
        answers = list(devices.map(send, browsers))
    receipts = [told for status, told in answers if status == 200]
    assert receipts
    assert all(receipt == receipts[0] for receipt in receipts), answers
    assert counted() == (1, 1)
    assert vote.sign(answer).json["receipt"] == receipts[0]
    assert counted() == (1, 1)
    assert db.session.query(Passkey.sign_count).order_by(Passkey.id).first() == (1,)


@both
@pytest.mark.parametrize("choice", ["agree", "disagree"])
@pytest.mark.parametrize("way", ["sign", "cast"])
def test_the_same_answer_confirms_no_second_ballot(vote, choice, way):
    answer = vote.confirmed(vote.prepared())
    receipt = vote.sign(answer).json["receipt"]
    statement = vote.prepared(nonce=SECOND, choice=choice)
    again = vote.sign(answer, nonce=SECOND) if way == "sign" else vote.cast(statement, vote.cms(statement), answer)
    refused(again, "passkey_replayed", (1, 1))
    assert vote.sign(answer).json["receipt"] == receipt


def test_a_confirmation_that_was_never_used_confirms_no_other_nonce(vote):
    answer = vote.confirmed(vote.prepared())
    vote.prepared(nonce=SECOND)
    refused(vote.sign(answer, nonce=SECOND), "passkey_other_text")


@both
@pytest.mark.parametrize("used", [False, True], ids=["kept back", "used"])
def test_the_answer_of_one_vote_confirms_nothing_in_the_next(vote, used):
    statement = vote.prepared()
    answer = vote.confirmed(statement)
    if used:
        assert vote.sign(answer).status_code == 200
    before, later = counted(), vote.next_one()
    assert vote.sign(answer).status_code == (200 if used else 409)  # the same receipt, or an end
    assert counted() == before
    told = vote.sign(answer, nonce=FIRST, poll_id=later)
    assert 400 <= told.status_code < 500
    vote.prepared(nonce=SECOND, poll_id=later)
    told = vote.sign(answer, nonce=SECOND, poll_id=later)
    refused(told, "passkey_replayed" if used else "passkey_other_text", before)


@pytest.mark.parametrize("way", ["sign", "cast"])
def test_the_answer_of_one_member_confirms_no_ballot_of_another(vote, way):
    """With the other one's PIN and session, and with everything that the first one sent."""
    first = vote.prepared()
    answer, cms = vote.confirmed(first), vote.cms(first)
    assert (
        vote.at("b").send(f"/polls/{vote.poll_id}/prepare", choice="agree", nonce=FIRST).json["code"] == "nonce_reused"
    )
    mine = vote.prepared("b", SECOND)
    if way == "sign":
        refused(vote.sign(answer, "b", SECOND), "passkey_foreign")
        return
    refused(vote.cast(mine, vote.cms(mine, "b"), answer, "b"), "passkey_foreign")
    told = vote.cast(first, cms, answer, "b")
    assert 400 <= told.status_code < 500
    assert counted() == (0, 0)


def test_without_the_owner_being_asked_it_would(vote, monkeypatch):
    """The control: whose passkey it is, and what it says, is looked at by nobody."""
    answer = vote.confirmed(vote.prepared())
    vote.prepared("b", SECOND)
    judge = passkey_assertions.judge
    monkeypatch.setattr(gateway, "check_assertion", lambda *_: gateway.Use(1, False))
    owner = vote.scene.who["a"]
    monkeypatch.setattr(passkey_assertions, "judge", lambda _actor, *more: judge(owner, *more))
    assert vote.sign(answer, "b", SECOND).status_code == 200
    assert counted() == (1, 1)


def test_an_old_challenge_is_over_after_two_minutes(vote, clock):
    answer = vote.confirmed(vote.prepared())
    clock.move(minutes=2, seconds=1)
    told = vote.sign(answer)
    assert told.status_code in (404, 409, 410, 422)
    assert counted() == (0, 0)
    fresh = vote.prepared(nonce=SECOND)
    refused(vote.sign(answer, nonce=SECOND), "passkey_other_text")
    assert vote.sign(vote.confirmed(fresh), nonce=SECOND).status_code == 200


ODD = {
    "user not verified": ({"flags": UP}, "passkey_not_verified"),
    "nobody there": ({"flags": UV}, "passkey_not_present"),
    "neither": ({"flags": 0}, "passkey_not_present"),
    "in a frame of another page": ({"cross_origin": True}, "passkey_wrong_origin"),
    "said as text": ({"cross_origin": "false"}, "passkey_wrong_origin"),
    "another address": ({"origin": "https://evil.example"}, "passkey_wrong_origin"),
    "another port": ({"origin": "http://localhost:8081"}, "passkey_wrong_origin"),
    "another scheme": ({"origin": ORIGIN.replace("http:", "https:")}, "passkey_wrong_origin"),
    "a name below ours": ({"origin": "http://evil.localhost:8080"}, "passkey_wrong_origin"),
    "ours as a beginning": ({"origin": f"{ORIGIN}.evil.example"}, "passkey_wrong_origin"),
    "with a path": ({"origin": f"{ORIGIN}/"}, "passkey_wrong_origin"),
    "an app": ({"origin": "android:apk-key-hash:AAAA"}, "passkey_wrong_origin"),
    "none": ({"origin": "null"}, "passkey_wrong_origin"),
    "another host": ({"host": "evil.example"}, "passkey_wrong_host"),
    "a host below ours": ({"host": "vote.localhost"}, "passkey_wrong_host"),
    "a registration": ({"type": "webauthn.create"}, "passkey_malformed"),
    "a payment": ({"type": "payment.get"}, "passkey_malformed"),
}  # fmt: skip


@pytest.mark.parametrize(("how", "code"), ODD.values(), ids=ODD)
def test_an_answer_that_was_given_elsewhere_or_by_nobody_counts_for_nothing(vote, how, code):
    statement = vote.prepared()
    refused(vote.sign(vote.confirmed(statement, **how)), code, status=422)
    refused(vote.cast(statement, vote.cms(statement), vote.confirmed(statement, **how)), code, status=422)


@pytest.mark.parametrize("how", [how for how, _code in ODD.values()], ids=list(ODD))
def test_without_its_check_each_of_them_would_count(vote, how, monkeypatch):
    """The control."""
    monkeypatch.setattr(gateway, "check_assertion", lambda *_: gateway.Use(1, False))
    assert vote.sign(vote.confirmed(vote.prepared(), **how)).status_code == 200
    assert counted() == (1, 1)


def test_the_headers_of_a_request_move_no_address(vote):
    """A page of another address that reaches us through its own server."""
    statement = vote.prepared()
    evil = {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    answer = vote.confirmed(statement, origin="https://evil.example", host="evil.example")
    body = {"nonce": FIRST, "pin": PIN, "passkey": answer}
    told = vote.at("a").client.post(f"/polls/{vote.poll_id}/sign", json=body, headers=evil)
    refused(told, "passkey_wrong_origin", status=422)


def test_the_other_signature_of_the_same_answer_changes_nothing(vote):
    """ECDSA lets anybody write a second valid value: it is the same ballot, and confirms no other."""
    statement = vote.prepared()
    answer = vote.confirmed(statement)
    r, s = decode_dss_signature(from_base64url(answer["signature"]))
    other = answer | {"signature": to_base64url(encode_dss_signature(r, ORDER - s))}
    assert isinstance(vote.devices["a"].key, ec.EllipticCurvePrivateKey)
    receipt = vote.sign(answer).json["receipt"]
    assert vote.sign(other).json["receipt"] == receipt
    assert counted() == (1, 1)
    vote.prepared(nonce=SECOND)
    refused(vote.sign(other, nonce=SECOND), "passkey_other_text", (1, 1))


def test_one_byte_more_or_less_is_no_answer(vote):
    answer = vote.confirmed(vote.prepared())
    for part in ("client_data", "authenticator_data", "signature"):
        raw = from_base64url(answer[part])
        for changed in (raw + b"\0", raw[:-1], bytes([raw[0] ^ 1]) + raw[1:]):
            told = vote.sign(answer | {part: to_base64url(changed)})
            assert told.status_code == 422, part
            assert told.json["code"].startswith("passkey_")
    assert counted() == (0, 0)


# -- the locked screen -------------------------------------------------------------------------------------------------


class Screen:
    """A locked screen and the device that opens it."""

    def __init__(self, app, name, device) -> None:
        self.browser, self.device = Browser(app, name), device
        self.browser.send("/lock")

    def asked(self) -> str:
        told = self.browser.send("/unlock/passkey")
        assert told.status_code == 200
        return told.json["nonce"]

    def answer(self, nonce, **odd):
        return sent(self.device.answer(unlock_challenge(nonce), **odd))

    def send(self, answer):
        return self.browser.send("/unlock/passkey/answer", **answer)

    @property
    def locked(self) -> bool:
        return self.browser.client.get("/keys/", headers=JSON).status_code == 423


@pytest.fixture
def screens(app, scene):
    device = enrolled()[0]
    return Screen(app, "a", device), Screen(app, "a", device), Screen(app, "b", enrolled("b")[0])


@both
def test_an_answer_opens_one_screen_once(screens):
    one, two, other = screens
    answer = one.answer(one.asked())
    two.asked()
    other.asked()
    for screen in (two, other):  # another screen of the same person, and one of somebody else
        assert screen.send(answer).json["code"] == "passkey_unlock_refused"
        assert screen.locked
    assert one.send(answer).status_code == 200
    assert not one.locked
    one.browser.send("/lock")
    assert one.send(answer).json["code"] == "passkey_unlock_refused"
    one.asked()
    assert one.send(answer).json["code"] == "passkey_unlock_refused"
    assert one.locked


def test_a_newer_question_and_two_minutes_end_the_older_one(screens, clock):
    screen = screens[0]
    older = screen.answer(screen.asked())
    newer = screen.answer(screen.asked())
    assert screen.send(older).json["code"] == "passkey_unlock_refused"
    assert screen.send(newer).json["code"] == "passkey_unlock_refused"  # a wrong answer has used the question up
    late = screen.answer(screen.asked())
    clock.move(minutes=2, seconds=1)
    assert screen.send(late).json["code"] == "passkey_unlock_refused"
    assert screen.locked


@pytest.mark.parametrize("how", [how for how, _code in ODD.values()], ids=list(ODD))
def test_what_was_answered_elsewhere_or_by_nobody_opens_nothing(screens, how):
    screen = screens[0]
    assert screen.send(screen.answer(screen.asked(), **how)).json["code"] == "passkey_unlock_refused"
    assert screen.locked


@pytest.mark.parametrize("how", [ODD["user not verified"][0], ODD["another address"][0]])
def test_without_its_check_it_would_open(screens, how, monkeypatch):
    """The control."""
    monkeypatch.setattr(gateway, "check_assertion", lambda *_: gateway.Use(1, False))
    screen = screens[0]
    assert screen.send(screen.answer(screen.asked(), **how)).status_code == 200
    assert not screen.locked


def test_neither_is_ever_the_other(app, vote):
    """What opens a screen confirms no ballot, and the reverse, whatever of it is sent where."""
    statement = vote.prepared()
    screen = Screen(app, "a", vote.devices["a"])
    nonce = screen.asked()
    opening, ballot = screen.answer(nonce), vote.confirmed(statement)
    refused(vote.sign(opening), "passkey_other_text", status=422)
    assert screen.send(ballot).json["code"] == "passkey_unlock_refused"
    assert screen.locked
    refused(vote.sign(sent(vote.devices["a"].answer(ballot_challenge(nonce.encode())))), "passkey_other_text")
