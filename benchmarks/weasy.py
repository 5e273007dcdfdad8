"""The anchor of the printed papers: the same words with the same font files as a web page, set by WeasyPrint."""

import collections
import sys
from collections.abc import Callable, Sequence
from functools import cache, singledispatch
from html import escape
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pypdfium2 as pdfium
from reportlab.platypus import Flowable, PageBreak, Spacer

from app.gateways.paper import fonts
from app.gateways.paper import measures as m
from app.gateways.paper.furniture import DEMO_MARK
from app.gateways.paper.head import COUNTRY, MOTTO, Head, Title
from app.gateways.paper.prose import Prose
from app.gateways.paper.ruled import Ruled
from app.gateways.paper.together import Beside

MISSING = "WeasyPrint or a library it needs is missing: run `make bench`, which installs both ({error})"
WORDS_APART = 0.03  # repeated heads of tables, page numbers, the words at the code; anything more is another text
FACE = "@font-face {{font-family: Serif; src: url({file}); font-weight: {weight}; font-style: {style}}}"
CSS = """
@page {{size: A4; margin: {top}pt {right}pt {bottom}pt {left}pt;
  @top-center {{content: counter(page); font: 13pt Serif}}
  @bottom-center {{content: "{mark}"; font: 8pt Serif; color: #737373}} }}
@page :first {{@top-center {{content: none}} }}
html {{font: 14pt/20pt Serif}} body, p {{margin: 0}}
table {{width: 100%; border-collapse: collapse; table-layout: fixed}}
table.bare td {{vertical-align: top; padding: 0}}
table.ruled {{margin-top: 6pt; font-size: 11.5pt; line-height: 14pt}}
table.ruled td, table.ruled th {{border: .5pt solid; padding: 2.5pt 4pt 3.5pt; vertical-align: middle}}
table.ruled td.c {{text-align: center}} table.ruled th {{background: #ededed}} table.ruled tr {{break-inside: avoid}}
.half {{text-align: center; font-size: 13pt; line-height: 16pt}} .together {{break-inside: avoid}}
h1 {{font-size: 14pt; text-align: center; margin: 6pt 0 0}}
.rule {{width: 33%; border-top: .7pt solid; margin: 3pt auto}}
"""


def page_of(paper: Callable[[], bytes], module: str) -> str:
    """The web page with the words that `paper` hands to `build` in that module; nothing of it is drawn by ReportLab."""
    stories: list[Sequence[Flowable]] = []

    def keep(story: Sequence[Flowable], **_about: Any) -> bytes:
        stories.append(story)
        return b""

    with patch(f"{module}.build", keep):
        paper()
    styles: dict[str, str] = {}
    body = "".join(_html(flowable, styles) for flowable in stories[0])
    rules = "".join(f".{name} {{{rule}}}\n" for rule, name in styles.items())
    return f"<!DOCTYPE html><html lang=vi><style>{_sheet()}{rules}</style><body>{body}</body></html>"


def printed(page: str) -> bytes:
    """The page as PDF; the font files are read once per process, like ours."""
    weasyprint, configuration = _weasyprint()
    pdf: bytes = weasyprint.HTML(string=page).write_pdf(font_config=configuration)
    return pdf


def same_words(ours: bytes, theirs: bytes) -> None:
    """Stop the run unless both papers say the same; a ratio between different texts would mean nothing."""
    here, there = _words(ours), _words(theirs)
    apart = sum((here - there).values()) + sum((there - here).values())
    if apart > WORDS_APART * sum(here.values()):
        raise RuntimeError(f"the anchor prints another text: {apart} of {sum(here.values())} words differ")


def _words(pdf: bytes) -> collections.Counter[str]:
    return collections.Counter(
        word for page in pdfium.PdfDocument(pdf) for word in page.get_textpage().get_text_range().split()
    )


@cache
def _weasyprint() -> tuple[Any, Any]:
    try:
        import weasyprint
        from weasyprint.text.fonts import FontConfiguration
    except (ImportError, OSError) as error:  # OSError: Pango is not installed
        sys.exit(MISSING.format(error=error))
    return weasyprint, FontConfiguration()


@cache
def _sheet() -> str:
    faces = [
        FACE.format(
            file=(fonts.FOLDER / f"LiberationSerif-{file}.ttf").as_uri(),
            weight="bold" if "Bold" in file else "normal", style="italic" if "Italic" in file else "normal",
        )
        for file in fonts.FACES.values()
    ]  # fmt: skip
    return "\n".join(faces) + CSS.format(
        top=m.MARGIN_TOP, right=m.MARGIN_RIGHT, bottom=m.MARGIN_BOTTOM, left=m.MARGIN_LEFT, mark=DEMO_MARK
    )


@singledispatch
def _html(flowable: Flowable, styles: dict[str, str]) -> str:
    """Room for what has no words, such as the place of a signature."""
    return f"<div style='height: {m.SIGNATURE_ROOM:.0f}pt'></div>"


@_html.register
def _prose(flowable: Prose, styles: dict[str, str]) -> str:
    lead, rest = (escape(" ".join(part)) for part in (flowable.words[: flowable.lead], flowable.words[flowable.lead :]))
    return f"<p class={_class(flowable, styles)}>{f'<b>{lead}</b> ' if lead else ''}{rest}</p>"


def _class(flowable: Prose, styles: dict[str, str]) -> str:
    letter, manner = flowable.letter, flowable.manner
    rule = (
        f"font-size: {letter.size}pt; line-height: {letter.pitch}pt; margin-top: {manner.gap}pt; "
        f"text-indent: {manner.indent:.1f}pt; text-align: {manner.align}; orphans: 2; widows: 2;"
        f"{' font-weight: bold;' if letter.face in (m.BOLD, m.BOLD_ITALIC) else ''}"
        f"{' font-style: italic;' if letter.face in (m.ITALIC, m.BOLD_ITALIC) else ''}"
        f"{' break-after: avoid;' if flowable.keepWithNext else ''}"
    )
    return styles.setdefault(rule, f"p{len(styles)}")


@_html.register
def _ruled(flowable: Ruled, styles: dict[str, str]) -> str:
    edges = flowable.columns.edges
    columns = [f"<col style='width: {100 * (right - left) / edges[-1]:.2f}%'>" for left, right in pairwise(edges)]
    head, *rows = [
        "".join(f"<td{_centred(flowable, at)}>{_joined(cell)}</td>" for at, cell in enumerate(row.cells))
        for row in (flowable.head, *flowable.rows)
    ]
    head = head.replace("<td", "<th").replace("</td", "</th")
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table class=ruled>{''.join(columns)}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _centred(flowable: Ruled, column: int) -> str:
    return " class=c" if column in flowable.columns.middle else ""


def _joined(cell: Sequence[tuple[str, float]]) -> str:
    return escape(" ".join(words for words, _length in cell))


@_html.register
def _beside(flowable: Beside, styles: dict[str, str]) -> str:
    cells = [
        f"<td style='width: {wide:.0f}pt'>{''.join(_html(part, styles) for part in parts)}</td>"
        for _left, wide, parts in flowable.columns
    ]
    return f"<table class='bare together'><tr>{''.join(cells)}</tr></table>"


@_html.register
def _spacer(flowable: Spacer, styles: dict[str, str]) -> str:
    return f"<div style='height: {flowable.height}pt'></div>"


@_html.register
def _page_break(flowable: PageBreak, styles: dict[str, str]) -> str:
    return "<div style='break-before: page'></div>"


@_html.register
def _head(flowable: Head, styles: dict[str, str]) -> str:
    left = "<br>".join(map(escape, (*flowable.superior, *flowable.issuer)))
    number, place_date = _line(flowable.number), _line(flowable.place_date)
    return (
        f"<table class='bare half'><tr><td style='width: 41%'><b>{left}</b><div class=rule></div>{number}</td>"
        f"<td><b>{COUNTRY}<br>{MOTTO}</b><div class=rule></div><i>{place_date}</i></td></tr></table>"
    )


def _line(line: Sequence[Any]) -> str:
    return escape("".join(part if isinstance(part, str) else "\N{NO-BREAK SPACE}" * 4 for part in line))


@_html.register
def _title(flowable: Title, styles: dict[str, str]) -> str:
    return f"<h1>{escape(flowable.type_name)}<br>{escape(' '.join(flowable.lines))}</h1><div class=rule></div>"
