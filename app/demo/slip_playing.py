"""How an opinion slip is played by a script: the same acts as people do on their screens, on a clock it holds."""

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import force_locale
from sqlalchemy import func, select

from app.demo.dossiers import draft_of_slip, with_clause
from app.demo.founding import Founded
from app.demo.slip_office import Handling, lay_before_head
from app.demo.stage import AUDITOR, CLERK, Clock, expect, new_nonce
from app.extensions import db
from app.gateways import paper
from app.models import AuditEntry, Choice, Notice, QuestionKind, Slip, SlipAnswer, SlipDeemed, Stance
from app.tasks import relay, reminders
from app.workflows import (
    opinion_sheets,
    slip_answers,
    slip_approval,
    slip_closing,
    slip_deliveries,
    slip_evidence,
    slip_issue,
    slip_papers,
    slip_reminders,
    slip_reports,
    slips,
    synthesis,
)
from app.workflows.engine.rights import SYSTEM, Actor
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.canonical import parse_canonical
from app.workflows.slip_answers import Said
from app.workflows.slips import Content, Question

MINISTRY, MINISTRY_CODE = "Bộ Tài chính", "BTC"
UNIT_HEAD, CHAIRMAN, DEPUTY, DEVICE = "vutruong.th", "chunhiem", "tv02", "Máy tính bảng"
MATTER = "Dự thảo Nghị quyết của Chính phủ về một số chính sách hỗ trợ doanh nghiệp nhỏ và vừa"
BASIS = "Luật Hỗ trợ doanh nghiệp nhỏ và vừa ngày 12 tháng 6 năm 2017"
QUESTION = "Đồng chí có đồng ý thông qua dự thảo Nghị quyết không?"
DEAR, WATCHED = "Cần đánh giá thêm tác động đến ngân sách nhà nước", "Đề nghị bổ sung cơ chế giám sát"
NEW_CLAUSE = "Bộ Tài chính xây dựng cơ chế giám sát việc thực hiện, công khai kết quả trước ngày 15 tháng 12 hằng năm."
HANDLED = {
    DEAR: Handling(Stance.NOT, "Tác động đã được lượng hóa trong hồ sơ trình; kinh phí nằm trong dự toán được giao."),
    WATCHED: Handling(Stance.ACCEPTED, "Đã bổ sung quy định về giám sát vào phần tổ chức thực hiện.", NEW_CLAUSE),
}  # fmt: skip
SME, ORGANISING = 2, "Tổ chức thực hiện"  # the matter among the samples; the article that grows


@dataclass
class SlipStage:
    """A founded Government in a database of its own, and one slip with one question that decides."""

    founded: Founded
    pin: str
    clock: Clock
    slip_id: int = 0
    issued: float = field(default=0.0)  # by the monotonic clock of the machine
    first_seen: float = field(default=0.0)

    @property
    def members(self) -> Sequence[str]:
        return self.founded.members

    def who(self, handle: str) -> Actor:
        return self.founded.actor(handle, hanoi_date(self.clock.now()))

    def issue(self) -> dt.datetime:
        """Composed by the clerk, approved in two steps, issued by a deputy of the head; the deadline."""
        asked = Question(QuestionKind.CONSENT, QUESTION, main=True)
        lead = self.founded.organisations[MINISTRY_CODE]
        content = Content(MATTER, (asked,), organisation_id=lead, legal_basis=BASIS)
        clerk, now = self.who(CLERK), self.clock.now
        self.slip_id = slips.compose_slip(clerk, self.founded.body_id, content, now()).id
        slip_papers.write_slip_draft(clerk, self.slip_id, self.draft(), now())
        slip_approval.submit_slip(clerk, self.slip_id, now())
        slip_approval.approve_slip(self.who(UNIT_HEAD), self.slip_id, now())
        slip_approval.approve_slip(self.who(CHAIRMAN), self.slip_id, now())
        slip = slip_issue.issue_slip(self.who(DEPUTY), self.slip_id, now())
        self.issued = time.monotonic()
        if slip.deadline_at is None:
            raise ValueError("an issued slip has a deadline")
        return slip.deadline_at

    def see(self, handle: str) -> None:
        """The slip is opened on a device of the member."""
        slip_deliveries.note_delivery(self.who(handle), self.slip_id, DEVICE, seen=True, now=self.clock.now())
        self.first_seen = self.first_seen or time.monotonic()

    def answer(self, answers: Mapping[str, str], text: str = "") -> None:
        """Each member reads, prepares, signs with the own key and is counted."""
        for handle, choice in answers.items():
            self.see(handle)
            part: dict[str, Any] = {
                "question": 1,
                "choice": Choice(choice).value,
                "option": None,
                "text": text,
                "articles": [],
            }
            nonce, who = new_nonce(), self.who(handle)
            slip_answers.prepare_answer(who, self.slip_id, Said([part]), nonce, self.clock.now())
            slip_answers.sign_answer(who, self.slip_id, nonce, self.pin, self.clock.now())

    def close(self, deadline: dt.datetime) -> None:
        """The clock closes the slip; told a second time, it finds nothing left to do."""
        self.clock.move_on(deadline)
        overdue = slip_closing.overdue_slip_ids(self.clock.now())
        expect(overdue, [self.slip_id], "phiếu hết hạn")
        for slip_id in overdue:
            slip_closing.close_slip(SYSTEM, slip_id, self.clock.now())
        expect(slip_closing.overdue_slip_ids(self.clock.now()), [], "phiếu hết hạn sau khi đóng")

    def draft(self) -> dict[str, Any]:
        """What the members are asked to agree to."""
        text = draft_of_slip(SME, hanoi_date(self.clock.now()))
        asked_by = f"Theo đề nghị của Bộ trưởng {MINISTRY}"
        return {**text, "bases": ["Căn cứ Luật Tổ chức Chính phủ", f"Căn cứ {BASIS}", asked_by]}

    def remind(self) -> None:
        """Whoever is due to be reminded by now is, as the clock of the system does it, and is told with the aides."""
        for _slot, told in reminders.slip_slots(self.founded.body_id, self.clock.now()):
            reminders.remind_of_slip(int(told["slip_id"]), int(told["step"]), self.clock.now())
        relay.drain(self.clock.now())

    def lay_before_head(self) -> None:
        """The opinions joined and explained, and the outcome reported."""
        text = with_clause(self.draft(), ORGANISING, NEW_CLAUSE)
        lay_before_head(self.who(CLERK), self.slip_id, HANDLED, text, self.clock.now())

    def papers(self) -> dict[str, bytes]:
        """The synthesis of the opinions, and the report to the head of the body."""
        with force_locale("vi"):
            found = synthesis.synthesis_of(self.who(CLERK), self.slip_id)
            sheet = opinion_sheets.synthesis_sheet(found, self.clock.now(), demo=True)
            _name, report = slip_reports.document_of(self.who(CLERK), self.slip_id)
            return {"synthesis.pdf": paper.opinions(sheet), "pm-report.pdf": report}

    def result(self) -> dict[str, Any]:
        return parse_canonical(db.session.get_one(Slip, self.slip_id).result or b"")

    def bundle(self) -> bytes:
        return slip_evidence.bundle_of(self.who(AUDITOR), self.slip_id, self.clock.now())

    def report(self) -> dict[str, Any]:
        """The figures of the result, and what was signed, superseded, deemed, reminded and how soon it was seen."""
        result = self.result()
        main = result["questions"][result["main"] - 1]
        signed = select(func.count()).select_from(SlipAnswer).where(SlipAnswer.slip_id == self.slip_id)
        replaced = signed.where(SlipAnswer.supersedes_id.is_not(None))
        silent = select(func.count()).select_from(SlipDeemed).where(SlipDeemed.slip_id == self.slip_id)
        expect(db.session.scalar(silent), main["deemed"], "bản ghi mặc nhiên đồng ý")
        counts = ("agree", "disagree", "other", "deemed", "missing", "counted_for")
        return {
            "members": result["members"], **{name: main[name] for name in counts},
            "percent_of_all": float(main["percent_of_all"]), "outcome": result["outcome"],
            "rule_set": result["rule_set"]["code"], "legal_source": result["rule_set"]["legal_source"],
            "reminders": self._reminders(), "answers_signed": db.session.scalar(signed),
            "answers_superseded": db.session.scalar(replaced),
            "issued_to_first_seen_s": round(self.first_seen - self.issued, 3),
        }  # fmt: skip

    def _reminders(self) -> dict[str, int]:
        """How many notices of reminders members got, and how many their aides."""
        facts = select(AuditEntry).where(AuditEntry.fact == slip_reminders.SlipReminded.__name__)
        members = {fact.id: fact.payload["member_id"] for fact in db.session.scalars(facts)}
        notices = list(db.session.scalars(select(Notice).where(Notice.audit_entry_id.in_(members))))
        own = sum(notice.person_id == members[notice.audit_entry_id] for notice in notices)
        return {"member": own, "staff": len(notices) - own}
