"""Decides how the text of a document is set: paragraphs, headings of articles, tables, recipients, signatures."""

from collections.abc import Sequence

from reportlab.platypus import Flowable, Spacer

from app.gateways.paper import fields, fonts
from app.gateways.paper import measures as m
from app.gateways.paper.prose import Manner, Prose
from app.gateways.paper.ruled import Ruled, ruled
from app.gateways.paper.together import Beside, Closing, NewPart

END = "./."
ALPHABET = "abcdđeghiklmnopqrstuvxy"  # the order of points
ROMAN = ((50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


BODY = Manner("justify", m.INDENT, m.PARAGRAPH_GAP)


def text(words: str, letter: m.Letter, align: str = "left", gap: float = 0) -> Prose:
    """Words in the letters of a box; `words` is plain text, never markup."""
    return Prose(fonts.printable(words), letter, Manner(align, 0, gap))


def paragraph(words: str, *, lead: str = "") -> Prose:
    """Box 6: justified, first line indented; `lead` is a bold beginning such as "Điều 1."."""
    return Prose(fonts.printable(words), m.BODY, BODY, lead=fonts.printable(lead), face=m.BOLD)


def basis(words: str) -> Prose:
    """Box 6: a legal basis, in italics, one per line."""
    return Prose(fonts.printable(words), m.BASES, BODY)


def heading(words: str) -> Prose:
    """Box 6: the bold line of an article or a part; it never stands alone at the foot of a page."""
    return Prose(fonts.printable(words), m.ARTICLE, BODY, keep=True)


def centred(words: str, *, gap: float = m.PARAGRAPH_GAP) -> Prose:
    """A bold centred line such as "QUYẾT NGHỊ:", kept with what follows."""
    return Prose(fonts.printable(words), m.ARTICLE, Manner("center", 0, gap), keep=True)


def letter(place: int) -> str:
    """The letter of a point in the order of the Vietnamese alphabet: a, b, c, d, đ, e …; after y follow aa, ab, ac …"""
    whole, rest = divmod(place, len(ALPHABET))
    return (letter(whole - 1) if whole else "") + ALPHABET[rest]


def roman(number: int) -> str:
    """I, II, III … for annexes, parts and chapters."""
    written = ""
    for value, sign in ROMAN:
        while number >= value:
            written, number = written + sign, number - value
    return written


def division(kind: str, number: int, title: str) -> list[Flowable]:
    """The lines "Phần I", "Chương I" (Roman) or "Mục 1" (Arabic) with its title below, both bold and centred."""
    label = str(number) if kind == "Mục" else roman(number)
    return [centred(f"{kind} {label}", gap=12), centred(title if kind == "Mục" else title.upper(), gap=0)]


def annex_heading(title: str, number: int, document: str) -> list[Flowable]:
    """A new page: "Phụ lục" (Roman numeral if `number`), the title in capitals, what it belongs to in italics."""
    label = f"Phụ lục {roman(number)}" if number else "Phụ lục"
    return [
        NewPart(), centred(label, gap=0), centred(title.upper(), gap=0),
        text(f"(Kèm theo {document})", m.BASES, "center"),
    ]  # fmt: skip


def table(head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float], middle: Sequence[int]) -> Ruled:
    """A ruled table whose head repeats on every page; `widths` are shares of the text width, `middle` is centred."""
    return ruled(head, rows, widths, middle)


def addressees(names: Sequence[str]) -> list[Flowable]:
    """Box 9a: "Kính gửi:" with one addressee on the line, or several under each other, below the colon."""
    if len(names) == 1:
        return [text(f"Kính gửi: {names[0]}.", m.ADDRESSEE, "center", gap=12), Spacer(0, 6)]
    last = len(names) - 1
    lines: list[Flowable] = [
        text(f"- {name}{'.' if at == last else ';'}", m.ADDRESSEE) for at, name in enumerate(names)
    ]
    left = (m.TEXT_WIDTH - m.ADDRESSEE_LABEL - m.ADDRESSEE_NAMES) / 2
    label: list[Flowable] = [text("Kính gửi:", m.ADDRESSEE)]
    beside = Beside([
        (left, m.ADDRESSEE_LABEL, label), (left + m.ADDRESSEE_LABEL, m.ADDRESSEE_NAMES, lines),
    ])  # fmt: skip
    return [beside, Spacer(0, 6)]


class SigningRoom(Flowable):
    """Box 7c: blank room for a signature, with form fields for it and for the seal over its left third (box 8)."""

    def __init__(self, *, prepared: bool) -> None:
        super().__init__()
        self.prepared = prepared

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        self.width, self.height = width, m.SIGNATURE_ROOM
        return width, self.height

    def draw(self) -> None:
        if not self.prepared:
            return
        (wide, high), middle = m.SIGNATURE, m.SIGNATURE_ROOM / 2
        left, low = self.canv.absolutePosition((self.width - wide) / 2, middle - high / 2)
        fields.signature_field(self.canv, fields.SIGNATURE, (left, low, left + wide, low + high))
        seal = left + wide / 3 - m.SEAL
        low += (high - m.SEAL) / 2
        fields.signature_field(self.canv, fields.SEAL, (seal, low, seal + m.SEAL, low + m.SEAL), locks=True)


def closing(
    recipients: Sequence[str], signatures: Sequence[tuple[Sequence[str], str]], *, prepared: bool = False,
    copies: str = "",
) -> Closing:  # fmt: skip
    """Boxes 9b and 7: recipients at the left, the signature at the right, never torn apart.

    A signature is (lines of authority and post in capitals, name or empty). With two signatures and no recipients
    they stand side by side, the first at the left: so a record is signed by its secretary and its chair. With
    `prepared` a single signature and the seal get form fields for signing. `copies` is box 12, such as "PL.(300)".
    """
    blocks = [_signature(lines, name, prepared) for lines, name in signatures]
    if len(blocks) > 1:
        share = m.TEXT_WIDTH / len(blocks)
        return Closing([(at * share, share, block) for at, block in enumerate(blocks)])
    left = [*_recipients(recipients), *([text(copies, m.COPIES)] if copies else [])]
    right = (m.SIGNATURE_LEFT, m.TEXT_WIDTH - m.SIGNATURE_LEFT)
    return Closing([(0, m.RECIPIENTS_WIDTH, left), *((*right, block) for block in blocks)])


def _recipients(names: Sequence[str]) -> list[Flowable]:
    """Each after a dash; the last one, which says where the record copy stays, ends with a full stop."""
    if not names:
        return []
    last = len(names) - 1
    lines = [text(f"- {name}{'.' if at == last else ';'}", m.RECIPIENTS) for at, name in enumerate(names)]
    return [text("Nơi nhận:", m.RECIPIENTS_HEAD), *lines]


def _signature(lines: Sequence[str], name: str, prepared: bool) -> list[Flowable]:
    block: list[Flowable] = [text(line, m.AUTHORITY, "center") for line in lines]
    return [*block, SigningRoom(prepared=prepared), text(name, m.SIGNER, "center")]
