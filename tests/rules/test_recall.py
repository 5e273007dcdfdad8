"""What is signed when a Resolution is recalled."""

import pytest

from app.workflows.rules.canonical import canonical
from app.workflows.rules.recall import parse_recall, recall_statement

FIELDS = {
    "resolution_id": 7,
    "number": "115/NQ-CP",
    "file_sha256": "a" * 64,
    "subject": "Về một số giải pháp hỗ trợ doanh nghiệp nhỏ và vừa",
    "reason": "Ban hành nhầm phụ lục.\nVăn bản khác sẽ thay thế.",
    "person": "Nguyễn Văn Giả Định",
    "nonce": "A" * 22,
    "server_time": "2026-11-21T02:00:03Z",
}


def test_a_recall_names_what_is_recalled_by_whom_and_why():
    """rule:R28"""
    statement = recall_statement(**FIELDS)
    assert statement == {"v": 1, "ctx": "vn.ecabinet.recall.v1", "type": "resolution_recall", **FIELDS}
    assert parse_recall(canonical(statement)) == statement


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reason", ""),
        ("number", ""),
        ("file_sha256", "A" * 64),
        ("resolution_id", 0),
        ("nonce", "kurz"),
        ("person", " "),
    ],
)
def test_a_recall_without_reason_number_or_person_is_refused(name, value):
    """rule:R28"""
    with pytest.raises(ValueError, match=f"^{name}: "):
        recall_statement(**{**FIELDS, name: value})


def test_another_statement_is_no_recall():
    with pytest.raises(ValueError, match="type"):
        parse_recall(canonical({**recall_statement(**FIELDS), "type": "poll_annulment"}))
    with pytest.raises(ValueError, match="missing or unknown"):
        parse_recall(canonical({**recall_statement(**FIELDS), "extra": 1}))
