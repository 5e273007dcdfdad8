"""Decides what a rule of layout is: a code, what it is called, what is prescribed, and how it is found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _

from app.gateways.paper import dates
from app.gateways.paper.checks.parts import Parts
from app.gateways.paper.checks.reading import Line, Run

MM = 72 / 25.4
TOLERANCE = 0.3  # mm: what a printer or a reader does not see
SIZE_TOLERANCE = 0.05  # pt
SHOWN = 40  # letters of a line that are quoted
Words = Any  # a string, perhaps one that is translated when it is shown
Outcome = tuple[bool, Words]
STYLES = {
    (False, False): _("upright"),
    (True, False): _("bold upright"),
    (False, True): _("italic"),
    (True, True): _("bold italic"),
}
MISSING = _("missing")


@dataclass(frozen=True)
class Rule:
    """`check` says whether a document keeps the rule, and what was found."""

    code: str
    title: Words
    wanted: Words
    check: Callable[[Parts], Outcome]


def mm(points: float) -> str:
    """A length in millimetres with one digit: "30,0 mm"."""
    return f"{dates.decimal(f'{points / MM:.1f}')} mm"


def pt(points: float) -> str:
    """A size in points: "13,5 pt", "14 pt"."""
    return f"{dates.decimal(f'{points:.1f}'.removesuffix('.0'))} pt"


def quoted(text: str) -> str:
    return f"“{text if len(text) <= SHOWN else text[: SHOWN - 1] + '…'}”"


def told(run: Run) -> Words:
    """Size and style of some letters."""
    return _("%(size)s, %(style)s", size=pt(run.size), style=STYLES[run.bold, run.italic])


def where(line: Line, found: Words) -> Words:
    return _("page %(page)s, %(text)s: %(found)s", page=line.page, text=quoted(line.text), found=found)


def within(value: float, least: float, most: float, tolerance: float = TOLERANCE * MM) -> bool:
    return least - tolerance <= value <= most + tolerance


def in_letters(
    lines: Sequence[Line], least: float, most: float, *, bold: bool = False, italic: bool = False
) -> Outcome:
    """Whether every letter of the lines has a size in the range and the style; the first that has not is named."""
    if not lines:
        return False, MISSING
    for line in lines:
        for run in line.runs:
            if not within(run.size, least, most, SIZE_TOLERANCE) or (run.bold, run.italic) != (bold, italic):
                return False, where(line, told(run))
    return True, told(lines[0].main)


def centred(line: Line | None, middle: float, tolerance: float = 2 * MM) -> Outcome:
    """Whether a line stands centred at a place, in points from the left."""
    if line is None:
        return False, MISSING
    off = line.middle - middle
    if abs(off) <= tolerance:
        return True, _("centred")
    return False, _("off by %(length)s", length=mm(abs(off)))
