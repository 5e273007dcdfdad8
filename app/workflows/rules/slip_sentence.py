"""How the result of a slip reads in reports: one sentence in official Vietnamese for each outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.workflows.rules.sentence import majority_vi
from app.workflows.rules.slip_parameters import SlipParameters
from app.workflows.rules.tally import percent_vi

_SIDE = {"agree": "đồng ý", "disagree": "không đồng ý"}


@dataclass(frozen=True)
class Opinions:
    """What the sentence needs beside the counts of the question that decides; texts are names in Vietnamese.

    `deemed`, `missing`: members who did not answer at all; `head_post`: None when the body has no head in office.
    """

    body: str
    members: int
    answered: int
    deemed: int
    missing: int
    rule_set: str
    legal_source: str
    parameters: SlipParameters
    head_post: str | None


def slip_sentence(opinions: Opinions, counted: Mapping[str, Any] | None) -> str:
    """Counts with cast, deemed and missing apart, share of ALL members, outcome, reason and rule set (rule:R60).

    `counted` are the counts of the question that decides; None where nobody's consent was asked.
    """
    if counted is None:
        return (
            f"Kết quả lấy ý kiến: {opinions.answered}/{opinions.members} thành viên {opinions.body} đã trả lời; "
            f"chưa trả lời: {opinions.members - opinions.answered}. Phiếu không có nội dung xin ý kiến đồng ý, "
            "không đồng ý."
        )
    return f"{_counts(opinions, counted)} {_outcome(opinions, counted)} {_source(opinions)}"


def _counts(opinions: Opinions, counted: Mapping[str, Any]) -> str:
    number, all_members = counted["counted_for"], opinions.members
    deemed = f" (trong đó mặc nhiên đồng ý: {counted['deemed']})" if counted["deemed"] else ""
    return (
        f"Kết quả lấy ý kiến: tán thành {number}/{all_members} thành viên {opinions.body}{deemed}, "
        f"đạt {percent_vi(number, all_members)} tổng số thành viên; không đồng ý: {counted['disagree']}; "
        f"ý kiến khác: {counted['other']}; chưa trả lời: {counted['missing']}."
    )


def _outcome(opinions: Opinions, counted: Mapping[str, Any]) -> str:
    needed = f"(cần ít nhất {counted['threshold']} thành viên)"
    more = f"{majority_vi(opinions.parameters)} tổng số thành viên {opinions.body} tán thành {needed}"
    if counted["by_head"]:
        passed = "được thông qua" if counted["outcome"] == "adopted" else "không được thông qua"
        side = _SIDE[counted["head_choice"]]
        return (
            f"{_equal(counted)}; thực hiện theo ý kiến mà {opinions.head_post} đã trả lời ({side}), "
            f"nội dung lấy ý kiến {passed}."
        )
    if counted["outcome"] == "undecided":
        reason = (
            f"{opinions.head_post} không trả lời đồng ý hoặc không đồng ý"
            if opinions.head_post
            else f"{opinions.body} không có người đứng đầu tại thời điểm lấy ý kiến"
        )
        return f"{_equal(counted)} và {reason} nên chưa có quyết định."
    if counted["outcome"] == "adopted":
        return f"Nội dung lấy ý kiến được thông qua do có {more}."
    return f"Nội dung lấy ý kiến không được thông qua do không có {more}."


def _equal(counted: Mapping[str, Any]) -> str:
    return f"Số ý kiến tán thành và không đồng ý ngang nhau ({counted['counted_for']} – {counted['disagree']})"


def _source(opinions: Opinions) -> str:
    return f"Áp dụng bộ quy tắc {opinions.rule_set}: {opinions.legal_source}."
