"""The numbers and choices of the law for opinion slips."""

import json

import pytest

from app.workflows.rules.slip_parameters import SlipParameters

STORED = {
    "min_working_days": 2, "max_working_days": 5, "ends_at": "17:00", "silence": "agree", "majority_numerator": 1,
    "majority_denominator": 2, "tie": "head", "answer_change_allowed": True, "reminder_hours": [24, 4],
    "most_per_day": 3,
}  # fmt: skip


def test_stored_parameters_come_back_as_they_were():
    found = SlipParameters.parse(json.loads(json.dumps(STORED)))
    assert found.as_dict() == STORED
    assert found == SlipParameters(silence="agree")


@pytest.mark.parametrize("name", STORED)
def test_a_missing_parameter_is_named(name):
    with pytest.raises(ValueError, match=f"missing rule parameters: {name}$"):
        SlipParameters.parse({key: value for key, value in STORED.items() if key != name})


def test_an_unknown_parameter_is_named():
    with pytest.raises(ValueError, match=r"unknown rule parameters: quorum_numerator$"):
        SlipParameters.parse({**STORED, "quorum_numerator": 2})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_working_days", 0), ("min_working_days", 6), ("min_working_days", True), ("max_working_days", 61),
        ("max_working_days", "5"), ("max_working_days", 1), ("ends_at", "24:00"), ("ends_at", "5pm"), ("ends_at", None),
        ("ends_at", "17:00:00"), ("silence", "disagree"), ("silence", None), ("majority_numerator", 2),
        ("majority_denominator", 3), ("tie", "chair"), ("answer_change_allowed", 1), ("reminder_hours", 24),
        ("reminder_hours", [4, 24]), ("reminder_hours", [4, 4]), ("reminder_hours", [0]), ("reminder_hours", [None]),
        ("reminder_hours", [7, 6, 5, 4, 3, 2, 1]), ("reminder_hours", ["24"]), ("most_per_day", 0),
    ],
)  # fmt: skip
def test_an_odd_parameter_is_refused(name, value):
    with pytest.raises(ValueError, match=r"must|never"):
        SlipParameters.parse({**STORED, name: value})


def test_nobody_need_be_reminded():
    assert SlipParameters.parse({**STORED, "reminder_hours": []}).reminder_hours == ()
