"""How certificates and lists of revoked ones are built: names, purposes, extensions, addresses."""
import datetime as dt
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from app.gateways.signing.certificates import Key

CRL_DAYS = 7
LONGEST_NAME = 64  # bytes; X.520 leaves room for as many letters, and its readers count them either way
USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@dataclass(frozen=True)
class _Use:
    """Key usages, the extended usage that stands alone and critical where there is one, whether an authority, and
    whether nobody asks if it was revoked (RFC 6960 §4.2.2.2.1)."""

    usages: frozenset[str]
    extended: x509.ObjectIdentifier | None = None
    path_length: int | None = None
    unchecked: bool = False


SIGNS_CERTIFICATES, SIGNS_DOCUMENTS = (
    frozenset({"key_cert_sign", "crl_sign"}), frozenset({"digital_signature", "content_commitment"})
)  # fmt: skip


class Purpose(Enum):
    """What a certificate is made for."""

    ROOT = _Use(SIGNS_CERTIFICATES, path_length=1)
    ISSUING = _Use(SIGNS_CERTIFICATES, path_length=0)
    DOCUMENTS = _Use(SIGNS_DOCUMENTS)
    TIME_STAMPS = _Use(frozenset({"digital_signature"}), ExtendedKeyUsageOID.TIME_STAMPING)
    OCSP = _Use(frozenset({"digital_signature"}), ExtendedKeyUsageOID.OCSP_SIGNING, unchecked=True)


@dataclass(frozen=True)
class Addresses:
    """Where an issuer's list, its own certificate and its answers are found, for the certificates it signs."""

    crl: str
    ocsp: str
    certificate: str

    @classmethod
    def under(cls, base: str, issuer: str) -> "Addresses | None":
        """Below the public address of the application; None without one, and certificates then name no address."""
        base = base.rstrip("/")
        return cls(f"{base}/pki/{issuer}.crl", f"{base}/pki/ocsp", f"{base}/pki/{issuer}.cer") if base else None


@dataclass(frozen=True)
class Issuer:
    """Who signs: name, key, and what its certificates say of where to ask."""

    name: x509.Name
    key: ec.EllipticCurvePrivateKey
    addresses: Addresses | None = None

    def certificate(
        self, subject: x509.Name, public_key: Key, valid: tuple[dt.datetime, dt.datetime], purpose: Purpose
    ) -> x509.Certificate:
        use: _Use = purpose.value
        authority = use.path_length is not None
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(valid[0])
            .not_valid_after(valid[1])
            .add_extension(x509.BasicConstraints(authority, use.path_length), critical=True)
            .add_extension(x509.KeyUsage(**{usage: usage in use.usages for usage in USAGES}), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(self._identifier(), critical=False)
        )
        if use.extended is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([use.extended]), critical=True)
        if use.unchecked:
            builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
        for extension in self._where(use, subject == self.name):
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def _where(self, use: _Use, self_signed: bool) -> list[x509.ExtensionType]:
        if self.addresses is None or self_signed:
            return []
        issuer = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, _uri(self.addresses.certificate))
        if use.unchecked:
            return [x509.AuthorityInformationAccess([issuer])]
        ocsp = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, _uri(self.addresses.ocsp))
        asked = [issuer] if use.path_length is not None else [ocsp, issuer]  # our OCSP speaks for people alone
        point = x509.DistributionPoint([_uri(self.addresses.crl)], None, None, None)
        return [x509.AuthorityInformationAccess(asked), x509.CRLDistributionPoints([point])]

    def crl(
        self, now: dt.datetime, number: int, entries: Sequence[x509.RevokedCertificate], days: int = CRL_DAYS
    ) -> x509.CertificateRevocationList:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(now)
            .next_update(now + dt.timedelta(days=days))
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(self._identifier(), critical=False)
        )
        for entry in entries:
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self.key, hashes.SHA256())

    def _identifier(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())


def der(certificate: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def subject_of(name: str, title: str, organisation: str) -> x509.Name:
    parts = {
        NameOID.COUNTRY_NAME: "VN",
        NameOID.ORGANIZATION_NAME: organisation,
        NameOID.TITLE: title,
        NameOID.COMMON_NAME: name,
    }
    return x509.Name([x509.NameAttribute(oid, fitting(text)) for oid, text in parts.items() if text])


def fitting(text: str) -> str:
    """The text, or as many of its whole letters as a certificate has room for."""
    text = unicodedata.normalize("NFC", text)
    return text.encode()[:LONGEST_NAME].decode(errors="ignore").rstrip()


def _uri(address: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(address)
