"""Decides how a file came about: a base and what was appended to it, each byte belonging to exactly one object.

Every reader takes the same file apart in its own way and repairs what is odd; so nothing odd is left over here: one
kind of cross-reference, each object listed once and standing where it is listed, nothing between the objects.
"""

import re
from typing import Any, NamedTuple

from .syntax import GAP, Objection, Parser, Reference, Stream

MOST_REVISIONS, MOST_OBJECTS = 64, 50_000  # a document that is renewed once a year has room for sixty years
HEADER = re.compile(rb"%PDF-1\.[3-7]\r?\n(?:%[\x80-\xff]{4,16}[^\r\n]{0,80}\r?\n)?")
LATE_HEADER = re.compile(rb"%PDF-[0-9]\.[0-9]")
TABLE_END = re.compile(rb"[\r\n ]*startxref\r?\n([0-9]{1,10})\r?\n%%EOF(?:\r?\n)?")
TABLE = re.compile(rb"xref\r?\n")
SUBSECTION = re.compile(rb"([0-9]{1,8}) ([0-9]{1,6}) ?\r?\n")
ENTRY = re.compile(rb"([0-9]{10}) ([0-9]{5}) ([nf])(?: \r| \n|\r\n)")
ENTRY_SIZE = 20
OBJECT = re.compile(rb"([0-9]{1,8}) 0 obj(?=[\0\t\n\f\r <\[(/])")
STREAM = re.compile(rb"[\t\n\r ]*stream\r?\n")
STREAM_END = re.compile(rb"\r?\n?endstream(?=[\t\n\r ])")
OBJECT_END = re.compile(rb"[\t\n\r ]*endobj(?=[\t\n\r ])")
FREE_HEAD = 65535


class Revision(NamedTuple):
    """The objects of one part of the file, `start` to `end`, by number, and its trailer."""

    start: int
    end: int
    table: int
    trailer: dict[str, Any]
    objects: dict[int, Any]


class _Table(NamedTuple):
    at: int
    end: int
    offsets: dict[int, int]
    trailer: dict[str, Any]


def read_revisions(data: bytes) -> list[Revision]:
    """Base first. Raises Objection with the code of the first thing that is not plain."""
    header = _header(data)
    _refuse_unsigned(data)
    tables = _tables(data)
    revisions: list[Revision] = []
    start, objects_from = 0, header
    for table in tables:
        objects = _objects(data, objects_from, table)
        revisions.append(Revision(start, table.end, table.at, table.trailer, objects))
        start = objects_from = table.end
    _check_trailers(revisions)
    return revisions


def _header(data: bytes) -> int:
    if not data.startswith(b"%PDF-"):
        raise Objection("leading_bytes" if LATE_HEADER.search(data) else "no_pdf")
    found = HEADER.match(data)
    if found is None:
        raise Objection("foreign_structure")
    return found.end()


def _refuse_unsigned(data: bytes) -> None:
    """Without a byte range in the clear there is no signature, whatever else there is: most foreign files end here."""
    if b"/Encrypt" in data and re.search(rb"/Encrypt[\s<]", data):
        raise Objection("encrypted")
    if b"%%EOF" not in data:
        raise Objection("truncated")
    if b"/ByteRange" not in data:
        raise Objection("unsigned")


def _tables(data: bytes) -> list[_Table]:
    """The cross-reference tables, the oldest first; each ends a revision and the last one ends the file."""
    at: int | None = _last_table(data)
    tables: list[_Table] = []
    while at is not None:
        if len(tables) == MOST_REVISIONS:
            raise Objection("beyond_limits")
        table = _table(data, at)
        if not tables and table.end != len(data):  # the last words of the file point back to an older table
            raise Objection("trailing_bytes")
        if tables and not table.end <= tables[0].at:
            circle = any(at == known.at for known in tables)  # otherwise a linearised file
            raise Objection("broken_table" if circle else "foreign_structure")
        tables.insert(0, table)
        at = table.trailer.get("Prev")
        if at is not None and type(at) is not int:
            raise Objection("broken_table")
    return tables


def _last_table(data: bytes) -> int:
    pointer = data.rfind(b"startxref", 0, data.rfind(b"%%EOF"))
    found = TABLE_END.match(data, pointer) if pointer >= 0 else None
    if found is None:
        raise Objection("broken_table")
    if found.end() != len(data):
        raise Objection("trailing_bytes")
    return int(found[1])


def _table(data: bytes, at: int) -> _Table:
    head = TABLE.match(data, at)
    if head is None:
        raise Objection("packed_structure" if OBJECT.match(data, at) else "broken_table")
    offsets: dict[int, int] = {}
    place = head.end()
    while run := SUBSECTION.match(data, place):
        place = run.end()
        for number in range(int(run[1]), int(run[1]) + int(run[2])):
            place = _entry(data, place, number, offsets)
    if not data.startswith(b"trailer", place):
        raise Objection("broken_table")
    parser = Parser(data, place + len(b"trailer"), len(data))
    trailer = parser.value()
    ending = TABLE_END.match(data, parser.at)
    if ending is None or int(ending[1]) != at or not isinstance(trailer, dict):
        raise Objection("broken_table")
    return _Table(at, ending.end(), offsets, trailer)


def _entry(data: bytes, place: int, number: int, offsets: dict[int, int]) -> int:
    """One line of a table; nothing is ever freed, and only object 0 heads the list of free ones."""
    found = ENTRY.match(data, place)
    if found is None or len(offsets) > MOST_OBJECTS:
        raise Objection("broken_table")
    if found[3] == b"f":
        if (number, int(found[2])) != (0, FREE_HEAD):
            raise Objection("object_removed")
    elif number == 0 or int(found[2]) or number in offsets:
        raise Objection("repeated_object" if number in offsets else "broken_table")
    else:
        offsets[number] = int(found[1])
    return place + ENTRY_SIZE


def _objects(data: bytes, start: int, table: _Table) -> dict[int, Any]:
    """Every object between `start` and the table, one after the other with nothing between, and all of them listed."""
    objects: dict[int, Any] = {}
    places = {offset: number for number, offset in table.offsets.items()}
    at = _skip(data, start)
    while at < table.at:
        found = OBJECT.match(data, at)
        if found is None:
            raise Objection("hidden_bytes")
        number = int(found[1])
        if number in objects or number > MOST_OBJECTS:
            raise Objection("repeated_object")
        if places.pop(at, None) != number:
            raise Objection("repeated_object" if number in table.offsets else "hidden_object")
        objects[number], at = _object(data, found.end(), table.at)
        at = _skip(data, at)
    if at != table.at or places:
        raise Objection("broken_table")
    return objects


def _skip(data: bytes, at: int) -> int:
    found = GAP.match(data, at)
    return found.end() if found else at


def _object(data: bytes, at: int, end: int) -> tuple[Any, int]:
    parser = Parser(data, at, end)
    value = parser.value()
    begin = STREAM.match(data, parser.at, end)
    if begin is not None:
        length = value.get("Length") if isinstance(value, dict) else None
        if type(length) is not int or not 0 <= length <= end - begin.end():
            raise Objection("broken_syntax")
        closing = STREAM_END.match(data, begin.end() + length, end)
        if closing is None:
            raise Objection("broken_syntax")
        content = data[begin.end() : begin.end() + length]
        value, parser.at = Stream(value, content, begin.end()), closing.end()
    ending = OBJECT_END.match(data, parser.at, end)
    if ending is None:
        raise Objection("broken_syntax")
    return value, ending.end()


def _check_trailers(revisions: list[Revision]) -> None:
    """Each trailer goes on where the one before ended, with the same catalogue and the same first identifier."""
    before = None
    numbers: set[int] = set()
    for revision in revisions:
        trailer = revision.trailer
        if "XRefStm" in trailer:
            raise Objection("packed_structure")
        if "Encrypt" in trailer:
            raise Objection("encrypted")
        numbers |= revision.objects.keys()
        if trailer.get("Size") != max(numbers, default=0) + 1 or not isinstance(trailer.get("Root"), Reference):
            raise Objection("broken_table")
        if before is not None:
            _check_continues(before, revision)
        before = revision


def _check_continues(before: Revision, revision: Revision) -> None:
    old, new = before.trailer, revision.trailer
    for key, code in (("Root", "catalog_changed"), ("Info", "metadata_changed")):
        if old.get(key) != new.get(key):
            raise Objection(code)
    if new.get("Prev") != before.table or (old.get("ID") or [b""])[:1] != (new.get("ID") or [b""])[:1]:
        raise Objection("broken_table")
