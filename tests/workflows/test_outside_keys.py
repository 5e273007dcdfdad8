"""Votes and documents signed with tokens and remote providers: who registers a key, what a trouble leaves."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pkcs11
import pytest

from app.extensions import db
from app.gateways import pades, signing
from app.gateways.signing import csc as client_module
from app.gateways.signing import pkcs11 as devices
from app.models import Ballot, DocumentSignature, RecoveryKind, Refusal, ResolutionState, SigningKey
from app.workflows import document_signing, evidence, keys, outside_keys, polls, resolutions
from app.workflows.engine.errors import WorkflowError, WrongState
from app.workflows.key_places import counted, own_provider, places_of
from app.workflows.receipts import receipt_of
from tests.cabinet import PEOPLE, PIN
from tests.conftest import nonce_of, on_postgresql
from tests.resolving import Resolving

WRONG = "917352"
ENOUGH = 60.0  # seconds for what takes milliseconds


device = pytest.mark.parametrize("bench", ["pkcs11"], indirect=True)
remote = pytest.mark.parametrize("bench", ["csc v2"], indirect=True)


def confirm(scene, who):
    person_id = scene.who[who].person_id
    asked = keys.request_recovery(scene.who["clerk"], person_id, RecoveryKind.REPLACE, "Thiết bị ký", scene.now)
    keys.approve_recovery(scene.who["records"], asked.id, scene.now)


def register(scene, bench, who="head", rsa=False, name=None):
    """The owner's key at the provider, registered after two people confirmed it."""
    confirm(scene, who)
    enrolled = bench.enrol(name or PEOPLE[who].name, rsa)
    found = outside_keys.offered(scene.who[who], enrolled.key_ref, scene.now)
    return outside_keys.register(scene.who[who], found, PIN, scene.now)


def tries(scene, who="head"):
    db.session.rollback()
    return keys.active_key(scene.who[who].person_id).failed_tries


@pytest.mark.parametrize("rsa", [False, True], ids=["p-256", "rsa-2048"])
def test_a_vote_and_a_resolution_are_signed_and_name_the_place_of_the_key(app, bench, rsa):
    scene = Resolving().equipped()
    key = register(scene, bench, rsa=rsa)
    assert (key.provider, own_provider(scene.who["head"].person_id)) == (bench.provider, bench.provider)
    scene.voted().drafted().presented().signed().numbered().sealed()
    ballots = {ballot.member_id: receipt_of(ballot) for ballot in db.session.query(Ballot)}
    assert ballots[scene.who["head"].person_id].provider == bench.provider
    assert ballots[scene.who["a"].person_id].provider == "software"
    signature, seal = scene.resolution.signatures
    places = places_of([signature.statement.certificate_id, seal.statement.certificate_id])
    assert list(places.values()) == [signing.place(bench.provider), signing.place("software")]
    pinned = [
        pades.Expected(each.role.value, each.statement.certificate.der, each.statement.signed_at)
        for each in (signature, seal)
    ]
    content = resolutions.content_of(scene.resolution, scene.resolution.files[-1].sha256)
    assert pades.verdict(content, pinned, signing.trusted(), scene.later(60)).state == "valid"
    cast = [ballot.statement.certificate_id for ballot in db.session.query(Ballot)]
    assert counted(cast) == {bench.provider: 1, "software": 4}
    assert evidence.tally_record(scene.who["secretary"], scene.poll_id, scene.later(90)).startswith(b"%PDF")


def test_a_wrong_pin_is_charged_once_here_and_leaves_nothing(bench):
    scene = Resolving().equipped()
    register(scene, bench)
    scene.voted().drafted().presented()
    with pytest.raises(keys.PinWrong) as wrong:
        scene.signed(pin=WRONG)
    assert wrong.value.details["tries_left"] == 4
    assert (scene.resolution.state, len(scene.resolution.files)) == (ResolutionState.PRESENTED, 1)
    assert scene.signed().resolution.state is ResolutionState.SIGNED
    assert tries(scene) == 0


def broken(scene, kind, code, status):
    """The act is refused with words of its own; nothing is signed, no try is charged, and it is on record."""
    with pytest.raises(kind) as refusal:
        scene.signed()
    assert (refusal.value.code, refusal.value.http_status, refusal.value.details["fault"]) == (kind.code, status, code)
    assert str(refusal.value.details["reason"]) in str(refusal.value)
    assert scene.resolution.state is ResolutionState.PRESENTED
    assert (len(scene.resolution.files), scene.resolution.signatures) == (1, [])
    assert tries(scene) == 0
    assert db.session.query(Refusal).filter_by(act="sign_with_pin", code=code).count() >= 1


@device
def test_a_token_removed_in_the_middle_leaves_the_resolution_presented(bench, monkeypatch):
    scene = Resolving().equipped()
    key = register(scene, bench)
    scene.voted().drafted().presented()
    value, out = devices._value, []

    def slow(*arguments):
        out.append(bench.shelf.remove(key.key_ref.partition(":")[2]))
        return value(*arguments)

    with monkeypatch.context() as pulled:
        pulled.setattr(devices, "_value", slow)
        broken(scene, keys.KeySilent, "device_absent", 409)
    bench.shelf.put_back(out[0])
    assert scene.signed().resolution.state is ResolutionState.SIGNED


@device
def test_a_token_whose_pin_is_locked_says_so(bench, monkeypatch):
    """SoftHSM locks none: its driver's word is put in."""
    scene = Resolving().equipped()
    register(scene, bench)
    scene.voted().drafted().presented()

    def locked(*_arguments):
        raise pkcs11.PinLocked

    with monkeypatch.context() as said:
        said.setattr(devices, "_value", locked)
        broken(scene, keys.KeyBlocked, "pin_blocked", 423)
    assert scene.signed().resolution.state is ResolutionState.SIGNED


@remote
def test_a_provider_that_is_slow_broken_lying_or_locked_signs_nothing(bench, monkeypatch):
    scene = Resolving().equipped()
    register(scene, bench)
    scene.voted().drafted().presented()
    server = bench.server

    def instead(method, send):
        server.spoil = lambda handler, called, told: send(handler, told) if called == method else told

    instead("signatures/signHash", lambda handler, _told: handler.send(500, b"{}"))
    broken(scene, keys.KeySilent, "provider_failed", 409)
    instead("signatures/signHash", lambda _handler, _told: {"signatures": ["AAAA"]})
    broken(scene, keys.KeySilent, "untrue_signature", 409)
    with monkeypatch.context() as hasty:
        hasty.setattr(client_module, "ANSWERS", 0.2)
        given_up = threading.Event()
        instead("credentials/authorize", lambda _handler, told: (given_up.wait(ENOUGH), told)[1])
        broken(scene, keys.KeySilent, "provider_silent", 409)
        given_up.set()
    server.spoil = None
    held = next(iter(server.held.values()))
    held.wrong = 3
    broken(scene, keys.KeyBlocked, "pin_blocked", 423)
    held.wrong = 0
    assert scene.signed().resolution.state is ResolutionState.SIGNED


def exchanged(bench, key_ref, other_ref):
    """From now on the first reference leads to what stands under the other one."""
    keys_there = bench.signer._keys
    keys_there[key_ref.partition(":")[2]] = keys_there[other_ref.partition(":")[2]]


@pytest.mark.parametrize("bench", ["pkcs11", "csc v2"], indirect=True)
def test_another_key_with_another_certificate_of_the_same_person_signs_nothing(bench):
    """A token exchanged for a newer one, a provider that renewed by itself: sound, and not the registered one."""
    scene = Resolving().equipped().open()
    key = register(scene, bench)
    poll = polls.put_to_vote(scene.who["secretary"], scene.item_id, scene.now)
    exchanged(bench, key.key_ref, bench.enrol(PEOPLE["head"].name).key_ref)
    with pytest.raises(keys.KeySilent) as refusal:
        scene.vote("head", poll.id, "agree")
    assert refusal.value.details["fault"] == "not_that_certificate"
    assert (db.session.query(Ballot).filter_by(poll_id=poll.id).count(), tries(scene)) == (0, 0)


@remote
def test_a_resolution_is_not_signed_with_another_certificate_either(bench):
    scene = Resolving().equipped()
    key = register(scene, bench)
    scene.voted().drafted().presented()
    name = key.key_ref.partition(":")[2]
    registered = bench.signer._keys[name]
    exchanged(bench, key.key_ref, bench.enrol(PEOPLE["head"].name).key_ref)
    broken(scene, keys.KeySilent, "not_that_certificate", 409)
    bench.signer._keys[name] = registered
    assert scene.signed().resolution.state is ResolutionState.SIGNED


def test_the_same_document_is_not_signed_twice_by_the_same_person(bench):
    scene = Resolving().equipped()
    register(scene, bench)
    scene.voted().drafted().presented().signed().signed()
    with pytest.raises(WrongState):
        scene.signed(nonce="another")
    assert db.session.query(DocumentSignature).count() == 1


@on_postgresql
@pytest.mark.parametrize("bench", ["pkcs11", "csc v2"], indirect=True)
def test_two_signing_one_document_at_once_make_one_signature(app, bench):
    """The signer on two devices, and somebody whom it was not presented to: one signature, no broken file."""
    scene = Resolving().equipped()
    register(scene, bench)
    register(scene, bench, "deputy")
    scene.voted().drafted().presented()
    sha256 = resolutions.presented_file(scene.resolution).sha256
    db.session.commit()
    who = {name: scene.who[name] for name in ("head", "deputy")}

    def sign(given):
        name, number = given
        with app.app_context():
            try:
                document_signing.sign_resolution(
                    who[name], scene.resolution_id, sha256, nonce_of(f"n{number}"), PIN, scene.later(30)
                )
            except WorkflowError as refused:
                return refused.code
            return "signed"

    with ThreadPoolExecutor(4) as devices_at_once:
        said = list(devices_at_once.map(sign, [("head", 1), ("head", 2), ("deputy", 3), ("head", 1)]))
    assert said[2] == "not_found"
    assert {"signed"} <= {said[0], said[1], said[3]} <= {"signed", "wrong_state"}
    assert db.session.query(DocumentSignature).count() == 1
    signature = scene.resolution.signatures[0].statement
    pinned = [pades.Expected("signature", signature.certificate.der, signature.signed_at)]
    content = resolutions.content_of(scene.resolution, scene.resolution.files[-1].sha256)
    assert pades.verdict(content, pinned, signing.trusted(), scene.later(60)).state == "valid"


# -- registration


@remote
def test_somebody_elses_certificate_is_not_registered(scene, bench):
    confirm(scene, "a")
    enrolled = bench.enrol("Đỗ Thị Bốn")
    with pytest.raises(outside_keys.SomeoneElses):
        outside_keys.offered(scene.who["a"], enrolled.key_ref, scene.now)
    assert db.session.query(Refusal).filter_by(act="register_outside_key").count() == 1
    in_capitals = bench.enrol("PHẠM  VĂN BA")
    assert outside_keys.offered(scene.who["a"], in_capitals.key_ref, scene.now).facts.name == "PHẠM  VĂN BA"


@remote
def test_a_key_is_registered_once_and_by_its_owner_alone(scene, bench):
    key = register(scene, bench, "a")
    old = db.session.query(SigningKey).filter_by(person_id=scene.who["a"].person_id).count()
    confirm(scene, "a")
    with pytest.raises(outside_keys.AlreadyRegistered):
        outside_keys.offered(scene.who["a"], key.key_ref, scene.now)
    assert db.session.query(SigningKey).filter_by(person_id=scene.who["a"].person_id).count() == old == 2


@remote
def test_without_two_people_or_with_a_wrong_pin_nothing_is_registered(scene, bench):
    enrolled = bench.enrol(PEOPLE["a"].name)
    found = outside_keys.offered(scene.who["a"], enrolled.key_ref, scene.now)
    with pytest.raises(keys.NoReplacementAllowed):
        outside_keys.register(scene.who["a"], found, PIN, scene.now)
    confirm(scene, "a")
    with pytest.raises(outside_keys.ProofFailed):
        outside_keys.register(scene.who["a"], found, WRONG, scene.now)
    bench.server.spoil = lambda _handler, method, told: {"signatures": ["AAAA"]} if "signHash" in method else told
    with pytest.raises(keys.KeySilent):
        outside_keys.register(scene.who["a"], found, PIN, scene.now)
    assert keys.active_keys([scene.who["a"].person_id]) == {}
    bench.server.spoil = None
    assert outside_keys.register(scene.who["a"], found, PIN, scene.now).provider == "csc"


@remote
@pytest.mark.parametrize("unknown", ["", "0" * 32, "pkcs11:an", "csc:none", "hsm:x"])
def test_a_reference_that_names_nothing_is_refused(scene, bench, unknown):
    with pytest.raises((outside_keys.NotOutside, keys.SigningUnavailable)):
        outside_keys.offered(scene.who["a"], unknown, scene.now)


@remote
def test_a_certificate_of_a_stranger_authority_is_refused(scene, bench):
    confirm(scene, "a")
    enrolled = bench.enrol(PEOPLE["a"].name)
    strangers = signing.Authority.create(None, scene.now)
    signing.use(signing.signer(), strangers.chain())
    with pytest.raises(keys.CertificateNotUsable):
        outside_keys.offered(scene.who["a"], enrolled.key_ref, scene.now)
