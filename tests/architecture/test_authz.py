"""Who gets in where: authz.yaml, written by hand from the table of rights, against every address of the application."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from sqlalchemy import true
from werkzeug.test import TestResponse

from app.models import Poll
from app.workflows.engine import visibility
from app.workflows.engine.rights import Actor
from tests.architecture import stage as scenery
from tests.architecture.stage import Stage
from tests.device import JSON, Device
from tests.views.browser import Clock

TABLE = yaml.safe_load((Path(__file__).parent / "authz.yaml").read_text())
ACTORS: dict[str, str | None] = TABLE["actors"]
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
KNOWN_CODES = {"in", "ok", "may", "no", "--", "un"}


@dataclass(frozen=True)
class Row:
    """One line of the table: an address with the object it is asked for, and the answer each actor gets."""

    method: str
    rule: str
    where: str  # of which things of the stage: here, draft, published
    answers: dict[str, str]

    @property
    def name(self) -> str:
        return f"{self.method} {self.rule}" + (f" @{self.where}" if self.where != "here" else "")


def rows() -> list[Row]:
    found = []
    for line, answers in TABLE["addresses"].items():
        method, rule, *where = line.split()
        codes = answers.split()
        assert len(codes) == len(ACTORS), line
        assert set(codes) <= KNOWN_CODES, line
        of = where[0].removeprefix("@") if where else "here"
        found.append(Row(method, rule, of, dict(zip(ACTORS, codes, strict=True))))
    return found


ROWS = rows()


def addresses(app: Flask) -> set[tuple[str, str]]:
    """What the application really answers to; HEAD and OPTIONS come with the others."""
    return {(m, r.rule) for r in app.url_map.iter_rules() for m in (r.methods or set()) - {"HEAD", "OPTIONS"}}


def filled(rule: str, things: dict[str, int]) -> str:
    """The rule with the ids of the stage in the place of its parameters."""
    record = re.match(r"/records/([a-z-]+)/", rule)
    names = {**TABLE["parameters"], "pk": TABLE["records"].get(record[1], "") if record else ""}

    def value(found: re.Match[str]) -> str:
        name = str(names.get(found[1], found[1]))
        return str(things.get(name, name))

    query = TABLE["query"].get(rule, "").format(**things)
    return re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", value, rule) + (f"?{query}" if query else "")


def ask(device: Device, row: Row, path: str) -> TestResponse:
    sent = TABLE["sent"].get(f"{row.method} {row.rule}") or {}
    body: dict[str, Any] = {"json": sent["json"]} if "json" in sent else {"data": sent.get("form", {})}
    answer = device.open(path, method=row.method, headers=JSON, **(body if row.method in CHANGING else {}))
    answer.close()
    return answer


def code_of(answer: TestResponse) -> str:
    """The class of an answer, in the words of the table."""
    location = answer.location or ""
    if answer.status_code == 401 or location.startswith("/login/?"):
        return "in"
    if location.startswith("/locked?"):
        return "locked"
    named = {403: "no", 404: "--", 405: "405", 500: "500"}
    return named.get(answer.status_code, "ok" if answer.status_code < 400 else "may")


def fits(expected: str, got: str) -> bool:
    """`may` says that the right is there, whatever else this scene has against the act."""
    return got in {"may": {"may", "ok"}, "un": {"may"}}.get(expected, {expected})


@pytest.fixture(scope="module")
def built() -> dict[str, Any]:
    """The stage and everybody's session cookie, once they are made: each question is asked with the same cookie."""
    return {}


@pytest.fixture
def stage(app: Flask, built: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Stage:
    Clock(monkeypatch).move(minutes=1)  # after everything that happened on the stage
    if not built:
        built["stage"] = scenery.build()
        for actor, name in ACTORS.items():
            built[actor] = app.test_client().enter_as(name).cookie(app) if name else ""
        built["stage"].keep()
    made: Stage = built["stage"]
    made.restore()
    return made


def device_with(app: Flask, cookie: str) -> Device:
    device: Device = app.test_client()
    if cookie:
        device.set_cookie(app.config["SESSION_COOKIE_NAME"], cookie)
    return device


def test_every_address_has_a_row_and_every_row_an_address(app):
    written = {(row.method, row.rule) for row in ROWS}
    assert sorted(addresses(app) - written) == []
    assert sorted(written - addresses(app)) == []


def test_every_row_that_changes_something_is_refused_to_somebody(app):
    public = set(TABLE["for_everybody"])
    open_to_all = {
        f"{row.method} {row.rule}" for row in ROWS
        if row.method in CHANGING and not {"no", "--"} & set(row.answers.values())
    }  # fmt: skip
    assert open_to_all <= public


def wrong_answers(app: Flask, stage: Stage, cookie: str, actor: str) -> list[str]:
    """Every row whose answer to this actor is not the one that is written down."""
    wrong = []
    for row in ROWS:
        got = code_of(ask(device_with(app, cookie), row, filled(row.rule, stage.here | getattr(stage, row.where))))
        if not fits(row.answers[actor], got):
            wrong.append(f"{row.name}: {got}, the table says {row.answers[actor]}")
        if row.method in CHANGING:
            stage.restore()
    return wrong


@pytest.mark.parametrize("actor", ACTORS)
def test_everybody_gets_the_answer_of_the_table(app, stage, built, actor):
    assert wrong_answers(app, stage, built[actor], actor) == []


def test_a_right_given_to_everybody_would_be_noticed(app, stage, built, monkeypatch):
    """The control: the same walk with the doors of the acts open finds them."""
    monkeypatch.setattr(Actor, "may", lambda *_: True)
    assert len(wrong_answers(app, stage, built["records"], "records")) > 10


def test_a_row_seen_by_everybody_would_be_noticed(app, stage, built, monkeypatch):
    monkeypatch.setitem(visibility._BY_TABLE, Poll, lambda _actor: true())
    assert any("GET /polls/" in line for line in wrong_answers(app, stage, built["admin"], "admin"))


OF_NO_THING = r"/(?:move|reports)/.*|/api/v\d+|days=\d+"  # where an address has numbers without naming anything


@pytest.mark.parametrize("actor", [actor for actor, name in ACTORS.items() if name])
def test_nothing_of_another_body_is_seen_or_touched(app, stage, built, actor):
    seen = []
    for row in ROWS:
        path = filled(row.rule, stage.foreign)
        if re.search(r"\d", re.sub(OF_NO_THING, "", path)):
            got = code_of(ask(device_with(app, built[actor]), row, path))
            if got not in {"--", "no"}:
                seen.append(f"{row.name} ({path}): {got}")
            if row.method in CHANGING:
                stage.restore()
    assert seen == []
