"""Record screen of those who help members."""

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_babel import lazy_gettext as _

from app.models import MemberStaff, Person
from app.views.record_fields import BodyField, PickField, needed
from app.views.record_rows import RecordInterface
from app.views.records import RecordView
from app.views.records_organisations import WHO
from app.workflows import member_staff


class StaffRecords(RecordView):
    """Who prepares work for which member, from when to when."""

    route_base = "/records/member-staff"
    datamodel = RecordInterface(MemberStaff, joined=("member", "aide"))
    acts = {"add": member_staff.assign_aide, "edit": member_staff.edit_aide}
    list_title, show_title = _("Aides of members"), _("Aide of a member")
    add_title, edit_title = _("Assign an aide"), _("Change the period")
    list_columns = show_columns = ["member.full_name", "aide.full_name", "valid_from", "valid_to"]
    add_columns = ["body_id", "member_id", "aide_id", "valid_from", "valid_to"]
    edit_columns = ["valid_from", "valid_to"]
    search_columns = ["member.full_name", "aide.full_name"]
    order_columns = ["valid_from", "valid_to"]
    title_column = "member.full_name"
    label_columns = {
        "body_id": _("Body"), "member_id": _("Member"), "member.full_name": _("Member"), "aide_id": _("Aide"),
        "aide.full_name": _("Aide"), "valid_from": _("From"), "valid_to": _("Until (first day after)"),
    }  # fmt: skip
    description_columns = {"valid_to": _("Leave it empty while there is no end.")}
    add_form_extra_fields = {
        "body_id": BodyField(_("Body")),
        "member_id": PickField("people", Person, _("Member"), [needed()]),
        "aide_id": PickField("people", Person, _("Aide"), [needed()]),
    }


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(StaffRecords, "StaffRecords", label=_("Aides of members"), category=WHO,
                        category_label=_("Who is who"))  # fmt: skip
