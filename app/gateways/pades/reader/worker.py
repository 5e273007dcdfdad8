"""Decides nothing: reads one signed PDF and says which rules it breaks and which signatures it carries, as JSON."""

from typing import Any

from .outline import Page, Place
from .reading import Broken, Found, Reading, read


def answer(data: bytes, _limits: dict[str, int]) -> dict[str, Any]:
    """The reading with lists for its parts: {"broken": [[code, field], …], "signatures": …, "ends": …, "pages": …}."""
    return read(data)._asdict()


def understood(told: dict[str, Any]) -> Reading:
    """The reading that such an answer stands for."""
    signatures = [Found(*each)._replace(gap=tuple(each[Found._fields.index("gap")])) for each in told["signatures"]]
    pages = [_page(*each) for each in told["pages"]]
    return Reading([Broken(*each) for each in told["broken"]], signatures, told["ends"], pages)


def _page(wide: float, high: float, revision: int, places: list[Any]) -> Page:
    return Page(wide, high, revision, [Place(name, kind, (*box,), last) for name, kind, box, last in places])
