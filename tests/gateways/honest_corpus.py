"""Makes Resolutions that were signed and sealed as they should be: other people, keys, texts, lengths and days."""

import datetime as dt
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from app.gateways import pades, paper, signing
from app.gateways.paper import dates
from tests.gateways.signed_corpus import person
from tests.gateways.signing_cases import Holder

COUNT = 50
NEW_YEAR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
AUTHORITY = signing.Authority.create(None, NEW_YEAR - dt.timedelta(days=30), demo=True)
TRUSTED = AUTHORITY.chain()
NAMES = ("Nguyễn Văn An", "Đỗ Thị Ánh Tuyết", "Hoàng Ngọc Khuê", "Y Thanh Hà Niê Kđăm", "Lê Ý")
BODIES = (("Chính phủ", "NQ-CP", "Hà Nội"), ("Ủy ban nhân dân tỉnh Quảng Ninh", "NQ-UBND", "Quảng Ninh"))
POSTS = (("TM. CHÍNH PHỦ", "THỦ TƯỚNG"), ("TM. CHÍNH PHỦ", "KT. THỦ TƯỚNG", "PHÓ THỦ TƯỚNG"))
URGENCIES = ("", "KHẨN", "THƯỢNG KHẨN", "HỎA TỐC")
NUMBERS = ("01", "05", "99", "128")
DAYS = ((2026, 1, 1), (2026, 2, 28), (2026, 9, 2), (2026, 10, 31), (2026, 12, 30))
SENTENCE = "Các bộ, cơ quan ngang bộ rà soát, cắt giảm thủ tục hành chính; báo cáo Thủ tướng Chính phủ. "


@dataclass(frozen=True)
class Honest:
    pdf: bytes
    expected: tuple[pades.Expected, ...]
    at: dt.datetime


@cache
def people(name: str, kind: str) -> Holder:
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    return person(name, key, AUTHORITY, NEW_YEAR)


def make(at: int) -> Honest:
    """The document number `at`; each of them differs from the others in several ways."""
    body, symbol, place = BODIES[at % 2]
    signer, keeper = people(NAMES[at % 5], ("ec", "rsa")[at // 5 % 2]), people(body, ("rsa", "ec")[at // 3 % 2])
    signed_at = dt.datetime(*DAYS[at % 5], 8, at % 60, 7, 123456, tzinfo=dates.HANOI)
    sealed_at = signed_at + dt.timedelta(seconds=at)
    pdf = paper.resolution(_text(at), paper.ResolutionSheet(
        made_at=signed_at - dt.timedelta(minutes=1), body=body, symbol=symbol, place=place, demo=at % 2 == 0,
        authority=POSTS[at // 2 % 2], signer_name=NAMES[at % 5], urgency=URGENCIES[at % 4], text_sha256="ab" * 32,
        qr="https://hop.example/xac-minh/" + "0f" * 16 if at % 3 else "",
    ))  # fmt: skip
    pictures = pades.signature_picture(NAMES[at % 5]), pades.seal_picture(body)
    pdf = _put(pdf, "signature", signer, at=signed_at, picture=pictures[0], name=NAMES[at % 5], reason="Ký ban hành")
    fill = {"number": NUMBERS[at % 4], "day": f"{signed_at:%d}", "month": dates.month(signed_at), "year": "2026"}
    pdf = _put(pdf, "seal", keeper, at=sealed_at, picture=pictures[1], name=body, fill=fill, location=place)
    expected = (
        pades.Expected("signature", (signer.certificate, keeper.certificate), signed_at),
        pades.Expected("seal", keeper.certificate, sealed_at),
    )
    return Honest(pdf, expected, sealed_at)


def _put(pdf: bytes, field: str, who: Holder, **how) -> bytes:
    waiting = pades.reserve(pdf, field, **how)
    return pades.complete(waiting, signing.sign_document(who.key, who.certificate, waiting.digest, TRUSTED[:1]))


def _text(at: int) -> dict:
    clauses = [{"text": SENTENCE * (1 + at % 3), "points": [SENTENCE, SENTENCE][: at % 3]} for _ in range(at % 7 * 3)]
    return {
        "subject": f"Về phiên họp thường kỳ số {at} (“A & B” <C>)",
        "bases": ["Căn cứ Luật Tổ chức Chính phủ số 63/2025/QH15", "Căn cứ Nghị định số 191/2026/NĐ-CP"][: 1 + at % 2],
        "formula": "Trên cơ sở kết quả biểu quyết của các Thành viên Chính phủ",
        "articles": [{"heading": "Nhiệm vụ" if at % 2 else "", "intro": SENTENCE, "clauses": clauses}] * (1 + at % 4),
        "annexes": [{"title": "Danh mục", "paragraphs": [SENTENCE] * 4}] * (at % 3),
        "recipients": ["Các bộ, cơ quan ngang bộ", "UBND các tỉnh, thành phố"],
        "archive": "VT, KTTH (2)",
    }
