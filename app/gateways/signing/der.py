"""How DER is written, and read so strictly that one value has one encoding only."""
from typing import NamedTuple

INTEGER, OCTET_STRING, NULL, OID = 0x02, 0x04, 0x05, 0x06
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31
CONTEXT_0, CONTEXT_1 = 0xA0, 0xA1

_LONG_LENGTH = 0x80
_HIGH_TAG = 0x1F


class NotDer(ValueError):
    """Bytes that are not the distinguished encoding."""


class TrailingData(NotDer):
    """Bytes after the end of the value."""


class Element(NamedTuple):
    tag: int
    content: bytes
    encoded: bytes


def write(tag: int, *parts: bytes) -> bytes:
    """One value: tag, shortest length, content."""
    content = b"".join(parts)
    size = len(content)
    if size < _LONG_LENGTH:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG_LENGTH | len(length))) + length + content


def write_oid(dotted: str) -> bytes:
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    content = bytearray()
    for arc in (first * 40 + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        content.extend(reversed(groups))
    return write(OID, bytes(content))


def read_one(data: bytes) -> Element:
    """The value that fills `data`; `TrailingData` when more follows, `NotDer` when it is no DER."""
    element = _read_at(data, 0)
    if len(element.encoded) != len(data):
        raise TrailingData
    return element


def read_all(data: bytes) -> list[Element]:
    """The values that stand one after the other in `data`, which is the content of a SEQUENCE or SET."""
    elements, at = [], 0
    while at < len(data):
        element = _read_at(data, at)
        elements.append(element)
        at += len(element.encoded)
    return elements


def _read_at(data: bytes, start: int) -> Element:
    header = data[start : start + 2]
    if len(header) < 2 or header[0] & _HIGH_TAG == _HIGH_TAG:  # noqa: PLR2004 - tag and length
        raise NotDer
    size, begin = header[1], start + 2
    if size >= _LONG_LENGTH:
        count = size - _LONG_LENGTH
        length = data[begin : begin + count]
        size, begin = int.from_bytes(length, "big"), begin + count
        if size < _LONG_LENGTH or length[0] == 0:  # longer than needed, or the indefinite length of BER
            raise NotDer
    end = begin + size
    if end > len(data):
        raise NotDer
    return Element(header[0], data[begin:end], data[start:end])
