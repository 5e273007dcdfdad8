"""Which doors are open to whom: pages that every signed-in person has, and record screens that roles open."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import current_app, g, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response


def wants_json() -> bool:
    """Whether the caller is a program or a script of ours, not a person's navigation."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="text/html")
    return request.is_json or request.path.startswith("/api/") or best == "application/json"


def signed_in(view: Callable[..., Any]) -> Callable[..., Any]:
    """Send visitors to the sign-in page (JSON: 401); marks the view for the test that looks for open doors."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if "here" in g or current_user.is_authenticated:
            return view(*args, **kwargs)
        if wants_json():
            return jsonify(code="not_signed_in", message=_("Please sign in."), details={}), 401
        return _to_sign_in()

    guarded._signed_in = True  # type: ignore[attr-defined]
    return guarded


def opens(screen: str) -> bool:
    """Whether the roles of who is signed in open the list of a record screen, so that a page may lead there."""
    return bool(current_app.extensions["appbuilder"].sm.has_access("can_list", screen))


def _to_sign_in() -> Response:
    here = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return redirect(url_for("SignInView.login", next=here))
