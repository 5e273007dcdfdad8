"""The seal's key in a device or at a provider: who registers it, what it seals, and what a trouble leaves."""

import pkcs11
import pytest

from app.extensions import db
from app.gateways import pades, signing
from app.gateways.signing import csc as client_module
from app.gateways.signing import pkcs11 as devices
from app.models import AuditEntry, KeyState, Refusal, ResolutionState, SealKey
from app.workflows import issuing, keys, log_checks, log_rows, outside_keys, outside_seals, resolutions, seals
from app.workflows.engine.errors import NotAllowed, NotFound, WorkflowError
from app.workflows.key_places import outside_keys as standing_elsewhere
from app.workflows.key_places import places_of, seal_provider
from tests.cabinet import PEOPLE, PIN
from tests.gateways.certificate_faults import FAULTS
from tests.gateways.csc_server import Held
from tests.resolving import Resolving

NAME, WRONG = "Chính phủ", "917352"
device = pytest.mark.parametrize("bench", ["pkcs11"], indirect=True)
remote = pytest.mark.parametrize("bench", ["csc v2"], indirect=True)
either = pytest.mark.parametrize("bench", ["pkcs11", "csc v2"], indirect=True)


def register(scene, bench, *, rsa=False, name=NAME, first="records", second="clerk", picture=None, pin=PIN):
    """The body's seal at the provider, by two people."""
    who = [scene.who[each] if each else None for each in (first, second)]
    found = outside_seals.offered(*who, 1, bench.enrol(name, rsa).key_ref, scene.now)
    return outside_seals.register(*who, 1, found, pin, picture, scene.now)


def seal_row():
    db.session.rollback()
    return db.session.query(SealKey).filter(SealKey.state != KeyState.REPLACED).one()


@either
@pytest.mark.parametrize("rsa", [False, True], ids=["p-256", "rsa-2048"])
def test_a_resolution_is_sealed_elsewhere_and_the_verdict_names_the_place(app, bench, rsa):
    scene = Resolving().equipped()
    seal = register(scene, bench, rsa=rsa)
    assert (seal_provider(1), [each.owner for each in standing_elsewhere()]) == (bench.provider, [NAME])
    scene.voted().drafted().presented().signed().numbered().sealed()
    signature, sealed = scene.resolution.signatures
    assert sealed.statement.certificate_id == seal.certificate_id
    places = places_of([signature.statement.certificate_id, sealed.statement.certificate_id])
    assert list(places.values()) == [signing.place("software"), signing.place(bench.provider)]
    pinned = [
        pades.Expected(each.role.value, each.statement.certificate.der, each.statement.signed_at)
        for each in (signature, sealed)
    ]
    content = resolutions.content_of(scene.resolution, scene.resolution.files[-1].sha256)
    assert pades.verdict(content, pinned, signing.trusted(), scene.later(60)).state == "valid"


@either
def test_both_people_stand_in_the_log_and_the_earlier_seal_is_replaced(bench):
    scene = Resolving().equipped()
    before = seal_row()
    seal = register(scene, bench)
    assert seal.picture == before.picture
    assert [each.state for each in db.session.query(SealKey).order_by(SealKey.id)] == [
        KeyState.REPLACED, KeyState.ACTIVE
    ]  # fmt: skip
    told = db.session.query(AuditEntry).filter_by(fact="SealEnrolled").order_by(AuditEntry.id.desc()).first()
    assert told.actor_id == scene.who["records"].person_id
    assert (told.payload["place"], told.payload["confirmed_by_id"]) == (bench.provider, scene.who["clerk"].person_id)
    account = log_checks.Account()
    log_rows.examine(account)
    assert account.broken == []


@remote
@pytest.mark.parametrize(
    ("first", "second", "refusal"),
    [
        ("records", None, seals.SecondMissing), ("records", "records", seals.SecondMissing),
        ("records", "auditor", NotAllowed), ("records", "head", NotAllowed), ("clerk", "records", NotAllowed),
        ("admin", "clerk", (NotAllowed, NotFound)),
    ],
)  # fmt: skip
def test_less_than_two_people_of_the_office_register_nothing(bench, first, second, refusal):
    scene = Resolving().equipped()
    before = seal_row().id
    with pytest.raises(refusal):
        register(scene, bench, first=first, second=second)
    assert seal_row().id == before


@remote
def test_one_person_does_not_put_a_key_of_this_server_in_the_place_of_one_that_is_elsewhere(bench):
    scene = Resolving().equipped()
    kept = register(scene, bench).id
    office, picture = (scene.who["records"], scene.who["clerk"]), pades.seal_picture(NAME)
    with pytest.raises(seals.SecondMissing):
        seals.enrol_seal(office[0], 1, PIN, picture, scene.now)
    enrolled = signing.signer().enrol(NAME, "", NAME, PIN, scene.now, 30)
    with pytest.raises(seals.SecondMissing):
        seals.register_seal(office[0], 1, enrolled.key_ref, enrolled.certificate_der, picture, scene.now)
    seals.suspend_seal(office[0], kept, scene.now)
    with pytest.raises(seals.SecondMissing):
        seals.enrol_seal(office[0], 1, PIN, picture, scene.now)
    assert seal_row().id == kept
    assert outside_seals.replace_here(*office, 1, PIN, None, scene.now).id != kept
    assert seal_provider(1) == "software"
    assert seals.enrol_seal(office[0], 1, PIN, picture, scene.now).state is KeyState.ACTIVE, "now one is enough again"


@remote
def test_the_act_itself_asks_for_the_second_person(bench):
    """Whatever calls it: no key outside becomes a seal in the name of one."""
    scene = Resolving().equipped()
    enrolled = bench.enrol(NAME)
    with pytest.raises(seals.SecondMissing):
        seals.register_seal(
            scene.who["records"], 1, enrolled.key_ref, enrolled.certificate_der, seal_row().picture, scene.now
        )
    assert db.session.query(Refusal).filter_by(act="register_seal", code="seal_needs_two").count() == 1


@remote
def test_only_a_key_of_the_body_that_is_proven_and_new_becomes_its_seal(bench):
    scene = Resolving().equipped()
    before = seal_row().id
    with pytest.raises(outside_keys.SomeoneElses, match="Bộ Xây dựng"):
        register(scene, bench, name="Bộ Xây dựng")
    with pytest.raises(outside_seals.SealKeyUnproven):
        register(scene, bench, pin=WRONG)
    with pytest.raises(seals.PictureRefused):
        register(scene, bench, picture=b"GIF89a")
    who = scene.who["records"], scene.who["clerk"]
    with pytest.raises(outside_keys.NotOutside):
        outside_seals.offered(*who, 1, "0" * 32, scene.now)
    assert seal_row().id == before
    seal = register(scene, bench, picture=pades.seal_picture("Chính phủ mới"))
    with pytest.raises(outside_keys.AlreadyRegistered):
        outside_seals.offered(*who, 1, seal.key_ref, scene.now)
    acts = {each.act for each in db.session.query(Refusal)}
    assert acts == {"register_outside_seal"}


@remote
def test_the_key_of_a_seal_is_no_persons_and_that_of_a_person_no_seal(bench):
    scene = Resolving().equipped()
    seal = register(scene, bench)
    with pytest.raises(outside_keys.AlreadyRegistered):
        outside_keys.offered(scene.who["a"], seal.key_ref, scene.now)
    personal = bench.enrol(PEOPLE["a"].name)
    asked = keys.request_recovery(
        scene.who["clerk"], scene.who["a"].person_id, keys.RecoveryKind.REPLACE, "Ký số từ xa", scene.now
    )
    keys.approve_recovery(scene.who["records"], asked.id, scene.now)
    found = outside_keys.offered(scene.who["a"], personal.key_ref, scene.now)
    outside_keys.register(scene.who["a"], found, PIN, scene.now)
    with pytest.raises(outside_keys.AlreadyRegistered):
        outside_seals.offered(scene.who["records"], scene.who["clerk"], 1, personal.key_ref, scene.now)


AT_ONCE = dict.fromkeys(("RSA with 1024 bits", "a weak curve", "MD5", "SHA-1"), "weak_certificate")  # by the client


@remote
def test_a_faulty_certificate_at_the_provider_is_no_seal(bench):
    scene = Resolving().equipped()
    before, said = seal_row().id, {}
    for fault, (code, make) in FAULTS.items():
        made, name = make(bench.authority, NAME, scene.now), bench.enrol(NAME).key_ref.partition(":")[2]
        chain = [made.certificate] if code == "unknown_issuer" else [made.certificate, *bench.authority.chain()]
        bench.server.held[name] = Held(made.key, chain, PIN)
        with pytest.raises(WorkflowError) as refusal:
            outside_seals.offered(scene.who["records"], scene.who["clerk"], 1, f"csc:{name}", scene.now)
        said[fault] = refusal.value.details.get("fault", refusal.value.code)
    assert said == {fault: code for fault, (code, _make) in FAULTS.items()} | AT_ONCE
    assert seal_row().id == before


# -- troubles


def troubled(scene, kind, code, status):
    """Refused in words of its own; the number stays, nothing is sealed, no try is charged, and it is on record."""
    with pytest.raises(kind) as refusal:
        scene.sealed()
    assert (refusal.value.code, refusal.value.http_status, refusal.value.details["fault"]) == (kind.code, status, code)
    assert scene.resolution.state is ResolutionState.NUMBERED
    assert (len(scene.resolution.files), len(scene.resolution.signatures)) == (2, 1)
    assert seal_row().failed_tries == 0
    assert db.session.query(Refusal).filter_by(act="seal_resolution", code=code).count() >= 1


@pytest.fixture
def numbered(bench):
    scene = Resolving().equipped()
    seal = register(scene, bench)
    scene.voted().drafted().presented().signed().numbered()
    scene.name = seal.key_ref.partition(":")[2]
    yield scene
    assert scene.sealed().resolution.state is ResolutionState.SEALED
    assert scene.resolution.number.text == "01/NQ-CP"
    assert len(scene.resolution.signatures) == 2


@either
def test_wrong_pins_lock_the_seal_here_and_it_is_told(bench, numbered):
    for left in (4, 3, 2, 1):
        with pytest.raises(keys.PinWrong) as wrong:
            numbered.sealed(pin=WRONG)
        assert wrong.value.details["tries_left"] == left
        if bench.provider == "csc":
            bench.server.held[numbered.name].wrong = 0  # three wrong ones lock there
    assert numbered.resolution.state is ResolutionState.NUMBERED


@device
def test_a_token_that_is_taken_out_while_it_seals(bench, numbered, monkeypatch):
    value, out = devices._value, []

    def slow(*arguments):
        out.append(bench.shelf.remove(numbered.name))
        return value(*arguments)

    with monkeypatch.context() as pulled:
        pulled.setattr(devices, "_value", slow)
        troubled(numbered, keys.KeySilent, "device_absent", 409)
    troubled(numbered, keys.KeySilent, "device_absent", 409)
    bench.shelf.put_back(out[0])


@device
def test_a_token_whose_pin_is_locked(bench, numbered, monkeypatch):
    """SoftHSM locks none: its driver's word is put in."""

    def locked(*_arguments):
        raise pkcs11.PinLocked

    with monkeypatch.context() as said:
        said.setattr(devices, "_value", locked)
        troubled(numbered, keys.KeyBlocked, "pin_blocked", 423)


@either
def test_another_certificate_of_the_same_name_seals_nothing(bench, numbered):
    keys_there = bench.signer._keys
    registered, other = keys_there[numbered.name], bench.enrol(NAME).key_ref.partition(":")[2]
    keys_there[numbered.name] = keys_there[other]
    troubled(numbered, keys.KeySilent, "not_that_certificate", 409)
    keys_there[numbered.name] = registered


@remote
def test_a_provider_that_is_slow_broken_lying_or_locked(bench, numbered, monkeypatch):
    server, held = bench.server, bench.server.held[numbered.name]
    server.spoil = lambda _handler, method, told: {"signatures": ["AAAA"]} if "signHash" in method else told
    troubled(numbered, keys.KeySilent, "untrue_signature", 409)
    server.spoil = lambda handler, method, told: handler.send(500, b"{}") if "signHash" in method else told
    troubled(numbered, keys.KeySilent, "provider_failed", 409)
    server.spoil, held.wrong = None, 3
    troubled(numbered, keys.KeyBlocked, "pin_blocked", 423)
    held.wrong, held.confirms = 0, False
    with monkeypatch.context() as hasty:
        hasty.setattr(client_module, "ASKS_EVERY", 0.05)
        troubled(numbered, keys.KeySilent, "not_confirmed", 409)
    held.confirms = None


@remote
def test_the_same_request_seals_once(bench):
    scene = Resolving().equipped()
    register(scene, bench)
    scene.voted().drafted().presented().signed().numbered().sealed().sealed()
    assert len(scene.resolution.signatures) == 2
    with pytest.raises(WorkflowError):
        issuing.seal_resolution(scene.who["records"], scene.resolution_id, "another-nonce-0001", PIN, scene.later(45))
    assert len(scene.resolution.signatures) == 2
