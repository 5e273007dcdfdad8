"""Decides what a Resolution looks like on paper: from the structured text and what is known about its issue."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.platypus import Flowable

from app.gateways.paper import blocks, dates, fields, fonts
from app.gateways.paper.furniture import Furniture
from app.gateways.paper.head import Head, Line, Slot, Title
from app.gateways.paper.layout import build

BLANK = "\N{NO-BREAK SPACE}" * 6
DRAFT = "DỰ THẢO"
TURN_OF_MONTH = dt.timedelta(days=3)  # a document signed at the end of a month may be numbered in the next


@dataclass(frozen=True)
class ResolutionSheet:
    """What is printed beside the text; a draft has blanks, others have form fields for number, date and signatures.

    `made_at` (aware) is the only clock; `number_like` is as wide as the number will probably be ("000", "000/2026").
    `authority` are the lines of box 7a, `urgency` is empty or a word of measures.URGENCY, `qr` an address or empty.
    """

    made_at: dt.datetime
    body: str = "Chính phủ"
    superior: str = ""
    place: str = "Hà Nội"
    symbol: str = "NQ-CP"
    year: int = 2026
    authority: tuple[str, ...] = ("TM. CHÍNH PHỦ", "THỦ TƯỚNG")
    signer_name: str = ""
    urgency: str = ""
    draft: bool = False
    qr: str = ""
    text_sha256: str = ""
    demo: bool = False
    number_like: str = "000"


def resolution(text: Mapping[str, Any], sheet: ResolutionSheet) -> bytes:
    """The PDF of the Resolution, byte for byte the same for the same text and sheet.

    `text` is the structured text (kind "resolution"): subject, bases, formula, articles, annexes, recipients, archive.
    """
    recipients, signature = [*text["recipients"], f"Lưu: {text['archive']}"], (sheet.authority, sheet.signer_name)
    return build(
        [
            *_beginning(text, sheet),
            *_bases(text),
            blocks.centred("QUYẾT NGHỊ:", gap=12),
            *_articles(text),
            blocks.closing(recipients, [signature], prepared=not sheet.draft),
            *_annexes(text, sheet),
        ],
        title=text["subject"],
        issuer=sheet.body,
        made_at=sheet.made_at,
        demo=sheet.demo,
        keywords=sheet.text_sha256,
        furniture=Furniture(qr="" if sheet.draft else sheet.qr),
    )


def _beginning(text: Mapping[str, Any], sheet: ResolutionSheet) -> list[Flowable]:
    return [
        Head(
            sheet.body.upper(), _place_date(sheet), superior=sheet.superior.upper(), number=_number(sheet),
            urgency=sheet.urgency, mark=DRAFT if sheet.draft else "",
        ),
        Title("NGHỊ QUYẾT", text["subject"]),
        blocks.centred(sheet.body.upper()),
    ]  # fmt: skip


def _number(sheet: ResolutionSheet) -> Line:
    number = BLANK * 2 if sheet.draft else Slot(fields.NUMBER, sheet.number_like, fields.RIGHT)
    return ("Số: ", number, f"/{fonts.printable(sheet.symbol)}")


def _place_date(sheet: ResolutionSheet) -> Line:
    """Day and month have leading zeros as prescribed: a month is as wide as that of `made_at` or shortly after."""
    begin = f"{fonts.printable(sheet.place)}, ngày "
    if sheet.draft:
        return (begin, BLANK, " tháng ", BLANK, f" năm {sheet.year}")
    day = sheet.made_at.astimezone(dates.HANOI)
    month = max((dates.month(at) for at in (day, day + TURN_OF_MONTH)), key=len)
    return (
        begin, Slot(fields.DAY, "00"), " tháng ", Slot(fields.MONTH, "0" * len(month)),
        " năm ", Slot(fields.YEAR, "0000"),
    )  # fmt: skip


def _bases(text: Mapping[str, Any]) -> list[Flowable]:
    """One per line with a semicolon; the last, which is the formula, with a full stop."""
    lines = [*text["bases"], *([text["formula"]] if text["formula"] else [])]
    last = len(lines) - 1
    return [blocks.basis(f"{words}{'.' if at == last else ';'}") for at, words in enumerate(lines)]


def _articles(text: Mapping[str, Any]) -> list[Flowable]:
    told = [line for number, article in enumerate(text["articles"], start=1) for line in _article(number, article)]
    if told:
        lead, words = told[-1]
        told[-1] = (lead, words.rstrip(" .;/") + blocks.END)
    return [blocks.paragraph(words, lead=lead) if words else blocks.heading(lead) for lead, words in told]


def _article(number: int, article: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(bold beginning, words) of each paragraph: the heading, the introduction, the clauses and their points."""
    label = f"Điều {number}."
    if article["heading"]:
        yield f"{label} {article['heading']}", ""
        label = ""
    if article["intro"] or label:
        first, *more = article["intro"].split("\n")
        yield label, first
        yield from (("", words) for words in more)
    for at, clause in enumerate(article["clauses"], start=1):
        yield from (("", words) for words in f"{at}. {clause['text']}".split("\n"))
        for place, point in enumerate(clause["points"]):
            yield from (("", words) for words in f"{blocks.letter(place)}) {point}".split("\n"))


def _annexes(text: Mapping[str, Any], sheet: ResolutionSheet) -> list[Flowable]:
    """Each on pages of its own, numbered from 1; two or more carry Roman numerals.

    Number and date stay blank in the line below the title: in an electronic document they need not be filled in.
    """
    belongs = f"Nghị quyết số{BLANK * 2}/{sheet.symbol} ngày{BLANK}tháng{BLANK}năm{BLANK}của {sheet.body}"
    annexes: Sequence[Mapping[str, Any]] = text["annexes"]
    story: list[Flowable] = []
    for at, annex in enumerate(annexes, start=1):
        story += blocks.annex_heading(annex["title"], at if len(annexes) > 1 else 0, belongs)
        story += [blocks.paragraph(words) for words in annex["paragraphs"]]
    return story
