"""The session of 24/06/2019 is held again from the shell, and every case of the rules comes out as the law says."""

import datetime as dt
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from app import create_app
from app.demo import replay
from app.demo.cases import CASES, FIRST
from app.extensions import db
from app.gateways.signing import Argon2Cost, software
from app.models import Meeting
from app.workflows import (
    attendance,
    ballots,
    counting,
    issuing,
    poll_acts,
    polls,
    resolution_sources,
    resolutions,
    verification,
)
from app.workflows.rules import result as result_rules
from app.workflows.rules.evidence import read_bundle
from app.workflows.rules.result import public_view
from app.workflows.rules.tally import Verdict
from tests.cabinet import PIN
from tests.gateways.signing_cases import openssl_accepts
from tests.gateways.test_paper_tally import reread

ROOT = Path(__file__).parents[2]
KEYS = {
    "members", "in_room", "remote", "agree", "disagree", "other", "not_voting", "percent_of_all", "outcome", "rule_set",
    "steps", "open_to_close_s", "close_to_published_s", "number", "vote_closed_to_signed_s",
    "vote_closed_to_promulgated_s", "verdict",
}  # fmt: skip
DURATIONS = {"open_to_close_s", "close_to_published_s", "vote_closed_to_signed_s", "vote_closed_to_promulgated_s"}
VALID = {
    "state": "valid",
    "signers": [
        {"role": "signature", "name": "Trần Bách Tùng", "post": "Thủ tướng Chính phủ"},
        {"role": "seal", "name": "Chính phủ", "post": "Chính phủ"},
    ],
}
NOTHING = {"number": None, "vote_closed_to_signed_s": None, "vote_closed_to_promulgated_s": None, "verdict": None}
SESSION_DAY = dt.datetime(2019, 6, 24, 2, 10, tzinfo=dt.UTC)


@pytest.fixture
def cheap(monkeypatch):
    """A PIN that costs nothing to try: what is tested here are the rules, not the price of a guess."""
    monkeypatch.setattr(software, "Argon2Cost", lambda: Argon2Cost(memory_kib=8, passes=1))


def played(case: str, out: Path, *options: str):
    return CliRunner().invoke(replay.command_for(create_app), ["--out", str(out), "--case", case, *options])


def test_the_command_replays_the_first_session_from_a_bare_shell(tmp_path):
    flask = Path(sys.executable).parent / "flask"
    command = [flask, "replay", "--out", tmp_path / "out"]
    done = subprocess.run(
        command, cwd=ROOT, env={"PATH": "/usr/bin:/bin", "ECABINET_VAR": str(tmp_path / "var")}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "25/27 thành viên Chính phủ tán thành (đạt 92,6% tổng số thành viên)" in done.stdout
    assert not (tmp_path / "var/ecabinet.db").exists()
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert set(report) == KEYS
    assert {name: report[name] for name in KEYS - DURATIONS - {"steps"}} == {
        "members": 27, "in_room": 21, "remote": 4, "agree": 25, "disagree": 0, "other": 0, "not_voting": 2,
        "percent_of_all": 92.6, "outcome": "adopted", "rule_set": "QC-138-2016", "number": "01/NQ-CP",
        "verdict": VALID,
    }  # fmt: skip
    check_times(report)
    check_files(tmp_path / "out", tmp_path)
    check_resolution(tmp_path / "out")


def check_times(report: dict) -> None:
    """Steps in order on the day of the session; durations of the machine, not of that day."""
    steps = report["steps"]
    assert [set(step) for step in steps] == [{"name", "at", "seconds"}] * len(steps)
    moments = [dt.datetime.fromisoformat(step["at"]) for step in steps]
    assert moments == sorted(moments)
    assert moments[0] == dt.datetime(2019, 6, 24, 8, 0, tzinfo=dt.timezone(dt.timedelta(hours=7)))
    assert {moment.date() for moment in moments} == {dt.date(2019, 6, 24)}
    names = [step["name"] for step in steps]
    assert names.index("open_vote") < names.index("cast_ballots") < names.index("close_vote")
    casting = steps[names.index("cast_ballots")]["seconds"]
    assert 0 < casting <= report["open_to_close_s"] < 300
    assert 0 <= report["close_to_published_s"] < 60
    made = [names.index(f"{act}_resolution") for act in ("draft", "present", "sign", "seal", "promulgate")]
    assert made == sorted(made)
    assert names.index("sign_resolution") < names.index("allot_number") < names.index("seal_resolution")
    signed, promulgated = report["vote_closed_to_signed_s"], report["vote_closed_to_promulgated_s"]
    assert report["close_to_published_s"] < signed < promulgated < 60


def check_files(out: Path, scratch: Path) -> None:
    """Every ballot is verified by OpenSSL, and the record says what the result in the bundle says."""
    files = read_bundle((out / "evidence.zip").read_bytes())
    authorities = (out / "authority.pem").read_bytes()
    ballots = [name for name in files if name.startswith("ballots/") and name.endswith(".json")]
    assert len(ballots) == 25
    for name in ballots:
        cms = files[name.removesuffix("json") + "p7s"]
        accepted, said = openssl_accepts(scratch, cms, files[name], authorities, SESSION_DAY)
        assert accepted, said
    result = json.loads(files["result.json"])
    read = reread((out / "tally.pdf").read_bytes(), scratch)
    assert read["counts"] == [("25", "27", "92,6"), ("0", "27", "0,0"), ("0", "27", "0,0"), ("2", "27", "7,4")]
    assert read["attendance"] == (27, 25, 21, 4, 18)
    assert result["sentence"] in read["text"]
    assert len(read["rows"]) == 27
    assert sum(row["place"] == "Từ xa" for row in read["rows"]) == 4
    assert public_view(result) == result


def check_resolution(out: Path) -> None:
    """The document is the one of the evidence; poppler and OpenSSL find both signatures good, as README.md says."""
    document = out / "resolution.pdf"
    files = read_bundle((out / "evidence.zip").read_bytes())
    assert files["resolution/resolution.pdf"] == document.read_bytes()
    text = shell(f"pdftotext -layout {document} -", out)
    for words in ("Số: 01/NQ-CP", "Hà Nội, ngày 24 tháng 6 năm 2019", "NGHỊ QUYẾT", "TM. CHÍNH PHỦ", "Trần Bách Tùng"):
        assert words in text
    said = shell(f"pdfsig {document}", out).partition("Signature #2:")
    assert [part.count("Signature is Valid.") for part in said] == [1, 0, 1]
    assert ["Not total document signed" in part for part in said] == [True, False, False]
    assert "Total document signed" in said[2]
    for command in blocks_of_readme("pdfsig -dump"):
        assert "CMS Verification successful" in shell(command, out)


def blocks_of_readme(marked: str) -> list[str]:
    """The shell lines of README.md that hold these words."""
    told = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    found = [block for block in told if marked in block]
    assert found
    return found


def shell(command: str, folder: Path) -> str:
    done = subprocess.run(
        ["/bin/sh", "-ec", command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("case", [case for case in CASES if case != FIRST])
def test_every_other_case_comes_out_as_the_rules_say(cheap, tmp_path, case):
    done = played(case, tmp_path)
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "report.json").read_text())
    assert set(report) == KEYS
    assert {name: report[name] for name in CASES[case].figures} == CASES[case].figures
    result = json.loads(read_bundle((tmp_path / "evidence.zip").read_bytes())["result.json"])
    assert result["outcome"] == report["outcome"]
    assert (tmp_path / "tally.pdf").read_bytes().startswith(b"%PDF")
    adopted = report["outcome"] == "adopted"
    assert (tmp_path / "resolution.pdf").exists() == adopted
    if adopted:
        assert (report["verdict"], report["number"][2:]) == (VALID, "/NQ-CP")
        assert f"Nghị quyết số {report['number']}" in done.output
    else:
        assert {name: report[name] for name in NOTHING} == NOTHING
        assert "Không có Nghị quyết" in done.output


def test_numbers_are_given_without_gap_or_double_on_postgresql(cheap, tmp_path, postgres_server):
    postgres_server.create_database("ecab_race")
    done = played("number-race", tmp_path, "--database", postgres_server.url("ecab_race", "ecab_owner"))
    assert done.exit_code == 0, done.output
    steps = [step["name"] for step in json.loads((tmp_path / "report.json").read_text())["steps"]]
    assert "number_race" in steps


def test_the_session_is_the_same_on_postgresql(cheap, tmp_path, postgres_server):
    postgres_server.create_database("ecab_replay")
    address = postgres_server.url("ecab_replay", "ecab_owner")
    done = played(FIRST, tmp_path, "--database", address)
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "report.json").read_text())
    assert {name: report[name] for name in CASES[FIRST].figures} == CASES[FIRST].figures
    again = played(FIRST, tmp_path, "--database", address)
    assert (again.exit_code, "chỉ phát lại trên cơ sở dữ liệu trống" in again.output) == (1, True)


def loses_everything(*_args):
    return Verdict.NOT_ADOPTED


def counts_more_for_than_against(tally, _head_choice, _parameters):
    return Verdict.ADOPTED if tally.agree > tally.disagree else Verdict.NOT_ADOPTED


def asks_nobody(*_args):
    return Verdict.ADOPTED


def never_refuses(*_args, **_kwargs):
    return None


def counts_everybody_who_sits(meeting):
    present = [seat for seat in meeting.seats if seat.presence.value == "in_room"]
    return polls.quorum_rule.Presence(27, len(present), 0)


def accepts_any_pin(self, key_ref, _pin, digest, real=software.SoftwareSigner.sign_document):
    return real(self, key_ref, PIN, digest)


BREACHES = [
    (FIRST, result_rules, "decide", loses_everything, "kết luận"),
    ("not-adopted", result_rules, "decide", counts_more_for_than_against, "không quá nửa"),
    ("tie-head-agrees", result_rules, "decide", asks_nobody, "ngang nhau"),
    ("tie-head-other", result_rules, "decide", counts_more_for_than_against, "ngang nhau"),
    ("no-quorum", polls.quorum_rule, "quorum_reached", lambda *_args: True, "khai mạc khi không đủ"),
    ("substitute", polls, "presence_of", counts_everybody_who_sits, "người dự thay"),
    ("change-of-vote", (ballots, counting), "require_open", never_refuses, "sau khi đóng biểu quyết"),
    ("annulled", (ballots, counting), "require_open", never_refuses, "lần biểu quyết đã hủy"),
    ("not-adopted", resolution_sources, "require_vote", never_refuses, "lần biểu quyết đã hủy"),
    ("altered-after-vote", resolutions, "differs", lambda _version: False, "mà không nêu lý do"),
    ("number-race", issuing.numbering, "full_number", lambda *_args: "01/NQ-CP", "cấp cùng một lúc"),
    ("seal-fails", software.SoftwareSigner, "sign_document", accepts_any_pin, "khi mã PIN sai"),
    (FIRST, verification, "expected_of", lambda _resolution: (), "kết quả xác minh"),
]


@pytest.mark.parametrize(("case", "where", "rule", "broken", "said"), BREACHES, ids=[row[0] for row in BREACHES])
def test_a_broken_rule_is_noticed_and_said(cheap, monkeypatch, tmp_path, case, where, rule, broken, said):
    for place in where if isinstance(where, tuple) else (where,):
        monkeypatch.setattr(place, rule, broken)
    done = played(case, tmp_path / "out")
    assert done.exit_code == 1
    assert said in done.output
    assert not (tmp_path / "out").exists()


def test_a_right_step_that_is_refused_is_a_failure_too(cheap, monkeypatch, tmp_path):
    def refuse(meeting_id, _member_id):
        raise poll_acts.NoTie(db.session.get_one(Meeting, meeting_id))

    monkeypatch.setattr(attendance, "standing_absence", refuse)
    done = played(FIRST, tmp_path / "out")
    assert done.exit_code == 1
    assert "Hệ thống từ chối một bước đúng quy định" in done.output
    assert "no_tie" in done.output
