"""The clerk's text of a Resolution: a form with its comparison, check list and print, saved as a new version."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

from flask import Flask, Response, flash, make_response, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.gateways import paper
from app.models import Appointment, Resolution, ResolutionState, ResolutionVersion, Urgency
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.parsing import form_code, form_id, form_text
from app.views.protection import KEPT_BY_THE_READER
from app.views.resolution_changes import comparison
from app.views.resolution_list import title_of
from app.views.resolution_page import head, read
from app.views.text_forms import TypedText, checks, of_text, typed_text
from app.workflows import resolutions
from app.workflows.engine.errors import NotFound, WorkflowError, WrongState
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import end_reading
from app.workflows.engine.visibility import visible
from app.workflows.engine.words import word
from app.workflows.resolution_sources import formula_of
from app.workflows.resolutions import SIGNERS, Form
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.resolution import parse_text

WIDTH = 900  # pixels of a printed page on the screen
MOST_REPLACED = 200  # promulgated Resolutions that are offered to be replaced, the latest first
LONGEST_REASON = 16_000  # of the request; the act judges the text itself
CLASH = 409


class ResolutionTextView(BaseView):
    """Rights and states are judged by app.workflows.resolutions; nothing that was typed is ever lost."""

    route_base = "/resolutions"
    default_view = "edit"

    @expose("/<int:resolution_id>/edit", methods=["GET"])
    @signed_in
    def edit(self, resolution_id: int) -> str:
        resolution = _open(current_actor(), resolution_id)
        latest = resolution.versions[-1]
        return _page(resolution, of_text(parse_text(latest.text)), latest.reason, _form_of(resolution))

    @expose("/<int:resolution_id>/edit", methods=["POST"])
    @signed_in
    def save(self, resolution_id: int) -> Any:
        actor = current_actor()
        resolution = _open(actor, resolution_id)
        typed, reason, form = _typed(resolution), form_text("reason", LONGEST_REASON), _sent_form()
        seen, number = form_id("version") or 0, len(resolution.versions)
        if typed.text is None:
            return _page(resolution, typed, reason, form, version=seen), 422
        if seen != number:
            problem = _("Version %(n)s was saved meanwhile. Read it first; saving again puts yours above it.", n=number)
            return _page(resolution, typed, reason, form, problem=problem), CLASH
        try:
            saved = resolutions.edit_resolution(actor, resolution_id, typed.text, reason, now(), form)
        except NotFound:
            raise
        except WorkflowError as refusal:
            again, at = _open(actor, resolution_id), refusal.field or ""
            return _page(again, typed, reason, form, problem=str(refusal), at=at), refusal.http_status
        flash(_("Version %(n)s is saved.", n=len(saved.versions)), "success")
        return redirect(url_for("ResolutionTextView.edit", resolution_id=resolution_id), 303)

    @expose("/<int:resolution_id>/edit/check", methods=["POST"])
    @signed_in
    def check(self, resolution_id: int) -> str:
        """The same page with what was typed, judged and not saved; the script takes the parts that it needs."""
        resolution = _open(current_actor(), resolution_id)
        seen = form_id("version") or 0
        return _page(resolution, _typed(resolution), form_text("reason", LONGEST_REASON), _sent_form(), version=seen)

    @expose("/<int:resolution_id>/edit/pages/<int:page>.png")
    @signed_in
    def page_image(self, resolution_id: int, page: int) -> Response:
        """A page of the version that was saved last, printed as a draft."""
        resolution = _open(current_actor(), resolution_id)
        version, sheet = resolution.versions[-1], _draft_sheet(resolution)
        end_reading()
        return picture_of(_printed(version.text, sheet), page)


def picture_of(pdf: bytes, page: int) -> Response:
    """A page of a print of ours as PNG; 404 for one that is not there. The browser may keep it, and asks each time."""
    answer = make_response()
    answer.set_etag(f"{digest(pdf)[:32]}-{page}")
    answer.make_conditional(request.environ)
    if answer.status_code != 304:  # noqa: PLR2004
        try:
            answer.data = _drawn(pdf, page)
        except IndexError:
            answer.status_code = 404
            return answer
    answer.mimetype = "image/png"
    answer.headers["Cache-Control"] = KEPT_BY_THE_READER
    return answer


@lru_cache(maxsize=8)
def _printed(text: bytes, sheet: paper.ResolutionSheet) -> bytes:
    """The draft as PDF; the same bytes for the same text and sheet."""
    return paper.resolution(parse_text(text), sheet)


@lru_cache(maxsize=24)
def _drawn(pdf: bytes, page: int) -> bytes:
    return paper.page_image(pdf, page, WIDTH)


def _open(actor: Actor, resolution_id: int) -> Resolution:
    """The Resolution while its text can be changed by this person."""
    resolution = read(actor, resolution_id)
    actor.require(Right.RESOLUTION_DRAFT, resolution)
    if resolution.state is not ResolutionState.DRAFTING:
        raise WrongState(resolution, move="edit", state=word(resolution.state))
    return resolution


def _typed(resolution: Resolution) -> TypedText:
    return typed_text(resolution.body.name, resolution.slip_id is not None)


def _form_of(resolution: Resolution) -> Form:
    return Form(
        resolution.signer_id, resolution.urgency, resolution.normative, resolution.public, resolution.replaces_id
    )  # fmt: skip


def _sent_form() -> Form:
    return Form(
        signer_id=form_id("signer_id"), urgency=form_code("urgency", Urgency), normative="normative" in request.form,
        public="public" in request.form, replaces_id=form_id("replaces_id"),
    )  # fmt: skip


def _page(
    resolution: Resolution, typed: TypedText, reason: str, form: Form, version: int | None = None, problem: str = "",
    at: str = "",
) -> str:  # fmt: skip
    saved = resolution.versions[-1]
    return render_template(
        "ec/resolution_edit.html", resolution=head(resolution), fields=typed.fields, reason=reason, form=form,
        problem=problem, problem_at=at, version=len(resolution.versions) if version is None else version,
        formula=formula_of(resolution), saved=_saved(saved), judged=_judged(resolution, typed, reason),
        signers=_signers(resolution), urgencies=[(code, word(code)) for code in Urgency],
        replaceable=_replaceable(resolution), pages=_pages(resolution),
        urls={
            "save": url_for("ResolutionTextView.save", resolution_id=resolution.id),
            "check": url_for("ResolutionTextView.check", resolution_id=resolution.id),
            "record": url_for("ResolutionView.record", resolution_id=resolution.id),
        },
    )  # fmt: skip


def _saved(version: ResolutionVersion) -> dict[str, Any]:
    return {"number": version.number, "at": version.at, "author": version.author.full_name if version.author else ""}


def _judged(resolution: Resolution, typed: TypedText, reason: str) -> dict[str, Any] | None:
    """The typed text held against the voted one and against the check list; None while it cannot be read."""
    if typed.text is None:
        return None
    unsaved = ResolutionVersion(text=canonical(typed.text), reason=reason.strip(), at=resolution.versions[-1].at)
    return {
        "compared": comparison(resolution, unsaved),
        "checks": checks(resolutions.findings_of(resolution, unsaved), typed.text),
    }


def _signers(resolution: Resolution) -> list[dict[str, Any]]:
    """Who may sign today; and whoever was chosen, although the post has ended."""
    held = select(Appointment).where(Appointment.body_id == resolution.body_id, Appointment.office.in_(SIGNERS))
    held = held.where(Appointment.in_force(hanoi_date(now()))).order_by(Appointment.rank)
    posts = db.session.scalars(held.options(joinedload(Appointment.person)))
    found = [{"id": post.person_id, "label": f"{post.post} {post.person.full_name}"} for post in posts]
    if resolution.signer_id not in {one["id"] for one in found}:
        name = f"{resolution.signer_post} {resolution.signer.full_name}"
        found.append({"id": resolution.signer_id, "label": _("%(name)s (no longer in office)", name=name)})
    return found


def _replaceable(resolution: Resolution) -> list[dict[str, Any]]:
    """Promulgated Resolutions of the body that nothing replaces yet, and the one that was chosen."""
    others = (Resolution.state != ResolutionState.ABANDONED, Resolution.id != resolution.id)
    taken = select(Resolution.replaces_id).where(Resolution.replaces_id.is_not(None), *others)
    rows = select(Resolution).where(
        Resolution.body_id == resolution.body_id, Resolution.state == ResolutionState.PROMULGATED,
        Resolution.id.not_in(taken), visible(current_actor(), Resolution),
    )  # fmt: skip
    rows = rows.options(joinedload(Resolution.number))
    rows = rows.order_by(Resolution.promulgated_at.desc()).limit(MOST_REPLACED)
    return [
        {"id": one.id, "label": f"{title_of(one, one.number.text if one.number else '')}: {one.subject}"}
        for one in db.session.scalars(rows)
    ]


def _draft_sheet(resolution: Resolution) -> paper.ResolutionSheet:
    """As it will be presented, marked as a draft; its time is that of the version, so that it prints the same again."""
    version = resolution.versions[-1]
    return replace(resolutions.sheet_of(resolution, version, version.at), draft=True, qr="")


def _pages(resolution: Resolution) -> list[str]:
    version = resolution.versions[-1]
    count = paper.page_count(_printed(version.text, _draft_sheet(resolution)))
    mark, image = f"{version.number}-{version.sha256[:8]}", "ResolutionTextView.page_image"
    return [url_for(image, resolution_id=resolution.id, page=page, v=mark) for page in range(1, count + 1)]


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(ResolutionTextView)
