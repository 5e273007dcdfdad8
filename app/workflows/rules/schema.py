"""What a signed record may hold: small checks that together describe one exact shape."""

import base64
import binascii
import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from app.workflows.rules.calendar import parse_utc
from app.workflows.rules.canonical import clean_text

Check = Callable[[Any], Any]
"""Takes a value, returns it cleaned; ValueError says what is wrong with it."""

_LARGEST = 2**53 - 1  # what every JSON reader keeps exactly
_NONCE_BYTES = range(16, 33)


def text(most: int, *, empty: bool = False, lines: bool = False) -> Check:
    """Clean text (rules of `clean_text`) of at most `most` characters, on one line unless `lines`."""

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError("must be text")
        cleaned = clean_text(value)
        if not cleaned and not empty:
            raise ValueError("must not be empty")
        if not lines and ("\n" in cleaned or "\t" in cleaned):
            raise ValueError("must stand on one line")
        if len(cleaned) > most:
            raise ValueError(f"has more than {most} characters")
        return cleaned

    return check


def pattern(expression: str, meaning: str) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(expression, value):
            raise ValueError(f"must be {meaning}")
        return value

    return check


def whole(least: int) -> Check:
    def check(value: Any) -> int:
        if type(value) is not int or not least <= value <= _LARGEST:
            raise ValueError(f"must be a whole number from {least}")
        return value

    return check


def one_of(*allowed: Any) -> Check:
    """One of the given values; the type counts too, so that true never passes for 1."""

    def check(value: Any) -> Any:
        if not any(type(value) is type(each) and value == each for each in allowed):
            raise ValueError(f"must be one of {', '.join(map(str, allowed))}")
        return value

    return check


def optional(inner: Check) -> Check:
    return lambda value: None if value is None else inner(value)


def list_of(inner: Check, most: int | None = None) -> Check:
    def check(value: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise ValueError("must be a list")
        if most is not None and len(value) > most:
            raise ValueError(f"has more than {most} entries")
        return [_at(f"[{index}]", inner, part) for index, part in enumerate(value)]

    return check


def record(**members: Check) -> Check:
    """An object with exactly these members."""

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValueError("must be an object")
        if odd := sorted(set(map(str, value)) ^ set(members)):
            raise ValueError(f"missing or unknown: {', '.join(odd)}")
        return {name: _at(name, inner, value[name]) for name, inner in members.items()}

    return check


def _at(place: str, inner: Check, value: Any) -> Any:
    try:
        return inner(value)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from error


def day(value: Any) -> str:
    """A calendar day, "2026-11-21"."""
    if not isinstance(value, str) or dt.date.fromisoformat(value).isoformat() != value:
        raise ValueError("must be a date like 2026-11-21")
    return value


def moment(value: Any) -> str:
    """A time in UTC with whole seconds, "2026-11-21T02:00:03Z"."""
    if not isinstance(value, str):
        raise ValueError("must be a time like 2026-11-21T02:00:03Z")
    parse_utc(value)
    return value


def nonce(value: Any) -> str:
    """16 to 32 random bytes from the device as base64url without padding, in its one spelling."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", value):
        raise ValueError("must be base64url without padding")
    try:
        raw = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except binascii.Error as error:
        raise ValueError("must be base64url without padding") from error
    if len(raw) not in _NONCE_BYTES or base64.urlsafe_b64encode(raw).decode().rstrip("=") != value:
        raise ValueError("must be base64url of 16 to 32 bytes")
    return value


flag = one_of(True, False)
identifier = whole(1)
sha256_hex = pattern(r"[0-9a-f]{64}", "a SHA-256 in lower-case hex")
sha256_tagged = pattern(r"sha256:[0-9a-f]{64}", "sha256:<hex>")
