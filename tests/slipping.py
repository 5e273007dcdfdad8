"""A slip for tests: the shortest way through its acts, from the draft to the answers."""

import datetime as dt
from typing import Any

from sqlalchemy import select, update

from app.extensions import db
from app.models import Appointment, Choice, Office, QuestionKind, RuleSet, Slip
from app.workflows import slip_answers, slip_approval, slip_issue, slips
from app.workflows.engine.transaction import own_transaction
from app.workflows.slip_answers import Said
from app.workflows.slip_rows import AnswerReceipt
from app.workflows.slips import Content, Question
from tests import cabinet
from tests.cabinet import NOW, PIN
from tests.conftest import nonce_of

DEADLINE = dt.datetime(2026, 8, 3, 10, 0, tzinfo=dt.UTC)  # two working days after a Thursday, 17:00 in Hanoi
LATE = DEADLINE + dt.timedelta(seconds=1)
CONSENT = Question(QuestionKind.CONSENT, "Đồng ý với dự thảo Nghị quyết?")
REASON = "Cần bổ sung hồ sơ"


class SlipScene:
    """A head of unit is in office, and whoever asks for a slip gets one as far as it is wanted."""

    def __init__(self) -> None:
        self.now = NOW
        person = cabinet.actors()["secretary"].person_id
        with own_transaction() as session:
            session.add(Appointment(
                person_id=person, body_id=1, office=Office.UNIT_HEAD, post="Vụ trưởng", abbreviation="TH", rank=91,
                valid_from=cabinet.SINCE,
            ))  # fmt: skip
        self.who = cabinet.actors()

    def rule(self, **parameters: Any) -> None:
        """Other parameters of the rule set of the day; before it is used."""
        with own_transaction() as session:
            rows = select(RuleSet).where(RuleSet.procedure == "slip", RuleSet.code == "QC-191-2026")
            found = session.scalars(rows).one()
            values = {**found.parameters, **parameters}
            session.execute(update(RuleSet).where(RuleSet.id == found.id).values(parameters=values))

    def draft(self, *questions: Question, **fields: Any) -> Slip:
        content = Content("Dự thảo Nghị quyết về doanh nghiệp nhỏ", questions or (CONSENT,), **fields)
        return slips.compose_slip(self.who["clerk"], 1, content, now=self.now)

    def approved(self, *questions: Question, **fields: Any) -> Slip:
        return self.approve(self.draft(*questions, **fields).id)

    def approve(self, slip_id: int) -> Slip:
        slip_approval.submit_slip(self.who["clerk"], slip_id, now=self.now)
        slip_approval.approve_slip(self.who["secretary"], slip_id, now=self.now)
        return slip_approval.approve_slip(self.who["chairman"], slip_id, now=self.now)

    def issue(self, *questions: Question, **fields: Any) -> int:
        return slip_issue.issue_slip(self.who["deputy"], self.approved(*questions, **fields).id, now=self.now).id

    def slip(self, slip_id: int) -> Slip:
        db.session.expire_all()
        return db.session.get_one(Slip, slip_id)

    def answer(
        self, name: str, slip_id: int, choice: str = "agree", nonce: str = "", at: dt.datetime = NOW, **more: Any
    ) -> AnswerReceipt:
        nonce = nonce or nonce_of(f"{name}-{choice}-{slip_id}")
        return self.signed(name, slip_id, said(choice, **more), nonce, at)

    def answer_parts(self, name: str, slip_id: int, parts: list[dict[str, Any]]) -> AnswerReceipt:
        """An answer to several questions, part by part."""
        return self.signed(name, slip_id, Said(parts), nonce_of(f"{name}-{slip_id}"), NOW)

    def signed(self, name: str, slip_id: int, answer: Said, nonce: str, at: dt.datetime) -> AnswerReceipt:
        slip_answers.prepare_answer(self.who[name], slip_id, answer, nonce, now=at)
        return slip_answers.sign_answer(self.who[name], slip_id, nonce, PIN, now=at)


def said(choice: str, text: str = "", **more: Any) -> Said:
    """An answer to a slip with the one question of consent."""
    part = {"question": 1, "choice": Choice(choice).value, "option": None, "text": text, "articles": []}
    return Said([part], **more)
