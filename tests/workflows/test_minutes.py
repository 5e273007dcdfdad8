"""The minutes of a session: what they say and leave out, who has them, and that a file is made and kept once."""

import datetime as dt
import io
import re
import subprocess
import unicodedata

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from app.extensions import db
from app.gateways import log_key, storage
from app.models import (
    AuditEntry,
    CheckpointReason,
    DocumentKind,
    ItemKind,
    Job,
    MinutesFile,
    Poll,
    PollState,
    Presence,
    SeatRole,
    Secrecy,
    Visibility,
)
from app.tasks import minutes as minutes_tasks
from app.tasks import sequencer
from app.tasks.execution import Later, drain, run_job
from app.workflows import (
    agenda,
    attendance,
    documents,
    dossiers,
    evidence,
    installation_log,
    log_checks,
    meetings,
    minutes,
    minutes_content,
    polls,
    sequencing,
)
from app.workflows.engine.errors import NotAllowed, NotFound
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import own_transaction
from app.workflows.minutes import NotClosed, NotDrawnUp, Stage
from tests.conftest import both
from tests.gateways.upload_corpus import paper
from tests.resolving import Resolving
from tests.servers import program
from tests.superuser import as_superuser

VOTES = {"head": "agree", "deputy": "agree", "b": "disagree", "chairman": "agree"}
SECRET_WORDS = "Đề nghị cân nhắc nguồn lực"


def said(pdf: bytes) -> str:
    """What a reader of PDF files finds, line ends and page numbers aside."""
    reader = program("pdftotext", "poppler-utils")
    found = subprocess.run([reader, "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return " ".join(found.stdout.decode().split())


def of(scene, name: str = "a", number: int = 1) -> bytes:
    _file, content = minutes.open_minutes(scene.who[name], scene.meeting_id, number, scene.now)
    with content:
        return content.read()


def add_papers(scene) -> None:
    clerk = scene.who["clerk"]
    document = documents.add_paper(clerk, scene.item_id, "Tờ trình số 5/TTr-BXD", DocumentKind.SUBMISSION, scene.now)
    documents.add_version(clerk, document.id, "a.pdf", io.BytesIO(paper("Nội dung")), now=scene.now)
    for title, secrecy, number in (("Phụ lục mật", Secrecy.SECRET, "07"), ("Kế hoạch K9", Secrecy.TOP_SECRET, "08")):
        documents.add_paper(clerk, scene.item_id, title, DocumentKind.OTHER, scene.now, secrecy, paper_number=number)


def held(scene, **poll):
    """A session of two items: `a` is absent and represented, `b` dissents; the second item is not dealt with."""
    who = scene.who
    add_papers(scene)
    agenda.add_item(who["clerk"], scene.meeting_id, "Báo cáo quý III", ItemKind.REPORT, now=scene.now)
    guest, substitute = (who[name].person_id for name in ("guest", "under_a"))
    meetings.add_seat(who["clerk"], scene.meeting_id, guest, SeatRole.GUEST, scene.now, (scene.item_id,))
    scene.invite()
    absence = attendance.ask_absence(who["a"], scene.meeting_id, "Công tác nước ngoài", scene.now, substitute)
    attendance.decide_absence(who["head"], absence.id, True, scene.now)
    scene.check_in("head", "deputy", "chairman")
    scene.check_in("b", presence=Presence.REMOTE)
    attendance.record_presence(who["clerk"], scene.meeting_id, substitute, Presence.IN_ROOM, scene.now)
    at = later(scene, 0)
    meetings.open_meeting(scene.who["secretary"], scene.meeting_id, now=at)
    agenda.open_item(scene.who["secretary"], scene.item_id, now=at)
    scene.poll_id = scene.open_poll(**poll).id
    for name, choice in VOTES.items():
        more = {"remark": SECRET_WORDS, "reservation": True} if choice == "disagree" else {}
        scene.vote(name, scene.poll_id, choice, **more)
    polls.close_poll(scene.who["secretary"], scene.poll_id, now=later(scene, 5))
    return scene


def later(scene, count: int) -> dt.datetime:
    return scene.now + dt.timedelta(minutes=count)


def end(scene, published: bool = True):
    """Published, item and session closed, and a checkpoint over all of it."""
    secretary = scene.who["secretary"]
    sequencer.work()
    if published:
        polls.publish_poll(secretary, scene.poll_id, now=later(scene, 6))
    if db.session.get_one(Poll, scene.poll_id).state is PollState.PUBLISHED:
        agenda.close_item(secretary, scene.item_id, now=later(scene, 15))
    else:  # as nobody can by the acts
        with own_transaction() as session:
            ended = "state = 'done', closed_at = opened_at"
            session.execute(text(f"UPDATE agenda_item SET {ended} WHERE state = 'current'"))  # noqa: S608
    meetings.end_meeting(scene.who["secretary"], scene.meeting_id, now=later(scene, 17))
    sequencer.work()
    return scene


def made(scene, now=None):
    minutes.make_minutes(SYSTEM, scene.meeting_id, now or later(scene, 20))
    return scene


# -- what they say ----------------------------------------------------------------------------------------------------


@both
def test_the_minutes_say_who_was_there_what_was_dealt_with_and_how_it_was_decided(scene):
    told = said(of(made(end(held(scene)))))
    for words in (
        "BIÊN BẢN", "Phiên họp thường kỳ", "DỰ THẢO – CHƯA KÝ", "THƯ KÝ PHIÊN HỌP", "CHỦ TỌA PHIÊN HỌP",
        "Khai mạc: 08 giờ 00 phút 00 giây, ngày 30/07/2026; bế mạc: 08 giờ 17 phút 00 giây",
        "Chủ tọa: Trần Văn Một, Thủ tướng Chính phủ. Thư ký phiên họp: Bùi Văn Tám",
        "Tổng số thành viên Chính phủ: 5. Dự họp: 4, trong đó tại phòng họp: 3, từ xa: 1. Vắng mặt: 1.",
        "Hồ Văn Sáu, Thứ trưởng Bộ Xây dựng: dự thay Phạm Văn Ba, Bộ trưởng Bộ Xây dựng (tại phòng họp)",
        "không có quyền biểu quyết", "Khách mời: Tô Thị Mười Hai", "15 phút", "Chưa xem xét",
        "Tờ trình số 5/TTr-BXD; Phụ lục mật (Tối mật, bản in số 07); Tài liệu (Tuyệt mật, bản in số 08)",
        "“Thông qua dự thảo Nghị quyết?” Mở lúc 08:00:00, đóng lúc 08:05:00", "3/5 60,0%", "1/5 20,0%",
        "Kết luận: THÔNG QUA", f"Đỗ Thị Bốn, Bộ trưởng Bộ Y tế – không tán thành, bảo lưu ý kiến: {SECRET_WORDS}",
        "Hệ thống không ghi nhận phát biểu", "Hệ thống không ghi nhận kết luận bằng lời của chủ tọa",
        "dự thảo chưa có chữ ký của thư ký và chủ tọa",
    ):  # fmt: skip
        assert words in told
    assert re.search("lý do: .{0,150}Công tác", told)
    assert "K9" not in told
    assert unicodedata.is_normalized("NFC", told)


@both
def test_the_checkpoint_over_a_vote_is_that_of_its_tally_record_and_the_end_has_its_own(scene):
    end(held(scene))
    told = said(of(made(scene)))
    record = said(evidence.tally_record(scene.who["b"], scene.poll_id, scene.now))
    printed = r"Mốc nhật ký chung đầu tiên bao gồm {}: mã (\S+), sau (\d+) mục.{{0,200}}?mốc: ([0-9a-f]{{64}})"
    of_vote = re.search(printed.format("biểu quyết tại nội dung 1"), told).groups()
    assert of_vote == re.search(printed.format("biểu quyết này"), record).groups()
    of_end = re.search(printed.format("việc bế mạc phiên họp"), told).groups()
    mark = installation_log.mark_of_meeting(scene.meeting_id)
    assert of_end == (mark.code, str(mark.size), mark.root)
    assert of_end[0] != of_vote[0]


def test_one_checkpoint_over_vote_and_end_stands_once_and_without_one_that_is_said(scene, monkeypatch):
    held(scene)
    monkeypatch.setattr(sequencer, "work", lambda: 0)
    end(scene)
    told = said(of(made(scene)))
    assert "chưa có mốc nào bao gồm biểu quyết tại nội dung 1 và việc bế mạc phiên họp" in told
    monkeypatch.undo()
    sequencer.work()
    told = said(of(made(scene), number=2))
    assert told.count("Mốc nhật ký chung đầu tiên bao gồm") == 1
    assert "bao gồm biểu quyết tại nội dung 1 và việc bế mạc phiên họp: mã" in told


def test_a_vote_whose_names_are_not_displayed_gives_none_away(scene, monkeypatch):
    end(held(scene, visibility=Visibility.NAMED_NOT_DISPLAYED))
    told = said(of(made(scene)))
    assert "3/5 60,0%" in told
    assert "biên bản chỉ nêu số liệu chung" in told
    assert SECRET_WORDS not in told
    course = told[told.index("4. Diễn biến") : told.index("6. Mốc nhật ký")]
    for name in ("Đỗ Thị Bốn", "Lê Thị Hai", "bảo lưu", "Trần Văn Một"):
        assert name not in course
    monkeypatch.setattr(minutes_content, "public_view", lambda result: {**result, "visibility": "named"})
    assert SECRET_WORDS in said(of(made(scene), number=2))  # the control: the stored result itself names everybody


def test_of_a_vote_that_is_not_published_no_figure_is_told(scene):
    told = said(of(made(end(held(scene), published=False))))
    assert "Kết quả chưa được công bố" in told
    assert "60,0%" not in told
    assert "THÔNG QUA" not in told
    assert SECRET_WORDS not in told


def test_the_number_of_a_promulgated_resolution_is_told_and_one_in_the_making_is_not(app):
    scene = Resolving().up_to("sealed")
    end(scene, published=False)  # it is published already
    assert "Văn bản ban hành" not in said(of(made(scene)))
    scene.promulgated()
    told = said(of(made(scene), number=2))
    assert "Văn bản ban hành: Nghị quyết số 01/NQ-CP ngày 30 tháng 7 năm 2026 về một số" in told


def test_who_came_late_left_early_or_only_asked_for_leave_is_told_so(scene):
    who = scene.who
    scene.invite().check_in("head", "deputy", "a", "chairman")
    meetings.open_meeting(who["secretary"], scene.meeting_id, now=scene.now)
    attendance.confirm_presence(who["b"], scene.meeting_id, Presence.REMOTE, now=later(scene, 3))
    attendance.confirm_presence(who["a"], scene.meeting_id, Presence.AWAY, now=later(scene, 9))
    meetings.adjourn_meeting(who["secretary"], scene.meeting_id, "Nghỉ giải lao", now=later(scene, 10))
    meetings.resume_meeting(who["secretary"], scene.meeting_id, now=later(scene, 12))
    meetings.hand_chair(who["head"], scene.meeting_id, who["deputy"].person_id, now=later(scene, 13))
    meetings.end_meeting(scene.who["deputy"], scene.meeting_id, now=later(scene, 14))
    told = said(of(made(scene)))
    for words in (
        "Dự họp: 5, trong đó tại phòng họp: 4, từ xa: 1. Vắng mặt: 0.", "đến lúc 08:03", "rời phiên họp lúc",
        "Tạm dừng từ 08 giờ 10 phút 00 giây, ngày 30/07/2026 đến 08 giờ 12 phút", "Lý do: Nghỉ giải lao",
        "Chủ tọa: Trần Văn Một, Thủ tướng Chính phủ.",
        "Từ 08 giờ 13 phút 00 giây, ngày 30/07/2026, chủ tọa phiên họp: Lê Thị Hai, Phó Thủ tướng Chính phủ.",
    ):  # fmt: skip
        assert words in told


# -- once, and for whom -----------------------------------------------------------------------------------------------


@both
def test_ending_a_session_has_its_minutes_drawn_up_and_the_same_record_is_kept_once(scene):
    end(held(scene))
    assert minutes.stage(scene.meeting) is Stage.MAKING
    drain(dt.datetime.now(dt.UTC))
    assert minutes.stage(scene.meeting) is Stage.MADE
    first = db.session.scalars(select(MinutesFile)).one()
    assert (first.number, storage.store().exists(first.sha256)) == (1, True)
    assert [fact.fact for fact in facts()] == ["MinutesMade"]
    minutes.ask_minutes(scene.who["clerk"], scene.meeting_id, later(scene, 30))
    minutes.ask_minutes(scene.who["secretary"], scene.meeting_id, later(scene, 30))
    drain(dt.datetime.now(dt.UTC))
    assert [fact.fact for fact in facts()] == ["MinutesMade", "MinutesAsked"]
    assert len(db.session.scalars(select(MinutesFile)).all()) == 1


def facts():
    rows = select(AuditEntry).where(AuditEntry.fact.startswith("Minutes")).order_by(AuditEntry.id)
    return db.session.scalars(rows).all()


def test_a_record_that_says_more_makes_a_new_version_and_the_old_one_stays(scene):
    made(end(held(scene), published=False))
    first = of(scene)
    polls.publish_poll(scene.who["secretary"], scene.poll_id, now=later(scene, 25))
    made(scene)
    assert [each.number for each in minutes.versions_of(scene.who["b"], scene.meeting_id)] == [2, 1]
    assert of(scene, number=1) == first
    assert "Kết luận: THÔNG QUA" in said(of(scene, number=2))


def test_a_worker_that_dies_over_the_minutes_does_no_harm(scene, monkeypatch):
    """Killed when the file is stored and before it is written down, and again after it is written down."""
    end(held(scene))
    now = dt.datetime.now(dt.UTC)
    job_id = db.session.scalars(select(Job.id).where(Job.name == minutes.MAKE)).one()
    with monkeypatch.context() as dying:
        dying.setattr(minutes, "_file_minutes", _die)
        with pytest.raises(KeyboardInterrupt):
            run_job(job_id, now)
    db.session.rollback()
    assert db.session.scalars(select(MinutesFile)).all() == []
    made(scene)  # the next one wrote it down, and died before it could say so
    assert run_job(job_id, now + dt.timedelta(minutes=2))
    assert [each.number for each in db.session.scalars(select(MinutesFile))] == [1]
    assert [fact.fact for fact in facts()] == ["MinutesMade"]


def _die(*_arguments):
    raise KeyboardInterrupt


def test_the_minutes_wait_for_the_checkpoint_over_the_end_and_not_for_ever(scene):
    held(scene)
    secretary = scene.who["secretary"]
    polls.publish_poll(secretary, scene.poll_id, now=later(scene, 6))
    agenda.close_item(secretary, scene.item_id, now=later(scene, 7))
    now = dt.datetime.now(dt.UTC)
    meetings.end_meeting(secretary, scene.meeting_id, now=now)
    with pytest.raises(Later):
        minutes_tasks.make({"meeting_id": scene.meeting_id})
    assert minutes.lacks_checkpoint(scene.meeting_id, now + minutes.PATIENCE), "it is not even entered"
    sequencing.enter(SYSTEM, now)  # and the signer is away
    assert minutes.lacks_checkpoint(scene.meeting_id, now)
    assert not minutes.lacks_checkpoint(scene.meeting_id, now + minutes.PATIENCE)
    sequencer.work(due_before=True)
    assert not minutes.lacks_checkpoint(scene.meeting_id, now)
    minutes_tasks.make({"meeting_id": scene.meeting_id})
    assert len(minutes.versions_of(secretary, scene.meeting_id)) == 1


def test_of_a_session_that_ended_before_ends_were_entered_the_checkpoint_over_the_fact_is_told(scene, monkeypatch):
    with monkeypatch.context() as before:
        before.delitem(sequencing.roots, "MeetingEnded")
        end(held(scene))
    sequencing.take_checkpoint(SYSTEM, CheckpointReason.NIGHTLY, scene.now)
    assert installation_log.mark_of_meeting(scene.meeting_id) is None
    assert not minutes.lacks_checkpoint(scene.meeting_id, dt.datetime.now(dt.UTC))
    code = installation_log.mark(installation_log.last_checkpoint()).code
    assert f"bao gồm việc bế mạc phiên họp: mã {code}" in said(of(made(scene)))


def test_without_a_key_of_the_log_nobody_waits_for_a_checkpoint(scene):
    log_key.use(log_key.LogKey())
    end(held(scene))
    assert not minutes.lacks_checkpoint(scene.meeting_id, later(scene, 17))


@both
def test_those_who_took_part_clerks_and_auditors_have_them_and_for_others_they_do_not_exist(scene):
    made(end(held(scene)))
    for name in ("head", "deputy", "a", "b", "chairman", "under_a", "clerk", "secretary", "auditor"):
        assert of(scene, name).startswith(b"%PDF")
    for name in ("guest", "records", "admin"):
        with pytest.raises(NotFound):
            of(scene, name)
        assert minutes.versions_of(scene.who[name], scene.meeting_id) == []
        with pytest.raises(NotFound):
            minutes.ask_minutes(scene.who[name], scene.meeting_id, scene.now)
    for name in ("a", "under_a", "auditor"):
        with pytest.raises(NotAllowed):
            minutes.ask_minutes(scene.who[name], scene.meeting_id, scene.now)
    with pytest.raises(NotFound):
        of(scene, number=2)
    taken = [fact for fact in facts() if fact.fact == "MinutesTaken"]
    assert {fact.payload["file_sha256"] for fact in taken} == {db.session.scalars(select(MinutesFile.sha256)).one()}


def test_the_dossier_holds_the_newest_version_for_whom_it_is_open(scene):
    made(end(held(scene)))
    newest = db.session.scalars(select(MinutesFile)).one()
    about = f"{dossiers.MINUTES}:{newest.id}"
    for name, has in (("b", True), ("auditor", True), ("guest", False), ("records", False)):
        pieces = dossiers.of_meeting(scene.who[name], scene.meeting_id, scene.now).pieces
        assert ("bien-ban-phien-hop-du-thao.pdf" in [piece.name for piece in pieces]) is has
        assert dossiers.still_open(scene.who[name], [about]) is has
    content, size = found_in(scene, "b").read()
    with content:
        assert (content.read(5), size) == (b"%PDF-", newest.size)


def found_in(scene, name: str):
    pieces = dossiers.of_meeting(scene.who[name], scene.meeting_id, scene.now).pieces
    return next(piece for piece in pieces if piece.about.startswith(dossiers.MINUTES))


def test_before_the_end_there_are_none(scene):
    held(scene)
    for act in (
        lambda: minutes.ask_minutes(scene.who["clerk"], scene.meeting_id, scene.now),
        lambda: minutes.make_minutes(SYSTEM, scene.meeting_id, scene.now),
        lambda: of(scene, "b"),
    ):
        with pytest.raises(NotClosed):
            act()
    end(scene)
    with pytest.raises(NotDrawnUp):
        of(scene, "b")


@both
def test_the_rows_cannot_be_changed_and_whoever_passes_the_triggers_is_found(request, scene, monkeypatch):
    made(end(held(scene)))
    for change in ("UPDATE minutes_file SET size = 1", "DELETE FROM minutes_file"):
        with pytest.raises((IntegrityError, ProgrammingError)), own_transaction() as session:
            session.execute(text(change))
    sequencer.work()
    assert log_checks.examine().broken == []
    db.session.remove()
    with as_superuser(request) as execute:
        execute("UPDATE minutes_file SET number = 7")
    (found,) = log_checks.examine().broken
    assert (found.table, found.why) == ("minutes_file", "changed")
    with as_superuser(request) as execute:
        execute("DELETE FROM minutes_file")
    assert [each.why for each in log_checks.examine().broken] == ["missing"]
    monkeypatch.setitem(log_checks.KEPT, "MinutesMade", lambda _fact: "")
    assert log_checks.examine().broken == []  # the control
