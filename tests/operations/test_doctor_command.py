"""`flask doctor`: a table in two languages, JSON for programs, and an exit status that says how bad it is."""

import json
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app import doctor
from app.doctor import examination
from app.doctor.findings import error, note, ok, warning

ROOT = Path(__file__).parents[2]


def run(app, *arguments):
    return app.test_cli_runner().invoke(args=["doctor", *arguments])


@pytest.fixture
def only(monkeypatch):
    """The doctor with these checks and no other."""

    def install(*checks):
        monkeypatch.setattr(examination, "CHECKS", {f"test.{check.__name__}": check for check in checks})

    return install


def well():
    yield ok("well", "all is well")


def left_out():
    yield note("left_out", "something is left out by choice")


def odd():
    yield warning("odd", "something is odd")


def bad():
    yield error("bad", "something is bad")


def stumbles():
    yield ok("first", "the first half")
    raise RuntimeError("with a secret in it")


@pytest.mark.parametrize(
    ("checks", "status"),
    [((well,), 0), ((well, left_out), 0), ((left_out, well, odd), 1), ((bad, odd, well), 2), ((stumbles,), 2)],
)
def test_the_exit_status_says_how_bad_it_is(app, only, checks, status):
    only(*checks)
    assert run(app).exit_code == run(app, "--json").exit_code == status


def test_a_check_that_stumbles_is_a_finding_and_its_cause_stays_inside(app, only):
    only(stumbles, well)
    told = run(app, "--lang", "en").stdout
    assert "test.stumbles" in told
    assert "RuntimeError" in told
    assert "secret" not in told
    assert "all is well" in told


def test_a_check_that_hangs_is_a_finding(app, only, monkeypatch):
    monkeypatch.setattr(examination, "PATIENCE", 0.2)
    over = threading.Event()
    only(over.wait, well)
    try:
        told = run(app, "--lang", "en").stdout
    finally:
        over.set()
    assert "no answer" in told


def test_every_check_is_asked_and_its_findings_are_json(app):
    answer = run(app, "--json", "--lang", "en")
    found = json.loads(answer.stdout)
    assert {frozenset(finding) for finding in found} == {frozenset({"code", "level", "words"})}
    assert {finding["level"] for finding in found} <= {"ok", "note", "warning", "error"}
    codes = {finding["code"] for finding in found}
    assert {"secret.key", "database.revision", "database.guards", "roles", "documents", "keys.time_stamps"} <= codes
    assert not [finding for finding in found if "could not be examined" in finding["words"]]
    assert answer.exit_code == 2


def test_the_table_speaks_vietnamese_unless_it_is_asked_for_english(app):
    vietnamese, english = run(app).stdout, run(app, "--lang", "en").stdout
    assert "cảnh báo" in vietnamese
    assert "warning" in english
    assert not re.search(r"\b(the|is|are|nobody|does not)\b", vietnamese)
    counted = [re.findall(r"\d+", said.splitlines()[-1]) for said in (vietnamese, english)]
    assert counted[0] == counted[1]
    assert sum(map(int, counted[0])) > len(doctor.CHECKS) / 2, "what is not configured is passed over"


def test_no_secret_is_in_the_table(app, monkeypatch):
    for name, value in (
        ("SECRET_KEY", "bi-mat-" * 8), ("METRICS_TOKEN", "tin-hieu-mat"), ("SMS_TOKEN", "the-bai"),
        ("SMTP_URL", "smtp://web:geheim@127.0.0.1:1"), ("REDIS_URL", "redis://web:geheim@127.0.0.1:1/0"),
    ):  # fmt: skip
        monkeypatch.setitem(app.config, name, value)
    told = run(app).stdout + run(app, "--json").stdout
    for secret in ("bi-mat-", "tin-hieu-mat", "the-bai", "geheim"):
        assert secret not in told


def test_an_empty_machine_gets_one_finding_about_its_database_and_no_file(tmp_path):
    environment = {"PATH": "/usr/bin:/bin", "ECABINET_VAR": str(tmp_path), "ECABINET_SECRET_KEY": "x" * 40}
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "run", "doctor", "--json", "--lang", "en"], cwd=ROOT, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = json.loads(done.stdout)
    codes = [finding["code"] for finding in found if finding["code"].startswith(("database", "roles", "beats", "jobs"))]
    assert codes == ["database.answers", "database.kind"]
    assert done.returncode == 2
    assert not list(tmp_path.glob("*.db"))
