"""The jobs monitor, for the administrator: what waits, what runs and how far it is, what failed and why."""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, flash, get_template_attribute, redirect, request
from flask_appbuilder import AppBuilder, expose, has_access
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.widgets import ListWidget
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _
from markupsafe import Markup, escape

from app.models import Job, JobState
from app.views.actor import current_actor, now
from app.views.addresses import same_site_referrer
from app.views.durations import span
from app.views.progress_words import fraction
from app.views.record_rows import PAGE_SIZES, RecordInterface, read_conditions, whole
from app.views.record_words import NOTHING
from app.views.records import Answer, RecordView, Step, Steps, may
from app.views.records_accounts import ADMINISTRATION
from app.views.records_deliveries import masked
from app.views.records_jobs_load import UNDONE, monitor, nothing_asked
from app.views.records_jobs_words import job_word, why_word
from app.workflows import jobs
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.rules.calendar import HANOI

BLANK = Markup('<span class="job-blank">–</span>')  # a phone leaves it out
STEPS = {  # move → words, address, sign, question
    "retry": (_("Run again"), "retry", "undo", ""),
    "cancel": (_("Call off"), "cancel", "times", _("Call this work off? It will not be done.")),
    "stop": (_("Stop"), "cancel", "times", _("Stop this work? What is done so far stays done.")),
}  # fmt: skip
LOOKS = {"retry": "primary"}


@dataclass(frozen=True)
class Chosen:
    """An act on all chosen rows; the names are those by which the framework's templates ask."""

    name: str  # of the permission
    text: Any
    icon: str
    url: str
    confirmation: Any = ""
    multiple: bool = True


CHOSEN = {
    "retry": Chosen("can_retry", _("Run again"), "fa-undo", "/records/jobs/retry"),
    "cancel": Chosen("can_cancel", _("Call off or stop"), "fa-times", "/records/jobs/cancel",
                     _("Call off what waits and stop what runs? What is done so far stays done.")),
}  # fmt: skip


class Jobs(RecordInterface):
    """Jobs with how far they are and how long it took."""

    def rows_of(self, query: Any) -> list[Any]:
        rows = super().rows_of(query)
        for row in rows:
            row.progress = row if row.progress_total else None
            row.lasted = row
            row.why = why_word(row.name, row.last_error)
        return rows


class Undone(BaseFilter):
    """What waits, runs or failed: unless somebody asks, what is done does not stand in its way."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(Job.state.in_(UNDONE))


class JobList(ListWidget):
    """The list with boxes to choose rows and the acts on all that are chosen."""

    template = "records/jobs_list.html"


def progress(job: Job | None) -> Any:
    """A bar while the job runs, afterwards how far it came."""
    if job is None:
        return BLANK
    told = fraction(job.progress_done, job.progress_total)
    if job.state is not JobState.RUNNING:
        return told
    bar, label = get_template_attribute("ec/progress.html", "progress_bar"), _("Progress: %(work)s")
    return bar(job.progress_done, job.progress_total, told, label % {"work": job_word(job.name)}, job.id)


def first_line(said: str) -> Any:
    """What went wrong, as far as a list has room; addresses of people are made unrecognisable."""
    return Markup('<span class="job-error">{}</span>').format(masked(said).partition("\n")[0]) if said else ""


def in_full(said: str) -> Any:
    return Markup('<pre class="job-error">{}</pre>').format(masked(said)) if said else NOTHING


def machine(name: str) -> Any:
    """Process and host of "host:process:thread" in words; the thread shows when one points at it."""
    if not name:
        return BLANK
    return Markup('<span class="job-worker">{}</span>').format(_process(name))


def in_words(name: str) -> Any:
    return Markup('{}<br><code class="job-worker">{}</code>').format(_process(name), name) if name else NOTHING


def _process(name: str) -> Any:
    host, process, *_thread = f"{name}:".split(":")
    machine_name = Markup('<code title="{}">{}</code>').format(name, host)
    return escape(gettext("process %(process)s on %(host)s")) % {"process": process, "host": machine_name}


def lasted(job: Job) -> Any:
    """From when it was due until it was done, or until now; nothing before it is due or when it was called off."""
    until = now() if job.state in (JobState.DUE, JobState.RUNNING) else job.done_at
    if until is None or until <= job.due_at or job.state is JobState.CANCELLED:
        return BLANK
    return span((until - job.due_at).total_seconds(), exact=True)


def to_the_second(at: dt.datetime | None) -> Any:
    return f"{at.astimezone(HANOI):%H:%M:%S %d/%m/%Y}" if at else NOTHING


class JobRecords(RecordView):
    """The outbox; what a job carries is not shown, for it may speak of meetings."""

    route_base = "/records/jobs"
    datamodel = Jobs(Job)
    list_template, show_template, list_widget = "records/jobs.html", "records/job.html", JobList
    list_title, show_title = _("Background work"), _("Background work")
    list_columns = ["name", "queue", "state", "progress", "attempts", "due_at", "lasted", "worker"]
    show_columns = ["id", "queue", "state", "progress", "created_at", "due_at", "handed_at", "lease_until", "done_at",
                    "lasted", "attempts", "worker", "cancel_asked", "why"]  # fmt: skip
    search_columns = ["state", "queue", "last_error", "created_at", "due_at"]
    searched = ("last_error", "created_at", "due_at")  # the others have chips
    order_columns = ["name", "queue", "state", "created_at", "due_at", "attempts"]
    chips = ("state",)
    title_column = "name"
    words = {
        "name": job_word, "progress": progress, "why": in_full, "worker": machine, "lasted": lasted,
        **dict.fromkeys(("created_at", "due_at", "handed_at", "lease_until", "done_at"), to_the_second),
    }  # fmt: skip
    label_columns = {
        "id": _("Number"), "name": _("Work"), "queue": _("Queue"), "state": _("State"), "created_at": _("Created at"),
        "due_at": _("Due at"), "handed_at": _("Handed over at"), "lease_until": _("Held until"), "attempts": _("Tries"),
        "lasted": _("Took"), "progress": _("Progress"), "worker": _("Worker"), "done_at": _("Done at"),
        "cancel_asked": _("Asked to stop"), "last_error": _("Last error"),
        "why": _("Last error"),
    }  # fmt: skip
    method_permission_name = {
        "retry": "retry", "retry_chosen": "retry", "cancel": "cancel", "cancel_chosen": "cancel",
    }  # fmt: skip

    @expose("/")
    @has_access
    def list(self) -> Answer:
        filters = read_conditions(request.args, self.datamodel.get_filters(self.search_columns))
        if nothing_asked(request.args):
            filters.add_filter("state", Undone, "")
        widgets = self._rows(filters)
        widgets["search"] = self.search_widget(
            route_base=self.route_base, form=self.search_form.refresh(), include_cols=self.searched, exclude_cols=[],
            filters=filters,
        )  # fmt: skip
        self.update_redirect()
        return self.page(self.list_template, self.list_title, widgets, **monitor(current_actor(), request.args, now()))

    def title_of(self, row: Job) -> Any:
        return job_word(row.name)

    def steps(self, row: Job, actor: Actor) -> Steps:
        if row.state is JobState.RUNNING and row.cancel_asked:
            return []  # it stops at its next report
        return [
            Step(label, f"{self.route_base}/{row.id}/{path}", look=LOOKS.get(move, "default"), icon=icon, confirm=sure)
            for move, (label, path, icon, sure) in STEPS.items()
            if may(actor, row, jobs.LIFECYCLE, move)
        ]

    @expose("/<int:pk>/retry", methods=["POST"])
    @has_access
    def retry(self, pk: int) -> Answer:
        jobs.retry_job(current_actor(), pk, now=now())
        flash(gettext("The work begins anew."), "success")
        return redirect(self.show_url(pk), 303)

    @expose("/<int:pk>/cancel", methods=["POST"])
    @has_access
    def cancel(self, pk: int) -> Answer:
        flash(_ended(jobs.cancel_job(current_actor(), pk, now=now())), "success")
        return redirect(self.show_url(pk), 303)

    @expose("/retry", methods=["POST"])
    @has_access
    def retry_chosen(self) -> Answer:
        done = _to_each(jobs.retry_job)
        if done:
            flash(ngettext("%(num)s job begins anew.", "%(num)s jobs begin anew.", done), "success")
        return redirect(same_site_referrer(), 303)

    @expose("/cancel", methods=["POST"])
    @has_access
    def cancel_chosen(self) -> Answer:
        done = _to_each(jobs.cancel_job)
        if done:
            flash(ngettext("%(num)s job is ended.", "%(num)s jobs are ended.", done), "success")
        return redirect(same_site_referrer(), 303)

    def _get_list_widget(self, filters: Any, **asked: Any) -> dict[str, Any]:
        if nothing_asked(request.args) and not asked["order_column"]:  # what runs, what failed, what waits
            asked |= {"order_column": "state", "order_direction": "desc"}
        widgets = super()._get_list_widget(filters, **asked)
        widgets["list"].template_args["actions"] = CHOSEN
        if nothing_asked(request.args):
            widgets["list"].template_args["nothing_left"] = gettext("All work is done")
        return widgets

    def _cells(self, row: Job) -> dict[str, Any]:
        """The first line of what went wrong stands below the name of the work."""
        cells = super()._cells(row)
        cells["name"] += first_line(row.why)
        return cells

    def _facts(self, row: Any) -> Any:
        facts = super()._facts(row)
        facts.template_args["formatters_columns"] = self.formatters_columns | {"worker": in_words}
        return facts


def _ended(job: Job) -> str:
    if job.state is JobState.RUNNING:
        return gettext("The work was asked to stop; it does so at its next step.")
    return gettext("The work is called off.")


def _to_each(act: Callable[..., Job]) -> int:
    """Do it to every chosen job; how many took it. What the others said is shown, each sentence once."""
    chosen = [pk for text in request.form.getlist("rowid")[: PAGE_SIZES[-1]] if (pk := whole(text))]
    done, refused = 0, Counter[str]()
    for pk in dict.fromkeys(chosen):
        try:
            act(current_actor(), pk, now=now())
            done += 1
        except WorkflowError as refusal:
            refused[str(refusal)] += 1
    if not chosen:
        flash(gettext("Choose at least one row first."), "warning")
    for sentence, count in refused.items():
        flash(gettext("Left as they are: %(n)s. %(reason)s", n=count, reason=sentence), "danger")
    return done


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(JobRecords, "JobRecords", label=_("Background work"), category=ADMINISTRATION,
                        category_label=_("Administration"))  # fmt: skip
