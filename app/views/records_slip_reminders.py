"""Record screen of reminders: who was reminded of which slip, when, and by whom."""

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_babel import lazy_gettext as _

from app.models import SlipReminder
from app.views.record_rows import RecordInterface
from app.views.records import RecordView
from app.views.records_slips import SLIPS
from app.views.slip_office_words import occasion


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
    words = {"step": occasion}
    label_columns = {
        "slip_id": _("Opinion slip"), "slip.matter": _("Matter"), "member.full_name": _("Member"),
        "step": _("Occasion"), "at": _("Reminded at"), "deadline_at": _("Deadline"),
        "by.full_name": _("Reminded by"),
    }  # fmt: skip


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(SlipReminderRecords, "SlipReminderRecords", label=_("Reminders of opinion slips"),
                        category=SLIPS)  # fmt: skip
