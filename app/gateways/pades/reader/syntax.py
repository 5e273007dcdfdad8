"""Decides what one PDF object says, or that it is not written in the one plain way we accept."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

DEEPEST = 32
WHITE = rb"[\0\t\n\f\r ]"
# Comments say nothing, so a reader that repairs a file may find objects in them: only those of the type-setting
# library are accepted.
COMMENT = rb"% ReportLab [A-Za-z() -]{1,80}\r?\n"
GAP = re.compile(rb"(?:%s++|%s)*+" % (WHITE, COMMENT))
END = rb"(?=[\0\t\n\f\r ()<>\[\]{}/%]|\Z)"
TOKEN = re.compile(
    rb"(?P<reference>([0-9]{1,9})%(white)s++([0-9]{1,5})%(white)s++R%(end)s)"
    rb"|(?P<number>[+-]?(?:[0-9]{1,12}(?:\.[0-9]{0,12})?|\.[0-9]{1,12}))%(end)s"
    rb"|/(?P<name>[^\0\t\n\f\r ()<>\[\]{}/%%]*+)"
    rb"|(?P<open><<)|(?P<close>>>)|(?P<begin>\[)|(?P<finish>\])"
    rb"|(?P<hex><[0-9A-Fa-f\0\t\n\f\r ]*+>)|(?P<text>\()"
    rb"|(?P<word>true|false|null)%(end)s" % {b"white": WHITE, b"end": END}
)
WHOLE_NUMBERS = re.compile(rb"((?:[ \r\n]*+[0-9]{1,9}(?=[ \r\n\]]))++)[ \r\n]*+\]")  # the widths of letters, mostly
PAREN = re.compile(rb"[()\\]")
ESCAPE = re.compile(rb"\\(\r\n|[0-7]{1,3}|.)", re.DOTALL)
ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"(": b"(", b")": b")", b"\\": b"\\"}
SPELLED = re.compile(r"#([0-9A-Fa-f]{2})")
BLANKS = bytes(range(33))
WORDS = {b"true": True, b"false": False, b"null": None}


class Objection(Exception):
    """The file is not one of ours as we made it: `code` names the rule it breaks."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Name(str):
    """/Name, without the slash and with escapes spelled out."""

    __slots__ = ()


class Reference(NamedTuple):
    number: int
    generation: int


class Hex(bytes):
    """A string written in hexadecimal digits; `start` and `end` say where in the file, brackets included.

    `plain` when each byte is two small digits and nothing else stands there, so that there is one way to write it.
    """

    start: int
    end: int
    plain: bool


class Stream(NamedTuple):
    entries: dict[str, Any]
    content: bytes  # as it stands in the file
    start: int = 0  # where the content begins in the file


class Parser:
    """Reads values one after the other from `at` on; raises Objection: broken_syntax, beyond_limits."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.data, self.at, self.end = data, at, end

    def skip(self) -> None:
        found = GAP.match(self.data, self.at, self.end)
        self.at = found.end() if found else self.at

    def value(self, depth: int = 0) -> Any:
        if depth > DEEPEST:
            raise Objection("beyond_limits")
        kind, found = self._token()
        match kind:
            case "open":
                return self._dictionary(depth)
            case "begin":
                return self._array(depth)
            case "text":
                return self._text()
        if kind not in SCALARS:
            raise Objection("broken_syntax")
        return SCALARS[kind](found)

    def _token(self) -> tuple[str, re.Match[bytes]]:
        self.skip()
        found = TOKEN.match(self.data, self.at, self.end)
        if found is None or found.lastgroup is None:
            raise Objection("broken_syntax")
        self.at = found.end()
        return found.lastgroup, found

    def _ends_with(self, closing: bytes) -> bool:
        self.skip()
        if not self.data.startswith(closing, self.at, self.end):
            return False
        self.at += len(closing)
        return True

    def _array(self, depth: int) -> list[Any]:
        plain = WHOLE_NUMBERS.match(self.data, self.at, self.end)
        if plain is not None and depth < DEEPEST:
            self.at = plain.end()
            return [int(number) for number in plain[1].split()]
        values = []
        while not self._ends_with(b"]"):
            values.append(self.value(depth + 1))
        return values

    def _dictionary(self, depth: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not self._ends_with(b">>"):
            key = self.value(depth + 1)
            if not isinstance(key, Name) or key in entries:  # of two equal keys each reader takes another
                raise Objection("broken_syntax")
            entries[key] = self.value(depth + 1)
        return entries

    def _text(self) -> bytes:
        start, open_ = self.at, 1
        while open_:
            found = PAREN.search(self.data, self.at, self.end)
            if found is None:
                raise Objection("broken_syntax")
            self.at = found.end() + (found[0] == b"\\")
            open_ += {b"(": 1, b")": -1}.get(found[0], 0)
        return ESCAPE.sub(_unescaped, self.data[start : self.at - 1])


def _unescaped(found: re.Match[bytes]) -> bytes:
    sign = found[1]
    if sign[:1].isdigit() and sign[:1] < b"8":
        return bytes([int(sign, 8) & 0xFF])
    return b"" if sign in (b"\r\n", b"\r", b"\n") else ESCAPED.get(sign, sign)


def _name(written: bytes) -> Name:
    return Name(SPELLED.sub(lambda found: chr(int(found[1], 16)), written.decode("latin-1")))


def _hex(found: re.Match[bytes]) -> Hex:
    digits = found[0][1:-1].translate(None, BLANKS)
    text = Hex(bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode()))
    text.start, text.end = found.span()
    text.plain = found[0] == b"<%b>" % text.hex().encode()
    return text


def _number(found: re.Match[bytes]) -> int | float:
    return float(found[0]) if b"." in found[0] else int(found[0])


SCALARS: dict[str, Callable[[re.Match[bytes]], Any]] = {
    "reference": lambda found: Reference(int(found[2]), int(found[3])),
    "number": _number,
    "name": lambda found: _name(found["name"]),
    "hex": _hex,
    "word": lambda found: WORDS[found[0]],
}
