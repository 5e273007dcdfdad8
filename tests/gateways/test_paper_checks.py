"""Every rule of layout finds the fault that it is there for, and nothing in a document without faults."""

import time
from dataclasses import replace

import pypdfium2
import pytest
from pypdf import PdfReader, PdfWriter
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from app.gateways.paper import blocks, check_layout, furniture, head, layout, prose, resolution
from app.gateways.paper import measures as m
from app.gateways.paper.checks import NUMBERS, RULES, TITLES
from app.gateways.paper.measures import BOLD, ITALIC, REGULAR, Letter
from app.gateways.paper.prose import Manner, Prose
from tests.gateways import resolution_case as case
from tests.gateways.resolution_case import SHEET, article, clause, printed

PRINTING = resolution.__globals__  # the module is hidden behind its function
LONG = [article("", intro=case.SENTENCE)] * 12
SHORT = [article("", intro="Một.")] * 60
ANNEXES = [{"title": "Danh mục", "paragraphs": ["Một."]}] * 2


def faults(pdf):
    return {finding.code for finding in check_layout(pdf) if not finding.ok}


def measure(name, value):
    """A component is set with other measures."""
    return lambda patch: patch.setattr(m, name, value)


def letter(name, face, size):
    return measure(name, Letter(face, size, 20))


def sheet(**changes):
    return lambda _patch: printed(replace(SHEET, **changes))


def text(**changes):
    return lambda _patch: printed(**changes)


def exchanged(old, new):
    """The same file with other words of the same length outside of its streams."""
    return lambda _patch: printed().replace(old, new)


def shifted(words, across=0.0, down=0.0):
    """Words that are drawn centred stand elsewhere."""

    def seed(patch):
        draw = Canvas.drawCentredString
        patch.setattr(
            Canvas,
            "drawCentredString",
            lambda canvas, x, y, said, **other: draw(
                canvas, x + across * said.startswith(words), y - down * said.startswith(words), said, **other
            ),
        )

    return seed


def shorter_rules(patch):
    draw = Canvas.line
    patch.setattr(Canvas, "line", lambda canvas, left, low, right, high: draw(canvas, left, low, left + 9, high))


def grey(_patch):
    """A page whose letters are grey."""
    writer = PdfWriter(clone_from=PdfReader(case.BytesIO(printed())))
    content = writer.pages[1].get_contents()
    content.set_data(content.get_data().replace(b"1. B", b"1. B").replace(b"BT", b"0.5 g BT"))
    writer.pages[1].replace_contents(content)
    target = case.BytesIO()
    writer.write(target)
    return target.getvalue()


def lowered_date(patch):
    draw = head.Head._segments
    patch.setattr(
        head.Head,
        "_segments",
        lambda self, line, letters, middle, base: draw(
            self, line, letters, middle, base - 5 * (letters is m.PLACE_DATE)
        ),
    )


def numbered_from(first):
    def seed(patch):
        draw = furniture.Furniture.draw
        patch.setattr(
            furniture.Furniture,
            "draw",
            lambda self, canvas, *, sheet, number, demo: draw(
                self, canvas, sheet=sheet, number=number + first - 1, demo=demo
            ),
        )

    return seed


def printing(name, value):
    """A step of the printing of Resolutions is another one."""
    return lambda patch: patch.setitem(PRINTING, name, value)


def instead(module, name, made):
    return lambda patch: patch.setattr(module, name, made(getattr(module, name)))


def loose_ends(patch):
    """Nothing is kept together: among many lengths one leaves a line or a heading alone."""
    patch.setattr(prose, "LEAST", 1)
    patch.setattr(Prose, "getKeepWithNext", lambda _self: 0)
    for lines in range(1, 30):
        pdf = printed(articles=[*[article("", intro="Một.")] * lines, *[article("Hai", intro=case.SENTENCE)] * 9])
        if "alone" in faults(pdf):
            return pdf
    raise AssertionError("no length leaves anything alone")


def lonely_signature(patch):
    patch.setattr(layout, "bound", list)
    for lines in range(1, 40):
        pdf = printed(articles=[article("", intro="Một.")] * lines, annexes=[])
        if "held_together" in faults(pdf):
            return pdf
    raise AssertionError("no length leaves the signature alone")


def left_aligned_name(made):
    return lambda words, letters, align="left", gap=0: made(
        words, letters, "left" if letters is m.SIGNER else align, gap
    )


FAULTS = [
    ("paper", measure("PAGE", (612, 792))),
    ("upright_pages", measure("PAGE", (841.89, 595.28))),
    ("left_margin", measure("MARGIN_LEFT", 25 * mm)),
    ("right_margin", measure("TEXT_WIDTH", 172 * mm)),
    ("top_margin", measure("MARGIN_TOP", 14 * mm)),
    ("bottom_margin", lambda patch: patch.setattr(m, "MARGIN_BOTTOM", 9 * mm) or printed(articles=SHORT)),
    ("family", exchanged(b"LiberationSerif", b"LiberationSands")),
    ("embedded", exchanged(b"/FontFile2", b"/FontFileX")),
    ("unicode", text(articles=[article("A", clause("Đồng ý \N{THUMBS UP SIGN}."))])),
    ("black", grey),
    ("first_page_bare", numbered_from(2)),
    ("page_numbers", numbered_from(2)),
    ("page_number_place", instead(furniture, "MIDDLE", lambda middle: middle + 20 * mm)),
    ("page_number_letters", letter("PAGE_NUMBER", BOLD, 13)),
    ("page_number_letters", letter("PAGE_NUMBER", REGULAR, 11)),
    ("country_words", instead(head, "COUNTRY", lambda words: words.replace("HÒA", "HOÀ"))),
    ("country_words", instead(head, "COUNTRY", str.title)),
    ("country_letters", letter("COUNTRY", BOLD, 14)),
    ("country_letters", letter("COUNTRY", REGULAR, 12)),
    ("country_place", shifted(head.COUNTRY, across=-60 * mm)),
    ("motto_words", instead(head, "MOTTO", lambda words: words.replace(" - ", " – "))),
    ("motto_letters", letter("MOTTO", BOLD, 12)),
    ("motto_place", shifted(head.MOTTO, across=9)),
    ("motto_rule", shorter_rules),
    (
        "issuer_words",
        lambda patch: patch.setitem(PRINTING, "Head", lambda body, *a, **k: head.Head(body.title(), *a, **k)),
    ),
    ("issuer_letters", letter("ISSUER", BOLD, 14)),
    ("issuer_letters", letter("ISSUER", REGULAR, 12)),
    ("issuer_rule", measure("RULE_SHARE", 0.8)),
    ("number_words", sheet(symbol="nghị quyết")),
    ("number_words", printing("_number", lambda _sheet: "Số: 5/NQ-CP")),
    ("number_letters", letter("NUMBER", REGULAR, 14)),
    ("date_words", sheet(place="")),
    ("date_words", printing("_place_date", lambda _sheet: "Hà Nội, ngày 5 tháng 1 năm 2026")),
    ("date_letters", letter("PLACE_DATE", REGULAR, 13)),
    ("date_level", lowered_date),
    ("fields", exchanged(b"/T (number)", b"/T (symbol)")),
    ("fields", exchanged(b"/Ff 1", b"/Ff 0")),
    ("type_words", printing("Title", lambda _name, summary: head.Title("QUYẾT ĐỊNH", summary))),
    ("type_letters", letter("TYPE_NAME", BOLD, 12)),
    ("type_letters", shifted("NGHỊ QUYẾT", across=30)),
    ("summary_letters", letter("SUMMARY", REGULAR, 14)),
    ("summary_place", shifted("Về", across=30)),
    ("summary_rule", shorter_rules),
    ("urgency", lambda patch: patch.setattr(m, "URGENCY", {"KHẨN": (25 * mm, 8 * mm)}) or sheet(urgency="KHẨN")(patch)),
    ("urgency", lambda patch: patch.setattr(m, "BRIGHT_RED", furniture.GREY) or sheet(urgency="HỎA TỐC")(patch)),
    ("no_secrecy", lambda patch: patch.setitem(PRINTING, "DRAFT", "TỐI MẬT") or sheet(draft=True)(patch)),
    ("decider", letter("ARTICLE", REGULAR, 14)),
    ("bases_letters", letter("BASES", REGULAR, 14)),
    ("bases_ends", instead(blocks, "basis", lambda made: lambda words: made(words.rstrip(";")))),
    ("bases_ends", instead(blocks, "basis", lambda made: lambda words: made(words.rstrip(".")))),
    ("formula", text(formula="Xét đề nghị của Bộ trưởng Bộ Tài chính")),
    ("decides", instead(blocks, "centred", lambda made: lambda words, **k: made(words.rstrip(":"), **k))),
    ("body_letters", letter("BODY", REGULAR, 12)),
    ("body_letters", letter("BODY", ITALIC, 14)),
    ("article_letters", letter("ARTICLE", ITALIC, 14)),
    ("article_letters", letter("ARTICLE", BOLD, 12)),
    (
        "article_order",
        lambda patch: patch.setitem(PRINTING, "enumerate", lambda found, start=0: enumerate(found, start + 1)),
    ),
    ("clause_order", text(articles=[article("A", clause("Một."), intro="2. Hai.")])),
    ("point_order", instead(blocks, "letter", lambda _made: lambda place: "abcdefgh"[place])),
    ("indent", instead(blocks, "BODY", lambda _made: Manner("justify", 20 * mm, 6))),
    ("justified", instead(blocks, "BODY", lambda _made: Manner("left", m.INDENT, 6))),
    ("gaps", instead(blocks, "BODY", lambda _made: Manner("justify", m.INDENT, 2))),
    ("spacing", measure("BODY", Letter(REGULAR, 14, 30))),
    ("alone", loose_ends),
    ("end", instead(blocks, "END", lambda _end: ".")),
    ("end", text(articles=[article("A", clause("Một./."), clause("Hai."))])),
    ("authority_words", sheet(authority=("Thủ tướng",))),
    ("authority_words", sheet(authority=("CHUYÊN VIÊN",))),
    ("authority_letters", letter("AUTHORITY", BOLD, 12)),
    ("signer_words", sheet(signer_name="GS.TS. Nguyễn Giả Định")),
    ("signer_words", sheet(signer_name="")),
    ("signer_letters", letter("SIGNER", REGULAR, 13)),
    ("signer_place", instead(blocks, "text", left_aligned_name)),
    ("signature_room", measure("SIGNATURE_ROOM", 16 * mm)),
    ("signature_field", exchanged(b"/T (signature)", b"/T (signatura)")),
    ("seal_field", measure("SEAL", 20 * mm)),
    ("recipients_head", letter("RECIPIENTS_HEAD", BOLD, 12)),
    ("recipients_place", measure("RECIPIENTS_HEAD", Letter(m.BOLD_ITALIC, 12, 40))),
    ("recipients_letters", letter("RECIPIENTS", REGULAR, 12)),
    ("recipients_words", text(archive="hồ sơ")),
    ("held_together", lonely_signature),
    ("annexes", instead(blocks, "roman", lambda _made: str)),
]


def seeded(seed, patch):
    """The faulty document; a seed changes how it is printed, or prints it."""
    pdf = seed(patch)
    return printed(annexes=ANNEXES) if pdf is None else pdf


@pytest.mark.parametrize(("code", "seed"), FAULTS, ids=[f"{at}-{code}" for at, (code, _seed) in enumerate(FAULTS)])
def test_a_seeded_fault_is_found_by_its_rule(code, seed, monkeypatch):
    assert code not in faults(printed(annexes=ANNEXES))
    assert code in faults(seeded(seed, monkeypatch))


def test_every_rule_has_a_fault_that_it_finds():
    assert {code for code, _seed in FAULTS} == set(NUMBERS)
    assert len(RULES) >= 25


def test_a_document_without_faults_keeps_every_rule():
    assert faults(printed()) == set()
    assert faults(printed(articles=LONG)) == set()


def test_findings_come_in_the_order_of_their_numbers_with_words():
    findings = check_layout(printed())
    assert [finding.number for finding in findings] == list(range(1, len(RULES) + 1))
    assert all(finding.title and finding.wanted and finding.code in TITLES for finding in findings)


def test_a_finding_says_what_was_found_and_where(app):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        pdf = printed(articles=[article("Mục tiêu", clause("Một."))], annexes=[])
        told = {finding.code: str(finding.found) for finding in check_layout(pdf)}
        assert told["left_margin"] == "30,0 mm"
        assert told["country_letters"].startswith("12,5 pt")
        assert told["number_words"] == "“Số: …/NQ-CP”"


def test_four_pages_are_checked_in_time():
    pdf = printed(articles=[article("", intro=case.SENTENCE)] * 40, annexes=[])
    assert len(PdfReader(case.BytesIO(pdf)).pages) >= 4
    spent = []
    for _ in range(5):
        begun = time.thread_time()
        check_layout(pdf)
        spent.append(time.thread_time() - begun)
    assert min(spent) < 0.06


def test_what_is_no_pdf_is_refused():
    with pytest.raises(pypdfium2.PdfiumError):
        check_layout(b"no pdf")


def test_a_document_of_another_kind_is_read_without_breaking():
    told = check_layout(layout.build([], title="a", issuer="b", made_at=case.AT, demo=False))
    assert len(told) == len(RULES)
    assert "country_words" in {finding.code for finding in told if not finding.ok}
