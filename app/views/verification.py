"""The public page behind the code on a document (xác minh): no sign-in, no cookie; a file sent here is kept nowhere."""

import datetime as dt
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, current_app, make_response, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import force_locale
from flask_babel import gettext as _
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout
from werkzeug.wrappers import Response

from app.gateways import pades
from app.gateways.storage import StorageError
from app.views.actor import now
from app.views.receiving import LANDING, NoRoom
from app.views.sign_in import address
from app.views.verification_page import document_page, file_page, not_found, refused
from app.workflows import public_documents
from app.workflows.public_tries import TooManyTries, Try, charge, network_of

FILE = "file"
AT_ONCE = threading.BoundedSemaphore(4)  # files that are judged; a file takes its place when all of it is here
PATIENCE = 10  # seconds
EMPTY: dict[str, Any] = {"file_sha256": "", "token": "", "parts": [], "pages": []}
LANGUAGE = "vi"  # unless the address asks for another one
Shown = dict[str, Any]


def public(view: Callable[..., tuple[Shown, int]]) -> Callable[..., Response]:
    """Answer in the language of the address, on a page of its own kind, in every case."""

    @wraps(view)
    def shown(*args: Any, **kwargs: Any) -> Response:
        asked = request.args.get("lang", LANGUAGE)
        language = asked if asked in current_app.config["LANGUAGES"] else LANGUAGE
        with force_locale(language):
            try:
                context, status = view(*args, **kwargs)
            except TooManyTries as refusal:
                context, status = refused(_("Please wait a little"), str(refusal)), refusal.http_status
            except StorageError:
                text = _("The records cannot be read at the moment. Nothing follows from this about the document.")
                context, status = refused(_("It cannot be checked just now"), text), 503
            except NoRoom:
                context, status = _busy()
            except RequestTimeout:
                text = _("It took too long to arrive, and nothing was examined. Send it again over a faster line.")
                context, status = refused(_("The file did not arrive"), text), 408
            except RequestEntityTooLarge:
                context, status = refused(_("The file is too large"), _("At most 20 MB. It was not examined.")), 413
            return _page(context, status, language)

    return shown


class VerificationView(BaseView):
    """Everybody gets the same answers; app/workflows/public_tries.py counts guesses and files by network address."""

    route_base = "/xac-minh"
    default_view = "start"

    @expose("/", methods=["GET"])
    @public
    def start(self) -> tuple[Shown, int]:
        return {"band": None, "document": None}, 200

    @expose("/", methods=["POST"])
    @public
    def check(self) -> tuple[Shown, int]:
        return _checked(None)

    @expose("/<string:token>", methods=["GET"])
    @public
    def document(self, token: str) -> tuple[Shown, int]:
        """A right code is answered whatever others in the same network have guessed: no number of tries finds one."""
        found = public_documents.document_by_token(token)
        return (document_page(found, now()), 200) if found else _guessed()

    @expose("/<string:token>", methods=["POST"])
    @public
    def check_document(self, token: str) -> tuple[Shown, int]:
        return _checked(token) if public_documents.document_by_token(token) else _guessed()


def _guessed() -> tuple[Shown, int]:
    """A wrong code counts, whether or not anybody meant to guess."""
    charge(Try.GUESS, address(), now())
    return not_found(), 404


def _checked(token: str | None) -> tuple[Shown, int]:
    at = now()
    charge(Try.UPLOAD, address(), at)
    with LANDING.body(network_of(address())) as arrival:
        pdf = arrival.file(FILE)
        if not pdf:
            return refused(_("No file arrived"), _("Choose a PDF file that is not empty, then send it again.")), 422
        if len(pdf) > pades.Limits().size:
            raise RequestEntityTooLarge
        return _judged(pdf, token, at)


def _judged(pdf: bytes, token: str | None, at: dt.datetime) -> tuple[Shown, int]:
    if not AT_ONCE.acquire(timeout=PATIENCE):
        return _busy()
    try:
        return file_page(public_documents.check_file(pdf, token, at), at), 200
    finally:
        AT_ONCE.release()


def _busy() -> tuple[Shown, int]:
    return refused(_("Please wait a little"), _("Many files are being checked just now. Send yours again.")), 429


def _page(context: Shown, status: int, language: str) -> Response:
    others = {code: found["name"] for code, found in current_app.config["LANGUAGES"].items() if code != language}
    token = context.get("token") or ""
    here = url_for("VerificationView.document", token=token) if token else url_for("VerificationView.start")
    asked = "" if language == LANGUAGE else f"?lang={language}"
    page = render_template(
        "ec/verification.html", **EMPTY | context, language=language, action=here + asked,
        largest=pades.Limits().size,
        languages=[{"code": code, "name": name, "url": f"{here}?lang={code}"} for code, name in others.items()],
    )  # fmt: skip
    answer = make_response(page, status)
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(VerificationView)
