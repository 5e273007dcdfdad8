"""How a session is held by a script: the same acts as people do on their screens, on a clock that the script holds."""

import base64
import datetime as dt
import io
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from app.demo import papers
from app.demo.founding import Founded
from app.extensions import db
from app.models import (
    Choice,
    DocumentKind,
    ItemKind,
    Meeting,
    MeetingKind,
    Outcome,
    Poll,
    Presence,
    Reply,
    SeatRole,
)
from app.workflows import agenda, attendance, ballots, documents, draft_texts, evidence, meetings, poll_acts, polls
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.rules.calendar import HANOI, hanoi_date
from app.workflows.rules.canonical import parse_canonical

START = dt.datetime(2019, 6, 24, 8, 0, tzinfo=HANOI)
OPENS = dt.datetime(2019, 6, 24, 9, 0, tzinfo=HANOI)
LASTS = dt.timedelta(minutes=10)
TITLE = "Phiên họp Chính phủ chuyên đề tháng 6 năm 2019"
CLERK, AUDITOR, HEAD = "chuyenvien", "kiemtoan", "thutuong"


class Unexpected(Exception):
    """The system answered otherwise than the rules say; the sentence says where."""


class Clock:
    """The time of the replayed day: it runs like the real one and can be moved on, never back."""

    def __init__(self, start: dt.datetime) -> None:
        self._start, self._began = start, time.monotonic()

    def now(self) -> dt.datetime:
        return self._start + dt.timedelta(seconds=time.monotonic() - self._began)

    def move_on(self, to: dt.datetime) -> None:
        self._start += max(to - self.now(), dt.timedelta())


@dataclass(frozen=True)
class Step:
    """`at` by the clock of the day (ISO 8601, Hanoi), `seconds` by the monotonic clock of the machine."""

    name: str
    at: str
    seconds: float


@dataclass
class Stage:
    """A founded Government in a database of its own, and one session with one item."""

    founded: Founded
    pin: str
    clock: Clock
    steps: list[Step] = field(default_factory=list)
    ends: dict[str, float] = field(default_factory=dict)
    meeting_id: int = 0
    item_id: int = 0

    def another(self) -> "Stage":
        """A session beside this one, with the same people and the same clock."""
        return Stage(self.founded, self.pin, self.clock)

    @property
    def members(self) -> list[str]:
        return self.founded.members

    def who(self, handle: str) -> Actor:
        return self.founded.actor(handle, hanoi_date(self.clock.now()))

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Do something and write down when it began and how long it took."""
        at, began = self.clock.now().isoformat(timespec="seconds"), time.monotonic()
        yield
        self.ends[name] = time.monotonic()
        self.steps.append(Step(name, at, round(self.ends[name] - began, 3)))

    @contextmanager
    def refused(self, error: type[WorkflowError], what: str, **details: Any) -> Iterator[None]:
        """What stands inside must be refused with this error and these details."""
        try:
            yield
        except error as refusal:
            found = {name: refusal.details.get(name) for name in details}
            expect(found, details, f"từ chối {what}")
        else:
            raise Unexpected(f"Hệ thống đã không từ chối {what}.")

    def convene(self) -> None:
        """The clerk prepares meeting, item and papers, and issues the invitation."""
        clerk, now = self.who(CLERK), self.clock.now
        with self.step("create_meeting"):
            self.meeting_id = meetings.create_meeting(
                clerk, self.founded.body_id, MeetingKind.THEMATIC, TITLE, OPENS, "Phòng họp Chính phủ", now(),
                planned_minutes=10, conference_url="https://hop.ecabinet.example/2019-06-24",
            ).id  # fmt: skip
            meetings.add_seat(clerk, self.meeting_id, self.founded.people[CLERK], SeatRole.SECRETARY, now())
        with self.step("add_item"):
            lead = self.founded.organisations["BTTTT"]
            self.item_id = agenda.add_item(
                clerk, self.meeting_id, papers.ITEM, ItemKind.DECISION, now(), organisation_id=lead, planned_minutes=10
            ).id
        with self.step("add_papers"):
            number = f"Tờ trình số {papers.SYMBOL}"
            self._add_paper(number, DocumentKind.SUBMISSION, "to-trinh.pdf", papers.submission())
            draft_texts.write_draft(clerk, self.item_id, papers.draft_text(), now())
        with self.step("issue_invitation"):
            meetings.issue_invitation(clerk, self.meeting_id, now())

    def _add_paper(self, title: str, kind: DocumentKind, file_name: str, content: bytes) -> None:
        clerk = self.who(CLERK)
        paper_id = documents.add_paper(clerk, self.item_id, title, kind, self.clock.now()).id
        documents.add_version(clerk, paper_id, file_name, io.BytesIO(content), self.clock.now())

    def answer(self, remote: Sequence[str] = (), absent: Mapping[str, str | None] | None = None) -> None:
        """Everybody answers the invitation; `absent` names substitutes (or nobody), and the head consents."""
        absent = absent or {}
        with self.step("answer_invitation"):
            for handle in self.members:
                if handle in absent:
                    self._ask_absence(handle, absent[handle])
                else:
                    reply = Reply.REMOTE if handle in remote else Reply.IN_ROOM
                    attendance.answer_invitation(self.who(handle), self.meeting_id, reply, self.clock.now())

    def _ask_absence(self, handle: str, substitute: str | None) -> None:
        reason = "Đi công tác theo chương trình đã được Thủ tướng Chính phủ đồng ý"
        stand_in = self.founded.people[substitute] if substitute else None
        who, now = self.who(handle), self.clock.now()
        asked = attendance.ask_absence(who, self.meeting_id, reason, now, substitute_id=stand_in)
        attendance.decide_absence(self.who(HEAD), asked.id, True, self.clock.now())

    def check_in(self, in_room: Sequence[str], remote: Sequence[str] = ()) -> None:
        self.clock.move_on(OPENS - dt.timedelta(minutes=5))
        with self.step("check_in"):
            for handle in (*in_room, *remote):
                self.be(handle, Presence.REMOTE if handle in remote else Presence.IN_ROOM)

    def be(self, handle: str, presence: Presence) -> None:
        attendance.confirm_presence(self.who(handle), self.meeting_id, presence, self.clock.now())

    def open_session(self) -> None:
        self.clock.move_on(OPENS)
        with self.step("open_meeting"):
            meetings.open_meeting(self.who(HEAD), self.meeting_id, self.clock.now())
        with self.step("open_item"):
            agenda.open_item(self.who(CLERK), self.item_id, self.clock.now())

    def open_vote(self) -> int:
        """Put the item to the vote; the id of the poll."""
        with self.step("open_vote"):
            return polls.put_to_vote(self.who(HEAD), self.item_id, self.clock.now()).id

    def cast(self, poll_id: int, votes: Mapping[str, str]) -> None:
        """Each member prepares, signs with the own key and casts."""
        with self.step("cast_ballots"):
            for handle, choice in votes.items():
                self.vote(poll_id, handle, choice)

    def vote(self, poll_id: int, handle: str, choice: str) -> None:
        nonce, who = new_nonce(), self.who(handle)
        ballots.prepare_ballot(who, poll_id, Choice(choice), nonce, self.clock.now())
        ballots.sign_ballot(who, poll_id, nonce, self.pin, self.clock.now())

    def close_vote(self, poll_id: int) -> Outcome | None:
        with self.step("close_vote"):
            return polls.close_poll(self.who(HEAD), poll_id, self.clock.now()).outcome

    def confirm_tie(self, poll_id: int) -> None:
        with self.step("confirm_tie"):
            nonce, head = new_nonce(), self.who(HEAD)
            poll_acts.prepare_tie_confirmation(head, poll_id, nonce, self.clock.now())
            poll_acts.sign_act(head, poll_id, nonce, self.pin, self.clock.now())

    def annul(self, poll_id: int, reason: str) -> None:
        with self.step("annul_vote"):
            nonce, chair = new_nonce(), self.who(HEAD)
            poll_acts.prepare_annulment(chair, poll_id, reason, nonce, self.clock.now())
            poll_acts.sign_act(chair, poll_id, nonce, self.pin, self.clock.now())

    def publish(self, poll_id: int) -> None:
        with self.step("publish_result"):
            polls.publish_poll(self.who(HEAD), poll_id, self.clock.now())

    def adopted(self, poll_id: int) -> bool:
        """Whether the published result is that the Government adopts."""
        return self.result(poll_id)["outcome"] == Outcome.ADOPTED

    def end_session(self) -> None:
        with self.step("close_item"):
            agenda.close_item(self.who(CLERK), self.item_id, self.clock.now())
        self.clock.move_on(OPENS + LASTS)
        with self.step("end_meeting"):
            meetings.end_meeting(self.who(HEAD), self.meeting_id, self.clock.now())

    def meeting(self) -> Meeting:
        return db.session.get_one(Meeting, self.meeting_id)

    def definition(self, poll_id: int) -> dict[str, Any]:
        return parse_canonical(db.session.get_one(Poll, poll_id).definition or b"")

    def result(self, poll_id: int) -> dict[str, Any]:
        return parse_canonical(evidence.standing_result(db.session.get_one(Poll, poll_id)))

    def tally_record(self, poll_id: int) -> bytes:
        with self.step("tally_record"):
            return evidence.tally_record(self.who(HEAD), poll_id, self.clock.now())

    def bundle(self, poll_id: int) -> bytes:
        with self.step("evidence_bundle"):
            return evidence.bundle_of(self.who(AUDITOR), poll_id, self.clock.now())

    def report(self, poll_id: int) -> dict[str, Any]:
        """The figures of the result and the times of the steps."""
        result = self.result(poll_id)
        figures = ("members", "in_room", "remote", "agree", "disagree", "other", "not_voting")
        return {
            **{name: result[name] for name in figures},
            "percent_of_all": float(result["percent_of_all"]),
            "outcome": result["outcome"],
            "rule_set": result["rule_set"]["code"],
            "steps": [asdict(step) for step in self.steps],
            "open_to_close_s": round(self.ends["close_vote"] - self.ends["open_vote"], 3),
            "close_to_published_s": round(self.ends["publish_result"] - self.ends["close_vote"], 3),
        }


def expect(found: Any, wanted: Any, about: str) -> None:
    """Unexpected unless the system's answer is the wanted one."""
    if found != wanted:
        raise Unexpected(f"Kết quả không đúng quy định ({about}): nhận được {found}, quy định là {wanted}.")


def new_nonce() -> str:
    """Sixteen random bytes as a device makes them."""
    return base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
