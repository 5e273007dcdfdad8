"""A slip with a draft Resolution, closed, reported and decided: the shortest way to what follows from it, for tests."""

from typing import Any

from app.extensions import db
from app.gateways import pades
from app.models import Resolution, SlipWay, Stance
from app.workflows import (
    document_signing,
    explanations,
    issuing,
    promulgation,
    resolutions,
    seals,
    slip_closing,
    slip_decisions,
    slip_issue,
    slip_papers,
    synthesis,
)
from app.workflows.engine.rights import SYSTEM
from app.workflows.explanations import Reply
from app.workflows.slip_decisions import Wish
from tests import cabinet
from tests.cabinet import PIN
from tests.conftest import nonce_of
from tests.resolving import TEXT
from tests.slipping import LATE, SlipScene

SIGN = Wish(SlipWay.SUBMIT)
KEPT = Reply(Stance.NOT, "Giữ như dự thảo vì luật đã quy định.")


class Deciding(SlipScene):
    """Each method goes on to the next stage; what is signed is signed with real keys."""

    slip_id: int
    resolution_id: int

    def issued(self, draft: bool = True, **fields: Any) -> "Deciding":
        found = self.draft(**fields)
        if draft:
            slip_papers.write_slip_draft(self.who["clerk"], found.id, {**TEXT, "formula": ""}, self.now)
        self.approve(found.id)
        self.slip_id = slip_issue.issue_slip(self.who["deputy"], found.id, now=self.now).id
        return self

    def closed(self, choices: dict[str, str] | None = None, **fields: Any) -> "Deciding":
        """Everybody agrees unless told otherwise; whoever is not named is silent."""
        if not hasattr(self, "slip_id"):
            self.issued(**fields)
        for name, choice in (dict.fromkeys(cabinet.MEMBERS, "agree") if choices is None else choices).items():
            self.answer(name, self.slip_id, choice)
        slip_closing.close_slip(SYSTEM, self.slip_id, LATE)
        return self

    def reported(self, choices: dict[str, str] | None = None, **fields: Any) -> "Deciding":
        self.closed(choices, **fields)
        return self.reported_as_it_is()

    def reported_as_it_is(self) -> "Deciding":
        slip_closing.report_slip(self.who["clerk"], self.slip_id, LATE)
        return self

    def decided(self, wish: Wish = SIGN, who: str = "head", **fields: Any) -> "Deciding":
        if not hasattr(self, "slip_id"):
            self.reported(**fields)
        if wish.way is SlipWay.SUBMIT:
            self.explained()
        slip_decisions.decide_slip(self.who[who], self.slip_id, wish, LATE)
        made = slip_decisions.resolution_of(self.who["clerk"], self.slip(self.slip_id))
        if made is not None:
            self.resolution_id = made.id
        return self

    def explained(self) -> "Deciding":
        """The clerk answers every opinion and submits the table, where somebody wrote one."""
        clerk = self.who["clerk"]
        rows = synthesis.synthesis_of(clerk, self.slip_id).rows
        if not synthesis.unexplained(self.slip(self.slip_id)):
            return self
        for row in rows:
            explanations.save_reply(clerk, self.slip_id, row.leader_id, KEPT, 0, LATE)
        explanations.submit_explanations(clerk, self.slip_id, LATE)
        return self

    def equipped(self) -> "Deciding":
        seals.enrol_seal(self.who["records"], 1, PIN, pades.seal_picture("Chính phủ"), self.now)
        specimen = pades.signature_picture(cabinet.PEOPLE["head"].name)
        seals.set_picture(self.who["records"], self.who["head"].person_id or 0, specimen, self.now)
        return self

    def promulgated(self) -> "Deciding":
        """Presented, signed by the head, numbered, sealed and sent out."""
        records, number = self.who["records"], self.resolution_id
        resolutions.present_resolution(self.who["clerk"], number, LATE)
        sha256 = resolutions.presented_file(self.resolution).sha256
        head, nonce = self.who["head"], nonce_of("sign")
        document_signing.sign_resolution(head, number, sha256, nonce, PIN, LATE, changes_seen=True)
        issuing.allot_number(records, number, LATE)
        issuing.seal_resolution(records, number, nonce_of("seal"), PIN, LATE)
        promulgation.promulgate_resolution(records, number, LATE)
        return self

    @property
    def resolution(self) -> Resolution:
        return db.session.get_one(Resolution, self.resolution_id, populate_existing=True)
