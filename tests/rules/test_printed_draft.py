"""A printed draft is read back as it was printed, or not at all."""

import textwrap
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows.rules.drafting import from_pdf_text, write_body
from app.workflows.rules.printed_draft import Unsure, take_apart
from app.workflows.rules.resolution import END, strings
from app.workflows.rules.wording import tokens
from tests.rules.resolution_case import FIELDS, example, texts

WIDTH = 76
BARE = {"heading": "", "intro": "", "clauses": []}


def printed(text, width=WIDTH):
    """The lines of a printed draft, as an extractor gives them."""
    paragraphs = [
        "CHÍNH PHỦ", "Số:      /NQ-CP Hà Nội, ngày      tháng      năm 2026", "DỰ THẢO", "NGHỊ QUYẾT", text["subject"],
        "CHÍNH PHỦ", *(f"{line};" for line in text["bases"]), f"{text['formula']}.", "QUYẾT NGHỊ:",
        *(line for line in write_body({**text, "annexes": []}).split("\n") if line),
    ]  # fmt: skip
    paragraphs[-1] = paragraphs[-1].rstrip(".") + END
    paragraphs += ["Nơi nhận:", *(f"- {line};" for line in text["recipients"]), f"- Lưu: {text['archive']}."]
    paragraphs += ["TM. CHÍNH PHỦ", "THỦ TƯỚNG"]
    return [line for paragraph in paragraphs for line in textwrap.wrap(paragraph, width, break_on_hyphens=False)]


def pages(lines, size=30):
    """The lines on pages with their numbers and the mark of a demo paper."""
    sheets = [lines[at : at + size] for at in range(0, len(lines), size)]
    return [
        "\n".join([*([str(n)] if n > 1 else []), "VĂN BẢN DEMO – MẪU", *sheet]) for n, sheet in enumerate(sheets, 1)
    ]


def read(text, change=lambda lines: lines, width=WIDTH):
    return from_pdf_text(pages(change(printed(text, width))))


PLAIN = example(
    annexes=[], articles=[*FIELDS["articles"][:2], {**BARE, "intro": "Nghị quyết này có hiệu lực từ ngày ký."}]
)


@pytest.mark.parametrize("width", [40, 60, 76, 90])
def test_a_draft_is_read_as_it_was_printed(width):
    assert read(PLAIN, width=width) == PLAIN


def test_a_draft_without_recipients_or_formula_is_read():
    lines = printed({**PLAIN, "recipients": []})
    end = lines.index("Nơi nhận:")
    assert from_pdf_text(["\n".join(lines[:end])]) == {**PLAIN, "recipients": [], "archive": ""}
    without = [line for line in lines[:end] if not line.startswith("Trên cơ sở")]
    assert from_pdf_text(["\n".join(without)]) == {**PLAIN, "recipients": [], "archive": "", "formula": ""}


def test_an_older_formula_is_a_formula():
    older = "Trên cơ sở thảo luận của các Thành viên Chính phủ và kết luận của Thủ tướng Chính phủ"
    assert read({**PLAIN, "formula": older}) == {**PLAIN, "formula": older}


def test_the_signature_may_stand_before_the_recipients():
    def turned(lines):
        at = lines.index("Nơi nhận:")
        return [*lines[:at], *lines[-2:], *lines[at:-2]]

    assert read(PLAIN, turned) == PLAIN


def test_a_symbol_torn_at_the_end_of_a_line_is_whole_again():
    lines = printed(PLAIN, 400)
    at = next(n for n, line in enumerate(lines) if "191/2026/NĐ-CP" in line)
    before, after = lines[at].split("NĐ-CP")
    torn = [*lines[:at], f"{before}NĐ-", f"CP{after}", *lines[at + 1 :]]
    assert take_apart(["\n".join(torn)]).bases[1] == PLAIN["bases"][1]


def test_a_year_at_the_beginning_of_a_line_is_no_clause():
    lines = printed(PLAIN)
    at = lines.index("QUYẾT NGHỊ:")
    body = [
        "Điều 1. Tên điều",
        "1. Bố trí kinh phí để thực hiện nhiệm vụ cấp bách trong kế hoạch đầu tư năm",
        "2026. Bộ Tài chính hướng dẫn thực hiện./.",
    ]
    found = from_pdf_text(["\n".join([*lines[: at + 1], *body, *lines[lines.index("Nơi nhận:") :]])])
    [clause] = found["articles"][0]["clauses"]
    assert clause["text"].endswith("trong kế hoạch đầu tư năm 2026. Bộ Tài chính hướng dẫn thực hiện.")


def test_a_list_with_hyphens_keeps_its_lines():
    task = "Bộ Tài chính chủ trì, phối hợp với các bộ, cơ quan ngang bộ, thực hiện việc:"
    clauses = [{"text": f"{task}\n- Rà soát thời hạn nộp thuế;\n- Gia hạn nộp thuế.", "points": []}]
    text = {**PLAIN, "articles": [{**BARE, "heading": "Nhiệm vụ", "clauses": clauses}]}
    assert read(text, width=len(task) + 3) == text


def put(where, *lines):
    """Put lines in place of the line that begins so."""
    return lambda old: [new for line in old for new in (lines if line.startswith(where) else [line])]


@pytest.mark.parametrize(
    "change",
    [
        put("NGHỊ QUYẾT"),
        put("NGHỊ QUYẾT", "NGHỊ QUYẾT", "NGHỊ QUYẾT"),
        put("QUYẾT NGHỊ"),
        put("NGHỊ QUYẾT", "QUYẾT ĐỊNH"),
        put("Về một số"),
        put("Căn cứ Luật", "Căn cứ Luật Tổ chức Chính phủ;", "Chính phủ ban hành Nghị quyết;"),
        put("Điều 2", "Điều 3. Nhiệm vụ và giải pháp"),
        put("a) Trình", "b) Trình cấp có thẩm quyền;"),
        put("2. Ngân hàng", "3. Ngân hàng Nhà nước Việt Nam cơ cấu lại thời hạn trả nợ."),
        put("2. Ngân hàng", "hoàn thành trong quý", "2. Ngân hàng Nhà nước Việt Nam cơ cấu lại nợ trong quý",
            "3. Bộ Công Thương mở rộng thị trường."),
        put("THỦ TƯỚNG", "THỦ TƯỚNG", "Phụ lục I", "Danh mục nhiệm vụ"),
        put("THỦ TƯỚNG", "THỦ TƯỚNG", *(f"Dòng thừa {number}" for number in range(9))),
        put("Nơi nhận:", "Nơi nhận: TM. CHÍNH PHỦ"),
        put("Nơi nhận:", *(f"Đoạn thêm {number}." for number in range(9)), "Nơi nhận:"),
        put("- Các bộ", "Các bộ, cơ quan ngang bộ;"),
        put("Về một số", "Về một số\u202e giải pháp"),
    ],
)  # fmt: skip
def test_what_is_not_clear_is_not_read(change):
    lines = printed(PLAIN)
    assert change(lines) != lines
    assert read(PLAIN, change) is None


def test_another_document_is_not_read():
    assert from_pdf_text([]) is None
    assert from_pdf_text(["", " \n"]) is None
    assert from_pdf_text(["TỜ TRÌNH\nVề việc ban hành Nghị quyết\nKính gửi: Chính phủ."]) is None
    with pytest.raises(Unsure, match="missing or stands there twice"):
        take_apart(["TỜ TRÌNH"])


def spoken(text):
    """Every word of a text, wherever its paragraphs end."""
    return Counter(token.strip() for piece in strings({name: text[name] for name in FIELDS}) for token in tokens(piece))


bases = st.lists(st.sampled_from(FIELDS["bases"]), max_size=3)


@given(texts, bases)
def test_what_is_read_has_every_word_and_no_other(text, lines):
    last = {**BARE, "intro": "Nghị quyết này có hiệu lực từ ngày ký."}
    text = {**text, "annexes": [], "bases": lines, "archive": "VT", "articles": [*text["articles"], last]}
    found = read(text)
    if found is not None:
        assert spoken(found)[""] <= spoken(text)[""]
        assert {word: count for word, count in spoken(found).items() if word not in ("", ".", ":", ";")} == {
            word: count for word, count in spoken(text).items() if word not in ("", ".", ":", ";")
        }


@given(st.lists(st.text(max_size=60) | st.sampled_from(printed(PLAIN)), max_size=40))
def test_any_lines_are_read_or_not_and_never_break(lines):
    found = from_pdf_text(["\n".join(lines)])
    assert found is None or found["articles"]
