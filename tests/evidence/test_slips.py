"""Bundles of slips: honest ones are found right, and whatever is changed in one is found and named."""

from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.gateways.signing import sign_detached
from app.workflows.slip_evidence import GUIDE
from tests.evidence import bundles, slip_bundles
from tests.evidence.bundles import OPENED, person
from tests.evidence.examination import CASES, FULL, PLACES, Guide, assert_named, problems
from tests.evidence.slip_tampering import CLASSES

SLIP_GUIDE = Guide(GUIDE, slip_bundles.packed)
SUMS, SLIP, SIGNATURES, LOG, COUNT, SILENCE, STAMPS, CHECKPOINT = range(8)


@cache
def case(number):
    """Honest slips with every optional file, of four to seven members."""
    return slip_bundles.honest(9_000 + number, members=4 + number, rich=True)


def test_there_are_at_least_sixty_classes_and_their_cases_are_honest():
    assert len(CLASSES) >= 60
    for number in range(CASES):
        assert [(step, each.said(1)) for step, each in problems(case(number).zip())] == []


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("place", PLACES)
def test_tampering_is_found_and_named(name, place):
    tamper, codes = CLASSES[name]
    assert_named(tamper(case(place % 4), place), codes)


@settings(max_examples=200 if FULL else 12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.integers(0, 10**6))
def test_no_false_alarm_on_honest_slips(seed):
    assert [(step, each.said(1)) for step, each in problems(slip_bundles.honest(seed).zip())] == []


def test_a_newer_bundle_extends_an_older_one():
    older = case(0).but(extras={})
    assert problems((case(0).zip(), {"older": older.zip()})) == []
    assert problems((older.zip(), {"older": case(0).zip()})) != []


def run(number, folder):
    return SLIP_GUIDE.run(number, folder, before=(SIGNATURES,) if number == STAMPS else ())


def test_every_command_of_the_guide_runs_and_finds_an_honest_bundle_right(tmp_path):
    folder = SLIP_GUIDE.unpacked(case(0).files(), tmp_path)
    said = {}
    for number in range(CHECKPOINT + 1):
        status, said[number] = run(number, folder)
        assert status == 0, (SLIP_GUIDE.blocks[number], said[number])
    assert len(SLIP_GUIDE.blocks) == CHECKPOINT + 1
    assert f"log: {bundles.log_of(case(0).entries())['root']}" in said[LOG]
    assert f"deemed: {' '.join(case(0).silent())}" in said[SILENCE]
    assert "Signature Verified Successfully" in said[CHECKPOINT]


def test_each_command_of_the_guide_stops_at_what_is_wrong(tmp_path):
    files, name = case(0).files(), case(0).name(1)
    index = int(name[-2:])
    other = person(index % 4 + 1)
    foreign = sign_detached(other.key, other.certificate, case(0).answers[0][0], OPENED)
    wrong = {
        SLIP: {**files, "slip.json": files["slip.json"].replace(b'"matter":"', b'"matter":"x')},
        SIGNATURES: {**files, f"{name}.p7s": foreign},
        LOG: {**files, "log.json": files["log.json"].replace(b'"kind":"answer"', b'"kind":"Answer"', 1)},
        SILENCE: {**files, "slip.json": files["slip.json"].replace(b'"silence":"agree"', b'"silence":"nothing"')},
        STAMPS: {**files, f"{name}.tsr": files[f"{case(0).name(2)}.tsr"]},
        CHECKPOINT: {**files, "checkpoint.txt": files["checkpoint.txt"].replace(b"\n11\n", b"\n12\n")},
    }
    for number, changed in wrong.items():
        assert run(number, SLIP_GUIDE.unpacked(changed, tmp_path / str(number)))[0] != 0, SLIP_GUIDE.blocks[number]
    folder = SLIP_GUIDE.unpacked(files, tmp_path)
    (folder / f"{name}.json").write_bytes(b"{}")
    assert run(SUMS, folder)[0] != 0
