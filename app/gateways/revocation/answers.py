"""What was found out about one certificate, and why an answer that came is none."""
import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

CLOCK_SKEW = dt.timedelta(minutes=5)
ENUMERATED, LONG_FORM, LENGTH_BITS = 0x0A, 0x80, 0x7F  # of DER


class Standing(StrEnum):
    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"  # the responder does not know the certificate
    UNREACHABLE = "unreachable"  # nobody gave an answer that can be used


@dataclass(frozen=True)
class Answer:
    """`content` are the bytes (DER) that prove it, empty when nobody answered; times are aware.

    `since` is the time of the revocation, `at` when the answer was true, `until` when a newer one is due (None: now).
    `problems` are short codes for the log: what was wrong with the places that gave nothing.
    """

    standing: Standing
    content: bytes = b""
    since: dt.datetime | None = None
    at: dt.datetime | None = None
    until: dt.datetime | None = None
    problems: tuple[str, ...] = ()


class Unfit(Exception):
    """An answer that says nothing about this certificate; `code` is one word for the log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def require_current(at: dt.datetime | None, until: dt.datetime | None, now: dt.datetime) -> dt.datetime:
    """The beginning; Unfit for an answer of the future, without a beginning, or whose time is over."""
    if at is None:
        raise Unfit("malformed")
    if at > now + CLOCK_SKEW:
        raise Unfit("not_yet")
    if until is not None and until < now - CLOCK_SKEW:
        raise Unfit("stale")
    return at


def kind_of(content: bytes) -> str:
    """What a kept answer is, "ocsp" or "crl": one begins with an enumerated status, the other with a sequence."""
    first = content[1:2] or b"\0"
    header = 2 + (first[0] & LENGTH_BITS if first[0] & LONG_FORM else 0)
    return "ocsp" if content[header : header + 1] == bytes([ENUMERATED]) else "crl"
