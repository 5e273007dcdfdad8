"""What a script or a form may send: values of the expected kinds under the expected names, and nothing else."""

import base64
import binascii
import json
import re
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from flask import request
from flask_babel import lazy_gettext as _

from app.workflows.engine.errors import Detached, WorkflowError
from app.workflows.rules.canonical import HALVES
from app.workflows.rules.passkey import from_base64url

LARGEST = 64 * 1024
LARGEST_NUMBER = 2**31 - 1
MOST_DIGITS = 5
Code = TypeVar("Code", bound=StrEnum)


NOTHING_YET = Detached("request", 0, None, 0)


class Malformed(WorkflowError):
    code = "malformed"
    http_status = 400
    message = _("The request does not have the expected form. Nothing was changed. Please reload the page.")

    def __init__(self, field: str | None = None) -> None:
        super().__init__(NOTHING_YET)
        self.field = field  # type: ignore[misc]


class TooLarge(Malformed):
    code = "too_large"
    http_status = 413
    message = _("The request is too large. Nothing was changed.")


class BadField(Malformed):
    code = "bad_field"
    http_status = 422
    message = _(
        "A value in the request is missing or is of the wrong kind. Nothing was changed. Please reload the page."
    )


class Sent:
    """A JSON object from a script; every reader refuses what is missing, odd or of another type."""

    def __init__(self, values: dict[str, Any], names: set[str]) -> None:
        self.values = values
        if unknown := set(values) - names:
            raise BadField(min(unknown)[:64])

    def text(self, name: str, most: int, default: str | None = None) -> str:
        """Text of at most `most` characters without NUL and half characters; the acts judge the rest."""
        value = self.values.get(name, default)
        if not isinstance(value, str) or len(value) > most or not _storable(value):
            raise BadField(name)
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.values.get(name, default)
        if not isinstance(value, bool):
            raise BadField(name)
        return value

    def code(self, name: str, codes: type[Code]) -> Code:
        value = self.values.get(name)
        if not isinstance(value, str) or value not in {code.value for code in codes}:
            raise BadField(name)
        return codes(value)

    def binary(self, name: str, most: int) -> bytes:
        """Bytes sent as base64 in its strict spelling."""
        try:
            return base64.b64decode(self.text(name, most).encode("ascii"), validate=True)
        except (ValueError, binascii.Error) as odd:
            raise BadField(name) from odd

    def record(self, name: str, *names: str) -> "Sent | None":
        """An object inside of this one; None when it is not there, or null."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise BadField(name)
        return Sent(value, set(names))

    def base64url(self, name: str, most: int) -> bytes:
        """Bytes sent as base64url without padding, of at most `most` letters."""
        try:
            return from_base64url(self.text(name, most))
        except ValueError as odd:
            raise BadField(name) from odd

    def records(self, name: str, most: int, *names: str) -> "list[Sent]":
        """A list of at most `most` objects."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or len(value) > most or not all(isinstance(each, dict) for each in value):
            raise BadField(name)
        return [Sent(each, set(names)) for each in value]

    def whole(self, name: str, least: int = 1) -> int:
        """A number that may be one of a row."""
        value = self.values.get(name)
        if type(value) is not int or not least <= value <= LARGEST_NUMBER:
            raise BadField(name)
        return value

    def wholes(self, name: str, most: int) -> tuple[int, ...]:
        """A list of at most `most` such numbers."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or len(value) > most:
            raise BadField(name)
        return tuple(Sent({name: each}, {name}).whole(name) for each in value)

    def given(self, name: str) -> bool:
        """Whether there is anything but null under a name."""
        return self.values.get(name) is not None

    def words(self, name: str, most: int) -> tuple[str, ...]:
        """A list of at most `most` short words."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or len(value) > most or not all(isinstance(word, str) for word in value):
            raise BadField(name)
        return tuple(value)


def json_object(*names: str, most: int = LARGEST) -> Sent:
    """The body of this request: UTF-8 JSON, an object, no name twice, none but these names, at most `most` bytes."""
    if (request.content_length or 0) > most:
        raise TooLarge
    request.max_content_length = most
    if not request.is_json:
        raise Malformed
    try:
        values = json.loads(request.get_data().decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_number)
    except (ValueError, RecursionError) as odd:
        raise Malformed from odd
    if not isinstance(values, dict):
        raise Malformed
    return Sent(values, set(names))


def form_code(name: str, codes: type[Code]) -> Code:
    """The code that a form's buttons or options send; BadField for any other value."""
    value = request.form.get(name, "")
    if value not in {code.value for code in codes}:
        raise BadField(name)
    return codes(value)


def form_text(name: str, most: int) -> str:
    """Text of a form, as the browser sends it: the acts judge it; BadField for more than `most` characters."""
    value = request.form.get(name, "")
    if len(value) > most or not _storable(value):
        raise BadField(name)
    return value


def form_id(name: str) -> int | None:
    """The number of a chosen row; None for the empty choice, BadField for anything else."""
    value = request.form.get(name, "")
    if value and not re.fullmatch(r"[0-9]{1,9}", value):
        raise BadField(name)
    return int(value) if value else None


def _storable(value: str) -> bool:
    return "\0" not in value and HALVES.search(value) is None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"not JSON: {text}")


def page_number(text: str) -> int:
    """The page of a list that an address asks for, from 1 on; what is no number asks for the first."""
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else 1
