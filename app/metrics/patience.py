"""Questions to what may hang: all at once, and never waited for longer than was said."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, TimeoutError, wait
from typing import Any

from flask import Flask, current_app

Question = Callable[[], Any]
_asked: dict[tuple[Flask, str], "Future[Any]"] = {}
_lock = threading.Lock()


def together(questions: Mapping[str, Question], seconds: float) -> dict[str, Any]:
    """The answers by name; None when there is none in time. What a question raises is raised here.

    Each is asked in a thread of its own, within the application, and never twice at once: an outside that hangs
    costs one thread, however often it is asked about.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    until = time.monotonic() + seconds
    asked = {name: _ask(app, name, question) for name, question in questions.items()}
    wait(asked.values(), seconds)
    return {name: _answer(future, until) for name, future in asked.items()}


def _ask(app: Flask, name: str, question: Question) -> "Future[Any]":
    with _lock:
        running = _asked.get((app, name))
        if running is not None and not running.done():
            return running
        future: Future[Any] = Future()
        _asked[app, name] = future
    threading.Thread(target=_run, args=(app, question, future), name=f"ask-{name}", daemon=True).start()
    return future


def _run(app: Flask, question: Question, future: "Future[Any]") -> None:
    try:
        with app.app_context():
            future.set_result(question())
    except BaseException as error:
        future.set_exception(error)


def _answer(future: "Future[Any]", until: float) -> Any:
    try:
        return future.result(max(0.0, until - time.monotonic()))
    except TimeoutError:
        return None
