"""Decides nothing: reads one signed PDF and says which rules it breaks and which signatures it carries, as JSON."""

from typing import Any

from .outline import Page, Place
from .reading import Broken, Datum, Found, Reading, Stamped, read


def answer(data: bytes, _limits: dict[str, int]) -> dict[str, Any]:
    """The reading with lists for its parts: {"broken": [[code, field], …], "signatures": …, "ends": …, "pages": …}."""
    return read(data)._asdict()


def understood(told: dict[str, Any]) -> Reading:
    """The reading that such an answer stands for."""
    signatures = [_with_gap(Found(*each)) for each in told["signatures"]]
    stamps = [_with_gap(Stamped(*each)) for each in told["stamps"]]
    pages, data = [_page(*each) for each in told["pages"]], [Datum(*each) for each in told["data"]]
    return Reading([Broken(*each) for each in told["broken"]], signatures, told["ends"], pages, stamps, data)


def _with_gap(found: Any) -> Any:
    return found._replace(gap=tuple(found.gap))


def _page(wide: float, high: float, revision: int, places: list[Any]) -> Page:
    return Page(wide, high, revision, [Place(name, kind, (*box,), last) for name, kind, box, last in places])
