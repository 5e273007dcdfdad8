"""What the tests run as a process of its own: it makes an installation ready, or serves it as `run.py` does.

A PIN and a password cost next to nothing here; everything else is what `make run` does.
"""

import datetime as dt
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask
from flask_appbuilder.security.sqla.models import User
from flask_migrate import upgrade
from sqlalchemy import select

from app import create_app, installation, serve
from app.commands import sync_roles
from app.demo import loader, papers
from app.demo.founding import found
from app.demo.presets import G2025_10, Preset
from app.demo.stage import new_nonce
from app.extensions import db
from app.gateways import signing
from app.gateways.pades.examine import USUAL
from app.models import (
    Appointment,
    Choice,
    ItemKind,
    MeetingKind,
    Office,
    Presence,
    QuestionKind,
    RecoveryKind,
    Urgency,
)
from app.workflows import (
    agenda,
    attendance,
    ballots,
    draft_texts,
    keys,
    meetings,
    outside_keys,
    outside_seals,
    polls,
    resolutions,
    slip_answers,
    slip_approval,
    slip_issue,
    slips,
)
from app.workflows.engine.rights import Actor, actor_of
from app.workflows.engine.transaction import own_transaction
from app.workflows.poll_passkeys import AboutPasskeys
from app.workflows.rules.calendar import hanoi_date
from app.workflows.slips import Content, Question
from tests.cabinet import PASSWORD, PIN

ROOT = Path(__file__).parents[1]
DAY = dt.timedelta(days=1)
FEW = 5  # members
CHEAP = {
    "ARGON2_COST": signing.Argon2Cost(memory_kib=64, passes=1),
    "FAB_PASSWORD_HASH_METHOD": "pbkdf2:sha256:1000",
}


def application() -> Flask:
    """The application with the settings of its environment; only what is dear by design is cheap.

    The reader of strangers' files gives way to all others: what it waits on a busy machine is no subject of a story.
    """
    vars(USUAL)["seconds"] = 90
    return create_app(**CHEAP, SESSION_COOKIE_SECURE=False)  # plain http on loopback, in demo mode or not


def make(fill: Callable[[Flask], object]) -> None:
    """Tables, roles, and whoever lives in them."""
    app = application()
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        sync_roles()
        fill(app)


def make_demo() -> None:
    """The demo as `make run` loads it."""
    make(lambda _app: loader.load(dt.datetime.now(dt.UTC)))


def issue_slips() -> None:
    """Four slips under way in a demo that is there, one asks for passkeys; a unit gets a head, who approves them."""
    app = application()
    with app.app_context():
        person = _of_account("vanthu").person_id
        with own_transaction() as session:
            session.add(Appointment(
                person_id=person, body_id=1, office=Office.UNIT_HEAD, post="Vụ trưởng", abbreviation="VT", rank=99,
                valid_from=hanoi_date(dt.datetime.now(dt.UTC)),
            ))  # fmt: skip
        pick = Question(QuestionKind.PICK, "Thời hạn thực hiện", ("Đến hết năm 2027", "Đến hết năm 2030"))
        _issue("Chiến lược quốc gia về trí tuệ nhân tạo", urgency=Urgency.URGENT)
        _issue("Chương trình phát triển đô thị", pick, Question(QuestionKind.TEXT, "Ý kiến khác về hồ sơ"))
        _issue("Đề án chuyển đổi số ngành y tế")
        _issue("Đề án xác thực điện tử", about=AboutPasskeys.DEMAND, passkey_demanded=True)


def issue_slip() -> None:
    """One more, while the installation serves."""
    app = application()
    with app.app_context():
        _issue("Dự án Luật Dữ liệu cá nhân")


def _issue(matter: str, *more: Question, about: AboutPasskeys | None = None, **fields: Any) -> None:
    now, consent = dt.datetime.now(dt.UTC), Question(QuestionKind.CONSENT, "Đồng ý ban hành theo dự thảo kèm theo?")
    clerk, chairman, deputy = _of_account("chuyenvien"), _of_account("chunhiem"), _of_account("tv02")
    slip = slips.compose_slip(clerk, 1, Content(matter, (consent, *more), **fields), now=now)
    slip_approval.submit_slip(clerk, slip.id, now=now)
    slip_approval.approve_slip(_of_account("vanthu"), slip.id, now=now)
    slip_approval.approve_slip(chairman, slip.id, now=now)
    slip_issue.issue_slip(deputy, slip.id, now, about)


def _of_account(username: str) -> Actor:
    user = db.session.scalars(select(User).where(User.username == username)).one()
    return actor_of(user.id, on=hanoi_date(dt.datetime.now(dt.UTC)))


def make_slips() -> None:
    """A Government of five with as many slips to be issued as ECABINET_TEST_SLIPS says, and as many that are overdue.

    An overdue one was issued three weeks ago and answered by one member; nobody was there to close it. Two working days
    end within twelve days, whichever holidays are in between.
    """
    make(_approve_slips)


def _approve_slips(app: Flask) -> None:
    now = dt.datetime.now(dt.UTC)
    past = now - 21 * DAY
    make_keys(app, past - 2 * DAY)
    government = found(with_fewer_members(G2025_10), past - DAY, PASSWORD, PIN)

    def approved(matter: str, at: dt.datetime) -> int:
        clerk, head, deputy = (government.actor(who, hanoi_date(at)) for who in ("chuyenvien", "vutruong.th", "tv03"))
        consent = Question(QuestionKind.CONSENT, "Đồng ý ban hành theo dự thảo kèm theo?")
        slip = slips.compose_slip(clerk, government.body_id, Content(matter, (consent,)), now=at)
        slip_approval.submit_slip(clerk, slip.id, now=at)
        slip_approval.approve_slip(head, slip.id, now=at)
        return slip_approval.approve_slip(deputy, slip.id, now=at).id

    for number in range(int(os.environ["ECABINET_TEST_SLIPS"])):
        member = government.actor("tv02", hanoi_date(past))
        overdue = slip_issue.issue_slip(member, approved(f"Nội dung quá hạn số {number}", past), now=past).id
        part = {"question": 1, "choice": Choice.AGREE.value, "option": None, "text": "", "articles": []}
        nonce = new_nonce()
        slip_answers.prepare_answer(member, overdue, slip_answers.Said([part]), nonce, past)
        slip_answers.sign_answer(member, overdue, nonce, PIN, past)
        approved(f"Nội dung chờ phát hành số {number}", now)


def make_government() -> None:
    """The Government of the demo, all of it in one session, and a vote that is open."""
    make(_open_a_vote)


def make_passkey_vote() -> None:
    """A Government of five in session, and before it a question that asks for passkeys; nobody has one yet."""
    make(_draft_a_vote_with_passkeys)


def make_vote_with_keys_elsewhere() -> None:
    """A Government of five in session and an open vote; ECABINET_TEST_KEYS says whose key is where, with its PIN.

    It is JSON: {name: [reference, PIN]}; the name "seal" stands for the seal of the body.
    """
    make(_open_a_vote_with_keys_elsewhere)


def make_resolutions() -> None:
    """A Government of five, and as many Resolutions before its head as ECABINET_TEST_RESOLUTIONS says."""
    make(_present_resolutions)


def _open_a_vote(app: Flask) -> None:
    session = _Session(app, G2025_10, ["Nghị quyết về thử nghiệm"])
    session.put_to_vote(session.item_ids[0])


def _draft_a_vote_with_passkeys(app: Flask) -> None:
    session = _Session(app, with_fewer_members(G2025_10), ["Nghị quyết về thử nghiệm"])
    item_id = session.item_ids[0]
    agenda.open_item(session.who("thutuong"), item_id, session.now())
    question = polls.usual_question("Nghị quyết về thử nghiệm")
    polls.draft_poll(session.who("chuyenvien"), item_id, question, session.now(), passkey_demanded=True)


def _open_a_vote_with_keys_elsewhere(app: Flask) -> None:
    session = _Session(app, with_fewer_members(G2025_10), ["Nghị quyết về thử nghiệm"])
    draft_texts.write_draft(session.who("chuyenvien"), session.item_ids[0], papers.draft_text(), session.now())
    for name, (key_ref, pin) in json.loads(os.environ["ECABINET_TEST_KEYS"]).items():
        session.register(name, key_ref, pin)
    session.put_to_vote(session.item_ids[0])


def _present_resolutions(app: Flask) -> None:
    """Each from a vote of its own, by the smallest majority."""
    count = int(os.environ["ECABINET_TEST_RESOLUTIONS"])
    titles = [f"Nghị quyết về thử nghiệm số {number}" for number in range(1, count + 1)]
    session = _Session(app, with_fewer_members(G2025_10), titles)
    for item_id in session.item_ids:
        session.present_resolution(item_id)


def with_fewer_members(preset: Preset) -> Preset:
    """A vote is adopted with three ballots; everything else is as it was."""
    left = {figure.handle for figure in [each for each in preset.government.figures if each.signs][FEW:]}
    figures = tuple(figure for figure in preset.government.figures if figure.handle not in left)
    aides = tuple(pair for pair in preset.government.aides if not left & {*pair})
    return replace(preset, government=replace(preset.government, figures=figures, aides=aides))


def make_keys(app: Flask, since: dt.datetime) -> None:
    """Installation key and certificate authority; nothing where a signer of its own has them."""
    if app.config["SIGNER_SOCKET"]:
        return
    key = Path(app.config["INSTALLATION_KEY"])
    signing.create_installation_key(key)
    signing.Authority.create(Path(app.config["AUTHORITY"]), since, demo=True, installation_key=key.read_bytes())
    installation.choose_gateways(app)


class _Session:
    """A session of a founded Government with these items, everybody present, open."""

    def __init__(self, app: Flask, preset: Preset, titles: list[str]) -> None:
        now = self.now()
        make_keys(app, now - DAY)
        self.founded = found(preset, now - DAY, PASSWORD, PIN)
        clerk, starts = self.who("chuyenvien"), now + dt.timedelta(hours=1)
        title, place = "Phiên họp Chính phủ thường kỳ", "Phòng họp Chính phủ"
        meeting = meetings.create_meeting(clerk, self.founded.body_id, MeetingKind.REGULAR, title, starts, place, now)
        meeting_id = meeting.id
        self.item_ids = [agenda.add_item(clerk, meeting_id, each, ItemKind.DECISION, now).id for each in titles]
        meetings.issue_invitation(clerk, meeting_id, now)
        for handle in self.founded.members:
            attendance.confirm_presence(self.who(handle), meeting_id, Presence.IN_ROOM, now)
        meetings.open_meeting(self.who("thutuong"), meeting_id, now)

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    def who(self, handle: str) -> Actor:
        return self.founded.actor(handle, hanoi_date(self.now()))

    def register(self, name: str, key_ref: str, pin: str) -> None:
        """A key in a device or at a provider, as the two people and the owner do it at the terminal."""
        clerk, records, now = self.who("chuyenvien"), self.who("vanthu"), self.now()
        if name == "seal":
            body_id = self.founded.body_id
            found = outside_seals.offered(records, clerk, body_id, key_ref, now)
            outside_seals.register(records, clerk, body_id, found, pin, None, now)
            return
        owner = self.who(name)
        asked = keys.request_recovery(clerk, owner.person_id or 0, RecoveryKind.REPLACE, "Thiết bị ký", now)
        keys.approve_recovery(records, asked.id, now)
        outside_keys.register(owner, outside_keys.offered(owner, key_ref, now), pin, now)

    def put_to_vote(self, item_id: int) -> int:
        agenda.open_item(self.who("thutuong"), item_id, self.now())
        return polls.put_to_vote(self.who("thutuong"), item_id, self.now()).id

    def present_resolution(self, item_id: int) -> None:
        clerk, head = self.who("chuyenvien"), self.who("thutuong")
        draft_texts.write_draft(clerk, item_id, papers.draft_text(), self.now())
        poll_id = self.put_to_vote(item_id)
        for handle in self.founded.members[: len(self.founded.members) // 2 + 1]:
            nonce, member = new_nonce(), self.who(handle)
            ballots.prepare_ballot(member, poll_id, Choice.AGREE, nonce, self.now())
            ballots.sign_ballot(member, poll_id, nonce, PIN, self.now())
        polls.close_poll(head, poll_id, self.now())
        polls.publish_poll(head, poll_id, self.now())
        drafted = resolutions.draft_resolution(clerk, poll_id, self.now())
        resolutions.present_resolution(clerk, drafted.id, self.now())
        agenda.close_item(head, item_id, self.now())


def serve_it() -> int:
    app = application()
    installation.require_ready(app)
    return serve.embedded(app, int(os.environ["PORT"]))


DEEDS: dict[str, Callable[[], int | None]] = {
    "demo": make_demo, "approved": make_slips, "slips": issue_slips, "slip": issue_slip,
    "government": make_government, "resolutions": make_resolutions,
    "passkeys": make_passkey_vote, "elsewhere": make_vote_with_keys_elsewhere, "serve": serve_it,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(DEEDS[sys.argv[1]]())
