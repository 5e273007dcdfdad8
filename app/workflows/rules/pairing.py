"""Which parts of two texts belong together: the same part kept, changed or moved, and what is new or gone."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import NamedTuple

from app.workflows.rules.wording import likeness, tokens

LIKE = 0.5  # two parts that share at least half of their words are one part, changed
REACH = 40  # a part that was changed is looked for so many places away; an unchanged one everywhere


class Pair(NamedTuple):
    """Places from 0 in the old and in the new list; None where there is no such part. `moved`: out of its order."""

    old: int | None
    new: int | None
    moved: bool = False


def pair(old: Sequence[str], new: Sequence[str], *, same_place: bool = False) -> list[Pair]:
    """Every part of both lists once, in the order of the new list; what is gone stands where it stood.

    With `same_place` a part that took the place of another one counts as that part changed, however little is alike.
    """
    found = _equal(old, new)
    _alike(old, new, found)
    kept = _longest_rise([found[at] for at in sorted(found)])
    if same_place:
        kept |= _in_place(len(old), len(new), found, kept)
    pairs = [Pair(found.get(at), at, at in found and found[at] not in kept) for at in range(len(new))]
    pairs += [Pair(at, None) for at in range(len(old)) if at not in set(found.values())]
    after = {before: at for at, before in found.items() if before in kept}
    return sorted(pairs, key=lambda each: _order(each, after))


def _equal(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    """New place to old place of unchanged parts: first those in order, then those that went elsewhere."""
    found: dict[int, int] = {}
    for i, j, size in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        found |= {j + step: i + step for step in range(size)}
    free: dict[str, list[int]] = defaultdict(list)
    used = set(found.values())
    for at in reversed(range(len(old))):
        if at not in used:
            free[old[at]].append(at)
    for at, part in enumerate(new):
        if at not in found and free[part]:
            found[at] = free[part].pop()
    return found


def _alike(old: Sequence[str], new: Sequence[str], found: dict[int, int]) -> None:
    """Add the parts that were changed, the most alike first."""
    used = set(found.values())
    left = {at: Counter(tokens(part)) for at, part in enumerate(old) if at not in used}
    right = {at: Counter(tokens(part)) for at, part in enumerate(new) if at not in found}
    offers = [
        (-likeness(words, left[before]), abs(at - before), at, before)
        for at, words in right.items()
        for before in range(at - REACH, at + REACH + 1)
        if before in left and _could_be_alike(words, left[before])
    ]
    for unlike, _distance, at, before in sorted(offers):
        if -unlike >= LIKE and at in right and before in left:
            found[at] = before
            del right[at], left[before]


def _in_place(old: int, new: int, found: dict[int, int], kept: set[int]) -> set[int]:
    """Pair what alone is left, on both sides, between the same two neighbours; the old places of these pairs."""
    ends = [(-1, -1), *((found[at], at) for at in sorted(found) if found[at] in kept), (old, new)]
    used, added = set(found.values()), set()
    for (old_from, new_from), (old_to, new_to) in pairwise(ends):
        gone = [at for at in range(old_from + 1, old_to) if at not in used]
        come = [at for at in range(new_from + 1, new_to) if at not in found]
        if len(gone) == len(come) == 1:
            found[come[0]] = gone[0]
            added.add(gone[0])
    return added


def _could_be_alike(one: Counter[str], other: Counter[str]) -> bool:
    less, more = sorted((one.total(), other.total()))
    return 2 * less >= LIKE * (less + more)


def _longest_rise(numbers: Sequence[int]) -> set[int]:
    """The numbers of a longest rising run: the parts that kept their order."""
    ends: list[int] = []  # smallest end of a run of each length
    lengths = []
    for number in numbers:
        length = bisect_left(ends, number)
        ends[length : length + 1] = [number]
        lengths.append(length)
    kept, wanted = set(), len(ends) - 1
    for number, length in zip(reversed(numbers), reversed(lengths), strict=True):
        if length == wanted:
            kept.add(number)
            wanted -= 1
    return kept


def _order(each: Pair, after: dict[int, int]) -> tuple[int, int, int]:
    if each.new is not None:
        return each.new, 0, 0
    gone = each.old or 0
    before = max((old for old in after if old < gone), default=None)
    return (-1 if before is None else after[before]), 1, gone
