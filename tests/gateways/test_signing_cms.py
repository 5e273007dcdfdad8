"""Signatures of ours are read by others, and theirs by us, if they keep to the same form."""
import asyncio
import datetime as dt
import subprocess
from hashlib import sha256

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import x509 as asn1_x509
from asn1crypto.keys import PrivateKeyInfo
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pyhanko.sign import signers
from pyhanko.sign.validation import async_validate_detached_cms
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from app.gateways.signing import (
    Authority,
    BadSignature,
    SignatureFault,
    check_detached,
    check_document,
    sign_detached,
    sign_digest,
    sign_document,
)
from tests.gateways.signing_cases import (
    BALLOT,
    CERTIFICATE_V2,
    MESSAGE_DIGEST,
    NOW,
    NULL,
    RSA,
    RSA_SHA512,
    SHA256,
    SHA512,
    SIGNING_TIME,
    SUMMER_2019,
    Parts,
    as_pem,
    attribute,
    holder,
    named_by_hash,
    oid,
    openssl_accepts,
    sequence,
    tlv,
)

DIGEST = sha256(BALLOT).digest()


@pytest.fixture(scope="module")
def authority():
    return Authority.create(None, NOW)


@pytest.fixture(scope="module")
def trusted(authority):
    return as_pem("x509", *authority.chain())


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(params=["p256", "rsa"])
def signer(request, authority, rsa_key):
    return holder(authority, rsa_key if request.param == "rsa" else ec.generate_private_key(ec.SECP256R1()))


def sign(signer, data=BALLOT, at=NOW):
    return sign_detached(signer.key, signer.certificate, data, at)


@pytest.mark.parametrize("options", [(), ("-cades",)], ids=["cms", "cades"])
def test_openssl_accepts_our_signature_and_refuses_altered_content(tmp_path, signer, trusted, options):
    accepted, said = openssl_accepts(tmp_path, sign(signer), BALLOT, trusted, NOW, *options)
    assert accepted, said
    assert "CAdES" in said if options else "CMS" in said
    altered, _ = openssl_accepts(tmp_path, sign(signer), BALLOT.replace(b"agree", b"other"), trusted, NOW, *options)
    assert not altered


def test_openssl_refuses_our_signature_under_another_authority(tmp_path, signer):
    others = as_pem("x509", *Authority.create(None, NOW).chain())
    accepted, said = openssl_accepts(tmp_path, sign(signer), BALLOT, others, NOW)
    assert not accepted
    assert "certificate verify error" in said


def test_openssl_accepts_a_signature_of_the_summer_of_2019(tmp_path):
    authority = Authority.create(None, SUMMER_2019, demo=True)
    signer = holder(authority, ec.generate_private_key(ec.SECP256R1()), SUMMER_2019)
    trusted = as_pem("x509", *authority.chain())
    accepted, said = openssl_accepts(tmp_path, sign(signer, at=SUMMER_2019), BALLOT, trusted, SUMMER_2019, "-cades")
    assert accepted, said
    assert check_detached(sign(signer, at=SUMMER_2019), BALLOT, signer.certificate).signing_time == SUMMER_2019


def validate_with_pyhanko(cms, data, authority):
    issuing, root = (asn1_x509.Certificate.load(der) for der in authority.chain())
    context = ValidationContext(trust_roots=[root], other_certs=[issuing], moment=NOW, allow_fetching=False)
    signed_data = asn1_cms.ContentInfo.load(cms)["content"]
    return asyncio.run(async_validate_detached_cms(data, signed_data, signer_validation_context=context))


def test_pyhanko_finds_our_signature_good_and_altered_content_bad(signer, authority):
    assert validate_with_pyhanko(sign(signer), BALLOT, authority).bottom_line
    assert not validate_with_pyhanko(sign(signer), BALLOT + b" ", authority).bottom_line


def test_a_checked_signature_tells_who_when_and_how(authority, rsa_key):
    ours = holder(authority, ec.generate_private_key(ec.SECP256R1()))
    later = NOW.astimezone(dt.timezone(dt.timedelta(hours=7))) + dt.timedelta(microseconds=5)
    checked = check_detached(sign(ours, at=later), BALLOT, ours.certificate)
    certificate = asn1_x509.Certificate.load(ours.certificate)
    assert checked.certificate_sha256 == certificate.sha256.hex()
    assert int(checked.serial, 16) == certificate.serial_number
    assert checked.signing_time == NOW
    assert checked.algorithm == "ecdsa-p256-sha256"
    with_rsa = holder(authority, rsa_key)
    assert check_detached(sign(with_rsa), BALLOT, with_rsa.certificate).algorithm == "rsa-2048-sha256"


def test_a_signer_who_is_given_the_digest_only_makes_the_same_bytes(authority, rsa_key):
    signer = holder(authority, rsa_key)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(BALLOT)
    assert sign_digest(signer.key, signer.certificate, digest.finalize(), NOW) == sign(signer)
    with pytest.raises(ValueError, match="digest"):
        sign_digest(signer.key, signer.certificate, b"short", NOW)


def test_a_signing_time_needs_a_zone_and_may_not_be_left_out(signer):
    with pytest.raises(ValueError, match="time zone"):
        sign(signer, at=dt.datetime(2026, 11, 21))  # noqa: DTZ001 - that is the point
    assert reason_of(check_detached, sign(signer, at=None), BALLOT, signer.certificate) == "missing_attribute"


def reason_of(check, *given):
    with pytest.raises(BadSignature) as refused:
        check(*given)
    return refused.value.reason


# -- the signature inside a PDF


def test_a_documents_signature_tells_no_time_and_may_carry_its_authority(signer, authority):
    for chain in ((), authority.chain()[:1], authority.chain()):
        cms = sign_document(signer.key, signer.certificate, DIGEST, chain)
        checked = check_document(cms, DIGEST, signer.certificate)
        assert checked.certificate_sha256 == sha256(signer.certificate).hexdigest()
        assert checked.signing_time is None
        inside = asn1_cms.ContentInfo.load(cms)["content"]["certificates"]
        assert {each.chosen.dump() for each in inside} == {signer.certificate, *chain}


def test_a_documents_signature_is_the_same_each_time(signer, authority):
    once, again = (sign_document(signer.key, signer.certificate, DIGEST, authority.chain()) for _ in range(2))
    assert once == again


def test_openssl_and_pyhanko_accept_a_documents_signature(tmp_path, signer, authority, trusted):
    cms = sign_document(signer.key, signer.certificate, DIGEST, authority.chain()[:1])
    root_alone = as_pem("x509", authority.chain()[1])
    for options in ((), ("-cades",)):
        accepted, said = openssl_accepts(tmp_path, cms, BALLOT, root_alone, NOW, *options)
        assert accepted, said
    assert validate_with_pyhanko(cms, BALLOT, authority).bottom_line


def test_a_documents_signature_is_no_ballot_even_without_its_authority(signer, authority):
    with_chain = sign_document(signer.key, signer.certificate, DIGEST, authority.chain()[:1])
    assert reason_of(check_detached, with_chain, BALLOT, signer.certificate) == "wrong_certificate"
    stripped = sign_document(signer.key, signer.certificate, DIGEST)
    assert reason_of(check_detached, stripped, BALLOT, signer.certificate) == "missing_attribute"


def test_a_ballot_is_no_documents_signature(signer):
    assert reason_of(check_document, sign(signer), DIGEST, signer.certificate) == "wrong_content"


def test_a_documents_signature_holds_for_its_digest_and_signer_only(signer, authority):
    cms = sign_document(signer.key, signer.certificate, DIGEST, authority.chain()[:1])
    other = holder(authority, ec.generate_private_key(ec.SECP256R1()))
    assert reason_of(check_document, cms, bytes(32), signer.certificate) == "digest_mismatch"
    assert reason_of(check_document, cms, b"short", signer.certificate) == "unsupported_algorithm"
    assert reason_of(check_document, cms, DIGEST, other.certificate) == "wrong_certificate"
    assert reason_of(check_document, cms, DIGEST, authority.chain()[0]) == "wrong_certificate"  # inside, but no signer
    assert reason_of(check_document, cms + b"\0", DIGEST, signer.certificate) == "trailing_data"
    with pytest.raises(ValueError, match="digest"):
        sign_document(signer.key, signer.certificate, b"short")


def test_certificates_inside_a_document_stand_in_their_one_order(signer, authority):
    parts = Parts(signer)
    del parts.attributes[SIGNING_TIME]
    chain = [signer.certificate, *authority.chain()]
    parts.certificates = sorted(chain)
    assert check_document(parts.build(), DIGEST, signer.certificate)
    parts.certificates = sorted(chain, reverse=True)
    assert reason_of(check_document, parts.build(), DIGEST, signer.certificate) == "not_der"
    parts.certificates = list(authority.chain()[:1])
    assert reason_of(check_document, parts.build(), DIGEST, signer.certificate) == "wrong_certificate"


def test_another_hash_than_that_of_the_digest_is_refused(authority, rsa_key):
    parts = Parts(holder(authority, rsa_key))
    del parts.attributes[SIGNING_TIME]
    with_sha512(parts)
    parts.attributes[MESSAGE_DIGEST] = attribute(MESSAGE_DIGEST, tlv(0x04, b""))
    assert reason_of(check_document, parts.build(), DIGEST, parts.signer.certificate) == "unsupported_algorithm"


# -- what both have in common


@pytest.mark.parametrize("year", [1950, 2049, 2050, 2120])
def test_signing_times_of_every_century_are_read_back(signer, year):
    then = NOW.replace(year=year)
    cms = sign(signer, at=then)
    assert check_detached(cms, BALLOT, signer.certificate).signing_time == then
    value = asn1_cms.ContentInfo.load(cms)["content"]["signer_infos"][0]["signed_attrs"]
    assert then in [item["values"][0].native for item in value if item["type"].native == "signing_time"]


def test_empty_and_large_contents_are_signed_alike(signer):
    for data in (b"", bytes(1 << 20)):
        assert check_detached(sign(signer, data), data, signer.certificate)


def test_the_parts_of_the_hostile_tests_make_exactly_our_signature(authority, rsa_key):
    signer = holder(authority, rsa_key)
    assert Parts(signer).build() == sign(signer)


def with_sha512(parts):
    parts.hash, parts.digest = hashes.SHA512(), sequence(oid(SHA512))
    parts.digests = [parts.digest]
    digest = hashes.Hash(hashes.SHA512())
    digest.update(BALLOT)
    parts.attributes[MESSAGE_DIGEST] = attribute(MESSAGE_DIGEST, tlv(0x04, digest.finalize()))
    parts.algorithm = sequence(oid(RSA_SHA512), NULL)


def with_issuer_and_serial(parts):
    fields = asn1_x509.Certificate.load(parts.signer.certificate)["tbs_certificate"]
    long_name = sequence(sequence(tlv(0xA4, fields["issuer"].dump())), fields["serial_number"].dump())
    parts.attributes[CERTIFICATE_V2] = attribute(CERTIFICATE_V2, named_by_hash(parts.signer.certificate, long_name))


def with_null_parameters(parts):
    parts.digest = sequence(oid(SHA256), NULL)
    parts.digests = [parts.digest]


def with_the_older_name_of_rsa(parts):
    parts.algorithm = sequence(oid(RSA), NULL)


def with_one_more_attribute(parts):
    parts.more_attributes = [attribute("1.2.840.113549.1.9.15", sequence())]


@pytest.mark.parametrize(
    "allowed",
    [with_sha512, with_issuer_and_serial, with_null_parameters, with_the_older_name_of_rsa, with_one_more_attribute],
)
def test_other_lawful_spellings_are_accepted(authority, rsa_key, allowed):
    parts = Parts(holder(authority, rsa_key))
    allowed(parts)
    assert check_detached(parts.build(), BALLOT, parts.signer.certificate)


def test_a_signature_made_by_openssl_is_accepted(tmp_path, signer):
    (tmp_path / "key.pem").write_bytes(signer.pem())
    (tmp_path / "certificate.pem").write_bytes(as_pem("x509", signer.certificate))
    (tmp_path / "ballot").write_bytes(BALLOT)
    command = ["openssl", "cms", "-sign", "-binary", "-cades", "-md", "sha256", "-outform", "DER", "-in", "ballot"]
    keys = ["-signer", "certificate.pem", "-inkey", "key.pem"]
    cms = subprocess.run([*command, *keys], cwd=tmp_path, capture_output=True, check=True).stdout
    assert check_detached(cms, BALLOT, signer.certificate).signing_time


def test_a_signature_made_by_pyhanko_is_accepted_unless_it_carries_the_chain(signer, authority):
    def signed(*chain):
        store = SimpleCertificateStore.from_certs(map(asn1_x509.Certificate.load, chain))
        theirs = signers.SimpleSigner(
            signing_cert=asn1_x509.Certificate.load(signer.certificate),
            signing_key=PrivateKeyInfo.load(key_der(signer)),
            cert_registry=store,
        )
        return asyncio.run(theirs.async_sign_general_data(BALLOT, "sha256", use_cades=True)).dump()

    assert check_detached(signed(), BALLOT, signer.certificate)
    with pytest.raises(BadSignature) as refused:
        check_detached(signed(*authority.chain()), BALLOT, signer.certificate)
    assert refused.value.reason is SignatureFault.WRONG_CERTIFICATE


def key_der(signer):
    command = ["openssl", "pkcs8", "-topk8", "-nocrypt", "-outform", "DER"]
    return subprocess.run(command, input=signer.pem(), capture_output=True, check=True).stdout
