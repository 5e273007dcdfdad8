"""The log tells what happened and to which request, and nothing of the person who made it."""

import io
import json
import logging
import re
import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import create_app, logs
from app.extensions import db
from app.models import Person
from tests.cabinet import PASSWORD, PEOPLE, PIN
from tests.conftest import SETTINGS, both, nonce_of, on_postgresql
from tests.device import JSON

TITLE = "Phiên họp thường kỳ"
QUESTION = "Thông qua dự thảo Nghị quyết?"
WRONG = "731904"


def records(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def access_lines(stream: io.StringIO) -> list[dict]:
    return [record for record in records(stream) if record["logger"] == "ecabinet.access"]


# -- a line per request -----------------------------------------------------------------------------------------------


def test_every_request_is_one_line_with_its_route_status_and_time(app, poll, lines):
    device = app.test_client().enter_as("a")
    lines.truncate(0)
    answer = device.get(f"/polls/{poll.id}?tab=Phạm")
    (line,) = access_lines(lines)
    told = {"level": "INFO", "route": "/polls/<int:poll_id>", "method": "GET", "status": 200}
    assert {name: line[name] for name in told} == told
    assert 0 < line["ms"] < 60_000
    assert line["request"] == answer.headers["X-Request-ID"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"])
    assert set(line) == {*told, "ms", "request", "time", "logger", "message"}


def test_probes_and_files_write_no_line(app, lines):
    for path in ("/healthz", "/readyz", "/metrics", "/static/ec/tokens.css"):
        app.test_client().get(path).close()
    assert access_lines(lines) == []


def test_what_a_stranger_types_does_not_get_into_a_line(app, written):
    """Neither an address that does not exist, nor a method, nor a header, in no format and at no level."""
    device = app.test_client()
    device.get("/nowhere/Nguyễn-Văn-Lộ", headers={"X-Request-ID": "forged-by-a-client", "User-Agent": "Trình duyệt lạ"})
    device.open("/login/", method="LEAK")
    device.get("/xac-minh/tokentokentokentoken")
    device.post("/login/", data={"username": "tên lạ", "password": "mật khẩu lạ"})
    said = written.getvalue()
    for typed in ("Nguyễn", "forged", "Trình duyệt", "LEAK", "tokentoken", "tên lạ", "mật khẩu"):
        assert typed not in said
    assert "none" in said


def test_a_request_is_numbered_by_the_trusted_proxy_alone(app, gateways, tmp_path):
    sent = {"X-Request-ID": "0123456789abcdef0123456789abcdef"}
    made = app.test_client().get("/healthz", headers=sent).headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{8}", made)
    behind = create_app(**{**SETTINGS, **gateways, "PROXIES": 1, "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/x"})
    device = behind.test_client()
    assert device.get("/healthz", headers=sent).headers["X-Request-ID"] == sent["X-Request-ID"]
    for odd in ("short", "x" * 65, "with space in it", "line\tbreak!", "đặc biệt nhé"):
        assert device.get("/healthz", headers={"X-Request-ID": odd}).headers["X-Request-ID"] != odd


def test_the_page_of_a_failure_shows_the_number_that_the_log_has(gateways, tmp_path, lines):
    application = create_app(
        **{**SETTINGS, **gateways, "TESTING": False, "PROPAGATE_EXCEPTIONS": False,
           "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/x"}
    )  # fmt: skip

    def fails(token):
        raise RuntimeError("the reason")

    application.add_url_rule("/fails/<token>", "fails", fails)
    answer = application.test_client().get("/fails/secrettoken")
    number = answer.headers["X-Request-ID"]
    assert answer.status_code == 500
    assert number in answer.text
    errors = [record for record in records(lines) if record["level"] == "ERROR"]
    assert [error["request"] for error in errors] == [number]  # told once
    assert "RuntimeError: the reason" in errors[0]["error"]
    assert "/fails/<token>" in errors[0]["message"]
    assert "secrettoken" not in lines.getvalue()
    assert application.test_client().get("/fails/x", headers=JSON).json["details"]["request_id"] in lines.getvalue()


# -- nothing of a person ----------------------------------------------------------------------------------------------


@both
def test_a_sign_in_and_a_vote_leave_no_trace_of_the_person(app, scene, poll, written):
    device = app.test_client()
    device.sign_in("a", password="sai mật khẩu")
    device.sign_in("a")
    cookie = device.cookie(app)
    nonce = nonce_of("logged")
    sent = {"choice": "disagree", "nonce": nonce, "remark": "Cần thêm số liệu", "reservation": True}
    assert device.post(f"/polls/{poll.id}/prepare", json=sent).status_code == 200
    assert device.post(f"/polls/{poll.id}/sign", json={"nonce": nonce, "pin": WRONG}).status_code == 403
    assert device.post(f"/polls/{poll.id}/sign", json={"nonce": nonce, "pin": PIN}).status_code == 200
    device.get(f"/meetings/{scene.meeting_id}")
    device.get("/records/people/?_flt_0_name=Phạm")
    device.post("/logout/")
    said = written.getvalue()
    assert "/polls/<int:poll_id>/sign" in said  # something was logged at all
    names = {part for figure in PEOPLE.values() for part in (figure.name, figure.post)}
    typed = {"sai mật khẩu", PASSWORD, PIN, WRONG, nonce, "Cần thêm số liệu", "disagree", "_flt_0_name", "Phạm"}
    for secret in {*names, *typed, cookie, TITLE, QUESTION, "@example.vn", "127.0.0.1"}:
        assert secret not in said, secret


@both
def test_a_refused_row_is_told_without_its_values(app, written):
    """Names, in the statement's parameters and in PostgreSQL's explanation, stay out of the log."""
    person = db.session.query(Person).first()
    secret = "Nguyễn Văn Bí Mật"
    same = Person(id=person.id, home_body_id=1, full_name=secret, name_fold=secret, sort_key=secret, user_id=None)
    with Session(db.engine) as session:
        session.add(same)
        with pytest.raises(IntegrityError) as refused:
            session.flush()
    assert secret in str(refused.value)  # the error itself knows it
    logging.getLogger("test").error("a row was refused", exc_info=refused.value)
    said = written.getvalue()
    assert "IntegrityError" in said
    assert "test_logs.py" in said  # the traceback is there
    assert secret not in said
    assert "Bí Mật" not in said


@on_postgresql
def test_a_value_of_the_wrong_kind_is_not_quoted(app):
    with db.engine.connect() as connection, pytest.raises(Exception, match="Nguyễn") as refused:
        connection.exec_driver_sql("SELECT CAST('Nguyễn Văn Bí' AS integer)")
    assert logs.said(refused.value) == "DataError (InvalidTextRepresentation: 22P02)"


def test_the_cause_of_an_error_is_told_with_it_and_variables_are_not():
    pin = "a secret in a variable"
    try:
        try:
            raise sqlite3.OperationalError(f"disk I/O error {len(pin)}")
        except sqlite3.OperationalError as error:
            raise ValueError("not stored") from error
    except ValueError as error:
        told = logs.trace_of(error)
    assert told.index("OperationalError: disk I/O error") < told.index("which led to") < told.index("ValueError: not")
    assert pin not in told.replace('pin = "a secret in a variable"', "")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("550 <pham.ba+x@mail.example.vn>: no such box", "550 <…@…>: no such box"),
        ("cannot reach redis://web:geheim@10.0.0.5:6379/0", "cannot reach redis://…@10.0.0.5:6379/0"),
        ("postgresql+psycopg://u:p:w@db/x a@b.vn", "postgresql+psycopg://…@db/x …@…"),
        ("nothing to mask", "nothing to mask"), ("@decorator and a@b", "@decorator and a@b"),
    ],
)  # fmt: skip
def test_addresses_and_credentials_are_masked(text, masked, written):
    assert logs.masked(text) == masked
    logging.getLogger("test").warning("%s", text)
    assert masked in written.getvalue()


def test_masking_takes_no_longer_for_a_hostile_text():
    hostile = "a" * 50_000 + "@" + "b." * 25_000
    for text in (hostile, "a@" * 50_000, "://" + "x" * 50_000 + "@", "@" * 100_000):
        import time

        began = time.monotonic()
        logs.masked(text)
        assert time.monotonic() - began < 30


# -- jobs and settings ------------------------------------------------------------------------------------------------


def test_lines_of_a_job_carry_its_number(lines):
    with logs.job(4711):
        logging.getLogger("test").info("inside")
    logging.getLogger("test").info("outside")
    inside, outside = records(lines)
    assert (inside["job"], "job" in outside) == (4711, False)


def test_a_connection_error_says_what_was_refused():
    with pytest.raises(psycopg.OperationalError) as refused:
        psycopg.connect("postgresql://u:geheim@127.0.0.1:1/x", connect_timeout=2)
    assert "refused" in logs.said(refused.value)
    assert "geheim" not in logs.said(refused.value)


@pytest.mark.parametrize("kind", ["text", "json"])
def test_a_line_is_written_once_in_the_format_of_the_setting(kind, capfd, monkeypatch):
    from logging.config import dictConfig

    settings = logs.settings(kind)
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        dictConfig(settings)
        logging.getLogger("gunicorn.access").info("never")
        logging.getLogger("ecabinet").info("xin chào")
        written = capfd.readouterr().err
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    (line,) = written.splitlines()
    assert ("xin chào" in line, "never" in line) == (True, False)
    assert line.startswith("{" if kind == "json" else "20")
