"""Decides what is measured on the pages of a PDF: lines with their letters, drawn rules and boxes, form fields."""

from collections.abc import Iterator
from ctypes import byref, c_float, c_int, c_uint, c_ushort, create_string_buffer
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pypdfium2 import PdfPage, raw

from app.gateways.paper.pages import opened

SAME_BASE = 0.7  # pt between base lines of one line
NEAR = 9  # pt between two pieces of one line; the halves of a head are further apart
BLACK = (0, 0, 0)
LONGEST = 4096  # bytes of a value
READ_ONLY = 1


@dataclass(frozen=True)
class Run:
    """Letters of one kind on one line; edges of the ink and the base line in points from the lower left corner."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    base: float
    size: float
    font: str
    colour: tuple[int, int, int]

    @property
    def bold(self) -> bool:
        return "Bold" in self.font

    @property
    def italic(self) -> bool:
        return "Italic" in self.font


@dataclass(frozen=True)
class Line:
    """Runs beside each other."""

    page: int
    runs: tuple[Run, ...]

    @cached_property
    def text(self) -> str:
        return "".join(run.text for run in self.runs).strip()

    @cached_property
    def main(self) -> Run:
        """The run that says most."""
        return max(self.runs, key=lambda run: len(run.text))

    @property
    def left(self) -> float:
        return self.runs[0].left

    @property
    def right(self) -> float:
        return self.runs[-1].right

    @property
    def base(self) -> float:
        return self.runs[0].base

    @property
    def top(self) -> float:
        return max(run.top for run in self.runs)

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2

    @property
    def size(self) -> float:
        return self.main.size


@dataclass(frozen=True)
class Stroke:
    """A drawn rule or box, by the edges of its path."""

    left: float
    bottom: float
    right: float
    top: float
    colour: tuple[int, int, int]

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


@dataclass(frozen=True)
class FormField:
    """A form field, or what is seen of it: one widget."""

    page: int
    name: str
    value: str
    read_only: bool
    left: float
    bottom: float
    right: float
    top: float


@dataclass(frozen=True)
class Page:
    """One page: size in points, lines from the top, rules and boxes."""

    number: int
    width: float
    height: float
    lines: tuple[Line, ...]
    strokes: tuple[Stroke, ...]


@dataclass(frozen=True)
class Reading:
    """The whole file; `fonts` says of each font that is used whether it is embedded."""

    pages: tuple[Page, ...]
    fields: dict[str, FormField]
    fonts: dict[str, bool]


def read(pdf: bytes) -> Reading:
    """Measure a PDF of ours; raises pypdfium2.PdfiumError for what is no PDF."""
    with opened(pdf) as document:
        pages: list[Page] = []
        fields: dict[str, FormField] = {}
        fonts: dict[str, bool] = {}
        for number, page in enumerate(document, start=1):
            runs, strokes = _objects(page, fonts)
            width, height = page.get_size()
            pages.append(Page(number, width, height, _lines(number, runs), tuple(strokes)))
            fields.update({found.name: found for found in _fields(page, number)})
            page.close()
        return Reading(tuple(pages), fields, fonts)


def _objects(page: PdfPage, fonts: dict[str, bool]) -> tuple[list[Run], list[Stroke]]:
    runs, strokes = [], []
    letters = raw.FPDFText_LoadPage(page)
    for at in range(raw.FPDFPage_CountObjects(page)):
        found = raw.FPDFPage_GetObject(page, at)
        kind = raw.FPDFPageObj_GetType(found)
        if kind == raw.FPDF_PAGEOBJ_TEXT:
            runs += [run for run in [_run(found, letters, fonts)] if run.text.strip()]
        elif kind == raw.FPDF_PAGEOBJ_PATH:
            strokes.append(Stroke(*_edges(found), _colour(found, raw.FPDFPageObj_GetStrokeColor)))
    raw.FPDFText_ClosePage(letters)
    return runs, strokes


def _run(found: Any, letters: Any, fonts: dict[str, bool]) -> Run:
    size, matrix = c_float(), raw.FS_MATRIX()
    raw.FPDFTextObj_GetFontSize(found, byref(size))
    raw.FPDFPageObj_GetMatrix(found, byref(matrix))
    left, bottom, right, top = _edges(found)
    return Run(
        _text(found, letters), left, right, bottom, top, matrix.f, size.value * matrix.d,
        _font(found, fonts), _colour(found, raw.FPDFPageObj_GetFillColor),
    )  # fmt: skip


def _text(found: Any, letters: Any) -> str:
    buffer = (c_ushort * LONGEST)()
    length = raw.FPDFTextObj_GetText(found, letters, buffer, LONGEST)
    return bytes(buffer)[: max(length - 2, 0)].decode("utf-16-le", "replace")


def _font(found: Any, fonts: dict[str, bool]) -> str:
    font = raw.FPDFTextObj_GetFont(found)
    buffer = create_string_buffer(LONGEST)
    raw.FPDFFont_GetBaseFontName(font, buffer, LONGEST)
    name = buffer.value.decode("utf-8", "replace").partition("+")[2] or buffer.value.decode("utf-8", "replace")
    fonts[name] = fonts.get(name, True) and raw.FPDFFont_GetIsEmbedded(font) == 1
    return name


def _edges(found: Any) -> tuple[float, float, float, float]:
    left, bottom, right, top = c_float(), c_float(), c_float(), c_float()
    raw.FPDFPageObj_GetBounds(found, byref(left), byref(bottom), byref(right), byref(top))
    return left.value, bottom.value, right.value, top.value


def _colour(found: Any, ask: Any) -> tuple[int, int, int]:
    red, green, blue, alpha = c_uint(), c_uint(), c_uint(), c_uint()
    ask(found, byref(red), byref(green), byref(blue), byref(alpha))
    return red.value, green.value, blue.value


def _lines(page: int, runs: list[Run]) -> tuple[Line, ...]:
    """Runs on one base line and near each other; from the top, and from the left."""
    lines: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: (-round(run.base), run.left)):
        last = lines[-1][-1] if lines else None
        if last and abs(last.base - run.base) < SAME_BASE and -NEAR < run.left - last.right < NEAR:
            lines[-1].append(run)
        else:
            lines.append([run])
    return tuple(Line(page, tuple(line)) for line in lines)


def _fields(page: PdfPage, number: int) -> Iterator[FormField]:
    for at in range(raw.FPDFPage_GetAnnotCount(page)):
        found = raw.FPDFPage_GetAnnot(page, at)
        if raw.FPDFAnnot_GetSubtype(found) == raw.FPDF_ANNOT_WIDGET:
            box, flags = raw.FS_RECTF(), c_float()
            raw.FPDFAnnot_GetRect(found, byref(box))
            raw.FPDFAnnot_GetNumberValue(found, b"Ff", byref(flags))
            yield FormField(
                number, _value(found, b"T"), _value(found, b"V"), bool(int(flags.value) & READ_ONLY),
                box.left, box.bottom, box.right, box.top,
            )  # fmt: skip
        raw.FPDFPage_CloseAnnot(found)


def _value(found: Any, key: bytes) -> str:
    if raw.FPDFAnnot_GetValueType(found, key) != raw.FPDF_OBJECT_STRING:
        return ""
    buffer = (c_ushort * LONGEST)()
    length = raw.FPDFAnnot_GetStringValue(found, key, buffer, LONGEST)
    return bytes(buffer)[: max(int(c_int(length).value) - 2, 0)].decode("utf-16-le", "replace")
