"""Which opinion slips the demo Government has, on dates around today: what is asked, and who answered what."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.demo.dossiers import draft_of_slip, with_clause
from app.demo.presets import SHOWS_AN_AIDE
from app.demo.sessions import Calendar
from app.demo.slip_office import Handling
from app.models import Choice, QuestionKind, Stance, Urgency
from app.workflows.rules.calendar import HANOI, hanoi_date
from app.workflows.rules.working_days import is_working_day
from app.workflows.slips import Question

DAY, HOUR, MINUTE = (dt.timedelta(**{unit: 1}) for unit in ("days", "hours", "minutes"))
AGREED = "Đồng chí có đồng ý thông qua dự thảo Nghị quyết không?"
DECIDING = Question(QuestionKind.CONSENT, AGREED, main=True)
BY_ARTICLE = Question(QuestionKind.ARTICLES, "Ý kiến của đồng chí đối với từng điều của dự thảo Nghị quyết")
ARTICLE = 2


@dataclass(frozen=True)
class Said:
    """What a member answers to the first question, and in words to an article (of a slip that asks about them)."""

    choice: Choice = Choice.AGREE
    text: str = ""
    article: str = ""
    reservation: bool = False


@dataclass(frozen=True)
class Opinions:
    """A slip and how far it has come; whatever has no moment has not happened.

    `drafted_at` it is composed and submitted; `returned` is the reason of the Minister-Chairman. `closes_at` is the
    deadline of a slip that is over. `draft` is the text that members are asked about, `draft_after` what became of it
    where it changed, `handled` how each opinion was dealt with; `advised` what the aides of members suggest to them.
    """

    matter: str
    organisation: str
    basis: str
    questions: tuple[Question, ...]
    drafted_at: dt.datetime
    draft: Mapping[str, Any] | None = None
    urgency: Urgency = Urgency.NORMAL
    working_days: int | None = None
    returned: str = ""
    issued_at: dt.datetime | None = None
    silent: frozenset[str] = frozenset()
    said: Mapping[str, Said] = field(default_factory=dict)
    rounds: tuple[dt.datetime, ...] = ()
    closes_at: dt.datetime | None = None
    reported_at: dt.datetime | None = None
    decided_at: dt.datetime | None = None
    draft_after: Mapping[str, Any] | None = None
    handled: Mapping[str, Handling] = field(default_factory=dict)
    advised: Mapping[str, Said] = field(default_factory=dict)


def worked_before(day: dt.date, number: int, hour: int, minute: int = 0) -> dt.datetime:
    """That hour in Hanoi of a working day so many working days before a day."""
    while number:
        day -= DAY
        number -= is_working_day(day)
    return dt.datetime.combine(day, dt.time(hour, minute), HANOI)


def slips_of(on: Calendar, members: tuple[str, ...]) -> tuple[Opinions, ...]:
    """One of each kind that a newcomer looks for, the oldest first."""
    return (_decided(on), _laid_before_head(on), _sent_back(on), _half(on, members), _waiting(on), _in_chain(on),
            _urgent(on))  # fmt: skip


def _draft(number: int, on: Calendar, subject: str = "") -> dict[str, Any]:
    text = draft_of_slip(number, hanoi_date(on.now) - 20 * DAY)
    return {**text, "subject": subject} if subject else text


def _decided(on: Calendar) -> Opinions:
    """Adopted; the Prime Minister let the Resolution be drafted, which the clerk is to present now."""
    today = hanoi_date(on.now)
    issued = worked_before(today, 15, 9)
    said = {
        "tv13": Said(Choice.DISAGREE, "Chưa làm rõ nguồn nhân lực bố trí cho bộ phận một cửa ở cấp xã."),
        "tv21": Said(Choice.AGREE, "Thống nhất; đề nghị rà soát kỹ thuật trình bày của dự thảo."),
    }
    return Opinions(
        matter="Dự thảo Nghị quyết về nhiệm vụ trọng tâm cải cách hành chính", organisation="BNV",
        basis="Luật Tổ chức Chính phủ; Chương trình tổng thể cải cách hành chính nhà nước", questions=(DECIDING,),
        drafted_at=issued - 1 * DAY, draft=_draft(11, on), working_days=5, issued_at=issued,
        silent=frozenset({"tv08", "tv09", "tv16", "tv18", "tv24"}), said=said,
        rounds=(worked_before(today, 13, 14), worked_before(today, 11, 10)),
        closes_at=worked_before(today, 10, 17), reported_at=worked_before(today, 8, 10),
        decided_at=worked_before(today, 7, 8, 40),
        handled={
            said["tv13"].text: Handling(
                Stance.NOT, "Biên chế của cấp xã do Hội đồng nhân dân cấp tỉnh quyết định trong tổng số được giao."
            ),
            said["tv21"].text: Handling(Stance.NOT, "Đã rà soát; thể thức và kỹ thuật trình bày đúng quy định."),
        },
    )  # fmt: skip


WATCHED = "Cơ quan chủ trì công khai danh sách bộ, địa phương giải ngân dưới 50% vào ngày 05 hằng tháng."


def _laid_before_head(on: Calendar) -> Opinions:
    """Closed by the clock, the opinions joined and explained; the report waits for the Prime Minister."""
    today = hanoi_date(on.now)
    issued = worked_before(today, 8, 14)
    named = "Đề nghị công khai danh sách bộ, địa phương giải ngân dưới 50% để tăng trách nhiệm người đứng đầu"
    moved, late = (
        "Chưa đánh giá tác động của việc điều chuyển vốn giữa các địa phương chịu thiệt hại do thiên tai.",
        "Đề nghị lùi thời hạn báo cáo để khớp với chế độ báo cáo định kỳ của ngành.",
    )
    said = {
        "tv12": Said(Choice.DISAGREE, f"{named}.", reservation=True),
        "tv17": Said(Choice.DISAGREE, f"{named.replace('Đề nghị', 'đề nghị')}"),
        "tv22": Said(Choice.DISAGREE, moved),
        "tv20": Said(Choice.OTHER, article=late),
        "tv25": Said(Choice.OTHER, article=late.removesuffix(".")),
        "tv15": Said(Choice.AGREE, "Thống nhất với dự thảo và hồ sơ kèm theo."),
    }
    text = _draft(4, on)
    last = text["articles"][-2]["heading"]
    accepted = Handling(Stance.ACCEPTED, "Đã bổ sung quy định công khai kết quả giải ngân hằng tháng.", WATCHED)
    return Opinions(
        matter="Dự thảo Nghị quyết về thúc đẩy giải ngân vốn đầu tư công", organisation="BTC",
        basis="Luật Đầu tư công; Luật Ngân sách nhà nước", questions=(DECIDING, BY_ARTICLE),
        drafted_at=issued - 1 * DAY, draft=text, working_days=4, issued_at=issued,
        silent=frozenset({"tv07", "tv19", "tv23", "tv26"}), said=said,
        rounds=(worked_before(today, 7, 9), worked_before(today, 5, 15)),
        closes_at=worked_before(today, 4, 17), reported_at=worked_before(today, 1, 10, 30),
        draft_after=with_clause(text, last, WATCHED),
        handled={
            said["tv12"].text: accepted,
            said["tv17"].text: accepted,
            moved: Handling(Stance.NOT, "Phương án điều chuyển đã tính đến nhu cầu khắc phục hậu quả thiên tai."),
            late: Handling(Stance.NOT, "Thời hạn báo cáo đã thống nhất với Bộ Tài chính và các địa phương."),
            said["tv25"].article: Handling(
                Stance.NOT, "Thời hạn báo cáo đã thống nhất với Bộ Tài chính và các địa phương."
            ),
            said["tv15"].text: Handling(Stance.NOT, "Ghi nhận ý kiến thống nhất; không có nội dung phải sửa."),
        },
    )  # fmt: skip


def _sent_back(on: Calendar) -> Opinions:
    """The Minister-Chairman returned it: a draft of the clerk again."""
    ways = ("Phương án 1: nghỉ 07 ngày liên tục", "Phương án 2: nghỉ 09 ngày liên tục, có hoán đổi ngày làm việc")
    return Opinions(
        matter=f"Phương án nghỉ Tết Nguyên đán năm {hanoi_date(on.now).year + 1}", organisation="BNV",
        basis="Bộ luật Lao động năm 2019",
        questions=(Question(QuestionKind.PICK, "Đồng chí lựa chọn phương án nào?", ways),
                   Question(QuestionKind.TEXT, "Ý kiến khác của đồng chí (nếu có)")),
        drafted_at=worked_before(hanoi_date(on.now), 3, 10),
        returned="Bổ sung ý kiến của Bộ Công Thương, Bộ Tài chính về tác động đến sản xuất trước khi lấy ý kiến.",
    )  # fmt: skip


def _half(on: Calendar, members: tuple[str, ...]) -> Opinions:
    """Half of the members have answered."""
    today = hanoi_date(on.now)
    issued = worked_before(today, 2, 9, 30)
    said = {
        "tv05": Said(Choice.OTHER, "Đề nghị quy định rõ cơ quan chịu trách nhiệm về dữ liệu dùng chung."),
        "tv11": Said(Choice.DISAGREE, "Một số chỉ tiêu về dữ liệu chuyên ngành chưa phù hợp yêu cầu bảo mật."),
        "tv14": Said(Choice.AGREE, article="Đề nghị ghi rõ thời hạn hoàn thành trong quý I năm sau."),
    }
    return Opinions(
        matter="Dự thảo Nghị quyết về nhiệm vụ trọng tâm chuyển đổi số quốc gia", organisation="BKHCN",
        basis="Luật Giao dịch điện tử năm 2023", questions=(DECIDING, BY_ARTICLE), drafted_at=issued - 20 * HOUR,
        draft=_draft(12, on), working_days=5, issued_at=issued, said=said, silent=frozenset(members[1::2]) - set(said),
        rounds=(worked_before(today, 2, 15), worked_before(today, 1, 9)),
    )  # fmt: skip


def _waiting(on: Calendar) -> Opinions:
    """Nobody has answered; every kind of question is in it."""
    issued = worked_before(hanoi_date(on.now), 1, 15, 20)
    ways = ("Giao Bộ Tài chính chủ trì", "Thành lập Tổ công tác do Phó Thủ tướng Chính phủ đứng đầu")
    return Opinions(
        matter="Dự thảo Nghị quyết về nhiệm vụ, giải pháp phát triển kinh tế – xã hội những tháng cuối năm",
        organisation="BTC", basis="Luật Tổ chức Chính phủ; Nghị quyết của Quốc hội về kế hoạch phát triển",
        questions=(DECIDING, BY_ARTICLE, Question(QuestionKind.PICK, "Về tổ chức chỉ đạo thực hiện", ways),
                   Question(QuestionKind.TEXT, "Kiến nghị khác của đồng chí (nếu có)")),
        drafted_at=issued - 1 * DAY, draft=_draft(3, on), working_days=3, issued_at=issued, silent=ALL,
    )  # fmt: skip


ALL = frozenset({"*"})


def _urgent(on: Calendar) -> Opinions:
    """Hỏa tốc, issued a little while ago."""
    subject = "Về hỗ trợ khẩn cấp các địa phương khắc phục hậu quả bão, lũ"
    return Opinions(
        matter="Dự thảo Nghị quyết về hỗ trợ khẩn cấp các địa phương khắc phục hậu quả bão, lũ", organisation="BNNMT",
        basis="Luật Phòng, chống thiên tai; Luật Ngân sách nhà nước", questions=(DECIDING,),
        drafted_at=on.now - 100 * MINUTE, draft=_draft(10, on, subject), urgency=Urgency.EXPRESS,
        issued_at=on.now - 40 * MINUTE, silent=ALL,
        advised={SHOWS_AN_AIDE: Said(text="Thống nhất; đề nghị ưu tiên sửa chữa trường học, trạm y tế trước 15 ngày.")},
    )  # fmt: skip


def _in_chain(on: Calendar) -> Opinions:
    """The head of unit approved it; it waits for the Minister-Chairman."""
    parts = ("Giữ số lượng đề án như dự thảo", "Giảm số lượng đề án, tập trung các đề án trình Quốc hội")
    return Opinions(
        matter=f"Dự thảo Chương trình công tác của Chính phủ năm {hanoi_date(on.now).year + 1}", organisation="VPCP",
        basis="Quy chế làm việc của Chính phủ",
        questions=(Question(QuestionKind.CONSENT, "Đồng chí có đồng ý với dự thảo Chương trình công tác không?",
                            main=True),
                   Question(QuestionKind.PICK, "Về số lượng đề án", parts)),
        drafted_at=on.now - 5 * HOUR,
    )  # fmt: skip
