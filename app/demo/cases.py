"""Which sessions are replayed, and what the rules say of each: a case fails when the system answers otherwise."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.demo import resolution_cases, voting_cases
from app.demo.stage import Stage


@dataclass(frozen=True)
class Case:
    """How the session goes up to the published result (the id of its poll), and the figures that must come out."""

    title: str
    play: Callable[[Stage], int]
    figures: dict[str, Any] = field(default_factory=dict)


def _figures(agree: int, disagree: int, other: int, in_room: int, remote: int, outcome: str) -> dict[str, Any]:
    silent = 27 - agree - disagree - other
    return {
        "members": 27, "in_room": in_room, "remote": remote, "agree": agree, "disagree": disagree, "other": other,
        "not_voting": silent, "percent_of_all": round(100 * agree / 27, 1), "outcome": outcome,
        "rule_set": "QC-138-2016",
    }  # fmt: skip


FIRST = "2019"
CASES = {
    FIRST: Case(
        "Phiên họp đầu tiên qua e-Cabinet", voting_cases.first_session, _figures(25, 0, 0, 21, 4, "adopted")
    ),
    "tie-head-agrees": Case(
        "Số phiếu ngang nhau, Thủ tướng tán thành", voting_cases.tie_head_agrees,
        _figures(13, 13, 1, 23, 4, "adopted"),
    ),
    "tie-head-other": Case(
        "Số phiếu ngang nhau, Thủ tướng có ý kiến khác", voting_cases.tie_head_other,
        _figures(13, 13, 1, 23, 4, "undecided"),
    ),
    "no-quorum": Case(
        "Không đủ số thành viên dự họp", voting_cases.no_quorum, _figures(18, 0, 0, 15, 3, "adopted")
    ),
    "not-adopted": Case(
        "Không quá nửa tổng số thành viên tán thành", resolution_cases.not_adopted,
        _figures(13, 10, 4, 23, 4, "not_adopted"),
    ),
    "substitute": Case("Có người dự họp thay", voting_cases.substitute, _figures(26, 1, 0, 26, 1, "adopted")),
    "change-of-vote": Case(
        "Thành viên thay đổi phiếu", voting_cases.change_of_vote, _figures(27, 0, 0, 23, 4, "adopted")
    ),
    "annulled": Case(
        "Hủy biểu quyết và biểu quyết lại", voting_cases.annulled, _figures(27, 0, 0, 23, 4, "adopted")
    ),
    "altered-after-vote": Case(
        "Văn bản được sửa sau khi biểu quyết", resolution_cases.altered_after_vote,
        _figures(27, 0, 0, 23, 4, "adopted"),
    ),
    "number-race": Case(
        "Nhiều Nghị quyết được cấp số cùng một lúc", resolution_cases.number_race,
        _figures(27, 0, 0, 23, 4, "adopted"),
    ),
    "seal-fails": Case(
        "Chưa đóng dấu được, số vẫn giữ nguyên", resolution_cases.seal_fails, _figures(27, 0, 0, 23, 4, "adopted")
    ),
}  # fmt: skip
