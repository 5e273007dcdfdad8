"""Decides whether the text is as prescribed: bases, articles, clauses and points, lines, the end."""

import re
from itertools import pairwise

from flask_babel import lazy_gettext as _

from app.gateways.paper.blocks import END, letter
from app.gateways.paper.checks.parts import Parts
from app.gateways.paper.checks.reading import Line
from app.gateways.paper.checks.rules import (
    MISSING,
    MM,
    Outcome,
    Rule,
    in_letters,
    mm,
    pt,
    quoted,
    where,
    within,
)

FORMULAS = ("Trên cơ sở kết quả biểu quyết", "Trên cơ sở kết quả lấy ý kiến bằng phiếu")
ARTICLE = re.compile(r"Điều (\d+)\.(?: |$)")
CLAUSE = re.compile(r"(\d+)\. ")
POINT = re.compile(r"([a-zđ]{1,2})\) ")
SINGLE, ONE_AND_A_HALF = 1.0, 1.75  # pitch of lines in shares of the size: single to 1.5 lines of these letters
GAP = 6  # pt between paragraphs
INDENTS = (10 * MM, 12.7 * MM)
STRETCHED = 4 * MM  # a line that ends further from the margin is not stretched


def _decider(seen: Parts) -> Outcome:
    if seen.decider is None:
        return False, MISSING
    ok, found = in_letters([seen.decider], 13, 14, bold=True)
    return ok and seen.decider.text == seen.decider.text.upper(), found if not ok else quoted(seen.decider.text)


def _bases_letters(seen: Parts) -> Outcome:
    return in_letters([line for basis in seen.bases for line in basis.lines], 13, 14, italic=True)


def _bases_ends(seen: Parts) -> Outcome:
    for basis in seen.bases[:-1]:
        if not basis.text.endswith(";"):
            return False, where(basis.lines[0], quoted(basis.text[-10:]))
    if not seen.bases or not seen.bases[-1].text.endswith("."):
        return False, where(seen.bases[-1].lines[0], quoted(seen.bases[-1].text[-10:])) if seen.bases else MISSING
    return True, _("%(count)s bases", count=len(seen.bases))


def _formula(seen: Parts) -> Outcome:
    if not seen.bases:
        return False, MISSING
    return seen.bases[-1].text.startswith(FORMULAS), quoted(seen.bases[-1].text)


def _decides(seen: Parts) -> Outcome:
    if seen.decides is None:
        return False, MISSING
    ok, found = in_letters([seen.decides], 13, 14, bold=True)
    return ok and seen.decides.text == "QUYẾT NGHỊ:", found if not ok else quoted(seen.decides.text)


def _body_letters(seen: Parts) -> Outcome:
    """Everything but the bold beginning of an article, which may be all of it."""
    found = []
    for paragraph in seen.paragraphs_of_body:
        heading = ARTICLE.match(paragraph.text)
        for line in paragraph.lines:
            runs = tuple(run for run in line.runs if not (heading and run.bold))
            found += [Line(line.page, runs)] if runs else []
    return in_letters(found, 13, 14) if found or not seen.body else (True, _("headings alone"))


def _article_letters(seen: Parts) -> Outcome:
    """The label is bold; words run in behind it may be upright."""
    labels = [paragraph.lines[0] for paragraph in seen.paragraphs_of_body if ARTICLE.match(paragraph.text)]
    if not labels:
        return False, MISSING
    for line in labels:
        first = line.runs[0]
        if not first.bold or first.italic or not within(first.size, 13, 14, 0.05):
            return False, where(line, pt(first.size) if first.bold else _("not bold"))
    return True, _("%(count)s articles", count=len(labels))


def _article_order(seen: Parts) -> Outcome:
    numbers = [int(found[1]) for paragraph in seen.paragraphs_of_body if (found := ARTICLE.match(paragraph.text))]
    wanted = list(range(1, len(numbers) + 1))
    return numbers == wanted and bool(numbers), ", ".join(map(str, numbers)) or MISSING


def _clause_order(seen: Parts) -> Outcome:
    """Clauses count from 1 in each article; a number may also begin a sentence, so only jumps are faults."""
    last = 0
    for paragraph in seen.paragraphs_of_body:
        if ARTICLE.match(paragraph.text):
            last = 0
        elif found := CLAUSE.match(paragraph.text):
            if int(found[1]) != last + 1:
                return False, where(paragraph.lines[0], _("after clause %(number)s", number=last))
            last += 1
    return True, _("in order")


def _point_order(seen: Parts) -> Outcome:
    place = 0
    for paragraph in seen.paragraphs_of_body:
        found = POINT.match(paragraph.text)
        if not found:
            place = 0 if CLAUSE.match(paragraph.text) or ARTICLE.match(paragraph.text) else place
        elif found[1] != letter(place):
            return False, where(paragraph.lines[0], _("instead of %(letter)s)", letter=letter(place)))
        else:
            place += 1
    return True, _("in order")


def _indent(seen: Parts) -> Outcome:
    for paragraph in [*seen.bases, *seen.paragraphs_of_body]:
        indent = paragraph.lines[0].left - seen.margin
        if not any(within(indent, wanted, wanted, MM) for wanted in INDENTS):
            return False, where(paragraph.lines[0], mm(indent))
    return bool(seen.body), _("all indented") if seen.body else MISSING


def _justified(seen: Parts) -> Outcome:
    """Every line but the last of a paragraph reaches the right margin; a word may be longer than a line."""
    edge = max((line.right for line in seen.body), default=0.0)
    ragged = [
        line
        for paragraph in [*seen.bases, *seen.paragraphs_of_body]
        for line in paragraph.lines[:-1]
        if line.right < edge - STRETCHED and " " in line.text
    ]
    return len(ragged) == 0, where(ragged[0], mm(edge - ragged[0].right)) if ragged else _("at both margins")


def _gaps(seen: Parts) -> Outcome:
    """What is blank between two paragraphs of a page beyond the pitch of the lines."""
    pitch = min(_pitches(seen))
    paragraphs = [*seen.bases, *seen.paragraphs_of_body]
    least = None
    for above, below in pairwise(paragraphs):
        if above.lines[-1].page != below.page:
            continue
        gap = above.lines[-1].base - below.lines[0].base - pitch
        least = gap if least is None else min(least, gap)
        if gap < GAP - 0.1:
            return False, where(below.lines[0], pt(max(gap, 0)))
    return True, pt(least) if least is not None else _("one paragraph")


def _pitches(seen: Parts) -> list[float]:
    """The distances of two lines of one paragraph; for a text of single lines, that of the letters."""
    pitches = [
        above.base - below.base
        for paragraph in [*seen.bases, *seen.paragraphs_of_body]
        for above, below in pairwise(paragraph.lines)
        if above.page == below.page
    ]
    return pitches or [14 * 1.15]


def _spacing(seen: Parts) -> Outcome:
    size = seen.body[0].size if seen.body else 14
    far = max(_pitches(seen), key=lambda pitch: abs(pitch / size - (SINGLE + ONE_AND_A_HALF) / 2))
    found = _("%(pitch)s for letters of %(size)s", pitch=pt(far), size=pt(size))
    return SINGLE <= far / size <= ONE_AND_A_HALF, found


def _alone(seen: Parts) -> Outcome:
    """No heading at the foot of a page, no single line of a paragraph at its foot or top."""
    for above, below in pairwise(seen.paragraphs_of_body):
        heading = ARTICLE.match(above.text) and all(run.bold for run in above.lines[-1].runs)
        if heading and above.lines[-1].page != below.page:
            return False, where(above.lines[0], _("alone at the foot of the page"))
    for paragraph in seen.paragraphs_of_body:
        for page in {line.page for line in paragraph.lines}:
            together = [line for line in paragraph.lines if line.page == page]
            if len(together) == 1 and len(paragraph.lines) > 1:
                return False, where(together[0], _("a single line"))
    return True, _("none")


def _end(seen: Parts) -> Outcome:
    ends = sum(line.text.count(END) for line in seen.flow)
    last = seen.body[-1].text if seen.body else ""
    return ends == 1 and last.endswith(END), quoted(last[-20:]) if last else MISSING


RULES = (
    Rule("decider", _("Body before the bases"), _("13–14 pt, bold upright, capitals"), _decider),
    Rule("bases_letters", _("Letters of the legal bases"), _("13–14 pt, italic"), _bases_letters),
    Rule("bases_ends", _("Ends of the legal bases"), _("“;”, the last one “.”"), _bases_ends),
    Rule("formula", _("Formula of the vote"), _("“%(words)s…”", words=FORMULAS[0]), _formula),
    Rule("decides", _("Word of decision"), _("“QUYẾT NGHỊ:”, 13–14 pt, bold upright"), _decides),
    Rule("body_letters", _("Letters of the text"), _("13–14 pt, upright"), _body_letters),
    Rule("article_letters", _("Letters of the articles"), _("13–14 pt, bold upright"), _article_letters),
    Rule("article_order", _("Numbers of the articles"), _("1, 2, 3 … without a gap"), _article_order),
    Rule("clause_order", _("Numbers of the clauses"), _("1, 2, 3 … in each article"), _clause_order),
    Rule("point_order", _("Letters of the points"), _("a, b, c, d, đ, e … in each clause"), _point_order),
    Rule("indent", _("First lines"), _("indented by 10 or 12.7 mm"), _indent),
    Rule("justified", _("Edges of the text"), _("justified at both margins"), _justified),
    Rule("gaps", _("Room between paragraphs"), _("at least 6 pt"), _gaps),
    Rule("spacing", _("Room between lines"), _("single to 1.5 lines"), _spacing),
    Rule("alone", _("Lines left alone"), _("no heading and no single line is left alone"), _alone),
    Rule("end", _("End of the text"), _("“./.” once, at the very end"), _end),
)
