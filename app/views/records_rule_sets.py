"""Record screens of the rule sets, for meetings and for slips: entered, corrected while unused, ended or copied."""

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from flask import Flask, flash, redirect, request, url_for
from flask_appbuilder import AppBuilder, expose, has_access
from flask_appbuilder.models.filters import BaseFilter
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import StringField

from app.models import FOREVER, Procedure, RuleSet
from app.views.actor import current_actor, now
from app.views.record_fields import NOT_A_DATE, BodyField, Box, ChoiceField, TickField, WholeField, needed
from app.views.record_forms import RecordForm
from app.views.record_rows import RecordInterface, read_day, whole
from app.views.record_words import NOTHING
from app.views.records import Answer, RecordView, Step, Steps
from app.views.records_attendance import MEETINGS
from app.workflows import rule_sets
from app.workflows.engine.rights import Actor, Right

TIES = [("head", _("The head of the body decides")), ("fails", _("The question is not adopted"))]
SILENCES = [("agree", _("Counts as agreement (deemed agreement)")), ("nothing", _("Does not count"))]
WRITTEN = ["code", "name", "valid_from", "valid_to", "legal_source", "confirmed"]
LABELS = {
    "body_id": _("Body"), "code": _("Code"), "name": _("Name"), "valid_from": _("From"),
    "valid_to": _("Until (first day after)"), "legal_source": _("Legal source"),
    "confirmed": _("Wording checked at the source"), "used_at": _("First used"),
}  # fmt: skip
MEETING_WORDS = {
    "quorum_numerator": _("Quorum: at least (numerator)"),
    "quorum_denominator": _("Quorum: of (denominator)"),
    "majority_numerator": _("Majority: more than (numerator)"),
    "majority_denominator": _("Majority: of all members (denominator)"),
    "papers_working_days": _("Working days between papers and meeting"),
    "tie": _("When the votes are equal"),
    "remote_counts_as_present": _("Remote members count as present"),
    "vote_change_allowed": _("A vote may be changed until the close"),
}
SLIP_WORDS = {
    "min_working_days": _("Time to answer: at least (working days)"),
    "max_working_days": _("Time to answer: at most (working days)"),
    "ends_at": _("The last day ends at (Hanoi time)"),
    "silence": _("No answer until the deadline"),
    "majority_numerator": MEETING_WORDS["majority_numerator"],
    "majority_denominator": MEETING_WORDS["majority_denominator"],
    "tie": _("When as many agree as disagree"),
    "answer_change_allowed": _("An answer may be changed until the deadline"),
    "reminder_hours": _("Reminders before the deadline (hours)"),
    "most_per_day": _("Deadlines that one member should have on one day, at most"),
}
Fields = dict[str, Any]


def _whole(labels: dict[str, Any], **usual: int) -> Fields:
    return {name: WholeField(labels[name], [needed()], default=default) for name, default in usual.items()}


def _typed(labels: dict[str, Any], **usual: str) -> Fields:
    return {name: StringField(labels[name], default=default, widget=Box()) for name, default in usual.items()}


def _chosen(labels: dict[str, Any], **choices: list[tuple[str, Any]]) -> Fields:
    return {
        name: ChoiceField(labels[name], [needed()], choices=offered, default=offered[0][0])
        for name, offered in choices.items()
    }


def _switched(labels: dict[str, Any], *names: str) -> Fields:
    return {name: TickField(labels[name], default=True) for name in names}


MEETING_FIELDS = {
    **_whole(MEETING_WORDS, quorum_numerator=2, quorum_denominator=3, majority_numerator=1, majority_denominator=2,
             papers_working_days=5),
    **_chosen(MEETING_WORDS, tie=TIES), **_switched(MEETING_WORDS, "remote_counts_as_present", "vote_change_allowed"),
}  # fmt: skip
SLIP_FIELDS = {
    **_whole(SLIP_WORDS, min_working_days=2, max_working_days=5), **_typed(SLIP_WORDS, ends_at="17:00"),
    **_chosen(SLIP_WORDS, silence=SILENCES[::-1]), **_whole(SLIP_WORDS, majority_numerator=1, majority_denominator=2),
    **_chosen(SLIP_WORDS, tie=TIES), **_switched(SLIP_WORDS, "answer_change_allowed"),
    **_typed(SLIP_WORDS, reminder_hours="24, 4"), **_whole(SLIP_WORDS, most_per_day=3),
}  # fmt: skip


class Of(BaseFilter):
    """The rule sets of one procedure."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(RuleSet.procedure == value)


class _RuleSets(RecordView):
    """What both kinds of rule sets have in common."""

    procedure: ClassVar[Procedure]
    parameters: ClassVar[list[str]]
    acts = {"add": rule_sets.create_rule_set, "edit": rule_sets.edit_rule_set}
    list_columns = ["name", "code", "valid_from", "valid_to", "confirmed", "used_at"]
    search_columns = ["name", "code", "confirmed", "valid_from"]
    order_columns = ["name", "code", "valid_from", "valid_to", "used_at"]
    base_order = ("valid_from", "desc")
    title_column = "name"
    description_columns = {"valid_to": _("Leave it empty while there is no end.")}
    method_permission_name = {"end": "edit"}

    def values(self, form: RecordForm, row_id: int | None) -> dict[str, Any]:
        given = form.values()
        chosen = {name: given.pop(name) for name in self.parameters}
        return {"parameters": chosen, **given} | ({} if row_id else {"procedure": self.procedure})

    def given(self) -> dict[str, Any]:
        """A new rule set may begin as a copy of another one, but for its code and dates."""
        row_id = whole(request.args.get("copy_of", ""))
        if row_id is None:
            return super().given()
        row = self.row(row_id)
        copied = {name: getattr(row, name) for name in ("body_id", "name", "legal_source", "confirmed")}
        return {**copied, **self.initial(row)}

    def initial(self, row: RuleSet) -> dict[str, Any]:
        return dict(row.parameters)

    def steps(self, row: RuleSet, actor: Actor) -> Steps:
        if not actor.may(Right.RULES_MANAGE, row):
            return []
        steps = [Step(_("Copy into a new rule set"), url_for(f"{self.endpoint}.add", copy_of=row.id), href=True)]
        if row.valid_to == FOREVER:
            ask = (("valid_to", _("First day on which it no longer holds (day/month/year)"), "line"),)
            steps.append(Step(_("End the rule set"), f"{self.route_base}/{row.id}/end", ask=ask))
        return steps

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


def _shown(words: dict[str, Any]) -> list[str]:
    return ["name", "code", "valid_from", "valid_to", "legal_source", "confirmed", "used_at",
            *(f"parameters.{name}" for name in words)]  # fmt: skip


def _labelled(words: dict[str, Any]) -> dict[str, Any]:
    return {**LABELS, **words, **{f"parameters.{name}": label for name, label in words.items()}}


def _grouped(first: list[str], words: dict[str, Any]) -> list[Any]:
    return [(_("Which rules"), {"fields": first}), (_("What they say"), {"fields": list(words)})]


class RuleSetRecords(_RuleSets):
    """How a body decides in a meeting, as dated data."""

    route_base = "/records/rule-sets"
    datamodel = RecordInterface(RuleSet)
    procedure = Procedure.MEETING
    further_filters = [["procedure", Of, Procedure.MEETING]]
    list_title, show_title = _("Rule sets"), _("Rule set")
    add_title, edit_title = _("Enter a rule set"), _("Correct the rule set")
    parameters = list(MEETING_WORDS)
    show_columns, label_columns = _shown(MEETING_WORDS), _labelled(MEETING_WORDS)
    add_columns, edit_columns = ["body_id", *WRITTEN, *MEETING_WORDS], [*WRITTEN, *MEETING_WORDS]
    words = {"parameters.tie": lambda code: dict(TIES).get(code, code)}
    add_form_extra_fields = {"body_id": BodyField(_("Body")), **MEETING_FIELDS}
    edit_form_extra_fields = MEETING_FIELDS
    add_fieldsets = _grouped(["body_id", *WRITTEN], MEETING_WORDS)
    edit_fieldsets = _grouped(WRITTEN, MEETING_WORDS)


class SlipRuleSetRecords(_RuleSets):
    """How a body decides by opinion slip, as dated data."""

    route_base = "/records/slip-rule-sets"
    datamodel = RecordInterface(RuleSet)
    procedure = Procedure.SLIP
    further_filters = [["procedure", Of, Procedure.SLIP]]
    list_title, show_title = _("Rule sets for opinion slips"), _("Rule set for opinion slips")
    add_title, edit_title = _("Enter a rule set for opinion slips"), _("Correct the rule set for opinion slips")
    parameters = list(SLIP_WORDS)
    show_columns, label_columns = _shown(SLIP_WORDS), _labelled(SLIP_WORDS)
    add_columns, edit_columns = ["body_id", *WRITTEN, *SLIP_WORDS], [*WRITTEN, *SLIP_WORDS]
    words = {
        "parameters.tie": lambda code: dict(TIES).get(code, code),
        "parameters.silence": lambda code: dict(SILENCES).get(code, code),
        "parameters.reminder_hours": lambda hours: hours_said(hours or ()) or NOTHING,
    }
    add_form_extra_fields = {"body_id": BodyField(_("Body")), **SLIP_FIELDS}
    edit_form_extra_fields = SLIP_FIELDS
    add_fieldsets = _grouped(["body_id", *WRITTEN], SLIP_WORDS)
    edit_fieldsets = _grouped(WRITTEN, SLIP_WORDS)

    def values(self, form: RecordForm, row_id: int | None) -> dict[str, Any]:
        found = super().values(form, row_id)
        typed = found["parameters"]
        typed["reminder_hours"] = _hours(typed["reminder_hours"] or "")
        return found

    def initial(self, row: RuleSet) -> dict[str, Any]:
        return {**row.parameters, "reminder_hours": hours_said(row.parameters.get("reminder_hours", ()))}


def hours_said(hours: Iterable[int]) -> str:
    return ", ".join(map(str, hours))


def _hours(typed: str) -> list[int | None]:
    """What is no number stays in the list as None, and is refused with the others."""
    return [whole(part.strip()) for part in re.split(r"[,;]", typed)] if typed.strip() else []


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(RuleSetRecords, "RuleSetRecords", label=_("Rule sets"), category=MEETINGS,
                        category_label=_("Preparing meetings"))  # fmt: skip
    appbuilder.add_view(SlipRuleSetRecords, "SlipRuleSetRecords", label=_("Rule sets for opinion slips"),
                        category=MEETINGS)  # fmt: skip
