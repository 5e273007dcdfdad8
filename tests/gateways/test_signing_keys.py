"""What our own keys must promise beside the contract of all signers: enrolment, PINs, and files on disk."""
import json
import logging
import os
import pickle
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from app.gateways import signing
from app.gateways.signing import (
    Argon2Cost,
    Authority,
    BadSignature,
    KeyUnavailable,
    MemorySigner,
    PinFault,
    PinRefused,
    SignatureFault,
    SigningError,
    SoftwareSigner,
    WrongPin,
    certificate_facts,
    check_certificate,
    check_detached,
    check_pin,
    create_installation_key,
    wrapping,
)
from tests.gateways.signing_cases import BALLOT, NOW, SUMMER_2019
from tests.signer.here import served

PIN, OTHER_PIN = "240619", "917352"
CHEAP = Argon2Cost(memory_kib=64, passes=1)


@pytest.fixture(scope="module")
def authority():
    return Authority.create(None, NOW, demo=True)


@pytest.fixture
def software(tmp_path, authority):
    create_installation_key(tmp_path / "installation.key")
    return SoftwareSigner(tmp_path / "keys", tmp_path / "installation.key", authority, CHEAP)


@pytest.fixture
def remote(software, authority, tmp_path):
    with served(software, authority, tmp_path / "tries") as client:
        yield client


@pytest.fixture(params=["memory", "software", "remote"])
def signer(request, authority):
    return MemorySigner(authority) if request.param == "memory" else request.getfixturevalue(request.param)


def enrol(signer, pin=PIN, now=NOW, name="Nguyễn Văn An"):
    return signer.enrol(name, "Bộ trưởng", "Bộ Xây dựng", pin, now, 365)


# -- enrolment


def test_an_enrolled_person_signs_with_a_certificate_of_the_authority(signer, authority):
    enrolled = enrol(signer)
    check_certificate(enrolled.certificate_der, NOW, authority.chain(), crl=authority.crl(NOW))
    assert certificate_facts(enrolled.certificate_der).name == "Nguyễn Văn An"
    assert signer.certificate(enrolled.key_ref) == enrolled.certificate_der
    cms = signer.sign(enrolled.key_ref, PIN, BALLOT, NOW)
    assert check_detached(cms, BALLOT, enrolled.certificate_der).signing_time == NOW





@pytest.mark.parametrize(
    "wrong", [OTHER_PIN, "240618", "24061", "2406199", "", " 240619", "240619\n", "２４０６１９", "\ud800"]
)
def test_a_wrong_pin_is_refused_and_the_right_one_still_works(signer, wrong):
    enrolled = enrol(signer)
    with pytest.raises(WrongPin):
        signer.sign(enrolled.key_ref, wrong, BALLOT, NOW)
    assert signer.sign(enrolled.key_ref, PIN, BALLOT, NOW)





def test_a_trivial_pin_makes_no_key(signer):
    with pytest.raises(PinRefused):
        enrol(signer, "123456")


def test_an_injected_clock_is_obeyed():
    then = MemorySigner(Authority.create(None, SUMMER_2019))
    enrolled = enrol(then, now=SUMMER_2019)
    cms = then.sign(enrolled.key_ref, PIN, BALLOT, SUMMER_2019)
    assert check_detached(cms, BALLOT, enrolled.certificate_der).signing_time == SUMMER_2019



def test_a_pin_appears_nowhere(signer, caplog):
    caplog.set_level(logging.DEBUG)
    enrolled = enrol(signer)
    said = [repr(signer), str(vars(signer)), repr(enrolled)]
    for pin, act in (
        (OTHER_PIN, lambda: signer.sign(enrolled.key_ref, OTHER_PIN, BALLOT, NOW)),
        (PIN, lambda: signer.sign("0" * 32, PIN, BALLOT, NOW)),
        ("123123", lambda: enrol(signer, "123123")),
        ("\ud800", lambda: signer.sign(enrolled.key_ref, "\ud800", BALLOT, NOW)),
    ):
        with pytest.raises(SigningError) as refused:
            act()
        error = refused.value
        assert error.__cause__ is None or isinstance(error.__cause__, OSError)
        said += [str(error), repr(error), repr(error.args), *"".join(traceback.format_exception_only(error))]
        assert pin not in "".join(said + caplog.messages)
    assert PIN not in "".join(said + caplog.messages)


# -- keys on disk


def files_of(tmp_path):
    return list((tmp_path / "keys").iterdir())


def test_a_key_file_is_for_its_owner_only_and_leaves_no_draft(software, tmp_path):
    enrol(software)
    (file,) = files_of(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "installation.key").stat().st_mode & 0o777 == 0o600


def test_an_installation_key_is_made_once(tmp_path):
    file = tmp_path / "outside" / "installation.key"
    create_installation_key(file)
    first = file.read_bytes()
    create_installation_key(file)
    assert file.read_bytes() == first
    assert len(first) == 32


def test_a_copied_key_file_does_not_open_without_its_installation_key(software, tmp_path, authority):
    enrolled = enrol(software)
    elsewhere = SoftwareSigner(tmp_path / "keys", tmp_path / "other.key", authority, CHEAP)
    with pytest.raises(KeyUnavailable):
        elsewhere.sign(enrolled.key_ref, PIN, BALLOT, NOW)
    for foreign in (os.urandom(32), b"", bytes(31)):
        (tmp_path / "other.key").write_bytes(foreign)
        with pytest.raises(KeyUnavailable):
            elsewhere.sign(enrolled.key_ref, PIN, BALLOT, NOW)


def test_neither_the_pin_alone_nor_the_installation_key_alone_unseals(software, tmp_path, monkeypatch):
    """With the check of the installation's mark out of the way, the cipher itself refuses."""
    enrolled = enrol(software)
    stored = wrapping.WrappedKey.from_bytes(files_of(tmp_path)[0].read_bytes())
    installation_key = (tmp_path / "installation.key").read_bytes()
    assert wrapping.unwrap(enrolled.key_ref, stored, PIN, installation_key)
    monkeypatch.setattr(wrapping, "_fingerprint", lambda _key: stored.installation)
    for pin, key in ((PIN, bytes(32)), (PIN, b""), ("", installation_key), (OTHER_PIN, installation_key)):
        with pytest.raises(WrongPin):
            wrapping.unwrap(enrolled.key_ref, stored, pin, key)


def test_a_key_is_sealed_to_its_reference_and_certificate(software, tmp_path):
    first, second = enrol(software), enrol(software)
    one, two = ((tmp_path / "keys" / f"{each.key_ref}.json") for each in (first, second))
    one_says, two_says = json.loads(one.read_text()), json.loads(two.read_text())
    one.write_text(json.dumps(two_says))
    with pytest.raises(WrongPin):
        software.sign(first.key_ref, PIN, BALLOT, NOW)
    one.write_text(json.dumps(one_says | {"certificate_der": two_says["certificate_der"]}))
    with pytest.raises(WrongPin):
        software.sign(first.key_ref, PIN, BALLOT, NOW)
    one.write_text(json.dumps(one_says))
    assert software.sign(first.key_ref, PIN, BALLOT, NOW)


@pytest.mark.parametrize(
    "damage",
    [
        lambda stored: b"",
        lambda stored: b"\xff\xfe",
        lambda stored: stored[:-30],
        lambda stored: b"[]",
        lambda stored: json.dumps(json.loads(stored) | {"salt": "short"}).encode(),
        lambda stored: json.dumps(json.loads(stored) | {"nonce": "AAAA"}).encode(),
        lambda stored: json.dumps(json.loads(stored) | {"cost": {"memory_kib": 1 << 40}}).encode(),
        lambda stored: json.dumps(json.loads(stored) | {"cost": {"memory_kib": "64"}}).encode(),
        lambda stored: json.dumps(json.loads(stored) | {"cost": {"memory_kib": 64.5}}).encode(),
        lambda stored: json.dumps(json.loads(stored) | {"cost": {"lanes": 0}}).encode(),
        lambda stored: json.dumps(json.loads(stored) | {"cost": {"surprise": 1}}).encode(),
    ],
)
def test_a_damaged_key_file_is_an_unavailable_key_and_no_error(software, tmp_path, damage):
    enrolled = enrol(software)
    (file,) = files_of(tmp_path)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(KeyUnavailable):
        software.sign(enrolled.key_ref, PIN, BALLOT, NOW)


def test_a_key_survives_a_change_of_the_cost(software, tmp_path, authority):
    enrolled = enrol(software)
    dearer = SoftwareSigner(
        tmp_path / "keys", tmp_path / "installation.key", authority, Argon2Cost(memory_kib=128, passes=2)
    )
    assert dearer.sign(enrolled.key_ref, PIN, BALLOT, NOW)


def test_a_destroyed_key_leaves_nothing_on_disk(software, tmp_path):
    enrolled = enrol(software)
    software.destroy(enrolled.key_ref)
    assert files_of(tmp_path) == []


def test_a_failed_write_leaves_neither_a_key_nor_a_draft(software, tmp_path, monkeypatch):
    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyUnavailable):
        enrol(software)
    assert files_of(tmp_path) == []


def test_the_standard_cost_is_the_decided_one():
    assert Argon2Cost() == Argon2Cost(memory_kib=64 * 1024, passes=3, lanes=1)


def test_twenty_seven_members_sign_at_once_with_one_unlock_per_core(software, monkeypatch):
    members = [enrol(software) for _ in range(27)]
    at_once, most, lock, stretch = 0, 0, threading.Lock(), wrapping.hash_secret_raw

    def watched(*arguments):
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.005)
        stretched = stretch(*arguments)
        with lock:
            at_once -= 1
        return stretched

    monkeypatch.setattr(wrapping, "hash_secret_raw", watched)
    together = threading.Barrier(27)

    def vote(member):
        together.wait()
        return check_detached(software.sign(member.key_ref, PIN, BALLOT, NOW), BALLOT, member.certificate_der)

    with ThreadPoolExecutor(27) as pool:
        checked = list(pool.map(vote, members))
    assert len({each.serial for each in checked}) == 27
    assert most <= (os.cpu_count() or 1)


def test_a_refusal_gives_the_core_back(software):
    enrolled = enrol(software)
    for _ in range((os.cpu_count() or 1) + 1):
        with pytest.raises(WrongPin):
            software.sign(enrolled.key_ref, OTHER_PIN, BALLOT, NOW)
    assert software.sign(enrolled.key_ref, PIN, BALLOT, NOW)


def test_the_stored_key_is_the_certified_one_and_nowhere_in_the_clear(software, tmp_path):
    enrolled = enrol(software)
    stored = wrapping.WrappedKey.from_bytes(files_of(tmp_path)[0].read_bytes())
    private_der = wrapping.unwrap(enrolled.key_ref, stored, PIN, (tmp_path / "installation.key").read_bytes())
    private_key = serialization.load_der_private_key(private_der, None)
    assert private_key.public_key() == x509.load_der_x509_certificate(enrolled.certificate_der).public_key()
    assert private_der not in stored.sealed
    assert len(stored.sealed) == len(private_der) + 16


# -- the PIN


@pytest.mark.parametrize("pin", [PIN, OTHER_PIN, "102938", "135790", "100000", "121213"])
def test_an_ordinary_pin_may_be_chosen(pin):
    check_pin(pin)


@pytest.mark.parametrize(
    "pin",
    [
        "000000", "999999", "123456", "654321", "012345", "789012", "210987",
        "121212", "123123", "112233", "332211", "990011",
    ],
)  # fmt: skip
def test_a_trivial_pin_may_not(pin):
    with pytest.raises(PinRefused) as refused:
        check_pin(pin)
    assert refused.value.reason is PinFault.TRIVIAL


@pytest.mark.parametrize("pin", ["", "24061", "2406190", "24061a", "24 061", "240619\n", "２４０６１９", "٢٤٠٦١٩"])
def test_a_pin_has_six_digits(pin):
    with pytest.raises(PinRefused) as refused:
        check_pin(pin)
    assert refused.value.reason is PinFault.FORM


# -- the choice of the application, and the refusals


@pytest.fixture
def nobody_chosen(monkeypatch):
    monkeypatch.setattr("app.gateways.signing.interface._chosen", [])


@pytest.mark.usefixtures("nobody_chosen")
def test_the_application_chooses_the_signer(signer, authority):
    for ask in (signing.signer, signing.trusted):
        with pytest.raises(KeyUnavailable):
            ask()
    signing.use(signer, authority.chain())
    assert signing.signer() is signer
    assert signing.trusted() == authority.chain()


def test_a_refusal_travels_between_processes():
    refused = pickle.loads(pickle.dumps(BadSignature(SignatureFault.NOT_DER)))  # noqa: S301 - our own bytes
    assert (refused.code, refused.reason) == ("bad_signature", SignatureFault.NOT_DER)
    assert str(refused) == str(BadSignature(SignatureFault.NOT_DER).message)
