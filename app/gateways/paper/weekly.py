"""Decides how the weekly report (báo cáo tuần) stands on paper: what counts in sentences, the rest in ruled tables."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.platypus import Flowable

from app.gateways.paper import blocks, dates
from app.gateways.paper import measures as m
from app.gateways.paper.head import Head, Title
from app.gateways.paper.layout import build

NOTHING = "Không có."


@dataclass(frozen=True)
class WeeklyTable:
    """A table in words; `widths` are shares of the text width, `middle` names the centred columns."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[float]
    middle: Sequence[int] = ()


@dataclass(frozen=True)
class WeeklySheet:
    """What stands on the pages: `summary` are sentences, `about` names the week, `made_at` is aware."""

    about: str
    body: str
    place: str
    made_at: dt.datetime
    summary: Sequence[str]
    tables: Sequence[WeeklyTable]
    demo: bool = False


def weekly(sheet: WeeklySheet) -> bytes:
    """The PDF, as many A4 pages as it takes, byte for byte the same for the same sheet; `sheet` is in Vietnamese."""
    made = dates.moment(sheet.made_at.isoformat())
    day = dates.long_date(made)
    return build(
        [
            Head(sheet.body.upper(), f"{sheet.place}, {day}" if sheet.place else day[0].upper() + day[1:]),
            Title("BÁO CÁO TUẦN", sheet.about),
            *(blocks.paragraph(sentence) for sentence in sheet.summary),
            *(part for number, table in enumerate(sheet.tables, start=1) for part in _table(number, table)),
            blocks.text(f"(Số liệu do hệ thống tổng hợp đến {dates.clock(made)}.)", m.BASES, gap=m.CLOSING_GAP),
        ],
        title=f"Báo cáo tuần: {sheet.about}", issuer=sheet.body, made_at=sheet.made_at, demo=sheet.demo,
    )  # fmt: skip


def _table(number: int, table: WeeklyTable) -> list[Flowable]:
    heading = blocks.heading(f"{blocks.roman(number)}. {table.title}")
    if not table.rows:
        return [heading, blocks.paragraph(NOTHING)]
    return [heading, blocks.table(table.head, table.rows, table.widths, table.middle)]
