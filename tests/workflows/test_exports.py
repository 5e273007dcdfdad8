"""The dossier of a session: what is in it, for whom it is made, and that nobody else ever gets it."""

import datetime as dt
import errno
import hashlib
import io
import json
import tracemalloc
import zipfile

import pytest
from sqlalchemy import func, select

from app.extensions import db
from app.gateways import archive, storage
from app.gateways.paper import page_texts
from app.models import (
    Appointment,
    AuditEntry,
    Document,
    DocumentKind,
    Export,
    GuestItem,
    ItemKind,
    Job,
    JobState,
    Office,
    Refusal,
    Seat,
    SeatRole,
    Secrecy,
    Visibility,
)
from app.tasks import execution, progress
from app.tasks.execution import LEASE, drain
from app.workflows import agenda, documents, exports, jobs, meetings, polls, upkeep
from app.workflows.engine.errors import NotAllowed, NotFound
from app.workflows.engine.rights import GRANTS, NOBODY, SYSTEM, Right, actor_for
from app.workflows.exports import NotMade, Stage
from app.workflows.rules.evidence import read_bundle
from tests.cabinet import NOW
from tests.conftest import both
from tests.evidence.bundles import tool
from tests.gateways.upload_corpus import paper
from tests.resolving import Resolving


def add_paper(scene, item_id: int, title: str, text: str) -> int:
    clerk = scene.who["clerk"]
    document = documents.add_paper(clerk, item_id, title, DocumentKind.REPORT, now=scene.now)
    documents.add_version(clerk, document.id, "a.pdf", io.BytesIO(paper(text)), now=scene.now)
    return document.id


@pytest.fixture
def filled(scene):
    """Two items with papers, one of them secret; the guest is invited to the second alone."""
    clerk = scene.who["clerk"]
    scene.second = agenda.add_item(clerk, scene.meeting_id, "Đề án đất đai", ItemKind.REPORT, now=scene.now).id
    scene.paper_id = add_paper(scene, scene.item_id, "Tờ trình số 5/TTr-BXD", "Nội dung một")
    add_paper(scene, scene.second, "Báo cáo: “kết quả” quý III", "Nội dung hai")
    documents.add_paper(
        clerk, scene.item_id, "Phụ lục mật", DocumentKind.OTHER, scene.now, Secrecy.SECRET, paper_number="07"
    )
    documents.add_paper(clerk, scene.item_id, "Chưa có tệp", DocumentKind.OTHER, now=scene.now)
    meetings.add_seat(
        clerk, scene.meeting_id, scene.who["guest"].person_id, SeatRole.GUEST, scene.now, (scene.second,)
    )
    return scene.invite()


def made(scene, name: str, now=None) -> Export:
    export = exports.ask_export(scene.who[name], scene.meeting_id, now or scene.now)
    exports.make_export(SYSTEM, export.id, now or scene.now)
    finish(export.job_id)
    return db.session.get_one(Export, export.id, populate_existing=True)


def finish(job_id: int) -> None:
    """These tests make exports by hand: their jobs are done."""
    job = db.session.get_one(Job, job_id)
    job.state, job.done_at = JobState.DONE, NOW
    db.session.commit()


def opened(scene, name: str, export_id: int) -> zipfile.ZipFile:
    _export, content = exports.open_export(scene.who[name], export_id, scene.now)
    with content:
        return zipfile.ZipFile(io.BytesIO(content.read()))


# -- what is in it ----------------------------------------------------------------------------------------------------


@both
def test_a_dossier_holds_programme_papers_index_and_sums(filled):
    files = opened(filled, "a", made(filled, "a").id)
    assert files.namelist() == [
        "chuong-trinh.pdf",
        "tai-lieu/01-nghi-quyet-ve-doanh-nghiep-nho/01-to-trinh-so-5-ttr-bxd.pdf",
        "tai-lieu/02-de-an-dat-dai/01-bao-cao-ket-qua-quy-iii.pdf",
        "muc-luc.txt", "SHA256SUMS",
    ]  # fmt: skip
    assert files.testzip() is None
    listed = files.read("muc-luc.txt").decode()
    assert "Tờ trình số 5/TTr-BXD" in listed
    assert "Phụ lục mật: Tối mật, bản in số 07" in listed
    programme = " ".join(page_texts(files.read("chuong-trinh.pdf"))[0].split())
    for told in ("CHƯƠNG TRÌNH PHIÊN HỌP", "Phiên họp thường kỳ", "Đề án đất đai", "09 giờ 00", "Phòng họp số 1"):
        assert told in programme


def test_the_sums_are_those_of_the_files(filled):
    files = opened(filled, "a", made(filled, "a").id)
    lines = files.read("SHA256SUMS").decode().splitlines()
    sums = {name: sum_ for sum_, name in (line.split("  ") for line in lines)}
    assert set(sums) == set(files.namelist()) - {"SHA256SUMS"}
    assert {name: hashlib.sha256(files.read(name)).hexdigest() for name in sums} == sums


def test_votes_and_the_sealed_resolution_come_along(app):
    scene = Resolving().up_to("promulgated")
    names = opened(scene, "a", made(scene, "a", scene.later(60)).id).namelist()
    assert "bieu-quyet/01-nghi-quyet-ve-doanh-nghiep-nho/01-bien-ban-kiem-phieu.pdf" in names
    assert "bieu-quyet/01-nghi-quyet-ve-doanh-nghiep-nho/01-chung-cu.zip" in names
    assert "nghi-quyet/01-nq-cp.pdf" in names
    clerk = opened(scene, "clerk", made(scene, "clerk", scene.later(60)).id).namelist()
    assert not any(name.endswith("chung-cu.zip") for name in clerk), "a clerk has no right to the evidence"
    assert "nghi-quyet/01-nq-cp.pdf" in clerk


def test_the_evidence_comes_along_as_far_as_each_reader_may_see_it_and_holds(app):
    scene = Resolving().up_to("promulgated")
    vote = "bieu-quyet/01-nghi-quyet-ve-doanh-nghiep-nho/01-chung-cu.zip"
    resolution = "nghi-quyet/01-nq-cp-chung-cu.zip"
    export = made(scene, "auditor", scene.later(60))
    audit = opened(scene, "auditor", export.id)
    for name in (vote, resolution):
        assert tool.examine(audit.read(name)).problems == []
    record = json.loads(read_bundle(audit.read(resolution))["resolution.json"])
    assert record["poll"]["bundle_sha256"] == hashlib.sha256(audit.read(vote)).hexdigest()
    assert "Chứng cứ: Nghị quyết số 01/NQ-CP" in audit.read("muc-luc.txt").decode()
    for reader in ("a", "head", "secretary"):
        names = opened(scene, reader, made(scene, reader, scene.later(60)).id).namelist()
        assert (vote in names, resolution in names) == (True, False), reader
    scene.recalled()
    assert resolution in opened(scene, "auditor", export.id).namelist()  # an auditor may have it all the same
    appointment = db.session.query(Appointment).filter_by(person_id=scene.who["auditor"].person_id).one()
    appointment.office = Office.CLERK
    db.session.commit()
    with pytest.raises(NotFound):
        exports.open_export(actor_for(scene.who["auditor"].person_id, scene.now.date()), export.id, scene.later(80))


def test_where_names_are_not_displayed_no_dossier_but_the_auditors_has_a_ballot(scene):
    scene.open()
    poll = scene.open_poll(visibility=Visibility.NAMED_NOT_DISPLAYED)
    for name in ("head", "a", "b", "deputy"):
        scene.vote(name, poll.id, "agree")
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now)
    for reader in ("head", "a", "secretary", "clerk", "auditor"):
        names = opened(scene, reader, made(scene, reader).id).namelist()
        assert any(name.endswith("chung-cu.zip") for name in names) is (reader == "auditor"), reader


def test_a_result_that_is_not_published_is_in_nobodys_dossier(scene):
    scene.open()
    poll = scene.open_poll()
    for name in ("head", "a", "b", "deputy", "chairman"):
        scene.vote(name, poll.id, "agree")
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    assert not any("bieu-quyet" in name for name in opened(scene, "a", made(scene, "a").id).namelist())
    splits = opened(scene, "secretary", made(scene, "secretary").id).namelist()
    assert [name.rpartition("/")[2] for name in splits if "bieu-quyet" in name] == ["01-bien-ban-kiem-phieu.pdf"]


def test_the_same_content_is_the_same_file_for_everybody_and_at_any_time(filled):
    first, second = made(filled, "a"), made(filled, "b", filled.now + dt.timedelta(days=1))
    assert first.id != second.id
    assert (first.file_sha256, first.size) == (second.file_sha256, second.size)
    filled.item.title = "Nghị quyết khác"
    db.session.commit()
    assert made(filled, "a").file_sha256 != first.file_sha256


# -- for whom ---------------------------------------------------------------------------------------------------------


def test_a_guest_gets_the_items_he_is_invited_to_and_nothing_else(filled):
    files = opened(filled, "guest", made(filled, "guest").id)
    assert [name for name in files.namelist() if name.startswith("tai-lieu/")] == [
        "tai-lieu/02-de-an-dat-dai/01-bao-cao-ket-qua-quy-iii.pdf"
    ]
    everything = files.read("muc-luc.txt").decode() + page_texts(files.read("chuong-trinh.pdf"))[0]
    assert "doanh nghiệp nhỏ" not in everything
    assert "Phụ lục mật" not in everything


@pytest.mark.parametrize("name", ["admin", "under_a"])
def test_who_does_not_see_the_meeting_asks_for_nothing(filled, name):
    with pytest.raises(NotFound):
        exports.ask_export(filled.who[name], filled.meeting_id, filled.now)
    with pytest.raises(NotFound):
        exports.ask_export(NOBODY, filled.meeting_id, filled.now)
    assert db.session.scalar(select(func.count(Export.id))) == 0


def test_the_export_of_another_person_does_not_exist(filled):
    export = made(filled, "a")
    for name in ("head", "clerk", "auditor", "admin", "guest"):
        with pytest.raises(NotFound):
            exports.open_export(filled.who[name], export.id, filled.now)
        with pytest.raises(NotFound):
            exports.own_export(filled.who[name], export.id)


def test_who_lost_his_seat_meanwhile_finds_nothing(filled):
    export = made(filled, "guest")
    seat = db.session.scalars(select(Seat).where(Seat.person_id == filled.who["guest"].person_id)).one()
    db.session.query(GuestItem).filter_by(seat_id=seat.id).delete()
    db.session.delete(seat)
    db.session.commit()
    with pytest.raises(NotFound):
        exports.open_export(filled.who["guest"], export.id, filled.now)


def test_who_may_see_one_thing_less_gets_the_old_file_no_more(filled):
    """He still sees the meeting: what counts is every single file in it."""
    clerk, guest = filled.who["clerk"], filled.who["guest"]
    seat = db.session.scalars(select(Seat).where(Seat.person_id == guest.person_id)).one()
    db.session.add(GuestItem(seat_id=seat.id, item_id=filled.item_id))
    db.session.commit()
    export = made(filled, "guest")
    assert len(opened(filled, "guest", export.id).namelist()) == 5
    db.session.query(GuestItem).filter_by(seat_id=seat.id, item_id=filled.item_id).delete()
    db.session.commit()
    with pytest.raises(NotFound):
        exports.open_export(filled.who["guest"], export.id, filled.now)
    assert clerk is not None


def test_a_recalled_resolution_leaves_with_the_old_file(app):
    scene = Resolving().up_to("promulgated")
    old = made(scene, "a", scene.later(55))
    assert opened(scene, "a", old.id)
    scene.recalled()
    with pytest.raises(NotFound):
        exports.open_export(scene.who["a"], old.id, scene.later(70))
    fresh = opened(scene, "a", made(scene, "a", scene.later(70)).id)
    assert not any(name.startswith("nghi-quyet/") for name in fresh.namelist())
    audit = opened(scene, "auditor", made(scene, "auditor", scene.later(70)).id)
    assert any(name.startswith("nghi-quyet/") for name in audit.namelist())


def test_who_lost_his_right_while_it_was_made_gets_none_and_it_is_written_down(filled):
    guest = filled.who["guest"]
    export = exports.ask_export(guest, filled.meeting_id, filled.now)
    seat = db.session.scalars(select(Seat).where(Seat.person_id == guest.person_id)).one()
    db.session.query(GuestItem).filter_by(seat_id=seat.id).delete()
    db.session.delete(seat)
    db.session.commit()
    exports.make_export(SYSTEM, export.id, filled.now)
    assert db.session.get_one(Export, export.id).made_at is None
    assert db.session.scalars(select(Refusal.act).order_by(Refusal.id.desc())).first() == "make_export"


def test_every_step_stands_in_the_log(filled):
    export = made(filled, "a")
    opened(filled, "a", export.id)
    rows = select(AuditEntry).where(AuditEntry.fact.startswith("Dossier")).order_by(AuditEntry.id)
    entries = db.session.scalars(rows).all()
    assert [(entry.fact, entry.subject_id) for entry in entries] == [
        (fact, filled.meeting_id) for fact in ("DossierAsked", "DossierMade", "DossierTaken")
    ]
    assert entries[1].payload["files"] == 5
    assert entries[2].payload["sha256"] == export.file_sha256


def test_what_is_not_made_is_not_handed_out(filled):
    export = exports.ask_export(filled.who["a"], filled.meeting_id, filled.now)
    with pytest.raises(NotMade):
        exports.open_export(filled.who["a"], export.id, filled.now)


# -- one at a time, again and again -----------------------------------------------------------------------------------


@both
def test_who_asks_twice_waits_for_one(filled):
    who = filled.who["a"]
    first = exports.ask_export(who, filled.meeting_id, filled.now)
    assert exports.ask_export(who, filled.meeting_id, filled.now).id == first.id
    assert exports.ask_export(filled.who["b"], filled.meeting_id, filled.now).id != first.id
    assert exports.stage(first) is Stage.WAITING
    finish(first.job_id)
    assert exports.stage(db.session.get_one(Export, first.id)) is Stage.FAILED, "done, and yet there is no file"
    assert exports.ask_export(who, filled.meeting_id, filled.now).id != first.id


def test_making_it_twice_changes_nothing(filled):
    export = made(filled, "a")
    before = (export.file_sha256, export.made_at)
    exports.make_export(SYSTEM, export.id, filled.now + dt.timedelta(hours=1))
    assert (export.file_sha256, export.made_at) == before
    exports.make_export(SYSTEM, 999, filled.now)


class Told(list):
    """What a job reports; `at` names a step at which something happens."""

    def __init__(self, at: int = -1, error: type[BaseException] = SystemExit) -> None:
        super().__init__()
        self.at, self.error = at, error

    def __call__(self, done: int, total: int) -> None:
        self.append((done, total))
        if done == self.at:
            raise self.error


def test_progress_is_told_after_each_file(filled):
    export = exports.ask_export(filled.who["a"], filled.meeting_id, filled.now)
    told = Told()
    exports.make_export(SYSTEM, export.id, filled.now, told)
    assert told == [(0, 5), (1, 5), (2, 5), (3, 5), (5, 5)]


@both
def test_a_worker_that_dies_in_the_middle_leaves_it_to_the_next(filled):
    whole = made(filled, "b").file_sha256
    export_id, job_id = asked(filled, "a")
    kept = len(storage.store().files)
    assert [job.id for job in execution.claim(filled.now)] == [job_id]
    with pytest.raises(SystemExit):
        exports.make_export(SYSTEM, export_id, filled.now, Told(at=2))  # and here it died
    db.session.remove()
    assert len(storage.store().files) == kept, "nothing of a half-made archive is kept"
    assert drain(filled.now) == 0, "its lease is not over"
    assert drain(filled.now + LEASE) == 1
    export = row(export_id)
    assert (export.file_sha256, exports.stage(export), export.job.attempts) == (whole, Stage.MADE, 2)


def asked(scene, name: str) -> tuple[int, int]:
    """The ids of a new export and of its job, which is the only one that is due."""
    export = exports.ask_export(scene.who[name], scene.meeting_id, scene.now)
    for job in db.session.scalars(select(Job).where(Job.id != export.job_id, Job.state == JobState.DUE)):
        job.state, job.done_at = JobState.DONE, NOW
    db.session.commit()
    return export.id, export.job_id


def row(export_id: int) -> Export:
    db.session.rollback()
    return db.session.get_one(Export, export_id)


def test_somebody_calls_the_work_off(filled, monkeypatch):
    export_id, _job_id = asked(filled, "a")
    real = progress._write

    def called_off(job, done, total):
        if done == 2:
            jobs.cancel_job(filled.who["admin"], job.id, filled.now)
        return real(job, done, total)

    monkeypatch.setattr(progress, "EVERY", 0.0)
    monkeypatch.setattr(progress, "_write", called_off)
    assert drain(filled.now) == 0
    export = row(export_id)
    assert (export.job.state, export.made_at, exports.stage(export)) == (JobState.CANCELLED, None, Stage.FAILED)


class FullStore(storage.MemoryStorage):
    def put(self, source, limit):
        raise storage.StorageFull


def test_a_full_disk_is_said_and_tried_again(filled, monkeypatch, caplog):
    export_id, _job_id = asked(filled, "a")
    full = FullStore()
    full.files = storage.store().files
    with monkeypatch.context() as away:
        away.setattr(storage.interface, "_chosen", [full])
        assert drain(filled.now) == 0
    export = row(export_id)
    assert (export.made_at, export.file_sha256, export.job.state) == (None, "", JobState.DUE)
    assert export.job.last_error.startswith("StorageFull")
    assert drain(filled.now + dt.timedelta(minutes=1)) == 1
    assert row(export_id).made_at is not None


def test_no_room_for_the_archive_itself_is_no_file_either(filled, monkeypatch, caplog):
    class NoRoom(io.BytesIO):
        def write(self, _chunk):
            raise OSError(errno.ENOSPC, "No space left on device")

    export_id, _job_id = asked(filled, "a")
    monkeypatch.setattr(archive, "TemporaryFile", lambda **_kwargs: NoRoom())
    assert drain(filled.now) == 0
    export = row(export_id)
    assert "No space left" in export.job.last_error
    assert exports.stage(export) is Stage.WAITING


def test_a_paper_that_was_changed_in_the_store_is_in_no_dossier(filled, caplog):
    files = storage.store().files
    version = db.session.get_one(Document, filled.paper_id).current
    good = files[version.sha256]
    files[version.sha256] = b"something else"
    try:
        export = exports.ask_export(filled.who["a"], filled.meeting_id, filled.now)
        with pytest.raises(storage.Altered):
            exports.make_export(SYSTEM, export.id, filled.now)
    finally:
        files[version.sha256] = good
    assert db.session.get_one(Export, export.id, populate_existing=True).made_at is None


def test_two_hundred_papers_never_lie_in_memory_together(scene, tmp_path, monkeypatch):
    """100 MB of papers: at no time more than a few pieces of them."""
    folder = storage.Storage(tmp_path)
    monkeypatch.setattr(storage.interface, "_chosen", [folder])
    clerk, size = scene.who["clerk"], 512 * 1024
    for n in range(200):
        document = documents.add_paper(clerk, scene.item_id, f"Tài liệu {n}", DocumentKind.OTHER, now=scene.now)
        stored = folder.put(n.to_bytes(4, "big") * (size // 4), size)
        documents.append_version(clerk, document.id, "a.pdf", stored, [""], scene.now)
    scene.invite()
    export_id, _job_id = asked(scene, "a")
    db.session.remove()
    tracemalloc.start()
    exports.make_export(SYSTEM, export_id, scene.now)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert row(export_id).size > 200 * size
    assert peak < 24 * 1024 * 1024, f"{peak / 1e6:.0f} MB"
    assert len(opened(scene, "a", export_id).namelist()) == 203


# -- what has served its time -----------------------------------------------------------------------------------------


def test_an_old_export_goes_and_its_file_stays(filled):
    export = made(filled, "a")
    sha256, job_id = export.file_sha256, export.job_id
    waiting_id, _job_id = asked(filled, "b")
    upkeep.prune(SYSTEM, filled.now + dt.timedelta(days=29))
    assert db.session.get(Export, export.id) is not None
    later = filled.now + dt.timedelta(days=31)
    while upkeep.prune(SYSTEM, later):
        pass
    assert db.session.scalars(select(Export.id)).all() == [waiting_id], "what is still being made stays"
    assert db.session.get(Job, job_id) is None
    assert storage.store().exists(sha256)


def test_the_right_is_needed_beside_the_sight(filled, monkeypatch):
    export = made(filled, "a")
    monkeypatch.setitem(GRANTS, Right.DOSSIER_TAKE, frozenset())
    with pytest.raises(NotAllowed):
        exports.ask_export(filled.who["a"], filled.meeting_id, filled.now)
    with pytest.raises(NotFound):
        exports.open_export(filled.who["a"], export.id, filled.now)
