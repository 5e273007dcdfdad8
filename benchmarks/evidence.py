"""Time to verify an evidence bundle with the tool for outsiders, beside nothing but its openssl processes."""

import subprocess
import sys
import tempfile
from pathlib import Path

from app.workflows.rules.ballot import poll_definition
from app.workflows.rules.calendar import iso_utc
from app.workflows.rules.canonical import digest
from benchmarks.measure import Row, alternate, seconds
from tests.evidence.bundles import OPENED, OURS, TOOL, Case, authority, person
from tests.rules.poll_case import definition_fields

MEMBERS, BALLOTS = 27, (27, 500)
ROUNDS = 3


def measure() -> list[Row]:
    return [_verification(ballots) for ballots in BALLOTS]


def _verification(ballots: int) -> Row:
    case = case_of(ballots)
    row = Row(
        f"verification of a bundle of {ballots} ballots", "s", f"{ballots} bare openssl cms -verify processes, in turn",
        "lower", None,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "evidence.zip").write_bytes(case.zip())
        commands = _bare(case, place)
        tool = [sys.executable, "-I", str(TOOL), str(place / "evidence.zip")]
        return alternate(row, lambda: seconds(lambda: _run(tool)), lambda: seconds(lambda: _all(commands)), ROUNDS)


def case_of(ballots: int) -> Case:
    """Every member votes, and changes the vote in turn until there are as many ballots."""
    fields = definition_fields(members=MEMBERS, in_room=MEMBERS, remote=0) | {"opened_at": iso_utc(OPENED)}
    for entry in fields["roll"]:
        entry["certificate_sha256"] = digest(person(entry["index"]).certificate)
    people = [person(index).certificate for index in range(1, MEMBERS + 1)]
    case = Case(poll_definition(**fields), certificates=[*people, *authority(OURS).chain()])
    for number in range(ballots):
        case.vote(number % MEMBERS + 1, "agree")
    return case


def _bare(case: Case, place: Path) -> list[list[str]]:
    """The commands by which somebody with no tool would verify each ballot."""
    chain = b""
    for der in case.certificates:
        command = ["openssl", "x509", "-inform", "DER"]
        chain += subprocess.run(command, input=der, capture_output=True, check=True).stdout
    (place / "all.pem").write_bytes(chain)
    commands = []
    for number, (statement, cms) in enumerate(case.ballots):
        (place / f"{number}.json").write_bytes(statement)
        (place / f"{number}.p7s").write_bytes(cms)
        commands.append([
            "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(place / f"{number}.p7s"), "-content",
            str(place / f"{number}.json"), "-CAfile", str(place / "all.pem"), "-purpose", "any", "-attime",
            str(int(OPENED.timestamp())), "-out", "/dev/null",
        ])  # fmt: skip
    return commands


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _all(commands: list[list[str]]) -> None:
    for command in commands:
        _run(command)
