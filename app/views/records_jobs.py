"""Record screen of the background work, for the administrator: what waits, what failed and why."""

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_babel import lazy_gettext as _

from app.models import Job
from app.views.record_rows import RecordInterface
from app.views.records import RecordView
from app.views.records_accounts import ADMINISTRATION
from app.views.records_jobs_words import job_word


class JobRecords(RecordView):
    """The outbox; what a job carries is not shown, for it may speak of meetings."""

    route_base = "/records/jobs"
    datamodel = RecordInterface(Job)
    list_title, show_title = _("Background work"), _("Background work")
    list_columns = ["id", "name", "state", "due_at", "attempts", "done_at"]
    show_columns = ["id", "name", "state", "due_at", "attempts", "done_at", "last_error"]
    search_columns = ["name", "state", "due_at"]
    order_columns = ["id", "name", "state", "due_at", "attempts", "done_at"]
    chips = ("state",)
    title_column = "name"
    words = {"name": job_word}
    label_columns = {
        "id": _("Number"), "name": _("Work"), "state": _("State"), "due_at": _("Due at"),
        "attempts": _("Tries"), "done_at": _("Done at"), "last_error": _("Last error"),
    }  # fmt: skip


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(JobRecords, "JobRecords", label=_("Background work"), category=ADMINISTRATION,
                        category_label=_("Administration"))  # fmt: skip
