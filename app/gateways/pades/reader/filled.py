"""Decides whether number and date are shown as the values say, and the pictures as pictures inside their fields."""

import datetime as dt
import re
import zlib
from typing import Any

from .shape import Objects, resolved
from .syntax import Objection, Stream

DAY, MONTH, YEAR, NUMBER = "day", "month", "year", "number"
SHAPES = {
    NUMBER: re.compile(r"[0-9]{1,6}(?:/([0-9]{4}))?"),
    DAY: re.compile(r"[0-3][0-9]"),
    MONTH: re.compile(r"0?[12]|0[3-9]|1[012]|[3-9]"),
    YEAR: re.compile(r"20[0-9]{2}"),
}
STYLE = re.compile(rb"/([A-Za-z-]+) ([0-9]+(?:\.[0-9]+)?) Tf 0 g")
SHOWN = re.compile(rb"/Tx BMC q BT (/\S+ \S+ Tf 0 g) ([0-9.]+) ([0-9.]+) Td <([0-9A-F]+)> Tj ET Q EMC")
DRAWN = re.compile(rb"q ([0-9.]+) 0 0 ([0-9.]+) (-?[0-9.]+) (-?[0-9.]+) cm /Picture Do Q")
ROUNDING = 0.01  # points
LETTER_HEIGHT = 0.7  # of the size: digits reach no higher
MAP_LIMIT = 1 << 18
LETTERS = re.compile(rb"beginbfchar(.*?)endbfchar", re.DOTALL)
LETTER = re.compile(rb"<([0-9A-Fa-f]{2})>\s*<([0-9A-Fa-f]{4})>")


def check_values(fields: dict[str, dict[str, Any]], objects: Objects, fonts: dict[str, Any]) -> None:
    """Raise Objection: number_missing, field_value, appearance. `fonts` are those of the form."""
    values = {}
    for name, shape in SHAPES.items():
        written = fields[name].get("V") or b""
        if not written:
            raise Objection("number_missing")
        values[name] = written.decode("latin-1")
        if not shape.fullmatch(values[name]):
            raise Objection("field_value")
        _check_shown(fields[name], written, objects, fonts)
    try:
        dt.date(int(values[YEAR]), int(values[MONTH]), int(values[DAY]))
    except ValueError:
        raise Objection("field_value") from None
    if values[NUMBER].partition("/")[2] not in ("", values[YEAR]):
        raise Objection("field_value")


def _check_shown(field: dict[str, Any], value: bytes, objects: Objects, fonts: dict[str, Any]) -> None:
    """One line in the font and size of the field, inside it, in black, saying exactly the value."""
    form, wide, high = _appearance(field, objects)
    style, shown = STYLE.fullmatch(field["DA"]), SHOWN.fullmatch(form.content)
    if style is None or shown is None or shown[1] != field["DA"] or bytes.fromhex(shown[4].decode()) != value:
        raise Objection("appearance")
    name, size = style[1].decode(), float(style[2])
    font = fonts.get(name)
    if font is None or form.entries["Resources"] != {"Font": {name: font}}:
        raise Objection("appearance")
    right = float(shown[2]) + _width(resolved(font, objects), value, objects) * size
    if right > wide + ROUNDING or float(shown[3]) + size * LETTER_HEIGHT > high + ROUNDING:
        raise Objection("appearance")


def _width(font: dict[str, Any], text: bytes, objects: Objects) -> float:
    """In shares of the size; refused unless each code stands for the letter that it looks like."""
    meant = _meanings(resolved(font["ToUnicode"], objects))
    first = font["FirstChar"]
    if any(meant.get(code) != code or code < first for code in text):
        raise Objection("appearance")
    widths = [font["Widths"][code - first] for code in text]
    return float(sum(widths)) / 1000


def _meanings(told: Stream) -> dict[int, int]:
    """Code → letter, of a font with one byte for each code, listed one by one."""
    meant: dict[int, int] = {}
    for block in LETTERS.findall(_unpacked(told)):
        for code, letter in LETTER.findall(block):
            if meant.setdefault(int(code, 16), int(letter, 16)) != int(letter, 16):
                raise Objection("appearance")
    return meant


def _unpacked(stream: Stream) -> bytes:
    if stream.entries.get("Filter") not in ("FlateDecode", ["FlateDecode"]):
        raise Objection("appearance")
    return zlib.decompressobj().decompress(stream.content, MAP_LIMIT)


def check_picture(field: dict[str, Any], objects: Objects) -> None:
    """One picture inside the field; raises Objection: picture."""
    try:
        _check_picture(field, objects)
    except Objection:
        raise Objection("picture") from None


def _check_picture(field: dict[str, Any], objects: Objects) -> None:
    form, wide, high = _appearance(field, objects)
    drawn = DRAWN.fullmatch(form.content)
    pictures = form.entries["Resources"].get("XObject", {})
    if drawn is None or form.entries["Resources"].keys() != {"XObject"} or pictures.keys() != {"Picture"}:
        raise Objection("appearance")
    width, height, left, bottom = (float(number) for number in drawn.groups())
    inside = min(left, bottom) >= -ROUNDING and left + width <= wide + ROUNDING and bottom + height <= high + ROUNDING
    if not inside:
        raise Objection("appearance")
    if resolved(pictures["Picture"], objects).entries["Subtype"] != "Image":
        raise Objection("appearance")


def _appearance(field: dict[str, Any], objects: Objects) -> tuple[Stream, float, float]:
    """The only appearance of a field, unfiltered and exactly as large as the field."""
    form = resolved(field["AP"]["N"], objects)
    left, bottom, right, top = field["Rect"]
    wide, high = right - left, top - bottom
    box = form.entries.get("BBox", [])
    usual = form.entries["Subtype"] == "Form" and "Filter" not in form.entries and box[:2] == [0, 0]
    if not usual or abs(box[2] - wide) > ROUNDING or abs(box[3] - high) > ROUNDING:
        raise Objection("appearance")
    return form, wide, high
