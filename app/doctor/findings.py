"""What a check says: a code for programs, how bad it is, and one sentence that says what to do."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    OK = "ok"
    NOTE = "note"  # not configured, which may be so by choice: nothing has to be done
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """`words` is a translatable sentence without secrets; paths and host names may be in it, it is for the operator."""

    code: str
    level: Level
    words: Any

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "level": self.level.value, "words": str(self.words)}


def ok(code: str, words: Any) -> Finding:
    return Finding(code, Level.OK, words)


def note(code: str, words: Any) -> Finding:
    return Finding(code, Level.NOTE, words)


def warning(code: str, words: Any) -> Finding:
    return Finding(code, Level.WARNING, words)


def error(code: str, words: Any) -> Finding:
    return Finding(code, Level.ERROR, words)
