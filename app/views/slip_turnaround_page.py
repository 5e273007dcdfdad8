"""What the pages of the report on slips show: figures, a chart with its table, the askings behind a row."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import pgettext as _p

from app.gateways.sheets import Kind
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.turnaround import Promptness
from app.workflows.slip_turnaround import Asking, Grouping, Period, Row, TurnaroundReport
from app.workflows.slip_turnaround_tables import ASKINGS, MET, NAMES, SUMS, name_of, period_words
from app.workflows.weekly_tables import shown

USUAL = dt.timedelta(days=90)
LOOKS = {Promptness.ON_TIME: "ok", Promptness.EXTENDED: "warn", Promptness.SILENT: ""}
BAR, GAP, LABELS, WIDTH, NUMBERS = 22, 12, 250, 900, 90  # of the chart, in its own units
TIMES = ASKINGS[5:9]  # of the columns of the workbook those that the page shows beside slip and member
LONGEST_LABEL = 34  # letters; the table beside has all of it


def period_of(args: Mapping[str, str], now: dt.datetime) -> Period:
    """The days that were asked for; the last ninety instead of what is no period."""
    today = hanoi_date(now)
    usual = Period(today - USUAL, today)
    try:
        return Period(
            dt.date.fromisoformat(args.get("from", "") or usual.first.isoformat()),
            dt.date.fromisoformat(args.get("to", "") or usual.last.isoformat()),
        )
    except (ValueError, OverflowError):
        return usual


def report_page(report: TurnaroundReport, now: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/slip_turnaround.html."""
    return {
        **_asked(report), "figures": _figures(report), "chart": _chart(report),
        "head": [str(field.label) for field in SUMS], "rows": [_row(report, row) for row in report.rows],
        "whole": _cells(report, _whole(report)),
        "all_url": _url("rows", report), "xlsx_url": _url("workbook", report),
        "groupings": [
            {"label": str(label), "current": by is report.by, "url": _url("page", report, by=by.value)}
            for by, label in NAMES.items()
        ],
        "today": hanoi_date(now).isoformat(),
    }  # fmt: skip


def rows_page(report: TurnaroundReport, key: int | None, met: Promptness | None = None) -> dict[str, Any]:
    """The context of templates/ec/slip_turnaround_rows.html."""
    row = report.rows[0] if key is not None and report.rows else None
    return {
        **_asked(report), "name": name_of(row, report.by) if row else "", "met": str(MET[met]) if met else "",
        "back_url": _url("page", report),
        "counted": shown(Kind.COUNT, report.whole.asked), "head": [str(field.label) for field in TIMES],
        "askings": [_asking(each) for each in report.askings],
    }  # fmt: skip


def _asked(report: TurnaroundReport) -> dict[str, Any]:
    return {
        "by": report.by.value, "by_name": str(NAMES[report.by]), "first": report.period.first.isoformat(),
        "last": report.period.last.isoformat(), "period": period_words(report),
    }  # fmt: skip


def _url(view: str, report: TurnaroundReport, **more: Any) -> str:
    about = {"by": report.by.value, "from": report.period.first.isoformat(), "to": report.period.last.isoformat()}
    return url_for(f"SlipTurnaroundView.{view}", **(about | more))


def _whole(report: TurnaroundReport) -> Row:
    return Row(0, "", "", report.whole)


def _figures(report: TurnaroundReport) -> list[dict[str, Any]]:
    whole = report.whole
    return [
        {"label": _("Slips closed"), "value": shown(Kind.COUNT, report.slips), "note": ""},
        {"label": _p("slip", "Asked"), "value": shown(Kind.COUNT, whole.asked),
         "note": _("answered: %(n)s", n=whole.answered)},
        {"label": _("Share in time"), "value": shown(Kind.SHARE, whole.share),
         "note": _("%(on_time)s of %(asked)s", on_time=whole.on_time, asked=whole.asked)},
        {"label": _("Median until the answer"), "value": shown(Kind.SPAN, whole.middle), "note": ""},
    ]  # fmt: skip


def _row(report: TurnaroundReport, row: Row) -> dict[str, Any]:
    return {
        "name": name_of(row, report.by), "post": row.post, "url": _url("rows", report, key=row.key),
        "cells": _cells(report, row, key=row.key),
    }  # fmt: skip


def _cells(report: TurnaroundReport, row: Row, **key: int) -> list[dict[str, Any]]:
    """The figures of a row; one that counts askings leads to exactly these, a nought leads nowhere."""
    counted = {0: {}, 1: {"met": Promptness.ON_TIME.value}, 2: {"met": Promptness.EXTENDED.value},
               3: {"met": Promptness.SILENT.value}}  # fmt: skip
    return [
        {"text": shown(field.kind, field.of(row)),
         "url": _url("rows", report, **key, **counted[place]) if place in counted and field.of(row) else ""}
        for place, field in enumerate(SUMS)
    ]  # fmt: skip


def _chart(report: TurnaroundReport) -> dict[str, Any] | None:
    """Bars on one scale, each as long as its member was asked: in time, within an extension, not answered."""
    most = max((row.figures.asked for row in report.rows), default=0)
    if not most:
        return None
    scale = (WIDTH - LABELS - NUMBERS) / most
    return {
        "width": WIDTH, "height": len(report.rows) * (BAR + GAP) + GAP, "left": LABELS - GAP,
        "bars": [_bar(row, report.by, number, scale) for number, row in enumerate(report.rows)],
    }  # fmt: skip


def _bar(row: Row, by: Grouping, number: int, scale: float) -> dict[str, Any]:
    told, at, parts = row.figures, float(LABELS), []
    for kind, count in (("yes", told.on_time), ("gold", told.extended), ("miss", told.silent)):
        if count:
            parts.append({"kind": kind, "x": f"{at:.1f}", "width": f"{count * scale:.1f}"})
        at += count * scale
    top, name = GAP + number * (BAR + GAP), name_of(row, by)
    label = name if len(name) <= LONGEST_LABEL else f"{name[: LONGEST_LABEL - 1]}…"
    return {
        "label": label, "top": top, "height": BAR, "base": top + BAR * 0.72, "parts": parts, "end": f"{at + GAP:.1f}",
        "share": shown(Kind.SHARE, told.share),
    }  # fmt: skip


def _asking(each: Asking) -> dict[str, Any]:
    return {
        "number": each.number, "matter": each.matter, "lead": each.lead, "member": each.member, "post": each.post,
        "cells": [shown(field.kind, field.of(each)) for field in TIMES], "met": str(MET[each.met]),
        "look": LOOKS[each.met], "url": f"/slips/{each.slip_id}/board",
    }  # fmt: skip
