"""How web and signer speak over their socket: one short JSON object each way, and nothing that is not expected."""
import datetime as dt
import hashlib
import json
import secrets
import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

VERSION = 1
LARGEST = 1 << 14  # bytes of a request; a signature has about 2 KiB
LARGEST_ANSWER = 1 << 20  # a list of revoked certificates among them: some ten thousand entries
LIVES = 30_000  # milliseconds of an authorisation
NONCE_BYTES, DIGEST_BYTES = 16, 32
LENGTH = struct.Struct(">I")
LONGEST_PIN, LONGEST_REFERENCE, LONGEST_NAME, MOST_DAYS = 64, 64, 300, 3653
LARGEST_LOG = (1 << 53) - 1  # entries
MOST_ASKED, LONGEST_NUMBER = 2049, 40  # bytes of an OCSP request; digits of a serial number
HEX = frozenset("0123456789abcdef")


class Odd(Exception):
    """A message that is not as agreed; `reason` is one word for the log and carries nothing of the message."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# -- what a request may carry -----------------------------------------------------------------------------------------


def _text(most: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if type(value) is not str or len(value) > most:
            raise Odd("text")
        return value

    return read


def _bytes(exactly: int) -> Callable[[Any], bytes]:
    def read(value: Any) -> bytes:
        if type(value) is not str or len(value) != 2 * exactly or not set(value) <= HEX:
            raise Odd("bytes")
        return bytes.fromhex(value)

    return read


def _bytes_up_to(most: int) -> Callable[[Any], bytes]:
    def read(value: Any) -> bytes:
        if type(value) is not str or len(value) % 2 or len(value) > 2 * most or not set(value) <= HEX:
            raise Odd("bytes")
        return bytes.fromhex(value)

    return read


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if type(value) is not str or value not in words:
            raise Odd("text")
        return value

    return read


def _number(value: Any) -> str:
    if type(value) is not str or not 0 < len(value) <= LONGEST_NUMBER or not set(value) <= HEX:
        raise Odd("number")
    return value


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise Odd("number")
        return value

    return read


def _moment(value: Any) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Odd("time") from None
    if moment.utcoffset() != dt.timedelta():
        raise Odd("time")
    return moment


NUMBER: Callable[[Any], str] = _number
REFERENCE, PIN, NAME, DIGEST = _text(LONGEST_REFERENCE), _text(LONGEST_PIN), _text(LONGEST_NAME), _bytes(DIGEST_BYTES)
ACTS: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
    "about": {},
    "certificate": {"key_ref": REFERENCE},
    "enrol": {"name": NAME, "title": NAME, "organisation": NAME, "pin": PIN, "now": _moment,
              "days": _whole(1, MOST_DAYS)},
    "sign_digest": {"key_ref": REFERENCE, "pin": PIN, "digest": DIGEST, "now": _moment},
    "sign_document": {"key_ref": REFERENCE, "pin": PIN, "digest": DIGEST},
    "destroy": {"key_ref": REFERENCE},
    "list": {"authority": _one_of("issuing", "root")},
    "ocsp": {"request": _bytes_up_to(MOST_ASKED)},
    "take_back": {"serial": NUMBER, "since": _moment},
    "log_key": {"name": NAME},
    "sign_checkpoint": {"origin": NAME, "size": _whole(1, LARGEST_LOG), "root": DIGEST},
}  # fmt: skip
FREE = frozenset({"about", "certificate", "list", "ocsp"})  # what is public needs no authorisation
AUTHORISATION: Mapping[str, Callable[[Any], Any]] = {
    "nonce": _bytes(NONCE_BYTES), "issued": _whole(0, 1 << 53), "binds": DIGEST,
}  # fmt: skip


@dataclass(frozen=True, repr=False)
class Request:
    """One act with its values, as checked; a PIN among them is never shown."""

    act: str
    values: Mapping[str, Any]
    authorisation: Mapping[str, Any] | None


def ticks() -> int:
    """Milliseconds since this machine started: the same for all its processes, and nobody sets it back."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def request(act: str, **values: Any) -> dict[str, Any]:
    """The message that asks for an act, with an authorisation made now for it and for nothing else."""
    said: dict[str, Any] = {"v": VERSION, "act": act, **{name: _plain(value) for name, value in values.items()}}
    if act not in FREE:
        nonce, issued = secrets.token_hex(NONCE_BYTES), ticks()
        said["authorisation"] = {"nonce": nonce, "issued": issued, "binds": _bound(said, nonce, issued)}
    return said


def read_request(message: Mapping[str, Any]) -> Request:
    """Raises `Odd` for anything but exactly the fields of a known act, and for an authorisation of something else."""
    act, authorisation = message.get("act"), message.get("authorisation")
    if type(act) is not str or act not in ACTS:
        raise Odd("act")
    expected = {"v", "act", *ACTS[act]} | (set() if act in FREE else {"authorisation"})
    if set(message) != expected:
        raise Odd("fields")
    values = {name: read(message[name]) for name, read in ACTS[act].items()}
    if act in FREE:
        return Request(act, values, None)
    if type(authorisation) is not dict or set(authorisation) != set(AUTHORISATION):
        raise Odd("authorisation")
    allowed = {name: read(authorisation[name]) for name, read in AUTHORISATION.items()}
    if _bound(message, authorisation["nonce"], allowed["issued"]) != authorisation["binds"]:
        raise Odd("bound")
    return Request(act, values, allowed)


def _bound(message: Mapping[str, Any], nonce: str, issued: int) -> str:
    """The digest of everything that is asked for; the PIN is left out, so that no digest of it travels or is kept."""
    asked = {name: value for name, value in message.items() if name not in ("pin", "authorisation")}
    return hashlib.sha256(json.dumps([asked, nonce, issued], sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    return value.hex() if isinstance(value, bytes) else value


# -- messages on a socket ---------------------------------------------------------------------------------------------


def send(
    connection: socket.socket, message: Mapping[str, Any], deadline: float, largest: int = LARGEST
) -> None:
    """Send it before the deadline (monotonic seconds); OSError, TimeoutError among them."""
    content = json.dumps(message).encode()
    if len(content) > largest:
        raise Odd("size")
    connection.settimeout(_left(deadline))
    connection.sendall(LENGTH.pack(len(content)) + content)


def receive(connection: socket.socket, deadline: float, largest: int = LARGEST) -> dict[str, Any]:
    """The next message, whole; `Odd`, EOFError when the other side is gone, OSError."""
    (length,) = LENGTH.unpack(_exactly(connection, LENGTH.size, deadline))
    if length > largest:
        raise Odd("size")
    return parse(_exactly(connection, length, deadline))


def parse(content: bytes) -> dict[str, Any]:
    """One JSON object of this version, in UTF-8, with unique names, whole numbers and nothing else."""
    try:
        message = json.loads(
            content.decode(), object_pairs_hook=_unique, parse_float=_refuse, parse_constant=_refuse
        )
    except (ValueError, RecursionError):  # digits without end and half letters among them
        raise Odd("json") from None
    if type(message) is not dict:
        raise Odd("json")
    if type(message.get("v")) is not int or message["v"] != VERSION:
        raise Odd("version")
    return message


def _exactly(connection: socket.socket, count: int, deadline: float) -> bytes:
    content = b""
    while len(content) < count:
        connection.settimeout(_left(deadline))
        part = connection.recv(count - len(content))
        if not part:
            raise EOFError
        content += part
    return content


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(_text: str) -> Any:
    raise ValueError
