"""Which legal numbers hold on which date: parameters are data, chosen by the date of the meeting.

A People's Committee decides by the same rules with its Chairman as the head (rule:R19): only the data differ.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol, TypeVar

from app.workflows.rules.parameters import check_majority, check_whole, parsed
from app.workflows.rules.slip_parameters import Silence, SlipParameters

Procedure = Literal["meeting", "slip"]


@dataclass(frozen=True)
class RuleParameters:
    """What the law leaves to numbers and choices (bộ tham số pháp lý).

    `quorum_*`: the least part of all members that must attend (2/3). `majority_*`: the part of ALL members that must
    be exceeded (more than 1/2). `tie`: "head" follows the counted ballot of the head of the body, "fails" rejects.
    `papers_working_days`: working days between sending the papers and the meeting.
    """

    quorum_numerator: int = 2
    quorum_denominator: int = 3
    majority_numerator: int = 1
    majority_denominator: int = 2
    tie: Literal["head", "fails"] = "head"
    remote_counts_as_present: bool = True
    vote_change_allowed: bool = True
    substitute_votes: bool = False
    papers_working_days: int = 5

    def __post_init__(self) -> None:
        for name in ("quorum_numerator", "quorum_denominator"):
            check_whole(name, getattr(self, name), least=1)
        check_majority(self.majority_numerator, self.majority_denominator)
        check_whole("papers_working_days", self.papers_working_days, least=0)
        for name in ("remote_counts_as_present", "vote_change_allowed", "substitute_votes"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} must be true or false")
        if self.tie not in ("head", "fails"):
            raise ValueError("tie must be 'head' or 'fails'")
        self._refuse_the_impossible()

    def _refuse_the_impossible(self) -> None:
        """More than everybody can never be there; substitutes never vote (rule:R6)."""
        if self.quorum_numerator > self.quorum_denominator:
            raise ValueError("the quorum cannot exceed all members")
        if self.substitute_votes:
            raise ValueError("substitute_votes must be false: a substitute speaks and never votes")

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> "RuleParameters":
        """Read stored parameters; ValueError names every unknown, missing or odd entry."""
        return parsed(cls, values)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


PARAMETERS: dict[str, type[RuleParameters] | type[SlipParameters]] = {
    "meeting": RuleParameters, "slip": SlipParameters,
}  # fmt: skip


class Dated(Protocol):
    """A rule set with its period [valid_from, valid_to); a preset or a stored row."""

    @property
    def procedure(self) -> str: ...
    @property
    def valid_from(self) -> dt.date: ...
    @property
    def valid_to(self) -> dt.date | None: ...


Found = TypeVar("Found", bound=Dated)


def applicable(rule_sets: Iterable[Found], procedure: str, on: dt.date) -> Found:
    """The one rule set in force on a Hanoi date: [valid_from, valid_to).

    LookupError when none or more than one is in force: the law of the day is never guessed.
    """
    found = [
        row
        for row in rule_sets
        if row.procedure == procedure and row.valid_from <= on and (row.valid_to is None or on < row.valid_to)
    ]
    if len(found) != 1:
        raise LookupError(f"{len(found)} rule sets for procedure {procedure!r} on {on.isoformat()}, expected one")
    return found[0]


@dataclass(frozen=True)
class RuleSetPreset:
    """Một bộ quy định có thời hạn: in force on [valid_from, valid_to); `confirmed` = wording checked at the source."""

    code: str
    name_vi: str
    procedure: Procedure
    valid_from: dt.date
    valid_to: dt.date | None
    parameters: RuleParameters | SlipParameters
    legal_source_vi: str
    confirmed: bool


_GOVERNMENT_MEETINGS = (
    RuleSetPreset(
        code="QC-138-2016",
        name_vi="Quy chế làm việc của Chính phủ (Nghị định số 138/2016/NĐ-CP)",
        procedure="meeting",
        valid_from=dt.date(2016, 10, 1),
        valid_to=dt.date(2022, 8, 1),  # assumed, see docs/rules.md
        parameters=RuleParameters(),
        legal_source_vi=(
            "Điều 46 Luật Tổ chức Chính phủ số 76/2015/QH13; khoản 3 Điều 3 Quy chế làm việc của Chính phủ "
            "ban hành kèm theo Nghị định số 138/2016/NĐ-CP ngày 01 tháng 10 năm 2016"
        ),
        confirmed=True,
    ),
    RuleSetPreset(
        code="QC-39-2022",
        name_vi="Quy chế làm việc của Chính phủ (Nghị định số 39/2022/NĐ-CP)",
        procedure="meeting",
        valid_from=dt.date(2022, 8, 1),
        valid_to=dt.date(2025, 3, 1),
        parameters=RuleParameters(),
        legal_source_vi=(
            "Điều 46 Luật Tổ chức Chính phủ số 76/2015/QH13; Quy chế làm việc của Chính phủ "
            "ban hành kèm theo Nghị định số 39/2022/NĐ-CP ngày 18 tháng 6 năm 2022"
        ),
        confirmed=True,
    ),
    RuleSetPreset(
        code="QC-39-2022-L63",
        name_vi="Quy chế làm việc của Chính phủ (Nghị định số 39/2022/NĐ-CP), theo Luật Tổ chức Chính phủ năm 2025",
        procedure="meeting",
        valid_from=dt.date(2025, 3, 1),
        valid_to=dt.date(2026, 5, 29),
        parameters=RuleParameters(),
        legal_source_vi=(
            "Điều 25, Điều 26 Luật Tổ chức Chính phủ số 63/2025/QH15; Quy chế làm việc của Chính phủ "
            "ban hành kèm theo Nghị định số 39/2022/NĐ-CP ngày 18 tháng 6 năm 2022"
        ),
        confirmed=False,
    ),
    RuleSetPreset(
        code="QC-191-2026",
        name_vi="Quy chế làm việc của Chính phủ (Nghị định số 191/2026/NĐ-CP)",
        procedure="meeting",
        valid_from=dt.date(2026, 5, 29),
        valid_to=None,
        parameters=RuleParameters(),
        legal_source_vi=(
            "Điều 25, Điều 26 Luật Tổ chức Chính phủ số 63/2025/QH15; khoản 3 Điều 3, Điều 21 Quy chế làm việc "
            "của Chính phủ ban hành kèm theo Nghị định số 191/2026/NĐ-CP"
        ),
        confirmed=False,
    ),
)

_PROVINCE_MEETINGS = (
    RuleSetPreset(
        code="UBND-2025",
        name_vi="Quy chế làm việc của Ủy ban nhân dân cấp tỉnh",
        procedure="meeting",
        valid_from=dt.date(2025, 7, 1),  # assumed: the day the present provinces began
        valid_to=None,
        parameters=RuleParameters(),
        legal_source_vi="Luật Tổ chức chính quyền địa phương số 72/2025/QH15; quy chế làm việc của Ủy ban nhân dân",
        confirmed=False,
    ),
)


def _for_slips(meeting: RuleSetPreset, source: str, silence: Silence = "nothing") -> RuleSetPreset:
    """The rule set for slips that goes with one for meetings: same dates, read second-hand (rule:R10, rule:R60)."""
    return replace(
        meeting,
        name_vi=f"{meeting.name_vi}: lấy ý kiến bằng phiếu",
        procedure="slip",
        parameters=SlipParameters(silence=silence),
        legal_source_vi=source,
        confirmed=False,
    )


_QC_138, _QC_39, _QC_39_L63, _QC_191 = _GOVERNMENT_MEETINGS

GOVERNMENT_RULE_SETS = (
    *_GOVERNMENT_MEETINGS,
    _for_slips(_QC_138, f"{_QC_138.legal_source_vi} (lấy ý kiến thành viên Chính phủ bằng phiếu)"),
    _for_slips(_QC_39, f"{_QC_39.legal_source_vi} (lấy ý kiến thành viên Chính phủ bằng phiếu)"),
    _for_slips(_QC_39_L63, f"{_QC_39_L63.legal_source_vi} (lấy ý kiến thành viên Chính phủ bằng phiếu)"),
    _for_slips(
        _QC_191,
        "Điều 25, Điều 26 Luật Tổ chức Chính phủ số 63/2025/QH15; khoản 3 Điều 3, Điều 7, Điều 17 Quy chế làm việc "
        "của Chính phủ ban hành kèm theo Nghị định số 191/2026/NĐ-CP",
        silence="agree",
    ),
)

PROVINCE_RULE_SETS = (
    *_PROVINCE_MEETINGS,
    *(_for_slips(each, f"{each.legal_source_vi} (lấy ý kiến bằng phiếu)") for each in _PROVINCE_MEETINGS),
)
