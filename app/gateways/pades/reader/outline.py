"""Decides nothing: says which pages a file shows, which revision each comes from, and where its fields stand on it.

Also of a file that breaks rules, so that people can see where: nothing here may be taken for a check.
"""

import re
from typing import Any, NamedTuple

from .revisions import Revision
from .shape import Objects
from .syntax import Name, Reference, Stream

MOST_PAGES, MOST_PLACES = 300, 40  # places of each page
LARGEST = 14_400.0  # points: the largest page that readers show
ELSEWHERE = {"Parent", "P", "Annots", "Data", "StructParents", "Popup", "Dest"}  # not part of what a page shows
LEADING = {Reference, Stream, dict, list}  # what may lead to more
PLAIN = re.compile(r"[A-Za-z0-9_-]{1,32}")
Box = tuple[float, float, float, float]


class Place(NamedTuple):
    """A field or another box on a page: left, bottom, width and height in points; `revision` is the last that wrote it.

    `kind` is "signature", "text" or "other"; `name` is "" where it is not plain.
    """

    name: str
    kind: str
    box: Box
    revision: int


class Page(NamedTuple):
    """A page as it is shown in the end, in points. `revision`: the last one that changed its place, content or size.

    Revisions count from 1, the base.
    """

    wide: float
    high: float
    revision: int
    places: list[Place]


def pages_of(revisions: list[Revision]) -> list[Page]:
    """The first pages of the file; none where they cannot be told."""
    try:
        return _pages(revisions)
    except MemoryError:
        raise
    except Exception:  # a file that is odd enough has no outline
        return []


def _pages(revisions: list[Revision]) -> list[Page]:
    objects: Objects = {}
    newest: dict[int, int] = {}
    shown: list[int] = []
    placed: list[int] = []
    for at, revision in enumerate(revisions, start=1):
        objects |= revision.objects
        newest |= dict.fromkeys(revision.objects, at)
        now = _numbers(objects, revision.trailer["Root"])
        placed = [
            placed[index] if shown[index : index + 1] == [number] else at for index, number in enumerate(now)
        ]  # fmt: skip
        shown = now
    return [_page(number, at, objects, newest) for number, at in zip(shown, placed, strict=True)]


def _numbers(objects: Objects, root: Reference) -> list[int]:
    """The pages in the order in which they are shown, by object number."""
    found: list[int] = []
    seen: set[int] = set()
    waiting = [objects[root.number]["Pages"]]
    while waiting and len(found) < MOST_PAGES:
        number = waiting.pop().number
        if number in seen:
            continue
        seen.add(number)
        node = objects[number]
        if node.get("Type") == Name("Pages"):
            waiting.extend(reversed(_plain(node["Kids"], objects)))
        else:
            found.append(number)
    return found


def _page(number: int, placed: int, objects: Objects, newest: dict[int, int]) -> Page:
    page = objects[number]
    left, bottom, right, top = _box(_inherited(page, "MediaBox", objects), objects)
    places = [
        place
        for reference in _plain(page.get("Annots", []), objects)[:MOST_PLACES]
        if (place := _place(reference, (left, bottom), objects, newest)) is not None
    ]
    wide, high = (min(size, LARGEST) for size in (right - left, top - bottom))
    return Page(wide, high, max(placed, _last_change(page, number, objects, newest)), places)


def _inherited(node: dict[str, Any], key: str, objects: Objects) -> Any:
    for _ in range(len(objects)):
        if key in node:
            return node[key]
        node = objects[node["Parent"].number]
    raise KeyError(key)


def _place(reference: Any, corner: tuple[float, float], objects: Objects, newest: dict[int, int]) -> Place | None:
    entries = _plain(reference, objects)
    number = reference.number if isinstance(reference, Reference) else 0
    left, bottom, right, top = _box(entries.get("Rect"), objects)
    kinds = {"Sig": "signature", "Tx": "text"} if entries.get("Subtype") == "Widget" else {}
    written = entries.get("T", b"")
    name = written.decode("latin-1") if isinstance(written, bytes) else ""
    box = (left - corner[0], bottom - corner[1], right - left, top - bottom)
    if not all(abs(size) <= LARGEST for size in box):
        return None
    return Place(
        name if PLAIN.fullmatch(name) else "", kinds.get(str(entries.get("FT")), "other"), box,
        _last_change(entries, number, objects, newest),
    )  # fmt: skip


def _box(value: Any, objects: Objects) -> Box:
    """Left, bottom, right, top, whichever corners are named."""
    one, two, three, four = (float(_plain(each, objects)) for each in _plain(value, objects))
    return min(one, three), min(two, four), max(one, three), max(two, four)


def _last_change(value: Any, number: int, objects: Objects, newest: dict[int, int]) -> int:
    """The newest revision of whatever the value is made of."""
    last = newest.get(number, 1)
    seen, waiting = {number}, [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Reference):
            if value.number in seen:
                continue
            seen.add(value.number)
            last = max(last, newest.get(value.number, 1))
            value = objects.get(value.number)
        if isinstance(value, Stream):
            value = value.entries
        if isinstance(value, dict):
            value = [entry for key, entry in value.items() if key not in ELSEWHERE]
        if isinstance(value, list):
            waiting.extend(entry for entry in value if type(entry) in LEADING)
    return last


def _plain(value: Any, objects: Objects) -> Any:
    """The value itself, where it is referred to."""
    return objects[value.number] if isinstance(value, Reference) else value
