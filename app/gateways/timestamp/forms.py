"""The forms of RFC 3161 in DER: what is asked, what is answered, and what a stamp says."""

import datetime as dt
import re
from typing import NamedTuple

from app.gateways.signing.der import (
    CONTEXT_0,
    CONTEXT_1,
    GENERALIZED_TIME,
    INTEGER,
    NULL,
    OCTET_STRING,
    OID,
    SEQUENCE,
    Element,
    NotDer,
    read_all,
    read_one,
    write,
    write_oid,
)
from app.gateways.signing.profile import SHA256, VERSION_1

BOOLEAN = 0x01
TRUE, FALSE = b"\xff", b"\x00"
TST_INFO = write_oid("1.2.840.113549.1.9.16.1.4")
MILLIS, MICROS = 0x80, 0x81
MOST = 999  # of milliseconds and microseconds
HASHED_BY = write(SEQUENCE, SHA256, write(NULL))
BARE_HASHED_BY = write(SEQUENCE, SHA256)
DIGEST_BYTES = 32
TIME = re.compile(rb"(\d{14})(?:\.(\d{0,5}[1-9]))?Z")


class Query(NamedTuple):
    """What a request asks: the SHA-256 to be stamped, under which policy (dotted, or ""), and how to answer."""

    digest: bytes
    nonce: int | None
    policy: str
    with_certificate: bool


class Statement(NamedTuple):
    """What a stamp says (TSTInfo). `time` is aware, `accuracy` how far it may be off."""

    policy: str
    digest: bytes
    serial: int
    time: dt.datetime
    accuracy: dt.timedelta
    nonce: int | None


def write_integer(value: int) -> bytes:
    return write(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def read_integer(element: Element) -> int:
    if element.tag != INTEGER or write_integer(value := int.from_bytes(element.content, "big", signed=True)) != (
        element.encoded
    ):
        raise NotDer
    return value


def write_imprint(digest: bytes) -> bytes:
    return write(SEQUENCE, HASHED_BY, write(OCTET_STRING, digest))


def read_imprint(element: Element) -> bytes:
    """The SHA-256; ValueError for another hash."""
    hashed_by, digest = read_all(_of(element, SEQUENCE))
    if hashed_by.encoded not in (HASHED_BY, BARE_HASHED_BY) or len(_of(digest, OCTET_STRING)) != DIGEST_BYTES:
        raise ValueError("not a SHA-256 imprint")
    return digest.content


def read_oid(element: Element) -> str:
    """Dotted; ValueError unless it is written in the one way there is."""
    arcs, arc = [], 0
    for octet in _of(element, OID):
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    top = min(arcs[0] // 40, 2)
    dotted = ".".join(map(str, (top, arcs[0] - 40 * top, *arcs[1:])))
    if write_oid(dotted) != element.encoded:
        raise NotDer
    return dotted


def write_query(query: Query) -> bytes:
    """TimeStampReq."""
    return write(
        SEQUENCE, VERSION_1, write_imprint(query.digest), write_oid(query.policy) if query.policy else b"",
        b"" if query.nonce is None else write_integer(query.nonce),
        write(BOOLEAN, TRUE) if query.with_certificate else b"",
    )  # fmt: skip


def read_query(encoded: bytes) -> Query:
    """ValueError for whatever is not exactly a request of version 1 without extensions."""
    version, imprint, *rest = read_all(_of(read_one(encoded), SEQUENCE))
    if version.encoded != VERSION_1:
        raise ValueError("not version 1")
    policy = read_oid(rest.pop(0)) if rest and rest[0].tag == OID else ""
    nonce = read_integer(rest.pop(0)) if rest and rest[0].tag == INTEGER else None
    wanted = rest.pop(0).encoded if rest and rest[0].tag == BOOLEAN else b""
    if rest or wanted not in (b"", write(BOOLEAN, TRUE)):
        raise ValueError("more than was expected")
    return Query(read_imprint(imprint), nonce, policy, bool(wanted))


def write_reply(status: int, token: bytes = b"") -> bytes:
    """TimeStampResp without words."""
    return write(SEQUENCE, write(SEQUENCE, write_integer(status)), token)


def read_reply(encoded: bytes) -> tuple[int, bytes]:
    """The status and the token (b"" without one)."""
    status, *tokens = read_all(_of(read_one(encoded), SEQUENCE))
    number, *_words = read_all(_of(status, SEQUENCE))
    if len(tokens) > 1:
        raise ValueError("more than one token")
    return read_integer(number), tokens[0].encoded if tokens else b""


def write_statement(said: Statement) -> bytes:
    """TSTInfo; the time to the millisecond, the accuracy in whole seconds."""
    at = said.time.astimezone(dt.UTC)
    fraction = f".{at.microsecond // 1000:03}".rstrip("0").rstrip(".")
    return write(
        SEQUENCE, VERSION_1, write_oid(said.policy), write_imprint(said.digest), write_integer(said.serial),
        write(GENERALIZED_TIME, f"{at:%Y%m%d%H%M%S}{fraction}Z".encode()),
        write(SEQUENCE, write_integer(int(said.accuracy.total_seconds()))),
        b"" if said.nonce is None else write_integer(said.nonce),
    )  # fmt: skip


def read_statement(encoded: bytes) -> Statement:
    """ValueError for whatever is not exactly a statement of version 1 without extensions."""
    version, policy, imprint, serial, time, *rest = read_all(_of(read_one(encoded), SEQUENCE))
    if version.encoded != VERSION_1:
        raise ValueError("not version 1")
    accuracy = _accuracy(rest.pop(0)) if rest and rest[0].tag == SEQUENCE else dt.timedelta()
    if rest and rest[0].tag == BOOLEAN and rest.pop(0).content != TRUE:  # FALSE is the default and not written
        raise NotDer
    nonce = read_integer(rest.pop(0)) if rest and rest[0].tag == INTEGER else None
    if rest and rest[0].tag == CONTEXT_0:  # the name of the authority: its certificate says it
        read_one(rest.pop(0).content)
    if rest:
        raise ValueError("extensions are not known here" if rest[0].tag == CONTEXT_1 else "more than was expected")
    return Statement(
        read_oid(policy), read_imprint(imprint), read_integer(serial), _time(time), accuracy, nonce
    )


def _time(element: Element) -> dt.datetime:
    found = TIME.fullmatch(_of(element, GENERALIZED_TIME))
    if found is None:
        raise NotDer
    whole = dt.datetime.strptime(found[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
    return whole.replace(microsecond=int((found[2] or b"0").ljust(6, b"0")))


def _accuracy(element: Element) -> dt.timedelta:
    parts = read_all(element.content)
    seconds = read_integer(parts.pop(0)) if parts and parts[0].tag == INTEGER else 0
    small = {MILLIS: 0, MICROS: 0}
    for part in parts:
        if part.tag not in small or small[part.tag]:
            raise NotDer
        small[part.tag] = read_integer(read_one(write(INTEGER, part.content)))
    if seconds < 0 or not all(0 <= value <= MOST for value in small.values()):
        raise ValueError("no accuracy")
    return dt.timedelta(seconds=seconds, milliseconds=small[MILLIS], microseconds=small[MICROS])


def _of(element: Element, tag: int) -> bytes:
    if element.tag != tag:
        raise NotDer
    return element.content
