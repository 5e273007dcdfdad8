"""A person at a browser of the test client's kind: signs in by the page, asks, sends forms and JSON, at a set time."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

from flask import Flask

from app.extensions import db
from app.views import actor
from tests.cabinet import NOW, PASSWORD


class Clock:
    """What time the pages think it is; tests move `now` on."""

    def __init__(self, monkeypatch: Any) -> None:
        self.now = NOW
        monkeypatch.setattr(actor, "dt", SimpleNamespace(datetime=SimpleNamespace(now=self._read), UTC=dt.UTC))

    def _read(self, zone: dt.tzinfo) -> dt.datetime:
        return self.now.astimezone(zone)

    def move(self, **time: float) -> dt.datetime:
        self.now += dt.timedelta(**time)
        return self.now


class Browser:
    """Each request has an application context of its own, as in life, so that several people can take turns."""

    def __init__(self, app: Flask, name: str | None = None) -> None:
        self.app, self.client = app, app.test_client()
        if name:
            answer = self.post("/login/", username=name, password=PASSWORD)
            assert answer.status_code in (302, 303), answer.text

    def get(self, path: str, **kwargs: Any) -> Any:
        return self._ask("get", path, **kwargs)

    def post(self, path: str, **form: Any) -> Any:
        return self._ask("post", path, data=form)

    def send(self, path: str, **values: Any) -> Any:
        """A script's request: JSON there, JSON back."""
        return self._ask("post", path, json=values)

    def raw(self, path: str, data: bytes | str, content_type: str = "application/json") -> Any:
        headers = {"Accept": "application/json"}
        return self._ask("post", path, data=data, content_type=content_type, headers=headers)

    def _ask(self, verb: str, path: str, **kwargs: Any) -> Any:
        db.session.rollback()
        with self.app.app_context():
            answer = getattr(self.client, verb)(path, **kwargs)
        db.session.rollback()
        db.session.expire_all()
        return answer
