"""The doctor names the Resolutions whose long-term form is overdue, and says why."""

import datetime as dt
from types import SimpleNamespace

import pytest

from app.doctor import documents
from app.gateways import timestamp
from app.gateways.timestamp import StampFault
from app.workflows import preservation
from tests.operations.levels import levels, words
from tests.resolving import Resolving
from tests.workflows.test_preservation import DAY, HOUR, MINUTE, OUT_AT, forms, tsa, world  # noqa: F401 - fixtures

CODE = "documents.long_term"


@pytest.fixture
def asked_at(monkeypatch):
    """What the doctor finds at a time."""

    def ask(at):
        clock = SimpleNamespace(datetime=SimpleNamespace(now=lambda _zone: at), UTC=dt.UTC)
        monkeypatch.setattr(documents, "dt", clock)
        return levels(documents.long_term)[CODE]

    return ask


def test_a_form_that_was_never_made_is_named_a_day_later(app, world, asked_at):  # noqa: F811
    world.silent = True
    Resolving().up_to("promulgated")
    assert asked_at(OUT_AT + DAY - HOUR) == "ok"
    assert asked_at(OUT_AT + DAY + HOUR) == "warning"
    said = words(documents.long_term)
    assert "01/NQ-CP (30/07/2026)" in said
    assert str(preservation.SAID[preservation.Lack.ANSWERS]) in said
    world.silent = False
    world.work(OUT_AT + DAY)
    world.work(OUT_AT + DAY + HOUR)
    assert asked_at(OUT_AT + 3 * DAY) == "ok"


def test_a_renewal_that_is_overdue_is_named_and_an_ended_stamp_is_an_error(app, world, asked_at):  # noqa: F811
    scene = Resolving().up_to("promulgated")
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    (form,) = forms(scene)
    assert asked_at(form.due_at + HOUR) == "ok"
    world.tsa.fault = StampFault.DOWN
    world.work(form.due_at + 2 * DAY)
    assert asked_at(form.due_at + 2 * DAY) == "warning"
    assert asked_at(form.stamp_ends + HOUR) == "error"
    world.tsa.fault = None
    world.work(form.due_at + 3 * DAY)
    assert asked_at(form.due_at + 4 * DAY) == "ok"


def test_where_nobody_stamps_by_choice_it_is_a_note(app, world, asked_at):  # noqa: F811
    scene = Resolving().up_to("promulgated")
    timestamp.use(None, (world.tsa.root.certificate,))
    world.work(OUT_AT)
    world.work(OUT_AT + MINUTE)
    assert [form.level.value for form in forms(scene)] == ["B-LT"]
    assert asked_at(OUT_AT + 2 * DAY) == "note"
