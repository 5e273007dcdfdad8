"""Time to set a tally record of 27 and of 200 members, beside the same rows on a bare canvas."""

from io import BytesIO
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

from app.gateways.paper import tally_record
from app.workflows.rules.tally import percent_of_all
from benchmarks.measure import Row, alternate, seconds
from tests.gateways.paper_data import case

REPEATS = 5


def measure() -> list[Row]:
    return [_row(27), _row(200)]


def _row(members: int) -> Row:
    definition, result = _case(members)
    log = result["log"]
    rows = [" ".join(str(value) for value in vote.values()) for vote in result["votes"]]

    def ours() -> float:
        return min(seconds(lambda: tally_record(definition, result, log, demo=True)) for _ in range(REPEATS)) * 1000

    def anchor() -> float:
        return min(seconds(lambda: _bare(rows)) for _ in range(REPEATS)) * 1000

    row = Row(f"tally record PDF, {members} members", "ms", "the same rows as lines on a bare canvas", "lower")
    return alternate(row, ours, anchor)


def _case(members: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The recorded case of 27, or the same with more members who all agree."""
    definition, result = case()
    for index in range(28, members + 1):
        entry = {**definition["roll"][-1], "index": index, "member": f"M{index:02}"}
        definition["roll"].append(entry)
        result["votes"].append({**result["votes"][0], **entry, "leaf_seq": index, "place": "in_room"})
    more = members - 27
    for name in ("members", "agree", "in_room"):
        result[name] += more
    result["log"]["size"] += more
    result["percent_of_all"] = percent_of_all(result["agree"], members)
    return definition, result


def _bare(rows: list[str]) -> bytes:
    made = BytesIO()
    sheet = canvas.Canvas(made, pagesize=A4)
    for number, line in enumerate(rows):
        if number and number % 40 == 0:
            sheet.showPage()
        sheet.drawString(60, 780 - 18 * (number % 40), line[:110])
    sheet.save()
    return made.getvalue()
