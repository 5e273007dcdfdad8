"""A cabinet at an open vote, and what the application writes into its log meanwhile."""

import datetime as dt
import io
import logging
from collections.abc import Iterator

import pytest

from app import logs
from app.models import Poll
from tests.conftest import Scene


@pytest.fixture
def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@pytest.fixture
def poll(scene: Scene, now: dt.datetime) -> Poll:
    """Opened just now, by the real clock."""
    scene.now = now
    return scene.open().open_poll()


@pytest.fixture(params=["json", "text"])
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """Everything that is logged, at every level, in the format of an installation."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter({"json": logs.Json, "text": logs.Text}[request.param]())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged from INFO on, as JSON."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Json())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)
