"""What follows from the outcome of a slip: a Resolution that is signed, an item of a session, a matter returned."""

import datetime as dt

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from app.extensions import db
from app.gateways.paper import page_texts
from app.models import (
    AgendaItem,
    AuditEntry,
    Document,
    DraftText,
    ItemKind,
    MeetingKind,
    Outcome,
    Poll,
    Resolution,
    ResolutionState,
    SlipDecision,
    SlipState,
    SlipWay,
    Urgency,
)
from app.workflows import (
    courses,
    document_signing,
    meetings,
    next_drafts,
    promulgation,
    public_documents,
    resolution_sources,
    resolutions,
    slip_closing,
    slip_decisions,
    slip_issue,
    slip_reports,
    slip_rounds,
    slip_sessions,
    slips,
)
from app.workflows.engine.errors import NotAllowed, NotFound, WorkflowError, WrongState
from app.workflows.engine.transaction import end_reading, own_transaction
from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.resolution import parse_text
from app.workflows.slip_decisions import Wish
from tests.cabinet import PIN
from tests.conftest import Scene, both, nonce_of
from tests.deciding import SIGN, Deciding
from tests.resolving import TEXT
from tests.slipping import LATE

AGAIN = dt.date(2026, 8, 20)
BACK = Wish(SlipWay.RETURN, "Làm rõ nguồn kinh phí", resubmit_on=AGAIN)
AGAINST = {"head": "agree", "a": "disagree", "b": "disagree", "deputy": "disagree", "chairman": "other"}
TIE = {"head": "agree", "a": "agree", "b": "disagree", "deputy": "disagree", "chairman": "other"}


@pytest.fixture
def scene(app):
    return Deciding()


def code_of(act, *args, **kwargs):
    with pytest.raises(WorkflowError) as refused:
        act(*args, **kwargs)
    return refused.value.code


@both
def test_a_decision_to_sign_leads_to_a_promulgated_resolution_that_everybody_can_check(scene):
    scene.equipped().decided()
    made = scene.resolution
    assert (made.state, made.slip_id) == (ResolutionState.DRAFTING, scene.slip_id)
    assert (made.poll_id, made.item_id, made.meeting_id) == (None, None, None)
    assert (made.drafted_by_id, made.signer_id) == (scene.who["clerk"].person_id, scene.who["head"].person_id)
    written = parse_text(made.versions[0].text)
    assert written["formula"] == "Trên cơ sở kết quả lấy ý kiến bằng phiếu của các Thành viên Chính phủ"
    assert not resolutions.differs(made.versions[0])
    scene.promulgated()
    made = scene.resolution
    assert (made.state, made.number.number) == (ResolutionState.PROMULGATED, 1)
    assert public_documents.verdict_of(made, LATE).state == "valid"
    assert public_documents.document_by_token(made.token).id == made.id
    assert courses.course_of(made) is None
    versions = [entry.payload["version"] for entry in db.session.scalars(
        select(AuditEntry).where(AuditEntry.subject_type == "resolution").order_by(AuditEntry.id))]  # fmt: skip
    assert versions == sorted(set(versions))  # counted up by the slip
    fact = db.session.scalars(select(AuditEntry).filter_by(fact="SlipDecided")).one()
    assert (fact.payload["way"], fact.payload["resolution_id"]) == ("submit", made.id)
    assert scene.slip(scene.slip_id).state is SlipState.DECIDED


@both
def test_a_promulgated_resolution_of_a_slip_is_recalled_with_a_signature(scene):
    scene.equipped().decided().promulgated()
    head, number, nonce = scene.who["head"], scene.resolution_id, nonce_of("recall")
    shown = promulgation.prepare_recall(head, number, "Sai phụ lục", nonce, LATE)
    assert (shown.poll_id, shown.slip_id) == (None, scene.slip_id)
    assert promulgation.prepare_recall(head, number, "Sai phụ lục", nonce, LATE).id == shown.id
    assert code_of(promulgation.prepare_recall, head, number, "khác", nonce, LATE) == "nonce_reused"
    promulgation.sign_recall(head, number, nonce, PIN, LATE)
    assert scene.resolution.state is ResolutionState.RECALLED


@both
def test_a_session_gets_an_item_with_the_papers_and_both_results_are_kept(scene):
    meeting = Scene()
    scene.reported(AGAINST)
    wish = Wish(SlipWay.SESSION, meeting_id=meeting.meeting_id)
    decision = slip_decisions.decide_slip(scene.who["head"], scene.slip_id, wish, LATE)
    assert (decision.way, decision.meeting_id) == (SlipWay.SESSION, meeting.meeting_id)
    (item,) = slip_sessions.items_of(scene.who["head"], scene.slip(scene.slip_id))
    assert (item.title, item.slip_id) == (scene.slip(scene.slip_id).matter, scene.slip_id)
    assert "không được thông qua" in item.summary
    (paper,) = db.session.scalars(select(Document).where(Document.item_id == item.id)).all()
    (old,) = scene.slip(scene.slip_id).papers
    assert paper.current.sha256 == old.version.sha256
    assert paper.current.id != old.version.id
    assert db.session.get(DraftText, paper.current.id) is not None  # a vote on it can become a Resolution
    assert scene.slip(scene.slip_id).outcome is Outcome.NOT_ADOPTED
    assert db.session.query(Resolution).count() == 0


@both
def test_what_members_wrote_is_explained_before_the_draft_is_signed_and_the_mended_one_goes_on(scene):
    scene.equipped().issued()
    scene.answer("a", scene.slip_id, "other", text="Ghi rõ thời hạn báo cáo")
    scene.reported({})
    clerk, head = scene.who["clerk"], scene.who["head"]
    assert code_of(slip_decisions.decide_slip, head, scene.slip_id, SIGN, LATE) == "unexplained"
    assert scene.slip(scene.slip_id).state is SlipState.REPORTED
    assert not slip_reports.report_on(head, scene.slip_id).explained.submitted_at
    mended = {**TEXT, "formula": "", "recipients": [*TEXT["recipients"], "Bộ Y tế"]}
    version = next_drafts.write_next_draft(clerk, scene.slip_id, mended, None, LATE)
    sent = scene.slip(scene.slip_id).papers[0].version
    assert slip_reports.report_on(head, scene.slip_id).draft.id == sent.id  # nothing goes on before it is submitted
    scene.explained()
    assert slip_reports.report_on(head, scene.slip_id).draft.id == version.id
    said = " ".join(" ".join(page_texts(slip_reports.document_of(head, scene.slip_id)[1])).split())
    assert "VĂN PHÒNG CHÍNH PHỦ" in said.partition("PHIẾU BÁO CÁO")[0], "who reports is the office, whose head signs"
    assert "Lưu: VT. BỘ TRƯỞNG, CHỦ NHIỆM" in said
    assert "Dự thảo đã tiếp thu" in said
    assert version.sha256 in said.replace(" ", "")
    scene.decided()
    first, second = scene.resolution.versions
    assert (resolutions.differs(first), resolutions.differs(second)) == (False, True)
    assert "Bộ Y tế" in parse_text(second.text)["recipients"]
    assert second.reason.startswith("Tiếp thu, giải trình ý kiến của các thành viên Chính phủ tại Phiếu lấy ý kiến số")
    scene.promulgated()
    assert public_documents.verdict_of(scene.resolution, LATE).state == "valid"


def test_a_session_reads_the_mended_draft_after_the_one_that_was_sent(scene):
    meeting = Scene()
    scene.issued()
    scene.answer("a", scene.slip_id, "disagree", text="Ghi rõ thời hạn báo cáo")
    scene.closed({})
    mended = {**TEXT, "formula": "", "recipients": ["Bộ Y tế"]}
    version = next_drafts.write_next_draft(scene.who["clerk"], scene.slip_id, mended, None, LATE)
    scene.explained()
    slip_closing.report_slip(scene.who["clerk"], scene.slip_id, LATE)
    scene.decided(Wish(SlipWay.SESSION, meeting_id=meeting.meeting_id))
    (item,) = slip_sessions.items_of(scene.who["head"], scene.slip(scene.slip_id))
    (paper,) = db.session.scalars(select(Document).where(Document.item_id == item.id)).all()
    assert [(each.number, each.sha256) for each in paper.versions] == [
        (1, scene.slip(scene.slip_id).papers[0].version.sha256), (2, version.sha256)
    ]  # fmt: skip
    assert paper.current.number == 2


@both
def test_an_urgent_matter_that_is_signed_is_reported_to_the_next_session(scene):
    Scene()  # its time has passed
    meeting = meetings.create_meeting(
        scene.who["clerk"], 1, MeetingKind.REGULAR, "Phiên họp tháng 8", LATE + dt.timedelta(days=9), "Phòng họp số 1",
        now=LATE,
    )  # fmt: skip
    number = meeting.id
    scene.reported(urgency=Urgency.EXPRESS).decided()
    (item,) = slip_sessions.items_of(scene.who["clerk"], scene.slip(scene.slip_id))
    assert (item.meeting_id, item.kind) == (number, ItemKind.REPORT)
    assert item.title.startswith("Báo cáo việc quyết định")
    fact = db.session.scalars(select(AuditEntry).filter_by(fact="SlipDecided")).one()
    assert (fact.payload["item_id"], fact.payload["resolution_id"]) == (item.id, scene.resolution_id)
    again = slip_sessions.tell_session, scene.who["clerk"], scene.slip_id, number, LATE
    assert code_of(*again) == "nothing_to_tell"


@both
def test_the_clerk_tells_a_session_that_was_called_later_and_only_once(scene):
    scene.decided()
    assert slip_sessions.items_of(scene.who["clerk"], scene.slip(scene.slip_id)) == []
    meeting = Scene()
    assert slip_sessions.items_of(scene.who["clerk"], scene.slip(scene.slip_id)) == []  # no urgent matter
    tell = slip_sessions.tell_session
    for name, number, code in (
        ("head", meeting.meeting_id, "not_allowed"), ("guest", meeting.meeting_id, "not_found"),
        ("clerk", 999, "not_found"),
    ):  # fmt: skip
        assert code_of(tell, scene.who[name], scene.slip_id, number, LATE) == code
    item = tell(scene.who["clerk"], scene.slip_id, meeting.meeting_id, LATE)
    assert (item.kind, item.slip_id) == (ItemKind.REPORT, scene.slip_id)
    assert code_of(tell, scene.who["clerk"], scene.slip_id, meeting.meeting_id, LATE) == "nothing_to_tell"


def test_only_what_is_signed_is_told_to_a_session(scene):
    meeting = Scene()
    scene.reported().decided(BACK)
    told = slip_sessions.tell_session, scene.who["clerk"], scene.slip_id, meeting.meeting_id, LATE
    assert code_of(*told) == "nothing_to_tell"


@both
def test_a_returned_matter_names_its_day_and_a_new_round_can_follow(scene):
    scene.reported()
    decision = slip_decisions.decide_slip(scene.who["head"], scene.slip_id, BACK, LATE)
    assert (decision.resubmit_on, decision.reason) == (AGAIN, BACK.reason)
    ((slip, found),) = slip_decisions.returned(scene.who["clerk"])
    assert (slip.id, found.resubmit_on) == (scene.slip_id, AGAIN)
    second = slip_rounds.new_round(scene.who["clerk"], scene.slip_id, LATE)
    assert (second.round, second.previous_id) == (2, scene.slip_id)
    assert slip_decisions.returned(scene.who["clerk"]) == []


@both
def test_a_returned_matter_is_offered_again_once_its_next_round_is_given_up_or_recalled(scene):
    clerk, first = scene.who["clerk"], scene.decided(BACK).slip_id
    draft = slip_rounds.new_round(clerk, first, LATE)
    assert slip_rounds.beginning(scene.slip(first)) is None
    slips.abandon_slip(clerk, draft.id, "Chưa cần", LATE)
    assert [slip.id for slip, _decision in slip_decisions.returned(clerk)] == [first]
    assert slip_rounds.beginning(scene.slip(first)).id == first

    second = slip_rounds.new_round(clerk, first, LATE).id
    scene.now = LATE
    scene.approve(second)
    slip_issue.issue_slip(scene.who["deputy"], second, now=LATE)
    assert slip_decisions.returned(clerk) == [], "it is asked about"
    slip_closing.recall_slip(clerk, second, "Thiếu hồ sơ", LATE)
    assert [slip.id for slip, _decision in slip_decisions.returned(clerk)] == [first]
    assert code_of(slip_rounds.new_round, clerk, first, LATE) == "round_begun"
    assert slip_rounds.beginning(scene.slip(first)).id == second
    third = slip_rounds.new_round(clerk, second, LATE)
    assert (third.round, third.previous_id) == (3, second)
    assert slip_decisions.returned(clerk) == []
    assert slip_rounds.beginning(scene.slip(first)) is None


def test_only_a_returned_matter_is_asked_about_again(scene):
    scene.decided()
    assert code_of(slip_rounds.new_round, scene.who["clerk"], scene.slip_id, LATE) == "matter_settled"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish(SlipWay.RETURN, "Sửa lại"), "no_resubmission"),
        (Wish(SlipWay.RETURN, "Sửa lại", resubmit_on=dt.date(2026, 8, 3)), "no_resubmission"),
        (Wish(SlipWay.RETURN, "Sửa lại", resubmit_on=dt.date(2028, 1, 1)), "no_resubmission"),
        (Wish(SlipWay.RETURN, "  ", resubmit_on=AGAIN), "no_reason"),
        (Wish(SlipWay.SUBMIT), "no_reason"),
        (Wish(SlipWay.SUBMIT, "x" * 2001), "no_reason"),
        (Wish(SlipWay.SUBMIT, "a\u202eb"), "no_reason"),
        (Wish(SlipWay.SESSION), "not_found"),
    ],
)
def test_what_a_decision_lacks_is_named_and_nothing_is_written(scene, wish, code):
    scene.reported(AGAINST)
    assert code_of(slip_decisions.decide_slip, scene.who["head"], scene.slip_id, wish, LATE) == code
    assert scene.slip(scene.slip_id).state is SlipState.REPORTED
    assert db.session.query(SlipDecision).count() == db.session.query(Resolution).count() == 0


def test_the_head_signs_without_the_majority_only_with_a_reason(scene):
    scene.reported(AGAINST).decided(Wish(SlipWay.SUBMIT, "Việc cấp bách, báo cáo tại phiên họp gần nhất"))
    assert scene.resolution.state is ResolutionState.DRAFTING


def test_equal_opinions_need_the_confirmation_of_the_head(scene):
    scene.rule(silence="nothing")
    scene.reported(TIE)
    slip = scene.slip(scene.slip_id)
    assert slip.outcome is Outcome.ADOPTED
    assert parse_canonical(slip.result)["questions"][0]["by_head"]
    assert code_of(slip_decisions.decide_slip, scene.who["head"], scene.slip_id, SIGN, LATE) == "tie_unconfirmed"
    scene.decided(Wish(SlipWay.SUBMIT, tie_confirmed=True))
    assert db.session.query(SlipDecision).one().tie_confirmed


def test_without_a_draft_there_is_nothing_to_sign(scene):
    scene.issued(draft=False).reported()
    assert code_of(slip_decisions.decide_slip, scene.who["head"], scene.slip_id, SIGN, LATE) == "no_asked_text"
    assert scene.slip(scene.slip_id).state is SlipState.REPORTED


@pytest.mark.parametrize("name", ["deputy", "a", "chairman", "clerk", "auditor"])
def test_only_the_head_decides(scene, name):
    scene.reported()
    for wish in (SIGN, BACK, Wish(SlipWay.SESSION, meeting_id=Scene().meeting_id)):
        with pytest.raises((NotAllowed, NotFound)):
            slip_decisions.decide_slip(scene.who[name], scene.slip_id, wish, LATE)


def test_it_is_decided_once_and_only_after_the_report(scene):
    scene.closed()
    with pytest.raises(WrongState):
        slip_decisions.decide_slip(scene.who["head"], scene.slip_id, SIGN, LATE)
    slip_closing.report_slip(scene.who["clerk"], scene.slip_id, LATE)
    scene.decided()
    with pytest.raises(WrongState):
        slip_decisions.decide_slip(scene.who["head"], scene.slip_id, BACK, LATE)


def test_a_meeting_that_has_begun_takes_nothing_in(scene):
    begun = Scene().open()
    scene.reported()
    wish = Wish(SlipWay.SESSION, meeting_id=begun.meeting_id)
    assert code_of(slip_decisions.decide_slip, scene.who["head"], scene.slip_id, wish, LATE) == "no_session"
    assert db.session.scalars(select(AgendaItem).where(AgendaItem.slip_id.is_not(None))).all() == []


def test_a_draft_that_was_given_up_is_made_again_and_never_twice(scene):
    scene.decided()
    clerk = scene.who["clerk"]
    assert code_of(resolutions.draft_again, clerk, scene.slip_id, LATE) == "already_drafted"
    resolutions.abandon_resolution(clerk, scene.resolution_id, "Soạn lại", LATE)
    again = resolutions.draft_again(clerk, scene.slip_id, LATE)
    assert again.id != scene.resolution_id


def test_a_resolution_whose_decision_is_gone_is_not_presented(scene):
    scene.decided()
    db.session.remove()
    with own_transaction() as session:
        for verb in ("UPDATE", "DELETE"):
            session.execute(text(f"DROP TRIGGER slip_decision_no_{verb}"))
        session.execute(text("DELETE FROM slip_decision"))
    refused = code_of(resolutions.present_resolution, scene.who["clerk"], scene.resolution_id, LATE)
    assert refused == resolution_sources.NotDecidedToSign.code


@both
def test_the_database_holds_decisions_and_the_one_source_of_a_resolution(scene):
    scene.equipped().decided().promulgated()
    end_reading()
    for statement in (
        "UPDATE slip_decision SET reason = 'x'", "DELETE FROM slip_decision",
        "UPDATE resolution SET slip_id = NULL", "UPDATE resolution SET poll_id = 1",
    ):  # fmt: skip
        with pytest.raises((IntegrityError, ProgrammingError)), own_transaction() as session:
            session.execute(text(statement))
    assert db.session.query(SlipDecision).count() == 1


def test_the_report_names_who_did_not_agree_and_is_the_same_at_each_call(scene):
    scene.issued()
    scene.answer("a", scene.slip_id, "disagree", text="Chưa rõ nguồn vốn", reservation=True)
    scene.answer("head", scene.slip_id)
    scene.reported({})
    report = slip_reports.report_on(scene.who["head"], scene.slip_id)
    (dissent,) = report.dissents
    assert (dissent.choice, dissent.reservation, dissent.remarks[0].text) == ("disagree", True, "Chưa rõ nguồn vốn")
    assert report.decisive["agree"] + report.decisive["disagree"] + report.decisive["deemed"] == 5
    name, content = slip_reports.document_of(scene.who["head"], scene.slip_id)
    assert content.startswith(b"%PDF")
    assert slip_reports.document_of(scene.who["head"], scene.slip_id) == (name, content)


def test_the_report_is_for_those_who_see_the_board_and_only_after_the_close(scene):
    scene.issued()
    assert code_of(slip_reports.report_on, scene.who["clerk"], scene.slip_id) == "not_counted"
    scene.closed({})
    for name in ("a", "guest", "admin", "records"):
        assert code_of(slip_reports.report_on, scene.who[name], scene.slip_id) == "not_found"
    assert slip_reports.report_on(scene.who["auditor"], scene.slip_id).slip.id == scene.slip_id


def test_nobody_but_the_head_signs_what_the_head_decided_to_sign(scene):
    scene.decided()
    resolutions.present_resolution(scene.who["clerk"], scene.resolution_id, LATE)
    sha256, deputy = resolutions.presented_file(scene.resolution).sha256, scene.who["deputy"]
    with pytest.raises(NotFound):
        document_signing.sign_resolution(deputy, scene.resolution_id, sha256, nonce_of("sign"), PIN, LATE)
    assert (db.session.query(Poll).count(), scene.resolution.state) == (0, ResolutionState.PRESENTED)
