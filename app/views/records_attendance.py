"""Record screens of seats and absences: who is to come, and who asked not to."""

from typing import Any

from flask import Flask, url_for
from flask_appbuilder import AppBuilder
from flask_babel import lazy_gettext as _
from wtforms import StringField

from app.extensions import db
from app.models import Absence, AgendaItem, Meeting, Person, Seat, SeatRole
from app.views.record_fields import Box, ChoiceField, ManyField, ParentField, PickField, codes_of, needed
from app.views.record_forms import RecordForm
from app.views.record_rows import RecordInterface
from app.views.records import RecordView, Step, Steps
from app.workflows import meetings
from app.workflows.engine.rights import Actor, Right

MEETINGS = "Meetings"
FROM_THE_ROLL = frozenset({SeatRole.CHAIR, SeatRole.ATTENDEE, SeatRole.SUBSTITUTE})


class SeatRecords(RecordView):
    """Places in meetings; members come from the roll, guests and secretaries are added here."""

    route_base = "/records/seats"
    datamodel = RecordInterface(Seat, joined=("person", "meeting"))
    acts = {"add": meetings.add_seat, "delete": meetings.remove_seat}
    parents = {"Meeting": "meeting_id"}
    list_title, show_title, add_title = _("Seats"), _("Seat"), _("Add a guest or a secretary")
    list_columns = ["person.full_name", "post", "role", "reply", "presence", "meeting.title"]
    show_columns = [*list_columns, "replied_at", "present_since", "stands_in_for.full_name"]
    add_columns = ["meeting_id", "person_id", "role", "post", "item_ids"]
    search_columns = ["person.full_name", "meeting.title", "role", "reply", "presence", "meeting_id"]
    order_columns = ["post", "role", "reply", "presence"]
    title_column = "person.full_name"
    label_columns = {
        "meeting_id": _("Meeting"), "meeting.title": _("Meeting"), "person_id": _("Person"),
        "person.full_name": _("Person"), "post": _("Post"), "role": _("Role"), "reply": _("Answer"),
        "presence": _("Presence"), "item_ids": _("Items a guest attends"), "replied_at": _("Answered at"),
        "present_since": _("Present since"), "stands_in_for.full_name": _("Stands in for"),
    }  # fmt: skip
    add_form_extra_fields = {
        "meeting_id": ParentField(Meeting, _("Meeting")),
        "person_id": PickField("people", Person, _("Person"), [needed()]),
        "role": ChoiceField(_("Role"), [needed()], choices=codes_of(SeatRole, FROM_THE_ROLL), default=SeatRole.GUEST),
        "post": StringField(
            _("Post"), widget=Box(), description=_("Leave it empty to take the post the person holds on that day.")
        ),
        "item_ids": ManyField(
            _("Items a guest attends"), description=_("A guest sees these items and their papers, and no others.")
        ),
    }

    def prepare(self, form: RecordForm, row: Any) -> None:
        meeting_id = form.meeting_id.data or 0
        items = db.session.query(AgendaItem).filter(AgendaItem.meeting_id == meeting_id).order_by(AgendaItem.position)
        form.item_ids.offer([(item.id, str(item)) for item in items])

    def steps(self, row: Seat, actor: Actor) -> Steps:
        back = url_for("MeetingRecords.show", pk=row.meeting_id) + "#seats"
        steps = [Step(_("To the meeting"), back, href=True, look="primary", icon="list-alt")]
        if row.role in meetings.OFFICIAL_ROLE and actor.may(Right.MEETING_PREPARE, row.meeting):
            away = url_for("SeatRecords.delete", pk=row.id)
            sure = _("Take this seat back?")
            steps.append(Step(_("Take the seat back"), away, icon="trash", confirm=sure))
        return steps

    def landing(self, made: Any) -> str:
        return url_for("MeetingRecords.show", pk=made.meeting_id) + "#seats"

    def parent_url(self, row: Any) -> str:
        return url_for("MeetingRecords.show", pk=row.meeting_id) + "#seats"


class AbsenceRecords(RecordView):
    """Requests to be absent; the head of the body decides, on his own page."""

    route_base = "/records/absences"
    datamodel = RecordInterface(Absence, joined=("member", "substitute", "meeting"))
    list_title, show_title = _("Absences"), _("Absence")
    list_columns = ["member.full_name", "meeting.title", "substitute.full_name", "requested_at", "state"]
    show_columns = [*list_columns, "reason", "decided_at", "decision_reason"]
    search_columns = ["member.full_name", "meeting.title", "state", "requested_at"]
    order_columns = ["requested_at", "state"]
    chips = ("state",)
    title_column = "member.full_name"
    label_columns = {
        "member.full_name": _("Member"), "meeting.title": _("Meeting"), "substitute.full_name": _("Substitute"),
        "requested_at": _("Asked at"), "state": _("State"), "reason": _("Reason"), "decided_at": _("Decided at"),
        "decision_reason": _("Reason of the decision"),
    }  # fmt: skip


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(SeatRecords)
    appbuilder.add_view(AbsenceRecords, "AbsenceRecords", label=_("Absences"), category=MEETINGS,
                        category_label=_("Preparing meetings"))  # fmt: skip
