"""Fixtures of page tests: a clock that stands still, people at their browsers, an open vote."""

from collections.abc import Callable
from functools import cache

import pytest
from flask import Flask

from app.models import Poll
from tests.conftest import Scene
from tests.views.browser import Browser, Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def at(app: Flask, clock: Clock) -> Callable[[str], Browser]:
    """The browser of a person, signed in at its first use."""
    return cache(lambda name: Browser(app, name))


@pytest.fixture
def poll(scene: Scene) -> Poll:
    return scene.open().open_poll()
