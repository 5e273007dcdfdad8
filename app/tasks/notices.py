"""Notices are written from facts, after the act that made them true."""

from typing import Any

from app.realtime import announcing
from app.workflows import notices
from app.workflows.engine.rights import SYSTEM


def tell(fact: dict[str, Any]) -> None:
    """Safe to run twice: a person is told about a fact once."""
    notices.tell(SYSTEM, fact)


def badge(fact: dict[str, Any]) -> None:
    """Tell the screens of those who have a notice of it to count again. Safe to run twice: they count the same."""
    for person_id in notices.readers(fact["audit_entry_id"]):
        announcing.to_person(person_id, {"fact": "NoticeWritten"})
