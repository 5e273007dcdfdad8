"""Decides what the demo papers of a matter look like: submission, brief, draft Resolution, appraisal, report.

All of them are marked as demo papers; the same matter, number, date and signer give the same bytes.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.platypus import Flowable

from app.gateways.paper import blocks, dates
from app.gateways.paper.head import Head, Title
from app.gateways.paper.layout import build
from app.gateways.paper.resolution import ResolutionSheet, resolution
from app.gateways.paper.sample_texts import Matter, shared

GOVERNMENT, JUSTICE = "Chính phủ", "Bộ Tư pháp"
ALPHABET = "abcdđeghiklmnopqrstuvxy"  # the order of points (Decree 30/2020/NĐ-CP)
ASKED_FOR = dt.timedelta(days=41)  # opinions were asked for so long before the submission
ASKED = (
    ("Bộ, cơ quan ngang bộ, cơ quan thuộc Chính phủ", "21", "21", "18"),
    ("Ủy ban nhân dân tỉnh, thành phố", "34", "32", "31"),
    ("Hiệp hội, tổ chức, chuyên gia", "27", "19", "16"),
)


@dataclass(frozen=True)
class Issue:
    """Under which number, on which day and by whom a paper is signed; an empty signer leaves the place blank."""

    number: int
    day: dt.date
    signer: str = ""


def submission(matter: Matter, issue: Issue) -> bytes:
    """Tờ trình: four to six pages."""
    say = _Prose(matter, issue)
    return _submitted(
        matter,
        issue,
        "TỜ TRÌNH",
        [
            blocks.paragraph(say.one("opening")),
            *_part("I. SỰ CẦN THIẾT", matter.need),
            *_part("II. CƠ SỞ PHÁP LÝ VÀ THỰC TIỄN", [say.one("authority"), *matter.state]),
            *_part("III. MỤC ĐÍCH, QUAN ĐIỂM CHỈ ĐẠO", [*matter.aims, *say.all("views")]),
            *_part("IV. QUÁ TRÌNH XÂY DỰNG", say.all("history")),
            blocks.table(
                ("Cơ quan được lấy ý kiến", "Số lượng", "Trả lời", "Thống nhất"), ASKED, (6, 2, 2, 2), (1, 2, 3)
            ),
            *_part("V. NỘI DUNG CƠ BẢN", _numbered(matter.content)),
            *_part("VI. ĐÁNH GIÁ TÁC ĐỘNG", matter.impact),
            *_part("VII. NGUỒN LỰC VÀ ĐIỀU KIỆN BẢO ĐẢM THỰC HIỆN", [*matter.resources, say.one("organised")]),
            *_part("VIII. NHỮNG VẤN ĐỀ CÒN Ý KIẾN KHÁC NHAU", _numbered(matter.opinions)),
            *_part("IX. KIẾN NGHỊ", [say.one("request"), say.one("farewell")]),
        ],
    )


def brief(matter: Matter, issue: Issue) -> bytes:
    """Tờ trình tóm tắt: two pages, what a member reads before voting."""
    say = _Prose(matter, issue)
    return _submitted(
        matter,
        issue,
        "TỜ TRÌNH TÓM TẮT",
        [
            *_part("1. Sự cần thiết", matter.need[:1]),
            *_part("2. Nội dung chính", _lettered(matter.content)),
            *_part("3. Tác động và nguồn lực", [matter.impact[0], *matter.resources]),
            *_part("4. Vấn đề cần Chính phủ cho ý kiến", matter.opinions[:1]),
            *_part("5. Kiến nghị", [say.one("request").removesuffix(".") + blocks.END]),
        ],
    )


def draft_resolution(matter: Matter, submitted: Issue) -> bytes:
    """Dự thảo Nghị quyết: number, day and signature are open; `submitted` is the issue of the submission."""
    sheet = ResolutionSheet(made_at=_morning(submitted.day), year=submitted.day.year, draft=True, demo=True)
    return resolution(resolution_fields(matter, submitted), sheet)


def resolution_fields(matter: Matter, submitted: Issue) -> dict[str, Any]:
    """What the draft Resolution says, in the members of the structured text."""
    say, part = _Prose(matter, submitted), "resolution"
    bases = [*say.all("bases", part), *matter.bases, say.one("asked", part)]
    *recipients, archive = say.all("recipients", part)
    return {
        "subject": matter.resolution,
        "bases": [line.removesuffix(";") for line in bases],
        "formula": say.one("formula", part).removesuffix("."),
        "articles": [_article(*each) for each in _articles(matter, say)],
        "annexes": [],
        "recipients": recipients,
        "archive": archive.removeprefix("Lưu: "),
    }


def appraisal(matter: Matter, issue: Issue) -> bytes:
    """Báo cáo thẩm định of the Ministry of Justice: three pages."""
    say = _Prose(matter, issue)
    part = "appraisal"
    story = [
        *_beginning(JUSTICE, f"{issue.number:02}/BC-BTP", issue, Title("BÁO CÁO THẨM ĐỊNH", f"Về {matter.subject}")),
        *blocks.addressees([matter.ministry]),
        blocks.paragraph(say.one("opening", part)),
        *_part("I. SỰ CẦN THIẾT VÀ PHẠM VI ĐIỀU CHỈNH", [*say.all("need", part), *matter.need]),
        *_part("II. SỰ PHÙ HỢP VỚI CHỦ TRƯƠNG, ĐƯỜNG LỐI", [*say.all("line", part), *matter.aims]),
        *_part("III. TÍNH HỢP HIẾN, HỢP PHÁP VÀ THỐNG NHẤT", say.all("law", part)),
        *_part("IV. THỦ TỤC HÀNH CHÍNH, PHÂN CẤP VÀ NGUỒN LỰC", [*say.all("means", part), *matter.resources]),
        *_part("V. VỀ MỘT SỐ NỘI DUNG CỤ THỂ", _numbered(matter.remarks)),
        *_part("VI. NGÔN NGỮ, KỸ THUẬT TRÌNH BÀY", say.all("style", part)),
        *_part("VII. KẾT LUẬN", say.all("conclusion", part)),
        blocks.closing(say.all("recipients", part), [(("KT. BỘ TRƯỞNG", "THỨ TRƯỞNG"), issue.signer)]),
    ]
    title = f"Báo cáo thẩm định về {matter.subject}"
    return build(story, title=title, issuer=JUSTICE, made_at=_morning(issue.day), demo=True)


def report(matter: Matter, issue: Issue) -> bytes:
    """Báo cáo of a ministry: two or three pages, for a matter that the Government hears of."""
    say, name = _Prose(matter, issue), matter.title.removeprefix("Báo cáo ")
    symbol = f"{issue.number:02}/BC-{matter.abbreviation}"
    story = [
        *_beginning(matter.ministry, symbol, issue, Title("BÁO CÁO", name[:1].upper() + name[1:])),
        *blocks.addressees([GOVERNMENT]),
        *_part("I. TÌNH HÌNH CHUNG", [*matter.need, *matter.state]),
        *_part("II. MỤC TIÊU, YÊU CẦU", matter.aims),
        *_part("III. MỘT SỐ NỘI DUNG CHỦ YẾU", _numbered(matter.content)),
        *_part("IV. TÁC ĐỘNG VÀ NGUỒN LỰC", [*matter.impact, *matter.resources]),
        *_part("V. VẤN ĐỀ XIN Ý KIẾN CHÍNH PHỦ", _numbered(matter.opinions)),
        *_part("VI. KIẾN NGHỊ", [say.one("request").removesuffix(".") + blocks.END]),
        blocks.closing(say.all("recipients"), [((matter.leader.upper(),), issue.signer)]),
    ]
    return build(story, title=matter.title, issuer=matter.ministry, made_at=_morning(issue.day), demo=True)


class _Prose:
    """The shared prose with the names of one matter filled in."""

    def __init__(self, matter: Matter, issue: Issue) -> None:
        self.names = {
            "ministry": matter.ministry,
            "subject": matter.subject,
            "proposal": matter.proposal,
            "leader": matter.leader,
            "unit": matter.unit,
            "laws": "; ".join(line.removeprefix("Căn cứ ").rstrip(";") for line in matter.bases),
            "asked": dates.long_date(issue.day - ASKED_FOR),
            "day": dates.long_date(issue.day),
            "symbol": _symbol(matter, issue),
        }

    def one(self, name: str, part: str = "") -> str:
        found = shared()[part][name] if part else shared()[name]
        return str(found).format(**self.names)

    def all(self, name: str, part: str = "") -> list[str]:
        found = shared()[part][name] if part else shared()[name]
        return [words.format(**self.names) for words in found]


def _submitted(matter: Matter, issue: Issue, kind: str, body: Sequence[Flowable]) -> bytes:
    """A paper from the ministry to the Government."""
    story = [
        *_beginning(matter.ministry, _symbol(matter, issue), issue, Title(kind, f"Về {matter.subject}")),
        *blocks.addressees([GOVERNMENT]),
        *body,
        blocks.closing(_Prose(matter, issue).all("recipients"), [((matter.leader.upper(),), issue.signer)]),
    ]
    title = f"{kind.capitalize()} về {matter.subject}"
    return build(story, title=title, issuer=matter.ministry, made_at=_morning(issue.day), demo=True)


def _beginning(issuer: str, symbol: str, issue: Issue, title: Title) -> list[Flowable]:
    return [Head(issuer.upper(), f"Hà Nội, {dates.long_date(issue.day)}", number=f"Số: {symbol}"), title]


def _articles(matter: Matter, say: _Prose) -> Iterator[tuple[str, Sequence[str]]]:
    for article in matter.articles:
        yield article.heading, article.clauses
    yield "Tổ chức thực hiện", say.all("carried_out", "resolution")
    yield "Hiệu lực và trách nhiệm thi hành", say.all("in_force", "resolution")


def _article(heading: str, clauses: Sequence[str]) -> dict[str, Any]:
    """A single clause has no number."""
    said = [words.replace(blocks.END, ".") for words in clauses]
    if len(said) == 1:
        return {"heading": heading, "intro": said[0], "clauses": []}
    return {"heading": heading, "intro": "", "clauses": [{"text": words, "points": []} for words in said]}


def _part(heading: str, paragraphs: Iterable[str]) -> list[Flowable]:
    return [blocks.heading(heading), *(blocks.paragraph(words) for words in paragraphs)]


def _numbered(paragraphs: Sequence[str]) -> list[str]:
    return [f"{number}. {words}" for number, words in enumerate(paragraphs, start=1)]


def _lettered(paragraphs: Sequence[str]) -> list[str]:
    return [f"{letter}) {words}" for letter, words in zip(ALPHABET, paragraphs, strict=False)]


def _symbol(matter: Matter, issue: Issue) -> str:
    return f"{issue.number:02}/TTr-{matter.abbreviation}"


def _morning(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(8), dates.HANOI)
