"""What a check of the doctor finds, in short."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any

import pytest

from app.doctor import Finding
from app.doctor.findings import Level
from app.metrics import patience


def levels(check: Callable[[], Iterable[Finding]]) -> dict[str, str]:
    """Code → worst level; every sentence must be one."""
    found: dict[str, str] = {}
    for finding in check():
        assert str(finding.words)
        order = [level.value for level in Level]
        found[finding.code] = max(found.get(finding.code, "ok"), finding.level.value, key=order.index)
    return found


def words(check: Callable[[], Iterable[Finding]]) -> str:
    return " ".join(str(finding.words) for finding in check())


def patient_with(monkeypatch: pytest.MonkeyPatch, hanging: int) -> None:
    """The patience with questions is over as soon as all but so many are answered, however slow this machine is."""

    def wait(asked: Iterable["Future[Any]"], _seconds: float) -> None:
        asked = list(asked)
        while sum(not each.done() for each in asked) > hanging:
            time.sleep(0.01)

    monkeypatch.setattr(patience, "wait", wait)
