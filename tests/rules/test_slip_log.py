"""The log of a slip: what it records, and in which order."""

import pytest

from app.workflows.rules.canonical import canonical
from app.workflows.rules.slip_log import check_log, deadline_of, leaf, parse_leaf
from tests.rules.slip_case import DEADLINE, SlipCase

LATER, LATEST = "2026-08-06T10:00:00Z", "2026-08-07T10:00:00Z"


def whole():
    case = SlipCase().answer(1, "agree").extend(DEADLINE, LATER, "2026-08-04T02:00:00Z").answer(2, "other")
    return case.close("2026-08-06T10:00:00Z")


def test_a_whole_log_is_in_order_and_every_leaf_is_read_back():
    log = whole().log
    check_log(log)
    assert [entry["kind"] for entry in log] == ["issued", "answer", "extended", "answer", "closed"]
    assert [parse_leaf(canonical(entry)) for entry in log] == log
    assert deadline_of(log) == LATER
    assert log[-1]["deemed"] == [f"M{index:02d}" for index in range(3, 28)]


def test_a_slip_is_recalled_before_its_deadline():
    log = SlipCase().answer(1, "agree").recall().log
    check_log(log)
    assert (log[-1]["kind"], log[-1]["answers"]) == ("recalled", 1)
    with pytest.raises(ValueError, match="closed and not recalled"):
        check_log(SlipCase().recall(DEADLINE).log)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda log: log.pop(), "begins with the issue"), (lambda log: log.pop(0), "begins with the issue"),
        (lambda log: log.insert(1, log[0]), "answers and extensions only"),
        (lambda log: log.pop(1), "without gaps"), (lambda log: log[1].update(seq=2), "without gaps"),
        (lambda log: log[-1].update(answers=3), "counts other answers"),
        (lambda log: log[3].update(at=LATER), "after the deadline"),
        (lambda log: log[1].update(at=DEADLINE), "after the deadline"),
        (lambda log: log[2].update(before=LATER), "moves it on"),
        (lambda log: log[2].update(after=DEADLINE), "moves it on"),
        (lambda log: log[-1].update(at="2026-08-06T09:59:59Z"), "reason"),
        (lambda log: log[-1].update(reason="sớm"), "reason"),
    ],
)  # fmt: skip
def test_a_log_out_of_order_is_refused(change, why):
    log = [dict(entry) for entry in whole().log]
    change(log)
    with pytest.raises(ValueError, match=why):
        check_log(log)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "open"}, {"kind": ["issued"]}, {"kind": "recalled", "seq": 3, "answers": 1, "reason": "", "at": LATER},
        {"kind": "closed", "seq": 3, "answers": -1, "deemed": [], "reason": "", "at": LATER},
        {"kind": "closed", "seq": 3, "answers": 1, "deemed": ["tv01"], "reason": "", "at": LATER},
        {"kind": "extended", "seq": 3, "before": DEADLINE, "after": LATEST, "reason": "a\u200bb", "at": LATER},
    ],
)  # fmt: skip
def test_a_leaf_of_another_shape_is_refused(fields):
    with pytest.raises(ValueError, match=r"."):
        leaf(**fields)
