"""Authorities outside whose certificates are accepted: the files of one folder, which the operator fills."""
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from app.gateways.signing.certificates import HASHES, strong

SUFFIXES = {".pem", ".crt", ".cer", ".der"}


def read_authorities(folder: Path) -> dict[Path, tuple[bytes, ...]]:
    """The certificates (DER) in each file of the folder, by path in order; PEM with several, or one in DER.

    ValueError names the file that holds anything but strong certificates of authorities. A missing folder is one too:
    whoever names it means it.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    return {path: tuple(_read(path)) for path in paths}


def _read(path: Path) -> list[bytes]:
    content = path.read_bytes()
    try:
        if content.lstrip().startswith(b"-----BEGIN"):
            found = x509.load_pem_x509_certificates(content)
        else:
            found = [x509.load_der_x509_certificate(content)]
        if not found or not all(map(_is_authority, found)):
            raise ValueError
    except Exception as error:
        raise ValueError(f"{path.name} does not hold certificates of authorities that are strong enough") from error
    return [certificate.public_bytes(Encoding.DER) for certificate in found]


def _is_authority(certificate: x509.Certificate) -> bool:
    """Nobody relies on the signature of a root over itself; everything else of it must be sound."""
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    hashed = certificate.subject == certificate.issuer or isinstance(certificate.signature_hash_algorithm, HASHES)
    return bool(constraints.ca and usage.key_cert_sign and hashed and strong(certificate.public_key()))
