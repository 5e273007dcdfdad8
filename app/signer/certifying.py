"""A certificate of the own authority for a key that was made in a device: its public half comes as a file."""

import datetime as dt
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from app.gateways.signing import Authority
from app.gateways.signing.certificates import Key, strong

LARGEST = 16 * 1024  # bytes


class NoKey(ValueError):
    """The file holds no public key that is strong enough; the sentence says what was expected."""


def certify(
    authority: Authority, key_file: Path, name: str, post: str, organisation: str, days: int, out: Path
) -> bytes:
    """Write the certificate (DER), valid from now, to a new file; it is returned too.

    Whether the key is that person's is proven when it is registered: with its PIN, by its owner, after two people
    have confirmed. `NoKey`; OSError for files that cannot be read or are there already.
    """
    certificate = authority.issue(name, post, organisation, _public(key_file), dt.datetime.now(dt.UTC), days)
    with out.open("xb") as file:
        file.write(certificate)
    return certificate


def _public(file: Path) -> Key:
    with file.open("rb") as handle:
        content = handle.read(LARGEST)
    try:
        pem = content.lstrip().startswith(b"-----BEGIN")
        found = (serialization.load_pem_public_key if pem else serialization.load_der_public_key)(content)
    except ValueError:
        raise NoKey(f"{file} is no public key (DER or PEM, as pkcs11-tool --read-object writes it)") from None
    if not strong(found):
        raise NoKey(f"{file} holds a key that is not accepted: RSA of at least 2048 bits, or P-256, P-384, P-521")
    return found  # type: ignore[return-value]  # strong() leaves EC and RSA only
