"""What the internal authority makes besides people's certificates: time stamps, OCSP, lists; judged by openssl."""
import datetime as dt
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from app.gateways.signing import Authority, CertificateRefused, KeyUnavailable, check_certificate
from app.gateways.signing.authority import ROOT_CRL_DAYS
from app.gateways.signing.issuing import CRL_DAYS
from app.gateways.signing.responder import ANSWER_LIVES, LARGEST_REQUEST, RESPONDER_DAYS
from tests.gateways.signing_cases import as_pem, holder

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)  # openssl judges OCSP by the clock of the machine
DAY = dt.timedelta(days=1)
BASE = "https://phong-hop.vi-du.vn/"


@pytest.fixture
def authority():
    return Authority.create(None, NOW - DAY, demo=True)


def key():
    return ec.generate_private_key(ec.SECP256R1())


def extension(certificate_der, kind):
    return x509.load_der_x509_certificate(certificate_der).extensions.get_extension_for_class(kind)


def written(folder, **files):
    for name, content in files.items():
        (folder / name).write_bytes(content)


def openssl(folder, *command):
    return subprocess.run(["openssl", *command], cwd=folder, capture_output=True, check=False)


# -- purposes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "private", [ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 3072)], ids=["p256", "rsa"]
)
def test_a_time_stamping_certificate_is_for_time_stamps_alone(tmp_path, authority, private):
    tsa = authority.issue_tsa("e-Cabinet DEMO TSA", "e-Cabinet DEMO", private.public_key(), NOW, 365)
    usage = extension(tsa, x509.ExtendedKeyUsage)
    assert usage.critical
    assert list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    written(tmp_path, tsa=as_pem("x509", tsa), ca=as_pem("x509", *authority.chain()))
    judged = openssl(tmp_path, "verify", "-purpose", "timestampsign", "-CAfile", "ca", "tsa")
    assert judged.returncode == 0, judged.stderr
    with pytest.raises(CertificateRefused) as refused:
        check_certificate(tsa, NOW, authority.chain())
    assert refused.value.reason == "wrong_usage"


def test_a_persons_certificate_is_for_no_time_stamps(tmp_path, authority):
    person = holder(authority, key(), NOW)
    written(tmp_path, person=as_pem("x509", person.certificate), ca=as_pem("x509", *authority.chain()))
    assert openssl(tmp_path, "verify", "-purpose", "timestampsign", "-CAfile", "ca", "person").returncode != 0


def test_an_ocsp_certificate_answers_and_is_not_asked_about(authority):
    responder = authority.issue_ocsp(key().public_key(), NOW, 7)
    assert list(extension(responder, x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.OCSP_SIGNING]
    assert extension(responder, x509.OCSPNoCheck)
    assert "DEMO OCSP" in x509.load_der_x509_certificate(responder).subject.rfc4514_string()


def test_no_certificate_outlives_its_authority():
    short = Authority.create(None, NOW, days=10)
    ends = x509.load_der_x509_certificate(holder(short, key(), NOW).certificate).not_valid_after_utc
    assert ends == NOW + 10 * DAY


# -- where to ask -----------------------------------------------------------------------------------------------------


def test_addresses_are_named_only_where_one_is_configured():
    silent, speaking = Authority.create(None, NOW), Authority.create(None, NOW, base=BASE)
    bare = x509.load_der_x509_certificate(holder(silent, key(), NOW).certificate)
    kinds = {type(each.value) for each in bare.extensions}
    assert not kinds & {x509.AuthorityInformationAccess, x509.CRLDistributionPoints}
    person = holder(speaking, key(), NOW).certificate
    (point,) = extension(person, x509.CRLDistributionPoints).value
    assert [name.value for name in point.full_name] == ["https://phong-hop.vi-du.vn/pki/issuing.crl"]
    access = {each.access_method: each.access_location.value for each in
              extension(person, x509.AuthorityInformationAccess).value}  # fmt: skip
    assert access == {
        AuthorityInformationAccessOID.OCSP: "https://phong-hop.vi-du.vn/pki/ocsp",
        AuthorityInformationAccessOID.CA_ISSUERS: "https://phong-hop.vi-du.vn/pki/issuing.cer",
    }
    (above,) = extension(speaking.chain()[0], x509.CRLDistributionPoints).value
    assert [name.value for name in above.full_name] == ["https://phong-hop.vi-du.vn/pki/root.crl"]


# -- lists ------------------------------------------------------------------------------------------------------------


def test_openssl_follows_both_lists_up_to_the_root(tmp_path, authority):
    person = holder(authority, key(), NOW)
    lists = as_pem("crl", authority.crl(NOW), authority.root_crl(NOW))
    written(tmp_path, ca=as_pem("x509", *authority.chain()), crl=lists, person=as_pem("x509", person.certificate))
    command = ("verify", "-crl_check_all", "-CAfile", "ca", "-CRLfile", "crl", "person")
    assert openssl(tmp_path, *command).returncode == 0
    written(tmp_path, crl=as_pem("crl", authority.crl(NOW)))
    assert openssl(tmp_path, *command).returncode != 0  # without the root's list the question is open


def test_openssl_accepts_the_list_and_reads_its_number(tmp_path, authority):
    person = holder(authority, key(), NOW)
    authority.revoke(person.certificate, NOW)
    written(tmp_path, crl=authority.crl(NOW), ca=as_pem("x509", *authority.chain()))
    read = openssl(tmp_path, "crl", "-inform", "DER", "-in", "crl", "-CAfile", "ca", "-noout", "-text", "-crlnumber")
    assert b"verify OK" in read.stderr
    serial = f"{x509.load_der_x509_certificate(person.certificate).serial_number:X}".encode()
    assert serial in read.stdout.replace(b":", b"")
    assert b"crlNumber=0x02" in read.stdout


def test_the_roots_list_of_an_older_installation_is_made_when_it_is_asked_for(tmp_path):
    Authority.create(tmp_path, NOW, installation_key=bytes(32))
    (tmp_path / "root.crl").unlink()
    authority = Authority.load(tmp_path, bytes(32))
    crl = x509.load_der_x509_crl(authority.root_crl(NOW))
    assert crl.is_signature_valid(authority.root.public_key())
    assert (tmp_path / "root.crl").exists()
    later = Authority.load(tmp_path, bytes(32)).root_crl(NOW + dt.timedelta(days=ROOT_CRL_DAYS))
    assert x509.load_der_x509_crl(later).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 2
    (tmp_path / "root.crl").unlink()
    (tmp_path / "root.key").unlink()
    with pytest.raises(KeyUnavailable):
        Authority.load(tmp_path, bytes(32)).root_crl(NOW)


def test_a_list_lives_a_week(authority):
    crl = x509.load_der_x509_crl(authority.crl(NOW))
    assert crl.next_update_utc - crl.last_update_utc == dt.timedelta(days=CRL_DAYS)


# -- OCSP -------------------------------------------------------------------------------------------------------------


def asked(folder, authority, person, *options):
    """The request that openssl writes, and what it thinks of the authority's answer."""
    issuing, root = authority.chain()
    written(folder, issuing=as_pem("x509", issuing), ca=as_pem("x509", issuing, root),
            person=as_pem("x509", person.certificate))  # fmt: skip
    made = openssl(folder, "ocsp", "-issuer", "issuing", *options, "-cert", "person", "-reqout", "request")
    assert made.returncode == 0, made.stderr
    written(folder, answer=authority.ocsp((folder / "request").read_bytes(), NOW))
    given = ("-reqin", "request", "-respin", "answer", "-no_nonce")  # no other nonce than that of the request
    judged = openssl(folder, "ocsp", "-issuer", "issuing", *options, "-cert", "person", *given, "-CAfile", "ca")
    return (judged.stdout + judged.stderr).decode()


@pytest.mark.parametrize("options", [(), ("-sha256",), ("-no_nonce",)], ids=["sha1", "sha256", "no-nonce"])
def test_openssl_accepts_the_answer_of_the_authority(tmp_path, authority, options):
    person = holder(authority, key(), NOW)
    said = asked(tmp_path, authority, person, *options)
    assert "Response verify OK" in said
    assert "person: good" in said
    authority.revoke(person.certificate, NOW - DAY / 2)
    said = asked(tmp_path, authority, person, *options)
    assert "Response verify OK" in said
    assert "person: revoked" in said


def test_the_responder_speaks_for_its_own_authority_alone(tmp_path, authority):
    other = Authority.create(None, NOW - DAY, demo=True)
    asked(tmp_path, other, holder(other, key(), NOW))
    foreign = x509.ocsp.load_der_ocsp_response(authority.ocsp((tmp_path / "request").read_bytes(), NOW))
    assert foreign.response_status is x509.ocsp.OCSPResponseStatus.UNAUTHORIZED


@pytest.mark.parametrize("nonsense", [b"", b"\x30\x00", b"GET", bytes(LARGEST_REQUEST + 1)])
def test_what_is_no_request_is_told_so(authority, nonsense):
    said = x509.ocsp.load_der_ocsp_response(authority.ocsp(nonsense, NOW))
    assert said.response_status is x509.ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_an_answer_can_be_checked_for_as_long_as_it_lives(tmp_path, authority):
    person = holder(authority, key(), NOW)
    asked(tmp_path, authority, person)
    request, seen = (tmp_path / "request").read_bytes(), set()
    for day in range(3 * RESPONDER_DAYS):
        at = NOW + day * DAY
        said = x509.ocsp.load_der_ocsp_response(authority.ocsp(request, at))
        (responder,) = said.certificates
        seen.add(responder.serial_number)
        assert responder.not_valid_before_utc <= at
        assert said.next_update_utc == at + ANSWER_LIVES < responder.not_valid_after_utc
    assert 1 < len(seen) < 3 * RESPONDER_DAYS  # renewed before its time is over, and not each day
