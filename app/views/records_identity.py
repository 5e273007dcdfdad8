"""Record screens of people and of the posts they hold."""

from typing import Any

from flask import Flask, url_for
from flask_appbuilder import AppBuilder
from flask_babel import lazy_gettext as _

from app.models import Appointment, Organisation, Person
from app.views.record_fields import BodyField, PickField, needed
from app.views.record_rows import RecordInterface
from app.views.records import RecordView
from app.views.records_organisations import WHO
from app.workflows import identity


class AppointmentRecords(RecordView):
    """Who holds which office in which body, from when to when."""

    route_base = "/records/appointments"
    datamodel = RecordInterface(Appointment, joined=("person", "organisation"))
    acts = {"add": identity.appoint, "edit": identity.edit_appointment, "delete": identity.remove_appointment}
    parents = {"Person": "person_id"}
    list_title, show_title, add_title, edit_title = _("Posts"), _("Post"), _("Give a post"), _("Edit the post")
    list_columns = ["person.full_name", "post", "office", "organisation.abbreviation", "rank", "valid_from", "valid_to"]
    show_columns = ["person.full_name", "post", "office", "body.name", "organisation.name", "abbreviation", "rank",
                    "valid_from", "valid_to"]  # fmt: skip
    add_columns = ["person_id", "body_id", "office", "post", "organisation_id", "abbreviation", "rank", "valid_from",
                   "valid_to"]  # fmt: skip
    edit_columns = ["office", "post", "organisation_id", "abbreviation", "rank", "valid_from", "valid_to"]
    search_columns = ["person.full_name", "post", "office", "valid_from"]
    order_columns = ["rank", "post", "valid_from", "valid_to"]
    base_order = ("rank", "asc")
    title_column = "person.full_name"
    label_columns = {
        "person_id": _("Person"), "person.full_name": _("Person"), "body_id": _("Body"), "body.name": _("Body"),
        "office": _("Capacity"), "post": _("Post"), "organisation_id": _("Organisation"),
        "organisation.abbreviation": _("Organisation"), "organisation.name": _("Organisation"),
        "abbreviation": _("Abbreviation"), "rank": _("Rank"), "valid_from": _("From"),
        "valid_to": _("Until (first day after)"),
    }  # fmt: skip
    description_columns = {
        "office": _("What the post entitles to. Members vote; a deputy may sit in for the member of the organisation."),
        "rank": _("1 is the head of the body; rolls and seats are in this order."),
        "abbreviation": _("Shown on the seat, for example the abbreviation of the ministry."),
        "valid_to": _("Leave it empty while there is no end."),
    }
    add_form_extra_fields = edit_form_extra_fields = {
        "person_id": PickField("people", Person, _("Person"), [needed()]),
        "body_id": BodyField(_("Body")),
        "organisation_id": PickField("organisations", Organisation, _("Organisation")),
    }

    def landing(self, made: Any) -> str:
        """Posts are seen where the person is."""
        return url_for("PersonRecords.show", pk=made.person_id)


class PersonRecords(RecordView):
    """People, by the order of Vietnamese registers."""

    route_base = "/records/people"
    datamodel = RecordInterface(Person, joined=("user",), orders={"full_name": "sort_key"})
    acts = {"add": identity.add_person, "edit": identity.edit_person}
    related_views = [AppointmentRecords]
    list_title, show_title, add_title, edit_title = _("People"), _("Person"), _("Add a person"), _("Correct the name")
    list_columns = ["full_name", "user.username"]
    show_columns = ["full_name", "user.username", "fictional"]
    add_columns = ["home_body_id", "full_name"]
    edit_columns = ["full_name"]
    search_columns = ["full_name"]
    order_columns = ["full_name"]
    base_order = ("full_name", "asc")
    title_column = "full_name"
    label_columns = {
        "full_name": _("Full name"), "home_body_id": _("Body"), "user.username": _("Account"),
        "fictional": _("Invented person"),
    }  # fmt: skip
    description_columns = {"full_name": _("Family name, middle name, given name.")}
    add_form_extra_fields = {"home_body_id": BodyField(_("Body"))}


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(PersonRecords, "PersonRecords", label=_("People"), category=WHO, category_label=_("Who is who"))
    appbuilder.add_view(AppointmentRecords, "AppointmentRecords", label=_("Posts"), category=WHO)
