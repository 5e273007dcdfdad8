"""Counts requests by the rule of their address, which holds no id."""

from flask import Flask, Response

from app import logs
from app.metrics.figures import DURATION, REQUESTS


def register(app: Flask) -> None:
    """Called right after `logs.register`, which starts the clock of a request."""
    app.after_request(count)


def count(response: Response) -> Response:
    """One request more; what is fetched from files is one route."""
    route, method = logs.route(), logs.method()
    REQUESTS.labels(route, method, str(response.status_code)).inc()
    DURATION.labels(route, method).observe(logs.elapsed())
    return response
