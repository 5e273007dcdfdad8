"""Makes the files that an upload form meets: good papers, broken ones and traps."""

import datetime as dt
import zlib
from io import BytesIO

from pypdf import PdfReader, PdfWriter

from app.gateways.paper import blocks
from app.gateways.paper.head import Head, Title
from app.gateways.paper.layout import build

MADE_AT = dt.datetime(2026, 11, 21, 9, 0, tzinfo=dt.UTC)
CATALOG = b"<< /Type /Catalog /Pages 2 0 R %s >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] %s >>"


def raw_pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A classic PDF of the given objects, numbered from 1; the first is the catalogue."""
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return out + b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)


def one_page(catalog: bytes = b"", page: bytes = b"", *more: bytes) -> bytes:
    return raw_pdf(CATALOG % catalog, PAGES, PAGE % page, *more)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries, content)


def paper(*paragraphs: str, summary: str = "Về việc thử", mark: str = "") -> bytes:
    """A paper in official layout, as a ministry sends it; `mark` stands under the number, in the place of box 10a."""
    story = [
        Head("Bộ Tài chính".upper(), "Hà Nội, ngày 21 tháng 11 năm 2026", number="Số: 05/TTr-BTC", mark=mark),
        Title("TỜ TRÌNH", summary),
        *(blocks.paragraph(words) for words in paragraphs),
    ]
    return build(story, title="Tờ trình", issuer="Bộ Tài chính", made_at=MADE_AT, demo=False)


def encrypted(pdf: bytes, user: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf)))
    writer.encrypt(user_password=user, owner_password="owner", algorithm="AES-128")
    return _written(writer)


def rotated(pdf: bytes) -> bytes:
    """The paper as some scanners and printers write it: turned on the page, and the page turned back."""
    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf)))
    writer.pages[0].rotate(90).transfer_rotation_to_content()
    writer.pages[0].rotate(270)
    return _written(writer)


def packed_pdf(*objects: bytes) -> bytes:
    """The same objects inside one compressed object stream, with a cross-reference stream instead of a table."""
    count = len(objects)
    heads, bodies = b"", b""
    for number, body in enumerate(objects, start=1):
        heads += b"%d %d " % (number, len(bodies))
        bodies += body + b"\n"
    entries = b"/Type /ObjStm /N %d /First %d /Filter /FlateDecode" % (count, len(heads))
    out = b"%PDF-1.7\n"
    at = len(out)
    out += b"%d 0 obj\n%s\nendobj\n" % (count + 1, stream(zlib.compress(heads + bodies), entries))
    rows = [b"\0\0\0\0\0"]
    rows += [b"\2" + (count + 1).to_bytes(3, "big") + bytes([place]) for place in range(count)]
    rows += [b"\1" + at.to_bytes(3, "big") + b"\0", b"\1" + len(out).to_bytes(3, "big") + b"\0"]
    kind = b"/Type /XRef /Size %d /W [1 3 1] /Root 1 0 R" % (count + 3)
    return out + b"%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (count + 2, stream(b"".join(rows), kind), len(out))


def blank(pages: int) -> bytes:
    kids = b" ".join(b"%d 0 R" % number for number in range(3, pages + 3))
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"
    return raw_pdf(CATALOG % b"", b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages), *[page] * pages)


def bomb(megabytes: int) -> bytes:
    """Some kilobytes that unpack to so many megabytes of drawing."""
    inner, outer, content = zlib.compressobj(9), zlib.compressobj(9), b""
    for _ in range(megabytes):
        content += outer.compress(inner.compress(b"0 0 m 1 1 l S\n" * 75_000))
    content += outer.compress(inner.flush()) + outer.flush()
    return one_page(b"", b"/Contents 4 0 R", stream(content, b"/Filter [/FlateDecode /FlateDecode]"))


def tedious(pages: int) -> bytes:
    """Many pages that share one long content: small in memory, slow to read."""
    content = zlib.compress(b"BT /F1 12 Tf 10 10 Td (word) Tj ET\n" * 3_000)
    kids = b" ".join(b"%d 0 R" % number for number in range(5, pages + 5))
    page = PAGE % b"/Contents 3 0 R /Resources << /Font << /F1 4 0 R >> >>"
    return raw_pdf(
        CATALOG % b"",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages),
        stream(content, b"/Filter /FlateDecode"),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>",
        *[page] * pages,
    )


def _written(writer: PdfWriter) -> bytes:
    target = BytesIO()
    writer.write(target)
    return target.getvalue()
