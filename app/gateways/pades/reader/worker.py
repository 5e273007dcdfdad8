"""Decides nothing: reads one signed PDF and says which rules it breaks and which signatures it carries, as JSON."""

from typing import Any

from .reading import Broken, Found, Reading, read


def answer(data: bytes, _limits: dict[str, int]) -> dict[str, Any]:
    """{"broken": [[code, field], …], "signatures": [[field, name, time, gap, end, cms], …]}."""
    return read(data)._asdict()


def understood(told: dict[str, Any]) -> Reading:
    """The reading that such an answer stands for."""
    signatures = [Found(*each)._replace(gap=tuple(each[Found._fields.index("gap")])) for each in told["signatures"]]
    return Reading([Broken(*each) for each in told["broken"]], signatures)
