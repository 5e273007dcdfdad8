"""What the own authority publishes: its certificates, its lists of revoked ones, and its answers to OCSP requests.

For programs: public, without session or cookie, and nothing is changed by it. The keys are elsewhere.
"""

import base64
import binascii
import threading
import time
from functools import wraps
from typing import Any
from urllib.parse import unquote

from flask import Flask, Response, abort, g, request
from flask_appbuilder import AppBuilder, BaseView, expose
from werkzeug.exceptions import RequestTimeout

from app.gateways import signing
from app.views.receiving import small_body
from app.views.sign_in import address
from app.workflows.public_tries import network_of

CERTIFICATE, LIST = "application/pkix-cert", "application/pkix-crl"
ASKS, ANSWERS = "application/ocsp-request", "application/ocsp-response"
MOST_ASKED = 2048  # bytes
WITHIN = 10.0  # seconds for them; only then does a request take its place
MOST = 120  # requests of one network in a minute, for each of the processes that serve pages
MINUTE = 60.0
AT_ONCE = threading.BoundedSemaphore(4)  # who asks the signer; members who vote come first
KEPT_FOR = 30.0  # seconds; a revocation is in the list that much later at most


class Pace:
    """Counts requests by network within a minute; whoever is beyond the limit waits for the next one."""

    def __init__(self) -> None:
        self._lock, self._minute, self._counts = threading.Lock(), 0, dict[str, int]()

    def admits(self, network: str) -> bool:
        with self._lock:
            if (minute := int(time.monotonic() / MINUTE)) != self._minute:
                self._minute, self._counts = minute, {}
            self._counts[network] = count = self._counts.get(network, 0) + 1
            return count <= MOST


class Kept:
    """The lists as they were fetched a moment ago."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, bytes]] = {}

    def list_of(self, authority: str) -> bytes:
        until, content = self._kept.get(authority, (0.0, b""))
        if until <= time.monotonic():
            content = signing.publisher().revocation_list(authority)
            self._kept[authority] = (time.monotonic() + KEPT_FOR, content)
        return content


pace, kept = Pace(), Kept()


def for_programs(view: Any) -> Any:
    """429 beyond the pace, 503 while the authority is out of reach; the reason is one word of text."""

    @wraps(view)
    def answered(*args: Any, **kwargs: Any) -> Response:
        if not pace.admits(network_of(address())):
            return Response("too many requests", 429, {"Retry-After": "60"}, mimetype="text/plain")
        try:
            g.asked = small_body(MOST_ASKED + 1, WITHIN) if request.method == "POST" else b""
        except RequestTimeout:
            return Response("too slow", 408, mimetype="text/plain")
        if not AT_ONCE.acquire(timeout=2.0):
            return Response("busy", 503, {"Retry-After": "5"}, mimetype="text/plain")
        try:
            answer: Response = view(*args, **kwargs)
        except signing.KeyUnavailable:
            return Response("unavailable", 503, {"Retry-After": "60"}, mimetype="text/plain")
        finally:
            AT_ONCE.release()
        return answer

    return answered


class PkiView(BaseView):
    """Addresses that certificates of the own authority name; see docs/operations.md."""

    route_base = "/pki"

    @expose("/<string:authority>.cer", methods=["GET"])
    @for_programs
    def certificate(self, authority: str) -> Response:
        own = dict(zip(signing.AUTHORITIES, signing.trusted(), strict=False))
        return Response(own[_known(authority)], mimetype=CERTIFICATE)

    @expose("/<string:authority>.crl", methods=["GET"])
    @for_programs
    def revocations(self, authority: str) -> Response:
        return Response(kept.list_of(_known(authority)), mimetype=LIST)

    @expose("/ocsp", methods=["POST"])
    @for_programs
    def ask(self) -> Response:
        if request.mimetype != ASKS:
            abort(415)
        return _answered(g.asked)

    @expose("/ocsp/<path:asked>", methods=["GET"])
    @for_programs
    def look_up(self, asked: str) -> Response:
        """RFC 6960 appendix A.1: the request in base64 as the rest of the path."""
        try:
            return _answered(base64.b64decode(unquote(asked), validate=True))
        except (binascii.Error, ValueError):
            return _answered(b"")


def _known(authority: str) -> str:
    if authority not in signing.AUTHORITIES:
        abort(404)
    return authority


def _answered(asked: bytes) -> Response:
    """One byte more than is read by anybody says that there was too much."""
    return Response(signing.publisher().answer(asked[: MOST_ASKED + 1]), mimetype=ANSWERS)


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(PkiView)
