"""The internal certificate authority: who gets a certificate, for how long, and whose is revoked."""
import datetime as dt
import fcntl
import os
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.gateways.signing.certificates import Key
from app.gateways.signing.errors import KeyUnavailable
from app.gateways.signing.files import make_folder, write_private

AUTHORITY_DAYS = 3653
CRL_DAYS = 30
CLOCK_SKEW = dt.timedelta(minutes=5)  # a certificate must be valid on a machine whose clock is a little behind
LONGEST_NAME = 64  # bytes; X.520 leaves room for as many letters, and its readers count them either way
KEY_FILES, CERTIFICATE_FILES, CRL_FILE = ("root.key", "issuing.key"), ("root.der", "issuing.der"), "issuing.crl"
SIGNS_CERTIFICATES, SIGNS_DOCUMENTS = {"key_cert_sign", "crl_sign"}, {"digital_signature", "content_commitment"}
USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@dataclass(repr=False)
class Authority:
    """A root that signs one issuing authority, which signs people's certificates and the list of revoked ones.

    Made by `create` or `load`; without a folder it lives in memory only. All times are aware and given by the caller.
    """

    root: x509.Certificate
    issuing: x509.Certificate
    _issuing_key: ec.EllipticCurvePrivateKey
    _crl: x509.CertificateRevocationList
    _folder: Path | None
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, compare=False)

    @classmethod
    def create(
        cls,
        folder: Path | None,
        now: dt.datetime,
        *,
        name: str = "e-Cabinet",
        days: int = AUTHORITY_DAYS,
        demo: bool = False,
        installation_key: bytes | None = None,
    ) -> Self:
        """A new authority, valid from `now`; its key files are encrypted when an installation key is given."""
        name = f"{name} DEMO" if demo else name
        root_key, issuing_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root_name, issuing_name = _name(f"{name} Root CA", "", name), _name(f"{name} Issuing CA", "", name)
        valid = (now, now + dt.timedelta(days=days))
        root = _certificate(root_name, root_key.public_key(), root_name, root_key, valid, SIGNS_CERTIFICATES, 1)
        issuing = _certificate(
            issuing_name, issuing_key.public_key(), root_name, root_key, valid, SIGNS_CERTIFICATES, 0
        )
        authority = cls(root, issuing, issuing_key, _crl(issuing, issuing_key, now, 1, ()), folder)
        if folder is not None:
            authority._store((root_key, issuing_key), folder, installation_key)
        return authority

    @classmethod
    def load(cls, folder: Path, installation_key: bytes | None = None) -> Self:
        """The authority of that folder; `KeyUnavailable` when it is not there or the installation key is another."""
        try:
            root, issuing = (x509.load_der_x509_certificate((folder / file).read_bytes()) for file in CERTIFICATE_FILES)
            password = installation_key.hex().encode() if installation_key else None
            key = serialization.load_pem_private_key((folder / KEY_FILES[1]).read_bytes(), password)
            crl = x509.load_der_x509_crl((folder / CRL_FILE).read_bytes())
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyUnavailable from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != issuing.public_key():
            raise KeyUnavailable
        return cls(root, issuing, key, crl, folder)

    def chain(self) -> tuple[bytes, bytes]:
        """What others pin, in DER: the issuing authority, then the root."""
        return _der(self.issuing), _der(self.root)

    def issue(
        self, name: str, title: str, organisation: str, public_key: Key, now: dt.datetime, days: int
    ) -> bytes:
        """The certificate (DER) of a person, or with an empty title of an organisation, for signing only."""
        subject = _name(name, title, organisation)
        valid = (now - CLOCK_SKEW, now + dt.timedelta(days=days))
        return _der(
            _certificate(subject, public_key, self.issuing.subject, self._issuing_key, valid, SIGNS_DOCUMENTS, None)
        )

    def revoke(self, certificate_der: bytes, now: dt.datetime) -> None:
        """From `now` on the certificate is revoked; once revoked, the first date stands."""
        serial = x509.load_der_x509_certificate(certificate_der).serial_number
        with self._alone():
            published = self._published()
            if published.get_revoked_certificate_by_serial_number(serial) is None:
                entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
                self._publish(now, (*published, entry))

    def crl(self, now: dt.datetime) -> bytes:
        """The list of revoked certificates in DER, made anew before it grows stale."""
        published = self._published()
        ends = published.next_update_utc
        if ends is None or ends - now < dt.timedelta(days=CRL_DAYS) / 2:
            with self._alone():
                published = self._publish(now, tuple(self._published()))
        return published.public_bytes(serialization.Encoding.DER)

    def _published(self) -> x509.CertificateRevocationList:
        """The standing list: the file is the truth, since another process may have revoked in the meantime."""
        return self._crl if self._folder is None else x509.load_der_x509_crl((self._folder / CRL_FILE).read_bytes())

    def _publish(
        self, now: dt.datetime, entries: Sequence[x509.RevokedCertificate]
    ) -> x509.CertificateRevocationList:
        number = self._published().extensions.get_extension_for_class(x509.CRLNumber).value.crl_number + 1
        self._crl = _crl(self.issuing, self._issuing_key, now, number, entries)
        if self._folder is not None:
            write_private(self._folder / CRL_FILE, self._crl.public_bytes(serialization.Encoding.DER))
        return self._crl

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One change of the list at a time, in this process and beside others on the same folder."""
        with self._lock:
            if self._folder is None:
                yield
                return
            handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                yield
            finally:
                os.close(handle)

    def _store(
        self, keys: Sequence[ec.EllipticCurvePrivateKey], folder: Path, installation_key: bytes | None
    ) -> None:
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if installation_key:
            encryption = serialization.BestAvailableEncryption(installation_key.hex().encode())
        make_folder(folder)
        for file, key in zip(KEY_FILES, keys, strict=True):
            form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
            write_private(folder / file, key.private_bytes(*form, encryption))
        for file, certificate in zip(CERTIFICATE_FILES, (self.root, self.issuing), strict=True):
            write_private(folder / file, _der(certificate))
        write_private(folder / CRL_FILE, self._crl.public_bytes(serialization.Encoding.DER))


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def _name(name: str, title: str, organisation: str) -> x509.Name:
    parts = {
        NameOID.COUNTRY_NAME: "VN",
        NameOID.ORGANIZATION_NAME: organisation,
        NameOID.TITLE: title,
        NameOID.COMMON_NAME: name,
    }
    return x509.Name([x509.NameAttribute(oid, _fitting(text)) for oid, text in parts.items() if text])


def _fitting(text: str) -> str:
    """The text, or as many of its whole letters as a certificate has room for."""
    text = unicodedata.normalize("NFC", text)
    return text.encode()[:LONGEST_NAME].decode(errors="ignore").rstrip()


def _certificate(
    subject: x509.Name,
    public_key: Key,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    valid: tuple[dt.datetime, dt.datetime],
    usages: set[str],
    path_length: int | None,
) -> x509.Certificate:
    """An authority's certificate when it has a path length, otherwise one that signs documents."""
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
        .add_extension(x509.BasicConstraints(path_length is not None, path_length), critical=True)
        .add_extension(x509.KeyUsage(**{usage: usage in usages for usage in USAGES}), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(issuer_id, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _crl(
    issuing: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
    number: int,
    entries: Sequence[x509.RevokedCertificate],
) -> x509.CertificateRevocationList:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuing.subject)
        .last_update(now)
        .next_update(now + dt.timedelta(days=CRL_DAYS))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(key, hashes.SHA256())
