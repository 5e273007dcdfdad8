"""HOW-TO-VERIFY.md: every command of it is run, says nothing against an honest bundle, and stops at a forged one."""

import json
import re

import pytest

from app.gateways.signing import sign_detached
from app.workflows.evidence import GUIDE
from tests.evidence import bundles
from tests.evidence.bundles import OPENED, honest, person
from tests.evidence.examination import Guide

VOTE_GUIDE = Guide(GUIDE, bundles.packed)
SUMS, POLL, SIGNATURES, LOG, COUNT, STAMPS, CHECKPOINT = range(7)


@pytest.fixture(scope="module")
def case():
    found = honest(2, members=5, rich=True)
    found.extras[f"{found.name(1)}.tsr"] = bundles.stamp(found.ballots[0][1], token=False)  # both forms
    return found


def run(number, folder):
    return VOTE_GUIDE.run(number, folder, before=(SIGNATURES,) if number == STAMPS else ())


def test_there_is_a_block_for_each_part_of_the_bundle():
    assert len(VOTE_GUIDE.blocks) == CHECKPOINT + 1
    text = GUIDE.read_text()
    assert re.findall(r"^### (\d)\. .+ – .+$", text, re.MULTILINE) == [str(number) for number in range(1, 8)]


def test_every_command_runs_and_finds_an_honest_bundle_right(case, tmp_path):
    folder = VOTE_GUIDE.unpacked(case.files(), tmp_path)
    result, said = json.loads(case.files()["result.json"]), {}
    for number in range(len(VOTE_GUIDE.blocks)):
        status, said[number] = run(number, folder)
        assert status == 0, (VOTE_GUIDE.blocks[number], said[number])
    assert f"log: {result['log']['root']}" in said[LOG]
    counts = {line.split('"')[3]: int(line.split()[0]) for line in said[COUNT].splitlines()}
    assert counts == {name: result[name] for name in ("agree", "disagree", "other") if result[name]}
    assert "Signature Verified Successfully" in said[CHECKPOINT]


def test_a_vote_without_ballots_and_proofs_is_no_stumbling_block(tmp_path):
    empty = honest(1, members=3)
    empty = empty.but(ballots=[], acts=[], annulled=False)
    folder = VOTE_GUIDE.unpacked(empty.files(), tmp_path)
    for number in (SUMS, POLL, SIGNATURES, LOG, STAMPS, CHECKPOINT):
        assert run(number, folder)[0] == 0, VOTE_GUIDE.blocks[number]


def test_each_command_stops_at_what_is_wrong(case, tmp_path):
    files = case.files()
    ballot, member = f"{case.name(1)}.json", json.loads(case.ballots[0][0])["roll_index"]
    other = person(member % 5 + 1)
    foreign = sign_detached(other.key, other.certificate, case.ballots[0][0], OPENED)
    wrong = {
        POLL: {**files, "poll.json": files["poll.json"].replace(b'"question":"', b'"question":"x')},
        SIGNATURES: {**files, f"{case.name(1)}.p7s": foreign},
        LOG: {**files, "log.json": files["log.json"].replace(b'"member":"M01"', b'"member":"M02"', 1)},
        STAMPS: {**files, f"{case.name(1)}.tsr": files[f"{case.name(2)}.tsr"]},
        CHECKPOINT: {**files, "checkpoint.txt": files["checkpoint.txt"].replace(b"\n11\n", b"\n12\n")},
    }
    for number, changed in wrong.items():
        folder = VOTE_GUIDE.unpacked(changed, tmp_path / str(number))
        assert run(number, folder)[0] != 0, VOTE_GUIDE.blocks[number]
    folder = VOTE_GUIDE.unpacked(files, tmp_path)
    (folder / ballot).write_bytes(b"{}")
    assert run(SUMS, folder)[0] != 0
