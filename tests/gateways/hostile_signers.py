"""Makes documents signed by the wrong people, with the wrong certificates, in the wrong way or at the wrong time."""

import datetime as dt
import re
from importlib import import_module
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from app.gateways.signing import sign_detached
from tests.gateways.hostile_changes import contents
from tests.gateways.signed_corpus import (
    AT,
    AUTHORITY,
    EXPECTED,
    GOOD,
    KEEPER,
    OTHER,
    SIGNED,
    SIGNED_AT,
    SIGNER,
    STRANGE,
    TRUSTED,
    Editor,
    Expected,
    base,
    each,
    hostile,
    person,
    sealed,
    signed,
    swap,
)
from tests.gateways.signing_cases import (
    CERTIFICATE_V2,
    MESSAGE_DIGEST,
    NULL,
    RSA_SHA1,
    SHA1,
    SIGNING_TIME,
    Holder,
    Parts,
    attribute,
    oid,
    sequence,
    tlv,
)

STRANGER = person("Nguyễn Văn An", authority=STRANGE)
TWIN = person("Nguyễn Văn An", SIGNER.key)  # the same key and name in another certificate


def pinned(signer: Holder, keeper: Holder = KEEPER) -> tuple[Expected, ...]:
    return Expected("signature", signer.certificate), Expected("seal", keeper.certificate)


each(
    "wrong_signer",
    {
        "signed by somebody else with a valid certificate": lambda: sealed(signed(base(), OTHER)),
        "signed with the seal's key": lambda: sealed(signed(base(), KEEPER)),
        "signed with the same key in another certificate": lambda: sealed(signed(base(), TWIN)),
        "signed by a namesake of a strange authority": lambda: sealed(signed(base(), STRANGER, chain=STRANGE.chain())),
    },
    "signature",
)
each(
    "wrong_signer",
    {
        "sealed with a person's key": lambda: sealed(SIGNED, OTHER),
        "sealed by the signer": lambda: sealed(SIGNED, SIGNER),
    },
    "seal",
)


def made_by(who: Holder, change=lambda built: None):
    """A CMS for the same bytes, built part by part."""

    def made(cms: bytes) -> bytes:
        digest = cms[cms.index(oid(MESSAGE_DIGEST)) :][15:47]
        built = Parts(who)
        del built.attributes[SIGNING_TIME]
        built.attributes[MESSAGE_DIGEST] = attribute(MESSAGE_DIGEST, tlv(0x04, digest))
        change(built)
        return built.build()

    return made


# -- signatures moved between documents

VALUE = re.compile(rb"/Contents <([0-9a-f]+)>")


def values(pdf: bytes) -> list[bytes]:
    """The values of the signature and of the seal, digits and padding."""
    return [match[1] for match in VALUE.finditer(pdf)]


def with_values(*values: bytes) -> bytes:
    """Our document with these values in the gaps."""
    waiting = list(values)
    return VALUE.sub(lambda _match: b"/Contents <" + waiting.pop(0) + b">", GOOD)


@hostile("cms_digest_mismatch", "signature")
def the_signature_of_another_document():
    return with_values(values(sealed(signed(base(2))))[0], values(GOOD)[1])


@hostile("cms_digest_mismatch", "seal")
def the_seal_of_another_document():
    return with_values(values(GOOD)[0], values(sealed(signed(base(2))))[1])


@hostile("wrong_signer", "signature")
def signature_and_seal_exchanged():
    return with_values(*reversed(values(GOOD)))


@hostile("signature_missing")
def sealed_without_a_signature():
    return _unordered("seal")


@hostile("wrong_order")
def sealed_before_it_was_signed():
    return _unordered("seal", "signature")


def _unordered(*steps: str) -> bytes:
    module = import_module("app.gateways.pades.reserve")
    pdf = base()
    with mock.patch.object(module, "_choose", lambda fields, name: fields[name]):
        for at, step in enumerate(steps):
            made_at = SIGNED_AT + dt.timedelta(minutes=at)
            pdf = sealed(pdf, at=made_at) if step == "seal" else signed(pdf, at=made_at)
    return pdf


each(
    "extra_signature",
    {"sealed although only a signature is due": lambda: GOOD},
    "seal",
    expected=EXPECTED[:1],
)
each("no_pins", {"nobody knows who should have signed": lambda: GOOD}, expected=())


# -- certificates


def odd_certificate(key=None, *, days=365, since=SIGNED_AT, hash_=None, usage=True, by=AUTHORITY) -> Holder:
    """A certificate such as the authority never issues."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    authority = x509.load_der_x509_certificate(by.chain()[0])
    marks = ("data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    others = dict.fromkeys(marks, False)
    usages = x509.KeyUsage(digital_signature=True, content_commitment=usage, key_encipherment=not usage, **others)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Nguyễn Văn An")]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since - dt.timedelta(days=1))
        .not_valid_after(since - dt.timedelta(days=1) + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(False, None), critical=True)
        .add_extension(usages, critical=True)
        .sign(by._issuing_key, hash_ or hashes.SHA256())
    )
    return Holder(key, made.public_bytes(serialization.Encoding.DER))


CASES = {
    "certificate_expired": (
        "a certificate that had expired",
        odd_certificate(since=SIGNED_AT - dt.timedelta(days=90), days=30),
    ),
    "certificate_not_yet_valid": (
        "a certificate not yet valid",
        odd_certificate(since=SIGNED_AT + dt.timedelta(days=9)),
    ),
    "certificate_wrong_usage": ("a certificate for another use", odd_certificate(usage=False)),
    "certificate_weak_algorithm": ("a certificate with a short hash", odd_certificate(hash_=hashes.SHA224())),
    "certificate_unknown_issuer": ("a certificate of an unknown authority", STRANGER),
}
for code, (name, holder) in CASES.items():
    each(
        code,
        {
            name: lambda holder=holder: sealed(
                signed(base(), holder, chain=STRANGE.chain() if holder is STRANGER else TRUSTED)
            )
        },
        "signature",
        expected=pinned(holder),
    )

WEAK = odd_certificate(rsa.generate_private_key(65537, 1024))  # noqa: S505 - that is the point
each(
    "certificate_weak_key",
    {"a certificate with a short key": lambda: sealed(signed(base(), cms=made_by(WEAK)))},
    "signature",
    expected=pinned(WEAK),
)

SERIALS = [x509.load_der_x509_certificate(holder.certificate).serial_number for holder in (SIGNER, KEEPER)]
each(
    "certificate_revoked",
    {"a certificate that was revoked": lambda: GOOD},
    "signature",
    revoked={f"{SERIALS[0]:X}": SIGNED_AT - dt.timedelta(seconds=1)},
)
each("certificate_revocation_unknown", {"nobody knows what was revoked": lambda: GOOD}, "signature", revoked=None)
each("certificate_unknown_issuer", {"no authority is trusted": lambda: GOOD}, "signature", trusted=())


# -- times


each(
    "time_future",
    {"signed tomorrow": lambda: sealed(signed(base(), at=AT + dt.timedelta(days=1)), at=AT + dt.timedelta(days=1))},
    "signature",
)
each(
    "time_order", {"sealed before the signature": lambda: sealed(signed(base()), at=SIGNED_AT - dt.timedelta(hours=1))}
)
each(
    "time_differs",
    {"signed at another time than recorded": lambda: GOOD},
    "signature",
    expected=(Expected("signature", SIGNER.certificate, SIGNED_AT + dt.timedelta(seconds=1)), EXPECTED[1]),
)
each(
    "time",
    {
        "a signing time without a day": lambda: sealed(SIGNED, patch=swap(b"(D:20261121", b"(D:202611xx", True)),
        "a signing time that no calendar has": lambda: sealed(SIGNED, patch=swap(b"(D:20261121", b"(D:20261132", True)),
        "a signing time under another name": lambda: sealed(SIGNED, patch=swap(b"/M (D:2026", b"/Reason (D", True)),
    },
    "seal",
)


# -- what the signature permits, and of which kind it is


each(
    "certification",
    {
        "a signature that permits notes": lambda: sealed(signed(base(), patch=swap(b"/V /1.2 /P 2", b"/V /1.2 /P 3"))),
        "a signature that permits nothing": lambda: sealed(
            signed(base(), patch=swap(b"/V /1.2 /P 2", b"/V /1.2 /P 1"))
        ),
    },
    "signature",
)
each(
    "lock",
    {
        "a seal that permits filling": lambda: sealed(SIGNED, patch=swap(b"/V /1.2 /P 1", b"/V /1.2 /P 2", True)),
        "a seal that locks no fields": lambda: sealed(
            SIGNED, patch=swap(b"/V /1.2 /Action /All", b"/V /1.2 /Action /Non", True)
        ),
    },
    "seal",
)
each(
    "signature_form",
    {
        "an older kind of signature": lambda: sealed(
            SIGNED, patch=swap(b"/ETSI.CAdES.detached", b"/adbe.pkcs7.detached", True)
        ),
        "another handler": lambda: sealed(SIGNED, patch=swap(b"/Adobe.PPKLite", b"/Adobe.PPKMSxx", True)),
    },
    "seal",
)


# -- the value itself


def timed(built: Parts) -> None:
    built.attributes[SIGNING_TIME] = Parts(KEEPER).attributes[SIGNING_TIME]


def setting(**fields):
    return lambda built: [setattr(built, name, value) for name, value in fields.items()]


SHORT = {"digest": sequence(oid(SHA1), NULL), "digests": [sequence(oid(SHA1), NULL)]}
NOBODYS = b"\x30\x06\x02\x01\x01\x02\x01\x01"
BESIDE = sorted([KEEPER.certificate, OTHER.certificate])
VALUES = {
    "cms_wrong_content": ("a value with a time of its own", timed),
    "cms_weak_algorithm": ("a value over SHA-1", setting(**SHORT, hash=hashes.SHA1())),  # noqa: S303 - that is the point
    "cms_missing_attribute": ("a value that names no certificate", lambda built: built.attributes.pop(CERTIFICATE_V2)),
    "cms_several_signers": ("a value of two signers", setting(copies=2)),
    "cms_unsigned_attribute": (
        "a value with an unsigned rider",
        setting(unsigned=tlv(0xA1, attribute(RSA_SHA1, NULL))),
    ),
    "cms_embedded_content": (
        "a value with a content of its own",
        lambda built: built.content.append(tlv(0xA0, tlv(0x04, b"x"))),
    ),
    "cms_malformed": ("a value with a strange certificate beside its own", setting(certificates=BESIDE)),
    "cms_signature_mismatch": ("a value signed by nobody", setting(signature=NOBODYS)),
}
for code, (name, change) in VALUES.items():
    each(code, {name: lambda change=change: sealed(SIGNED, cms=made_by(KEEPER, change))}, "seal")


@hostile("cms_digest_mismatch", "seal")
def a_value_over_nothing():
    return sealed(SIGNED, cms=lambda cms: sign_detached(KEEPER.key, KEEPER.certificate, b""))


@hostile("cms_digest_mismatch", "signature")
def a_letter_of_the_page_changed():
    place = GOOD.index(b"stream", GOOD.index(b"\n%d 0 obj" % contents(Editor(GOOD)))) + 50
    return GOOD[:place] + bytes([GOOD[place] ^ 1]) + GOOD[place + 1 :]


@hostile("cms_digest_mismatch", "signature")
def an_older_version_in_the_first_line():
    return GOOD.replace(b"%PDF-1.4", b"%PDF-1.5", 1)


@hostile("cms_digest_mismatch", "seal")
def a_letter_of_the_number_changed():
    return swap(b"/V (05)", b"/V (06)")(swap(b"<3035> Tj", b"<3036> Tj")(GOOD))
