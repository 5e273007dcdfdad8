"""Tokens that are removed, locked, shared or wrongly furnished: SoftHSM where it can, its driver's word where not."""

from hashlib import sha256

import pkcs11
import pytest
from pkcs11 import Attribute, ObjectClass

from app.gateways.signing import Authority, WrongPin, check_detached
from app.gateways.signing import pkcs11 as devices
from app.gateways.signing.elsewhere import Ended, as_pair
from app.gateways.signing.pkcs11 import DeviceKey, Pkcs11Signer
from app.gateways.signing.trouble import (
    DeviceAbsent,
    DeviceFailed,
    DeviceInUse,
    DeviceLost,
    KeyNotThere,
    MadeElsewhere,
    NotThatCertificate,
    PinBlocked,
    UntrueSignature,
    WeakCertificate,
)
from tests.gateways.signing_cases import BALLOT, NOW
from tests.gateways.softhsm import generate, shelf

PIN, REF = "240619", "pkcs11:an"


@pytest.fixture(scope="module")
def authority():
    return Authority.create(None, NOW, demo=True)


@pytest.fixture
def tokens(tmp_path):
    with shelf(tmp_path) as found:
        yield found


@pytest.fixture
def signer(tokens, authority):
    return Pkcs11Signer({"an": tokens.person("an", PIN, authority, "An", NOW)}, authority.chain, Ended(None))


def sign(signer, pin=PIN):
    return signer.sign(REF, pin, BALLOT, NOW)


def test_a_token_that_is_out_signs_nothing_and_signs_again_when_it_is_back(signer, tokens):
    assert sign(signer)
    removed = tokens.remove("an")
    for _ in range(2):
        with pytest.raises(DeviceAbsent):
            sign(signer)
        with pytest.raises(DeviceAbsent):
            signer.certificate(REF)
    tokens.put_back(removed)
    assert check_detached(sign(signer), BALLOT, signer.certificate(REF))


def test_a_token_removed_between_login_and_signature_signs_nothing(signer, tokens, monkeypatch):
    """SoftHSM's own answer when the files of a token in use are gone."""
    value, removed = devices._value, []

    def slow(*arguments):
        removed.append(tokens.remove("an"))
        return value(*arguments)

    monkeypatch.setattr(devices, "_value", slow)
    with pytest.raises(DeviceAbsent):
        sign(signer)
    monkeypatch.undo()
    tokens.put_back(removed[0])
    assert sign(signer)


def saying(monkeypatch, *refusals):
    """The token's driver answers so, one after the other, where the value is made: SoftHSM never does."""
    value, left = devices._value, list(refusals)

    def refusing(*arguments):
        if left:
            raise left.pop(0)
        return value(*arguments)

    monkeypatch.setattr(devices, "_value", refusing)


@pytest.mark.parametrize(
    "lost", [pkcs11.SessionHandleInvalid, pkcs11.SessionClosed, pkcs11.DeviceRemoved, pkcs11.UserNotLoggedIn]
)
def test_a_lost_session_is_opened_once_more_and_only_once(signer, monkeypatch, lost):
    saying(monkeypatch, lost())
    assert sign(signer)
    saying(monkeypatch, lost(), lost())
    with pytest.raises(DeviceAbsent if lost is pkcs11.DeviceRemoved else DeviceLost):
        sign(signer)
    monkeypatch.undo()
    assert sign(signer)


@pytest.mark.parametrize(
    ("refused", "ours"),
    [
        (pkcs11.PinIncorrect, WrongPin), (pkcs11.PinLenRange, WrongPin), (pkcs11.PinLocked, PinBlocked),
        (pkcs11.PinExpired, PinBlocked), (pkcs11.UserPinNotInitialized, PinBlocked),
        (pkcs11.TokenNotPresent, DeviceAbsent), (pkcs11.DeviceError, DeviceFailed), (pkcs11.GeneralError, DeviceFailed),
        (pkcs11.MechanismInvalid, DeviceFailed), (pkcs11.UserAlreadyLoggedIn, DeviceInUse),
    ],
)  # fmt: skip
def test_each_word_of_a_driver_has_a_sentence(signer, monkeypatch, refused, ours):
    """SoftHSM 2.6 locks no PIN, so CKR_PIN_LOCKED is said for it here."""
    saying(monkeypatch, refused(), refused())
    with pytest.raises(ours) as said:
        sign(signer)
    assert type(said.value) is ours
    assert said.value.__suppress_context__
    monkeypatch.undo()
    assert sign(signer)


def test_a_login_that_somebody_left_open_is_never_used(signer, tokens):
    """Without the fresh start a wrong PIN would not be looked at: CKR_USER_ALREADY_LOGGED_IN."""
    sign(signer)
    left_open = pkcs11.lib(tokens.module).get_token(token_label="an").open(user_pin=PIN)
    with pytest.raises(WrongPin):
        sign(signer, "917352")
    assert sign(signer)
    with pytest.raises(pkcs11.PKCS11Error):
        left_open.close()


def test_nobody_is_logged_in_after_a_signature(signer, tokens):
    """Whoever is not sees no private key; the state is that of the whole process."""
    sign(signer)
    with pkcs11.lib(tokens.module).get_token(token_label="an").open() as session:
        assert list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})) == []
        assert list(session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY}))


def test_wrong_pins_leave_no_session_behind(signer):
    """SoftHSM gives a handle to each session; what was not closed would be counted in the next one."""
    for _ in range(30):
        with pytest.raises(WrongPin):
            sign(signer, "917352")
    assert sign(signer)


def test_a_key_without_certificate_and_one_with_two_are_not_guessed(tokens, authority):
    tokens.make("leer", PIN)
    with tokens.session("leer", PIN) as session:
        generate(session, "leer")
    key = DeviceKey(tokens.module, "leer", "leer")
    signer = Pkcs11Signer({"an": key}, authority.chain, Ended(None))
    with pytest.raises(KeyNotThere):
        signer.certificate(REF)
    two = tokens.person("hai", PIN, authority, "Hai", NOW)
    der = certificate_on(tokens, two)
    with tokens.session("hai", PIN) as session:
        tokens.put_certificate(session, "hai", der)
    with pytest.raises(KeyNotThere):
        Pkcs11Signer({"an": two}, authority.chain, Ended(None)).certificate(REF)
    with pytest.raises(KeyNotThere):
        sign(Pkcs11Signer({"an": two}, authority.chain, Ended(None)))


def certificate_on(tokens, key):
    with tokens.session(key.token, PIN) as session:
        (found,) = session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE})
        return bytes(found[Attribute.VALUE])


def test_the_certificate_of_another_key_is_refused(tokens, authority):
    other = tokens.person("kia", PIN, authority, "Kia", NOW)
    der = certificate_on(tokens, other)
    tokens.make("an", PIN)
    with tokens.session("an", PIN) as session:
        generate(session, "an")
        tokens.put_certificate(session, "an", der)
    signer = Pkcs11Signer({"an": DeviceKey(tokens.module, "an", "an")}, authority.chain, Ended(None))
    for act in (lambda: signer.certificate(REF), lambda: sign(signer)):
        with pytest.raises(NotThatCertificate):
            act()


def test_a_key_that_is_too_short_is_called_that(tokens, authority):
    short = tokens.person("an", PIN, authority, "An", NOW, rsa=1024)
    with pytest.raises(WeakCertificate):
        sign(Pkcs11Signer({"an": short}, authority.chain, Ended(None)))


def test_a_key_may_be_named_by_its_id(tokens, authority):
    tokens.person("an", PIN, authority, "An", NOW, rsa=True)
    signer = Pkcs11Signer({"an": DeviceKey(tokens.module, "an", id=b"an")}, authority.chain, Ended(None))
    assert check_detached(sign(signer), BALLOT, signer.certificate(REF)).algorithm == "rsa-2048-sha256"


@pytest.mark.parametrize("value", [b"", bytes(64), bytes(63), b"\x01" * 64, b"\xff" * 72])
def test_a_token_that_returns_no_signature_of_the_key_signs_nothing(signer, monkeypatch, value):
    monkeypatch.setattr(devices, "_value", lambda *_arguments: value)
    with pytest.raises(UntrueSignature):
        sign(signer)


def test_a_key_is_not_made_here_and_a_module_that_is_none_is_a_fault(signer, tmp_path, authority):
    with pytest.raises(MadeElsewhere):
        signer.enrol("An", "", "", PIN, NOW, 5)
    (tmp_path / "no.so").write_bytes(b"\x7fELF")
    broken = Pkcs11Signer({"an": DeviceKey(str(tmp_path / "no.so"), "an", "an")}, authority.chain, Ended(None))
    for act in (lambda: broken.certificate(REF), lambda: sign(broken)):
        with pytest.raises(DeviceFailed):
            act()


def test_a_pair_of_numbers_is_written_as_der_and_anything_else_left():
    digest = sha256(b"x").digest()
    assert as_pair(digest + digest, 256).startswith(b"\x30")
    assert as_pair(digest, 256) == digest
