"""How a result reads in the minutes: one verdict sentence in official Vietnamese for each outcome."""

from dataclasses import dataclass

from app.workflows.rules.rulesets import RuleParameters
from app.workflows.rules.tally import Majority, Tally, Verdict, percent_vi, threshold

_SIDE = {"agree": "tán thành", "disagree": "không tán thành"}


@dataclass(frozen=True)
class Ruling:
    """What the sentence needs beside the counts; texts are names in Vietnamese.

    `body`: "Chính phủ"; `head_post`: "Thủ tướng Chính phủ", or None when the body has no head in office;
    `head_choice`: the head's ballot, None when not cast or not to be shown; `confirmed`: the head confirmed a tie.
    """

    body: str
    verdict: Verdict
    parameters: RuleParameters
    head_post: str | None = None
    head_choice: str | None = None
    confirmed: bool = False


def verdict_sentence(tally: Tally, ruling: Ruling) -> str:
    """Counts, share of ALL members, outcome and its reason (rule:R1, rule:R2)."""
    return f"{_counts(tally, ruling.body)} {_outcome(tally, ruling)}"


def _counts(tally: Tally, body: str) -> str:
    return (
        f"Kết quả biểu quyết: {tally.agree}/{tally.members} thành viên {body} tán thành "
        f"(đạt {percent_vi(tally.agree, tally.members)} tổng số thành viên); "
        f"không tán thành: {tally.disagree}; ý kiến khác: {tally.other}; không bỏ phiếu: {tally.not_voting}."
    )


def _outcome(tally: Tally, ruling: Ruling) -> str:
    if ruling.verdict is Verdict.UNDECIDED:
        return _undecided(tally, ruling)
    if ruling.verdict is Verdict.TIE_CONFIRM or ruling.confirmed:
        return _tie(tally, ruling)
    if ruling.verdict is Verdict.ADOPTED:
        return (
            f"Nội dung biểu quyết được thông qua do có {majority_vi(ruling.parameters)} tổng số thành viên "
            f"{ruling.body} biểu quyết tán thành {_needed(tally, ruling)}."
        )
    equal = f"{_equal(tally)}; n" if tally.agree == tally.disagree else "N"
    return (
        f"{equal}ội dung biểu quyết không được thông qua do không có {majority_vi(ruling.parameters)} tổng số "
        f"thành viên {ruling.body} biểu quyết tán thành {_needed(tally, ruling)}."
    )


def _tie(tally: Tally, ruling: Ruling) -> str:
    side = f" ({_SIDE[ruling.head_choice]})" if ruling.head_choice in _SIDE else ""
    follows = f"{_equal(tally)}; thực hiện theo ý kiến mà {ruling.head_post} đã biểu quyết{side}"
    if ruling.verdict is Verdict.TIE_CONFIRM:
        return f"{follows}. Kết quả chờ {ruling.head_post} xác nhận."
    passed = "được thông qua" if ruling.verdict is Verdict.ADOPTED else "không được thông qua"
    return f"{follows}, nội dung biểu quyết {passed}. {ruling.head_post} đã xác nhận kết quả này."


def _undecided(tally: Tally, ruling: Ruling) -> str:
    reason = (
        f"{ruling.head_post} không bỏ phiếu tán thành hoặc không tán thành"
        if ruling.head_post
        else f"{ruling.body} không có người đứng đầu tại thời điểm biểu quyết"
    )
    return (
        f"{_equal(tally)} và {reason} nên chưa có quyết định. "
        "Nội dung này phải được biểu quyết lại hoặc chuyển sang phiên họp khác."
    )


def _equal(tally: Tally) -> str:
    return f"Số phiếu tán thành và không tán thành ngang nhau ({tally.agree} – {tally.disagree})"


def majority_vi(parameters: Majority) -> str:
    """What must be exceeded, in words: "quá nửa", "quá 2/3"."""
    if (parameters.majority_numerator, parameters.majority_denominator) == (1, 2):
        return "quá nửa"
    return f"quá {parameters.majority_numerator}/{parameters.majority_denominator}"


def _needed(tally: Tally, ruling: Ruling) -> str:
    return f"(cần ít nhất {threshold(tally.members, ruling.parameters)} thành viên)"
