"""Decides what the time stamp inside a signature is worth: whose it is, what it is over, whether it came in time."""

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from hashlib import sha256

from app.gateways import timestamp
from app.gateways.signing import signature_value, stamp_in
from app.gateways.timestamp import StampFault, StampRefused, TimeStamp

Ended = Callable[[Sequence[bytes], dt.datetime], Collection[str]]
AT_ONCE = dt.timedelta(minutes=10)  # a stamp in the signature was asked for while it was made


def stamp_of(
    cms: bytes, signed_at: dt.datetime, stampers: Sequence[bytes], ended: Ended = lambda _certificates, _at: ()
) -> tuple[TimeStamp | None, list[str]]:
    """The stamp of a signature that says it was made at that time, when it is good, and the codes against it.

    Neither where there is none; `stampers` are the authorities of stamps in DER, `ended` says which of the
    certificates had been revoked at the time of the stamp.
    """
    token = stamp_in(cms)
    if token is None:
        return None, []
    try:
        stamp = timestamp.check_token(token, sha256(signature_value(cms)).digest(), stampers)
    except (StampRefused, ValueError) as refused:
        return None, [f"stamp_{getattr(refused, 'reason', 'malformed')}"]
    if ended((stamp.certificate,), stamp.time):
        return None, [f"stamp_{StampFault.REVOKED}"]
    if stamp.time < signed_at - AT_ONCE:
        return stamp, ["stamp_early"]
    return stamp, ["stamp_late"] if stamp.time > signed_at + AT_ONCE else []
