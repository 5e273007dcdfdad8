"""Who is named in a report because of what they answered (rule:R15)."""

from app.workflows.rules.slip_dissent import dissents


def answer(member, choice, text="", articles=(), reservation=False, files=()):
    return {
        "member": member, "name": f"Tên {member}", "post": f"Chức vụ {member}", "reservation": reservation,
        "answers": [{"question": 1, "choice": choice, "option": None, "text": text, "articles": list(articles)}],
        "attachments": [{"name": name} for name in files],
    }  # fmt: skip


def result(*answers, main=1):
    return {"main": main, "answers": list(answers)}


def test_a_bare_agreement_is_not_named():
    assert dissents(result(answer("M01", "agree"), answer("M02", "agree"))) == ()


def test_those_against_come_first_then_other_opinions_then_remarks():
    found = dissents(result(
        answer("M01", "agree", text="Nên sớm ban hành"),
        answer("M02", "other"),
        answer("M03", "disagree", reservation=True),
    ))  # fmt: skip
    assert [(each.member, each.against) for each in found] == [("M03", True), ("M02", True), ("M01", False)]
    assert found[0].reservation
    assert found[2].remarks[0].text == "Nên sớm ban hành"


def test_an_article_is_named_when_it_is_refused_or_remarked():
    marked = [
        {"article": 1, "choice": "agree", "text": ""},
        {"article": 2, "choice": "disagree", "text": ""},
        {"article": 3, "choice": None, "text": "Bỏ"},
    ]
    (found,) = dissents(result(answer("M01", "agree", articles=marked)))
    assert [(each.article, each.choice, each.text) for each in found.remarks] == [(2, "disagree", ""), (3, None, "Bỏ")]


def test_files_alone_are_named_and_without_a_deciding_question_nobody_is_against():
    (found,) = dissents(result(answer("M01", None, files=["so-lieu.pdf"]), main=None))
    assert (found.choice, found.attachments, found.against) == (None, ("so-lieu.pdf",), False)
