"""A slip to 27 members is played from the shell: 16 of 27 where silence counts as agreement, 12 of 27 where not."""

import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from app import create_app
from app.demo import slip_replay
from app.demo.slip_playing import DEAR, WATCHED
from app.gateways import bundles
from app.gateways.paper import page_texts
from app.gateways.signing import Argon2Cost, software
from app.workflows.rules import slip_reminding, slip_result
from app.workflows.rules.evidence import read_bundle

KEYS = {
    "members", "agree", "disagree", "other", "deemed", "missing", "counted_for", "percent_of_all", "outcome",
    "rule_set", "legal_source", "reminders", "answers_signed", "answers_superseded", "issued_to_first_seen_s",
}  # fmt: skip
ALIKE = {
    "members": 27, "agree": 12, "disagree": 8, "other": 3, "answers_signed": 24, "answers_superseded": 1,
    # 7 were silent 24 hours before the deadline, 4 four hours before it and at its end; one of them has an aide
    "reminders": {"member": 15, "staff": 3},
}  # fmt: skip
SILENCE_AGREES = {"deemed": 4, "missing": 0, "counted_for": 16, "percent_of_all": 59.3, "outcome": "adopted"}
SILENCE_IS_NOTHING = {"deemed": 0, "missing": 4, "counted_for": 12, "percent_of_all": 44.4, "outcome": "not_adopted"}


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    """A PIN that costs nothing to try: what is tested here are the rules, not the price of a guess."""
    monkeypatch.setattr(software, "Argon2Cost", lambda: Argon2Cost(memory_kib=8, passes=1))


def said_in(pdf: Path) -> str:
    """The words of a PDF, lines joined."""
    return " ".join(" ".join(page.split()) for page in page_texts(pdf.read_bytes()))


def played(out: Path, *options: str):
    return CliRunner().invoke(slip_replay.command_for(create_app), ["--out", str(out), *options])


@pytest.mark.parametrize(
    ("code", "figures"),
    [("QC-191-2026", SILENCE_AGREES), ("QC-39-2022-L63", SILENCE_IS_NOTHING), ("QC-138-2016", SILENCE_IS_NOTHING)],
)
def test_the_same_answers_under_each_rule_set(tmp_path, code, figures):
    done = played(tmp_path, "--rule-set", code)
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "report.json").read_text())
    assert set(report) == KEYS
    assert {name: report[name] for name in {**ALIKE, **figures}} == {**ALIKE, **figures}
    assert report["rule_set"] == code
    assert report["legal_source"]
    synthesis, head = said_in(tmp_path / "synthesis.pdf"), said_in(tmp_path / "pm-report.pdf")
    assert "đã trả lời: 23; mặc nhiên đồng ý: " in synthesis
    assert (synthesis.count(DEAR), synthesis.count(WATCHED)) == (8, 3)
    assert f"{report['counted_for']}/27" in head
    assert code in head
    assert 0 <= report["issued_to_first_seen_s"] < 60
    account = bundles.examine(tmp_path / "evidence.zip", "vi")
    assert account.state == "valid", account.said
    files = read_bundle((tmp_path / "evidence.zip").read_bytes())
    result = json.loads(files["result.json"])
    assert result["questions"][0]["counted_for"] == report["counted_for"]
    assert f"{report['counted_for']}/27" in done.output
    assert sum(name.endswith(".p7s") for name in files) == 24


def test_it_is_played_anew_each_time_and_never_into_somebodys_data(tmp_path):
    database = f"sqlite:///{tmp_path / 'slip.db'}"
    assert played(tmp_path / "one", "--database", database).exit_code == 0
    again = played(tmp_path / "two", "--database", database)
    assert (again.exit_code, "Cơ sở dữ liệu đã có dữ liệu" in again.output) == (1, True)
    assert not (tmp_path / "two").exists()


def test_it_fails_when_nobody_is_reminded(tmp_path, monkeypatch):
    monkeypatch.setattr(slip_reminding, "OVERDUE_UNTIL", dt.timedelta())
    done = played(tmp_path / "out")
    assert (done.exit_code, "reminders" in done.output) == (1, True)
    assert not (tmp_path / "out").exists()


def test_it_fails_when_the_system_counts_otherwise_than_the_rules_say(tmp_path, monkeypatch):
    monkeypatch.setattr(slip_result, "threshold", lambda _members, _parameters: 20)
    done = played(tmp_path / "out")
    assert done.exit_code != 0
    assert not (tmp_path / "out").exists()
