"""How the values of a PDF are told apart: containers are opened one level deep, what is inside stays as written."""
import re
import unicodedata

from app.gateways.pades.refusals import PadesRefused

_BLANK = rb"(?:[\x00\t\n\f\r ]++|%[^\r\n]*+)*+"
_REGULAR = rb"[^\x00\t\n\f\r ()<>\[\]{}/%]"
_TOKEN = re.compile(
    _BLANK + rb"(<<[^<>()%]*+>>|\[[0-9.+\-R\x00\t\n\f\r ]*+\]"  # what holds no container is taken at once
    rb"|<<|>>|[\[\]]|/" + _REGULAR + rb"*+|<[0-9A-Fa-f\x00\t\n\f\r ]*+>|\((?:[^()\\]++|\\.)*+\)"
    rb"|\d++[\x00\t\n\f\r ]++\d++[\x00\t\n\f\r ]++R(?!" + _REGULAR + rb")|" + _REGULAR + rb"++)",
    re.DOTALL,
)
REFERENCE = re.compile(rb"(\d+)\s+(\d+)\s+R")
_OPENS, _CLOSES = (b"<<", b"["), (b">>", b"]")
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|\r\n|.)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\n": b"", b"\r": b"", b"\r\n": b""}


def value_at(data: bytes, at: int) -> tuple[int, int]:
    """Where the next value begins and ends."""
    token = _next(data, at)
    begin, depth = token.start(1), 0
    while True:
        if token[1] in _OPENS:
            depth += 1
        elif token[1] in _CLOSES:
            depth -= 1
        if depth < 0:
            raise PadesRefused("odd_pdf")
        if depth == 0:
            return begin, token.end()
        token = _next(data, token.end())


def _next(data: bytes, at: int) -> re.Match[bytes]:
    token = _TOKEN.match(data, at)
    if token is None:
        raise PadesRefused("odd_pdf")
    return token


def read_dictionary(raw: bytes) -> dict[bytes, bytes]:
    """name → value as written; a name that stands there twice has no one meaning and is refused."""
    if raw[:2] != b"<<" or raw[-2:] != b">>":
        raise PadesRefused("odd_pdf")
    entries: dict[bytes, bytes] = {}
    at = 2
    while (name := _next(raw, at))[1] != b">>":
        begin, at = value_at(raw, name.end())
        if name[1][:1] != b"/" or name[1] in entries:
            raise PadesRefused("odd_pdf")
        entries[name[1]] = raw[begin:at]
    if name.end() != len(raw):
        raise PadesRefused("odd_pdf")
    return entries


def read_array(raw: bytes) -> list[bytes]:
    if raw[:1] != b"[" or raw[-1:] != b"]":
        raise PadesRefused("odd_pdf")
    values, at = [], 1
    while (token := _next(raw, at))[1] != b"]":
        begin, at = value_at(raw, token.start(1))
        values.append(raw[begin:at])
    if token.end() != len(raw):
        raise PadesRefused("odd_pdf")
    return values


def read_numbers(raw: bytes) -> list[float]:
    try:
        return [float(value) for value in read_array(raw)]
    except ValueError:
        raise PadesRefused("odd_pdf") from None


def read_number(raw: bytes) -> int:
    if not raw.isdigit():
        raise PadesRefused("odd_pdf")
    return int(raw)


def read_string(raw: bytes) -> bytes:
    """The bytes that a string in round or angle brackets stands for."""
    if raw[:1] == b"<" and raw[-1:] == b">":
        digits = b"".join(raw[1:-1].split())
        return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())
    if raw[:1] != b"(":
        raise PadesRefused("odd_pdf")
    return _ESCAPED.sub(_unescape, raw[1:-1])


def _unescape(match: re.Match[bytes]) -> bytes:
    what = match[1]
    return bytes((int(what, 8) & 0xFF,)) if what.isdigit() else _LETTERS.get(what, what)


def write_dictionary(entries: dict[bytes, bytes]) -> bytes:
    return b"<< " + b" ".join(b"%b %b" % entry for entry in entries.items()) + b" >>"


def write_text(text: str) -> bytes:
    """A text string: as it is where ASCII holds it, otherwise UTF-16BE with its mark."""
    text = unicodedata.normalize("NFC", text)
    if text.isascii() and text.isprintable():
        return b"(" + re.sub(rb"([()\\])", rb"\\\1", text.encode()) + b")"
    return b"<FEFF" + text.encode("utf-16-be").hex().upper().encode() + b">"


def write_number(number: float) -> bytes:
    """At most three decimals: a thousandth of a point is far below any printer."""
    return f"{number:.3f}".rstrip("0").rstrip(".").encode()
