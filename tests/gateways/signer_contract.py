"""What every provider of keys promises, wherever they live: one suite, run for each of them."""

import datetime as dt
import logging
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from app.gateways.signing import (
    Argon2Cost,
    Authority,
    BadSignature,
    CertificateFault,
    CertificateRefused,
    Enrolled,
    KeyUnavailable,
    MemorySigner,
    SignatureFault,
    Signer,
    SigningError,
    SoftwareSigner,
    WrongPin,
    check_certificate,
    check_detached,
    check_document,
    create_installation_key,
    provider_of,
)
from app.gateways.signing.csc import Credential, CscSigner, Service
from app.gateways.signing.elsewhere import Ended
from app.gateways.signing.files import make_folder, write_private
from app.gateways.signing.memory import _Held
from app.gateways.signing.pkcs11 import DeviceKey, Pkcs11Signer
from app.gateways.signing.profile import WEAK
from app.gateways.signing.wrapping import wrap
from tests.gateways import csc_server, softhsm
from tests.gateways.signing_cases import BALLOT, NOW, as_pem, openssl_accepts
from tests.signer.here import served

PIN, OTHER_PIN = "240619", "917352"
CHEAP = Argon2Cost(memory_kib=64, passes=1)
DIGEST = sha256(BALLOT).digest()
UNKNOWN = ["", "0" * 32, "../installation", "/etc/passwd", "a" * 5000, "x\x00y", "pkcs11:", "csc:none", "pkcs11:no:"]
KINDS = {"ecdsa-p256-sha256": False, "rsa-2048-sha256": True}


@dataclass
class Bench:
    """A signer under test, and how a person gets a key there: name, RSA (perhaps with so many bits) or P-256, PIN."""

    signer: Signer
    authority: Authority
    make: Callable[[str, bool | int, str], Enrolled]
    provider: str = "software"
    words: str = "server-held key"

    def enrol(self, name: str = "Nguyễn Văn An", rsa: bool | int = False, pin: str = PIN) -> Enrolled:
        return self.make(name, rsa, pin)


@dataclass
class DeviceBench(Bench):
    """With the tokens, so that they can be taken out."""

    shelf: softhsm.Tokens | None = None


@dataclass
class RemoteBench(Bench):
    """With the provider, so that it can be told how to answer."""

    server: csc_server.Provider | None = None
    keys: dict[str, Credential] = field(default_factory=dict)


def key_of(rsa_key: bool | int) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    if rsa_key is False:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 2048 if rsa_key is True else rsa_key)


def issue(authority: Authority, name: str, key: object, since: dt.datetime = NOW) -> bytes:
    return authority.issue(name, "Bộ trưởng", "Bộ Xây dựng", key.public_key(), since, 365)


@contextmanager
def memory_bench(_folder: Path, authority: Authority) -> Iterator[Bench]:
    signer = MemorySigner(authority)

    def make(name: str, rsa_key: bool, pin: str) -> Enrolled:
        enrolled = signer.enrol(name, "Bộ trưởng", "Bộ Xây dựng", pin, NOW, 365)
        if rsa_key:
            key = key_of(rsa_key)
            held = _Held(key, issue(authority, name, key), sha256(pin.encode()).digest())
            signer._keys[enrolled.key_ref] = held
            return Enrolled(enrolled.key_ref, held.certificate_der)
        return enrolled

    yield Bench(signer, authority, make, words="test key in memory")


@contextmanager
def software_bench(folder: Path, authority: Authority) -> Iterator[Bench]:
    installation_key = folder / "installation.key"
    create_installation_key(installation_key)
    signer = SoftwareSigner(folder / "keys", installation_key, authority, CHEAP)

    def make(name: str, rsa_key: bool, pin: str) -> Enrolled:
        if not rsa_key:
            return signer.enrol(name, "Bộ trưởng", "Bộ Xây dựng", pin, NOW, 365)
        key, key_ref = key_of(rsa_key), sha256(name.encode()).hexdigest()[:32]
        form = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        der = issue(authority, name, key)
        wrapped = wrap(key_ref, key.private_bytes(*form), der, pin, installation_key.read_bytes(), CHEAP)
        make_folder(folder / "keys")
        write_private(folder / "keys" / f"{key_ref}.json", wrapped.to_bytes())
        return Enrolled(key_ref, der)

    yield Bench(signer, authority, make)


@contextmanager
def process_bench(folder: Path, authority: Authority) -> Iterator[Bench]:
    with software_bench(folder, authority) as here, served(here.signer, authority, folder / "tries") as client:
        yield Bench(client, authority, here.make)


@contextmanager
def device_bench(folder: Path, authority: Authority, since: dt.datetime = NOW) -> Iterator[Bench]:
    keys: dict[str, DeviceKey] = {}
    with softhsm.shelf(folder) as shelf:
        signer = Pkcs11Signer(keys, authority.chain, Ended(folder / "ended"))

        def make(name: str, rsa_key: bool, pin: str) -> Enrolled:
            label = f"token-{len(keys)}"
            keys[label] = shelf.person(label, pin, authority, name, since, rsa_key)
            return Enrolled(f"pkcs11:{label}", signer.certificate(f"pkcs11:{label}"))

        yield DeviceBench(signer, authority, make, "pkcs11", "signing device (PKCS#11)", shelf)


@contextmanager
def remote_bench(folder: Path, authority: Authority, version: int, since: dt.datetime = NOW) -> Iterator[Bench]:
    keys: dict[str, Credential] = {}
    with csc_server.serving(version) as (provider, url):
        (folder / "secret").write_text(provider.secret)
        service = Service("thu", url, version, None, "ecabinet", folder / "secret", loopback=True, wait=5.0)
        signer = CscSigner(keys, authority.chain, Ended(folder / "ended"))

        def make(name: str, rsa_key: bool, pin: str) -> Enrolled:
            key, label = key_of(rsa_key), f"khoa-{len(keys)}"
            der = issue(authority, name, key, since)
            provider.held[label] = csc_server.Held(key, [der, *authority.chain()], pin)
            keys[label] = Credential(service, label)
            return Enrolled(f"csc:{label}", der)

        yield RemoteBench(signer, authority, make, "csc", "remote signature", provider, keys)




BENCHES = {
    "memory": memory_bench, "software": software_bench, "signer process": process_bench, "pkcs11": device_bench,
    "csc v1": lambda *given: remote_bench(*given[:2], 1, *given[2:]),
    "csc v2": lambda *given: remote_bench(*given[:2], 2, *given[2:]),
}  # fmt: skip


class SignerContract:
    """The tests; a class of a test file inherits them and gives the fixture `bench`."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_openssl_and_we_accept_what_is_signed(self, bench, tmp_path, kind):
        enrolled = bench.enrol(rsa=KINDS[kind])
        check_certificate(enrolled.certificate_der, NOW, bench.authority.chain(), crl=bench.authority.crl(NOW))
        assert bench.signer.certificate(enrolled.key_ref) == enrolled.certificate_der
        trusted = as_pem("x509", *bench.authority.chain())
        for cms in (
            bench.signer.sign(enrolled.key_ref, PIN, BALLOT, NOW),
            bench.signer.sign_digest(enrolled.key_ref, PIN, DIGEST, NOW),
        ):
            checked = check_detached(cms, BALLOT, enrolled.certificate_der)
            assert (checked.signing_time, checked.algorithm) == (NOW, kind)
            accepted, said = openssl_accepts(tmp_path, cms, BALLOT, trusted, NOW)
            assert accepted, said
            refused, _said = openssl_accepts(tmp_path, cms, BALLOT + b" ", trusted, NOW)
            assert not refused

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_document_is_signed_with_the_issuing_authority_inside(self, bench, tmp_path, kind):
        enrolled = bench.enrol(rsa=KINDS[kind])
        cms = bench.signer.sign_document(enrolled.key_ref, PIN, DIGEST)
        checked = check_document(cms, DIGEST, enrolled.certificate_der)
        assert (checked.signing_time, checked.algorithm) == (None, kind)
        assert bench.authority.chain()[0] in cms
        assert bench.authority.chain()[1] not in cms
        accepted, said = openssl_accepts(tmp_path, cms, BALLOT, as_pem("x509", *bench.authority.chain()), NOW)
        assert accepted, said
        with pytest.raises(BadSignature):
            check_detached(cms, BALLOT, enrolled.certificate_der)

    def test_each_person_has_a_key_and_certificate_of_ones_own(self, bench):
        first, second = bench.enrol(), bench.enrol("Trần Thị Bình", pin=OTHER_PIN)
        cms = bench.signer.sign(first.key_ref, PIN, BALLOT, NOW)
        with pytest.raises(BadSignature) as refused:
            check_detached(cms, BALLOT, second.certificate_der)
        assert refused.value.reason is SignatureFault.WRONG_CERTIFICATE
        with pytest.raises(WrongPin):
            bench.signer.sign(first.key_ref, OTHER_PIN, BALLOT, NOW)

    @pytest.mark.parametrize("wrong", [OTHER_PIN, "24061", "", " 240619", "240619\n", "\ud800", "2" * 5000])
    def test_a_wrong_pin_is_refused_and_the_right_one_still_works(self, bench, wrong):
        """Also just after the right one: nobody signs on the login of somebody else."""
        enrolled = bench.enrol()
        assert bench.signer.sign(enrolled.key_ref, PIN, BALLOT, NOW)
        for act in (
            lambda: bench.signer.sign(enrolled.key_ref, wrong, BALLOT, NOW),
            lambda: bench.signer.sign_document(enrolled.key_ref, wrong, DIGEST),
        ):
            with pytest.raises(WrongPin):
                act()
        assert bench.signer.sign(enrolled.key_ref, PIN, BALLOT, NOW)

    @pytest.mark.parametrize("unknown", UNKNOWN)
    def test_an_unknown_key_is_unavailable(self, bench, unknown):
        for act in (
            lambda: bench.signer.sign(unknown, PIN, BALLOT, NOW),
            lambda: bench.signer.sign_document(unknown, PIN, DIGEST),
            lambda: bench.signer.certificate(unknown),
            lambda: bench.signer.destroy(unknown),
        ):
            with pytest.raises(KeyUnavailable):
                act()

    def test_a_destroyed_key_never_signs_again(self, bench):
        enrolled, kept = bench.enrol(), bench.enrol("Trần Thị Bình")
        bench.signer.destroy(enrolled.key_ref)
        for act in (
            lambda: bench.signer.sign(enrolled.key_ref, PIN, BALLOT, NOW),
            lambda: bench.signer.certificate(enrolled.key_ref),
            lambda: bench.signer.destroy(enrolled.key_ref),
        ):
            with pytest.raises(KeyUnavailable):
                act()
        assert bench.signer.sign(kept.key_ref, PIN, BALLOT, NOW)

    def test_a_key_that_is_too_short_signs_nothing(self, bench):
        """RSA of 1024 bits, wherever it lives and whoever certified it."""
        weak, kept = bench.enrol(rsa=1024), bench.enrol("Trần Thị Bình")
        with pytest.raises(CertificateRefused) as refused:
            check_certificate(weak.certificate_der, NOW, bench.authority.chain())
        assert refused.value.reason is CertificateFault.WEAK_KEY
        for act in (
            lambda: bench.signer.sign(weak.key_ref, PIN, BALLOT, NOW),
            lambda: bench.signer.sign_digest(weak.key_ref, PIN, DIGEST, NOW),
            lambda: bench.signer.sign_document(weak.key_ref, PIN, DIGEST),
        ):
            with pytest.raises(SigningError):
                act()
        assert bench.signer.sign(kept.key_ref, PIN, BALLOT, NOW)

    def test_nothing_is_hashed_with_less_than_sha256(self, bench):
        """Whoever signs: the digest, the certificate's mark and the value are over SHA-256."""
        for rsa_key in (False, True):
            enrolled = bench.enrol(rsa=rsa_key)
            for cms in (
                bench.signer.sign(enrolled.key_ref, PIN, BALLOT, NOW),
                bench.signer.sign_document(enrolled.key_ref, PIN, DIGEST),
            ):
                assert DIGEST in cms
                assert sha256(enrolled.certificate_der).digest() in cms
                assert not [weak for weak in WEAK if weak in cms]

    def test_many_sign_at_once_and_each_gets_the_own_signature(self, bench):
        members = [bench.enrol(f"Thành viên {number}", rsa=number == 0) for number in range(3)]

        def vote(number):
            member, text = members[number % 3], BALLOT + str(number).encode()
            if number % 4 == 3:
                with pytest.raises(WrongPin):
                    bench.signer.sign(member.key_ref, OTHER_PIN, text, NOW)
            cms = bench.signer.sign(member.key_ref, PIN, text, NOW)
            return check_detached(cms, text, member.certificate_der).serial

        with ThreadPoolExecutor(6) as pool:
            assert len(set(pool.map(vote, range(12)))) == 3

    def test_a_signer_says_where_the_keys_live(self, bench):
        assert str(bench.signer.label) == bench.words
        assert provider_of(bench.enrol().key_ref) == bench.provider

    def test_a_pin_appears_nowhere(self, bench, caplog):
        caplog.set_level(logging.DEBUG)
        enrolled = bench.enrol()
        said = [repr(bench.signer), str(vars(bench.signer)), repr(enrolled)]
        for pin, act in (
            (OTHER_PIN, lambda: bench.signer.sign(enrolled.key_ref, OTHER_PIN, BALLOT, NOW)),
            (PIN, lambda: bench.signer.sign("0" * 32, PIN, BALLOT, NOW)),
            ("\ud800", lambda: bench.signer.sign(enrolled.key_ref, "\ud800", BALLOT, NOW)),
        ):
            with pytest.raises(SigningError) as refused:
                act()
            error = refused.value
            assert error.__cause__ is None or isinstance(error.__cause__, OSError)
            said += [str(error), repr(error), repr(error.args), *"".join(traceback.format_exception_only(error))]
            assert pin not in "".join(said + caplog.messages)
        bench.signer.sign(enrolled.key_ref, PIN, BALLOT, NOW)
        assert PIN not in "".join(said + caplog.messages)
