"""A certificate with each fault for which nobody may sign, made by the authority of the tests or by somebody else."""
import datetime as dt
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from app.gateways.signing import Authority
from tests.gateways.signing_cases import Holder, PrivateKey, as_pem
from tests.servers import program

DAY = dt.timedelta(days=1)
OTHERS = ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only",
          "decipher_only")  # fmt: skip
Make = Callable[[Authority, str, dt.datetime], Holder]


def made(
    authority: Authority, name: str, begins: dt.datetime, ends: dt.datetime, *, key: PrivateKey | None = None,
    usage: bool = True, purpose: x509.ObjectIdentifier | None = None,
) -> Holder:  # fmt: skip
    """A certificate of the authority; without `usage` for everything but documents."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    usages = x509.KeyUsage(digital_signature=True, content_commitment=usage, **dict.fromkeys(OTHERS, False))
    builder = (
        x509.CertificateBuilder(authority.issuing.subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(False, None), critical=True)
        .add_extension(usages, critical=True)
    )
    if purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
    signed = builder.sign(authority._issuing_key, hashes.SHA256())
    return Holder(key, signed.public_bytes(serialization.Encoding.DER))


def by_openssl(authority: Authority, hash_: str) -> Holder:
    """Signed with a hash that the library does not sign with any more; valid around the clock of the machine."""
    key = rsa.generate_private_key(65537, 2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ca.pem").write_bytes(as_pem("x509", authority.chain()[0]))
        (folder / "ca.key").write_bytes(authority._issuing_key.private_bytes(*form))
        (folder / "key").write_bytes(key.private_bytes(*form))
        issuer = ["-CA", "ca.pem", "-CAkey", "ca.key"] if hash_ != "md5" else []  # there is no ECDSA with MD5
        command = [program("openssl", "openssl"), "req", "-x509", *issuer, "-key", "key", f"-{hash_}",
                   "-subj", "/CN=An", "-outform", "DER", "-days", "30",
                   "-addext", "keyUsage=critical,digitalSignature,nonRepudiation"]  # fmt: skip
        made = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return Holder(key, made.stdout)


def good(authority: Authority, name: str, now: dt.datetime, **options: object) -> Holder:
    return made(authority, name, now - DAY, now + 90 * DAY, **options)  # type: ignore[arg-type]


def _weak_rsa(authority: Authority, name: str, now: dt.datetime) -> Holder:
    return good(authority, name, now, key=rsa.generate_private_key(65537, 1024))  # noqa: S505 - that is the point


FAULTS: dict[str, tuple[str, Make]] = {
    #  what is wrong                     the code        how it is made
    "expired": ("expired", lambda by, name, now: made(by, name, now - 9 * DAY, now - DAY)),
    "not yet valid": ("not_yet_valid", lambda by, name, now: made(by, name, now + DAY, now + 9 * DAY)),
    "no signature of documents": ("wrong_usage", lambda by, name, now: good(by, name, now, usage=False)),
    "for time stamps": (
        "wrong_purpose", lambda by, name, now: good(by, name, now, purpose=ExtendedKeyUsageOID.TIME_STAMPING)
    ),
    "for web servers": (
        "wrong_purpose", lambda by, name, now: good(by, name, now, purpose=ExtendedKeyUsageOID.SERVER_AUTH)
    ),
    "unknown authority": (
        "unknown_issuer", lambda _by, name, now: good(Authority.create(None, now - 9 * DAY, demo=True), name, now)
    ),
    "SHA-1": ("weak_algorithm", lambda by, _name, _now: by_openssl(by, "sha1")),
    "MD5": ("weak_algorithm", lambda by, _name, _now: by_openssl(by, "md5")),
    "RSA with 1024 bits": ("weak_key", _weak_rsa),
    "a weak curve": (
        "weak_key", lambda by, name, now: good(by, name, now, key=ec.generate_private_key(ec.SECP192R1()))
    ),
}  # fmt: skip
SOUND: dict[str, Make] = {
    "P-256": good,
    "P-384": lambda by, name, now: good(by, name, now, key=ec.generate_private_key(ec.SECP384R1())),
    "RSA-2048": lambda by, name, now: good(by, name, now, key=rsa.generate_private_key(65537, 2048)),
    "RSA-3072": lambda by, name, now: good(by, name, now, key=rsa.generate_private_key(65537, 3072)),
    "for mail": lambda by, name, now: good(by, name, now, purpose=ExtendedKeyUsageOID.EMAIL_PROTECTION),
}
