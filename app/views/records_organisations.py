"""Record screens of the bodies and of their ministries, agencies and units."""

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_babel import lazy_gettext as _

from app.models import Body, Organisation
from app.views.record_fields import BodyField, PickField
from app.views.record_rows import RecordInterface
from app.views.records import RecordView
from app.workflows import organisations

WHO = "Government"


class BodyRecords(RecordView):
    """The deciding bodies of those who look; they are founded by the installation, not on a screen."""

    route_base = "/records/bodies"
    datamodel = RecordInterface(Body)
    list_title, show_title = _("Bodies"), _("Body")
    list_columns = show_columns = ["name", "code", "kind", "place"]
    search_columns = ["name", "kind"]
    order_columns = ["name", "code"]
    base_order = ("id", "asc")
    title_column = "name"
    label_columns = {
        "name": _("Name"), "code": _("Abbreviation"), "kind": _("Kind of body"), "place": _("Seat of the body"),
    }  # fmt: skip


class OrganisationRecords(RecordView):
    """Ministries, agencies and units."""

    route_base = "/records/organisations"
    datamodel = RecordInterface(Organisation, joined=("parent",), orders={"name": "name_fold"})
    acts = {"add": organisations.add_organisation, "edit": organisations.edit_organisation}
    list_title, show_title = _("Organisations"), _("Organisation")
    add_title, edit_title = _("Add an organisation"), _("Edit the organisation")
    list_columns = ["name", "abbreviation", "kind", "parent.name", "position"]
    show_columns = ["name", "abbreviation", "kind", "parent.name", "position", "body.name"]
    add_columns = ["body_id", "kind", "name", "abbreviation", "parent_id", "position"]
    edit_columns = ["kind", "name", "abbreviation", "parent_id", "position"]
    search_columns = ["name", "abbreviation", "kind"]
    order_columns = ["name", "abbreviation", "position"]
    base_order = ("position", "asc")
    title_column = "name"
    label_columns = {
        "body_id": _("Body"), "body.name": _("Body"), "kind": _("Kind"), "name": _("Name"),
        "abbreviation": _("Abbreviation"), "parent_id": _("Belongs to"), "parent.name": _("Belongs to"),
        "position": _("Place in the order"),
    }  # fmt: skip
    add_form_extra_fields = edit_form_extra_fields = {
        "body_id": BodyField(_("Body")),
        "parent_id": PickField("organisations", Organisation, _("Belongs to")),
    }


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(OrganisationRecords, "OrganisationRecords", label=_("Organisations"), category=WHO,
                        category_label=_("Who is who"))  # fmt: skip
    appbuilder.add_view(BodyRecords, "BodyRecords", label=_("Bodies"), category=WHO)
