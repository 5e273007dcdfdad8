"""How a vote that was held by a script becomes a Resolution: the same acts as people do on their screens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.demo.equipment import RECORDS_OFFICE
from app.demo.stage import CLERK, HEAD, Stage, expect, new_nonce
from app.extensions import db
from app.gateways import storage
from app.models import Poll, Resolution, ResolutionState
from app.workflows import document_signing, issuing, promulgation, resolutions, verification
from app.workflows.resolutions import Form
from app.workflows.rules.resolution import parse_text


@dataclass
class Course:
    """The way of one vote to its Resolution, step by step."""

    stage: Stage
    poll_id: int
    resolution_id: int = 0

    @property
    def resolution(self) -> Resolution:
        return db.session.get_one(Resolution, self.resolution_id, populate_existing=True)

    @property
    def poll(self) -> Poll:
        return db.session.get_one(Poll, self.poll_id, populate_existing=True)

    def draft(self, form: Form | None = None) -> "Course":
        with self.stage.step("draft_resolution"):
            clerk, now = self.stage.who(CLERK), self.stage.clock.now()
            self.resolution_id = resolutions.draft_resolution(clerk, self.poll_id, now, form).id
        return self

    @property
    def text(self) -> dict[str, Any]:
        """What the latest version says."""
        return parse_text(self.resolution.versions[-1].text)

    def edit(self, text: Mapping[str, Any], reason: str) -> None:
        with self.stage.step("edit_resolution"):
            clerk, now = self.stage.who(CLERK), self.stage.clock.now()
            resolutions.edit_resolution(clerk, self.resolution_id, text, reason, now)

    def present(self) -> "Course":
        with self.stage.step("present_resolution"):
            resolutions.present_resolution(self.stage.who(CLERK), self.resolution_id, self.stage.clock.now())
        return self

    def give_back(self, reason: str) -> None:
        with self.stage.step("return_resolution"):
            head, now = self.stage.who(HEAD), self.stage.clock.now()
            resolutions.return_resolution(head, self.resolution_id, reason, now)

    def read(self) -> str:
        """The hash of the form that lies before the signer."""
        return resolutions.presented_file(self.resolution).sha256

    def sign(self, sha256: str = "", changes_seen: bool = False) -> "Course":
        """The head signs what was read: the form that lies there now, or an earlier one."""
        with self.stage.step("sign_resolution"):
            document_signing.sign_resolution(
                self.stage.who(HEAD), self.resolution_id, sha256 or self.read(), new_nonce(), self.stage.pin,
                self.stage.clock.now(), changes_seen=changes_seen,
            )  # fmt: skip
        return self

    def number(self) -> str:
        """The number; asked again, the same one."""
        with self.stage.step("allot_number"):
            records, now = self.stage.who(RECORDS_OFFICE), self.stage.clock.now()
            issuing.allot_number(records, self.resolution_id, now)
        return self.allotted

    @property
    def allotted(self) -> str:
        number = self.resolution.number
        return number.text if number else ""

    def seal(self, pin: str = "") -> None:
        with self.stage.step("seal_resolution"):
            records, now = self.stage.who(RECORDS_OFFICE), self.stage.clock.now()
            issuing.seal_resolution(records, self.resolution_id, new_nonce(), pin or self.stage.pin, now)

    def promulgate(self) -> None:
        with self.stage.step("promulgate_resolution"):
            records, now = self.stage.who(RECORDS_OFFICE), self.stage.clock.now()
            promulgation.promulgate_resolution(records, self.resolution_id, now)

    def issue(self) -> "Course":
        """Number, seal, promulgation."""
        self.number()
        self.seal()
        self.promulgate()
        return self

    def document(self) -> bytes:
        with storage.store().open(self.resolution.files[-1].sha256) as source:
            return source.read()

    def verdict(self) -> dict[str, Any]:
        """What our verification says of the document: state, and who signed it in which order."""
        with self.stage.step("verify_resolution"):
            found = verification.verify(self.document(), self.stage.clock.now())
        posts = {signature.role.value: signature.post for signature in self.resolution.signatures}
        signers = [{"role": seen.role, "name": seen.name, "post": posts.get(seen.role, "")} for seen in found.signers]
        return {"state": found.state, "signers": signers}

    def report(self) -> dict[str, Any]:
        """The number, how long it took from the close of the vote, and the verdict."""
        ends = self.stage.ends
        return {
            "number": self.allotted,
            "vote_closed_to_signed_s": round(ends["sign_resolution"] - ends["close_vote"], 3),
            "vote_closed_to_promulgated_s": round(ends["promulgate_resolution"] - ends["close_vote"], 3),
            "verdict": self.verdict(),
        }


NOTHING: dict[str, Any] = dict.fromkeys(
    ("number", "vote_closed_to_signed_s", "vote_closed_to_promulgated_s", "verdict")
)
"""What the report says of a vote of which no Resolution came."""


def course_of(stage: Stage, poll_id: int) -> Course | None:
    """The Resolution of a vote, once it is out."""
    row = db.session.query(Resolution).filter_by(poll_id=poll_id, state=ResolutionState.PROMULGATED).one_or_none()
    return row and Course(stage, poll_id, row.id)


def expect_valid(report: Mapping[str, Any]) -> None:
    """Unexpected unless the verdict on the document is that it is valid, signed by the head and then sealed."""
    found = report["verdict"]
    expect(found["state"], "valid", "kết quả xác minh Nghị quyết")
    roles = [signer["role"] for signer in found["signers"]]
    expect(roles, ["signature", "seal"], "thứ tự chữ ký và dấu trên Nghị quyết")
