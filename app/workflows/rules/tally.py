"""How ballots become a decision: counts, threshold, tie, and the share of all members."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

CHOICES = ("agree", "disagree", "other")


class Majority(Protocol):
    """What of the parameters of a rule set decides, for meetings and slips alike."""

    @property
    def majority_numerator(self) -> int: ...
    @property
    def majority_denominator(self) -> int: ...
    @property
    def tie(self) -> str: ...


class Verdict(StrEnum):
    """Thông qua, không thông qua, ngang phiếu chờ người đứng đầu xác nhận, chưa có quyết định."""

    ADOPTED = "adopted"
    NOT_ADOPTED = "not_adopted"
    TIE_CONFIRM = "tie_confirm"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Tally:
    """Standing ballots counted against ALL members in office."""

    members: int
    agree: int
    disagree: int
    other: int

    def __post_init__(self) -> None:
        if self.members < 1 or min(self.agree, self.disagree, self.other) < 0:
            raise ValueError("a body has members, and counts are never negative")
        if self.not_voting < 0:
            raise ValueError("more ballots than members")

    @classmethod
    def of(cls, choices: Iterable[str], members: int) -> "Tally":
        """Count choices `agree | disagree | other`; ValueError for any other code."""
        count = Counter(choices)
        if unknown := sorted(set(count) - set(CHOICES)):
            raise ValueError(f"unknown choices: {', '.join(unknown)}")
        return cls(members, count["agree"], count["disagree"], count["other"])

    @property
    def not_voting(self) -> int:
        return self.members - self.agree - self.disagree - self.other


def threshold(members: int, parameters: Majority) -> int:
    """The smallest number of agreeing members that adopts: strictly more than the fraction of ALL (rule:R1)."""
    if members < 1:
        raise ValueError("a body has members")
    return members * parameters.majority_numerator // parameters.majority_denominator + 1


def decide(tally: Tally, head_choice: str | None, parameters: Majority) -> Verdict:
    """More than half of all members adopt (rule:R1); equal votes follow the head of the body (rule:R2).

    Quá nửa tổng số thành viên biểu quyết tán thành; biểu quyết ngang nhau thì thực hiện theo ý kiến mà Thủ tướng
    Chính phủ đã biểu quyết. `head_choice` is the ballot the head has cast, whoever chairs: a deemed answer breaks
    no tie. Call it only for a closed poll that was opened with quorum.
    """
    if head_choice is not None and head_choice not in CHOICES:
        raise ValueError(f"unknown choice of the head: {head_choice}")
    if tally.agree >= threshold(tally.members, parameters):
        return Verdict.ADOPTED
    if tally.agree != tally.disagree or parameters.tie == "fails":
        return Verdict.NOT_ADOPTED
    return Verdict.TIE_CONFIRM if head_choice in ("agree", "disagree") else Verdict.UNDECIDED


def after_confirmation(head_choice: str | None) -> Verdict:
    """What a tie becomes when the head confirms the consequence of the own ballot (rule:R2).

    ValueError when the head cast no agree or disagree: such a tie stays undecided and nothing can be confirmed.
    """
    if head_choice not in ("agree", "disagree"):
        raise ValueError("only a ballot for or against can decide a tie")
    return Verdict.ADOPTED if head_choice == "agree" else Verdict.NOT_ADOPTED


def percent_of_all(agree: int, members: int) -> str:
    """Share of ALL members with one decimal, rounded half up: 25 of 27 is "92.6" (rule:R1)."""
    if members < 1 or not 0 <= agree <= members:
        raise ValueError("a share needs members, and no more votes than members")
    whole, tenth = divmod((2000 * agree + members) // (2 * members), 10)
    return f"{whole}.{tenth}"


def percent_vi(agree: int, members: int) -> str:
    """The same share as Vietnamese readers write it: "92,6%", and "100%" without an idle decimal."""
    return percent_of_all(agree, members).removesuffix(".0").replace(".", ",") + "%"
