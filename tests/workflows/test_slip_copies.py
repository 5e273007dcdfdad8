"""What somebody with the keys of the database server changes in the rows of a slip, the check and the evidence see."""

import datetime as dt
import io
import sqlite3

import pytest

from app.extensions import db
from app.models import SlipWay
from app.tasks.slips import close_overdue_slips
from app.workflows import checks, sequencing, slip_closing, slip_copies, slip_drafts, slip_sealed
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import end_reading
from app.workflows.slip_decisions import Wish
from tests.cabinet import NOW
from tests.deciding import Deciding
from tests.gateways.upload_corpus import blank
from tests.slipping import LATE, REASON, SlipScene
from tests.superuser import as_superuser

DAY_AFTER = LATE + dt.timedelta(days=1)
CHANGES = (
    "UPDATE slip SET matter = 'Việc khác'", "UPDATE slip SET legal_basis = 'Luật khác'", "UPDATE slip SET round = 9",
    "UPDATE slip SET number_text = '99/PLYK-VPCP'", "UPDATE slip SET urgency = 'express'",
    "UPDATE slip SET passkey_demanded = 1", "UPDATE slip SET issued_at = '2026-07-29 01:00:00'",
    "UPDATE slip SET deadline_at = '2026-08-06 10:00:00'", "UPDATE slip SET closed_at = '2026-08-05 10:00:00'",
    "UPDATE slip SET reason = 'Đủ ý kiến'", "UPDATE slip SET rule_set_id = 1",
    "UPDATE slip_question SET text = 'Có nên không?'", "DELETE FROM slip_question", "DELETE FROM slip_paper",
    "UPDATE slip_recipient SET name = 'Người khác' WHERE roll_index = 2",
    "UPDATE slip_recipient SET is_head = NOT is_head", "DELETE FROM slip_recipient WHERE roll_index = 5",
    "UPDATE slip_extension SET reason = 'Lý do khác'", "UPDATE slip_extension SET new_deadline_at = '2026-08-06 10:00'",
    "DELETE FROM slip_extension",
    "UPDATE slip_answer SET choice = 'agree' WHERE choice = 'disagree'",
    "UPDATE slip_answer SET member_id = 9 - member_id",
    "UPDATE slip_answer SET supersedes_id = id + 9 WHERE supersedes_id > 0",
    "UPDATE slip_answer SET answered_at = '2026-07-31 01:00:00'",
    "UPDATE slip_upload SET name = 'khac.pdf'", "DELETE FROM slip_attachment",
    "UPDATE slip_deemed SET source = 'Điều 99'", "UPDATE slip_deemed SET at = '2026-08-01 01:00:00'",
    "UPDATE slip_deemed SET rule_set_id = 1",
    "UPDATE opinion SET text = 'Nhất trí'", "UPDATE opinion SET choice = 'agree'", "DELETE FROM opinion",
    "UPDATE slip_approval SET at = '2026-07-30 00:00:00'", "DELETE FROM slip_approval",
    "UPDATE slip_approval SET remark = 'Chưa đủ hồ sơ' WHERE act = 'approved'",
    "UPDATE slip_approval SET person_id = 1 WHERE act = 'approved'",
    "UPDATE opinion_reply SET explanation = 'Đã tiếp thu'", "UPDATE opinion_reply SET stance = 'accepted'",
    "UPDATE opinion_reply SET quote = 'Điều 9'", "DELETE FROM opinion_reply", "UPDATE opinion_group SET leader_id = 1",
    "UPDATE opinion_table SET submitted_at = '2026-08-05 03:00:00'", "UPDATE opinion_table SET submitted_at = NULL",
    "UPDATE slip_decision SET reason = 'Lý do khác'", "UPDATE slip_decision SET resubmit_on = '2026-12-31'",
    "DELETE FROM slip_decision",
)  # fmt: skip


@pytest.fixture
def decided(app):
    """A slip with everything: a file, a changed answer, an extension, silence, opinions, a decision."""
    scene = Deciding().issued()
    paper = slip_drafts.attach_file(scene.who["a"], scene.slip_id, "y-kien.pdf", io.BytesIO(blank(1)), NOW).id
    scene.answer("a", scene.slip_id, "agree")
    scene.answer("a", scene.slip_id, "disagree", text="Chưa rõ nguồn vốn", uploads=(paper,))
    scene.answer("b", scene.slip_id, "other", text="Cần làm rõ")
    slip_closing.extend_slip(scene.who["clerk"], scene.slip_id, dt.date(2026, 8, 4), REASON, NOW)
    assert close_overdue_slips(DAY_AFTER) == 1
    scene.explained()
    slip_closing.report_slip(scene.who["clerk"], scene.slip_id, DAY_AFTER)
    scene.decided(Wish(SlipWay.RETURN, "Làm rõ nguồn vốn", resubmit_on=dt.date(2026, 8, 20)))
    _entered()
    return scene


def _entered():
    end_reading()
    while sequencing.enter(SYSTEM, DAY_AFTER):
        pass


def unnoticed(scene, request):
    """The changes, each on a fresh copy, after which the slip would still be handed out as it is."""
    db.session.remove()
    kept, passed = sqlite3.connect(":memory:", check_same_thread=False), []
    _copy(kept, into_memory=True)
    for change in CHANGES:
        with as_superuser(request) as run:
            run("PRAGMA ignore_check_constraints = ON")
            assert run(change).rowcount > 0, change
        db.session.expire_all()
        try:
            slip_sealed.checked(scene.slip(scene.slip_id))
            passed.append(change)
        except slip_sealed.SlipBroken:
            pass
        db.session.remove()
        _copy(kept, into_memory=False)
    return passed


def _copy(kept, *, into_memory):
    connection = db.engine.raw_connection()
    source, target = (connection.driver_connection, kept) if into_memory else (kept, connection.driver_connection)
    source.backup(target)
    connection.close()


def test_no_row_of_a_slip_can_say_otherwise_than_what_was_sealed(decided, request):
    assert checks.examine().broken == []
    assert unnoticed(decided, request) == []


def test_without_the_comparison_most_of_it_would_pass(decided, request, monkeypatch):
    """The control: signatures, log and counts alone do not look at what the pages show."""
    monkeypatch.setattr(slip_copies, "check_copies", lambda *_: None)
    assert len(unnoticed(decided, request)) > len(CHANGES) / 2


def test_an_honest_slip_passes_at_every_stage(app):
    scene = SlipScene()
    plain, closed_early = scene.issue(), scene.issue()
    assert slip_sealed.checked(scene.slip(plain)).answers == []
    for name in ("head", "deputy", "a", "b", "chairman"):
        scene.answer(name, closed_early)
    slip_closing.close_slip(scene.who["clerk"], closed_early, NOW, "Đã đủ ý kiến")
    slip_closing.recall_slip(scene.who["clerk"], plain, REASON, NOW)
    for slip_id in (plain, closed_early):
        slip_sealed.checked(scene.slip(slip_id))
    _entered()
    assert checks.examine().broken == []
