"""Record screen of the agenda: what a meeting deals with, in order."""

from typing import Any

from flask import Flask, flash, redirect, url_for
from flask_appbuilder import AppBuilder, expose, has_access
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.models import AgendaItem, ItemKind, Meeting, Organisation
from app.views.actor import current_actor, now
from app.views.record_fields import ParentField, PickField
from app.views.record_rows import RecordInterface
from app.views.records import Answer, RecordView, Step, Steps
from app.views.records_attendance import MEETINGS
from app.workflows import agenda
from app.workflows.engine.rights import Actor, Right

SAID = ["title", "kind", "organisation_id", "planned_minutes", "summary"]


class ItemRecords(RecordView):
    """Agenda items of all meetings; they are added and moved from the page of their meeting."""

    route_base = "/records/items"
    datamodel = RecordInterface(AgendaItem, joined=("meeting", "organisation"), orders={"title": "title_fold"})
    acts = {"add": agenda.add_item, "edit": agenda.edit_item, "delete": agenda.remove_item}
    parents = {"Meeting": "meeting_id"}
    list_title, show_title = _("Agenda items"), _("Agenda item")
    add_title, edit_title = _("Add an agenda item"), _("Edit the agenda item")
    list_columns = ["title", "kind", "organisation.abbreviation", "meeting.title", "position", "state"]
    show_columns = ["title", "kind", "organisation.name", "meeting.title", "position", "planned_minutes", "summary",
                    "state", "opened_at", "closed_at"]  # fmt: skip
    add_columns = ["meeting_id", *SAID]
    edit_columns = SAID
    search_columns = ["title", "meeting.title", "kind", "state", "meeting_id"]
    order_columns = ["title", "kind", "position", "state"]
    chips = ("state",)
    title_column = "title"
    label_columns = {
        "meeting_id": _("Meeting"), "meeting.title": _("Meeting"), "title": _("Title of the item"),
        "kind": _("Kind of item"),
        "organisation_id": _("Lead organisation"), "organisation.name": _("Lead organisation"),
        "organisation.abbreviation": _("Lead organisation"), "planned_minutes": _("Planned minutes"),
        "summary": _("Summary of the Government Office"), "position": _("Place in the agenda"), "state": _("State"),
        "opened_at": _("Opened at"), "closed_at": _("Closed at"),
    }  # fmt: skip
    description_columns = {
        "kind": _("An item for decision is put to the vote."),
        "summary": _("A few lines for the members: the matter, open questions, what is proposed."),
    }
    add_form_extra_fields = edit_form_extra_fields = {
        "meeting_id": ParentField(Meeting, _("Meeting")),
        "organisation_id": PickField("organisations", Organisation, _("Lead organisation")),
    }
    method_permission_name = {"move": "edit"}

    def steps(self, row: AgendaItem, actor: Actor) -> Steps:
        if row.kind is not ItemKind.DECISION or not actor.may(Right.PAPER_MANAGE, row):
            return []
        label = _("Write the draft Resolution")
        return [Step(label, f"/items/{row.id}/draft-text", href=True, icon="file")]

    @expose("/<int:pk>/move/<int:position>", methods=["POST"])
    @has_access
    def move(self, pk: int, position: int) -> Answer:
        item = agenda.move_item(current_actor(), pk, position, now=now())
        flash(gettext("The item is now number %(position)s.", position=item.position), "success")
        return redirect(self.landing(item))

    def landing(self, made: Any) -> str:
        return url_for("MeetingRecords.show", pk=made.meeting_id) + "#agenda"

    def parent_url(self, row: AgendaItem) -> str:
        return url_for("MeetingRecords.show", pk=row.meeting_id)


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(ItemRecords, "ItemRecords", label=_("Agenda items"), category=MEETINGS,
                        category_label=_("Preparing meetings"))  # fmt: skip
