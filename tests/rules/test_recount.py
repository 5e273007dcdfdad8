"""The second count (rule:R45): it shares nothing with the first, and what differs is named."""

import ast
from pathlib import Path

import pytest

from app.workflows.rules import recount as module
from app.workflows.rules.canonical import canonical
from app.workflows.rules.recount import contradictions, recount
from app.workflows.rules.result import result_of
from app.workflows.rules.rulesets import RuleParameters
from tests.rules.poll_case import CLOSED_AT, PollCase


def both(case, confirmation=None):
    counted = result_of(case.definition, case.log, case.ballots, CLOSED_AT, confirmation=confirmation)
    statements = [canonical(ballot["statement"]) for ballot in case.ballots]
    return counted, recount(canonical(case.definition), statements, confirmation and canonical(confirmation))


def test_the_second_count_uses_nothing_of_the_first():
    imported = [
        node.module if isinstance(node, ast.ImportFrom) else name.name
        for node in ast.walk(ast.parse(Path(module.__file__).read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    ]
    assert [name for name in imported if name.startswith("app")] == []


@pytest.mark.parametrize(
    ("agree", "disagree", "other", "outcome"),
    [(14, 13, 0, "adopted"), (13, 13, 1, "tie_confirm"), (13, 12, 0, "not_adopted"), (0, 0, 27, "undecided"),
     (0, 0, 0, "undecided"), (27, 0, 0, "adopted"), (9, 9, 9, "tie_confirm")],
)  # fmt: skip
def test_both_counts_decide_alike(agree, disagree, other, outcome):
    counted, recounted = both(PollCase().votes(agree, disagree, other).close())
    assert (counted["outcome"], recounted["outcome"]) == (outcome, outcome)
    assert contradictions(counted, recounted) == []
    assert recounted["counts"] == {
        "agree": agree, "disagree": disagree, "other": other, "members": 27,
        "not_voting": 27 - agree - disagree - other,
    }  # fmt: skip


def test_the_last_ballot_of_a_member_stands_and_is_named_by_its_number():
    case = PollCase().vote(1, "agree").vote(2, "agree").vote(1, "disagree").close()
    counted, recounted = both(case)
    assert recounted["standing"] == [
        {"member": "M01", "ballot": 3, "choice": "disagree"}, {"member": "M02", "ballot": 2, "choice": "agree"},
    ]  # fmt: skip
    assert contradictions(counted, recounted) == []


def test_another_majority_and_a_tie_that_fails_are_counted_alike():
    case = PollCase(parameters=RuleParameters(majority_numerator=2, majority_denominator=3, tie="fails"))
    counted, recounted = both(case.votes(13, 13, 0).close())
    assert (counted["outcome"], recounted["majority"]["needed"]) == ("not_adopted", 19)
    assert contradictions(counted, recounted) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("outcome", "not_adopted"), ("agree", 13), ("threshold", 13), ("head_choice", "disagree"), ("members", 26),
     ("poll_hash", "sha256:0"), ("not_voting", 1)],
)  # fmt: skip
def test_every_difference_is_named(name, value):
    counted, recounted = both(PollCase().votes(14, 5, 0).close())
    assert contradictions({**counted, name: value}, recounted) == ["needed" if name == "threshold" else name]


def test_a_vote_that_was_counted_otherwise_is_named_by_its_member():
    counted, recounted = both(PollCase().votes(14, 5, 0).close())
    counted["votes"][3]["choice"] = "other"
    assert contradictions(counted, recounted) == ["M04"]
