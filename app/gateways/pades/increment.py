"""How a PDF is continued: new and replaced objects, one more cross-reference table, the bytes before untouched."""
from hashlib import sha256
from itertools import count

from app.gateways.pades.reading import Document
from app.gateways.pades.syntax import read_array, read_number, read_numbers, write_dictionary, write_number


class Increment:
    """Objects to be written after the end of `document`; the same calls give the same bytes."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._numbers = count(read_number(document.trailer[b"/Size"]))
        self._objects: dict[int, bytes] = {}
        self.offsets: dict[int, int] = {}  # object → where it begins, once the file is written

    def add(self, *parts: bytes) -> bytes:
        """A new object; its reference."""
        number = next(self._numbers)
        self._objects[number] = b"".join(parts)
        return b"%d 0 R" % number

    def add_stream(self, entries: dict[bytes, bytes], content: bytes) -> bytes:
        entries = entries | {b"/Length": b"%d" % len(content)}
        return self.add(write_dictionary(entries), b"\nstream\n", content, b"\nendstream")

    def add_form(self, rectangle: bytes, resources: bytes, content: bytes) -> bytes:
        """An appearance as large as the rectangle of its field, with its origin at the lower left."""
        left, bottom, right, top = read_numbers(rectangle)
        size = (write_number(right - left), write_number(top - bottom))
        entries = {
            b"/Type": b"/XObject",
            b"/Subtype": b"/Form",
            b"/BBox": b"[0 0 %b %b]" % size,
            b"/Resources": b"<< %b >>" % resources,
        }
        return self.add_stream(entries, content)

    def replace(self, number: int, entries: dict[bytes, bytes]) -> None:
        self._objects[number] = write_dictionary(entries)

    def write(self) -> bytearray:
        """The whole file."""
        document = self._document
        out = bytearray(document.data)
        if not out.endswith(b"\n"):
            out += b"\n"
        for number, body in self._objects.items():
            self.offsets[number] = len(out)
            out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
        table_at = len(out)
        out += b"xref\n" + b"".join(_runs(self.offsets))
        trailer = document.trailer | {b"/Size": b"%d" % next(self._numbers), b"/Prev": b"%d" % document.table_at}
        identity = sha256(memoryview(out)[len(document.data) :]).hexdigest()[:32].upper().encode()
        if b"/ID" in trailer:
            trailer[b"/ID"] = b"[%b <%b>]" % (read_array(document.resolve(trailer[b"/ID"]))[0], identity)
        out += b"trailer\n%b\nstartxref\n%d\n%%%%EOF\n" % (write_dictionary(trailer), table_at)
        return out


def _runs(offsets: dict[int, int]) -> list[bytes]:
    """The table: consecutive numbers under one head."""
    lines: list[bytes] = []
    numbers = sorted(offsets)
    while numbers:
        first = numbers[0]
        run = [number for position, number in enumerate(numbers) if number == first + position]
        lines.append(b"%d %d\n" % (first, len(run)))
        lines += [b"%010d 00000 n \n" % offsets[number] for number in run]
        numbers = numbers[len(run) :]
    return lines
