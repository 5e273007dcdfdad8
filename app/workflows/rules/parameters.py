"""How the numbers and choices of a rule set are read: exactly those that are known, each within its bounds."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

LARGEST = 365  # no legal fraction or period is written with a larger number
Parameters = TypeVar("Parameters")


def parsed(kind: type[Parameters], values: Mapping[str, Any]) -> Parameters:
    """The parameters of a kind (a dataclass) from their stored values; ValueError names what is unknown or missing."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(values) - known):
        raise ValueError(f"unknown rule parameters: {', '.join(unknown)}")
    if missing := sorted(known - set(values)):
        raise ValueError(f"missing rule parameters: {', '.join(missing)}")
    return kind(**values)


def check_whole(name: str, value: Any, least: int, most: int = LARGEST) -> None:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most}")


def check_majority(numerator: Any, denominator: Any) -> None:
    """A body of which more than everybody must agree could never decide, and less than half is no majority."""
    check_whole("majority_numerator", numerator, least=1)
    check_whole("majority_denominator", denominator, least=1)
    if numerator >= denominator:
        raise ValueError("the majority to be exceeded must be less than all members")
    if numerator * 2 < denominator:
        raise ValueError("less than half of the members can never be a majority")
