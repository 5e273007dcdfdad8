"""How a time stamp is asked for: one request to the one configured address, whose answer is believed when proved."""

import datetime as dt
import secrets
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from app.gateways import posting
from app.gateways.handover import Unreachable, one_line
from app.gateways.signing.der import write_oid
from app.gateways.timestamp.errors import StampFault, StampRefused
from app.gateways.timestamp.forms import Query, read_reply, write_query
from app.gateways.timestamp.token import TimeStamp, check_token

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
NONCE_BITS = 64
SKEW = dt.timedelta(minutes=5)  # between our clock and the authority's
CONNECT, ANSWER = 2.0, 5.0  # seconds
OK, REDIRECTS = 200, range(300, 400)
GRANTED = (0, 1)  # granted, granted with modifications: what came is looked at all the same


class Stamper(Protocol):
    """A time-stamping authority as it is used here. Never called inside a database transaction."""

    def stamp(self, digest: bytes, now: dt.datetime) -> tuple[bytes, TimeStamp]:
        """A token in DER over that SHA-256 and what it says, fully checked. `now` is our clock; `StampRefused`."""


@dataclass(frozen=True)
class Asked:
    """An authority reached by `ask`, which takes a request and gives the reply, both in DER.

    `trusted` are its authorities in DER up to the root, `policy` the only one that is accepted ("": any).
    """

    ask: Callable[[bytes, dt.datetime], bytes]
    trusted: Sequence[bytes]
    policy: str = ""

    def __post_init__(self) -> None:
        if not self.trusted:
            raise ValueError("without its certificate authorities nothing of a time-stamping authority is believed")
        if self.policy:
            write_oid(self.policy)

    def stamp(self, digest: bytes, now: dt.datetime) -> tuple[bytes, TimeStamp]:
        query = Query(digest, secrets.randbits(NONCE_BITS), self.policy, with_certificate=True)
        begun = time.monotonic()
        reply = self.ask(write_query(query), now)
        took = dt.timedelta(seconds=time.monotonic() - begun)
        token = _granted(reply)
        stamp = check_token(token, digest, self.trusted)
        if stamp.nonce != query.nonce:
            raise StampRefused(StampFault.WRONG_NONCE)
        if self.policy and stamp.policy != self.policy:
            raise StampRefused(StampFault.WRONG_POLICY)
        if not now - SKEW <= stamp.time <= now + took + SKEW:
            raise StampRefused(StampFault.CLOCK)
        return token, stamp


def _granted(reply: bytes) -> bytes:
    try:
        status, token = read_reply(reply)
    except Exception as error:  # whatever it is, it is no reply
        raise StampRefused(StampFault.NO_REPLY) from error
    if status not in GRANTED:
        raise StampRefused(StampFault.REJECTED, f"{status}")
    if not token:
        raise StampRefused(StampFault.NO_REPLY)
    return token


@dataclass(frozen=True)
class OverHttp:
    """Asks at one address, http or https, that the configuration names: no redirects, a time, a size (seconds)."""

    url: str
    connect: float = CONNECT
    answer: float = ANSWER
    trust: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        address = urlsplit(self.url)
        odd = address.username or address.fragment or address.port == 0
        if address.scheme not in ("http", "https") or not address.hostname or odd:
            raise ValueError("a time-stamping authority is given as http://host/path or https://host/path")

    def __call__(self, query: bytes, _now: dt.datetime) -> bytes:
        begun = time.monotonic()
        post = posting.Post(posting.anywhere, self.trust, self.connect, self.answer)
        try:
            answer = post(self.url, query, {"Content-Type": QUERY, "Accept": REPLY})
        except Unreachable as failed:
            raise StampRefused(self._fault(failed, time.monotonic() - begun), failed.why) from failed
        if answer.status in REDIRECTS:
            raise StampRefused(StampFault.REDIRECTED, f"{answer.status}")
        if answer.status != OK:
            raise StampRefused(StampFault.HTTP, f"{answer.status}")
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != REPLY:
            raise StampRefused(StampFault.NO_REPLY, one_line(kind))
        return answer.body

    def _fault(self, failed: Unreachable, took: float) -> StampFault:
        if failed.__cause__ is None:
            return StampFault.TOO_LARGE
        late = isinstance(failed.__cause__, TimeoutError) or took >= self.answer
        return StampFault.SLOW if late else StampFault.DOWN
