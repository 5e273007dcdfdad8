"""More than half of all members, and what a tie becomes (rule:R1, rule:R2)."""

from dataclasses import replace

import pytest

from app.workflows.rules.rulesets import RuleParameters
from app.workflows.rules.tally import (
    Tally,
    Verdict,
    after_confirmation,
    decide,
    percent_of_all,
    percent_vi,
    threshold,
)

ADOPTED, NOT_ADOPTED, TIE_CONFIRM, UNDECIDED = Verdict
LAW = RuleParameters()


@pytest.mark.parametrize(
    ("members", "agree", "disagree", "other", "head", "verdict"),
    [
        (27, 25, 0, 0, "agree", ADOPTED),
        (27, 14, 13, 0, "disagree", ADOPTED),
        (27, 13, 14, 0, "agree", NOT_ADOPTED),
        (27, 13, 13, 1, "agree", TIE_CONFIRM),
        (27, 13, 13, 1, "disagree", TIE_CONFIRM),
        (27, 13, 13, 1, "other", UNDECIDED),
        (27, 13, 13, 0, None, UNDECIDED),
        (27, 13, 10, 4, "agree", NOT_ADOPTED),
        (27, 13, 12, 0, "agree", NOT_ADOPTED),
        (27, 12, 13, 0, "disagree", NOT_ADOPTED),
        (27, 9, 9, 0, "agree", TIE_CONFIRM),
        (27, 14, 0, 0, None, ADOPTED),
        (26, 13, 13, 0, "agree", TIE_CONFIRM),
        (26, 14, 12, 0, "disagree", ADOPTED),
        (26, 13, 0, 13, "agree", NOT_ADOPTED),
        (25, 13, 12, 0, "disagree", ADOPTED),
        (25, 12, 12, 1, "disagree", TIE_CONFIRM),
        (27, 0, 0, 27, "other", UNDECIDED),
        (27, 0, 0, 0, None, UNDECIDED),
    ],
)
def test_the_boundary_cases_of_bodies_of_25_to_27_members(members, agree, disagree, other, head, verdict):
    assert decide(Tally(members, agree, disagree, other), head, LAW) is verdict


@pytest.mark.parametrize("members", range(1, 31))
def test_the_majority_begins_above_half_of_all_members(members):
    """rule:R1"""
    enough = threshold(members, LAW)
    assert 2 * enough > members >= 2 * (enough - 1)
    assert decide(Tally(members, enough, members - enough, 0), "disagree", LAW) is ADOPTED
    assert decide(Tally(members, enough - 1, members - enough + 1, 0), "agree", LAW) is not ADOPTED


@pytest.mark.parametrize("members", range(1, 31))
def test_every_possible_count_of_a_small_body_has_the_verdict_of_the_law(members):
    """rule:R1 and rule:R2 said once more, in another way than the code."""
    for agree in range(members + 1):
        for disagree in range(members - agree + 1):
            for other in {0, members - agree - disagree}:
                for head in ("agree", "disagree", "other", None):
                    if agree > members - agree:
                        expected = ADOPTED
                    elif agree > disagree or disagree > agree:
                        expected = NOT_ADOPTED
                    else:
                        expected = UNDECIDED if head in ("other", None) else TIE_CONFIRM
                    assert decide(Tally(members, agree, disagree, other), head, LAW) is expected


def test_a_tie_follows_the_ballot_of_the_head():
    """rule:R2"""
    assert decide(Tally(27, 13, 13, 1), "agree", LAW) is TIE_CONFIRM
    assert after_confirmation("agree") is ADOPTED
    assert after_confirmation("disagree") is NOT_ADOPTED


@pytest.mark.parametrize("choice", ["other", None, "yes"])
def test_a_head_who_took_no_side_can_confirm_nothing(choice):
    with pytest.raises(ValueError, match="for or against"):
        after_confirmation(choice)


@pytest.mark.parametrize("head", ["agree", "disagree", "other", None])
def test_where_the_rule_set_says_so_a_tie_fails(head):
    assert decide(Tally(26, 13, 13, 0), head, replace(LAW, tie="fails")) is NOT_ADOPTED
    assert decide(Tally(26, 14, 12, 0), head, replace(LAW, tie="fails")) is ADOPTED


@pytest.mark.parametrize(("members", "enough"), [(9, 7), (10, 7), (27, 19)])
def test_a_larger_majority_is_only_data(members, enough):
    two_thirds = replace(LAW, majority_numerator=2, majority_denominator=3)
    assert threshold(members, two_thirds) == enough
    assert decide(Tally(members, enough, 0, 0), None, two_thirds) is ADOPTED
    assert decide(Tally(members, enough - 1, 0, 0), None, two_thirds) is NOT_ADOPTED


def test_choices_are_counted_and_the_rest_did_not_vote():
    tally = Tally.of(["agree", "other", "agree", "disagree"], members=7)
    assert tally == Tally(7, 2, 1, 1)
    assert tally.not_voting == 3


def test_an_unknown_choice_is_refused_and_not_ignored():
    with pytest.raises(ValueError, match="unknown choices: abstain"):
        Tally.of(["agree", "abstain"], members=7)
    with pytest.raises(ValueError, match="unknown choice of the head: yes"):
        decide(Tally(7, 1, 1, 0), "yes", LAW)


def test_more_ballots_than_members_and_negative_counts_are_refused():
    assert Tally(3, 1, 1, 1).not_voting == 0
    with pytest.raises(ValueError, match="more ballots"):
        Tally(3, 2, 1, 1)
    for numbers in [(0, 0, 0, 0), (3, -1, 0, 0), (3, 0, -1, 0), (3, 0, 0, -1)]:
        with pytest.raises(ValueError, match="a body has members"):
            Tally(*numbers)


def test_a_body_without_members_has_no_threshold():
    assert threshold(1, LAW) == 1
    with pytest.raises(ValueError, match="a body has members"):
        threshold(0, LAW)


@pytest.mark.parametrize(
    ("agree", "members", "percent", "vietnamese"),
    [
        (25, 27, "92.6", "92,6%"),
        (27, 27, "100.0", "100%"),
        (1, 1, "100.0", "100%"),
        (0, 27, "0.0", "0%"),
        (13, 26, "50.0", "50%"),
        (14, 27, "51.9", "51,9%"),
        (13, 27, "48.1", "48,1%"),
        (1, 16, "6.3", "6,3%"),  # 6.25 rounds half up
        (3, 16, "18.8", "18,8%"),  # 18.75
        (1, 3, "33.3", "33,3%"),
        (2, 3, "66.7", "66,7%"),
        (1, 8, "12.5", "12,5%"),
        (999, 1000, "99.9", "99,9%"),
    ],
)
def test_the_share_is_of_all_members_with_one_decimal_rounded_half_up(agree, members, percent, vietnamese):
    assert percent_of_all(agree, members) == percent
    assert percent_vi(agree, members) == vietnamese


@pytest.mark.parametrize(("agree", "members"), [(1, 0), (-1, 27), (28, 27)])
def test_an_impossible_share_is_refused(agree, members):
    with pytest.raises(ValueError, match="a share needs members"):
        percent_of_all(agree, members)
