"""Decides from the raw bytes alone whether a file is one whole PDF and carries nothing that acts.

Runs inside the worker, without the application: only the standard library.
"""

import re
import zlib
from collections.abc import Iterator

HEADER = re.compile(rb"%PDF-(1\.[0-7]|2\.0)[\r\n \t]")
MARKUP = re.compile(rb"<\s*(!doctype|html|head|body|script|svg|iframe|\?php|\?xml-stylesheet)", re.IGNORECASE)
END = re.compile(rb"startxref\s+(\d+)\s+%%EOF[\s\0]*\Z")
CROSS_REFERENCE = re.compile(rb"\s*(xref\b|\d+\s+\d+\s+obj\b)")
STREAM = re.compile(rb">>\s*stream\r?\n(.*?)endstream", re.DOTALL)
OBJECT = re.compile(rb"\b\d+\s+\d+\s+obj\b")
PACKED = re.compile(rb"/Type\s*/ObjStm\b")
ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
ENCRYPTED = re.compile(rb"/Encrypt[\s<]")
ACTIVE = re.compile(
    rb"/(JavaScript|JS|Launch|EmbeddedFiles?|EF|FileAttachment|RichMedia|SubmitForm|ImportData|GoToE|XFA|Movie|Sound|"
    rb"Rendition)(?=[\s/()<>\[\]{}%]|\Z)"
)
ARCHIVE_END = b"PK\x05\x06"
FRONT, BACK, ARCHIVE_TAIL = 1024, 1024, 66_000
PACKED_LIMIT = 32 << 20  # bytes of unpacked object streams that are looked at; a file with more is too heavy


class Refused(Exception):
    """The file is refused; `code` is one of the codes of the intake."""

    def __init__(self, code: str, **details: str) -> None:
        super().__init__(code)
        self.code, self.details = code, details


def check(data: bytes) -> None:
    """Raise Refused: empty, not_pdf (also what is something else besides), corrupt, encrypted, active_content."""
    if not data:
        raise Refused("empty")
    if not HEADER.match(data) or MARKUP.search(data, 0, FRONT) or data.rfind(ARCHIVE_END, -ARCHIVE_TAIL) >= 0:
        raise Refused("not_pdf")
    ending = END.search(data, max(0, len(data) - BACK))
    if ending is None or not CROSS_REFERENCE.match(data, int(ending[1])):
        raise Refused("corrupt")  # viewers would repair it, each in its own way
    if ENCRYPTED.search(data):
        raise Refused("encrypted")  # before anything is unpacked: it would not unpack
    for part in visible(data):
        if ACTIVE.search(part):
            raise Refused("active_content")


def visible(data: bytes) -> Iterator[bytes]:
    """The dictionaries of all objects, packed ones included, with escaped names spelled out; contents are left out.

    A content that contains the beginning of an object is looked at too: "stream" in a comment hides nothing.
    """
    read, room = 0, PACKED_LIMIT
    for found in STREAM.finditer(data):
        outside = _spelled(data[read : found.start(1)])
        yield outside
        content = data[found.start(1) : found.end(1)]
        if PACKED.search(outside, max(0, len(outside) - FRONT)):
            packed = _unpacked(content, room)
            room -= len(packed)
            yield _spelled(packed)
        elif OBJECT.search(content):
            yield _spelled(content)
        read = found.end(1)
    yield _spelled(data[read:])


def _unpacked(content: bytes, room: int) -> bytes:
    engine = zlib.decompressobj()
    try:
        packed = engine.decompress(content, room)
    except zlib.error as error:
        raise Refused("corrupt") from error
    if engine.unconsumed_tail:
        raise Refused("too_heavy")
    return packed


def _spelled(part: bytes) -> bytes:
    return ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), part)
