"""Every change needs the form token of its session: all addresses of the application, found in its map."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import IntegerConverter, Rule

from app.extensions import csrf
from app.views.living import FOR_PROGRAMS
from tests.cabinet import PASSWORD
from tests.device import JSON

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
BODIES: dict[str, dict[str, Any]] = {
    "a form": {"data": {"x": "y"}},
    "JSON": {"json": {"x": "y"}},
    "plain text": {"data": b'{"x": "y"}', "content_type": "text/plain"},
    "an upload": {"data": {"x": "y"}, "content_type": "multipart/form-data"},
    "nothing": {},
}


@pytest.fixture
def guarded(app: Flask) -> Iterator[Flask]:
    app.config["WTF_CSRF_ENABLED"] = True
    yield app
    app.config["WTF_CSRF_ENABLED"] = False


def filled_in(rule: Rule) -> str:
    """The path of a rule with a number in the place of ids and a word in that of names."""
    values = {name: 1 if isinstance(kind, IntegerConverter) else "x" for name, kind in rule._converters.items()}
    built = rule.build(values)
    assert built
    return built[1]


def addresses(app: Flask, for_programs: bool = False) -> list[tuple[str, str]]:
    """Every address that changes something, or those that only programs ask and that change nothing."""
    rules = [rule for rule in app.url_map.iter_rules() if (rule.endpoint in FOR_PROGRAMS) == for_programs]
    return [(method, filled_in(rule)) for rule in rules for method in sorted((rule.methods or set()) & CHANGING)]


def test_there_are_addresses_that_change_something(app):
    assert len(addresses(app)) > 10


@pytest.mark.parametrize("body", BODIES)
def test_no_change_without_the_token(guarded, body):
    device = guarded.test_client().enter_as("a")
    for method, path in addresses(guarded):
        answer = device.open(path, method=method, headers=JSON, **BODIES[body])
        assert (path, answer.status_code, answer.json["code"]) == (path, 400, "csrf")


@pytest.mark.parametrize("body", BODIES)
def test_what_a_page_can_send_is_nothing_for_an_address_of_programs(guarded, body):
    device = guarded.test_client().enter_as("a")
    assert addresses(guarded, for_programs=True) == [("POST", "/pki/ocsp")]
    for method, path in addresses(guarded, for_programs=True):
        assert device.open(path, method=method, headers=JSON, **BODIES[body]).status_code == 415


@pytest.mark.parametrize(
    "headers",
    [
        {"X-CSRFToken": ""}, {"X-CSRFToken": "x"}, {"X-CSRFToken": "null"}, {"Authorization": "Bearer x"},
        {"Authorization": "Bearer sst_x"}, {"Origin": "http://evil.vn"}, {"X-HTTP-Method-Override": "GET"},
        {"X-Requested-With": "XMLHttpRequest"}, {"Referer": "http://localhost/"},
    ],
)  # fmt: skip
def test_nothing_stands_for_the_token(guarded, headers):
    device = guarded.test_client().enter_as("a")
    for method, path in addresses(guarded):
        assert device.open(path, method=method, headers={**JSON, **headers}, json={}).status_code == 400


def test_the_token_of_another_session_is_not_mine(guarded):
    other = guarded.test_client().enter_as("b")
    stolen = other.form_token("/meetings/")
    device = guarded.test_client().enter_as("a")
    device.get("/meetings/")
    for method, path in addresses(guarded):
        answer = device.open(path, method=method, headers={**JSON, "X-CSRFToken": stolen}, json={})
        assert (answer.status_code, answer.json["code"]) == (400, "csrf")


def test_the_token_from_before_the_sign_in_is_stale(guarded):
    device = guarded.test_client()
    before = device.form_token()
    device.post("/login/", data={"username": "a", "password": PASSWORD, "csrf_token": before})
    assert device.post("/lock", json={}, headers={**JSON, "X-CSRFToken": before}).status_code == 400


def test_with_the_token_a_script_and_a_form_get_through(guarded):
    device = guarded.test_client().enter_as("a")
    token = device.form_token("/meetings/")
    assert device.post("/awake", json={}, headers={**JSON, "X-CSRFToken": token}).status_code == 200
    assert device.post("/language/en", data={"csrf_token": token}).status_code == 303


def test_the_sign_in_needs_a_token_too(guarded):
    answer = guarded.test_client().post("/login/", data={"username": "a", "password": PASSWORD})
    assert answer.status_code == 400
    assert guarded.test_client().sign_in("a").status_code == 303


def test_a_person_with_an_old_page_is_told_what_to_do(guarded):
    answer = guarded.test_client().enter_as("a").post("/logout/")
    assert answer.status_code == 400
    assert "ec-reason" in answer.text


def test_no_view_is_exempt(app):
    assert csrf._exempt_views == set()


def test_an_exemption_would_change_nothing(guarded):
    csrf.exempt("app.views.sign_in.awake")
    try:
        assert guarded.test_client().enter_as("a").post("/awake", json={}, headers=JSON).status_code == 400
    finally:
        csrf._exempt_views.clear()


def test_without_the_check_a_foreign_form_would_get_through(app):
    """The control: with the check switched off the same request is served."""
    assert app.test_client().enter_as("a").post("/awake", json={}, headers=JSON).status_code == 200
