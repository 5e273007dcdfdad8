"""Record screen of the meetings: the clerk's desk, from the first line to the invitation."""

from typing import Any

from flask import Flask, flash, redirect, request
from flask_appbuilder import AppBuilder, expose, has_access
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.models import Meeting
from app.views.actor import current_actor, now
from app.views.meeting_desk import desk_of
from app.views.record_fields import NOT_A_MOMENT, BodyField, read_moment
from app.views.record_rows import RecordInterface
from app.views.records import Answer, RecordMargin, RecordView
from app.views.records_attendance import MEETINGS
from app.workflows import meetings

SAID = ["title", "kind", "starts_at", "planned_minutes", "place", "conference_url"]


class MeetingRecords(RecordView):
    """Meetings, newest first; the page of one shows what is still to be done before the invitation."""

    route_base = "/records/meetings"
    datamodel = RecordInterface(Meeting, orders={"title": "title_fold"})
    acts = {"add": meetings.create_meeting, "edit": meetings.edit_meeting}
    show_template = "records/meeting.html"
    show_widget = RecordMargin
    list_title, show_title = _("Meetings"), _("Meeting")
    add_title, edit_title = _("New meeting"), _("Edit the meeting")
    list_columns = ["title", "kind", "starts_at", "place", "state"]
    show_columns = ["kind", "starts_at", "planned_minutes", "place", "conference_url", "passkey_demanded",
                    "invited_at", "state_reason"]  # fmt: skip
    add_columns = ["body_id", *SAID, "passkey_demanded"]
    edit_columns = [*SAID, "passkey_demanded"]
    search_columns = ["title", "kind", "state", "starts_at", "place"]
    order_columns = ["title", "kind", "starts_at", "place", "state"]
    base_order = ("starts_at", "desc")
    chips = ("state",)
    title_column = "title"
    label_columns = {
        "body_id": _("Body"), "title": _("Title"), "kind": _("Kind of meeting"), "starts_at": _("Begins at"),
        "planned_minutes": _("Planned minutes"), "place": _("Place"), "conference_url": _("Conference link"),
        "state": _("State"), "invited_at": _("Invitation issued at"), "state_reason": _("Reason"),
        "passkey_demanded": _("This meeting asks for a passkey"),
    }  # fmt: skip
    description_columns = {
        "starts_at": _("Hanoi time, for example 05/08/2026 08:00. The seats follow the roll of that day."),
        "conference_url": _("Shown only to those who have a seat. It begins with https://."),
        "passkey_demanded": _("Beside the PIN, in each vote of this meeting for which nothing else is said."),
    }
    add_form_extra_fields = {"body_id": BodyField(_("Body"))}
    method_permission_name = {name: "edit" for name in ("invite", "refill", "postpone", "reschedule", "cancel")}
    add_fieldsets = [
        (_("Content"), {"fields": ["body_id", "title", "kind"]}),
        (_("Time and place"), {"fields": SAID[2:]}),
        (_("Votes"), {"fields": ["passkey_demanded"]}),
    ]
    edit_fieldsets = [(_("Content"), {"fields": SAID[:2]}), (_("Time and place"), {"fields": SAID[2:]}),
                      (_("Votes"), {"fields": ["passkey_demanded"]})]  # fmt: skip

    @expose("/<int:pk>")
    @has_access
    def show(self, pk: int) -> Answer:
        meeting = self.row(pk)
        desk = desk_of(meeting, current_actor())
        self.update_redirect()
        return self.page(self.show_template, meeting.title, {"show": self._facts(meeting)}, meeting=meeting, desk=desk)

    @expose("/<int:pk>/invite", methods=["POST"])
    @has_access
    def invite(self, pk: int) -> Answer:
        meetings.issue_invitation(current_actor(), pk, now=now())
        return self._told(pk, gettext("The invitation is issued."))

    @expose("/<int:pk>/refill", methods=["POST"])
    @has_access
    def refill(self, pk: int) -> Answer:
        count = meetings.refill_seats(current_actor(), pk, now=now())
        return self._told(pk, gettext("The seats follow the roll: %(count)s members.", count=count))

    @expose("/<int:pk>/postpone", methods=["POST"])
    @has_access
    def postpone(self, pk: int) -> Answer:
        meetings.postpone_meeting(current_actor(), pk, request.form.get("reason", ""), now=now())
        return self._told(pk, gettext("The meeting is postponed; everybody invited is told."))

    @expose("/<int:pk>/reschedule", methods=["POST"])
    @has_access
    def reschedule(self, pk: int) -> Answer:
        starts_at = read_moment(request.form.get("starts_at", ""))
        if starts_at is None:
            flash(str(NOT_A_MOMENT), "danger")
            return redirect(self.show_url(pk))
        meetings.reschedule_meeting(current_actor(), pk, starts_at, now=now())
        return self._told(pk, gettext("The meeting is called for another time; every answer is asked again."))

    @expose("/<int:pk>/cancel", methods=["POST"])
    @has_access
    def cancel(self, pk: int) -> Answer:
        meetings.cancel_meeting(current_actor(), pk, request.form.get("reason", ""), now=now())
        return self._told(pk, gettext("The meeting is cancelled; everybody invited is told."))

    def _told(self, pk: int, sentence: str) -> Answer:
        flash(sentence, "success")
        return redirect(self.show_url(pk))

    def landing(self, made: Any) -> str:
        return self.show_url(made.id)


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(MeetingRecords, "MeetingRecords", label=_("List of meetings"), category=MEETINGS,
                        category_label=_("Preparing meetings"))  # fmt: skip
