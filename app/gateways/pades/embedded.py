"""Decides which certificates a signature carries, and which of them it says it was made with."""

from app.gateways.signing.der import CONTEXT_0, Element, read_all, read_one
from app.gateways.signing.profile import identify


def certificates_in(cms: bytes) -> list[bytes]:
    """The certificates in DER; none where the value is no CMS."""
    try:
        part = _signed_data(cms)[3]
        return [each.encoded for each in read_all(part.content)] if part.tag == CONTEXT_0 else []
    except (ValueError, IndexError):
        return []


def signer_in(cms: bytes, certificates: list[bytes]) -> bytes | None:
    """The one that the first signer names."""
    try:
        name = read_all(read_all(_signed_data(cms)[-1].content)[0].content)[1].encoded
        return next((each for each in certificates if identify(each).name == name), None)
    except Exception:  # a signer or a certificate that cannot be read names nobody
        return None


def _signed_data(cms: bytes) -> list[Element]:
    _kind, wrapped = read_all(read_one(cms).content)
    return read_all(read_one(wrapped.content).content)
