"""Time to set a tally record and a Resolution, beside WeasyPrint setting the same words with the same font files."""

from collections.abc import Callable
from io import BytesIO

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

from app.gateways import paper
from benchmarks import weasy
from benchmarks.material import resolution_text, sheet, tally_case
from benchmarks.measure import Row, alternate, seconds

REPEATS, ANCHOR_REPEATS = 5, 2
ARTICLES, PAGES = 30, (4, 5)
BARE = "a bare ReportLab canvas, one unbroken line per member"
WEASYPRINT = "WeasyPrint, same words and fonts"


def measure() -> list[Row]:
    return [_resolution(), _record(200), _bare_record(27), _bare_record(200)]


def _resolution() -> Row:
    text, rest = resolution_text(ARTICLES), sheet()

    def ours() -> bytes:
        return paper.resolution(text, rest)

    if (pages := paper.page_count(ours())) not in PAGES:
        raise RuntimeError(f"the Resolution has {pages} pages, not {PAGES}")
    row = Row(f"Resolution PDF, {ARTICLES} articles", "ms", WEASYPRINT, "lower", goal=0.15)
    return _beside_weasyprint(row, ours, "app.gateways.paper.resolution")


def _record(members: int) -> Row:
    definition, result = tally_case(members)
    row = Row(f"tally record PDF, {members} members", "ms", WEASYPRINT, "lower", goal=0.05)
    return _beside_weasyprint(
        row, lambda: paper.tally_record(definition, result, result["log"], demo=True), "app.gateways.paper.tally"
    )


def _beside_weasyprint(row: Row, ours: Callable[[], bytes], module: str) -> Row:
    page = weasy.page_of(ours, module)
    weasy.same_words(ours(), weasy.printed(page))
    return alternate(row, lambda: _least(ours, REPEATS), lambda: _least(lambda: weasy.printed(page), ANCHOR_REPEATS))


def _bare_record(members: int) -> Row:
    definition, result = tally_case(members)
    rows = [" ".join(str(value) for value in vote.values()) for vote in result["votes"]]
    row = Row(f"tally record PDF, {members} members, and lines", "ms", BARE, "lower")
    return alternate(
        row,
        lambda: _least(lambda: paper.tally_record(definition, result, result["log"], demo=True), REPEATS),
        lambda: _least(lambda: _bare(rows), REPEATS),
    )


def _least(act: Callable[[], bytes], repeats: int) -> float:
    """Milliseconds of the fastest: what the work takes when nobody interrupts it."""
    return min(seconds(act) for _ in range(repeats)) * 1000


def _bare(rows: list[str]) -> bytes:
    made = BytesIO()
    bare = canvas.Canvas(made, pagesize=A4)
    for number, line in enumerate(rows):
        if number and number % 40 == 0:
            bare.showPage()
        bare.drawString(60, 780 - 18 * (number % 40), line[:110])
    bare.save()
    return made.getvalue()
