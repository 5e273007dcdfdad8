"""A person at a browser: asks, sends forms and JSON, at a time that the test sets."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

from flask import Flask

from app.views import actor
from tests.cabinet import NOW


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
    """A person's device with the three ways of asking: an address, a form, a script's JSON."""

    def __init__(self, app: Flask, name: str | None = None) -> None:
        self.client = app.test_client()
        if name:
            self.client.enter_as(name)

    def get(self, path: str, **kwargs: Any) -> Any:
        return self.client.get(path, **kwargs)

    def post(self, path: str, **form: Any) -> Any:
        return self.client.post(path, data=form)

    def send(self, path: str, **values: Any) -> Any:
        """A script's request: JSON there, JSON back."""
        return self.client.post(path, json=values)

    def raw(self, path: str, data: bytes | str, content_type: str = "application/json") -> Any:
        return self.client.post(path, data=data, content_type=content_type, headers={"Accept": "application/json"})
