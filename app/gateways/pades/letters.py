"""Which letters an embedded font of the document has, by which codes they are written, and how wide they are."""
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from app.gateways.pades.reading import Document
from app.gateways.pades.refusals import PadesRefused
from app.gateways.pades.syntax import read_number, read_numbers

_PROGRAMS = (b"/FontFile2", b"/FontFile3")
_BLOCK = re.compile(rb"begin(bfchar|bfrange)(.*?)end\1", re.DOTALL)
_HEX = re.compile(rb"<([0-9A-Fa-f]+)>|(\[)|(\])")


class Letters(NamedTuple):
    """A simple font: letter → code, and how wide each code is in thousandths of the size."""

    codes: Mapping[str, int]
    first: int
    widths: list[float]

    def encode(self, text: str) -> bytes:
        """The text as a hexadecimal string; refused when the font lacks a letter."""
        lacking = "".join(sorted({letter for letter in text if not self._has(letter)}))
        if lacking:
            raise PadesRefused("missing_letter", letters=lacking)
        return b"<%b>" % bytes(self.codes[letter] for letter in text).hex().upper().encode()

    def width(self, text: str) -> float:
        return sum(self.widths[self.codes[letter] - self.first] for letter in text)

    def _has(self, letter: str) -> bool:
        code = self.codes.get(letter, -1) - self.first
        return letter.isprintable() and 0 <= code < len(self.widths) and self.widths[code] > 0


def read_letters(document: Document, font: bytes) -> Letters:
    """The font that the reference leads to; refused unless it is a simple font embedded in the document."""
    entries = document.dictionary(font)
    if not {b"/FontDescriptor", b"/ToUnicode", b"/Widths", b"/FirstChar"} <= entries.keys():
        raise PadesRefused("font_not_embedded")
    descriptor = document.dictionary(entries[b"/FontDescriptor"])
    if not any(program in descriptor for program in _PROGRAMS):
        raise PadesRefused("font_not_embedded")
    widths = document.resolve(entries[b"/Widths"])
    codes = _read_map(document.stream(entries[b"/ToUnicode"]))
    return Letters(codes, read_number(entries[b"/FirstChar"]), _read_widths(widths))


@lru_cache(maxsize=64)
def _read_widths(raw: bytes) -> list[float]:
    return read_numbers(raw)


@lru_cache(maxsize=64)
def _read_map(cmap: bytes) -> Mapping[str, int]:
    """letter → the first code that stands for it."""
    codes: dict[str, int] = {}
    for block in _BLOCK.finditer(cmap):
        tokens = [match[0] for match in _HEX.finditer(block[2])]
        while tokens:
            for code, letter in _take(tokens, ranges=block[1] == b"bfrange"):
                codes.setdefault(letter, code)
    return codes


def _take(tokens: list[bytes], *, ranges: bool) -> list[tuple[int, str]]:
    """The next entry of a block, taken off the list."""
    try:
        first = int(tokens.pop(0)[1:-1], 16)
        last = int(tokens.pop(0)[1:-1], 16) if ranges else first
        if ranges and tokens[0] == b"[":
            end = tokens.index(b"]")
            letters = [_letter(token) for token in tokens[1:end]]
            del tokens[: end + 1]
        else:
            start = _letter(tokens.pop(0))
            letters = [start] if first == last else [chr(ord(start) + step) for step in range(last - first + 1)]
        return list(zip(range(first, last + 1), letters, strict=True))
    except (IndexError, ValueError, TypeError):
        raise PadesRefused("odd_pdf") from None


def _letter(token: bytes) -> str:
    return bytes.fromhex(token[1:-1].decode()).decode("utf-16-be")
