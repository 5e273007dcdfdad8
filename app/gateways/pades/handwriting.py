"""How a signature for the demonstration looks: a name in one blue sweep of a pen, always alike for the same name."""
import hashlib
import math
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from itertools import pairwise

from PIL import Image, ImageDraw

from app.gateways.pades.letterforms import CAPITALS, run_of

INK = (24, 46, 152)
SIZE, FINER = (756, 364), 4  # pixels, of the shape of box 7c; drawn four times as fine and reduced
MARGIN = 10
SHORTEST, LONGEST = 1.0, 1.8  # how far a name is drawn out to fill the box
STEPS = 26  # points between two knots of a stroke
DOT = 3  # fine pixels from one dot of ink to the next

Point = tuple[float, float]
Stroke = list[Point]


class _Hand:
    """The habits of one person: numbers between 0 and 1 that follow from the name alone."""

    def __init__(self, name: str) -> None:
        self._habits = iter(hashlib.shake_256(unicodedata.normalize("NFC", name).encode()).digest(4096))

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * next(self._habits) / 255


@lru_cache(maxsize=256)
def signature_picture(name: str) -> bytes:
    """A transparent PNG, blue, 756 × 364 pixels; `name` is the whole name, the given name last."""
    hand = _Hand(name)
    strokes = [_smooth(stroke) for stroke in _written(name, hand)]
    strokes = _stretched(strokes, hand.between(0.16, 0.42))
    pen = hand.between(3.4, 4.4) * FINER
    opacity = Image.new("L", (SIZE[0] * FINER, SIZE[1] * FINER))
    draw = ImageDraw.Draw(opacity)
    for stroke in _placed(strokes):
        for x, y, radius in _pressed(stroke, pen):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=242)
    picture = Image.new("RGBA", SIZE, (*INK, 0))
    picture.putalpha(opacity.resize(SIZE, Image.Resampling.BOX))
    target = BytesIO()
    picture.save(target, "PNG", optimize=True)
    return target.getvalue()


def _written(name: str, hand: _Hand) -> list[Stroke]:
    """The knots of all strokes, in units of the height of a small letter, the base line at 0."""
    words = [word for word in _plain(name).split() if word[0] in CAPITALS] or ["A"]
    family, given = words[0], words[-1]
    strokes: list[Stroke] = []
    at = 0.0
    if len(words) > 1:
        at = _capital(strokes, family[0], at, hand.between(2.0, 2.5), hand) - hand.between(0.3, 0.6)
    at = _capital(strokes, given[0], at, hand.between(2.7, 3.3), hand)
    tail = run_of(given[1:].lower() or "n", at - hand.between(0.1, 0.3), hand.between)
    strokes.append(tail + _flourish(tail[-1], strokes[0][0][0], hand))
    return strokes


def _plain(name: str) -> str:
    """Latin letters only: a pen in a hurry writes no marks."""
    bare = unicodedata.normalize("NFD", name.upper().replace("Đ", "D"))
    return "".join(letter for letter in bare if not unicodedata.combining(letter))


def _capital(strokes: list[Stroke], letter: str, at: float, height: float, hand: _Hand) -> float:
    """Writes the capital from `at` on; where the next letter begins."""
    wide = height * hand.between(0.62, 0.8)
    for stroke in CAPITALS[letter]:
        strokes.append([(at + x * wide, y * height) for x, y in stroke])
    return at + wide * max(x for stroke in CAPITALS[letter] for x, _ in stroke)


def _flourish(end: Point, start: float, hand: _Hand) -> Stroke:
    """Out of the last letter, back below the name, and forth again under it."""
    x, y = end
    length = x - start
    deep = -hand.between(0.7, 1.25)
    return [
        (x + hand.between(0.7, 1.3), y + hand.between(0.2, 0.6)),
        (x + hand.between(0.9, 1.5), deep * 0.35),
        (x - length * 0.35, deep * hand.between(0.75, 0.95)),
        (start - length * hand.between(0.02, 0.1), deep * hand.between(0.9, 1.1)),
        (start + length * 0.1, deep * hand.between(1.25, 1.45)),
        (start + length * 0.55, deep * hand.between(0.95, 1.1)),
        (x + length * hand.between(0.12, 0.3), deep * hand.between(0.25, 0.6)),
    ]


def _smooth(knots: Stroke) -> Stroke:
    """A curve through the knots (Catmull-Rom)."""
    ends = [knots[0], *knots, knots[-1]]
    curve: Stroke = []
    for before, first, second, after in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for step in range(STEPS):
            t = step / STEPS
            curve.append((_spline(t, before[0], first[0], second[0], after[0]),
                          _spline(t, before[1], first[1], second[1], after[1])))  # fmt: skip
    return [*curve, knots[-1]]


def _spline(t: float, before: float, first: float, second: float, after: float) -> float:
    slope, bend = second - before, 2 * before - 5 * first + 4 * second - after
    return first + 0.5 * t * (slope + t * (bend + t * (3 * (first - second) + after - before)))


def _stretched(strokes: list[Stroke], slant: float) -> list[Stroke]:
    """Leaning to the right, and drawn out in width until the name fills its box, but not out of shape."""
    xs, ys = zip(*(point for stroke in strokes for point in stroke), strict=True)
    high = max(ys) - min(ys)
    reach = (high * SIZE[0] / SIZE[1] - slant * high) / (max(xs) - min(xs))
    reach = min(max(reach, SHORTEST), LONGEST)
    return [[(reach * x + slant * y, y) for x, y in stroke] for stroke in strokes]


def _placed(strokes: list[Stroke]) -> Iterator[Stroke]:
    """All strokes as large as the picture allows, the height turned upside down as pictures count."""
    xs, ys = zip(*(point for stroke in strokes for point in stroke), strict=True)
    room = [(side - 2 * MARGIN) * FINER for side in SIZE]
    scale = min(room[0] / (max(xs) - min(xs)), room[1] / (max(ys) - min(ys)))
    left = (SIZE[0] * FINER - (max(xs) - min(xs)) * scale) / 2
    top = (SIZE[1] * FINER - (max(ys) - min(ys)) * scale) / 2
    for stroke in strokes:
        yield [(left + (x - min(xs)) * scale, top + (max(ys) - y) * scale) for x, y in stroke]


def _pressed(stroke: Stroke, pen: float) -> Iterator[tuple[float, float, float]]:
    """Dots of ink: the pen presses on the way down, is light on the way up, and thin where it lands and leaves."""
    length = sum(math.dist(*pair) for pair in pairwise(stroke)) or 1
    gone, force = 0.0, 0.6
    for (x, y), (to_x, to_y) in pairwise(stroke):
        way = math.dist((x, y), (to_x, to_y))
        down = (to_y - y) / way if way else 0
        dots = max(1, math.ceil(way / DOT))
        for dot in range(dots):
            share = dot / dots
            force += (0.72 + 0.42 * down - force) * 0.012 * DOT
            lift = min(1.0, 0.35 + (gone + way * share) / 90, 0.25 + (length - gone - way * share) / 160)
            yield x + (to_x - x) * share, y + (to_y - y) * share, pen * force * lift
        gone += way
