"""Certificates: what the authority gives, takes back and publishes, and which of them may sign at a given time."""
import datetime as dt
import subprocess
from functools import partial

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from app.gateways.signing import (
    Authority,
    CertificateFault,
    CertificateRefused,
    KeyUnavailable,
    certificate_facts,
    check_certificate,
    sign_detached,
)
from app.gateways.signing.authority import AUTHORITY_DAYS
from app.gateways.signing.issuing import CRL_DAYS
from tests.gateways.signing_cases import BALLOT, NOW, SUMMER_2019, as_pem, holder, openssl_accepts

DAY = dt.timedelta(days=1)
INSTALLATION_KEY = bytes(range(32))


@pytest.fixture(scope="module")
def authority():
    return Authority.create(None, NOW)


@pytest.fixture
def person(authority):
    return holder(authority, ec.generate_private_key(ec.SECP256R1()))


def reason_of(certificate, at=NOW, trusted=(), **options):
    with pytest.raises(CertificateRefused) as refused:
        check_certificate(certificate, at, trusted, **options)
    return refused.value.reason


def test_a_person_of_the_authority_may_sign(authority, person):
    check_certificate(
        person.certificate, NOW, authority.chain(), crl=authority.crl(NOW), revoked=["ff"], pinned=person.certificate
    )
    check_certificate(person.certificate, NOW, authority.chain()[:1])  # the issuing authority alone may be pinned


def test_a_certificate_says_whose_it_is(authority, person):
    facts = certificate_facts(person.certificate)
    assert (facts.name, facts.title, facts.organisation) == ("Nguyễn Văn An", "Bộ trưởng", "Bộ Xây dựng")
    assert facts.issuer == "e-Cabinet Issuing CA"
    assert facts.not_after == NOW + 365 * DAY
    certificate = x509.load_der_x509_certificate(person.certificate)
    assert int(facts.serial, 16) == certificate.serial_number
    assert facts.sha256 == certificate.fingerprint(hashes.SHA256()).hex()
    assert certificate.subject.rfc4514_string().endswith("C=VN")


def test_names_are_composed_whatever_the_keyboard_sent(authority):
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    decomposed = "Nguyê\u0303n Va\u0306n An"
    assert certificate_facts(authority.issue(decomposed, "", "", key, NOW, 1)).name == "Nguyễn Văn An"


def test_a_demo_authority_says_so_in_its_names():
    demo = Authority.create(None, NOW, demo=True)
    names = [certificate_facts(certificate).name for certificate in demo.chain()]
    assert names == ["e-Cabinet DEMO Issuing CA", "e-Cabinet DEMO Root CA"]


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (NOW - DAY, "not_yet_valid"),
        (NOW + 366 * DAY, "expired"),
        (SUMMER_2019, "not_yet_valid"),
        (NOW + dt.timedelta(days=AUTHORITY_DAYS + 1), "expired"),
    ],
)
def test_a_certificate_is_refused_outside_its_time(authority, person, at, reason):
    assert reason_of(person.certificate, at, authority.chain()) == reason


def test_a_certificate_ends_with_its_authority():
    short = Authority.create(None, NOW, days=10)
    person = holder(short, ec.generate_private_key(ec.SECP256R1()))
    check_certificate(person.certificate, NOW + 9 * DAY, short.chain())
    assert reason_of(person.certificate, NOW + 11 * DAY, short.chain()) == "expired"
    assert reason_of(person.certificate, NOW + 11 * DAY, short.chain()[:1]) == "expired"


def test_an_authority_of_2019_serves_2019():
    then = Authority.create(None, SUMMER_2019)
    person = holder(then, ec.generate_private_key(ec.SECP256R1()), SUMMER_2019)
    check_certificate(person.certificate, SUMMER_2019, then.chain(), crl=then.crl(SUMMER_2019))


def test_another_authority_of_the_same_name_is_unknown(authority, person):
    assert reason_of(person.certificate, NOW, Authority.create(None, NOW).chain()) == "unknown_issuer"
    assert reason_of(person.certificate, NOW, ()) == "unknown_issuer"
    assert reason_of(person.certificate, NOW, authority.chain()[1:]) == "unknown_issuer"  # the root did not issue it


def test_an_issuing_authority_is_checked_against_its_root(authority, person):
    issuing, _ = authority.chain()
    same_name = Authority.create(None, NOW).chain()[1]
    assert reason_of(person.certificate, NOW, (issuing, same_name)) == "unknown_issuer"


def test_a_person_cannot_issue_certificates(authority, person):
    victim = ec.generate_private_key(ec.SECP256R1()).public_key()
    forged = self_made(person.key, victim, issuer=x509.load_der_x509_certificate(person.certificate).subject)
    assert reason_of(forged, NOW, (person.certificate, *authority.chain())) == "unknown_issuer"


def test_a_self_signed_certificate_is_unknown(authority):
    key = ec.generate_private_key(ec.SECP256R1())
    assert reason_of(self_made(key, key.public_key()), NOW, authority.chain()) == "unknown_issuer"


def self_made(key, public_key, issuer=None):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Nguyễn Văn An")])
    builder = x509.CertificateBuilder(issuer or name, name, public_key, 7, NOW - DAY, NOW + DAY)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_an_authoritys_own_certificate_may_not_sign_ballots(authority):
    assert reason_of(authority.chain()[0], NOW, authority.chain()) == "wrong_usage"


def issued(authority, usages, ca=False):
    """A certificate of the authority for other purposes, or for none."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Nguyễn Văn An")])
    builder = x509.CertificateBuilder(authority.issuing.subject, name, key.public_key(), 9, NOW - DAY, NOW + DAY)
    if usages is not None:
        flags = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False,
        )  # fmt: skip
        builder = builder.add_extension(x509.KeyUsage(**flags | dict.fromkeys(usages, True)), critical=True)
        builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
    return builder.sign(authority._issuing_key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize("usages", [None, ["digital_signature"], ["content_commitment"], ["key_encipherment"]])
def test_a_certificate_for_other_purposes_may_not_sign(authority, usages):
    assert reason_of(issued(authority, usages), NOW, authority.chain()) == "wrong_usage"


def test_a_certificate_for_signing_may(authority):
    check_certificate(issued(authority, ["digital_signature", "content_commitment"]), NOW, authority.chain())


@pytest.mark.parametrize(
    "make", [partial(rsa.generate_private_key, 65537, 1024), partial(ec.generate_private_key, ec.SECP192R1())]
)
def test_a_weak_key_may_not_sign(authority, make):
    assert reason_of(holder(authority, make()).certificate, NOW, authority.chain()) == "weak_key"


def test_a_certificate_signed_with_sha1_may_not_sign(tmp_path, authority):
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha1", "-subj", "/CN=An"]
    form = ["-outform", "DER", "-keyout", tmp_path / "key"]
    weak = subprocess.run([*command, *form], capture_output=True, check=True).stdout
    assert reason_of(weak, NOW, authority.chain()) == "weak_algorithm"


def test_an_unknown_signature_algorithm_may_not_sign(authority, person):
    ecdsa_with_sha256 = bytes.fromhex("06082a8648ce3d040302")
    assert person.certificate.count(ecdsa_with_sha256) == 2
    unknown = person.certificate.replace(ecdsa_with_sha256, ecdsa_with_sha256[:-1] + b"\x7f")
    assert reason_of(unknown, NOW, authority.chain()) == "weak_algorithm"


def test_someone_elses_certificate_is_refused_before_all_else(authority, person):
    other = holder(authority, ec.generate_private_key(ec.SECP256R1()), name="Trần Thị Bình")
    check_certificate(other.certificate, NOW, authority.chain())
    assert reason_of(other.certificate, NOW, authority.chain(), pinned=person.certificate) == "someone_elses"


@pytest.mark.parametrize("nonsense", [b"", b"\x30\x00", b"certificate", bytes(100)])
def test_bytes_that_are_no_certificate_are_refused(authority, nonsense):
    assert reason_of(nonsense, NOW, authority.chain()) == "malformed"


def test_a_certificate_cut_off_anywhere_is_refused(authority, person):
    for end in range(0, len(person.certificate), 7):
        assert reason_of(person.certificate[:end], NOW, authority.chain()) == "malformed"


def test_a_revoked_certificate_is_refused_from_its_revocation_on(person):
    authority = Authority.create(None, NOW)
    person = holder(authority, person.key)
    other = holder(authority, ec.generate_private_key(ec.SECP256R1()))
    authority.revoke(person.certificate, NOW + DAY)
    crl = authority.crl(NOW + DAY)
    assert reason_of(person.certificate, NOW + DAY, authority.chain(), crl=crl) == "revoked"
    check_certificate(person.certificate, NOW, authority.chain(), crl=crl)  # what it signed before stays good
    check_certificate(other.certificate, NOW + DAY, authority.chain(), crl=crl)


def test_a_certificate_revoked_by_number_is_refused(authority, person):
    serial = certificate_facts(person.certificate).serial
    for spelling in (serial, serial.upper(), "00" + serial):
        assert reason_of(person.certificate, NOW, authority.chain(), revoked=[spelling]) == "revoked"


def test_a_second_revocation_keeps_the_first_date(person):
    authority = Authority.create(None, NOW)
    person = holder(authority, person.key)
    authority.revoke(person.certificate, NOW)
    authority.revoke(person.certificate, NOW + DAY)
    assert reason_of(person.certificate, NOW, authority.chain(), crl=authority.crl(NOW + DAY)) == "revoked"


def test_a_list_that_is_not_the_issuers_or_too_old_leaves_the_question_open(authority, person):
    check = partial(reason_of, person.certificate, trusted=authority.chain())
    assert check(at=NOW, crl=Authority.create(None, NOW).crl(NOW)) == "revocation_unknown"
    assert check(at=NOW, crl=b"no list") == "revocation_unknown"
    assert check(at=NOW + (CRL_DAYS + 1) * DAY, crl=authority.crl(NOW)) == "revocation_unknown"


def test_the_list_is_renewed_in_time_and_keeps_its_entries(person):
    authority = Authority.create(None, NOW)
    person = holder(authority, person.key)
    authority.revoke(person.certificate, NOW)
    later = NOW + 40 * DAY
    assert authority.crl(NOW + DAY) == authority.crl(NOW)
    assert reason_of(person.certificate, later, authority.chain(), crl=authority.crl(later)) == "revoked"
    numbers = [
        x509.load_der_x509_crl(crl).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        for crl in (authority.crl(later), authority.crl(later + 40 * DAY))
    ]
    assert numbers == [3, 4]


def test_openssl_sees_the_revocation_too(tmp_path, person):
    authority = Authority.create(None, NOW)
    person = holder(authority, person.key)
    cms = sign_detached(person.key, person.certificate, BALLOT, NOW)

    def verdict():
        trusted = as_pem("x509", *authority.chain()) + as_pem("crl", authority.crl(NOW))
        return openssl_accepts(tmp_path, cms, BALLOT, trusted, NOW + DAY, "-crl_check")

    assert verdict()[0]
    authority.revoke(person.certificate, NOW)
    accepted, said = verdict()
    assert not accepted
    assert "certificate revoked" in said


@pytest.mark.parametrize("installation_key", [None, INSTALLATION_KEY], ids=["open", "encrypted"])
def test_an_authority_is_found_again_in_its_folder(tmp_path, person, installation_key):
    folder = tmp_path / "authority"
    first = Authority.create(folder, NOW, installation_key=installation_key)
    again = Authority.load(folder, installation_key)
    assert again.chain() == first.chain()
    person = holder(again, person.key)
    check_certificate(person.certificate, NOW, first.chain(), crl=first.crl(NOW))
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_revocation_by_one_process_reaches_the_others(tmp_path, person):
    one = Authority.create(tmp_path, NOW)
    two = Authority.load(tmp_path)
    first, second = holder(one, person.key), holder(two, person.key)
    one.revoke(first.certificate, NOW)
    two.revoke(second.certificate, NOW)
    for authority in (one, two, Authority.load(tmp_path)):
        for revoked in (first, second):
            assert reason_of(revoked.certificate, NOW, one.chain(), crl=authority.crl(NOW)) == "revoked"


def test_an_encrypted_authority_needs_its_installation_key(tmp_path):
    Authority.create(tmp_path, NOW, installation_key=INSTALLATION_KEY)
    for wrong in (None, bytes(32)):
        with pytest.raises(KeyUnavailable):
            Authority.load(tmp_path, wrong)
    assert all(b"BEGIN ENCRYPTED" in path.read_bytes() for path in tmp_path.glob("*.key"))


def test_an_authority_that_is_not_there_or_damaged_is_unavailable(tmp_path):
    with pytest.raises(KeyUnavailable):
        Authority.load(tmp_path / "nowhere")
    Authority.create(tmp_path, NOW)
    key = (tmp_path / "issuing.key").read_bytes()
    for damaged in (b"", key[:-40], (tmp_path / "root.key").read_bytes()):
        (tmp_path / "issuing.key").write_bytes(damaged)
        with pytest.raises(KeyUnavailable):
            Authority.load(tmp_path)


def test_every_refusal_has_a_sentence_of_its_own():
    sentences = {str(CertificateRefused(fault).message) for fault in CertificateFault}
    assert len(sentences) == len(CertificateFault)
