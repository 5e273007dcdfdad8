"""The law of the day is data, and exactly one rule set is in force."""

import datetime as dt
from dataclasses import replace

import pytest

from app.workflows.rules.quorum import quorum
from app.workflows.rules.rulesets import (
    GOVERNMENT_RULE_SETS,
    PROVINCE_RULE_SETS,
    RuleParameters,
    applicable,
)
from app.workflows.rules.tally import Tally, Verdict, decide, threshold

STORED = {
    "quorum_numerator": 2,
    "quorum_denominator": 3,
    "majority_numerator": 1,
    "majority_denominator": 2,
    "tie": "head",
    "remote_counts_as_present": True,
    "vote_change_allowed": True,
    "substitute_votes": False,
    "papers_working_days": 5,
}


def test_stored_parameters_come_back_as_they_were():
    assert RuleParameters.parse(STORED).as_dict() == STORED
    assert RuleParameters.parse(STORED) == RuleParameters()


@pytest.mark.parametrize("name", STORED)
def test_a_missing_parameter_is_named(name):
    with pytest.raises(ValueError, match=f"missing rule parameters: {name}$"):
        RuleParameters.parse({key: value for key, value in STORED.items() if key != name})


def test_an_unknown_parameter_is_named():
    with pytest.raises(ValueError, match=r"unknown rule parameters: veto$"):
        RuleParameters.parse({**STORED, "veto": True})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("quorum_numerator", 0),
        ("quorum_numerator", 4),
        ("quorum_numerator", 2.0),
        ("quorum_numerator", "2"),
        ("quorum_numerator", True),
        ("quorum_denominator", 0),
        ("quorum_denominator", 366),
        ("majority_numerator", 2),
        ("majority_denominator", 1),
        ("majority_denominator", 3),
        ("majority_denominator", 0.5),
        ("tie", "chair"),
        ("tie", None),
        ("remote_counts_as_present", 1),
        ("vote_change_allowed", "true"),
        ("substitute_votes", True),
        ("papers_working_days", -1),
        ("papers_working_days", 2.5),
    ],
)
def test_an_odd_parameter_is_refused(name, value):
    with pytest.raises(ValueError, match=r"must|cannot|never"):
        RuleParameters.parse({**STORED, name: value})


def test_substitutes_cannot_be_given_a_vote_by_configuration():
    """rule:R6"""
    with pytest.raises(ValueError, match="a substitute speaks and never votes"):
        replace(RuleParameters(), substitute_votes=True)


@pytest.mark.parametrize(("numerator", "denominator"), [(1, 2), (2, 3), (3, 4), (2, 4), (364, 365)])
def test_half_and_more_of_all_members_may_be_required(numerator, denominator):
    parameters = replace(RuleParameters(), majority_numerator=numerator, majority_denominator=denominator)
    assert threshold(365, parameters) <= 365


def test_papers_may_come_on_the_day_itself_where_the_rule_set_says_so():
    assert RuleParameters.parse({**STORED, "papers_working_days": 0}).papers_working_days == 0


def test_a_quorum_of_all_members_is_possible():
    assert quorum(27, replace(RuleParameters(), quorum_numerator=3)) == 27


@pytest.mark.parametrize(
    ("on", "code"),
    [
        ("2016-10-01", "QC-138-2016"),
        ("2019-06-24", "QC-138-2016"),
        ("2022-07-31", "QC-138-2016"),
        ("2022-08-01", "QC-39-2022"),
        ("2025-02-28", "QC-39-2022"),
        ("2025-03-01", "QC-39-2022-L63"),
        ("2026-05-28", "QC-39-2022-L63"),
        ("2026-05-29", "QC-191-2026"),
        ("2040-01-01", "QC-191-2026"),
    ],
)
def test_the_rule_set_of_the_day_begins_on_its_first_and_ends_before_its_last_date(on, code):
    assert applicable(GOVERNMENT_RULE_SETS, "meeting", dt.date.fromisoformat(on)).code == code


def test_no_rule_set_and_two_rule_sets_are_errors_and_never_guesses():
    with pytest.raises(LookupError, match="0 rule sets"):
        applicable(GOVERNMENT_RULE_SETS, "meeting", dt.date(2016, 9, 30))
    with pytest.raises(LookupError, match="0 rule sets"):
        applicable(GOVERNMENT_RULE_SETS, "decree", dt.date(2019, 6, 24))
    with pytest.raises(LookupError, match="2 rule sets"):
        applicable([*GOVERNMENT_RULE_SETS, GOVERNMENT_RULE_SETS[0]], "meeting", dt.date(2019, 6, 24))


def test_what_is_known_second_hand_is_marked_as_unconfirmed():
    rows = (*GOVERNMENT_RULE_SETS, *PROVINCE_RULE_SETS)
    marks = {row.code: row.confirmed for row in rows if row.procedure == "meeting"}
    assert [row.code for row in rows if row.procedure == "slip" and row.confirmed] == []
    assert marks == {
        "QC-138-2016": True,
        "QC-39-2022": True,
        "QC-39-2022-L63": False,
        "QC-191-2026": False,
        "UBND-2025": False,
    }


def test_every_preset_cites_its_law_and_fits_its_column():
    for row in (*GOVERNMENT_RULE_SETS, *PROVINCE_RULE_SETS):
        assert "Luật" in row.legal_source_vi
        assert len(row.code) <= 40
        assert row.valid_to is None or row.valid_from < row.valid_to


def test_a_province_decides_like_the_government_with_its_chairman_as_head():
    """rule:R19"""
    parameters = applicable(PROVINCE_RULE_SETS, "meeting", dt.date(2025, 7, 1)).parameters
    assert (quorum(25, parameters), threshold(25, parameters)) == (17, 13)
    assert decide(Tally(26, 13, 13, 0), "disagree", parameters) is Verdict.TIE_CONFIRM


def test_every_rule_set_for_meetings_has_one_for_slips_of_the_same_days():
    for rows in (GOVERNMENT_RULE_SETS, PROVINCE_RULE_SETS):
        periods = {
            procedure: [(row.code, row.valid_from, row.valid_to) for row in rows if row.procedure == procedure]
            for procedure in ("meeting", "slip")
        }
        assert periods["meeting"] == periods["slip"]


@pytest.mark.parametrize(
    ("on", "silence"),
    [("2019-06-24", "nothing"), ("2024-01-02", "nothing"), ("2026-05-28", "nothing"), ("2026-05-29", "agree")],
)
def test_silence_counts_as_agreement_under_the_regulations_of_2026_alone(on, silence):
    """rule:R60"""
    found = applicable(GOVERNMENT_RULE_SETS, "slip", dt.date.fromisoformat(on))
    assert (found.parameters.silence, found.parameters.deemed) == (silence, silence == "agree")
    assert applicable(PROVINCE_RULE_SETS, "slip", dt.date(2026, 7, 1)).parameters.deemed is False
