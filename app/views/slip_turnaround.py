"""The report on how soon slips are answered: sums with a chart, the askings behind them, and a workbook."""

import datetime as dt
from io import BytesIO

from flask import Flask, render_template, request, send_file
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import force_locale
from werkzeug.wrappers import Response

from app.extensions import talisman
from app.views.actor import current_actor, now
from app.views.digests import PAPER_LANGUAGE
from app.views.guards import signed_in
from app.views.papers import INERT
from app.views.record_rows import whole
from app.views.reports import XLSX
from app.views.slip_turnaround_page import period_of, report_page, rows_page
from app.workflows import slip_turnaround_tables
from app.workflows.rules.turnaround import Promptness
from app.workflows.slip_turnaround import Grouping, TurnaroundReport, turnaround


class SlipTurnaroundView(BaseView):
    """Who reads the report is judged by app/workflows/slip_turnaround.py."""

    route_base = "/reports/slips"
    default_view = "page"

    @expose("/")
    @signed_in
    def page(self) -> str:
        """`by`: member, ministry, lead; `from` and `to`: Hanoi days of the close, the last ninety by themselves."""
        return render_template("ec/slip_turnaround.html", **report_page(_report(), now()))

    @expose("/rows")
    @signed_in
    def rows(self) -> str:
        """Exactly the askings that were counted; with `key` those of one row, with `met` those of one column."""
        key, asked = whole(request.args.get("key", "")), request.args.get("met", "")
        met = Promptness(asked) if asked in list(Promptness) else None
        return render_template("ec/slip_turnaround_rows.html", **rows_page(_report(key, met), key, met))

    @expose("/workbook.xlsx")
    @signed_in
    @talisman(content_security_policy=INERT)
    def workbook(self) -> Response:
        report = _report()
        with force_locale(PAPER_LANGUAGE):
            book = slip_turnaround_tables.workbook_of(report, now())
        name = f"thoi-gian-tra-loi-phieu-{report.period.first:%Y%m%d}-{report.period.last:%Y%m%d}.xlsx"
        answer = send_file(BytesIO(book), mimetype=XLSX, as_attachment=True, download_name=name)
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _report(key: int | None = None, met: Promptness | None = None) -> TurnaroundReport:
    at: dt.datetime = now()
    asked = request.args.get("by", "")
    by = Grouping(asked) if asked in list(Grouping) else Grouping.MEMBER
    return turnaround(current_actor(), period_of(request.args, at), by, key, met)


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(SlipTurnaroundView)
