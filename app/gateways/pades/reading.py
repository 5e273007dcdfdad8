"""Where the objects of a PDF of ours lie: classic cross-reference tables only, read backwards from the end."""
import re
import zlib
from base64 import a85decode
from typing import NamedTuple, Self

from app.gateways.pades.refusals import PadesRefused
from app.gateways.pades.syntax import (
    REFERENCE,
    read_array,
    read_dictionary,
    read_number,
    read_string,
    value_at,
)

_END = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*\Z")
_SUBSECTION = re.compile(rb"\s*(\d+) (\d+)\s*[\r\n]")
_TRAILER = re.compile(rb"\s*trailer\s*")
_OBJECT = re.compile(rb"\s*(\d+)\s+(\d+)\s+obj\b")
_STREAM = re.compile(rb"\s*stream\r?\n")
_ENTRY, _TAIL, _MOST_SECTIONS, _MOST_BYTES = 20, 1024, 72, 1 << 20


class _Section(NamedTuple):
    """One run of entries of a table: the object numbers, and where the first entry is written."""

    first: int
    size: int
    at: int


class Field(NamedTuple):
    """A form field that is its own widget: its object, and its dictionary as written."""

    number: int
    entries: dict[bytes, bytes]


class Document(NamedTuple):
    """A PDF as its newest trailer describes it; objects are looked up when they are asked for."""

    data: bytes
    table_at: int
    trailer: dict[bytes, bytes]
    sections: list[_Section]

    @classmethod
    def open(cls, data: bytes) -> Self:
        """Raises `PadesRefused`: encrypted, or odd_pdf for whatever is not the form that our own writer makes."""
        end = _END.search(data, max(0, len(data) - _TAIL))
        if not data.startswith(b"%PDF-1.") or end is None:
            raise PadesRefused("odd_pdf")
        sections: list[_Section] = []
        newest: dict[bytes, bytes] = {}
        at: int | None = int(end[1])
        for _ in range(_MOST_SECTIONS):
            if at is None:
                return cls(data, int(end[1]), newest, sections)
            trailer = _read_table(data, at, sections)
            newest = newest or trailer
            at = read_number(trailer[b"/Prev"]) if b"/Prev" in trailer else None
        raise PadesRefused("odd_pdf")

    def resolve(self, raw: bytes) -> bytes:
        """The value itself, whether it stands here or is referred to."""
        reference = REFERENCE.fullmatch(raw)
        return self._object(int(reference[1]))[0] if reference else raw

    def dictionary(self, raw: bytes) -> dict[bytes, bytes]:
        return read_dictionary(self.resolve(raw))

    def stream(self, raw: bytes) -> bytes:
        """The decoded bytes of the stream that is referred to."""
        value, end = self._object(reference_number(raw))
        entries = read_dictionary(value)
        begin = _STREAM.match(self.data, end)
        if begin is None:
            raise PadesRefused("odd_pdf")
        content = self.data[begin.end() : begin.end() + read_number(self.resolve(entries[b"/Length"]))]
        filters = entries.get(b"/Filter", b"[]")
        return _decode(content, read_array(filters) if filters.startswith(b"[") else [filters])

    def form(self) -> dict[bytes, bytes]:
        return self.dictionary(self.dictionary(self.trailer[b"/Root"]).get(b"/AcroForm", b"<<>>"))

    def fields(self) -> dict[str, Field]:
        """name → field, for the fields at the root of the form."""
        found: dict[str, Field] = {}
        for reference in read_array(self.resolve(self.form().get(b"/Fields", b"[]"))):
            entries = self.dictionary(reference)
            name = read_string(entries.get(b"/T", b"()")).decode("latin-1")
            if name in found:
                raise PadesRefused("odd_pdf")
            found[name] = Field(reference_number(reference), entries)
        return found

    def _object(self, number: int) -> tuple[bytes, int]:
        """The value of the object, and where it ends in the file."""
        head = _OBJECT.match(self.data, self._offset(number))
        if head is None or int(head[1]) != number:
            raise PadesRefused("odd_pdf")
        begin, end = value_at(self.data, head.end())
        return self.data[begin:end], end

    def _offset(self, number: int) -> int:
        for section in self.sections:
            if 0 <= number - section.first < section.size:
                at = section.at + _ENTRY * (number - section.first)
                entry = self.data[at : at + _ENTRY]
                if entry[17:18] == b"n" and entry[:10].isdigit() and entry[11:16] == b"00000":
                    return int(entry[:10])
                break
        raise PadesRefused("odd_pdf")


def reference_number(raw: bytes) -> int:
    reference = REFERENCE.fullmatch(raw)
    if reference is None:
        raise PadesRefused("odd_pdf")
    return int(reference[1])


def _read_table(data: bytes, at: int, sections: list[_Section]) -> dict[bytes, bytes]:
    """The trailer of the table at that place; its runs of entries join those of the newer tables."""
    if data[at : at + 4] != b"xref":
        raise PadesRefused("odd_pdf")
    at += 4
    while run := _SUBSECTION.match(data, at):
        sections.append(_Section(int(run[1]), int(run[2]), run.end()))
        at = run.end() + _ENTRY * int(run[2])
    head = _TRAILER.match(data, at)
    if head is None:
        raise PadesRefused("odd_pdf")
    begin, end = value_at(data, head.end())
    trailer = read_dictionary(data[begin:end])
    if b"/Encrypt" in trailer:
        raise PadesRefused("encrypted")
    if b"/XRefStm" in trailer or not {b"/Root", b"/Size"} <= trailer.keys():
        raise PadesRefused("odd_pdf")
    return trailer


def _decode(content: bytes, filters: list[bytes]) -> bytes:
    try:
        for name in filters:
            if name == b"/ASCII85Decode":
                content = a85decode(content.strip().removesuffix(b"~>"))
            elif name == b"/FlateDecode":
                content = zlib.decompressobj().decompress(content, _MOST_BYTES)
            else:
                raise PadesRefused("odd_pdf")
    except (ValueError, zlib.error):
        raise PadesRefused("odd_pdf") from None
    return content
