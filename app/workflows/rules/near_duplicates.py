"""Which opinions say nearly the same: found by their words, proposed to a person, never put together by themselves."""

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from app.workflows.rules.names import fold

ALIKE = 0.6  # share of the pieces of two texts that both have (Jaccard)
PIECE = 2  # words
ROUNDING = 1e-9


def near_duplicates(texts: Sequence[str], alike: float = ALIKE) -> list[list[int]]:
    """Places of texts that may be joined, each group by its first text, in order; single ones are left out (rule:R65).

    A text is cut into pieces of two neighbouring words, without diacritics, case, signs and line ends. It goes to the
    first earlier text that begins a group and shares at least `alike` of all pieces of both. Nobody is compared with
    somebody he shares no rare piece with: two texts that are alike enough share one of the first
    n − ⌈alike·n⌉ + 1 pieces in the order from the rarest, so that only these are looked up.
    """
    cut = [_pieces(text) for text in texts]
    often = Counter(piece for pieces in cut for piece in pieces)
    beginnings: dict[str, list[int]] = defaultdict(list)
    groups: dict[int, list[int]] = {}
    for place, pieces in enumerate(cut):
        rare = sorted(pieces, key=lambda piece: (often[piece], piece))
        looked_up = rare[: len(rare) - math.ceil(alike * len(rare) - ROUNDING) + 1] if rare else []
        least, most = alike * len(pieces) - ROUNDING, len(pieces) / alike + ROUNDING  # as many as can be alike
        met = {other for piece in looked_up for other in beginnings[piece] if least <= len(cut[other]) <= most}
        first = next((other for other in sorted(met) if _share(cut[other], pieces) >= alike), None)
        if first is not None:
            groups[first].append(place)
            continue
        groups[place] = [place]
        for piece in looked_up:
            beginnings[piece].append(place)
    return [group for group in groups.values() if len(group) > 1]


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    both = len(one & other)
    return both / (len(one) + len(other) - both)


def _pieces(text: str) -> frozenset[str]:
    words = list(_words(fold(text)))
    if len(words) < PIECE:
        return frozenset(words)
    return frozenset(" ".join(words[at : at + PIECE]) for at in range(len(words) - PIECE + 1))


def _words(text: str) -> Iterator[str]:
    """Runs of letters and digits."""
    word = ""
    for sign in f"{text} ":
        if unicodedata.category(sign)[0] in "LN":
            word += sign
        elif word:
            yield word
            word = ""
