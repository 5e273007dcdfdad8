"""Whatever is changed in a bundle is found, and what is found is named: no class passes, at no place."""

import os
from functools import cache

import pytest

from tests.evidence import bundles
from tests.evidence.tampering import CLASSES

FULL = bool(os.environ.get("ECABINET_TEST_FULL"))
PLACES = range(20) if FULL else range(1)


@cache
def case(number):
    """Honest votes with every optional file, of four to seven members."""
    return bundles.honest(7_000 + number, members=4 + number, rich=True)


def problems(tampered):
    data, options = tampered if isinstance(tampered, tuple) else (tampered, {})
    return bundles.tool.examine(data, **options).problems


def test_there_are_at_least_sixty_classes_and_their_cases_are_honest():
    assert len(CLASSES) >= 60
    for number in range(4 if FULL else 1):
        assert problems(case(number).zip()) == []


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("place", PLACES)
def test_tampering_is_found_and_named(name, place):
    tamper, codes = CLASSES[name]
    found = problems(tamper(case(place % 4), place))
    assert {problem.code for _step, problem in found} & codes, [(step, each.code) for step, each in found]
    for language in (0, 1):
        assert all(problem.said(language) for _step, problem in found)
