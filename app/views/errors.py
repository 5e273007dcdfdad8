"""How refusals reach people: a page or a JSON answer, one sentence in their language, the right status."""

import dataclasses
import logging
from typing import Any

from flask import Flask, current_app, flash, g, jsonify, redirect, render_template, request
from flask_appbuilder import AppBuilder
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf.csrf import CSRFError
from gunicorn.http.errors import ParseException
from sqlalchemy.exc import DataError, IntegrityError, NoResultFound
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError

from app import logs
from app.gateways.storage import StorageError
from app.views.actor import now
from app.views.addresses import same_site_referrer
from app.views.guards import wants_json
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.transaction import end_reading, plain

__all__ = ["problem", "refused", "register", "same_site_referrer"]

log = logging.getLogger(__name__)

SAID = {
    400: lazy_gettext("The request could not be understood. Nothing was changed."),
    401: lazy_gettext("Please sign in."),
    403: lazy_gettext("You are not allowed to do this."),
    404: lazy_gettext("This does not exist, or it is not open to you."),
    405: lazy_gettext("This address does not take such a request. Nothing was changed."),
    409: lazy_gettext("Somebody else was faster, or this does not fit what is stored. Nothing was changed."),
    413: lazy_gettext("The request is too large. Nothing was changed."),
    415: lazy_gettext("The request has a form that is not understood here. Nothing was changed."),
    429: lazy_gettext("Too many requests. Please wait a little."),
    500: lazy_gettext("The system met an error. The duty desk has been told."),
}
PAGES = frozenset({403, 404, 409, 413, 429})
CODES = {400: "bad_request", 401: "not_signed_in", 403: "not_allowed", 404: "not_found", 405: "bad_method",
         409: "conflict", 413: "too_large", 415: "bad_media", 429: "too_many", 500: "failure"}  # fmt: skip


def register(app: Flask, _appbuilder: AppBuilder) -> None:
    """Bind the renderers; FAB's own pages use them too."""
    app.register_error_handler(WorkflowError, refused)
    app.register_error_handler(StorageError, unstored)
    app.register_error_handler(HTTPException, failed)
    app.register_error_handler(CSRFError, outdated)
    app.register_error_handler(SecurityError, foreign_host)
    app.register_error_handler(InternalServerError, broken)
    app.register_error_handler(ParseException, unreadable)
    for error, status in ((NoResultFound, 404), (IntegrityError, 409), (StaleDataError, 409), (DataError, 400),
                          (OverflowError, 400), (RecursionError, 400)):  # fmt: skip
        app.register_error_handler(error, _of_the_database(status))


def refused(error: WorkflowError) -> Any:
    """A refusal of an act: JSON for scripts, back to the form with the sentence for people."""
    if wants_json():
        return jsonify(problem(error)), error.http_status
    if request.method == "POST":
        flash(str(error), "danger")
        return redirect(same_site_referrer(), 303)
    return page(error.http_status, str(error))


def unstored(error: StorageError) -> Any:
    """A page or file for which the document store was asked in vain; the store has told the log why."""
    return answer(error.http_status, str(error), error.code)


def failed(error: HTTPException) -> Any:
    """What the framework refuses: unknown addresses, odd methods, large bodies."""
    if error.response is not None or error.code is None or error.code < 400:  # noqa: PLR2004
        return error
    why = _closed() if error.code == 403 else ""  # noqa: PLR2004
    return answer(error.code, why, headers=[(name, value) for name, value in error.get_headers() if name == "Allow"])


def _closed() -> str:
    """Why the screen at this address is closed to whoever asks; empty where it does not say so itself."""
    view = current_app.view_functions.get(request.endpoint or "")
    return str(getattr(getattr(view, "__self__", None), "closed", ""))


def outdated(_error: CSRFError) -> Any:
    """A form without the token of this session: mostly a page that was left open since the last sign-in."""
    return answer(400, _("This page is out of date. Please load it again and repeat what you did."), code="csrf")


def foreign_host(_error: SecurityError) -> Any:
    """Somebody asks for another host than ours; no page is drawn, since every link on it would lead there."""
    return str(_("This address is not served here.")), 400, {"Content-Type": "text/plain; charset=utf-8"}


def unreadable(_error: ParseException) -> Any:
    """A body whose pieces do not say where they end; the line is closed by the server."""
    return answer(400)


def broken(error: InternalServerError) -> Any:
    """Our own fault: a number for the duty desk, the cause in the log only."""
    number, g.failed = logs.request_id(), True
    log.error("request %s failed: %s %s", number, logs.method(), logs.route(), exc_info=error.original_exception)
    if wants_json():
        return jsonify(code=CODES[500], message=str(SAID[500]), field=None, details={"request_id": number}), 500
    return render_template("ec/500.html", request_id=number), 500


def answer(status: int, message: str = "", code: str = "", headers: Any = ()) -> Any:
    """A status as JSON for scripts or as a page for people, with one sentence."""
    message = message or str(SAID.get(status, SAID[400]))
    if not wants_json():
        return *page(status, message), list(headers)
    body: dict[str, Any] = {
        "code": code or CODES.get(status, "refused"),
        "message": message,
        "field": None,
        "details": {},
    }
    return jsonify(body), status, list(headers)


def page(status: int, reason: str) -> tuple[str, int]:
    """The page of a status; those without a template of their own share one."""
    name = f"ec/{status if status in PAGES else 400}.html"
    shown = {"reason": reason, "code": status, "at": now(), "back_url": same_site_referrer()}
    return render_template(name, **shown), status


def problem(error: WorkflowError) -> dict[str, Any]:
    """The JSON of a refusal: stable code, sentence, field of the form, details."""
    details = {key: _safe(value) for key, value in error.details.items()}
    return {"code": error.code, "message": str(error), "field": error.field, "details": details}


def _of_the_database(status: int) -> Any:
    def handler(error: Exception) -> Any:
        end_reading()  # the refused statement left its transaction unusable, and the page wants to read
        log.warning("%s %s: %s", logs.method(), logs.route(), logs.said(error))
        return answer(status)

    return handler


def _safe(value: Any) -> Any:
    found = plain(dataclasses.asdict(value) if dataclasses.is_dataclass(value) else value)  # type: ignore[arg-type]
    return found if isinstance(found, str | int | bool | list | dict | None) else str(found)
