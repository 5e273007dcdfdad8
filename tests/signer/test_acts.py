"""Votes of an application whose keys are elsewhere: the same acts, and an honest refusal when the signer is away."""

import datetime as dt
import sys
from hashlib import sha256

import pytest
from sqlalchemy import func, select

from app import create_app
from app.extensions import db
from app.gateways import signing
from app.models import Ballot, Choice, Poll, RecoveryKind, SignedStatement, SigningKey, StatementKind
from app.workflows import ballots, keys
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import own_transaction
from app.workflows.rules.calendar import HANOI
from tests.cabinet import NOW, PIN
from tests.conftest import SETTINGS, Scene, nonce_of
from tests.signer.process import SignerProcess

MEMBER = "a"
opened: list[str] = []
watching: list[str] = []


def note_what_is_opened(event: str, arguments: tuple[object, ...]) -> None:
    if watching and event in ("open", "os.listdir", "os.scandir"):
        opened.extend(str(part) for part in arguments[:1] if str(part).startswith(watching[0]))


sys.addaudithook(note_what_is_opened)


@pytest.fixture
def signer():
    process = SignerProcess(since=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    yield process.start()
    process.stop()


@pytest.fixture
def remote(app, signer):
    """The application signs at the socket from now on; `app` gives it its own signer back before the next test."""
    remote = signer.client()
    signing.use(remote, remote.chain)
    return remote


@pytest.fixture
def voting(app, remote):
    """An open vote, and a member whose key is in the signer."""
    scene = Scene()
    who = scene.who
    asked = keys.request_recovery(who["clerk"], who[MEMBER].person_id, RecoveryKind.REPLACE, "Khóa đầu tiên", NOW)
    keys.approve_recovery(who["records"], asked.id, NOW)
    keys.enrol_own_key(who[MEMBER], PIN, NOW)
    poll_id = scene.open().open_poll().id
    return scene, poll_id


def count(table: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(table))


def tries(actor: Actor) -> int:
    db.session.rollback()
    return db.session.scalars(select(SigningKey.failed_tries).where(
        SigningKey.person_id == actor.person_id, SigningKey.state == "active")).one()  # fmt: skip


def test_a_member_votes_with_a_key_that_this_process_cannot_reach(voting, signer):
    scene, poll_id = voting
    watching[:], opened[:] = [str(signer.var)], []
    try:
        assert scene.vote(MEMBER, poll_id, "agree")
        (signer.var / "installation.key").read_bytes()
    finally:
        watching.clear()
    assert opened == [str(signer.var / "installation.key")]  # by this test alone
    assert count(Ballot) == 1


def test_the_configuration_alone_sends_signatures_to_the_signer(app, signer, tmp_path):
    nothing = {name: tmp_path / name for name in ("KEYS", "AUTHORITY", "INSTALLATION_KEY", "TRUSTED", "STORAGE")}
    create_app(**SETTINGS, **nothing, SIGNER_SOCKET=str(signer.socket), SQLALCHEMY_DATABASE_URI="sqlite://")
    enrolled = signing.signer().enrol("Nguyễn Văn An", "", "Chính phủ", PIN, NOW, 30)
    assert signing.signer().sign(enrolled.key_ref, PIN, b"x", NOW)
    signing.check_certificate(enrolled.certificate_der, NOW, signing.trusted())


def test_pinned_authorities_are_trusted_while_the_signer_is_away(app, signer, tmp_path):
    chain = signer.client().chain()
    signing.pin_authorities(tmp_path / "trusted", chain)
    signer.halt()
    settings = {"SIGNER_SOCKET": str(signer.socket), "STORAGE": tmp_path, "SQLALCHEMY_DATABASE_URI": "sqlite://"}
    create_app(**SETTINGS, **settings, TRUSTED=tmp_path / "trusted")
    assert signing.trusted() == chain
    create_app(**SETTINGS, **settings, TRUSTED=tmp_path / "nothing")
    with pytest.raises(signing.KeyUnavailable):
        signing.trusted()


MOMENTS = ["unlocked", "signed"]


class Dying:
    """A prepared ballot, and a signer that dies by kill -9 when it is to sign it."""

    def __init__(self, scene: Scene, poll_id: int, signer: SignerProcess, moment: str) -> None:
        self.who, self.poll_id, self.nonce, self.signer = scene.who[MEMBER], poll_id, nonce_of("x"), signer
        signer.halt()
        (signer.folder / "doom").write_text(moment)
        signer.start("tests.signer.doomed")
        ballots.prepare_ballot(self.who, poll_id, Choice.AGREE, self.nonce, now=NOW)
        self.before = self.kept()

    def sign(self) -> ballots.Receipt:
        return ballots.sign_ballot(self.who, self.poll_id, self.nonce, PIN, now=NOW)

    def kept(self) -> tuple[int, int, int]:
        return count(Ballot), count(SignedStatement), tries(self.who)

    def refused(self) -> None:
        with pytest.raises(keys.SigningUnavailable) as refusal:
            self.sign()
        assert (refusal.value.http_status, refusal.value.code) == (503, "signing_unavailable")

    def check(self) -> None:
        """Nothing was counted, nothing half is kept, and it cost no try."""
        assert self.before[::2] == (0, 0)
        assert self.kept() == self.before


@pytest.mark.fault
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_signer_that_dies_in_a_ballot_counts_nothing_and_the_next_try_counts_once(voting, signer, moment):
    """Fault: kill -9 of the signer after the key is open, and after the signature is made."""
    dying = Dying(*voting, signer, moment)
    dying.refused()
    dying.check()
    dying.refused()  # nothing was kept that could sign without the PIN
    signer.gone()
    signer.start()
    receipt = dying.sign()
    assert dying.sign() == receipt
    assert dying.kept() == (1, dying.before[1] + 1, 0)


@pytest.mark.fault
@pytest.mark.parametrize("mistake", ["not given back", "written first"])
def test_what_the_death_of_a_signer_leaves_behind_is_noticed(voting, signer, monkeypatch, mistake):
    """Negative control: a try that is not given back, and a statement that is kept before it is signed."""
    dying, sign = Dying(*voting, signer, MOMENTS[-1]), keys.sign_with_pin

    def write_first(actor: Actor, poll: Poll, data: bytes, pin: str, now: dt.datetime) -> bytes:
        certificate_id = keys.active_key(actor.person_id).certificate_id
        with own_transaction() as session:
            session.add(SignedStatement(
                body_id=1, kind=StatementKind.BALLOT, person_id=actor.person_id, statement=data, cms=b"", signed_at=now,
                sha256=sha256(data).hexdigest(), certificate_id=certificate_id,
            ))  # fmt: skip
        return sign(actor, poll, data, pin, now)

    if mistake == "written first":
        monkeypatch.setattr(keys, "sign_with_pin", write_first)
    else:
        monkeypatch.setattr(keys, "_give_back", lambda *_all: None)
    dying.refused()
    with pytest.raises(AssertionError):
        dying.check()


def test_a_key_that_the_signer_holds_says_until_when_and_costs_no_try(voting, remote):
    scene, poll_id = voting
    who, nonce = scene.who[MEMBER], nonce_of("x")
    ballots.prepare_ballot(who, poll_id, Choice.AGREE, nonce, now=NOW)
    key_ref = keys.active_key(who.person_id).key_ref
    for _ in range(10):  # past the database
        with pytest.raises(signing.WrongPin):
            remote.sign(key_ref, "917352", b"x", NOW)
    with pytest.raises(signing.PinHeld) as held:
        remote.sign(key_ref, PIN, b"x", NOW)
    with pytest.raises(keys.KeyHeld) as refusal:
        ballots.sign_ballot(who, poll_id, nonce, PIN, now=NOW)
    assert refusal.value.http_status == 423
    assert f"{held.value.until.astimezone(HANOI):%H:%M %d/%m/%Y}" in str(refusal.value)
    assert tries(who) == 0


def test_wrong_pins_are_still_counted_in_the_database(voting):
    scene, poll_id = voting
    who, nonce = scene.who[MEMBER], nonce_of("x")
    ballots.prepare_ballot(who, poll_id, Choice.AGREE, nonce, now=NOW)
    for left in (4, 3, 2, 1):
        with pytest.raises(keys.PinWrong) as refusal:
            ballots.sign_ballot(who, poll_id, nonce, "917352", now=NOW)
        assert refusal.value.details["tries_left"] == left
    with pytest.raises(keys.PinLocked):
        ballots.sign_ballot(who, poll_id, nonce, "917352", now=NOW)


def test_an_enrolment_without_a_signer_is_refused_and_can_be_done_later(app, remote, signer):
    who = Scene().who
    asked = keys.request_recovery(who["clerk"], who[MEMBER].person_id, RecoveryKind.REPLACE, "Khóa đầu tiên", NOW)
    keys.approve_recovery(who["records"], asked.id, NOW)
    signer.halt()
    with pytest.raises(keys.SigningUnavailable):
        keys.enrol_own_key(who[MEMBER], PIN, NOW)
    signer.start()
    assert keys.enrol_own_key(who[MEMBER], PIN, NOW).key_ref
