"""What every request and every answer must fulfil: size, form token, headers; the browser is told what to run."""

import re
from typing import Any

from flask import Flask, current_app, request
from flask_appbuilder import AppBuilder
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response

from app.extensions import csrf, talisman
from app.views import living

SMALL_BODY = 1024 * 1024  # whatever is no upload of a signed-in person
PUBLIC_BODY = 21 * 1024 * 1024  # a document of 20 MB to be checked, and what a form puts around it
UPLOAD = "multipart/form-data"
GENERATED = "/records/"  # the framework's pages carry style attributes
POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "worker-src": "'self' blob:",  # the reader of papers
    "frame-ancestors": "'none'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
}
KEPT_BY_THE_READER = "private, no-cache"  # a picture that is the same until its hash changes; asked for each time
NOT_USED = dict.fromkeys(("camera", "microphone", "geolocation", "payment", "usb", "display-capture"), "()")
HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9a-fA-F:]+\](:\d+)?")


class Identifier(IntegerConverter):
    """A number in an address that fits the database; beyond it nothing exists."""

    def __init__(self, url_map: Map, **kwargs: Any) -> None:
        super().__init__(url_map, **{"max": 2**31 - 1, **kwargs})


def register(app: Flask, _appbuilder: AppBuilder) -> None:
    """Put the checks in their order: session, size, form token, then the page; headers come last of all."""
    app.url_map.converters["int"] = Identifier
    if app.config["SESSION_COOKIE_SECURE"]:
        app.config["SESSION_COOKIE_NAME"] = "__Host-" + app.config["SESSION_COOKIE_NAME"]
    if app.config["PROXIES"]:
        proxies = app.config["PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=0)  # type: ignore[method-assign]
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # require_token asks for it everywhere, without exceptions
    app.after_request(finish)
    talisman.init_app(
        app,
        force_https=False,  # the proxy's work; it alone knows its addresses
        strict_transport_security=False,  # `finish` says it: the library keeps the settings of the last application
        content_security_policy=POLICY,
        content_security_policy_nonce_in=["script-src"],
        permissions_policy=NOT_USED,
        frame_options="DENY",
        referrer_policy="same-origin",
        session_cookie_secure=False,  # config.py decides it
        session_cookie_samesite=app.config["SESSION_COOKIE_SAMESITE"],
    )
    app.before_request(living.watch)
    app.before_request(limit_body)
    app.before_request(require_token)


def limit_body() -> None:
    """Large bodies are for uploads by people who are signed in; what is larger ends in 413 when it is read."""
    if request.endpoint in living.SESSIONLESS:
        request.max_content_length = PUBLIC_BODY
    elif request.mimetype != UPLOAD or not current_user.is_authenticated:
        request.max_content_length = SMALL_BODY


def require_token() -> None:
    """Every change carries the form token of its session, JSON included (X-CSRFToken)."""
    if not current_app.config["WTF_CSRF_ENABLED"] or request.routing_exception is not None:
        return
    if request.endpoint in living.FOR_PROGRAMS:
        return  # its media type is none of a form: a foreign page cannot send it unasked
    if request.endpoint in living.SESSIONLESS:
        require_own_page()
    else:
        csrf.protect()


def require_own_page() -> None:
    """A form without a session has no token to carry; the browser says itself that the form stood on our own page.

    Nothing is changed by such a form, and no cookie is looked at: all that a foreign page could do is use up the
    tries of its visitors, and that is refused here.
    """
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    said = request.headers.get("Sec-Fetch-Site")  # not sent over plain http, and not by old browsers
    ours = {f"{scheme}://{request.host}" for scheme in ("http", "https")}
    if not (said == "same-origin" if said else request.headers.get("Origin") in ours):
        raise CSRFError("the form was not sent from a page of this site")


def finish(response: Response) -> Response:
    """What the header library cannot say: own sockets, generated pages, and that nothing private is kept."""
    policy = response.headers.get("Content-Security-Policy", "")
    if policy:
        response.headers["Content-Security-Policy"] = f"{policy}; connect-src {_connections()}{_styles()}"
    if request.is_secure and not current_app.config["DEMO"]:
        response.headers["Strict-Transport-Security"] = "max-age=31556926; includeSubDomains"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if not living.is_static() and response.headers.get("Cache-Control") != KEPT_BY_THE_READER:
        response.headers["Cache-Control"] = "no-store"
    return response


def _connections() -> str:
    """This origin and its sockets, by name: not every browser counts a socket as the same origin."""
    host = request.headers.get("Host", "")
    foreign = isinstance(request.routing_exception, SecurityError) or not HOST.fullmatch(host)
    if foreign or request.endpoint in living.SESSIONLESS:
        return "'self'"
    return f"'self' wss://{host}" if request.is_secure else f"'self' ws://{host} wss://{host}"


def _styles() -> str:
    return "; style-src-attr 'unsafe-inline'" if request.path.startswith(GENERATED) else ""
