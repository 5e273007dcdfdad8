"""The weekly report for the head's office: the list of weeks, and each week as page, paper and workbook."""

from io import BytesIO

from flask import Flask, current_app, render_template, request, send_file
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import force_locale
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app.extensions import talisman
from app.gateways import paper
from app.views.actor import current_actor, now
from app.views.digests import PAPER_LANGUAGE
from app.views.guards import signed_in
from app.views.papers import INERT
from app.views.report_page import report_page, week_list
from app.workflows import weekly, weekly_tables
from app.workflows.rules.timetable import Week

WEEK = "/<int(fixed_digits=4):year>-<int(fixed_digits=2):week>"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class WeeklyReportView(BaseView):
    """Who reads the report is judged by app/workflows/weekly.py."""

    route_base = "/reports/weekly"
    default_view = "list"

    @expose("/")
    @signed_in
    def list(self) -> str:
        return render_template("ec/weeks.html", **week_list(current_actor(), now()))

    @expose(WEEK)
    @signed_in
    def page(self, year: int, week: int) -> str:
        return render_template("ec/week.html", **report_page(_report(year, week)))

    @expose(f"{WEEK}.pdf")
    @signed_in
    @talisman(content_security_policy=INERT)
    def paper(self, year: int, week: int) -> Response:
        report = _report(year, week)
        with force_locale(PAPER_LANGUAGE):
            pdf = paper.weekly(weekly_tables.sheet_of(report, demo=current_app.config["DEMO"]))
        return _sent(pdf, "application/pdf", report.week, save="save" in request.args)

    @expose(f"{WEEK}.xlsx")
    @signed_in
    @talisman(content_security_policy=INERT)
    def workbook(self, year: int, week: int) -> Response:
        report = _report(year, week)
        with force_locale(PAPER_LANGUAGE):
            book = weekly_tables.workbook_of(report)
        return _sent(book, XLSX, report.week, save=True)


def _report(year: int, week: int) -> weekly.WeeklyReport:
    """The report; a week that no year has, or that has not begun, is not found."""
    actor, at = current_actor(), now()
    weekly.report_body(actor)
    try:
        asked = Week.parse(f"{year:04}-{week:02}")
    except ValueError as odd:
        raise NotFound from odd
    if asked.begins_at > at:
        raise NotFound
    return weekly.weekly_report(actor, asked, at)


def _sent(content: bytes, mimetype: str, week: Week, *, save: bool) -> Response:
    ending = "xlsx" if mimetype == XLSX else "pdf"
    name = f"bao-cao-tuan-{week}.{ending}"
    answer = send_file(BytesIO(content), mimetype=mimetype, as_attachment=save, download_name=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(WeeklyReportView)
