"""How two wordings differ, word by word: Vietnamese syllables, figures and symbols are never split by letters."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

# A word carries the space before it; figures and symbols such as 1.000 or 191/2026/NĐ-CP are one word.
_WORD = r"\w[\w\u0300-\u036f]*"
_TOKEN = re.compile(rf"\n| ?{_WORD}(?:[./,:-]{_WORD})*| ?[^\w\s]")
_UNLIKE = 0.3  # texts that share less are not interleaved: one is gone, the other is new
_LONG = 800  # words; beyond, frequent words no longer anchor the comparison, so that it ends in time


class Segment(NamedTuple):
    """A run of words: same, added, removed or moved. The words of all segments in a row are the two texts in one."""

    kind: str
    words: str


def tokens(text: str) -> list[str]:
    """Words, punctuation marks and line feeds; the space before a word belongs to it, the first word has one too."""
    return _TOKEN.findall(" " + text.replace("\n", "\n "))


def likeness(old: Counter[str], new: Counter[str]) -> float:
    """The share of words that two texts have in common, from 0 to 1; counted with `Counter(tokens(text))`."""
    size = old.total() + new.total()
    return 2 * (old & new).total() / size if size else 1.0


def compare(old: str, new: str) -> tuple[Segment, ...]:
    """What leads from one wording to the other; for two equal texts one segment, for two empty ones none."""
    segments: list[Segment] = []
    before, after = tokens(old), tokens(new)
    if likeness(Counter(before), Counter(after)) < _UNLIKE:
        _close(segments, before, after)
        return tuple(segment._replace(words=segment.words.removeprefix(" ")) for segment in segments)
    removed: list[str] = []
    added: list[str] = []
    matcher = SequenceMatcher(None, before, after, autojunk=max(len(before), len(after)) > _LONG)
    codes = matcher.get_opcodes()
    for place, (kind, i1, i2, j1, j2) in enumerate(codes):
        inner = 0 < place < len(codes) - 1
        if kind == "equal" and not (inner and _only_marks(after[j1:j2])):
            _close(segments, removed, added)
            segments.append(Segment("same", "".join(after[j1:j2])))
        else:  # a lone comma between two changes is no common ground
            removed += before[i1:i2]
            added += after[j1:j2]
    _close(segments, removed, added)
    if segments:
        segments[0] = segments[0]._replace(words=segments[0].words.removeprefix(" "))
    return tuple(segments)


def _only_marks(words: Iterable[str]) -> bool:
    return not any(sign.isalnum() for word in words for sign in word)


def _close(segments: list[Segment], removed: list[str], added: list[str]) -> None:
    for kind, words in (("removed", removed), ("added", added)):
        if words:
            segments.append(Segment(kind, "".join(words)))
            words.clear()


def joined(segments: Sequence[Segment], *kinds: str) -> str:
    """The text that the segments of these kinds make."""
    words = "".join(segment.words for segment in segments if segment.kind in kinds)
    return words.replace("\n ", "\n").strip()
