"""The internal certificate authority: who gets a certificate, for how long, and whose is revoked."""
import datetime as dt
import fcntl
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.gateways.signing.certificates import Key
from app.gateways.signing.errors import KeyUnavailable
from app.gateways.signing.files import make_folder, write_private
from app.gateways.signing.issuing import CRL_DAYS, Addresses, Issuer, Purpose, der, subject_of
from app.gateways.signing.responder import Responder, answer

AUTHORITY_DAYS = 3653
ROOT_CRL_DAYS = 365
CLOCK_SKEW = dt.timedelta(minutes=5)  # a certificate must be valid on a machine whose clock is a little behind
KEY_FILES, CERTIFICATE_FILES, CRL_FILE = ("root.key", "issuing.key"), ("root.der", "issuing.der"), "issuing.crl"
ROOT_CRL_FILE = "root.crl"


@dataclass(repr=False)
class Authority:
    """A root that signs one issuing authority, which signs people's certificates and the list of revoked ones.

    Made by `create` or `load`; without a folder it lives in memory only. All times are aware and given by the caller.
    `base` is the public address below which `/pki/…` is served; certificates name no address without one.
    """

    root: x509.Certificate
    issuing: x509.Certificate
    _issuing_key: ec.EllipticCurvePrivateKey
    _crl: x509.CertificateRevocationList
    _folder: Path | None
    _password: bytes | None = None
    base: str = ""
    _root: Issuer | None = None
    _root_crl: x509.CertificateRevocationList | None = None
    _responder: Responder | None = field(default=None, init=False, compare=False)
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
        base: str = "",
    ) -> Self:
        """A new authority, valid from `now`; its key files are encrypted when an installation key is given."""
        name = f"{name} DEMO" if demo else name
        root_key, issuing_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root_name, issuing_name = subject_of(f"{name} Root CA", "", name), subject_of(f"{name} Issuing CA", "", name)
        valid = (now, now + dt.timedelta(days=days))
        root_issuer = Issuer(root_name, root_key, Addresses.under(base, "root"))
        root = root_issuer.certificate(root_name, root_key.public_key(), valid, Purpose.ROOT)
        issuing = root_issuer.certificate(issuing_name, issuing_key.public_key(), valid, Purpose.ISSUING)
        crl = Issuer(issuing_name, issuing_key).crl(now, 1, ())
        root_crl = root_issuer.crl(now, 1, (), ROOT_CRL_DAYS)
        password = installation_key.hex().encode() if installation_key else None
        authority = cls(root, issuing, issuing_key, crl, folder, password, base, root_issuer, root_crl)
        if folder is not None:
            authority._store((root_key, issuing_key), folder)
        return authority

    @classmethod
    def load(cls, folder: Path, installation_key: bytes | None = None, *, base: str = "") -> Self:
        """The authority of that folder; `KeyUnavailable` when it is not there or the installation key is another."""
        password = installation_key.hex().encode() if installation_key else None
        try:
            root, issuing = (x509.load_der_x509_certificate((folder / file).read_bytes()) for file in CERTIFICATE_FILES)
            key = _load_key(folder / KEY_FILES[1], password)
            crl = x509.load_der_x509_crl((folder / CRL_FILE).read_bytes())
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyUnavailable from error
        if key.public_key() != issuing.public_key():
            raise KeyUnavailable
        return cls(root, issuing, key, crl, folder, password, base)

    def chain(self) -> tuple[bytes, bytes]:
        """What others pin, in DER: the issuing authority, then the root."""
        return der(self.issuing), der(self.root)

    def issue(
        self, name: str, title: str, organisation: str, public_key: Key, now: dt.datetime, days: int
    ) -> bytes:
        """The certificate (DER) of a person, or with an empty title of an organisation, for signing only."""
        return self._issue(subject_of(name, title, organisation), public_key, now, days, Purpose.DOCUMENTS)

    def issue_tsa(self, name: str, organisation: str, public_key: Key, now: dt.datetime, days: int) -> bytes:
        """The certificate (DER) of a time-stamping authority: for time stamps and nothing else (RFC 3161 §2.3)."""
        return self._issue(subject_of(name, "", organisation), public_key, now, days, Purpose.TIME_STAMPS)

    def issue_ocsp(self, public_key: Key, now: dt.datetime, days: int) -> bytes:
        """The certificate (DER) of who answers OCSP for this authority; nobody asks whether it was revoked itself."""
        organisation = _common_name(self.issuing).removesuffix(" Issuing CA")
        subject = subject_of(f"{organisation} OCSP", "", organisation)
        return self._issue(subject, public_key, now, days, Purpose.OCSP)

    def _issue(self, subject: x509.Name, public_key: Key, now: dt.datetime, days: int, purpose: Purpose) -> bytes:
        """Never valid for longer than the authority itself: nobody could judge it afterwards."""
        valid = (now - CLOCK_SKEW, min(now + dt.timedelta(days=days), self.issuing.not_valid_after_utc))
        return der(self._issuer().certificate(subject, public_key, valid, purpose))

    def _issuer(self) -> Issuer:
        return Issuer(self.issuing.subject, self._issuing_key, Addresses.under(self.base, "issuing"))

    def revoke(self, certificate_der: bytes, now: dt.datetime) -> None:
        """From `now` on the certificate is revoked; once revoked, the first date stands."""
        self.revoke_serial(x509.load_der_x509_certificate(certificate_der).serial_number, now)

    def revoke_serial(self, serial: int, at: dt.datetime, now: dt.datetime | None = None) -> None:
        """The same by number: revoked since `at`, published `now`."""
        with self._alone():
            published = self._published()
            if published.get_revoked_certificate_by_serial_number(serial) is None:
                entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at).build()
                self._publish(now or at, (*published, entry))

    def crl(self, now: dt.datetime) -> bytes:
        """The list of revoked certificates in DER, made anew before it grows stale."""
        published = self._published()
        if _stale(published, now, CRL_DAYS):
            with self._alone():
                published = self._publish(now, tuple(self._published()))
        return der(published)

    def root_crl(self, now: dt.datetime) -> bytes:
        """The root's own list, which speaks of the issuing authority; made anew in its second half."""
        published = _read_crl(self._folder, ROOT_CRL_FILE) if self._root_crl is None else self._root_crl
        if published is None or _stale(published, now, ROOT_CRL_DAYS):
            with self._alone():
                number, entries = (1, ()) if published is None else (_number(published) + 1, tuple(published))
                published = self._root_issuer().crl(now, number, entries, ROOT_CRL_DAYS)
                if self._folder is not None:
                    write_private(self._folder / ROOT_CRL_FILE, der(published))
        self._root_crl = published
        return der(published)

    def _root_issuer(self) -> Issuer:
        """The root's key is looked at when its list is due, and at no other time."""
        if self._root is None:
            try:
                key = _load_key((self._folder or Path()) / KEY_FILES[0], self._password)
            except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
                raise KeyUnavailable from error
            return Issuer(self.root.subject, key)
        return self._root

    def ocsp(self, request: bytes, now: dt.datetime) -> bytes:
        """The signed answer (DER) to an OCSP request (RFC 6960); an unsigned one where the request is none of ours."""
        with self._lock:
            if self._responder is None or not self._responder.good_at(now):
                self._responder = Responder.make(self.issue_ocsp, now)
            responder = self._responder
        return answer(request, self.issuing, responder, self._published(), now)

    def _published(self) -> x509.CertificateRevocationList:
        """The standing list: the file is the truth, since another process may have revoked in the meantime."""
        stored = _read_crl(self._folder, CRL_FILE)
        return self._crl if stored is None else stored

    def _publish(
        self, now: dt.datetime, entries: Sequence[x509.RevokedCertificate]
    ) -> x509.CertificateRevocationList:
        self._crl = self._issuer().crl(now, _number(self._published()) + 1, entries)
        if self._folder is not None:
            write_private(self._folder / CRL_FILE, der(self._crl))
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

    def _store(self, keys: Sequence[ec.EllipticCurvePrivateKey], folder: Path) -> None:
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if self._password:
            encryption = serialization.BestAvailableEncryption(self._password)
        make_folder(folder)
        for file, key in zip(KEY_FILES, keys, strict=True):
            form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
            write_private(folder / file, key.private_bytes(*form, encryption))
        for file, certificate in zip(CERTIFICATE_FILES, (self.root, self.issuing), strict=True):
            write_private(folder / file, der(certificate))
        write_private(folder / CRL_FILE, der(self._crl))
        if self._root_crl is not None:
            write_private(folder / ROOT_CRL_FILE, der(self._root_crl))


def _load_key(path: Path, password: bytes | None) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("another kind of key than this authority makes")
    return key


def _read_crl(folder: Path | None, file: str) -> x509.CertificateRevocationList | None:
    """The list in that file; None in memory, and where an older installation has none yet."""
    if folder is None or not (folder / file).exists():
        return None
    return x509.load_der_x509_crl((folder / file).read_bytes())


def _stale(crl: x509.CertificateRevocationList, now: dt.datetime, days: int) -> bool:
    ends = crl.next_update_utc
    return ends is None or ends - now < dt.timedelta(days=days) / 2


def _number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _common_name(certificate: x509.Certificate) -> str:
    (name,) = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(name.value)
