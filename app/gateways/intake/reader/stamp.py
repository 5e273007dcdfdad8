"""Decides whether page 1 carries a secrecy stamp: the stamp words alone in the place of box 10a.

Source: Decree 30/2020/NĐ-CP, Appendix I (box 10a, at the left under the number). The same words in running text, in a
title or in a heading are no stamp: a paper about the protection of state secrets is not itself secret.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LEVELS = ("TUYỆT MẬT", "TỐI MẬT", "MẬT")
LABEL = re.compile(r"^ĐỘ MẬT\s*:?\s*")
FRAME = " \t.:;,-–—_*|[](){}\"'“”"  # what people draw around a stamp
UPPER, LEFT = 0.35, 0.50  # of the page: box 10a ends above and left of these
WIDE = 0.55  # of the page: a text wider than this is no part of the head, which has two halves
SAME_LINE = 0.4  # of the letter's size: base lines closer than this are one line
GAP = 1.6  # of the letter's size: a wider gap separates two texts of one line


@dataclass(frozen=True)
class Sign:
    """A letter with its box; coordinates are shares of the page as displayed, from the upper left corner."""

    letter: str
    left: float
    right: float
    base: float
    size: float  # height of the letters as a share of the page's height
    ratio: float  # height of the page divided by its width


def level_on(signs: Iterable[Sign]) -> str | None:
    """The level of the stamp on a page, or None."""
    for line in _lines([sign for sign in signs if sign.base <= UPPER]):
        for run in _runs(line):
            if run[-1].right - run[0].left > WIDE:
                return None  # the body has begun; a stamp stands above it
            if run[-1].right <= LEFT and (level := _level("".join(sign.letter for sign in run))):
                return level
    return None


def _level(words: str) -> str | None:
    """`words` as a level if they are nothing else; letters may be spaced out, as on a rubber stamp."""
    plain = unicodedata.normalize("NFC", " ".join(words.split())).strip(FRAME)
    plain = LABEL.sub("", plain).strip(FRAME)
    squeezed = plain.replace(" ", "")
    return next((level for level in LEVELS if squeezed == level.replace(" ", "")), None)


def _lines(signs: Sequence[Sign]) -> list[list[Sign]]:
    lines: list[list[Sign]] = []
    for sign in sorted(signs, key=lambda sign: sign.base):
        if lines and abs(sign.base - lines[-1][0].base) <= SAME_LINE * sign.size:
            lines[-1].append(sign)
        else:
            lines.append([sign])
    return [sorted(line, key=lambda sign: sign.left) for line in lines]


def _runs(line: Sequence[Sign]) -> list[list[Sign]]:
    """The texts of a line that stand apart from each other; the halves of a head share lines."""
    runs: list[list[Sign]] = []
    for sign in line:
        room = GAP * sign.size * sign.ratio
        if runs and sign.left - runs[-1][-1].right <= room:
            if sign.left - runs[-1][-1].right > room / 8:
                runs[-1].append(Sign(" ", sign.left, sign.left, sign.base, sign.size, sign.ratio))
            runs[-1].append(sign)
        else:
            runs.append([sign])
    return runs
