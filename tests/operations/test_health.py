"""What a probe hears: live whatever happens, ready while a vote can be cast, reasons for those who run it."""

import datetime as dt
import re
import socket
import threading
import time

import pytest
from sqlalchemy import text

from app.extensions import db
from app.gateways import signing, storage
from app.metrics import readiness
from app.models import Body, Job
from app.workflows.engine.transaction import own_transaction
from tests.conftest import both
from tests.operations.levels import patient_with
from tests.servers import free_port

FAR = {"X-Forwarded-For": "198.51.100.7"}


@pytest.fixture(autouse=True)
def fresh(app, monkeypatch):
    """Nothing is remembered from the test before, and nothing waits."""
    db.session.query(Job).delete()
    db.session.commit()
    app.extensions.pop("readiness", None)
    monkeypatch.setattr(readiness, "KEPT", 0)


def asked(app, path="/readyz?lang=en", **headers):
    answer = app.test_client().get(path, headers=headers)
    return answer.status_code, answer.json


def checks(app):
    status, told = asked(app)
    return status, {name: check["state"] for name, check in told["checks"].items()}


@both
def test_an_installation_in_order_is_live_and_ready(app):
    assert asked(app, "/healthz") == (200, {"status": "live"})
    status, states = checks(app)
    assert (status, states) == (200, dict.fromkeys(("database", "documents", "signer", "jobs"), "ok"))


def test_the_process_lives_without_its_database(app, monkeypatch):
    monkeypatch.setattr(type(db), "engine", property(lambda _self: pytest.fail("the database was asked")))
    assert asked(app, "/healthz") == (200, {"status": "live"})


def test_a_probe_gets_no_cookie_and_looks_at_no_session(app):
    device = app.test_client().enter_as("a")
    device.post("/lock", json={})
    for client in (device, app.test_client()):
        for path in ("/healthz", "/readyz", "/metrics"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers.get("Set-Cookie")) == (200, None)


def test_tables_of_another_version_are_not_ready(app):
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    status, states = checks(app)
    assert (status, states["database"]) == (503, "failed")


def test_a_database_without_tables_is_not_ready(app):
    with db.engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    assert checks(app)[1]["database"] == "failed"


def test_a_store_that_cannot_be_written_to_is_not_ready(app, tmp_path):
    store = storage.Storage(tmp_path / "documents")
    storage.use(store)
    assert checks(app)[1]["documents"] == "ok"
    assert list(store.folder.iterdir()) == []
    store.folder.rmdir()
    status, states = checks(app)
    assert (status, states["documents"]) == (503, "failed")


def test_a_store_elsewhere_that_does_not_answer_is_not_ready(app, monkeypatch):
    def away(_self, _key):
        raise storage.StorageUnavailable

    monkeypatch.setattr(storage.MemoryStorage, "exists", away)
    assert checks(app)[1]["documents"] == "failed"


def test_missing_keys_are_not_ready(app, monkeypatch):
    monkeypatch.setattr(signing.interface, "_chosen", [])
    status, states = checks(app)
    assert (status, states["signer"]) == (503, "failed")


def test_a_missing_installation_key_is_not_ready(app, monkeypatch, tmp_path):
    monkeypatch.setitem(app.config, "SIGNER", None)
    monkeypatch.setitem(app.config, "INSTALLATION_KEY", tmp_path / "key")
    assert checks(app)[1]["signer"] == "failed"
    (tmp_path / "key").write_bytes(b"k" * 32)
    assert checks(app)[1]["signer"] == "ok"


def test_a_signer_of_its_own_is_ready_while_it_listens(app, monkeypatch, near):
    monkeypatch.setitem(app.config, "SIGNER_SOCKET", str(near / "signer.sock"))
    assert checks(app)[1]["signer"] == "failed"
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(str(near / "signer.sock"))
        line.listen()
        assert checks(app)[1]["signer"] == "ok"


def test_without_redis_votes_go_on(app, monkeypatch, redis_server):
    monkeypatch.setitem(app.config, "REDIS_URL", redis_server.url)
    assert checks(app) == (200, dict.fromkeys(("database", "documents", "signer", "redis", "jobs"), "ok"))
    monkeypatch.setitem(app.config, "REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    status, told = asked(app)
    assert (status, told["status"], told["degraded"]) == (200, "ready", True)
    assert told["checks"]["redis"]["state"] == "degraded"


def test_a_job_that_waits_for_long_is_told(app):
    now = dt.datetime.now(dt.UTC)
    body_id = db.session.query(Body.id).first().id
    with own_transaction() as session:
        since = now - dt.timedelta(minutes=20)
        session.add(
            Job(body_id=body_id, name="x", payload={}, dedupe_key="x", due_at=since, created_at=since, queue="digest")
        )
    status, told = asked(app)
    assert (status, told["checks"]["jobs"]["state"]) == (200, "degraded")
    assert 1200 <= int(re.search(r"\d+", told["checks"]["jobs"]["said"])[0]) < 2400


@pytest.mark.parametrize("header", [{"X-Forwarded-For": "127.0.0.1"}, {"Forwarded": "for=::1"}, {"X-Real-IP": "::1"}])
def test_a_stranger_hears_a_word_and_no_reason(app, header):
    assert asked(app, **header) == (200, {"status": "ready"})
    answer = app.test_client().get("/readyz", environ_overrides={"REMOTE_ADDR": "198.51.100.7"})
    assert answer.json == {"status": "ready"}


def test_the_token_opens_the_reasons_from_everywhere(app, monkeypatch):
    monkeypatch.setitem(app.config, "METRICS_TOKEN", "secret-of-the-scraper")
    assert "checks" in asked(app, **FAR, Authorization="Bearer secret-of-the-scraper")[1]
    assert "checks" not in asked(app, **FAR, Authorization="Bearer another")[1]
    assert "checks" not in asked(app, **FAR, Authorization="Bearer ")[1]


def test_reasons_tell_no_host_no_path_and_no_version(app, monkeypatch, tmp_path):
    """Each condition fails, and the whole answer holds nothing of where it failed."""
    monkeypatch.setitem(app.config, "SIGNER_SOCKET", str(tmp_path / "signer.sock"))
    monkeypatch.setitem(app.config, "REDIS_URL", "redis://user:geheim@redis.example.vn:1/0")
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = app.test_client().get("/readyz").text
    for secret in (str(tmp_path), "redis.example.vn", "geheim", "0001", "signer.sock", "sqlite"):
        assert secret not in answer


@pytest.fixture
def hanging(monkeypatch):
    """The database does not answer for the length of a test; how often it was asked."""
    ended, asking = threading.Event(), []
    monkeypatch.setitem(readiness.QUESTIONS, "database", lambda: asking.append(1) or (ended.wait() and readiness.GOOD))
    yield asking
    ended.set()


def test_what_hangs_is_waited_for_two_seconds_and_asked_once(app, hanging, monkeypatch):
    monkeypatch.setattr(readiness, "PATIENCE", 0.3)
    for _ in range(3):
        began = time.monotonic()
        status, states = checks(app)
        assert (status, states["database"]) == (503, "failed")
        assert time.monotonic() - began < 60
    assert len(hanging) == 1


def test_what_hangs_hides_no_answer_of_the_others(app, hanging, monkeypatch):
    patient_with(monkeypatch, hanging=1)
    assert checks(app) == (503, {"database": "failed", "documents": "ok", "signer": "ok", "jobs": "ok"})


def test_whoever_asks_often_gets_the_answer_of_this_second(app, monkeypatch):
    monkeypatch.setattr(readiness, "KEPT", 60)
    asking = []
    monkeypatch.setitem(readiness.QUESTIONS, "jobs", lambda: asking.append(1) or readiness.GOOD)
    for _ in range(50):
        assert asked(app)[0] == 200
    assert len(asking) == 1
