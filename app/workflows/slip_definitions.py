"""What slips asked when they were issued: frozen bytes are read and parsed once in a process, under their hash."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.models import Slip
from app.workflows.rules.slip import AnswerCheck, parse_slip_definition
from app.workflows.stored_proofs import as_frozen

MOST_KEPT = 4  # a slip to five thousand members takes some megabytes


def definition_of(slip: Slip) -> Mapping[str, Any]:
    """What an issued slip asks, to be read only; ValueError when the bytes are not those whose hash was frozen."""
    return _definition(slip.id, slip.definition_sha256)


def check_of(slip: Slip) -> AnswerCheck:
    """The check of answers to an issued slip."""
    return _check(slip.id, slip.definition_sha256)


@lru_cache(maxsize=MOST_KEPT)
def _definition(slip_id: int, sha256: str | None) -> Mapping[str, Any]:
    stored = db.session.scalar(select(Slip.definition).where(Slip.id == slip_id))
    return parse_slip_definition(as_frozen(stored, sha256))


@lru_cache(maxsize=MOST_KEPT)
def _check(slip_id: int, sha256: str | None) -> AnswerCheck:
    return AnswerCheck(_definition(slip_id, sha256))
