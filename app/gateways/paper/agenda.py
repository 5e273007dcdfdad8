"""Decides how the programme of a session (chương trình phiên họp) stands on paper: one ruled table under its title."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from app.gateways.paper import blocks, dates
from app.gateways.paper.head import Head, Title
from app.gateways.paper.layout import build

HEAD = ("TT", "Bắt đầu", "Nội dung", "Cơ quan trình", "Thời lượng")
WIDTHS, MIDDLE = (1, 2, 8, 3, 2.4), (0, 1, 3, 4)
NOTHING = "Chưa có nội dung nào."


@dataclass(frozen=True)
class AgendaLine:
    """One matter: its place, when it is planned to begin (aware), in words what it is and who submits it, minutes."""

    position: int
    at: dt.datetime
    title: str
    organisation: str
    minutes: int


@dataclass(frozen=True)
class AgendaSheet:
    """What stands on the pages; `starts_at` is aware and dates the file, so that it is the same whenever it is made."""

    title: str
    body: str
    place: str
    starts_at: dt.datetime
    chair: str
    lines: Sequence[AgendaLine]
    demo: bool = False


def agenda(sheet: AgendaSheet) -> bytes:
    """The PDF, byte for byte the same for the same sheet; `sheet` is in Vietnamese."""
    starts = sheet.starts_at.astimezone(dates.HANOI)
    facts = [f"Thời gian: {starts:%H} giờ {starts:%M}, {dates.long_date(starts)}.", f"Địa điểm: {sheet.place}."]
    facts += [f"Chủ trì: {sheet.chair}."] if sheet.chair else []
    day = dates.long_date(starts)
    return build(
        [
            Head(sheet.body.upper(), day[0].upper() + day[1:]),
            Title("CHƯƠNG TRÌNH PHIÊN HỌP", sheet.title),
            *(blocks.paragraph(fact) for fact in facts),
            blocks.table(HEAD, [_row(line) for line in sheet.lines], WIDTHS, MIDDLE)
            if sheet.lines
            else blocks.paragraph(NOTHING),
        ],
        title=f"Chương trình phiên họp: {sheet.title}", issuer=sheet.body, made_at=sheet.starts_at, demo=sheet.demo,
    )  # fmt: skip


def _row(line: AgendaLine) -> tuple[str, ...]:
    at = line.at.astimezone(dates.HANOI)
    return str(line.position), f"{at:%H:%M}", line.title, line.organisation or "–", f"{line.minutes} phút"
