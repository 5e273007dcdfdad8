"""People with certificates, and CMS built part by part, so that a test can spoil one part alone."""
import datetime as dt
import subprocess
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from asn1crypto import core
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from app.gateways.signing import Authority

NOW = dt.datetime(2026, 11, 21, 2, 0, tzinfo=dt.UTC)
SUMMER_2019 = dt.datetime(2019, 6, 24, 1, 0, tzinfo=dt.UTC)
BALLOT = '{"choice":"agree","ctx":"vn.ecabinet.ballot.v1","member":"M07","reservation":"Đề nghị rà soát"}'.encode()
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Holder:
    """A person's key and certificate, held by the test itself."""

    key: PrivateKey
    certificate: bytes

    def pem(self) -> bytes:
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return self.key.private_bytes(*form)


def holder(authority: Authority, key: PrivateKey, now: dt.datetime = NOW, name: str = "Nguyễn Văn An") -> Holder:
    return Holder(key, authority.issue(name, "Bộ trưởng", "Bộ Xây dựng", key.public_key(), now, 365))


def as_pem(kind: str, *values: bytes) -> bytes:
    command = ["openssl", kind, "-inform", "DER", "-outform", "PEM"]
    return b"".join(subprocess.run(command, input=value, capture_output=True, check=True).stdout for value in values)


def openssl_accepts(
    folder: Path, cms: bytes, data: bytes, trusted: bytes, at: dt.datetime, *options: str
) -> tuple[bool, str]:
    """The verdict of another implementation, and what it says."""
    for name, content in {"content": data, "sig.p7s": cms, "trusted.pem": trusted}.items():
        (folder / name).write_bytes(content)
    command = [
        "openssl", "cms", "-verify", "-binary", "-content", "content", "-inform", "DER", "-in", "sig.p7s",
        "-CAfile", "trusted.pem", "-purpose", "any", "-attime", str(int(at.timestamp())), "-out", "read", *options,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode == 0 and (folder / "read").read_bytes() == data, done.stderr


# -- CMS part by part; the encodings come from asn1crypto, not from the code under test


def oid(dotted: str) -> bytes:
    return core.ObjectIdentifier(dotted).dump()


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def attribute(kind: str, *values: bytes) -> bytes:
    return sequence(oid(kind), tlv(0x31, *values))


NULL = b"\x05\x00"
DATA, SIGNED_DATA, TIME_STAMP = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME = (f"1.2.840.113549.1.9.{last}" for last in (3, 4, 5))
CERTIFICATE_V1, CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
MD5, SHA1, SHA256, SHA512 = "1.2.840.113549.2.5", "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.3"
ECDSA_SHA1, ECDSA_SHA256, ECDSA_SHA512 = "1.2.840.10045.4.1", "1.2.840.10045.4.3.2", "1.2.840.10045.4.3.4"
RSA, RSA_SHA1, RSA_PSS, RSA_SHA256, RSA_SHA512 = (f"1.2.840.113549.1.1.{last}" for last in (1, 5, 10, 11, 13))


def issuer_and_serial(certificate: bytes) -> bytes:
    fields = asn1_x509.Certificate.load(certificate)["tbs_certificate"]
    return sequence(fields["issuer"].dump(), fields["serial_number"].dump())


def named_by_hash(certificate: bytes, *more: bytes) -> bytes:
    """SigningCertificateV2 with one certificate."""
    return sequence(sequence(sequence(tlv(0x04, sha256(certificate).digest()), *more)))


@dataclass
class Parts:
    """A good signature of `signer` over the ballot, each part of which can be replaced before `build`."""

    signer: Holder
    content_type: bytes = oid(SIGNED_DATA)
    version: bytes = b"\x02\x01\x01"
    digests: list[bytes] = field(default_factory=lambda: [sequence(oid(SHA256))])
    content: list[bytes] = field(default_factory=lambda: [oid(DATA)])
    certificates: list[bytes] | None = None
    crls: bytes = b""
    copies: int = 1
    signer_version: bytes = b"\x02\x01\x01"
    signer_id: bytes = b""
    digest: bytes = sequence(oid(SHA256))
    attributes: dict[str, bytes] = field(default_factory=dict)
    more_attributes: list[bytes] = field(default_factory=list)
    in_order: bool = True
    signed_tag: int = 0x31
    hash: hashes.HashAlgorithm = field(default_factory=hashes.SHA256)
    algorithm: bytes = b""
    signature: bytes | None = None
    signature_tag: int = 0x04
    unsigned: bytes = b""

    def __post_init__(self) -> None:
        certificate = self.signer.certificate
        is_rsa = isinstance(self.signer.key, rsa.RSAPrivateKey)
        self.certificates = [certificate]
        self.signer_id = issuer_and_serial(certificate)
        self.algorithm = sequence(oid(RSA_SHA256), NULL) if is_rsa else sequence(oid(ECDSA_SHA256))
        self.attributes = {
            CONTENT_TYPE: attribute(CONTENT_TYPE, oid(DATA)),
            SIGNING_TIME: attribute(SIGNING_TIME, tlv(0x17, f"{NOW:%y%m%d%H%M%S}Z".encode())),
            MESSAGE_DIGEST: attribute(MESSAGE_DIGEST, tlv(0x04, sha256(BALLOT).digest())),
            CERTIFICATE_V2: attribute(CERTIFICATE_V2, named_by_hash(certificate)),
        }

    def signed(self) -> bytes:
        attributes = [*self.attributes.values(), *self.more_attributes]
        return b"".join(sorted(attributes, reverse=not self.in_order))

    def sign(self, message: bytes) -> bytes:
        if isinstance(self.signer.key, rsa.RSAPrivateKey):
            return self.signer.key.sign(message, padding.PKCS1v15(), self.hash)
        return self.signer.key.sign(message, ec.ECDSA(self.hash))

    def build(self) -> bytes:
        signed = self.signed()
        value = self.sign(tlv(self.signed_tag, signed)) if self.signature is None else self.signature
        signer = sequence(
            self.signer_version, self.signer_id, self.digest, tlv(0xA0, signed) if signed else b"", self.algorithm,
            tlv(self.signature_tag, value), self.unsigned,
        )  # fmt: skip
        certificates = tlv(0xA0, *self.certificates) if self.certificates else b""
        signed_data = sequence(
            self.version, tlv(0x31, *self.digests), sequence(*self.content), certificates, self.crls,
            tlv(0x31, *[signer] * self.copies),
        )  # fmt: skip
        return sequence(self.content_type, tlv(0xA0, signed_data))
