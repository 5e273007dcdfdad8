"""The auditor's page of the log: what it holds, how it was last checked, and a check at once."""

import datetime as dt
from typing import Any

from flask import Flask, flash, redirect, render_template, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.models import AuditEntry, Checkpoint, Job
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.marks import code_path, mark_facts, witness_facts
from app.workflows import chain, checks, installation_log, witnessing
from app.workflows.engine.words import word
from app.workflows.log_checks import WHY


class ChainView(BaseView):
    """Who reads it is judged by app/workflows/chain.py."""

    route_base = "/chain"
    default_view = "page"

    @expose("/")
    @signed_in
    def page(self) -> str:
        return render_template("ec/chain.html", **_context(chain.overview(current_actor())))

    @expose("/check", methods=["POST"])
    @signed_in
    def check(self) -> Response:
        actor = current_actor()
        if checks.ask(actor, chain.audited_body(actor), now()):
            flash(_("The check has begun. Its result appears here; you may leave the page."), "info")
        else:
            flash(_("A check is under way already."), "warning")
        return redirect(url_for("ChainView.page"), 303)


def _context(seen: chain.Overview) -> dict[str, Any]:
    newest = seen.checkpoints[0] if seen.checkpoints else None
    return {
        "head": {"size": seen.head.size, "root": seen.head.root.hex(), "waiting": seen.waiting}, "key": seen.key,
        "newest": newest and _newest(newest),
        "checkpoints": [_row(each) for each in seen.checkpoints],
        "last": seen.last and _found(seen.last), "running": seen.running and _progress(seen.running),
    }  # fmt: skip


def _newest(checkpoint: Checkpoint) -> dict[str, Any]:
    mark = installation_log.mark(checkpoint)
    return {**(mark_facts(mark) or {}), "qr": code_path(mark.text)}


def _row(checkpoint: Checkpoint) -> dict[str, Any]:
    mark = installation_log.mark(checkpoint)
    return {
        "code": mark.code, "size": mark.size, "at": mark.at, "reason": word(checkpoint.reason),
        "witnesses": witness_facts(witnessing.confirmations(checkpoint)),
    }  # fmt: skip


def _found(entry: AuditEntry) -> dict[str, Any]:
    """What the last check found; rows of an earlier version of the check have their names alone."""
    told = entry.payload
    return {
        "at": entry.at, "whole": not told.get("broken"), "polls": told["polls"], "entries": told["entries"],
        "broken": [_broken(row) for row in told.get("rows", [])] or [{"name": name} for name in told.get("broken", [])],
    }  # fmt: skip


def _broken(row: dict[str, Any]) -> dict[str, Any]:
    at = dt.datetime.fromisoformat(row["at"]) if row["at"] else None
    return {"name": f"{row['table']} {row['id']}", "at": at, "said": WHY.get(row["code"], row["code"])}


def _progress(job: Job) -> dict[str, int]:
    return {"done": job.progress_done, "total": job.progress_total}


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(ChainView)
