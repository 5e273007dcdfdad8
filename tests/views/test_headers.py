"""What every answer carries, what every failure looks like, and how much a stranger may send."""

import re

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError, NoResultFound
from sqlalchemy.orm.exc import StaleDataError

from app import create_app
from app.views.protection import SMALL_BODY
from tests.conftest import SETTINGS
from tests.device import JSON

VIETNAMESE = {"Accept-Language": "vi"}


@pytest.fixture(scope="module")
def fragile(gateways, tmp_path_factory) -> Flask:
    """An application of its own with pages that fail in every way a page of ours could."""
    path = tmp_path_factory.mktemp("fragile") / "empty.db"
    application = create_app(
        **{**SETTINGS, **gateways, "SQLALCHEMY_DATABASE_URI": f"sqlite:///{path}", "TESTING": False,
           "PROPAGATE_EXCEPTIONS": False}
    )  # fmt: skip

    def fails(error):
        def view():
            raise error

        return view

    for number, error in enumerate(FAILURES):
        application.add_url_rule(f"/fails/{number}", f"fails{number}", fails(error), methods=["GET", "POST"])
    application.add_url_rule("/number/<int:number>", "number", lambda number: f"{number}")
    application.add_url_rule("/takes", "takes", takes, methods=["POST"])
    return application


def takes():
    from flask import jsonify, request

    return jsonify(request.get_json() if request.is_json else (dict(request.form) or len(request.get_data())))


FAILURES = {
    NoResultFound("no row"): (404, "not_found"),
    IntegrityError("insert", {}, Exception("secret detail")): (409, "conflict"),
    StaleDataError("stale"): (409, "conflict"),
    OverflowError("int too large"): (400, "bad_request"),
    RuntimeError("secret detail"): (500, "failure"),
}


@pytest.mark.parametrize("path", ["/login/", "/meetings/", "/nowhere", "/static/ec/tokens.css", "/logout/"])
def test_every_answer_tells_the_browser_what_it_may_do(app, path):
    answer = app.test_client().get(path)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert re.fullmatch(r"'self' 'nonce-[\w-]{20,}'", policy["script-src"])
    assert policy["style-src"] == policy["form-action"] == policy["font-src"] == "'self'"
    assert policy["img-src"] == "'self' data: blob:"
    assert policy["connect-src"] == "'self' ws://localhost wss://localhost"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers
    answer.close()


def test_a_nonce_is_used_once_and_by_every_script_of_the_page(app):
    device = app.test_client()
    nonces = set()
    for _ in range(3):
        answer = device.get("/login/")
        nonce = re.search(r"'nonce-([\w-]+)'", answer.headers["Content-Security-Policy"])[1]
        nonces.add(nonce)
        scripts = re.findall(r"<script\b[^>]*>", answer.text)
        assert scripts
        assert all(f'nonce="{nonce}"' in script for script in scripts)
        assert not re.search(r'\son\w+="|\sstyle="|<style', answer.text)
    assert len(nonces) == 3


def test_style_attributes_are_let_through_on_generated_pages_alone(app):
    for path, expected in (("/records/nothing", True), ("/meetings/", False), ("/recordsx", False)):
        policy = app.test_client().get(path).headers["Content-Security-Policy"]
        assert ("style-src-attr 'unsafe-inline'" in policy) is expected


def test_private_pages_are_kept_by_nobody(app):
    device = app.test_client().enter_as("a")
    for path in ("/", "/meetings/", "/login/", "/nowhere"):
        assert device.get(path).headers["Cache-Control"] == "no-store"


def test_transport_security_is_told_over_https_outside_the_demo(app, gateways, tmp_path):
    secure = {"wsgi.url_scheme": "https"}
    header = app.test_client().get("/login/", environ_overrides=secure).headers["Strict-Transport-Security"]
    assert "max-age=31556926" in header or "max-age=31536000" in header
    assert "Strict-Transport-Security" not in app.test_client().get("/login/").headers
    demo = create_app(**{**SETTINGS, **gateways, "DEMO": True, "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/x"})
    answer = demo.test_client().get("/nowhere", environ_overrides=secure)
    assert "Strict-Transport-Security" not in answer.headers


def test_the_address_of_a_caller_is_that_which_the_configured_proxies_saw(gateways, tmp_path):
    from flask import request

    application = create_app(
        **{**SETTINGS, **gateways, "PROXIES": 1, "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/x"}
    )
    application.add_url_rule("/whoami", "whoami", lambda: f"{request.remote_addr} {request.host}")
    forged = {"X-Forwarded-For": "203.0.113.1, 198.51.100.2", "X-Forwarded-Host": "evil.vn"}
    assert application.test_client().get("/whoami", headers=forged).text == "198.51.100.2 localhost"


@pytest.mark.parametrize(("number", "expected"), list(enumerate(FAILURES.values())))
def test_a_failure_is_a_status_with_a_code_and_never_its_cause(fragile, number, expected):
    status, code = expected
    script = fragile.test_client().get(f"/fails/{number}", headers=JSON)
    assert (script.status_code, script.json["code"]) == (status, code)
    page = fragile.test_client().get(f"/fails/{number}")
    assert page.status_code == status
    assert "<h1>" in page.text
    for answer in (script, page):
        assert "secret detail" not in answer.text
        assert "Traceback" not in answer.text


def test_our_own_fault_has_a_number_that_the_log_has_too(fragile, caplog):
    answer = fragile.test_client().get("/fails/4", headers=JSON)
    number = answer.json["details"]["request_id"]
    assert re.fullmatch(r"[0-9a-f]{8}", number)
    assert number in caplog.text
    assert "secret detail" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/nowhere", 404), ("post", "/nowhere", 404), ("put", "/login/", 405), ("delete", "/meetings/1", 405),
        ("get", "/number/99999999999999999999", 404), ("get", "/number/2147483648", 404), ("get", "/number/-1", 404),
        ("get", "/number/2147483647", 200), ("trace", "/login/", 405), ("patch", "/", 405),
    ],
)  # fmt: skip
def test_addresses_and_methods_that_do_not_exist_are_told_so(fragile, method, path, status):
    for headers in (JSON, {}):
        answer = fragile.test_client().open(path, method=method.upper(), headers=headers)
        assert answer.status_code == status


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""],
)
def test_a_stranger_sends_little(fragile, kind):
    """Whatever the type says, more than a megabyte is read from nobody who is not signed in."""
    body = b'{"a": "' + b"x" * SMALL_BODY + b'"}'
    answer = fragile.test_client().post("/takes", data=body, content_type=kind, headers=JSON)
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")
    assert fragile.test_client().post("/takes", data=body, content_type=kind).status_code == 413


def test_a_small_body_is_taken(fragile):
    answer = fragile.test_client().post("/takes", json={"a": "x" * 1000})
    assert answer.json == {"a": "x" * 1000}


@pytest.mark.parametrize("body", [b"", b"{", b"nul", b"\xff\xfe", b"[" * 100_000, b'{"a": ' * 5000, b"9" * 10_000])
def test_odd_json_is_a_bad_request(fragile, body):
    answer = fragile.test_client().post("/takes", data=body, content_type="application/json", headers=JSON)
    assert answer.status_code == 400


@pytest.mark.parametrize("value", ["text/html, application/json;q=0.5", "*/*", "", "x", "text/html;q=x", "é"])
def test_an_odd_wish_for_a_type_is_answered_with_a_page(app, value):
    assert app.test_client().get("/nowhere", headers={"Accept": value}).status_code == 404


def test_a_header_with_a_line_break_does_not_reach_an_answer(app):
    answer = app.test_client().get("/login/?next=/x%0d%0aSet-Cookie:%20a=b")
    assert "a=b" not in str(answer.headers)
