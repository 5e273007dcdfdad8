"""What machines ask: does the process live, is it ready, what are its figures. Strangers hear a word, and no more."""

import hmac
from ipaddress import ip_address
from typing import Any

from flask import Flask, Response, abort, current_app, jsonify, request
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import force_locale

from app import metrics
from app.metrics.readiness import Readiness, readiness

LANGUAGE = "vi"
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Host")  # a proxy leaves at least one of them


class HealthView(BaseView):
    """No session, no cookie; see docs/operations.md."""

    route_base = ""

    @expose("/healthz", methods=["GET"])
    def live(self) -> Any:
        """The process answers; nothing else is asked, so that nobody restarts it because the database is away."""
        return jsonify(status="live")

    @expose("/readyz", methods=["GET"])
    def ready(self) -> Any:
        """200 when a vote can be cast here, 503 when not; the reasons for those who run the installation."""
        found = readiness()
        word = "ready" if found.ready else "not_ready"
        told: dict[str, Any] = {"status": word} | (reasons(found) if has_token() or is_direct() else {})
        return jsonify(told), 200 if found.ready else 503

    @expose("/metrics", methods=["GET"])
    def figures(self) -> Any:
        """The figures of this process for Prometheus; for anybody else the address does not exist."""
        if not may_read_figures():
            abort(404)
        return Response(metrics.exposition(), content_type=metrics.CONTENT_TYPE)


def reasons(found: Readiness) -> dict[str, Any]:
    """Every condition with its state and, where it is not good, a sentence in the language of the address."""
    asked = request.args.get("lang", "")
    with force_locale(asked if asked in current_app.config["LANGUAGES"] else LANGUAGE):  # and no word of a session
        checks = {
            name: {"state": condition.state.value, "said": str(condition.said)}
            for name, condition in found.conditions.items()
        }
    return {"degraded": found.degraded, "checks": checks}


def may_read_figures() -> bool:
    """Whoever has the token; without one configured, whoever asks from this machine past every proxy."""
    return has_token() if current_app.config["METRICS_TOKEN"] else is_direct()


def has_token() -> bool:
    """Whether the request carries the configured token."""
    token: str = current_app.config["METRICS_TOKEN"]
    sent = request.headers.get("Authorization", "")
    return bool(token) and hmac.compare_digest(sent.encode(), f"Bearer {token}".encode())


def is_direct() -> bool:
    """Whether somebody on this machine asks, past every proxy."""
    return from_here() and not any(name in request.headers for name in FORWARDED)


def from_here() -> bool:
    """Whether the connection itself comes from this machine."""
    try:
        return ip_address(request.environ.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    """Put the three addresses on the map."""
    appbuilder.add_view_no_menu(HealthView())
