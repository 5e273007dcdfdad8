"""The jobs monitor, for the administrator: what waits, what runs and how far it is, what failed and why."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, flash, get_template_attribute, redirect, request
from flask_appbuilder import AppBuilder, expose, has_access
from flask_appbuilder.widgets import ListWidget
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _
from markupsafe import Markup

from app.models import Job, JobState
from app.views.actor import current_actor, now
from app.views.addresses import same_site_referrer
from app.views.progress_words import fraction
from app.views.record_rows import PAGE_SIZES, RecordInterface, read_conditions, whole
from app.views.record_words import NOTHING
from app.views.records import Answer, RecordView, Step, Steps, may
from app.views.records_accounts import ADMINISTRATION
from app.views.records_deliveries import masked
from app.views.records_jobs_load import monitor
from app.views.records_jobs_words import job_word
from app.workflows import jobs
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import Actor

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
    """Jobs with how far they are."""

    def rows_of(self, query: Any) -> list[Any]:
        rows = super().rows_of(query)
        for row in rows:
            row.progress = row if row.progress_total else None
        return rows


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
    """Host and process of "host:process:thread"; the thread shows when one points at it."""
    if not name:
        return BLANK
    return Markup('<code class="job-worker" title="{}">{}</code>').format(name, ":".join(name.split(":")[:2]))


def in_words(name: str) -> Any:
    return Markup('<code class="job-worker">{}</code>').format(name) if name else NOTHING


class JobRecords(RecordView):
    """The outbox; what a job carries is not shown, for it may speak of meetings."""

    route_base = "/records/jobs"
    datamodel = Jobs(Job)
    list_template, show_template, list_widget = "records/jobs.html", "records/job.html", JobList
    list_title, show_title = _("Background work"), _("Background work")
    list_columns = ["name", "queue", "state", "progress", "attempts", "created_at", "due_at", "worker"]
    show_columns = ["id", "name", "queue", "state", "progress", "created_at", "due_at", "handed_at", "lease_until",
                    "attempts", "worker", "done_at", "cancel_asked", "last_error"]  # fmt: skip
    search_columns = ["state", "queue", "last_error", "created_at", "due_at"]
    searched = ("last_error", "created_at", "due_at")  # the others have chips
    order_columns = ["name", "queue", "state", "created_at", "due_at", "attempts"]
    chips = ("state",)
    title_column = "name"
    words = {"name": job_word, "progress": progress, "last_error": in_full, "worker": machine}
    label_columns = {
        "id": _("Number"), "name": _("Work"), "queue": _("Queue"), "state": _("State"), "created_at": _("Created at"),
        "due_at": _("Due at"), "handed_at": _("Handed over at"), "lease_until": _("Held until"), "attempts": _("Tries"),
        "progress": _("Progress"), "worker": _("Worker"), "done_at": _("Done at"),
        "cancel_asked": _("Asked to stop"), "last_error": _("Last error"),
    }  # fmt: skip
    method_permission_name = {
        "retry": "retry", "retry_chosen": "retry", "cancel": "cancel", "cancel_chosen": "cancel",
    }  # fmt: skip

    @expose("/")
    @has_access
    def list(self) -> Answer:
        filters = read_conditions(request.args, self.datamodel.get_filters(self.search_columns))
        widgets = self._rows(filters)
        widgets["search"] = self.search_widget(
            route_base=self.route_base, form=self.search_form.refresh(), include_cols=self.searched, exclude_cols=[],
            filters=filters,
        )  # fmt: skip
        self.update_redirect()
        return self.page(self.list_template, self.list_title, widgets, **monitor(current_actor(), request.args, now()))

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
        widgets = super()._get_list_widget(filters, **asked)
        widgets["list"].template_args["actions"] = CHOSEN
        return widgets

    def _cells(self, row: Job) -> dict[str, Any]:
        """The first line of what went wrong stands below the name of the work."""
        cells = super()._cells(row)
        cells["name"] += first_line(row.last_error)
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
