"""Record screen of trips and absences of members."""

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_babel import lazy_gettext as _
from wtforms import StringField
from wtforms.validators import Length

from app.models import MemberTrip, Person
from app.views.record_fields import TOO_LONG, BodyField, Box, PickField, needed
from app.views.record_rows import RecordInterface
from app.views.records import RecordView
from app.views.records_attendance import MEETINGS
from app.workflows import trips

NOTE = StringField(_("Note"), [Length(max=trips.LONGEST_NOTE, message=TOO_LONG)], widget=Box())


class TripRecords(RecordView):
    """Who is away from when to when, so that sessions and deadlines are planned around it."""

    route_base = "/records/trips"
    datamodel = RecordInterface(MemberTrip, joined=("member", "body"))
    acts = {"add": trips.add_trip, "edit": trips.edit_trip, "delete": trips.remove_trip}
    list_title, show_title = _("Trips and absences"), _("Trip or absence")
    add_title, edit_title = _("Note a trip or an absence"), _("Correct the entry")
    list_columns = ["member.full_name", "kind", "begins_at", "ends_at", "note"]
    show_columns = [*list_columns, "body.name"]
    add_columns = ["body_id", "member_id", "kind", "begins_at", "ends_at", "note"]
    edit_columns = ["kind", "begins_at", "ends_at", "note"]
    search_columns = ["member.full_name", "kind", "begins_at", "ends_at"]
    order_columns = ["kind", "begins_at", "ends_at"]
    base_order = ("begins_at", "desc")
    title_column = "member.full_name"
    label_columns = {
        "body_id": _("Body"), "body.name": _("Body"), "member_id": _("Member"), "member.full_name": _("Member"),
        "kind": _("Kind"), "begins_at": _("Away from"), "ends_at": _("Back at"), "note": _("Note"),
    }  # fmt: skip
    description_columns = {"note": _("A few words; no state secrets, and no reason of health.")}
    add_form_extra_fields = {
        "body_id": BodyField(_("Body")),
        "member_id": PickField("people", Person, _("Member"), [needed()]),
        "note": NOTE,
    }
    edit_form_extra_fields = {"note": NOTE}


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(TripRecords, "TripRecords", label=_("Trips and absences"), category=MEETINGS,
                        category_label=_("Preparing meetings"))  # fmt: skip
