"""A closed slip with 27 opinions for tests: three members on nine questions, three of the texts twice."""

from typing import Any

from app.models import Choice, QuestionKind
from app.workflows import slip_answers, slip_closing, slip_issue, slip_papers
from app.workflows.engine.rights import SYSTEM
from app.workflows.slip_answers import Said
from app.workflows.slips import Question
from tests.cabinet import NOW, PIN
from tests.conftest import nonce_of
from tests.slipping import CONSENT, LATE, SlipScene

TEXTS = 8  # questions for text beside the one of consent
CHOICES = {"head": "agree", "a": "disagree", "b": "other"}
ALIKE = (2, 5, 9)  # questions on which a and b write nearly the same
SENTENCE = "Ủy ban nhân dân cấp tỉnh báo cáo kết quả thực hiện trước ngày 15 tháng 12 hằng năm."
FORMULA = "=HYPERLINK(\"http://example.invalid\";\"xem\")"


def draft_text(*sentences: str) -> dict[str, Any]:
    """A Resolution whose second article holds a clause for each sentence."""
    clauses = [{"text": sentence, "points": []} for sentence in sentences]
    return {
        "subject": "Về hỗ trợ doanh nghiệp nhỏ", "bases": ["Luật Tổ chức Chính phủ"],
        "formula": "Trên cơ sở kết quả biểu quyết của các Thành viên Chính phủ", "annexes": [],
        "articles": [
            {"heading": "Phạm vi", "intro": "Nghị quyết này quy định về hỗ trợ doanh nghiệp nhỏ.", "clauses": []},
            {"heading": "Tổ chức thực hiện", "intro": "Các cơ quan chịu trách nhiệm thi hành:", "clauses": clauses},
        ],
        "recipients": ["Như Điều 2"], "archive": "VT",
    }  # fmt: skip


def text_of(name: str, question: int) -> str:
    """What a member writes; in three places two of them differ by a sign and a capital letter only."""
    if question in ALIKE and name in ("a", "b"):
        said = f"Đề nghị làm rõ trách nhiệm của các bộ, ngành trong nội dung thứ {question}"
        return said if name == "a" else f"{said.upper()}."
    if (name, question) == ("head", 2):
        return FORMULA
    own = " ".join(f"{name}{question}{place}" for place in range(6))
    return f"Góp ý riêng: {own}"


def said_by(name: str) -> Said:
    parts = [
        {"question": at, "choice": Choice(CHOICES[name]).value if at == 1 else None, "option": None,
         "text": text_of(name, at), "articles": []}
        for at in range(1, TEXTS + 2)
    ]  # fmt: skip
    return Said(parts)


def closed_slip(slip: SlipScene, *, with_draft: bool = True) -> int:
    """A slip with a written draft, answered by three members with 27 texts, and closed by the clock."""
    asked = [Question(QuestionKind.TEXT, f"Ý kiến về nội dung thứ {at}?") for at in range(2, TEXTS + 2)]
    made = slip.draft(CONSENT, *asked)
    if with_draft:
        slip_papers.write_slip_draft(slip.who["clerk"], made.id, draft_text("Bộ Tài chính chủ trì."), now=NOW)
    slip.approve(made.id)
    slip_issue.issue_slip(slip.who["deputy"], made.id, now=NOW)
    for name in CHOICES:
        nonce = nonce_of(f"{name}-{made.id}")
        slip_answers.prepare_answer(slip.who[name], made.id, said_by(name), nonce, now=NOW)
        slip_answers.sign_answer(slip.who[name], made.id, nonce, PIN, now=NOW)
    slip_closing.close_slip(SYSTEM, made.id, LATE)
    return made.id
