"""Where the time stamp of a signature stands in its CMS: the one thing that may be added after signing (CAdES-T)."""

from collections.abc import Sequence

from app.gateways.signing.der import (
    CONTEXT_0,
    CONTEXT_1,
    OCTET_STRING,
    SEQUENCE,
    SET,
    Element,
    NotDer,
    read_all,
    read_one,
    write,
)
from app.gateways.signing.profile import SIGNATURE_TIME_STAMP

VALUE, UNSIGNED = 5, 6  # places in a SignerInfo that has signed attributes


def signature_value(cms: bytes) -> bytes:
    """The octets of the only signature in a CMS of ours: what a time stamp is over. ValueError when there is none."""
    value = _signer(cms)[VALUE]
    if value.tag != OCTET_STRING:
        raise NotDer
    return value.content


def with_stamp(cms: bytes, token: bytes) -> bytes:
    """The same CMS with a time stamp token (DER) as its only unsigned attribute; ValueError when it has one already."""
    _kind, wrapped = read_all(read_one(cms).content)
    fields = read_all(read_one(wrapped.content).content)
    signer = read_all(read_one(fields[-1].content).content)
    if len(signer) != UNSIGNED:
        raise NotDer
    stamp = write(CONTEXT_1, write(SEQUENCE, SIGNATURE_TIME_STAMP, write(SET, token)))
    signers = write(SET, write(SEQUENCE, *(each.encoded for each in signer), stamp))
    signed_data = write(SEQUENCE, *(each.encoded for each in fields[:-1]), signers)
    return write(SEQUENCE, _kind.encoded, write(CONTEXT_0, signed_data))


def stamp_in(cms: bytes) -> bytes | None:
    """The token in DER; None where there is none, or where something else stands in its place."""
    try:
        unsigned = _signer(cms)[UNSIGNED:]
        return _token(unsigned) if unsigned else None
    except (ValueError, IndexError):
        return None


def only_stamped(unsigned: Sequence[Element]) -> bool:
    """Whether what follows the signature value is one time stamp and nothing else."""
    try:
        return bool(_token(unsigned))
    except (ValueError, IndexError):
        return False


def _token(unsigned: Sequence[Element]) -> bytes:
    (attributes,) = unsigned
    if attributes.tag != CONTEXT_1:
        raise NotDer
    attribute = read_one(attributes.content)
    kind, values = read_all(attribute.content)
    if (attribute.tag, kind.encoded, values.tag) != (SEQUENCE, SIGNATURE_TIME_STAMP, SET):
        raise NotDer
    return read_one(values.content).encoded


def _signer(cms: bytes) -> list[Element]:
    _kind, wrapped = read_all(read_one(cms).content)
    return read_all(read_one(read_all(read_one(wrapped.content).content)[-1].content).content)
