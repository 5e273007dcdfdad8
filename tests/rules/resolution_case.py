"""A Resolution as the tests of its rules know it, and how to make any other one."""

import copy

from hypothesis import strategies as st

from app.workflows.rules.resolution import formula, resolution_text

BODY = "Chính phủ"
FIELDS = {
    "subject": "Về một số giải pháp hỗ trợ doanh nghiệp nhỏ và vừa",
    "bases": [
        "Căn cứ Luật Tổ chức Chính phủ số 63/2025/QH15",
        "Căn cứ Nghị định số 191/2026/NĐ-CP ban hành Quy chế làm việc của Chính phủ",
        "Theo đề nghị của Bộ trưởng Bộ Tài chính tại Tờ trình số 412/TTr-BTC ngày 24 tháng 7 năm 2026",
    ],
    "formula": formula(BODY),
    "articles": [
        {
            "heading": "Mục tiêu",
            "intro": "Hỗ trợ doanh nghiệp nhỏ và vừa tiếp cận vốn, giảm chi phí tuân thủ.",
            "clauses": [],
        },
        {
            "heading": "Nhiệm vụ và giải pháp",
            "intro": "",
            "clauses": [
                {
                    "text": "Bộ Tài chính chủ trì, phối hợp với các bộ, cơ quan ngang bộ:",
                    "points": [
                        "Trình cấp có thẩm quyền gia hạn thời hạn nộp thuế trong quý IV năm 2026;",
                        "Hoàn thiện cơ chế hoạt động của quỹ bảo lãnh tín dụng tại địa phương.",
                    ],
                },
                {"text": "Ngân hàng Nhà nước Việt Nam cơ cấu lại thời hạn trả nợ.", "points": []},
            ],
        },
        {
            "heading": "",
            "intro": "Nghị quyết này có hiệu lực từ ngày ký ban hành.\nCác Bộ trưởng chịu trách nhiệm thi hành.",
            "clauses": [],
        },
    ],
    "annexes": [{"title": "Danh mục nhiệm vụ", "paragraphs": ["1. Rà soát thời hạn nộp thuế.", "a) Quý IV."]}],
    "recipients": ["Thủ tướng, các Phó Thủ tướng Chính phủ", "Các bộ, cơ quan ngang bộ", "Văn phòng Quốc hội"],
    "archive": "VT, KTTH (2)",
}
BODY_NOTATION = """Điều 1. Mục tiêu
Hỗ trợ doanh nghiệp nhỏ và vừa tiếp cận vốn, giảm chi phí tuân thủ.

Điều 2. Nhiệm vụ và giải pháp
1. Bộ Tài chính chủ trì, phối hợp với các bộ, cơ quan ngang bộ:
a) Trình cấp có thẩm quyền gia hạn thời hạn nộp thuế trong quý IV năm 2026;
b) Hoàn thiện cơ chế hoạt động của quỹ bảo lãnh tín dụng tại địa phương.
2. Ngân hàng Nhà nước Việt Nam cơ cấu lại thời hạn trả nợ.

Điều 3. Nghị quyết này có hiệu lực từ ngày ký ban hành.
Các Bộ trưởng chịu trách nhiệm thi hành.

Phụ lục
Danh mục nhiệm vụ
1. Rà soát thời hạn nộp thuế.
a) Quý IV."""


def fields(**changes):
    """The members of the example, some of them replaced; a copy that may be changed."""
    return {**copy.deepcopy(FIELDS), **changes}


def example(**changes):
    return resolution_text(**fields(**changes))


SYLLABLES = (
    "bộ", "cơ", "quan", "giao", "chủ", "trì", "phối", "hợp", "đề", "án", "thực", "hiện", "nhiệm", "vụ", "ưu", "tiên",
    "số", "12", "30%", "2026", "Điều", "khoản", "Chính", "phủ", "địa", "phương", "–", "(05)", "“dữ", "liệu”",
    "63/2025/QH15",
)  # fmt: skip
POOL = [f"Việc {' '.join(SYLLABLES[(first * step + n) % len(SYLLABLES)] for n in range(1 + first % 8))}"
        for first in range(8) for step in (1, 7)]  # fmt: skip
words = st.sampled_from(POOL)
sentences = st.sampled_from([line + stop for line in POOL for stop in ".;:"])
lines = st.one_of(words, sentences)
prose = st.one_of(lines, st.lists(lines, min_size=2, max_size=3).map("\n".join))
clauses = st.lists(st.fixed_dictionaries({"text": prose, "points": st.lists(prose, max_size=6)}), max_size=3)
articles = st.lists(
    st.fixed_dictionaries(
        {"heading": st.one_of(st.just(""), words), "intro": st.one_of(st.just(""), prose), "clauses": clauses}
    ),
    max_size=4,
)
annexes = st.lists(st.fixed_dictionaries({"title": words, "paragraphs": st.lists(lines, max_size=3)}), max_size=2)
listed = st.lists(words, max_size=4)
texts = st.builds(
    resolution_text,
    subject=words,
    bases=listed,
    formula=st.just(formula(BODY)),
    articles=articles,
    annexes=annexes,
    recipients=listed,
    archive=st.sampled_from(("", "VT", "VT, TH (2)")),
)
