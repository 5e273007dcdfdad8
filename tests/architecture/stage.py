"""A stage for the test of rights: one thing of every kind, in sight of those it is meant for, and one out of sight."""

import datetime as dt
import io
import sqlite3
from dataclasses import dataclass, field
from hashlib import sha256

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import func, select

from app.extensions import db
from app.models import (
    Absence,
    AgendaItem,
    Appointment,
    AuditEntry,
    CalendarDay,
    Certificate,
    Channel,
    ContactAddress,
    DayKind,
    DeclaredGap,
    Delivery,
    DeliveryState,
    Digest,
    DigestKind,
    DocumentKind,
    DocumentVersion,
    Export,
    ExportKind,
    IssuedNumber,
    ItemKind,
    Job,
    KeyRecovery,
    KeyState,
    LoginSession,
    Meeting,
    MeetingKind,
    MeetingState,
    MemberStaff,
    MemberTrip,
    Notice,
    NumberSeries,
    Office,
    Opinion,
    Organisation,
    Passkey,
    Person,
    Procedure,
    PushSubscription,
    RecoveryKind,
    Refusal,
    Resolution,
    RuleSet,
    SealKey,
    Seat,
    SeatRole,
    SignaturePicture,
    SigningKey,
    Slip,
    SlipTemplate,
    TripKind,
    WitnessFinding,
    WitnessReport,
)
from app.workflows import (
    agenda,
    attendance,
    documents,
    exports,
    keys,
    meetings,
    member_staff,
    polls,
    slip_advice,
    slip_drafts,
    slip_templates,
)
from app.workflows.engine.rights import SYSTEM, Actor, actor_for
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.digest import DigestContent
from tests.cabinet import NOW, SINCE
from tests.conftest import Scene
from tests.deciding import Deciding
from tests.gateways.upload_corpus import blank
from tests.opinions import closed_slip
from tests.resolving import Resolving

FOREIGN_BODY = 2


@dataclass
class Stage:
    """Ids by name: `here` of the meeting being held, `draft` of one in preparation, `foreign` of another body.

    Of Resolutions `draft` is one being drafted, `here` one before its signer, `signed` and `published` are further on.
    """

    here: dict[str, int | str] = field(default_factory=dict)
    draft: dict[str, int | str] = field(default_factory=dict)
    published: dict[str, int | str] = field(default_factory=dict)
    signed: dict[str, int | str] = field(default_factory=dict)
    closed: dict[str, int | str] = field(default_factory=dict)
    foreign: dict[str, int | str] = field(default_factory=dict)
    saved: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(":memory:", check_same_thread=False))

    def keep(self) -> None:
        """Remember the database as it is now (SQLite)."""
        db.session.remove()
        connection = db.engine.raw_connection()
        connection.driver_connection.backup(self.saved)
        connection.close()

    def restore(self) -> None:
        """Put it back."""
        db.session.remove()
        connection = db.engine.raw_connection()
        self.saved.backup(connection.driver_connection)
        connection.close()


def build() -> Stage:
    """Needs the application's context and the small cabinet."""
    stage = Stage()
    _held(stage)
    _prepared(stage)
    _elsewhere(stage)
    _resolutions(stage)
    _rows(stage)
    _slips(stage)
    return stage


def _slips(stage: Stage) -> None:
    """A slip under way with a file beside an answer to come; others drafted, closed, reported; one of a province."""
    scene = Deciding()
    stage.here["slip"] = scene.issue()
    stage.draft["slip"] = scene.draft().id
    stage.here["template"] = slip_templates.keep_template(
        scene.who["clerk"], int(stage.draft["slip"]), "Mẫu", now=NOW
    ).id
    paper = io.BytesIO(blank(1))
    stage.here["upload"] = slip_drafts.attach_file(
        scene.who["b"], int(stage.here["slip"]), "y-kien.pdf", paper, now=NOW
    ).id
    _aide(stage, scene)
    stage.published["slip"] = scene.reported().slip_id
    stage.closed["slip"] = closed_slip(scene)
    first = select(func.min(Opinion.id)).where(Opinion.slip_id == stage.closed["slip"])
    stage.closed["opinion"] = db.session.scalar(first) or 0
    far = Slip(body_id=FOREIGN_BODY, matter="Việc tỉnh", title_fold="viec tinh", working_days=2, drafted_at=NOW)
    theirs = SlipTemplate(body_id=FOREIGN_BODY, name="Mẫu", name_fold="mau", content={}, at=NOW)
    db.session.add_all([far, theirs])
    db.session.commit()
    stage.foreign |= {"slip": far.id, "opinion": 1, "template": theirs.id}


def _aide(stage: Stage, scene: Deciding) -> None:
    """The guest helps minister `b`, who lets the guest see slips, and has suggested an answer."""
    member, aide = scene.who["b"].person_id, scene.who["guest"].person_id
    member_staff.assign_aide(scene.who["clerk"], 1, member, aide, SINCE, NOW)
    slip_advice.let_aide(scene.who["b"], aide, True, NOW)
    content = {"answers": [{"question": 1, "choice": "agree", "text": "Nhất trí"}]}
    actor = actor_for(aide, hanoi_date(NOW), "aide")
    written = slip_advice.write_advice(actor, int(stage.here["slip"]), member, content, NOW)
    stage.here |= {"aide": aide, "advice": written.id}


def _held(stage: Stage) -> None:
    """A meeting under way: `a` is absent and represented, one item is decided, the next is being voted on."""
    scene = Scene()
    who, first = scene.who, scene.item_id
    second = agenda.add_item(who["clerk"], scene.meeting_id, "Nội dung thứ hai", ItemKind.DECISION, now=NOW).id
    meetings.add_seat(who["clerk"], scene.meeting_id, who["guest"].person_id, SeatRole.GUEST, NOW, (second,))
    version = _paper(who["clerk"], second)
    scene.invite()
    absence = attendance.ask_absence(who["a"], scene.meeting_id, "Công tác", NOW, who["under_a"].person_id)
    attendance.decide_absence(who["head"], absence.id, True, NOW)
    scene.check_in("head", "deputy", "b", "chairman")
    meetings.open_meeting(who["secretary"], scene.meeting_id, now=NOW)
    agenda.open_item(who["secretary"], first, now=NOW)
    published = scene.open_poll()
    for name in ("head", "deputy", "b", "chairman"):
        scene.vote(name, published.id, "agree")
    polls.close_poll(scene.who["secretary"], published.id, now=NOW)
    polls.publish_poll(scene.who["secretary"], published.id, now=NOW)
    agenda.close_item(scene.who["secretary"], first, now=NOW)
    agenda.open_item(scene.who["secretary"], second, now=NOW)
    question = polls.draft_poll(scene.who["clerk"], second, "Thông qua?", NOW)
    polls.open_poll(scene.who["secretary"], question.id, now=NOW)
    stage.published = {"poll": published.id, "item": first}
    paper = db.session.get_one(DocumentVersion, version).document_id
    stage.here = {
        "meeting": scene.meeting_id, "item": second, "poll": question.id, "version": version, "paper": paper,
        "absence": absence.id, "person": who["b"].person_id,
    }  # fmt: skip


def _prepared(stage: Stage) -> None:
    """A meeting that only those who prepare it know of."""
    who = Scene().who
    meeting_id = db.session.scalar(select(func.max(Meeting.id))) or 0
    item_id = db.session.scalar(select(AgendaItem.id).where(AgendaItem.meeting_id == meeting_id)) or 0
    version = _paper(who["clerk"], item_id)
    question = polls.draft_poll(who["clerk"], item_id, "Thông qua?", NOW)
    paper = db.session.get_one(DocumentVersion, version).document_id
    stage.draft = {"meeting": meeting_id, "item": item_id, "poll": question.id, "version": version, "paper": paper}


def _elsewhere(stage: Stage) -> None:
    """A meeting of a province, invited to, with everything; nobody of the cabinet belongs to it."""
    clerk = _person("Giàng Thị Ngoài", Office.CLERK)
    member = _person("Lò Văn Xa", Office.HEAD)
    actor = Actor(clerk, frozenset({(FOREIGN_BODY, Office.CLERK)}))
    meeting = meetings.create_meeting(actor, FOREIGN_BODY, MeetingKind.REGULAR, "Họp tỉnh", NOW, "Lào Cai", now=NOW)
    item_id = agenda.add_item(actor, meeting.id, "Việc tỉnh", ItemKind.DECISION, now=NOW).id
    version = _paper(actor, item_id)
    question = polls.draft_poll(actor, item_id, "Thông qua?", NOW)
    seat = meetings.add_seat(actor, meeting.id, clerk, SeatRole.SECRETARY, now=NOW)
    absence = Absence(body_id=FOREIGN_BODY, meeting_id=meeting.id, member_id=member, reason="x", requested_at=NOW)
    organisation = Organisation(
        body_id=FOREIGN_BODY, kind="unit", name="Sở Ngoài", name_fold="so ngoai", abbreviation="SN"
    )
    staff = MemberStaff(body_id=FOREIGN_BODY, member_id=member, aide_id=clerk, valid_from=SINCE)
    db.session.add_all([absence, organisation, staff])
    held = db.session.get_one(Meeting, meeting.id)
    held.state, held.invited_at = MeetingState.INVITED, NOW
    db.session.commit()
    appointment = db.session.scalar(select(Appointment.id).where(Appointment.person_id == clerk)) or 0
    paper = db.session.get_one(DocumentVersion, version).document_id
    audit = db.session.scalar(select(func.max(AuditEntry.id)).where(AuditEntry.body_id == FOREIGN_BODY)) or 0
    stage.foreign = {
        "meeting": meeting.id, "item": item_id, "poll": question.id, "version": version, "paper": paper,
        "seat": seat.id, "absence": absence.id, "person": clerk, "appointment": appointment, "body": FOREIGN_BODY,
        "organisation": organisation.id, "staff": staff.id, "audit": audit,
    }  # fmt: skip


def _resolutions(stage: Stage) -> None:
    """One at each stage, all on adopted votes; a seal and specimen signatures; and all of it in the province too."""
    drafted, presented, signed, published = (_earlier(Resolving()) for _stage in range(4))
    drafted.equipped()
    for scene in (drafted, presented, signed, published):
        scene.voted().drafted()
    presented.presented()
    signed.presented().signed()
    published.presented().signed().numbered().sealed().promulgated()
    scenes = (stage.draft, drafted), (stage.here, presented), (stage.signed, signed), (stage.published, published)
    for things, scene in scenes:
        things |= {"resolution": scene.resolution_id, "token": scene.resolution.token}
    stage.here |= {
        "seal": db.session.scalar(select(SealKey.id).where(SealKey.state == KeyState.ACTIVE)) or 0,
        "specimen": db.session.scalar(select(func.min(SignaturePicture.id))) or 0,
        "number": db.session.scalar(select(func.min(IssuedNumber.id))) or 0,
    }
    _foreign_resolution(stage)


def _earlier(scene: Resolving) -> Resolving:
    """What is done in it lies in the past: whoever acts now comes after it."""
    scene.now -= dt.timedelta(minutes=5)
    return scene


def _foreign_resolution(stage: Stage) -> None:
    """Rows of the other body, written as they are: nobody there has keys."""
    far, ours = stage.foreign, db.session.get_one(SealKey, stage.here["seal"])
    told = {"body_id": FOREIGN_BODY, "subject": "Việc tỉnh", "subject_fold": "viec tinh", "signer_post": "Chủ tịch"}
    resolution = Resolution(
        meeting_id=far["meeting"], item_id=far["item"], poll_id=far["poll"], signer_id=far["person"], token="f" * 32,
        drafted_at=NOW, **told,
    )  # fmt: skip
    certificate = Certificate(
        body_id=FOREIGN_BODY, serial="f", subject="Con dấu tỉnh", issuer="x", sha256="f" * 64, der=b"x",
        not_before=NOW, not_after=NOW,
    )  # fmt: skip
    seal = SealKey(body_id=FOREIGN_BODY, certificate=certificate, key_ref="far", picture=ours.picture, enrolled_at=NOW)
    specimen = SignaturePicture(
        body_id=FOREIGN_BODY, person_id=far["person"], png=ours.picture, sha256="f" * 64, at=NOW
    )
    series = NumberSeries(body_id=FOREIGN_BODY, type="resolution", normative=False, year=NOW.year, last_number=1)
    number = IssuedNumber(
        body_id=FOREIGN_BODY, series=series, resolution=resolution, number=1, text="01/NQ-UBND", issued_on=NOW.date(),
        at=NOW,
    )  # fmt: skip
    db.session.add_all([resolution, seal, specimen, number])
    db.session.commit()
    far |= {"resolution": resolution.id, "seal": seal.id, "specimen": specimen.id, "number": number.id}
    far["certificate"] = certificate.id


def _rows(stage: Stage) -> None:
    """Whatever else a record screen shows."""
    who = Scene().who
    member_staff.assign_aide(who["clerk"], 1, who["b"].person_id, who["secretary"].person_id, SINCE, NOW)
    keys.request_recovery(who["clerk"], who["b"].person_id, RecoveryKind.UNLOCK, "Quên mã PIN", NOW)
    db.session.add(Job(body_id=1, name="x", payload={}, dedupe_key="stage", created_at=NOW, due_at=NOW))
    db.session.add(Refusal(body_id=1, subject_type="poll", subject_id=1, at=NOW, act="open_poll", code="no_quorum"))
    user_id = db.session.scalar(select(User.id).where(User.username == "b"))
    device = LoginSession(token_sha256="0" * 64, user_id=user_id, device="iPad", created_at=NOW, last_seen_at=NOW)
    db.session.add(device)
    passkey = Passkey(
        body_id=1, person_id=who["b"].person_id, credential_id=b"id", public_key=b"key", sign_count=0, aaguid="",
        label="iPad", transports=[], backup_eligible=False, backed_up=False, created_at=NOW,
    )  # fmt: skip
    away = _trips({1: who["b"].person_id, FOREIGN_BODY: int(stage.foreign["person"])})
    db.session.add_all([passkey, *_calendar(), *away])
    db.session.commit()
    _sent(stage, stage.here, 1, who["b"].person_id)
    _sent(stage, stage.foreign, FOREIGN_BODY, int(stage.foreign["person"]))
    of_b = who["b"].person_id
    first = {
        "appointment": select(Appointment.id).where(Appointment.person_id == of_b),
        "audit": select(func.min(AuditEntry.id)).where(AuditEntry.body_id == 1),
        "organisation": select(func.min(Organisation.id)).where(Organisation.body_id == 1),
        "staff": select(MemberStaff.id).where(MemberStaff.member_id == of_b),
        "recovery": select(func.min(KeyRecovery.id)), "rule_set": select(func.min(RuleSet.id)),
        "slip_rule_set": select(func.min(RuleSet.id)).where(RuleSet.procedure == Procedure.SLIP),
        "seat": select(Seat.id).where(Seat.meeting_id == stage.here["meeting"], Seat.person_id == of_b),
        "job": select(func.max(Job.id)), "refusal": select(func.max(Refusal.id)).where(Refusal.body_id == 1),
        "certificate": select(SigningKey.certificate_id).where(SigningKey.person_id == of_b),
        "key": select(SigningKey.id).where(SigningKey.person_id == of_b),
    }  # fmt: skip
    stage.here |= {name: db.session.scalar(query) or 0 for name, query in first.items()}
    _gaps(stage)
    for thing, body_id in ((stage.here, 1), (stage.foreign, FOREIGN_BODY)):
        thing["trip"] = db.session.scalars(select(MemberTrip.id).where(MemberTrip.body_id == body_id)).one()
        thing["calendar_day"] = db.session.scalars(select(CalendarDay.id).where(CalendarDay.body_id == body_id)).one()
    stage.here |= {"passkey": passkey.id, "session": device.id, "body": 1, "account": of_b, "export": _export(stage)}


def _calendar() -> list[CalendarDay]:
    """A day off here, and another one in the other body."""
    days = {1: dt.date(2026, 11, 20), FOREIGN_BODY: dt.date(2026, 11, 19)}
    return [CalendarDay(body_id=body_id, day=day, kind=DayKind.OFF, note="Bão") for body_id, day in days.items()]


def _trips(members: dict[int, int]) -> list[MemberTrip]:
    """Somebody is away here, and somebody in the other body."""
    begins = dt.datetime(2026, 11, 20, 1, tzinfo=dt.UTC)
    return [
        MemberTrip(body_id=body_id, member_id=member_id, kind=TripKind.HOME, begins_at=begins,
                   ends_at=begins + dt.timedelta(days=2), note="Cần Thơ")
        for body_id, member_id in members.items()
    ]  # fmt: skip


def _gaps(stage: Stage) -> None:
    """A witness that knows more than there is, and an auditor who declared that; here and in the other body."""
    for thing, body_id in ((stage.here, 1), (stage.foreign, FOREIGN_BODY)):
        report = WitnessReport(
            body_id=body_id, witness="witness.example", finding=WitnessFinding.AHEAD, known_size=9, own_size=5,
            about="9" * 64, note="…", at=NOW,
        )  # fmt: skip
        gap = DeclaredGap(
            body_id=body_id, report=report, missing_from=6, missing_to=9, reason="Khôi phục", declared_at=NOW,
            declared_by_id=Scene().who["auditor"].person_id, declared_as=Office.AUDITOR,
        )  # fmt: skip
        db.session.add(gap)
        db.session.commit()
        thing |= {"gap": gap.id, "witness_report": report.id}


def _export(stage: Stage) -> int:
    """The dossier of the meeting, made for `b`; and one that somebody of the other body asked for."""
    asked = exports.ask_export(Scene().who["b"], int(stage.here["meeting"]), NOW).id
    exports.make_export(SYSTEM, asked, NOW)
    far = stage.foreign
    other = Export(
        body_id=FOREIGN_BODY, person_id=far["person"], kind=ExportKind.MEETING_DOSSIER, meeting_id=far["meeting"],
        asked_at=NOW,
    )  # fmt: skip
    job = Job(body_id=FOREIGN_BODY, name="x", payload={}, dedupe_key="far", created_at=NOW, due_at=NOW)
    db.session.add_all([other, job])
    db.session.commit()
    far |= {"export": other.id, "job": job.id}
    return asked


def _paper(actor: Actor, item_id: int) -> int:
    paper = documents.add_paper(actor, item_id, "Tờ trình", DocumentKind.SUBMISSION, now=NOW)
    return documents.add_version(actor, paper.id, "to-trinh.pdf", io.BytesIO(blank(1)), now=NOW).id


def _sent(stage: Stage, things: dict[str, int | str], body_id: int, person_id: int) -> None:
    """A notice of a person that could not be sent, an address that waits for its code, a browser, and a digest."""
    about = {"subject_type": "poll", "subject_id": stage.published["poll"]}
    notice = Notice(
        body_id=body_id, person_id=person_id, audit_entry_id=1, kind="PollAnnulled", details=about, created_at=NOW
    )
    contact = ContactAddress(
        body_id=body_id, person_id=person_id, channel=Channel.MAIL, address="b@bo.example", added_at=NOW
    )
    browser = PushSubscription(
        body_id=body_id, person_id=person_id, endpoint=f"https://push.example/{body_id}", p256dh="p", auth="a",
        endpoint_sha256=sha256(f"https://push.example/{body_id}".encode()).hexdigest(), created_at=NOW,
    )  # fmt: skip
    delivery = Delivery(
        body_id=body_id, person_id=person_id, key=f"stage:{body_id}", notice=notice, channel=Channel.MAIL,
        contact=contact, state=DeliveryState.FAILED, created_at=NOW, not_before=NOW, ended_at=NOW,
    )  # fmt: skip
    content = DigestContent("daily", "x", "x", "x", "x", NOW.date(), NOW, NOW, sections=()).as_dict()
    digest = Digest(
        body_id=body_id, person_id=person_id, kind=DigestKind.DAILY, slot="2026-07-30", content=content, made_at=NOW
    )
    db.session.add_all([browser, delivery, digest])
    db.session.commit()
    things |= {"notice": notice.id, "contact": contact.id, "browser": browser.id, "delivery": delivery.id}
    things |= {"digest": digest.id}


def _person(name: str, office: Office) -> int:
    person = Person(home_body_id=FOREIGN_BODY, full_name=name, name_fold=name.lower(), sort_key=name, fictional=True)
    person.appointments.append(
        Appointment(body_id=FOREIGN_BODY, office=office, post="x", abbreviation="x", rank=1, valid_from=SINCE)
    )
    db.session.add(person)
    db.session.commit()
    return person.id
