"""Record screen of the rule sets: entered, corrected while unused, ended when the law changes."""

from typing import Any

from flask import Flask, flash, redirect, request
from flask_appbuilder import AppBuilder, expose, has_access
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField

from app.models import FOREVER, RuleSet
from app.views.actor import current_actor, now
from app.views.record_fields import NOT_A_DATE, BodyField, ChoiceField, WholeField, needed
from app.views.record_forms import RecordForm
from app.views.record_rows import RecordInterface, read_day
from app.views.records import Answer, RecordView, Step, Steps
from app.views.records_attendance import MEETINGS
from app.workflows import rule_sets
from app.workflows.engine.rights import Actor, Right

NUMBERS = {
    "quorum_numerator": _("Quorum: at least (numerator)"),
    "quorum_denominator": _("Quorum: of (denominator)"),
    "majority_numerator": _("Majority: more than (numerator)"),
    "majority_denominator": _("Majority: of all members (denominator)"),
    "papers_working_days": _("Working days between papers and meeting"),
}
CHOICES = {"tie": _("When the votes are equal")}
SWITCHES = {
    "remote_counts_as_present": _("Remote members count as present"),
    "vote_change_allowed": _("A vote may be changed until the close"),
}
USUAL = {"quorum_numerator": 2, "quorum_denominator": 3, "majority_numerator": 1, "majority_denominator": 2,
         "papers_working_days": 5}  # fmt: skip
TIES = [("head", _("The head of the body decides")), ("fails", _("The question is not adopted"))]
PARAMETERS = [*NUMBERS, *CHOICES, *SWITCHES]
FIELDS = {
    **{name: WholeField(label, [needed()], default=USUAL[name]) for name, label in NUMBERS.items()},
    **{name: ChoiceField(label, [needed()], choices=TIES, default="head") for name, label in CHOICES.items()},
    **{name: BooleanField(label, default=True) for name, label in SWITCHES.items()},
}
WRITTEN = ["code", "name", "valid_from", "valid_to", "legal_source", "confirmed"]


class RuleSetRecords(RecordView):
    """The law as dated data."""

    route_base = "/records/rule-sets"
    datamodel = RecordInterface(RuleSet)
    acts = {"add": rule_sets.create_rule_set, "edit": rule_sets.edit_rule_set}
    list_title, show_title = _("Rule sets"), _("Rule set")
    add_title, edit_title = _("Enter a rule set"), _("Correct the rule set")
    list_columns = ["name", "code", "procedure", "valid_from", "valid_to", "confirmed", "used_at"]
    show_columns = ["name", "code", "procedure", "valid_from", "valid_to", "legal_source", "confirmed", "used_at",
                    *(f"parameters.{name}" for name in PARAMETERS)]  # fmt: skip
    add_columns = ["body_id", "procedure", *WRITTEN, *PARAMETERS]
    edit_columns = [*WRITTEN, *PARAMETERS]
    search_columns = ["name", "code", "procedure", "confirmed", "valid_from"]
    order_columns = ["name", "code", "valid_from", "valid_to", "used_at"]
    base_order = ("valid_from", "desc")
    title_column = "name"
    label_columns = {
        "body_id": _("Body"), "procedure": _("Procedure"), "code": _("Code"), "name": _("Name"),
        "valid_from": _("From"), "valid_to": _("Until (first day after)"), "legal_source": _("Legal source"),
        "confirmed": _("Wording checked at the source"), "used_at": _("First used"), **NUMBERS, **CHOICES, **SWITCHES,
        **{f"parameters.{name}": label for name, label in (NUMBERS | CHOICES | SWITCHES).items()},
    }  # fmt: skip
    description_columns = {"valid_to": _("Leave it empty while there is no end.")}
    words = {"parameters.tie": lambda code: dict(TIES).get(code, code)}
    add_form_extra_fields = {"body_id": BodyField(_("Body")), **FIELDS}
    edit_form_extra_fields = FIELDS
    method_permission_name = {"end": "edit"}
    add_fieldsets = [
        (_("Which rules"), {"fields": ["body_id", "procedure", *WRITTEN]}),
        (_("What they say"), {"fields": PARAMETERS}),
    ]
    edit_fieldsets = [(_("Which rules"), {"fields": WRITTEN}), (_("What they say"), {"fields": PARAMETERS})]

    def values(self, form: RecordForm, row_id: int | None) -> dict[str, Any]:
        given = form.values()
        return {"parameters": {name: given.pop(name) for name in PARAMETERS}, **given}

    def initial(self, row: RuleSet) -> dict[str, Any]:
        return dict(row.parameters)

    def steps(self, row: RuleSet, actor: Actor) -> Steps:
        if row.valid_to != FOREVER or not actor.may(Right.RULES_MANAGE, row):
            return []
        ask = (("valid_to", _("First day on which it no longer holds (day/month/year)"), "line"),)
        return [Step(_("End the rule set"), f"{self.route_base}/{row.id}/end", ask=ask)]

    @expose("/<int:pk>/end", methods=["POST"])
    @has_access
    def end(self, pk: int) -> Answer:
        day = read_day(request.form.get("valid_to", ""))
        if day is None:
            flash(str(NOT_A_DATE), "danger")
        else:
            rule_sets.end_rule_set(current_actor(), pk, day, now=now())
            flash(gettext("Saved."), "success")
        return redirect(self.show_url(pk))


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(RuleSetRecords, "RuleSetRecords", label=_("Rule sets"), category=MEETINGS,
                        category_label=_("Preparing meetings"))  # fmt: skip
