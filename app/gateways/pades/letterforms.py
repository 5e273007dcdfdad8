"""Which way a pen goes: capitals stroke by stroke, and small letters as one running line."""
from collections.abc import Callable

Stroke = list[tuple[float, float]]

# Knots in a box a hundred units high, the base line at 0; a bar lifts the pen.
_DRAWN = {
    "A": "-8,6 10,2 34,55 55,100 62,50 70,0 | 20,36 50,42 86,34",
    "B": "12,100 10,50 6,0 | -10,85 25,103 60,88 45,58 24,52 60,46 66,14 30,-4 -2,10",
    "C": "72,84 56,102 20,80 2,36 20,0 55,6 84,30",
    "D": "16,96 12,50 6,4 | -12,80 20,104 66,86 78,42 50,4 10,-2 -6,12",
    "E": "66,88 44,102 20,86 28,58 46,54 14,42 6,14 30,-2 76,20",
    "F": "30,94 26,40 10,0 -8,8 | -6,86 30,102 84,98 | 10,50 56,54",
    "G": "70,84 50,102 14,74 4,30 26,4 58,20 70,48 66,0 46,-42 20,-30 50,0 84,16",
    "H": "-6,80 10,98 14,50 6,0 | 72,100 66,50 60,4 82,6 | -2,44 30,54 76,50",
    "I": "0,80 30,100 34,50 20,2 -10,10 10,30 55,26",
    "J": "-2,78 36,102 40,40 28,-40 2,-34 30,0 62,14",
    "K": "2,84 16,100 14,50 6,0 | 76,100 46,68 18,48 34,50 50,14 84,6",
    "L": "-4,60 30,84 42,104 28,96 22,40 10,4 -6,8 20,10 48,0 84,12",
    "M": "-8,6 6,10 20,96 34,30 40,12 66,100 72,40 86,2 100,12",
    "N": "-10,6 4,6 18,98 36,50 56,2 66,60 90,106 102,98",
    "O": "46,100 10,78 4,26 36,-2 72,36 62,86 36,96 50,80 90,86",
    "P": "18,96 16,50 6,-6 | -14,76 20,104 68,90 60,56 20,46",
    "Q": "46,100 10,78 4,26 36,-2 72,36 62,86 40,100 | 34,20 56,6 94,-10",
    "R": "16,96 14,50 6,0 | -14,76 20,104 64,90 52,58 20,50 42,40 56,8 86,6",
    "S": "-10,10 20,20 52,80 50,102 30,86 50,40 40,4 8,0 0,16 30,20 74,12",
    "T": "40,94 36,40 20,0 -2,8 | -16,80 0,98 40,94 92,106",
    "U": "-8,82 8,98 8,40 24,0 52,20 66,98 64,30 78,2 92,12",
    "V": "-10,84 6,98 20,40 28,0 50,50 74,104 96,94",
    "W": "-8,84 6,98 14,40 22,2 46,80 52,20 58,2 84,90 100,98",
    "X": "-6,86 14,98 36,50 60,2 84,14 | 78,100 40,52 0,0",
    "Y": "-8,84 10,98 16,56 36,46 62,98 56,30 40,-36 12,-30 40,4 80,20",
    "Z": "-2,86 30,98 70,96 36,50 0,4 40,10 84,0",
}


def _stroke(drawn: str) -> Stroke:
    knots = [knot.split(",") for knot in drawn.split()]
    return [(int(x) / 100, int(y) / 100) for x, y in knots]


CAPITALS = {letter: [_stroke(part) for part in drawn.split("|")] for letter, drawn in _DRAWN.items()}
_UP, _DOWN, _ROUND, _TURNED = "bdhkltf", "gyqpj", "aoecs", "uiwvxr"


def run_of(letters: str, at: float, between: Callable[[float, float], float]) -> Stroke:
    """Small letters from `at` on, joined, ever flatter towards the end as in a name written a thousand times."""
    knots: Stroke = [(at, between(0.0, 0.15))]
    for place, letter in enumerate(letters):
        high = max(0.45, 1.0 - 0.1 * place) * between(0.85, 1.15)
        wide = between(0.62, 0.95)
        knots += [(at + x * wide, y * high) for x, y in _shape(letter)]
        at += wide * (1.5 if letter in "mw" else 1.0)
    return knots


def _shape(letter: str) -> Stroke:
    """The line of one letter, its entry excluded, its exit included."""
    if letter in _UP:
        return [(0.42, 1.3), (0.4, 2.1), (0.22, 1.9), (0.26, 0.7), (0.4, 0.05), (0.8, 0.2)]
    if letter in _DOWN:
        return [(0.5, 0.9), (0.2, 0.55), (0.4, 0.1), (0.62, 0.8), (0.55, -0.5), (0.3, -1.15), (0.18, -0.8), (0.9, 0.2)]
    if letter in _ROUND:
        return [(0.55, 0.9), (0.25, 0.8), (0.2, 0.2), (0.5, 0.1), (0.66, 0.8), (0.68, 0.15), (0.95, 0.15)]
    if letter in _TURNED:
        return [(0.25, 0.85), (0.28, 0.15), (0.5, 0.1), (0.7, 0.85), (0.72, 0.15), (0.95, 0.15)]
    if letter == "m":
        return [(0.15, 0.9), (0.2, 0.05), (0.5, 0.9), (0.6, 0.1), (0.9, 0.9), (1.05, 0.1), (1.4, 0.15)]
    return [(0.15, 0.85), (0.22, 0.05), (0.55, 0.9), (0.7, 0.1), (0.95, 0.15)]
