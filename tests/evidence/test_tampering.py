"""Whatever is changed in a bundle is found, and what is found is named: no class passes, at no place."""

from functools import cache

import pytest

from tests.evidence import bundles
from tests.evidence.examination import CASES, PLACES, assert_named, problems
from tests.evidence.tampering import CLASSES


@cache
def case(number):
    """Honest votes with every optional file, of four to seven members."""
    return bundles.honest(7_000 + number, members=4 + number, rich=True)


def test_there_are_at_least_sixty_classes_and_their_cases_are_honest():
    assert len(CLASSES) >= 60
    for number in range(CASES):
        assert problems(case(number).zip()) == []


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("place", PLACES)
def test_tampering_is_found_and_named(name, place):
    tamper, codes = CLASSES[name]
    assert_named(tamper(case(place % 4), place), codes)
