"""Makes what people would try on a signed Resolution: each variant with the reason it has to be refused for."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import sha256

from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko_certvalidator import ValidationContext

from app.gateways import paper
from app.gateways.pades import Expected, Reservation, reserve
from app.gateways.pades.increment import Increment
from app.gateways.pades.reading import Document, reference_number
from app.gateways.pades.syntax import read_array, write_dictionary
from app.gateways.signing import Authority, sign_document
from tests.gateways.pades_cases import NUMBERED, ink
from tests.gateways.signing_cases import NOW, Holder, holder

MADE_AT, SIGNED_AT, SEALED_AT = (NOW + dt.timedelta(minutes=minutes) for minutes in (-5, 0, 1))
AT = NOW + dt.timedelta(days=1)
TEXT = {
    "subject": "Về một số giải pháp hỗ trợ doanh nghiệp nhỏ và vừa",
    "bases": ["Căn cứ Luật Tổ chức Chính phủ số 63/2025/QH15"],
    "formula": "Trên cơ sở kết quả biểu quyết của các Thành viên Chính phủ",
    "articles": [
        {
            "heading": "Mục tiêu",
            "intro": "Giảm chi phí tuân thủ.",
            "clauses": [{"text": "Trong năm 2026.", "points": []}],
        }
    ],
    "annexes": [],
    "recipients": ["Các bộ, cơ quan ngang bộ"],
    "archive": "VT, KTTH (2)",
}

AUTHORITY = Authority.create(None, NOW - dt.timedelta(days=30), demo=True)
TRUSTED = AUTHORITY.chain()
STRANGE = Authority.create(None, NOW - dt.timedelta(days=30), demo=True)  # another authority of the same name


def person(name: str, key=None, authority: Authority = AUTHORITY, since: dt.datetime = NOW) -> Holder:
    return holder(authority, key or ec.generate_private_key(ec.SECP256R1()), since - dt.timedelta(days=1), name)


SIGNER, KEEPER = person("Nguyễn Văn An"), person("Chính phủ")
OTHER = person("Trần Thị Bình")
EXPECTED = (Expected("signature", SIGNER.certificate), Expected("seal", (KEEPER.certificate,)))


def trust(*more: bytes) -> ValidationContext:
    """The same authorities, as the signing library wants them, and more roots."""
    issuing, root = (asn1_x509.Certificate.load(der) for der in TRUSTED)
    roots = [root, *map(asn1_x509.Certificate.load, more)]
    return ValidationContext(trust_roots=roots, other_certs=[issuing], moment=AT, allow_fetching=False)


# -- making and signing


@cache
def base(pages: int = 1) -> bytes:
    return paper.resolution(
        TEXT | {"annexes": [{"title": f"Phụ lục {page}", "paragraphs": ["Nội dung."]} for page in range(1, pages)]},
        paper.ResolutionSheet(made_at=MADE_AT, signer_name="Nguyễn Văn An", demo=True),
    )


Patch = Callable[[bytes], bytes]


def signed(
    pdf: bytes, who: Holder = SIGNER, at: dt.datetime = SIGNED_AT, patch: Patch = bytes, cms: Patch = bytes,
    chain=TRUSTED, fill=None,
) -> bytes:  # fmt: skip
    waiting = reserve(pdf, "signature", name="Nguyễn Văn An", at=at, picture=ink(), fill=fill)
    return _filled(waiting, who, patch, cms, chain)


def sealed(
    pdf: bytes, who: Holder = KEEPER, at: dt.datetime = SEALED_AT, patch: Patch = bytes, cms: Patch = bytes,
    chain=TRUSTED, fill=NUMBERED,
) -> bytes:  # fmt: skip
    waiting = reserve(pdf, "seal", name="Chính phủ", at=at, picture=ink((200, 0, 0), (200, 200)), fill=fill)
    return _filled(waiting, who, patch, cms, chain)


def _filled(waiting: Reservation, who: Holder, patch: Patch, change: Patch, chain) -> bytes:
    """As `complete` does, but what is to be signed may be changed first, and the CMS afterwards."""
    begin, end = waiting.gap
    pdf = patch(waiting.pdf)
    assert len(pdf) == len(waiting.pdf)
    cms = change(sign_document(who.key, who.certificate, sha256(pdf[:begin] + pdf[end:]).digest(), chain[:1]))
    return pdf[:begin] + b"<" + cms.hex().encode().ljust(end - begin - 2, b"0") + b">" + pdf[end:]


SIGNED = signed(base())
GOOD = sealed(SIGNED)


# -- changing


def swap(old: bytes, new: bytes, last: bool = False) -> Patch:
    """Replace one place, the first or the last one, by something as long."""
    assert len(old) == len(new)

    def patch(pdf: bytes) -> bytes:
        at = pdf.rindex(old) if last else pdf.index(old)
        return pdf[:at] + new + pdf[at + len(old) :]

    return patch


class Editor:
    """A further revision, written as a correct program would write it."""

    def __init__(self, pdf: bytes) -> None:
        self.document = Document.open(pdf)
        self.more = Increment(self.document)
        self.root = reference_number(self.document.trailer[b"/Root"])

    def entries(self, number: int) -> dict[bytes, bytes]:
        return self.document.dictionary(b"%d 0 R" % number)

    def set(self, number: int, **entries: bytes | None) -> "Editor":
        kept = self.entries(number) | {f"/{key}".encode(): value for key, value in entries.items()}
        self.more.replace(number, {key: value for key, value in kept.items() if value is not None})
        return self

    def set_root(self, **entries: bytes | None) -> "Editor":
        return self.set(self.root, **entries)

    def field(self, name: str) -> int:
        return self.document.fields()[name].number

    def pages(self) -> tuple[int, list[bytes]]:
        tree = reference_number(self.entries(self.root)[b"/Pages"])
        return tree, read_array(self.entries(tree)[b"/Kids"])

    def first_page(self) -> int:
        return reference_number(self.pages()[1][0])

    def annotate(self, annotation: bytes, page: int | None = None) -> "Editor":
        number = page or self.first_page()
        annotations = read_array(self.document.resolve(self.entries(number).get(b"/Annots", b"[]")))
        return self.set(number, Annots=b"[%b %b]" % (b" ".join(annotations), self.more.add(annotation)))

    def form(self) -> int:
        return reference_number(self.entries(self.root)[b"/AcroForm"])

    def font(self) -> int:
        fonts = self.document.dictionary(self.document.dictionary(self.document.form()[b"/DR"])[b"/Font"])
        return reference_number(fonts[b"/LiberationSerif"])

    def done(self) -> bytes:
        return bytes(self.more.write())


NOTE = b"<< /Type /Annot /Subtype /%b /Rect [60 400 500 500] /F 4 /Contents (Het hieu luc) /DA (/F1 12 Tf 1 g)%b >>"


def raw_revision(
    pdf: bytes, body: bytes, offsets: dict[int, int], entries: bytes = b"", table: bytes = b"", size: int = 0
) -> bytes:
    """A revision written by hand: `offsets` from the beginning of `body`, negative ones from that of the file."""
    document = Document.open(pdf)
    start = len(pdf)
    rows = b"".join(
        b"%d 1\n%010d 00000 n \n" % (number, start + at if at >= 0 else -at) for number, at in sorted(offsets.items())
    )
    newest = max([int(document.trailer[b"/Size"]), *(number + 1 for number in offsets)])
    trailer = write_dictionary(
        document.trailer | {b"/Size": b"%d" % (size or newest), b"/Prev": b"%d" % document.table_at}
    )[:-2]
    return (
        pdf + body + b"xref\n" + (table or rows) + b"trailer\n" + trailer + entries + b" >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (start + len(body))
    )  # fmt: skip


def size_of(pdf: bytes) -> int:
    return int(Document.open(pdf).trailer[b"/Size"])


def object_of(number: int, body: bytes) -> bytes:
    return b"%d 0 obj\n%b\nendobj\n" % (number, body)


# -- the variants


@dataclass(frozen=True)
class Variant:
    """A file that must not be found valid: `code` is the first reason; `judged` replaces what it is judged against."""

    name: str
    make: Callable[[], bytes]
    code: str
    role: str = ""
    judged: dict[str, object] = field(default_factory=dict)

    @cached_property
    def pdf(self) -> bytes:
        return self.make()


VARIANTS: list[Variant] = []


def hostile(code: str, role: str = "", **judged: object):
    """The decorated function makes the file; its name, spelled out, names the variant."""

    def note(make: Callable[[], bytes]) -> Callable[[], bytes]:
        VARIANTS.append(Variant(make.__name__.replace("_", " "), make, code, role, judged))
        return make

    return note


def each(code: str, files: dict[str, Callable[[], bytes]], role: str = "", **judged: object) -> None:
    VARIANTS.extend(Variant(name, make, code, role, judged) for name, make in files.items())
