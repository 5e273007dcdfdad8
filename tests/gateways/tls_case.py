"""An authority of the tests and a server certificate of it, as files."""

import datetime as dt
import ipaddress
import ssl
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Served(NamedTuple):
    """The file of the authority that clients trust, and what a server on this machine presents."""

    authority: Path
    context: ssl.SSLContext


def served(folder: Path, host: str = "127.0.0.1") -> Served:
    """A fresh authority, and a context with its certificate for one address or name."""
    own, theirs = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    above = _certificate("Test authority", own, own, "Test authority", authority=True)
    below = _certificate(host, theirs, own, "Test authority", authority=False)
    authority, chain = folder / "authority.pem", folder / f"{host}.pem"
    authority.write_bytes(above.public_bytes(serialization.Encoding.PEM))
    secret = theirs.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain.write_bytes(secret + below.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return Served(authority, context)


def _certificate(name, key, signing_key, issuer, *, authority):
    now = dt.datetime.now(dt.UTC)
    try:
        alternative = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name.replace(" ", "-"))
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .sign(signing_key, hashes.SHA256())
    )
