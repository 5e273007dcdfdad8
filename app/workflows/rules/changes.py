"""What a drafted Resolution says otherwise than the text that was voted, place by place, and whether it needs a reason.

Thay đổi so với văn bản đã biểu quyết.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.workflows.rules.drafting import article_lines
from app.workflows.rules.pairing import pair
from app.workflows.rules.resolution import POINT_LETTERS, annex_name, strings
from app.workflows.rules.wording import Segment, compare, tokens

CHANGES_CONTEXT = "vn.ecabinet.resolution_changes.v1"
FREE = ("base", "formula")
"""The parts that may still be written after the vote; number and date are no part of the text."""
KINDS = ("added", "removed", "changed", "moved")
_FEWEST_WORDS = 4  # shorter texts are alike by chance: they were not moved from one article to another


@dataclass(frozen=True)
class Change:
    """One place that differs.

    `kind`: one of KINDS. `part`: subject, base, formula, article, annex, recipient or archive. `place` as it is called
    in the draft ("Điều 2, khoản 1, điểm b"; of what is gone, as in the voted text), `was` as in the voted text where
    that differs. `segments`: same, added and removed words for red and green; of what moved, one segment for blue.
    """

    kind: str
    part: str
    place: str
    was: str = ""
    segments: tuple[Segment, ...] = ()


def changes(voted: Mapping[str, Any], drafted: Mapping[str, Any]) -> tuple[Change, ...]:
    """Every difference between two structured texts, in the order of the document; none for equal texts (rule:R27)."""
    found = [
        *_single("subject", "Trích yếu", voted["subject"], drafted["subject"]),
        *_listed("base", "Căn cứ thứ {}", voted["bases"], drafted["bases"]),
        *_single("formula", "Câu về kết quả biểu quyết", voted["formula"], drafted["formula"]),
        *_articles(voted["articles"], drafted["articles"]),
        *_annexes(voted["annexes"], drafted["annexes"]),
        *_listed("recipient", "Nơi nhận, dòng {}", voted["recipients"], drafted["recipients"]),
        *_single("archive", "Nơi nhận, dòng lưu", voted["archive"], drafted["archive"]),
    ]
    return tuple(_moved_elsewhere(found))


def needs_reason(found: Sequence[Change]) -> bool:
    """Whether the clerk must say why: always, unless only legal bases or the formula differ (rule:R27)."""
    return any(change.part not in FREE for change in found)


def as_record(found: Sequence[Change]) -> dict[str, Any]:
    """The comparison as evidence, for `canonical`: every change in full, and whether it needs a reason."""
    listed = [
        {
            "kind": change.kind,
            "part": change.part,
            "place": change.place,
            "was": change.was,
            "segments": [{"kind": segment.kind, "words": segment.words} for segment in change.segments],
        }
        for change in found
    ]
    return {"v": 1, "ctx": CHANGES_CONTEXT, "needs_reason": needs_reason(found), "changes": listed}


@dataclass(frozen=True)
class _At:
    """A place in both texts, empty where there is none."""

    part: str
    voted: str
    drafted: str

    def inner(self, voted: str, drafted: str) -> "_At":
        return _At(self.part, self.voted and f"{self.voted}, {voted}", self.drafted and f"{self.drafted}, {drafted}")

    def change(self, kind: str, segments: tuple[Segment, ...]) -> Change:
        place = self.drafted or self.voted
        return Change(kind, self.part, place, self.voted if self.voted != place else "", segments)


def _leaf(at: _At, old: str, new: str) -> Iterator[Change]:
    if old == new:
        return
    if not old or not new:
        kind = "added" if new else "removed"
        yield at.change(kind, (Segment(kind, new or old),))
    else:
        yield at.change("changed", compare(old, new))


def _single(part: str, name: str, old: str, new: str) -> Iterator[Change]:
    yield from _leaf(_At(part, name, name), old, new)


def _listed(part: str, name: str, old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    for before, after, moved in pair(old, new):
        at = _At(part, _called(name, before), _called(name, after))
        yield from _item(at, _part(old, before), _part(new, after), moved)


def _item(at: _At, old: str, new: str, moved: bool) -> Iterator[Change]:
    if moved:
        yield at.change("moved", (Segment("moved", new),))
    yield from _leaf(at, old, new)


def _articles(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> Iterator[Change]:
    nothing: Mapping[str, Any] = {"heading": "", "intro": "", "clauses": []}
    for before, after, moved in pair(_whole(old), _whole(new), same_place=True):
        at = _At("article", _called("Điều {}", before), _called("Điều {}", after))
        voted, drafted = _part(old, before, nothing), _part(new, after, nothing)
        if moved:
            lines = article_lines((after or 0) + 1, drafted)
            yield at.change("moved", (Segment("moved", "\n".join(lines)),))
        if not any(strings([voted, drafted])) and None in (before, after):
            yield at.change("removed" if after is None else "added", ())  # an article that says nothing
        yield from _leaf(at.inner("tên điều", "tên điều"), voted["heading"], drafted["heading"])
        alone = not voted["clauses"] and not drafted["clauses"]
        intro = at if alone else at.inner("đoạn mở đầu", "đoạn mở đầu")
        yield from _leaf(intro, voted["intro"], drafted["intro"])
        yield from _clauses(at, voted["clauses"], drafted["clauses"])


def _clauses(at: _At, old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> Iterator[Change]:
    nothing: Mapping[str, Any] = {"text": "", "points": []}
    for before, after, moved in pair(_whole(old), _whole(new)):
        clause = _below(at, "khoản {}", before, after)
        voted, drafted = _part(old, before, nothing), _part(new, after, nothing)
        yield from _item(clause, voted["text"], drafted["text"], moved)
        for first, second, point_moved in pair(voted["points"], drafted["points"]):
            point = _At(clause.part, _lettered(clause.voted, first), _lettered(clause.drafted, second))
            yield from _item(point, _part(voted["points"], first), _part(drafted["points"], second), point_moved)


def _annexes(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> Iterator[Change]:
    nothing: Mapping[str, Any] = {"title": "", "paragraphs": []}
    for before, after, moved in pair(_whole(old), _whole(new), same_place=True):
        at = _At("annex", _annex(before, len(old)), _annex(after, len(new)))
        voted, drafted = _part(old, before, nothing), _part(new, after, nothing)
        if moved:
            yield at.change("moved", (Segment("moved", drafted["title"]),))
        yield from _leaf(at.inner("tên", "tên"), voted["title"], drafted["title"])
        for first, second, paragraph_moved in pair(voted["paragraphs"], drafted["paragraphs"]):
            paragraph = _below(at, "đoạn {}", first, second)
            texts = _part(voted["paragraphs"], first), _part(drafted["paragraphs"], second)
            yield from _item(paragraph, *texts, paragraph_moved)


def _whole(parts: Sequence[Any]) -> list[str]:
    return ["\n".join(strings(part)) for part in parts]


def _part(parts: Sequence[Any], at: int | None, nothing: Any = "") -> Any:
    return nothing if at is None else parts[at]


def _called(name: str, at: int | None) -> str:
    return "" if at is None else name.format(at + 1)


def _below(at: _At, name: str, before: int | None, after: int | None) -> _At:
    voted, drafted = _called(name, before), _called(name, after)
    return _At(at.part, voted and f"{at.voted}, {voted}", drafted and f"{at.drafted}, {drafted}")


def _lettered(clause: str, at: int | None) -> str:
    return "" if at is None else f"{clause}, điểm {POINT_LETTERS[at]}"


def _annex(at: int | None, count: int) -> str:
    return "" if at is None else annex_name(at + 1, count)


def _moved_elsewhere(found: Sequence[Change]) -> list[Change]:
    """What is gone at one place of the articles and new, word for word, at another has moved."""
    kept: list[Change | None] = list(found)
    gone: dict[str, list[int]] = {}
    for at, change in enumerate(found):
        if _movable(change, "removed"):
            gone.setdefault(change.segments[0].words, []).append(at)
    for at, change in enumerate(found):
        if _movable(change, "added") and (sources := gone.get(change.segments[0].words)):
            source = sources.pop(0)
            was = found[source].place
            moved = replace(change, kind="moved", was=was, segments=(change.segments[0]._replace(kind="moved"),))
            kept[source] = None
            kept[at] = moved if was != change.place else None  # only what stands around it has another place
    return [change for change in kept if change]


def _movable(change: Change, kind: str) -> bool:
    if (change.kind, change.part) != (kind, "article") or not change.segments:
        return False
    return len(tokens(change.segments[0].words)) >= _FEWEST_WORDS
