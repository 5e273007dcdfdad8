"""The figures: who may read them, that they count what happened, and that nothing of a person is in them."""

import datetime as dt
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event

from app import metrics
from app.extensions import db
from app.gateways import signing
from app.metrics.signing import Measured
from app.models import Body, Job, JobState
from app.realtime import listening
from app.workflows import counting
from app.workflows.engine.transaction import own_transaction
from tests.cabinet import PEOPLE, PIN
from tests.conftest import both, nonce_of
from tests.views.browser import Browser


def figures(app, **kwargs):
    """Every sample by name and labels."""
    answer = app.test_client().get("/metrics", **kwargs)
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def requests_to(found, route, method="GET", status="200"):
    return found.get(("ecabinet_http_requests_total", f"method={method}", f"route={route}", f"status={status}"), 0)


def test_the_figures_are_for_this_machine_alone_unless_there_is_a_token(app, monkeypatch):
    device = app.test_client()
    assert device.get("/metrics").status_code == 200
    assert device.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
    assert device.get("/metrics", environ_overrides={"REMOTE_ADDR": "198.51.100.7"}).status_code == 404
    assert device.get("/metrics", environ_overrides={"REMOTE_ADDR": ""}).status_code == 404
    monkeypatch.setitem(app.config, "METRICS_TOKEN", "secret-of-the-scraper")
    assert device.get("/metrics").status_code == 404
    for sent, status in (("Bearer secret-of-the-scraper", 200), ("Bearer secret", 404), ("secret-of-the-scraper", 404)):
        far = {"REMOTE_ADDR": "198.51.100.7"}
        answer = device.get("/metrics", headers={"Authorization": sent}, environ_overrides=far)
        assert answer.status_code == status


def test_a_refused_reader_sees_the_page_of_an_unknown_address(app):
    device = app.test_client()
    hidden = device.get("/metrics", headers={"X-Forwarded-For": "198.51.100.7"})
    unknown = device.get("/metricsx")
    plain = [re.sub(r'nonce="[^"]*"|metricsx?|content="[^"]*"', "", answer.text) for answer in (hidden, unknown)]
    assert plain[0] == plain[1]


def test_requests_are_counted_by_the_rule_of_their_address(app, poll):
    before = figures(app)
    browser = Browser(app, "a")
    for _ in range(3):
        assert browser.get(f"/polls/{poll.id}").status_code == 200
    browser.get("/polls/999999")
    browser.get("/nowhere/Phạm Văn Ba?name=Lý")
    browser.client.open("/login/", method="PHẠM")
    found = figures(app)
    card = "/polls/<int:poll_id>"
    assert requests_to(found, card) - requests_to(before, card) == 3
    assert requests_to(found, card, status="404") - requests_to(before, card, status="404") == 1
    assert requests_to(found, "none", status="404") - requests_to(before, "none", status="404") == 1
    assert requests_to(found, "none", "OTHER", "405") - requests_to(before, "none", "OTHER", "405") == 1
    seconds = ("ecabinet_http_request_seconds_count", "method=GET", f"route={card}")
    assert found[seconds] - before.get(seconds, 0) == 4


@both
def test_a_ballot_counts_when_it_is_committed_and_a_repetition_does_not(app, poll, now):
    before = figures(app)["ecabinet_ballots_total",]
    browser, nonce = Browser(app, "a"), nonce_of("figures")
    browser.send(f"/polls/{poll.id}/prepare", choice="agree", nonce=nonce)
    assert browser.send(f"/polls/{poll.id}/sign", nonce=nonce, pin="000111").status_code == 403
    assert figures(app)["ecabinet_ballots_total",] == before
    for _ in range(2):
        assert browser.send(f"/polls/{poll.id}/sign", nonce=nonce, pin=PIN).status_code == 200
    assert figures(app)["ecabinet_ballots_total",] == before + 1


def test_a_ballot_that_is_rolled_back_does_not_count(app, scene, poll, now, monkeypatch):
    before = figures(app)["ecabinet_ballots_total",]

    def breaks(*_args, **_kwargs):
        raise RuntimeError

    monkeypatch.setattr(counting, "record_all_live", breaks)
    with pytest.raises(RuntimeError):
        scene.vote("a", poll.id, "agree")
    monkeypatch.undo()
    assert figures(app)["ecabinet_ballots_total",] == before
    scene.vote("b", poll.id, "agree")
    assert figures(app)["ecabinet_ballots_total",] == before + 1


def test_jobs_are_counted_by_queue_and_state_in_one_query(app):
    now = dt.datetime.now(dt.UTC)
    body_id = db.session.query(Body.id).first().id
    db.session.query(Job).delete()
    db.session.commit()

    def job(queue, state, due, number):
        key = f"{queue}{state}{number}"
        return Job(
            body_id=body_id, name="x", payload={}, dedupe_key=key, queue=queue, state=state, due_at=now + due,
            created_at=now,
        )  # fmt: skip

    minute = dt.timedelta(minutes=1)
    with own_transaction() as session:
        session.add_all([job("digest", JobState.DUE, -5 * minute, n) for n in range(3)])
        session.add_all([job("digest", JobState.DUE, 90 * minute, n) for n in range(3, 5)])
        session.add_all([job("notify", JobState.FAILED, -2 * minute, 0), job("notify", JobState.DONE, -minute, 0)])
    asked = []
    event.listen(db.engine, "before_cursor_execute", lambda _c, _k, statement, *_: asked.append(statement))
    found = figures(app)
    assert len([statement for statement in asked if statement != "BEGIN"]) == 1
    waiting = ("queue=digest", "state=due")
    assert (found["ecabinet_jobs", *waiting], found["ecabinet_jobs_ready", *waiting]) == (5, 3)
    assert 300 <= found["ecabinet_job_age_seconds", *waiting] < 360
    assert found["ecabinet_jobs", "queue=notify", "state=failed"] == 1
    assert not any("state=done" in name for name in found)


def test_a_database_that_is_away_is_a_figure_and_no_failure(app, monkeypatch):
    found = figures(app)
    assert found["ecabinet_database_up",] == 1
    from sqlalchemy.exc import OperationalError

    def away(_now):
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr("app.metrics.state.waiting", away)
    found = figures(app)
    assert found["ecabinet_database_up",] == 0
    assert not any(name[0] == "ecabinet_jobs" for name in found)


@both
def test_the_connections_of_the_pool_are_seen(app):
    with db.engine.connect():
        found = figures(app)
    kinds = {name[1]: value for name, value in found.items() if name[0] == "ecabinet_database_connections"}
    assert set(kinds) == {"kind=size", "kind=in_use", "kind=idle", "kind=overflow"}
    assert kinds["kind=in_use"] >= 1


def test_sockets_are_counted_where_they_are(app):
    listener = listening.Listener(1, 1, ())
    listening.lines.clear()
    assert figures(app)["ecabinet_socket_clients",] == 0
    listening.lines.add("sid", listener)
    assert figures(app)["ecabinet_socket_clients",] == 1
    listening.lines.clear()


def test_the_time_of_signatures_is_measured_with_how_they_ended(app, scene, gateways, now, poll):
    signing.use(*gateways["SIGNER"])
    metrics.watch_signer()
    metrics.watch_signer()
    assert isinstance(signing.signer(), Measured)
    assert not isinstance(signing.signer().signer, Measured)
    assert signing.trusted() == tuple(gateways["SIGNER"][1])
    count = "ecabinet_signing_seconds_count"
    before = figures(app)
    browser, nonce = Browser(app, "a"), nonce_of("measured")
    browser.send(f"/polls/{poll.id}/prepare", choice="agree", nonce=nonce)
    browser.send(f"/polls/{poll.id}/sign", nonce=nonce, pin="000111")
    browser.send(f"/polls/{poll.id}/sign", nonce=nonce, pin=PIN)
    found = figures(app)
    for outcome in ("wrong_pin", "done"):
        name = (count, "act=sign", f"outcome={outcome}")
        assert found[name] - before.get(name, 0) == 1


def test_no_figure_holds_anything_of_a_person_or_a_meeting(app, scene, poll):
    browser = Browser(app, "a")
    app.test_client().sign_in("a")
    for path in (f"/polls/{poll.id}", f"/meetings/{scene.meeting_id}", "/xac-minh/secrettoken", "/?q=Ba"):
        browser.get(path)
    text = app.test_client().get("/metrics").text
    for figure in PEOPLE.values():
        assert figure.name not in text
        assert figure.post not in text
    assert "secrettoken" not in text
    assert not re.search(r'route="(?!/api/v1/)[^"<]*\d', text)
