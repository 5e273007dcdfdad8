"""Notices are written from facts, after the act that made them true."""

from typing import Any

from app.workflows import notices
from app.workflows.engine.rights import SYSTEM


def tell(fact: dict[str, Any]) -> None:
    """Safe to run twice: a person is told about a fact once."""
    notices.tell(SYSTEM, fact)
