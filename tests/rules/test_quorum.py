"""How many members make a meeting (rule:R3)."""

from dataclasses import replace

import pytest

from app.workflows.rules.quorum import Presence, quorum, quorum_reached
from app.workflows.rules.rulesets import RuleParameters

LAW = RuleParameters()
ROOM_ONLY = replace(LAW, remote_counts_as_present=False)


@pytest.mark.parametrize(
    ("members", "needed"),
    [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4), (9, 6), (10, 7), (24, 16), (25, 17), (26, 18), (27, 18), (28, 19)],
)
def test_the_quorum_is_two_thirds_rounded_up(members, needed):
    assert quorum(members, LAW) == needed


@pytest.mark.parametrize("members", range(1, 31))
def test_the_quorum_is_the_least_number_that_is_two_thirds(members):
    needed = quorum(members, LAW)
    assert 3 * needed >= 2 * members > 3 * (needed - 1)
    assert quorum_reached(Presence(members, needed, 0), LAW)
    assert not quorum_reached(Presence(members, needed - 1, 0), LAW)


def test_seventeen_of_twenty_seven_are_no_quorum():
    assert not quorum_reached(Presence(27, 13, 4), LAW)
    assert quorum_reached(Presence(27, 14, 4), LAW)


def test_remote_members_count_only_where_the_rule_set_says_so():
    presence = Presence(27, 14, 4)
    assert (presence.present(LAW), presence.present(ROOM_ONLY)) == (18, 14)
    assert not quorum_reached(presence, ROOM_ONLY)
    assert quorum_reached(Presence(27, 18, 0), ROOM_ONLY)


def test_substitutes_and_guests_cannot_be_smuggled_in():
    """rule:R6, rule:R7"""
    assert Presence(27, 23, 4).present(LAW) == 27
    with pytest.raises(ValueError, match="more members present"):
        Presence(27, 23, 5)


@pytest.mark.parametrize("numbers", [(0, 0, 0), (27, -1, 0), (27, 0, -1)])
def test_impossible_numbers_are_refused(numbers):
    with pytest.raises(ValueError, match="a body has members"):
        Presence(*numbers)


def test_a_body_without_members_has_no_quorum():
    with pytest.raises(ValueError, match="a body has members"):
        quorum(0, LAW)
