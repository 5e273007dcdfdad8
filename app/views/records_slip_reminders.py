"""Record screen of reminders: who was reminded of which slip, when, and by whom."""

from typing import Any

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.models import SlipReminder
from app.views.record_rows import RecordInterface
from app.views.records import RecordView
from app.views.records_attendance import MEETINGS
from app.workflows.rules.slip_reminding import OVERDUE


def step_word(step: Any) -> str:
    """“24 giờ trước thời hạn”, at the deadline, or by hand."""
    if step is None:
        return gettext("By hand")
    if step == OVERDUE:
        return gettext("When the deadline had passed")
    return gettext("%(n)s h before the deadline", n=step)


class SlipReminderRecords(RecordView):
    """Reminders are written by the clock and by who runs a slip; nobody changes them."""

    route_base = "/records/slip-reminders"
    datamodel = RecordInterface(SlipReminder, joined=("slip", "member", "by"))
    parents = {"Slip": "slip_id"}
    list_title, show_title = _("Reminders of opinion slips"), _("Reminder of an opinion slip")
    list_columns = ["slip.matter", "member.full_name", "step", "at", "deadline_at", "by.full_name"]
    search_columns = ["slip.matter", "member.full_name", "at", "deadline_at", "slip_id"]
    order_columns = ["at", "deadline_at"]
    base_order = ("at", "desc")
    words = {"step": step_word}
    label_columns = {
        "slip_id": _("Opinion slip"), "slip.matter": _("Matter"), "member.full_name": _("Member"),
        "step": _("Occasion"), "at": _("Reminded at"), "deadline_at": _("Deadline"),
        "by.full_name": _("Reminded by"),
    }  # fmt: skip


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(SlipReminderRecords, "SlipReminderRecords", label=_("Reminders of opinion slips"),
                        category=MEETINGS)  # fmt: skip
