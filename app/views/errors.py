"""How refusals reach people: a page or a JSON answer, one sentence in their language, the right status."""

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, flash, jsonify, redirect, request
from flask_appbuilder import AppBuilder

from app.views.guards import wants_json
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.transaction import plain


def register(app: Flask, _appbuilder: AppBuilder) -> None:
    """Bind the renderers; FAB's own pages use them too."""
    app.register_error_handler(WorkflowError, refused)


def refused(error: WorkflowError) -> Any:
    """A refusal of an act: JSON for scripts, back to the form with the sentence for people."""
    if wants_json():
        return jsonify(problem(error)), error.http_status
    if request.method == "POST":
        flash(str(error), "danger")
        return redirect(same_site_referrer()), 303
    return str(error), error.http_status


def problem(error: WorkflowError) -> dict[str, Any]:
    """The JSON of a refusal: stable code, sentence, field of the form, details."""
    details = {key: _safe(value) for key, value in error.details.items()}
    return {"code": error.code, "message": str(error), "field": error.field, "details": details}


def same_site_referrer() -> str:
    """Where the form was; the home page when the browser does not say or says another site."""
    came_from = urlsplit(request.referrer or "")
    return (came_from.path or "/") if came_from.netloc == request.host else "/"


def _safe(value: Any) -> Any:
    found = plain(value)
    return found if isinstance(found, str | int | bool | list | dict | None) else str(found)
