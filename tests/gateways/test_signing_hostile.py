"""Whatever is not exactly one good signature is refused, each with its own reason, and never with another error."""
from functools import partial
from hashlib import md5, sha1, sha256

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from app.gateways.signing import Authority, BadSignature, SignatureFault, check_detached, sign_detached
from tests.gateways.signing_cases import (
    BALLOT,
    CERTIFICATE_V1,
    CERTIFICATE_V2,
    CONTENT_TYPE,
    DATA,
    ECDSA_SHA1,
    ECDSA_SHA256,
    ECDSA_SHA512,
    MD5,
    MESSAGE_DIGEST,
    NOW,
    NULL,
    RSA_PSS,
    RSA_SHA1,
    RSA_SHA256,
    RSA_SHA512,
    SHA1,
    SHA256,
    SHA512,
    SIGNING_TIME,
    TIME_STAMP,
    Parts,
    attribute,
    holder,
    issuer_and_serial,
    named_by_hash,
    oid,
    sequence,
    tlv,
)

AUTHORITY = Authority.create(None, NOW)
SIGNER = holder(AUTHORITY, ec.generate_private_key(ec.SECP256R1()))
OTHER = holder(AUTHORITY, ec.generate_private_key(ec.SECP256R1()), name="Trần Thị Bình")
TWIN = holder(AUTHORITY, SIGNER.key)  # the same key and name in a second certificate
RSA_SIGNER = holder(AUTHORITY, rsa.generate_private_key(65537, 2048))
OTHER_BALLOT = BALLOT.replace(b"agree", b"other")
GOOD = sign_detached(SIGNER.key, SIGNER.certificate, BALLOT, NOW)


def reason_of(cms, data=BALLOT, certificate=SIGNER.certificate):
    with pytest.raises(BadSignature) as refused:
        check_detached(cms, data, certificate)
    return refused.value.reason


# -- bytes


def indefinite(encoded):
    """The BER form without a length, closed by two zero bytes."""
    header = 2 + (encoded[1] & 0x7F if encoded[1] & 0x80 else 0)
    return bytes((encoded[0], 0x80)) + encoded[header:] + b"\x00\x00"


def longer_than_needed(encoded):
    count = encoded[1] & 0x7F
    return bytes((encoded[0], 0x80 | count + 1, 0)) + encoded[2:]


SPOILT_BYTES = {
    "nothing": (b"", "not_der"),
    "one byte": (b"\x30", "not_der"),
    "text": (b"agree", "not_der"),
    "cut off": (GOOD[:-1], "not_der"),
    "the first half": (GOOD[: len(GOOD) // 2], "not_der"),
    "BER without a length": (indefinite(GOOD), "not_der"),
    "a length longer than needed": (longer_than_needed(GOOD), "not_der"),
    "a multi-byte tag": (b"\x3f\x30" + GOOD[1:], "not_der"),
    "a length of lengths": (b"\x30\xff" + GOOD[2:], "not_der"),
    "one byte after the end": (GOOD + b"\x00", "trailing_data"),
    "twice": (GOOD + GOOD, "trailing_data"),
    "a line end after the end": (GOOD + b"\n", "trailing_data"),
    "a certificate": (SIGNER.certificate, "malformed"),
    "an empty sequence": (b"\x30\x00", "malformed"),
    "a primitive sequence": (b"\x10\x00", "not_der"),
    "an octet string": (b"\x04\x00", "malformed"),
    "far too much": (tlv(0x30, bytes(70_000)), "malformed"),
    "deeply nested": (b"\x30\x80" * 5_000, "not_der"),
}


@pytest.mark.parametrize("name", SPOILT_BYTES)
def test_bytes_that_are_no_signature_are_refused(name):
    cms, reason = SPOILT_BYTES[name]
    assert reason_of(cms) == reason


# -- parts, each signed again with the right key unless it says otherwise


def part(name, value):
    return partial(setattr_of, name, value)


def setattr_of(name, value, parts):
    setattr(parts, name, value)


def without(kind, parts):
    del parts.attributes[kind]


def with_attribute(kind, *values):
    return partial(replace_attribute, kind, values)


def replace_attribute(kind, values, parts):
    parts.attributes[kind] = attribute(kind, *values)


def without_attributes(parts):
    parts.attributes, parts.signature = {}, parts.sign(BALLOT)


def hashed_with(dotted, digest, parts):
    parts.digest = sequence(oid(dotted))
    parts.digests = [parts.digest]
    parts.attributes[MESSAGE_DIGEST] = attribute(MESSAGE_DIGEST, tlv(0x04, digest))


def with_digest(identifier):
    def change(parts):
        parts.digest, parts.digests = identifier, [identifier]

    return change


def all_sha1(parts):
    hashed_with(SHA1, sha1(BALLOT, usedforsecurity=False).digest(), parts)
    parts.hash, parts.algorithm = hashes.SHA1(), sequence(oid(ECDSA_SHA1))  # noqa: S303 - that is the point


def signed_by_other(parts):
    parts.signature = Parts(OTHER).sign(tlv(0x31, parts.signed()))


def of_another_ballot(parts):
    """The signature value of the same person's other ballot."""
    theirs = Parts(SIGNER)
    replace_attribute(MESSAGE_DIGEST, [tlv(0x04, sha256(OTHER_BALLOT).digest())], theirs)
    parts.signature = theirs.sign(tlv(0x31, theirs.signed()))


def changed_after_signing(kind, *values):
    def change(parts):
        parts.signature = parts.sign(tlv(0x31, parts.signed()))
        replace_attribute(kind, values, parts)

    return change


def with_another_number(parts):
    fields = asn1_x509.Certificate.load(SIGNER.certificate)["tbs_certificate"]
    long_name = sequence(sequence(tlv(0xA4, fields["issuer"].dump())), b"\x02\x01\x05")
    replace_attribute(CERTIFICATE_V2, [named_by_hash(SIGNER.certificate, long_name)], parts)


def hashed_certificate_by(dotted):
    named = sequence(sequence(sequence(sequence(oid(dotted)), tlv(0x04, sha256(SIGNER.certificate).digest()))))
    return with_attribute(CERTIFICATE_V2, named)


def time(tag, text):
    return with_attribute(SIGNING_TIME, tlv(tag, text))


DIGEST = tlv(0x04, sha256(BALLOT).digest())
OTHER_DIGEST = tlv(0x04, sha256(OTHER_BALLOT).digest())
SPOILT_PARTS = {
    # the frame
    "another type of CMS": (part("content_type", oid("1.2.840.113549.1.7.5")), "malformed"),
    "an unknown version": (part("version", b"\x02\x01\x09"), "malformed"),
    "no digest algorithm": (part("digests", []), "malformed"),
    "two digest algorithms": (part("digests", [sequence(oid(SHA256)), sequence(oid(SHA512))]), "malformed"),
    "another digest algorithm outside": (part("digests", [sequence(oid(SHA512))]), "malformed"),
    "the content inside": (part("content", [oid(DATA), tlv(0xA0, tlv(0x04, BALLOT))]), "embedded_content"),
    "an empty content inside": (part("content", [oid(DATA), tlv(0xA0, b"\x04\x00")]), "embedded_content"),
    "a time stamp's content type": (part("content", [oid(TIME_STAMP)]), "wrong_content"),
    "no certificate": (part("certificates", None), "malformed"),
    "someone else's certificate": (part("certificates", [OTHER.certificate]), "wrong_certificate"),
    "a second certificate": (part("certificates", [SIGNER.certificate, OTHER.certificate]), "wrong_certificate"),
    "another certificate of the same key": (part("certificates", [TWIN.certificate]), "wrong_certificate"),
    "a revocation list inside": (part("crls", tlv(0xA1, AUTHORITY.crl(NOW))), "malformed"),
    "no signer": (part("copies", 0), "no_signer"),
    "two signers": (part("copies", 2), "several_signers"),
    # the signer
    "a signer named by key": (part("signer_id", tlv(0x80, bytes(20))), "wrong_certificate"),
    "a signer with someone else's number": (
        part("signer_id", issuer_and_serial(OTHER.certificate)), "wrong_certificate",
    ),
    "an unknown signer version": (part("signer_version", b"\x02\x01\x03"), "malformed"),
    "attributes that nobody signed": (
        part("unsigned", tlv(0xA1, attribute(SIGNING_TIME, DIGEST))), "unsigned_attribute",
    ),
    "a signature in pieces": (part("signature_tag", 0x24), "not_der"),
    "a signature that is a bit string": (part("signature_tag", 0x03), "malformed"),
    # the attributes
    "no attributes at all": (without_attributes, "missing_attribute"),
    "no content type": (partial(without, CONTENT_TYPE), "missing_attribute"),
    "no message digest": (partial(without, MESSAGE_DIGEST), "missing_attribute"),
    "no signing certificate": (partial(without, CERTIFICATE_V2), "missing_attribute"),
    "attributes in another order": (part("in_order", False), "not_der"),
    "another content type": (with_attribute(CONTENT_TYPE, oid(TIME_STAMP)), "wrong_content"),
    "two digests in one attribute": (with_attribute(MESSAGE_DIGEST, DIGEST, OTHER_DIGEST), "duplicate_attribute"),
    "a digest attribute without value": (with_attribute(MESSAGE_DIGEST), "duplicate_attribute"),
    "two digest attributes": (
        part("more_attributes", [attribute(MESSAGE_DIGEST, OTHER_DIGEST)]), "duplicate_attribute",
    ),
    "two signing times": (
        part("more_attributes", [attribute(SIGNING_TIME, tlv(0x17, b"200101000000Z"))]), "duplicate_attribute",
    ),
    "the digest of another ballot": (with_attribute(MESSAGE_DIGEST, OTHER_DIGEST), "digest_mismatch"),
    "an empty digest": (with_attribute(MESSAGE_DIGEST, b"\x04\x00"), "digest_mismatch"),
    "a digest in pieces": (with_attribute(MESSAGE_DIGEST, tlv(0x24, DIGEST)), "not_der"),
    "someone else's certificate hash": (
        with_attribute(CERTIFICATE_V2, named_by_hash(OTHER.certificate)), "wrong_certificate",
    ),
    "someone else's number beside the hash": (with_another_number, "wrong_certificate"),
    "a certificate hash by SHA-1": (hashed_certificate_by(SHA1), "weak_algorithm"),
    "a certificate hash of another length": (hashed_certificate_by(SHA512), "unsupported_algorithm"),
    "a certificate named twice": (
        with_attribute(CERTIFICATE_V2, sequence(sequence(*[sequence(tlv(0x04, bytes(32)))] * 2))), "malformed",
    ),
    "a time of the wrong kind": (time(0x18, b"20261121020000Z"), "not_der"),
    "a time without seconds": (time(0x17, b"2611210200Z"), "not_der"),
    "a time with an offset": (time(0x17, b"261121090000+0700"), "malformed"),
    "a time that is no day": (time(0x17, b"260231000000Z"), "malformed"),
    "a time that is a number": (time(0x02, b"\x01"), "malformed"),
    # the algorithms
    "SHA-1 throughout": (all_sha1, "weak_algorithm"),
    "a SHA-1 digest": (partial(hashed_with, SHA1, sha1(BALLOT, usedforsecurity=False).digest()), "weak_algorithm"),
    "an MD5 digest": (partial(hashed_with, MD5, md5(BALLOT, usedforsecurity=False).digest()), "weak_algorithm"),
    "an unknown digest": (partial(hashed_with, "1.2.3.4", bytes(32)), "unsupported_algorithm"),
    "a digest with parameters inside only": (part("digest", sequence(oid(SHA256), DIGEST)), "malformed"),
    "a digest with parameters": (with_digest(sequence(oid(SHA256), DIGEST)), "unsupported_algorithm"),
    "a digest with an empty list": (with_digest(sequence(oid(SHA256), sequence())), "unsupported_algorithm"),
    "a digest whose name is a text": (with_digest(sequence(tlv(0x0C, oid(SHA256)[2:]))), "unsupported_algorithm"),
    "ECDSA with SHA-1": (part("algorithm", sequence(oid(ECDSA_SHA1))), "weak_algorithm"),
    "RSA with SHA-1": (part("algorithm", sequence(oid(RSA_SHA1))), "weak_algorithm"),
    "ECDSA with another hash": (part("algorithm", sequence(oid(ECDSA_SHA512))), "unsupported_algorithm"),
    "RSA for an elliptic key": (part("algorithm", sequence(oid(RSA_SHA256))), "unsupported_algorithm"),
    "RSA-PSS": (part("algorithm", sequence(oid(RSA_PSS), sequence())), "unsupported_algorithm"),
    # the value
    "no signature value": (part("signature", b""), "signature_mismatch"),
    "a signature of zeros": (part("signature", sequence(b"\x02\x01\x00" * 2)), "signature_mismatch"),
    "a signature of ones": (part("signature", sequence(b"\x02\x01\x01" * 2)), "signature_mismatch"),
    "signed with another tag": (part("signed_tag", 0xA0), "signature_mismatch"),
    "signed by someone else": (signed_by_other, "signature_mismatch"),
    "signed on another ballot": (of_another_ballot, "signature_mismatch"),
    "a time changed after signing": (
        changed_after_signing(SIGNING_TIME, tlv(0x17, b"261121030000Z")), "signature_mismatch",
    ),
    "SHA-1's certificate attribute only": (
        lambda parts: (without(CERTIFICATE_V2, parts), replace_attribute(CERTIFICATE_V1, [sequence()], parts)),
        "missing_attribute",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT_PARTS)
def test_a_signature_with_one_spoilt_part_is_refused(name):
    spoil, reason = SPOILT_PARTS[name]
    parts = Parts(SIGNER)
    assert check_detached(parts.build(), BALLOT, SIGNER.certificate)
    spoil(parts)
    assert reason_of(parts.build()) == reason


def test_every_reason_is_reached_and_has_a_sentence_of_its_own():
    reached = {reason for _, reason in (*SPOILT_BYTES.values(), *SPOILT_PARTS.values())}
    assert reached == {fault.value for fault in SignatureFault}
    sentences = [str(BadSignature(fault).message) for fault in SignatureFault]
    assert len(set(sentences)) == len(SignatureFault)


def test_changed_content_is_refused():
    assert reason_of(GOOD, OTHER_BALLOT) == "digest_mismatch"
    assert reason_of(GOOD, BALLOT + b"\n") == "digest_mismatch"


def test_a_digest_adapted_to_changed_content_does_not_help():
    parts = Parts(SIGNER)
    changed_after_signing(MESSAGE_DIGEST, OTHER_DIGEST)(parts)
    assert reason_of(parts.build(), OTHER_BALLOT) == "signature_mismatch"


def test_a_good_signature_by_someone_else_is_refused():
    theirs = sign_detached(OTHER.key, OTHER.certificate, BALLOT, NOW)
    assert reason_of(theirs) == "wrong_certificate"
    assert reason_of(GOOD, certificate=OTHER.certificate) == "wrong_certificate"
    assert reason_of(GOOD, certificate=TWIN.certificate) == "wrong_certificate"


def test_a_pinned_certificate_that_is_none_is_a_refusal_and_no_error():
    assert reason_of(GOOD, certificate=b"") == "not_der"
    assert reason_of(GOOD, certificate=sequence(sequence())) == "malformed"


def test_a_signature_larger_than_any_of_ours_is_not_even_read():
    parts = Parts(SIGNER)
    parts.more_attributes = [attribute("1.2.3.4", tlv(0x04, bytes(60_000)))]
    assert check_detached(parts.build(), BALLOT, SIGNER.certificate)
    parts.more_attributes = [attribute("1.2.3.4", tlv(0x04, bytes(70_000)))]
    assert reason_of(parts.build()) == "malformed"


@pytest.mark.parametrize(
    ("algorithm", "reason"),
    [
        (sequence(oid(RSA_SHA1), NULL), "weak_algorithm"),
        (sequence(oid(RSA_SHA512), NULL), "unsupported_algorithm"),
        (sequence(oid(RSA_SHA256), b"\x05\x01\x00"), "unsupported_algorithm"),
        (sequence(oid(RSA_PSS), NULL), "unsupported_algorithm"),
        (sequence(oid(ECDSA_SHA256)), "unsupported_algorithm"),
    ],
)
def test_an_rsa_signature_under_another_name_is_refused(algorithm, reason):
    """The value itself is good; only what it says of itself is not."""
    parts = Parts(RSA_SIGNER)
    assert check_detached(parts.build(), BALLOT, RSA_SIGNER.certificate)
    parts.algorithm = algorithm
    assert reason_of(parts.build(), certificate=RSA_SIGNER.certificate) == reason


@pytest.mark.parametrize(
    "make", [partial(rsa.generate_private_key, 65537, 1024), partial(ec.generate_private_key, ec.SECP192R1())]
)
def test_a_weak_key_is_refused(make):
    weak = holder(AUTHORITY, make())
    assert reason_of(Parts(weak).build(), certificate=weak.certificate) == "weak_algorithm"


def test_no_single_bit_of_a_signature_can_be_turned():
    for at in range(len(GOOD)):
        for bit in range(8):
            turned = bytearray(GOOD)
            turned[at] ^= 1 << bit
            reason_of(bytes(turned))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(GOOD)), st.integers(0, 40))
def test_bytes_put_in_or_taken_out_are_refused(inserted, at, removed):
    spoilt = GOOD[:at] + inserted + GOOD[at + removed :]
    if spoilt != GOOD:
        reason_of(spoilt)
