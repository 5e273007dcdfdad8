"""Makes Resolutions that were signed and sealed as they should be: other people, keys, texts, lengths and days.

The first half is signed with keys of this process. The second half has what the first has not: keys in files and in
PKCS#11 tokens, time stamps, validation data for the long term, long names, numbers with a year, many pages,
certificates revoked since.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from app.gateways import pades, paper, signing
from app.gateways.paper import dates
from app.gateways.signing.authority import ROOT_CRL_DAYS
from app.gateways.signing.issuing import CRL_DAYS
from app.gateways.timestamp import DemoAuthority
from tests.gateways.hostile_stamps import token
from tests.gateways.preserve_cases import list_of, stamped_document
from tests.gateways.signed_corpus import person
from tests.gateways.signer_contract import PIN, Bench, device_bench, software_bench
from tests.gateways.signing_cases import NOW
from tests.gateways.stamp_cases import DAY, Root, demo

COUNT, HALF = 100, 50
SAMPLE = (*range(0, HALF, 4), *range(HALF, COUNT, 2), 57, 77)  # of `make test`
NEW_YEAR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
AUTHORITY = signing.Authority.create(None, NEW_YEAR - dt.timedelta(days=30), demo=True)
TRUSTED = AUTHORITY.chain()
STAMPS = Root.make(NOW)
STAMPERS = (STAMPS.certificate,)
TSAS = [demo(STAMPS, NOW, kind, until=360 * DAY) for kind in ("p256", "rsa")]
NAMES = ("Nguyễn Văn An", "Đỗ Thị Ánh Tuyết", "Hoàng Ngọc Khuê", "Y Thanh Hà Niê Kđăm", "Lê Ý")
LONG_NAMES = ("Công Tằng Tôn Nữ Nguyễn Phúc Hoàng Ánh Nguyệt", "Phạm Ngọc Quỳnh Hương Thanh Trúc Vy", "Ông Ích Ỷ")
BODIES = (("Chính phủ", "NQ-CP", "Hà Nội"), ("Ủy ban nhân dân tỉnh Quảng Ninh", "NQ-UBND", "Quảng Ninh"))
POSTS = (("TM. CHÍNH PHỦ", "THỦ TƯỚNG"), ("TM. CHÍNH PHỦ", "KT. THỦ TƯỚNG", "PHÓ THỦ TƯỚNG"))
URGENCIES = ("", "KHẨN", "THƯỢNG KHẨN", "HỎA TỐC")
NUMBERS = ("01", "05", "99", "128")
DAYS = ((2026, 1, 1), (2026, 2, 28), (2026, 9, 2), (2026, 10, 31), (2026, 12, 30))
LATER_DAYS = ((2026, 11, 30), (2026, 12, 31), (2027, 1, 1), (2027, 2, 28), (2027, 10, 10))
LONG_TERM = {7: "B-LT", 8: "B-LTA"}  # of the second half, by the last digit of the number
PLACES = ("here", "software", "pkcs11")
SENTENCE = "Các bộ, cơ quan ngang bộ rà soát, cắt giảm thủ tục hành chính; báo cáo Thủ tướng Chính phủ. "
REPLACES = "Nghị quyết này thay thế Nghị quyết số 01/NQ-CP ngày 01 tháng 01 năm 2026 của Chính phủ. "


@dataclass(frozen=True)
class Honest:
    """A document, and what it is judged against: who should have signed when, what was revoked, whose stamps count."""

    pdf: bytes
    expected: tuple[pades.Expected, ...]
    at: dt.datetime
    revoked: tuple[tuple[str, dt.datetime], ...] = ()
    stamped: tuple[bool, bool] = (False, False)
    level: str = "B-B"

    def verdict(self, **more: object) -> pades.Verdict:
        return pades.verdict(self.pdf, self.expected, TRUSTED, self.at, self.revoked, stampers=STAMPERS, **more)


@dataclass(frozen=True)
class Person:
    """Somebody who can sign: `sign` makes a CMS of a digest, wherever the key is."""

    certificate: bytes
    sign: Callable[[bytes], bytes]


class Keys:
    """Each person has one key of each kind in each place, made when it is needed first."""

    def __init__(self, benches: dict[str, Bench]) -> None:
        self._benches = benches
        self._made: dict[tuple[str, str, str], Person] = {}

    def of(self, name: str, kind: str, place: str = "here", since: dt.datetime = NEW_YEAR) -> Person:
        make = self._here if place == "here" else self._elsewhere
        if (name, kind, place) not in self._made:
            self._made[name, kind, place] = make(name, kind, place, since)
        return self._made[name, kind, place]

    def _here(self, name: str, kind: str, _place: str, since: dt.datetime) -> Person:
        key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
        who = person(name, key, AUTHORITY, since)
        return Person(who.certificate, lambda digest: signing.sign_document(key, who.certificate, digest, TRUSTED[:1]))

    def _elsewhere(self, name: str, kind: str, place: str, _since: dt.datetime) -> Person:
        bench = self._benches[place]
        enrolled = bench.enrol(f"{name} ({kind})", kind == "rsa")
        reference = enrolled.key_ref
        return Person(enrolled.certificate_der, lambda digest: bench.signer.sign_document(reference, PIN, digest))


@contextmanager
def keys(folder: Path) -> Iterator[Keys]:
    """Files and tokens of keys in that folder, usable until the end of the block."""
    with ExitStack() as stack:
        places = {}
        for place, bench in (("software", software_bench), ("pkcs11", device_bench)):
            (folder / place).mkdir()
            places[place] = stack.enter_context(bench(folder / place, AUTHORITY))
        yield Keys(places)


def make(at: int, held: Keys) -> Honest:
    """The document number `at`; each of them differs from the others in several ways."""
    return _first(at, held) if at < HALF else _second(at, held)


def _first(at: int, held: Keys) -> Honest:
    body, symbol, place = BODIES[at % 2]
    signer = held.of(NAMES[at % 5], ("ec", "rsa")[at // 5 % 2])
    keeper = held.of(body, ("rsa", "ec")[at // 3 % 2])
    signed_at = dt.datetime(*DAYS[at % 5], 8, at % 60, 7, 123456, tzinfo=dates.HANOI)
    sheet = paper.ResolutionSheet(
        made_at=signed_at - dt.timedelta(minutes=1), body=body, symbol=symbol, place=place, demo=at % 2 == 0,
        authority=POSTS[at // 2 % 2], signer_name=NAMES[at % 5], urgency=URGENCIES[at % 4], text_sha256="ab" * 32,
        qr="https://hop.example/xac-minh/" + "0f" * 16 if at % 3 else "",
    )  # fmt: skip
    waiting = _Waiting(sheet, NUMBERS[at % 4], signed_at, signed_at + dt.timedelta(seconds=at))
    pdf = waiting.finished(_text(at), signer, keeper)
    return Honest(pdf, waiting.expected(signer, keeper, (keeper.certificate,)), waiting.sealed_at)


def _second(at: int, held: Keys) -> Honest:
    body, symbol, place = BODIES[at % 7 == 0]
    name = (*LONG_NAMES, *NAMES)[at % 8]
    since = NOW - dt.timedelta(days=1)
    signer = held.of(f"{name} 2027", ("ec", "rsa")[at // 2 % 2], PLACES[at % 3], since)
    keeper = held.of(f"{body} 2027", ("rsa", "ec")[at // 4 % 2], PLACES[at // 3 % 3], since)
    signed_at = dt.datetime(*LATER_DAYS[at % 5], 17, at % 60, 59, tzinfo=dates.HANOI)
    sheet = paper.ResolutionSheet(
        made_at=signed_at - dt.timedelta(hours=at % 5), body=body, symbol=symbol, place=place, demo=at % 3 == 0,
        authority=POSTS[at // 5 % 2], signer_name=name, urgency=URGENCIES[at // 4 % 4], year=signed_at.year,
        qr="https://hop.example/xac-minh/" + "5a" * 16 if at % 4 else "", number_like="000/2026",
    )  # fmt: skip
    number = f"{NUMBERS[at % 4]}/{signed_at.year}" if at % 2 else NUMBERS[at % 4]
    waiting = _Waiting(sheet, number, signed_at, signed_at + dt.timedelta(minutes=at - HALF), _stamps(at))
    pdf = waiting.finished(_long_text(at), signer, keeper)
    pdf = _preserved(pdf, LONG_TERM.get(at % 10, ""), (signer.certificate, keeper.certificate), waiting)
    later = waiting.sealed_at + dt.timedelta(days=3)
    revoked = ((_serial(signer.certificate), later - dt.timedelta(days=1)),) if at % 6 == 0 else ()
    level = LONG_TERM.get(at % 10, "B-T" if all(waiting.stamps) else "B-B")
    return Honest(pdf, waiting.expected(signer, keeper), later, revoked, waiting.stamps, level)


def _stamps(at: int) -> tuple[bool, bool]:
    """Both signatures with a time stamp, one of them, or none: a stamp comes at once or not at all."""
    if at % 10 in LONG_TERM:
        return True, True
    return ((True, True), (True, False), (False, True), (False, False), (True, True))[at % 5]


def _preserved(pdf: bytes, level: str, signers: tuple[bytes, bytes], waiting: "_Waiting") -> bytes:
    """With what the authorities said five minutes after the seal, and for B-LTA a time stamp over all of it."""
    if not level:
        return pdf
    issuers = ((AUTHORITY._issuer(), CRL_DAYS), (AUTHORITY._root_issuer(), ROOT_CRL_DAYS))
    asked_at = waiting.sealed_at + dt.timedelta(minutes=5)
    made = [issuer.crl(asked_at, 7, (), days).public_bytes(Encoding.DER) for issuer, days in issuers]
    stampers = {_tsa(at).certificate for at in (waiting.signed_at, waiting.sealed_at)}
    known = (*signers, *TRUSTED, *stampers, STAMPS.certificate)
    data = pades.ValidationData(known, crls=(*made, list_of(STAMPS, asked_at)))
    if level == "B-LT":
        return pades.add_validation_data(pdf, data)
    return stamped_document(pdf, data, waiting.sealed_at + dt.timedelta(minutes=10), _tsa(waiting.sealed_at))


def _tsa(at: dt.datetime) -> DemoAuthority:
    """Who stamps what is signed at that time."""
    return TSAS[at.minute % 2]


@dataclass(frozen=True)
class _Waiting:
    """A Resolution on its way: what is printed, when it is signed and sealed, and with which number."""

    sheet: paper.ResolutionSheet
    number: str
    signed_at: dt.datetime
    sealed_at: dt.datetime
    stamps: tuple[bool, bool] = (False, False)

    def finished(self, text: dict, signer: Person, keeper: Person) -> bytes:
        sheet = self.sheet
        pdf = paper.resolution(text, sheet)
        picture = pades.signature_picture(sheet.signer_name)
        waiting = pades.reserve(
            pdf, "signature", at=self.signed_at, picture=picture, name=sheet.signer_name, reason="Ký ban hành"
        )
        pdf = pades.complete(waiting, self._value(signer, waiting.digest, self.signed_at, self.stamps[0]))
        day = self.signed_at
        fill = {"number": self.number, "day": f"{day:%d}", "month": dates.month(day), "year": f"{day.year}"}
        picture = pades.seal_picture(sheet.body)
        waiting = pades.reserve(
            pdf, "seal", at=self.sealed_at, picture=picture, name=sheet.body, fill=fill, location=sheet.place
        )
        return pades.complete(waiting, self._value(keeper, waiting.digest, self.sealed_at, self.stamps[1]))

    def _value(self, who: Person, digest: bytes, at: dt.datetime, stamped: bool) -> bytes:
        cms = who.sign(digest)
        if not stamped:
            return cms
        imprint = sha256(signing.signature_value(cms)).digest()
        return signing.with_stamp(cms, token(_tsa(at), imprint, at + dt.timedelta(seconds=3)))

    def expected(self, signer: Person, keeper: Person, more: tuple[bytes, ...] = ()) -> tuple[pades.Expected, ...]:
        return (
            pades.Expected("signature", (signer.certificate, *more), self.signed_at),
            pades.Expected("seal", keeper.certificate, self.sealed_at),
        )


def _serial(certificate: bytes) -> str:
    return f"{x509.load_der_x509_certificate(certificate).serial_number:X}"


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


def _long_text(at: int) -> dict:
    """Every tenth has some forty pages of annexes; every third one replaces an older Resolution."""
    pages = 40 if at % 10 == 0 else at % 4
    rows = "\n".join(f"{row}. Bộ, ngành thứ {row}: {SENTENCE}" for row in range(1, 12))
    annexes = [{"title": f"Danh mục nhiệm vụ số {page}", "paragraphs": [rows]} for page in range(1, pages + 1)]
    text = _text(at % 9) | {"subject": f"Về nhiệm vụ số {at}, " + "và việc khác, " * (at % 6), "annexes": annexes}
    if at % 3 == 0:
        text["articles"] = [*text["articles"], {"heading": "Hiệu lực", "intro": REPLACES, "clauses": []}]
    return text
