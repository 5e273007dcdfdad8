"""The shortest way through a vote to a Resolution at any stage, for tests about what comes after the vote."""

import datetime as dt
from typing import Any

from app.extensions import db
from app.gateways import pades
from app.models import Poll, Resolution
from app.workflows import document_signing, draft_texts, issuing, polls, promulgation, resolutions, seals
from app.workflows.rules.resolution import formula, resolution_text
from tests import cabinet
from tests.cabinet import PIN
from tests.conftest import Scene, nonce_of

TEXT = resolution_text(
    subject="Về một số giải pháp hỗ trợ doanh nghiệp nhỏ và vừa",
    bases=["Căn cứ Luật Tổ chức Chính phủ", "Theo đề nghị của Bộ trưởng Bộ Xây dựng tại Tờ trình số 12/TTr-BXD"],
    formula=formula("Chính phủ"),
    articles=[
        {"heading": "Mục tiêu", "intro": "Hỗ trợ doanh nghiệp nhỏ và vừa tiếp cận vốn.", "clauses": []},
        {
            "heading": "Nhiệm vụ",
            "intro": "",
            "clauses": [
                {"text": "Bộ Xây dựng chủ trì:", "points": ["Rà soát thủ tục;", "Báo cáo Thủ tướng Chính phủ."]},
                {"text": "Bộ Y tế phối hợp thực hiện.", "points": []},
            ],
        },
    ],
    annexes=[],
    recipients=["Thủ tướng, các Phó Thủ tướng Chính phủ", "Các bộ, cơ quan ngang bộ"],
    archive="VT, TH (2)",
)


class Resolving(Scene):
    """A scene whose item has a draft Resolution; each method goes on to the next stage."""

    poll_id: int
    resolution_id: int

    def __init__(self, text: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.text = text or TEXT
        draft_texts.write_draft(self.who["clerk"], self.item_id, self.text, self.now)

    def equipped(self) -> "Resolving":
        """The seal is registered, and the specimen signatures of those who sign."""
        records = self.who["records"]
        seals.enrol_seal(records, 1, PIN, pades.seal_picture("Chính phủ"), self.now)
        for name in ("head", "deputy"):
            specimen = pades.signature_picture(cabinet.PEOPLE[name].name)
            seals.set_picture(records, self.who[name].person_id or 0, specimen, self.now)
        return self

    def voted(self, choices: dict[str, str] | None = None, publish: bool = True) -> "Resolving":
        """Everybody agrees unless told otherwise; the result is published."""
        self.open()
        poll = polls.put_to_vote(self.who["secretary"], self.item_id, self.now)
        self.poll_id = poll.id
        for name, choice in (choices or dict.fromkeys(cabinet.MEMBERS, "agree")).items():
            self.vote(name, self.poll_id, choice)
        polls.close_poll(self.who["secretary"], self.poll_id, self.later(10))
        if publish:
            polls.publish_poll(self.who["secretary"], self.poll_id, self.later(12))
        return self

    def later(self, seconds: int) -> dt.datetime:
        return self.now + dt.timedelta(seconds=seconds)

    def drafted(self, **form: Any) -> "Resolving":
        if not hasattr(self, "poll_id"):
            self.voted()
        form = {name: value for name, value in form.items() if value is not None}
        drafted = resolutions.draft_resolution(
            self.who["clerk"], self.poll_id, self.later(15), resolutions.Form(**form)
        )
        self.resolution_id = drafted.id
        return self

    def presented(self) -> "Resolving":
        resolutions.present_resolution(self.who["clerk"], self.resolution_id, self.later(18))
        return self

    def signed(self, nonce: str = "sign", pin: str = PIN, who: str = "head", **kwargs: Any) -> "Resolving":
        sha256 = resolutions.presented_file(self.resolution).sha256
        document_signing.sign_resolution(
            self.who[who], self.resolution_id, sha256, nonce_of(nonce), pin, self.later(30), **kwargs
        )
        return self

    def numbered(self) -> "Resolving":
        issuing.allot_number(self.who["records"], self.resolution_id, self.later(35))
        return self

    def sealed(self, nonce: str = "seal", pin: str = PIN) -> "Resolving":
        issuing.seal_resolution(self.who["records"], self.resolution_id, nonce_of(nonce), pin, self.later(40))
        return self

    def promulgated(self, **kwargs: Any) -> "Resolving":
        promulgation.promulgate_resolution(self.who["records"], self.resolution_id, self.later(50), **kwargs)
        return self

    def recalled(self, reason: str = "Ban hành nhầm phụ lục") -> "Resolving":
        head, nonce = self.who["head"], nonce_of(f"recall-{self.resolution_id}")
        promulgation.prepare_recall(head, self.resolution_id, reason, nonce, self.later(60))
        promulgation.sign_recall(head, self.resolution_id, nonce, PIN, self.later(65))
        return self

    def up_to(self, stage: str, **form: Any) -> "Resolving":
        """From nothing to "drafted", "presented", "signed", "numbered", "sealed" or "promulgated"."""
        self.equipped().voted().drafted(**form)
        for step in ("presented", "signed", "numbered", "sealed", "promulgated", "recalled"):
            if stage == "drafted":
                break
            getattr(self, step)()
            if step == stage:
                break
        return self

    @property
    def resolution(self) -> Resolution:
        return db.session.get_one(Resolution, self.resolution_id, populate_existing=True)

    @property
    def poll(self) -> Poll:
        return db.session.get_one(Poll, self.poll_id)
