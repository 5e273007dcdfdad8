"""The doctor looks at settings and files: each check with a sound installation and with one that is not."""

import contextlib
import datetime as dt
import http.server
import os
import socket
import threading
from types import SimpleNamespace

import pytest

from app import installation
from app.doctor import clocks, delivery, disks, documents, front, keys, secrecy
from app.extensions import db
from app.gateways import signing, storage, timestamp
from app.gateways.timestamp import Asked
from app.models import Setting
from tests.gateways.stamp_cases import Root, demo
from tests.operations.levels import levels, words
from tests.servers import free_port

GOOD_SECRET = "kJ8s0dLqPzW3mNvRtYxB7cFhG2aEoU5iT1"


@pytest.fixture
def set_to(app, monkeypatch, tmp_path):
    """Change settings of the application for this test."""
    for name in ("VAR", "KEYS", "AUTHORITY", "INSTALLATION_KEY", "STORAGE", "TRUSTED"):
        monkeypatch.setitem(app.config, name, tmp_path / name.lower())

    def change(**settings):
        for name, value in settings.items():
            monkeypatch.setitem(app.config, name, value)

    return change


# -- secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("secret", "production", "level"),
    [
        (GOOD_SECRET, True, "ok"), ("", True, "error"), ("x" * 40, True, "error"), (GOOD_SECRET[:31], True, "error"),
        ("the-secret-that-make-run-made-once-0123", True, "error"),
        ("the-secret-that-make-run-made-once-0123", False, "ok"),
    ],
)  # fmt: skip
def test_the_key_of_sessions_is_long_random_and_not_that_of_the_demo(set_to, tmp_path, secret, production, level):
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "secret_key").write_text("the-secret-that-make-run-made-once-0123\n")
    set_to(SECRET_KEY=secret, PRODUCTION=production)
    assert levels(secrecy.secret_key) == {"secret.key": level}


@pytest.mark.parametrize(("mode", "level"), [(0o600, "ok"), (0o400, "ok"), (0o640, "warning"), (0o644, "error")])
def test_a_secret_that_others_can_read_is_found(set_to, tmp_path, mode, level):
    set_to(SQLALCHEMY_DATABASE_URI="postgresql+psycopg://host/name")
    (tmp_path / "installation_key").write_bytes(b"k")
    (tmp_path / "installation_key").chmod(mode)
    (tmp_path / "keys").mkdir(mode=0o700)
    assert levels(secrecy.files) == {"secret.files": level}
    assert (str(tmp_path) in words(secrecy.files)) == (level != "ok")


def test_a_database_file_that_others_can_read_is_found(set_to, tmp_path):
    path = tmp_path / "e.db"
    path.touch(mode=0o644)
    path.chmod(0o644)
    set_to(SQLALCHEMY_DATABASE_URI=f"sqlite:///{path}")
    assert levels(secrecy.files) == {"secret.files": "error"}
    path.chmod(0o600)
    assert levels(secrecy.files) == {"secret.files": "ok"}


@pytest.mark.parametrize(
    ("demo", "marked", "production", "level"),
    [(False, False, True, "ok"), (True, True, False, "warning"), (True, False, True, "error"),
     (False, True, True, "error")],
)  # fmt: skip
def test_demo_mode_and_demo_data_are_found(set_to, demo, marked, production, level):
    if marked:
        db.session.add(Setting(name="demo", value=True))
        db.session.commit()
    set_to(DEMO=demo, PRODUCTION=production)
    assert levels(secrecy.demo) == {"demo": level}


def test_an_installation_that_does_not_say_that_it_is_a_production_is_told(set_to):
    set_to(PRODUCTION=True)
    assert levels(secrecy.production) == {"production": "ok"}
    set_to(PRODUCTION=False)
    assert levels(secrecy.production) == {"production": "warning"}


@pytest.mark.parametrize(("token", "level"), [("", "ok"), (GOOD_SECRET, "ok"), ("short", "warning")])
def test_a_short_token_of_the_figures_is_found(set_to, token, level):
    set_to(METRICS_TOKEN=token)
    assert levels(secrecy.figures) == {"secret.metrics": level}


# -- what stands in front ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "production", "level"),
    [("https://hop.chinhphu.vn", True, "ok"), ("http://hop.chinhphu.vn", True, "error"),
     ("http://127.0.0.1:8080", False, "warning"), ("https://khac.chinhphu.vn", True, "error")],
)  # fmt: skip
def test_the_public_address_is_https_and_one_of_ours(set_to, url, production, level):
    set_to(PUBLIC_URL=url, PRODUCTION=production, TRUSTED_HOSTS=["hop.chinhphu.vn", "127.0.0.1"])
    assert levels(front.public_url) == {"front.public_url": level}


@pytest.mark.parametrize(
    ("hosts", "level"),
    [(["hop.chinhphu.vn", "127.0.0.1"], "ok"), (["hop.chinhphu.vn"], "warning"), ([""], "error"),
     ([".chinhphu.vn", "127.0.0.1"], "error")],
)  # fmt: skip
def test_hosts_are_named_one_by_one(set_to, hosts, level):
    set_to(TRUSTED_HOSTS=hosts)
    assert levels(front.hosts) == {"front.hosts": level}


@pytest.mark.parametrize(
    ("setting", "value"),
    [("SESSION_COOKIE_SECURE", False), ("SESSION_COOKIE_HTTPONLY", False), ("SESSION_COOKIE_SAMESITE", None),
     ("SESSION_COOKIE_SAMESITE", "None")],
)  # fmt: skip
def test_a_cookie_without_one_of_its_flags_is_found(set_to, setting, value):
    set_to(SESSION_COOKIE_SECURE=True, PRODUCTION=True)
    assert levels(front.cookies) == {"front.cookies": "ok"}
    set_to(**{setting: value})
    assert levels(front.cookies) == {"front.cookies": "error"}


@pytest.mark.parametrize(
    ("url", "count", "level"),
    [("https://x.vn", 1, "ok"), ("https://x.vn", 0, "error"), ("https://x.vn", 2, "warning"), ("http://x", 0, "ok")],
)
def test_as_many_proxies_are_believed_as_there_are(set_to, url, count, level):
    set_to(PUBLIC_URL=url, PROXIES=count)
    assert levels(front.proxies) == {"front.proxies": level}


@contextlib.contextmanager
def a_server(answers):
    """A web server that gives these answers; yields its address and what it was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers.get("X-Forwarded-For")))
            status, body = answers[self.path]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("answers", "level"),
    [
        ({"/metrics": (404, b""), "/readyz": (200, b'{"status": "ready"}')}, "ok"),
        ({"/metrics": (200, b"figures"), "/readyz": (200, b'{"status": "ready"}')}, "error"),
        ({"/metrics": (404, b""), "/readyz": (200, b'{"checks": {}}')}, "error"),
        ({"/metrics": (404, b""), "/readyz": (503, b'{"status": "not_ready"}')}, "error"),
    ],
)  # fmt: skip
def test_what_a_stranger_hears_is_tried_with_a_forged_address(set_to, answers, level):
    with a_server(answers) as (url, asked):
        set_to(PUBLIC_URL=url, PRODUCTION=True)
        assert levels(front.from_outside) == {"front.outside": level}
    assert set(asked) == {("/metrics", "127.0.0.1"), ("/readyz", "127.0.0.1")}


def test_a_public_address_that_does_not_answer_is_told_and_a_demo_is_not_asked(set_to):
    set_to(PUBLIC_URL=f"http://127.0.0.1:{free_port()}", PRODUCTION=True)
    assert levels(front.from_outside) == {"front.outside": "warning"}
    set_to(PRODUCTION=False)
    assert levels(front.from_outside) == {}


# -- keys, documents, disks -------------------------------------------------------------------------------------------


def test_keys_in_the_process_of_the_pages_are_told(set_to, tmp_path):
    assert levels(keys.signer) == {"signer": "error"}
    (tmp_path / "installation_key").touch()
    (tmp_path / "authority").mkdir()
    assert levels(keys.signer) == {"signer": "ok"}
    set_to(PRODUCTION=True)
    assert levels(keys.signer) == {"signer": "warning"}


def test_keys_that_the_pages_could_read_are_found(set_to, tmp_path, monkeypatch):
    set_to(SIGNER_SOCKET=str(tmp_path / "s"))
    monkeypatch.setattr(keys.os, "geteuid", lambda: 0)
    assert levels(keys.out_of_reach) == {"keys.out_of_reach": "warning"}
    monkeypatch.setattr(keys.os, "geteuid", lambda: 1000)
    assert levels(keys.out_of_reach) == {"keys.out_of_reach": "ok"}
    (tmp_path / "installation_key").touch()
    assert levels(keys.out_of_reach) == {"keys.out_of_reach": "error"}
    set_to(SIGNER_SOCKET="")
    assert levels(keys.out_of_reach) == {}


@pytest.mark.parametrize(("mode", "level"), [(0o660, "ok"), (0o666, "error"), (0o661, "error")])
def test_a_socket_for_everybody_is_found(set_to, near, mode, level):
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(str(near / "s"))
        (near / "s").chmod(mode)
        set_to(SIGNER_SOCKET=str(near / "s"))
        assert levels(keys.socket_file) == {"signer.socket": level}


def test_that_nobody_stamps_the_time_is_said(app):
    assert levels(keys.time_stamps) == {"keys.time_stamps": "note"}


def test_authorities_that_only_the_signer_knows_are_told(set_to, tmp_path):
    assert levels(keys.pinned) == {}
    set_to(SIGNER_SOCKET=str(tmp_path / "s"))
    assert levels(keys.pinned) == {"keys.trusted": "warning"}
    signing.pin_authorities(tmp_path / "trusted", [b"issuing", b"root"])
    assert levels(keys.pinned) == {"keys.trusted": "ok"}


def test_a_store_that_takes_no_file_is_found(set_to, tmp_path):
    storage.use(storage.Storage(tmp_path / "documents"))
    assert levels(documents.store) == {"documents": "ok"}
    (tmp_path / "documents").rmdir()
    assert levels(documents.store) == {"documents": "error"}


@pytest.mark.parametrize(
    ("url", "endpoint", "level"),
    [("", "", "ok"), ("s3://papers", "https://store.vn", "ok"), ("s3://papers", "http://store.vn", "warning")],
)
def test_documents_that_travel_in_the_clear_are_found(set_to, url, endpoint, level):
    set_to(STORAGE_URL=url, S3_ENDPOINT=endpoint)
    assert levels(documents.place) == {"documents.place": level}


def test_every_disk_is_looked_at_once(set_to, tmp_path):
    (tmp_path / "var").mkdir()
    (tmp_path / "storage").mkdir()
    set_to(SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/var/ecabinet.db")
    assert len(list(disks.room())) == 1
    set_to(VAR=tmp_path / "nowhere", STORAGE=tmp_path / "nowhere", SQLALCHEMY_DATABASE_URI="postgresql+psycopg://h/n")
    assert list(disks.room()) == []


@pytest.mark.parametrize(
    ("free", "total", "level"),
    [(50, 100, "ok"), (9, 100, "warning"), (1.9, 4, "warning"), (2, 100, "error"), (0.4, 4, "error")],
)
def test_a_disk_that_is_filling_up_is_found(app, tmp_path, free, total, level):
    usage = SimpleNamespace(free=free * disks.GIB, total=total * disks.GIB)
    assert disks.judged(tmp_path, usage).level == level


@pytest.mark.parametrize(("hours", "level"), [(1, "ok"), (25, "ok"), (30, "warning"), (24 * 8, "error")])
def test_an_old_backup_is_found(set_to, tmp_path, now, hours, level):
    folder = tmp_path / "backups"
    set_to(BACKUPS=str(folder))
    assert levels(disks.backups) == {"backups": "error"}
    folder.mkdir()
    assert levels(disks.backups) == {"backups": "error"}
    for number, age in enumerate((hours, hours + 500)):
        at = (now - dt.timedelta(hours=age)).timestamp()
        (folder / str(number)).mkdir()
        os.utime(folder / str(number), (at, at))
    assert levels(disks.backups) == {"backups": level}


def test_that_nobody_knows_of_backups_is_said(set_to):
    set_to(BACKUPS="")
    assert levels(disks.backups) == {"backups": "warning"}


# -- clocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "answer", "level"),
    [
        ("timedatectl", "yes", "ok"), ("timedatectl", "no", "warning"),
        ("chronyc", "Reference ID    : C0000201\nLeap status     : Normal", "ok"),
        ("chronyc", "Leap status     : Not synchronised", "warning"), ("other", "yes", "warning"),
    ],
)  # fmt: skip
def test_a_clock_that_nobody_keeps_right_is_found(app, tmp_path, monkeypatch, program, answer, level):
    monkeypatch.setattr(clocks, "SECONDS", 60)
    (tmp_path / program).write_text(f"#!/bin/sh\ncat <<'X'\n{answer}\nX\n")
    (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}")
    (tmp_path / "cat").symlink_to("/bin/cat")
    assert levels(clocks.synchronised) == {"clock.synchronised": level}


def test_a_time_service_that_hangs_or_fails_keeps_no_clock_right(app, tmp_path, monkeypatch):
    monkeypatch.setattr(clocks, "SECONDS", 0.2)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    for name, script in (("timedatectl", "sleep 3; echo yes"), ("chronyc", "echo 'Leap status     : Normal'; exit 1")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    assert levels(clocks.synchronised) == {"clock.synchronised": "warning"}


@pytest.mark.parametrize(("apart", "level"), [(0.1, "ok"), (-1.9, "ok"), (2.1, "error"), (-3600, "error")])
def test_clocks_that_are_two_seconds_apart_are_found(apart, level):
    assert clocks.compared(dt.timedelta(seconds=apart)).level == level


@pytest.mark.parametrize(("apart", "level"), [(3, "ok"), (-3.4, "ok"), (3.6, "error"), (-3600, "error")])
def test_a_slow_answer_of_the_database_is_no_wrong_clock(apart, level):
    assert clocks.compared(dt.timedelta(seconds=apart), dt.timedelta(seconds=1.5)).level == level


def test_missing_data_of_time_zones_is_found(app, monkeypatch):
    assert levels(clocks.zones) == {"clock.zones": "ok"}

    def missing(name):
        raise clocks.zoneinfo.ZoneInfoNotFoundError(name)

    monkeypatch.setattr(clocks.zoneinfo, "ZoneInfo", missing)
    assert levels(clocks.zones) == {"clock.zones": "error"}


# -- mail, SMS, push --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "sender", "level"),
    [
        ("", "", "note"), ("smtp://127.0.0.1:{port}?tls=none", "hop@chinhphu.vn", "ok"),
        ("smtp://127.0.0.1:{closed}?tls=none", "hop@chinhphu.vn", "error"),
        ("smtp://127.0.0.1:{port}?tls=none", "", "error"), ("http://127.0.0.1:{port}", "hop@chinhphu.vn", "error"),
        ("smtp://mail.chinhphu.vn?tls=none", "hop@chinhphu.vn", "error"),
        ("smtp://web:geheim@127.0.0.1:{port}?tls=none", "hop@chinhphu.vn", "error"),
    ],
)  # fmt: skip
def test_a_mail_server_that_would_not_do_is_found(set_to, url, sender, level):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        set_to(SMTP_URL=url.format(port=listening.getsockname()[1], closed=free_port()), MAIL_FROM=sender)
        assert levels(delivery.mail) == {"mail": level}
        assert "geheim" not in words(delivery.mail)


@pytest.mark.parametrize(
    ("url", "token", "level"),
    [("", "", "note"), ("https://sms.vn", "t", "ok"), ("https://sms.vn", "", "error"), ("", "t", "error"),
     ("http://sms.vn", "t", "error"), ("http://127.0.0.1:9", "t", "ok")],
)  # fmt: skip
def test_half_a_setting_of_sms_is_found(set_to, url, token, level):
    set_to(SMS_URL=url, SMS_TOKEN=token)
    assert levels(delivery.sms) == {"sms": level}


@pytest.mark.parametrize(
    ("key", "subject", "level"),
    [("", "", "note"), ("there", "mailto:a@b.vn", "ok"), ("there", "", "error"), ("", "mailto:a@b.vn", "error"),
     ("there", "a@b.vn", "error"), ("gone", "mailto:a@b.vn", "error")],
)  # fmt: skip
def test_half_a_setting_of_push_is_found(set_to, tmp_path, key, subject, level):
    (tmp_path / "there").touch()
    set_to(VAPID_KEY=str(tmp_path / key) if key else "", VAPID_SUBJECT=subject)
    assert levels(delivery.push) == {"push": level}


def test_who_stamps_the_time_is_asked_for_a_stamp(app, set_to, monkeypatch):
    now = dt.datetime.now(dt.UTC)
    root = Root.make(now)
    authority = demo(root, now)
    try:
        timestamp.use(Asked(authority.answer, (root.certificate,)), (root.certificate,))
        assert levels(keys.time_stamps) == {"keys.time_stamps": "note"}  # the demo's own
        set_to(TSA_URL="http://tsa.example/")
        assert levels(keys.time_stamps) == {"keys.time_stamps": "ok"}
        an_hour_ago = Asked(lambda query, at: authority.answer(query, at - dt.timedelta(hours=1)), (root.certificate,))
        timestamp.use(an_hour_ago)
        assert levels(keys.time_stamps) == {"keys.time_stamps": "warning"}
        monkeypatch.setitem(app.extensions, installation.UNSOUND_STAMPER, "no file")
        assert levels(keys.time_stamps) == {"keys.time_stamps": "error"}
    finally:
        timestamp.use(None)
