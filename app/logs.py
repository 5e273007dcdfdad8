"""What the log says: one line per request and per event, as text or JSON, and nothing in it about a person.

A line may hold routes, codes and ids; never names, titles, typed values, cookies, query strings or network addresses.
What slips into a sentence all the same (an address in an error of a mail server, a password in the address of a
database) is masked, and errors of the database are told without the row they are about.
"""

import datetime as dt
import logging
import re
import secrets
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from logging.config import dictConfig
from typing import Any

from flask import Flask, Response, current_app, g, has_request_context, request
from pythonjsonlogger.json import JsonFormatter
from sqlalchemy.exc import StatementError

access = logging.getLogger("ecabinet.access")

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9-]{8,64}")
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "none"  # whoever asks for an address that does not exist writes nothing into our log
QUIET = frozenset({"/static/<path:filename>", "/static/appbuilder/<path:filename>", "/healthz", "/readyz", "/metrics"})
CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")
MAIL_ADDRESS = re.compile(r"[^\s<>\"'@:/,(…]{1,64}@[\w-]+(?:\.[\w-]+)+")
TOLD = ("route", "method", "status", "ms")  # of a line about a request

_job: ContextVar[int | None] = ContextVar("job", default=None)


# -- how a process writes --------------------------------------------------------------------------------------------


def configure(kind: str) -> None:
    """Every process that serves or works calls it once, with the setting LOG_FORMAT ("text" or "json")."""
    dictConfig(settings(kind))


def settings(kind: str) -> dict[str, Any]:
    """The configuration of logging, for dictConfig and for gunicorn: everything to standard error, each line once."""
    formatter = {"text": f"{__name__}.Text", "json": f"{__name__}.Json"}[kind]
    quiet: dict[str, Any] = {"level": "CRITICAL", "handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": "INFO", "handlers": ["stderr"]},
        "loggers": {
            "gunicorn.error": {"level": "WARNING", "handlers": [], "propagate": True},
            "gunicorn.access": quiet,  # it would write addresses and query strings; our own line is below
            "engineio.server": quiet,
            "socketio.server": quiet,
        },
    }


class Text(logging.Formatter):
    """A line for people: time, level, logger, sentence, and in brackets the request or job it belongs to."""

    def format(self, record: logging.LogRecord) -> str:
        about = " ".join(f"{name}={value}" for name, value in belongs_to().items())
        line = f"{moment(record, 'seconds')} {record.levelname:<7} {record.name}: {masked(record.getMessage())}"
        line += f" [{about}]" if about else ""
        return f"{line}\n{trace_of(record.exc_info[1])}" if record.exc_info and record.exc_info[1] else line


class Json(JsonFormatter):
    """A line for programs, with the same content."""

    def __init__(self) -> None:
        super().__init__(json_ensure_ascii=False)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Our names for what a line holds; what a library puts into its own records stays outside."""
        log_data |= {"time": moment(record, "milliseconds"), "level": record.levelname, "logger": record.name}
        log_data |= {"message": masked(record.message)} | belongs_to()
        log_data |= {name: record.__dict__[name] for name in TOLD if name in record.__dict__}
        if record.exc_info:
            log_data["error"] = message_dict["exc_info"]

    def formatException(self, exc_info: Any) -> str:
        """As in the text."""
        return trace_of(exc_info[1]) if exc_info[1] is not None else ""


def moment(record: logging.LogRecord, precision: str) -> str:
    """When it was said: UTC in ISO 8601."""
    return dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec=precision)


def belongs_to() -> dict[str, Any]:
    """The request and the job on whose behalf this thread is at work."""
    found: dict[str, Any] = {}
    if has_request_context() and "request_id" in g:
        found["request"] = g.request_id
    if (job_id := _job.get()) is not None:
        found["job"] = job_id
    return found


@contextmanager
def job(job_id: int) -> Iterator[None]:
    """Lines said meanwhile carry the id of this job."""
    token = _job.set(job_id)
    try:
        yield
    finally:
        _job.reset(token)


# -- errors ----------------------------------------------------------------------------------------------------------


def masked(text: str) -> str:
    """The text without mail addresses and without what precedes the @ of an address with credentials."""
    return MAIL_ADDRESS.sub("…@…", CREDENTIALS.sub("…@", text)) if "@" in text else text


def said(error: BaseException) -> str:
    """Kind and message of an error; of a refused statement which rule it broke, and nothing of its values."""
    name = type(error).__name__
    if isinstance(error, StatementError) and error.orig is not None:
        return f"{name} ({said(error.orig)})"
    diagnosis, state = getattr(error, "diag", None), getattr(error, "sqlstate", None)
    if diagnosis is None or state is None:
        return masked(f"{name}: {error}") if str(error) else name
    primary = "" if state.startswith("22") else diagnosis.message_primary  # class 22 quotes the value it refuses
    parts = (state, diagnosis.table_name, diagnosis.constraint_name, primary)
    return f"{name}: {' '.join(part for part in parts if part)}"


def trace_of(error: BaseException) -> str:
    """The traceback with its causes: places in the code and kinds of errors, never the values of variables."""
    told: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        told.append("".join(traceback.format_tb(current.__traceback__)) + said(current))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "Traceback (most recent call last):\n" + "\n\nwhich led to:\n\n".join(reversed(told))


# -- requests --------------------------------------------------------------------------------------------------------


def register(app: Flask) -> None:
    """Number every request and write its line; called before everything that may refuse a request."""
    app.before_request(begin)
    app.after_request(finish)
    # app/views/errors.py writes the line of an unforeseen error; the framework's own would name the address
    app.log_exception = lambda exc_info: None  # type: ignore[method-assign]


def begin() -> None:
    """Give the request its number: that of a trusted proxy, where one is configured and says a sound one."""
    g.began = time.perf_counter()
    from_proxy = request.headers.get(HEADER, "") if current_app.config["PROXIES"] else ""
    g.request_id = from_proxy if WELL_FORMED.fullmatch(from_proxy) else secrets.token_hex(4)


def finish(response: Response) -> Response:
    """Tell the number to whoever asked, and write the line."""
    response.headers[HEADER] = g.request_id
    level = logging.DEBUG if route() in QUIET else logging.INFO
    if access.isEnabledFor(level):
        told = {"route": route(), "method": method(), "status": response.status_code, "ms": round(elapsed() * 1000, 1)}
        access.log(level, "%s %s %s in %s ms", told["method"], told["route"], told["status"], told["ms"], extra=told)
    return response


def request_id() -> str:
    """The number of the request at hand, which a person may quote."""
    found: str = g.get("request_id") or secrets.token_hex(4)
    return found


def route() -> str:
    """The rule that the address fits; never the address, which may hold a token."""
    return request.url_rule.rule if request.url_rule is not None else NO_ROUTE


def method() -> str:
    """The method, when it is one; a client may send any word."""
    return request.method if request.method in KNOWN_METHODS else "OTHER"


def elapsed() -> float:
    """Seconds since the request came in."""
    return time.perf_counter() - float(g.began)
