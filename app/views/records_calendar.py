"""Record screen of the working calendar: what is usual in a year, what was decided otherwise, and what holds."""

from typing import Any

from flask import Flask, flash, redirect, request, url_for
from flask_appbuilder import AppBuilder, expose, has_access
from flask_babel import format_date, gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from wtforms import StringField
from wtforms.validators import Length

from app.extensions import db
from app.models import Body, CalendarDay
from app.views.actor import current_actor, now
from app.views.record_fields import TOO_LONG, BodyField, Box, needed
from app.views.record_rows import RecordInterface, read_conditions, whole
from app.views.records import Answer, RecordView, Step, Steps
from app.views.records_attendance import MEETINGS
from app.workflows import working_calendar
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.visibility import visible
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.working_days import FIRST_YEAR, LAST_YEAR

FRIDAY = 4
REASON = StringField(_("Reason"), [needed(), Length(max=working_calendar.LONGEST_REASON, message=TOO_LONG)],
                     widget=Box())  # fmt: skip


class CalendarRecords(RecordView):
    """Days that are worked or not, whatever the usual calendar says."""

    route_base = "/records/calendar"
    datamodel = RecordInterface(CalendarDay, joined=("body",))
    list_template = "records/calendar.html"
    acts = {"add": working_calendar.add_calendar_day, "edit": working_calendar.edit_calendar_day}
    list_title, show_title = _("Working calendar"), _("Day of the working calendar")
    add_title, edit_title = _("Decide on a day"), _("Correct the entry")
    list_columns = ["day", "kind", "note", "source", "for_all", "body.name"]
    show_columns = list_columns
    add_columns = ["body_id", "day", "kind", "for_all", "note", "source"]
    edit_columns = ["day", "kind", "for_all", "note", "source", "reason"]
    search_columns = ["day", "kind", "note", "for_all"]
    order_columns = ["day", "kind"]
    base_order = ("day", "desc")
    chips = ("kind",)
    title_column = "day"
    label_columns = {
        "body_id": _("Body"), "body.name": _("Decided by"), "day": _("Day"), "kind": _("What it is"),
        "for_all": _("For all bodies"), "note": _("Occasion"), "source": _("Decision it rests on"),
        "reason": _("Reason"),
    }  # fmt: skip
    description_columns = {
        "for_all": _("Only the Government decides for all; what a body decides for itself holds over it."),
        "note": _("For example: day off in exchange for Saturday 22 August"),
    }
    add_form_extra_fields = {"body_id": BodyField(_("Body"))}
    edit_form_extra_fields = {"reason": REASON}
    method_permission_name = {"remove": "delete"}

    @expose("/")
    @has_access
    def list(self) -> Answer:
        filters = read_conditions(request.args, self.datamodel.get_filters(self.search_columns))
        widgets = self._rows(filters)
        widgets["search"] = self.search_widget(
            route_base=self.route_base, form=self.search_form.refresh(), include_cols=self.search_columns,
            exclude_cols=[], filters=filters,
        )  # fmt: skip
        self.update_redirect()
        return self.page(self.list_template, self.list_title, widgets, **overview(current_actor()))

    def steps(self, row: CalendarDay, actor: Actor) -> Steps:
        if not actor.may(Right.CALENDAR_KEEP, row):
            return []
        return [Step(_("Take the entry back"), f"{self.route_base}/{row.id}/remove",
                     ask=(("reason", _("Reason"), "line"),))]  # fmt: skip

    @expose("/<int:pk>/remove", methods=["POST"])
    @has_access
    def remove(self, pk: int) -> Answer:
        year = self.row(pk).day.year
        working_calendar.remove_calendar_day(current_actor(), pk, request.form.get("reason", ""), now=now())
        flash(gettext("Removed."), "success")
        return redirect(url_for(f"{self.endpoint}.list", year=year))


def overview(actor: Actor) -> dict[str, Any]:
    """The year above the list: body and bodies, year and those beside it, its days in words, how many are worked."""
    bodies = list(db.session.scalars(select(Body).where(visible(actor, Body)).order_by(Body.id)))
    if not bodies:
        return {"body": None}
    body = next((each for each in bodies if each.id == whole(request.args.get("body", ""))), bodies[0])
    asked = whole(request.args.get("year", "")) or hanoi_date(now()).year
    year = min(max(asked, FIRST_YEAR), LAST_YEAR)
    found = working_calendar.year_of(actor, body.id, year)
    return {
        "bodies": bodies, "body": body, "year": year,
        "years": [each for each in (year - 1, year + 1) if FIRST_YEAR <= each <= LAST_YEAR],
        "days": [_in_words(day) for day in found.days], "worked": found.worked,
    }  # fmt: skip


def _in_words(day: working_calendar.Day) -> dict[str, Any]:
    return {
        "day": day.day, "weekday": format_date(day.day, "EEEE"), "usual": day.holiday or _usual(day),
        "entry": day.entry, "worked": day.worked, "changed": day.worked is not day.usually_worked,
    }  # fmt: skip


def _usual(day: working_calendar.Day) -> str:
    weekend = day.day.weekday() > FRIDAY
    if day.usually_worked:
        return gettext("Worked in exchange") if weekend else gettext("Working day")
    return gettext("Weekend")


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(CalendarRecords, "CalendarRecords", label=_("Working calendar"), category=MEETINGS,
                        category_label=_("Preparing meetings"))  # fmt: skip
