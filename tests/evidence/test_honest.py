"""No honest bundle is called wrong, and two counts that share nothing say the same as the first one."""

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers

from app.workflows.rules.canonical import canonical
from app.workflows.rules.evidence import read_bundle
from app.workflows.rules.recount import contradictions, recount
from app.workflows.rules.result import result_of
from tests.evidence import bundles

FULL = bool(os.environ.get("ECABINET_TEST_FULL"))
BUNDLES = 200 if FULL else 24


def first_count(case):
    confirmation = next((json.loads(data) for kind, data, _cms in case.acts if kind == "tie_confirmation"), None)
    ballots = [{"statement": json.loads(data)} for data, _cms in case.ballots]
    log = case.entries()
    return result_of(case.definition, log, ballots, log[-1]["at"], confirmation=confirmation)


@given(seed=integers(0, 2**32))
@settings(max_examples=BUNDLES, deadline=None)
def test_no_honest_bundle_is_called_wrong(seed):
    """A bundle is drawn from its seed: members, choices, changes, reservations, acts, format of the definition."""
    case = bundles.honest(seed)
    account = bundles.tool.examine(case.zip())
    assert account.problems == [], [problem.said(1) for _step, problem in account.problems]
    assert [code for code, _notes, _before in account.steps][:3] == ["archive", "manifest", "poll"]
    read_bundle(case.zip())


@pytest.mark.parametrize("seed", range(2_000 if FULL else 60))
def test_the_three_counts_say_the_same(seed):
    case = bundles.honest(seed)
    if case.annulled:
        assert "result.json" not in case.files()
        return
    counted, files = first_count(case), case.files()
    confirmation = next((data for kind, data, _cms in case.acts if kind == "tie_confirmation"), None)
    recounted = recount(files["poll.json"], [data for data, _cms in case.ballots], confirmation)
    assert contradictions(counted, recounted) == []
    assert files["result.json"] == canonical(counted)  # the count of the tool
    assert files["computation.json"] == canonical(recounted)


def test_chance_brings_every_outcome_and_every_act():
    cases = [bundles.honest(seed) for seed in range(60)]
    outcomes = {first_count(case)["outcome"] for case in cases if not case.annulled}
    assert outcomes == {"adopted", "not_adopted", "tie_confirm", "undecided"}
    assert {kind for case in cases for kind, _data, _cms in case.acts} == {"tie_confirmation", "poll_annulment"}
    assert any(json.loads(data)["supersedes"] for case in cases for data, _cms in case.ballots)


@pytest.mark.parametrize("seed", range(20 if FULL else 1))
def test_everything_optional_is_examined_and_holds(seed):
    account = bundles.tool.examine(bundles.honest(seed, rich=True).zip())
    assert account.problems == [], [problem.said(1) for _step, problem in account.problems]
    empty = [code for code, notes, _before in account.steps if ("none", {}) in notes]
    assert empty in ([], ["acts"])


def test_a_whole_answer_of_the_authority_is_read_like_a_token():
    case = bundles.honest(1, members=3, rich=True)
    name = f"{case.name(1)}.tsr"
    case.extras[name] = bundles.stamp(case.ballots[0][1], token=False)
    assert bundles.tool.examine(case.zip()).problems == []
