"""What a check of the doctor finds, in short."""

from collections.abc import Callable, Iterable

from app.doctor import Finding
from app.doctor.findings import Level


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
