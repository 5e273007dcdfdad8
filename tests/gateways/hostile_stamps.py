"""Makes documents whose time stamps are of other data, of other people, of another time, or more than a stamp."""

import datetime as dt
from dataclasses import replace
from hashlib import sha256

from asn1crypto import cms as asn1_cms
from cryptography.x509.oid import ExtendedKeyUsageOID

from app.gateways.signing import signature_value, stamp_in, with_stamp
from app.gateways.signing.der import (
    CONTEXT_0,
    CONTEXT_1,
    OCTET_STRING,
    SEQUENCE,
    SET,
    read_all,
    read_one,
    write,
    write_oid,
)
from app.gateways.timestamp import DemoAuthority
from app.gateways.timestamp.forms import Query, read_reply, write_query
from tests.gateways.signed_corpus import SEALED_AT, SIGNED, SIGNED_AT, base, each, sealed, signed
from tests.gateways.signing_cases import NOW
from tests.gateways.stamp_cases import DAY, Root, demo, new_key

ROOT, ALIEN = Root.make(NOW), Root.make(NOW)
TSA = demo(ROOT, NOW)
STAMPERS = (ROOT.certificate,)
JUDGED = {"stampers": STAMPERS}
MINUTE = dt.timedelta(minutes=1)


def token(authority: DemoAuthority, digest: bytes, at: dt.datetime) -> bytes:
    _status, found = read_reply(authority.answer(write_query(Query(digest, None, "", True)), at))
    return found


def imprint(cms: bytes) -> bytes:
    return sha256(signature_value(cms)).digest()


def stamped(at: dt.datetime, authority: DemoAuthority = TSA):
    """A patch of the CMS: it gets the stamp of that authority and time."""
    return lambda cms: with_stamp(cms, token(authority, imprint(cms), at))


def with_token(made):
    return lambda cms: with_stamp(cms, made(cms))


def carrying(kind: str, *values: asn1_cms.OctetString):
    """A patch that puts something else where a stamp may stand."""

    def patch(cms: bytes) -> bytes:
        parsed = asn1_cms.ContentInfo.load(cms)
        parsed["content"]["signer_infos"][0]["unsigned_attrs"] = [{"type": kind, "values": list(values)}]
        return parsed.dump(force=True)

    return patch


def twice(cms: bytes) -> bytes:
    """The stamp, and beside it an attribute of another kind."""
    kind, wrapped = read_all(read_one(stamped(SEALED_AT)(cms)).content)
    *fields, signers = read_all(read_one(wrapped.content).content)
    *signer, unsigned = read_all(read_one(signers.content).content)
    words = write(SEQUENCE, write_oid("1.2.3.4"), write(SET, write(OCTET_STRING, b"x")))
    more = write(CONTEXT_1, *sorted((unsigned.content, words)))
    signer_info = write(SEQUENCE, *(each.encoded for each in signer), more)
    signed_data = write(SEQUENCE, *(each.encoded for each in fields), write(SET, signer_info))
    return write(SEQUENCE, kind.encoded, write(CONTEXT_0, signed_data))


STAMPED = signed(base(), cms=stamped(SIGNED_AT))
GOOD_T = sealed(STAMPED, cms=stamped(SEALED_AT))


def seal_with(cms):
    return lambda: sealed(SIGNED, cms=cms)


def _stolen(cms: bytes) -> bytes:
    """The stamp of the person's signature, put into the seal."""
    other: list[bytes] = []
    signed(base(), cms=lambda made: other.append(stamped(SIGNED_AT)(made)) or made)
    return with_stamp(cms, stamp_in(other[0]) or b"")


for code, files in {
    "stamp_wrong_imprint": {
        "stamp of other data": seal_with(with_token(lambda _cms: token(TSA, bytes(32), SEALED_AT))),
        "stamp of the document": seal_with(with_token(lambda _cms: token(TSA, sha256(SIGNED).digest(), SEALED_AT))),
        "stamp of the whole CMS": seal_with(with_token(lambda cms: token(TSA, sha256(cms).digest(), SEALED_AT))),
        "stamp of another signature": seal_with(_stolen),
    },
    "stamp_unknown_authority": {
        "stamp of a stranger": seal_with(stamped(SEALED_AT, demo(ALIEN, NOW))),
    },
    "stamp_wrong_usage": {
        "stamp by a certificate for code": seal_with(
            stamped(SEALED_AT, demo(ROOT, NOW, usages=[ExtendedKeyUsageOID.CODE_SIGNING]))),
        "stamp by a certificate for anything": seal_with(stamped(SEALED_AT, demo(ROOT, NOW, usages=()))),
        "stamp by a certificate whose usage is not critical": seal_with(
            stamped(SEALED_AT, demo(ROOT, NOW, critical=False))),
    },
    "stamp_expired": {
        "stamp after its certificate ended": seal_with(
            stamped(SEALED_AT, demo(ROOT, NOW, since=20 * DAY, until=-DAY))),
    },
    "stamp_wrong_key": {
        "stamp of another key": seal_with(stamped(SEALED_AT, replace(TSA, key=new_key("p256")))),
    },
    "stamp_weak_algorithm": {
        "stamp of another kind of key": seal_with(stamped(SEALED_AT, replace(TSA, key=new_key("rsa")))),
    },
    "stamp_early": {"stamp an hour early": seal_with(stamped(SEALED_AT - 60 * MINUTE))},
    "stamp_late": {
        "stamp an hour late": seal_with(stamped(SEALED_AT + 60 * MINUTE)),
        "stamp of the next day": seal_with(stamped(SEALED_AT + DAY)),
    },
    "stamp_malformed": {
        "stamp without its certificate": seal_with(with_token(lambda cms: read_reply(TSA.answer(
            write_query(Query(imprint(cms), None, "", False)), SEALED_AT))[1])),
        "stamp that is none": seal_with(with_token(lambda _cms: b"\x30\x03\x02\x01\x01")),
        "stamp with a foreign authority inside": seal_with(stamped(
            SEALED_AT, DemoAuthority(TSA.key, TSA.certificate, (ROOT.certificate, ALIEN.certificate)))),
    },
}.items():  # fmt: skip
    each(code, files, "seal", **JUDGED)

each("cms_unsigned_attribute", {
    "words beside the signature": seal_with(carrying("1.2.3.4", asn1_cms.OctetString(b"Het hieu luc"))),
    "words beside the stamp": seal_with(twice),
}, "seal", **JUDGED)  # fmt: skip
each("stamp_wrong_imprint", {
    "stamp of other data in the first signature": lambda: sealed(
        signed(base(), cms=with_token(lambda _cms: token(TSA, bytes(32), SIGNED_AT)))),
}, "signature", **JUDGED)  # fmt: skip
