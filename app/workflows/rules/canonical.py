"""What exactly is signed and hashed: canonical JSON (RFC 8785), clean text, digests."""

import json
import re
import unicodedata
from hashlib import sha256
from typing import Any, NoReturn

import rfc8785

BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
INVISIBLE = re.compile(f"[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f{''.join(sorted(BIDI_CONTROLS))}]")  # Cc but newline and tab
HALVES = re.compile("[\\ud800-\\udfff]")


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes of text, whole numbers, booleans, null, lists and objects with ASCII names.

    ValueError for a fraction, a number beyond 2^53 - 1, a name outside ASCII, text that is not NFC, and any other type:
    each of them could be spelt in two ways by two honest programs.
    """
    _refuse_ambiguity(value)
    return rfc8785.dumps(value)


def _refuse_ambiguity(value: Any) -> None:
    if isinstance(value, str):
        if not unicodedata.is_normalized("NFC", value):
            raise ValueError("text in a signed object must be in Unicode form NFC")
    elif isinstance(value, list | tuple):
        for part in value:
            _refuse_ambiguity(part)
    elif isinstance(value, dict):
        for name, part in value.items():
            if not isinstance(name, str) or not name.isascii():
                raise ValueError(f"a name in a signed object must be ASCII text: {name!r}")
            _refuse_ambiguity(part)
    elif value is not None and not isinstance(value, int):  # bool is an int; rfc8785 judges how large one may be
        raise ValueError(f"{type(value).__name__} has no agreed spelling in a signed object")


def read_stored(data: bytes) -> dict[str, Any]:
    """What was written by `canonical` and has been sealed since, read to be shown; its spelling is not proved again.

    To write thousands of members anew costs more than a whole page of them. What is reported or proved is read by
    `parse_canonical`.
    """
    found: dict[str, Any] = json.loads(data)
    return found


def parse_canonical(data: bytes) -> dict[str, Any]:
    """Read bytes that `canonical` could have written, and no others.

    ValueError for anything but UTF-8, an object, unique names, and the one canonical spelling.
    """
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
        again = canonical(value)
    except RecursionError as error:
        raise ValueError("too deeply nested") from error
    if not isinstance(value, dict):
        raise ValueError("expected an object")
    if again != data:
        raise ValueError("not in canonical form (RFC 8785)")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return found


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"not a whole number: {text}")


def clean_text(text: str) -> str:
    """Text as it may be signed and shown: NFC, lines ended as forms and devices agree on, no space at its ends.

    Nothing is dropped from inside: ValueError for controls other than newline and tab, for marks that reorder what
    the reader sees (bidi), and for half characters.
    """
    text = text.replace("\r\n", "\n")
    if found := INVISIBLE.search(text):
        raise ValueError(f"the text holds the invisible control U+{ord(found[0]):04X}")
    if HALVES.search(text):
        raise ValueError("the text holds half a character")
    return unicodedata.normalize("NFC", text).strip()


def digest(data: bytes) -> str:
    """SHA-256 in lower-case hex."""
    return sha256(data).hexdigest()


def tagged_digest(data: bytes) -> str:
    """SHA-256 as it is written inside signed objects: `sha256:<hex>`."""
    return f"sha256:{digest(data)}"
