"""A small document of the shape that `paper` makes, people who sign it, and what other programs say of the result."""
import datetime as dt
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from PIL import Image, ImageDraw
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from app.gateways.pades import Reservation, complete, reserve
from app.gateways.paper import fields, fonts
from app.gateways.paper import measures as m
from app.gateways.signing import Authority, sign_document
from app.gateways.signing.cms import PrivateKey
from tests.gateways.signing_cases import NOW, Holder, holder

SIGNED_AT, SEALED_AT = NOW, NOW + dt.timedelta(minutes=1)
NUMBERED = {"number": "05", "day": "21", "month": "11", "year": "2026"}
SIGNATURE_BOX = (110 * mm, 90 * mm, 170 * mm, 115 * mm)
SEAL_BOX = (92 * mm, 84 * mm, 130 * mm, 122 * mm)


@cache
def paper(pages: int = 1) -> bytes:
    """Number and date, a signature and a seal on the last page."""
    fonts.register()
    target = BytesIO()
    canvas = Canvas(target, pagesize=m.PAGE, invariant=1, initialFontName=m.REGULAR)
    upright, italic = m.NUMBER, m.PLACE_DATE
    canvas.setFont(upright.face, upright.size)
    canvas.drawString(30 * mm, 270 * mm, "Số:")
    places = {"number": 38, "day": 120, "month": 140, "year": 160}
    for name, left in places.items():
        letter = upright if name == "number" else italic
        low = 270 * mm - fields.drop(letter.size)
        box = (left * mm, low, left * mm + 40, low + 16)
        fields.text_field(canvas, name, box, letter, fields.RIGHT if name == "number" else fields.CENTRED)
    for page in range(1, pages + 1):
        canvas.setFont(italic.face, italic.size)
        canvas.drawString(30 * mm, 200 * mm, f"Nghị quyết này có hiệu lực kể từ ngày ký, trang {page}.")
        if page == pages:
            fields.signature_field(canvas, fields.SIGNATURE, SIGNATURE_BOX)
            fields.signature_field(canvas, fields.SEAL, SEAL_BOX, locks=True)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


@cache
def ink(colour: tuple[int, int, int] = (20, 50, 160), size: tuple[int, int] = (300, 120)) -> bytes:
    image = Image.new("RGBA", size, (*colour, 0))
    wide, high = size
    ImageDraw.Draw(image).line([(10, high - 10), (wide // 2, 10), (wide - 10, high - 20)], (*colour, 255), 6)
    target = BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


@dataclass(frozen=True)
class Cabinet:
    """An authority, the signer and the keeper of the seal."""

    authority: Authority
    signer: Holder
    keeper: Holder

    def cms(self, who: Holder, reservation: Reservation) -> bytes:
        return sign_document(who.key, who.certificate, reservation.digest, self.authority.chain()[:1])

    def signed(self, pdf: bytes) -> bytes:
        waiting = reserve(pdf, "signature", name="Nguyễn Văn An", at=SIGNED_AT, picture=ink(), reason="Ký ban hành")
        return complete(waiting, self.cms(self.signer, waiting))

    def sealed(self, pdf: bytes, **fill: str) -> bytes:
        waiting = reserve(
            pdf, "seal", name="Chính phủ", at=SEALED_AT, picture=ink((200, 0, 0), (200, 200)),
            fill=fill or NUMBERED, location="Hà Nội",
        )  # fmt: skip
        return complete(waiting, self.cms(self.keeper, waiting))

    def trust(self) -> ValidationContext:
        issuing, root = (asn1_x509.Certificate.load(der) for der in self.authority.chain())
        return ValidationContext(trust_roots=[root], other_certs=[issuing], moment=SEALED_AT, allow_fetching=False)


def cabinet(signer: PrivateKey, keeper: PrivateKey) -> Cabinet:
    authority = Authority.create(None, NOW, demo=True)
    return Cabinet(authority, holder(authority, signer), holder(authority, keeper, name="Chính phủ"))


def key(kind: str) -> PrivateKey:
    return rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())


def statuses(pdf: bytes, trust: ValidationContext) -> list[PdfSignatureStatus]:
    """What pyHanko says of each signature, in the order of the file."""
    reader = PdfFileReader(BytesIO(pdf))
    return [validate_pdf_signature(signature, trust) for signature in reader.embedded_regular_signatures]


def signed_ranges(pdf: bytes) -> list[tuple[bytes, bytes]]:
    """(signed bytes, CMS) of each signature, read by a search of the test's own."""
    found = []
    for match in re.finditer(rb"/ByteRange \[0 (\d+) +(\d+) +(\d+) *\]", pdf):
        begin, end, rest = (int(number) for number in match.groups())
        found.append((pdf[:begin] + pdf[end : end + rest], bytes.fromhex(pdf[begin + 1 : end - 1].decode())))
    return found


def said_by(program: str, file: Path, *options: str) -> str:
    done = subprocess.run([program, *options, file], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
