"""Decides how the text of a document is set: paragraphs, headings of articles, tables, recipients, signatures."""

from collections.abc import Sequence
from functools import cache
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, black
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY, TA_LEFT
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Flowable, KeepTogether, Paragraph, Spacer, Table, TableStyle

from app.gateways.paper import fonts
from app.gateways.paper import measures as m

END = "./."
HEAD_SHADE = Color(0.93, 0.93, 0.93)
LETTERS = ("FONTNAME", (0, 0), (-1, -1), m.REGULAR)  # an unstyled table lists Helvetica, which is not embedded
ALIGNED = {"left": TA_LEFT, "center": TA_CENTER, "justify": TA_JUSTIFY}


@cache
def _style(letter: m.Letter, align: str, indent: float, before: float, keep: bool = False) -> ParagraphStyle:
    fonts.register()
    return ParagraphStyle(
        "box", fontName=letter.face, fontSize=letter.size, leading=letter.pitch, alignment=ALIGNED[align],
        firstLineIndent=indent, spaceBefore=before, allowWidows=0, allowOrphans=0, keepWithNext=keep,
    )  # fmt: skip


def text(words: str, letter: m.Letter, align: str = "left", gap: float = 0) -> Paragraph:
    """Words in the letters of a box; `words` is plain text, never markup."""
    return Paragraph(escape(fonts.printable(words)), _style(letter, align, 0, gap))


def paragraph(words: str, *, lead: str = "") -> Paragraph:
    """Box 6: justified, first line indented; `lead` is a bold beginning such as "Điều 1."."""
    begin = f"<b>{escape(fonts.printable(lead))}</b> " if lead else ""
    return Paragraph(begin + escape(fonts.printable(words)), _style(m.BODY, "justify", m.INDENT, m.PARAGRAPH_GAP))


def basis(words: str) -> Paragraph:
    """Box 6: a legal basis, in italics, one per line."""
    return Paragraph(escape(fonts.printable(words)), _style(m.BASES, "justify", m.INDENT, m.PARAGRAPH_GAP))


def heading(words: str) -> Paragraph:
    """Box 6: the bold line of an article or a part; it never stands alone at the foot of a page."""
    return Paragraph(escape(fonts.printable(words)), _style(m.ARTICLE, "justify", m.INDENT, m.PARAGRAPH_GAP, True))


def centred(words: str, *, gap: float = m.PARAGRAPH_GAP) -> Paragraph:
    """A bold centred line such as "QUYẾT NGHỊ:", kept with what follows."""
    return Paragraph(escape(fonts.printable(words)), _style(m.ARTICLE, "center", 0, gap, True))


def table(head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float], middle: Sequence[int]) -> Table:
    """A ruled table whose head repeats on every page; `widths` are shares of the text width, `middle` is centred."""
    cells = [[text(word, m.TABLE_HEAD, "center") for word in head]]
    cells += [[_cell(word, column in middle) for column, word in enumerate(row)] for row in rows]
    whole = sum(widths)
    made = Table(cells, [m.TEXT_WIDTH * width / whole for width in widths], repeatRows=1, spaceBefore=m.PARAGRAPH_GAP)
    made.setStyle(
        TableStyle(
            [
                LETTERS,
                ("GRID", (0, 0), (-1, -1), 0.5, black),
                ("BACKGROUND", (0, 0), (-1, 0), HEAD_SHADE),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
                ("LEFTPADDING", (0, 0), (-1, -1), 4),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ]
        )
    )
    return made


def _cell(words: str, middle: bool) -> Paragraph:
    return text(words, m.TABLE_CELL, "center" if middle else "left")


def addressees(names: Sequence[str]) -> list[Flowable]:
    """Box 9a: "Kính gửi:" with one addressee on the line, or several under each other."""
    if len(names) == 1:
        return [text(f"Kính gửi: {names[0]}.", m.ADDRESSEE, "center", gap=12), Spacer(0, 6)]
    last = len(names) - 1
    lines = [text(f"- {name}{'.' if index == last else ';'}", m.ADDRESSEE) for index, name in enumerate(names)]
    made = Table(
        [[text("Kính gửi:", m.ADDRESSEE), lines]],
        [m.ADDRESSEE_LABEL, m.ADDRESSEE_NAMES],
        spaceBefore=12,
        hAlign="CENTER",
    )
    made.setStyle(_bare())
    return [made, Spacer(0, 6)]


def closing(recipients: Sequence[str], signatures: Sequence[tuple[Sequence[str], str]]) -> Flowable:
    """Boxes 9b and 7: recipients at the left, the signature at the right, never torn apart.

    A signature is (lines of authority and post in capitals, name or empty). With two signatures and no recipients
    they stand side by side, the first at the left: so a record is signed by its secretary and its chair.
    """
    blocks: list[list[Flowable]] = [_recipients(recipients)] if recipients else []
    blocks += [_signature(lines, name) for lines, name in signatures]
    if len(blocks) == 1:
        blocks.insert(0, [])
    shares = [m.LEFT_HALF + 0.06, 1 - m.LEFT_HALF - 0.06] if recipients else [0.5, 0.5]
    made = Table([blocks], [m.TEXT_WIDTH * share for share in shares], spaceBefore=14)
    made.setStyle(_bare())
    return KeepTogether([made])


def _recipients(names: Sequence[str]) -> list[Flowable]:
    last = len(names) - 1
    lines: list[Flowable] = [text("Nơi nhận:", m.RECIPIENTS_HEAD)]
    return lines + [text(f"- {name}{'.' if at == last else ';'}", m.RECIPIENTS) for at, name in enumerate(names)]


def _signature(lines: Sequence[str], name: str) -> list[Flowable]:
    block: list[Flowable] = [text(line, m.AUTHORITY, "center") for line in lines]
    return [*block, Spacer(0, m.SIGNATURE_ROOM), text(name, m.SIGNER, "center")]


def _bare() -> TableStyle:
    return TableStyle(
        [
            LETTERS,
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 0),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
        ]
    )
