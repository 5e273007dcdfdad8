"""A served installation as its operator sees it: every line of its log is JSON and about nobody; probes and figures."""

import json
import re
import time

import pytest
from sqlalchemy import create_engine, text

from tests.cabinet import PASSWORD, PIN
from tests.web import Caller, Web


@pytest.fixture(scope="module")
def web():
    web = Web(ECABINET_LOG="json")
    web.make("government")
    yield web.start()
    web.stop()


def names(web):
    engine = create_engine(f"sqlite:///{web.var / 'ecabinet.db'}")
    with engine.connect() as connection:
        found = set(connection.scalars(text("SELECT full_name FROM person")))
        found |= set(connection.scalars(text("SELECT post FROM appointment")))
        poll_id = connection.scalar(text("SELECT id FROM poll WHERE state = 'open'"))
    engine.dispose()
    return found, poll_id


def test_a_vote_over_http_leaves_one_line_per_request_and_no_trace_of_the_person(web):
    people, poll_id = names(web)
    caller = Caller(web.url, "tv02")
    caller.get("/login/")
    caller.post("/login/", username="tv02", password="sai mật khẩu")
    caller.sign_in()
    nonce = caller.prepare(poll_id)
    assert caller.sign(poll_id, nonce, "731904").status == 403
    assert caller.sign(poll_id, nonce).status == 200
    lines = [json.loads(line) for line in web.log.read_text().splitlines()]
    signed = [line for line in lines if line.get("route") == "/polls/<int:poll_id>/sign"]
    assert [line["status"] for line in signed] == [403, 200]
    assert len({line["request"] for line in signed}) == 2
    said = web.log.read_text()
    assert people
    for secret in (*people, "tv02", "sai mật khẩu", PASSWORD, PIN, "731904", nonce, "chrome", "Python-urllib"):
        assert secret not in said, secret


def test_probes_and_figures_answer_on_the_port_of_the_process(web):
    caller = Caller(web.url, "nobody")
    assert caller.ask("/healthz").body == {"status": "live"}
    until = time.monotonic() + 30  # it was founded yesterday, as it thinks, and works off what waited since
    while (ready := caller.ask("/readyz?lang=en")).body["degraded"] and time.monotonic() < until:
        time.sleep(0.5)
    assert (ready.status, ready.body["status"]) == (200, "ready")
    assert {check["state"] for check in ready.body["checks"].values()} == {"ok"}
    figures = caller.get("/metrics").text
    assert re.search(r'^ecabinet_http_requests_total\{.*route="/login/".*\} ', figures, re.MULTILINE)
    assert re.search(r"^ecabinet_database_up 1\.0$", figures, re.MULTILINE)


def test_the_doctor_examines_a_served_installation(web):
    done = web.command("doctor", "--json", "--lang", "en")
    found = {finding["code"]: finding["level"] for finding in json.loads(done.stdout)}
    good = ("database.revision", "database.guards", "roles", "documents", "signer", "beats.clock", "beats.relay:live")
    assert {code: found[code] for code in good} == dict.fromkeys(good, "ok")
