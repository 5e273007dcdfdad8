"""From the published vote to a text before its signer: what may be drafted, changed, presented, returned."""

import pytest

from app.extensions import db
from app.models import DraftText, Meeting, Resolution, ResolutionState, Urgency
from app.workflows import draft_texts, poll_acts, polls, resolution_sources, resolutions
from app.workflows.engine.errors import NotAllowed, NotFound, WrongState
from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.resolution import parse_text
from tests import cabinet
from tests.conftest import both, nonce_of
from tests.resolving import TEXT, Resolving

OTHERWISE = {**TEXT, "articles": [*TEXT["articles"][:1], {"heading": "Khác", "intro": "Nội dung khác.", "clauses": []}]}
MORE_BASES = {**TEXT, "bases": [*TEXT["bases"], "Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020"]}


def edit(scene: Resolving, text, reason: str = "", who: str = "clerk", **form):
    made = resolutions.Form(**form) if form else None
    return resolutions.edit_resolution(scene.who[who], scene.resolution_id, text, reason, scene.later(16), made)


@both
def test_the_draft_is_the_voted_text_with_the_formula_of_the_vote(app):
    scene = Resolving({**TEXT, "formula": "Xét tình hình thực tế"}).drafted()
    text = parse_text(scene.resolution.versions[0].text)
    assert text == TEXT
    assert scene.resolution.state is ResolutionState.DRAFTING
    assert scene.resolution.signer_id == scene.who["head"].person_id
    assert len(scene.resolution.token) == 32


@pytest.mark.parametrize(
    ("choices", "refusal"),
    [
        (dict.fromkeys(cabinet.MEMBERS, "disagree"), resolution_sources.NotAdopted),
        ({"head": "other", "deputy": "agree", "a": "agree", "b": "disagree", "chairman": "disagree"},
         resolution_sources.NotAdopted),
    ],
)  # fmt: skip
def test_nothing_is_drafted_from_a_vote_that_did_not_adopt(app, choices, refusal):
    scene = Resolving().voted(choices)
    with pytest.raises(refusal):
        scene.drafted()
    assert db.session.query(Resolution).count() == 0


def test_nothing_is_drafted_before_the_result_is_published(app):
    with pytest.raises(resolution_sources.NotPublished):
        Resolving().voted(publish=False).drafted()


def test_nothing_is_drafted_from_an_annulled_vote(app):
    scene = Resolving().voted()
    annul(scene)
    with pytest.raises(resolution_sources.NotPublished):
        scene.drafted()


def annul(scene: Resolving) -> None:
    chair, nonce = scene.who["head"], nonce_of(f"annul-{scene.poll_id}")
    poll_acts.prepare_annulment(chair, scene.poll_id, "Nhầm văn bản", nonce, scene.later(20))
    poll_acts.sign_act(chair, scene.poll_id, nonce, cabinet.PIN, scene.later(20))


@both
def test_there_is_one_living_resolution_on_a_vote(app):
    scene = Resolving().drafted()
    with pytest.raises(resolutions.AlreadyDrafted):
        scene.drafted()
    resolutions.abandon_resolution(scene.who["clerk"], scene.resolution_id, "Soạn lại", scene.later(20))
    first = scene.resolution_id
    assert scene.drafted().resolution_id != first


def test_a_vote_without_a_readable_draft_carries_no_resolution(app):
    scene = Resolving()
    scene.open()
    poll = scene.open_poll()
    for name in cabinet.MEMBERS:
        scene.vote(name, poll.id, "agree")
    polls.close_poll(scene.who["secretary"], poll.id, scene.now)
    polls.publish_poll(scene.who["secretary"], poll.id, scene.now)
    scene.poll_id = poll.id
    with pytest.raises(resolution_sources.NoVotedText):
        scene.drafted()


def test_bases_may_be_filled_in_without_a_reason(app):
    scene = Resolving().drafted()
    edit(scene, MORE_BASES)
    version = scene.resolution.versions[-1]
    assert not resolutions.differs(version)
    assert [version.number for version in scene.resolution.versions] == [1, 2]
    assert scene.presented().resolution.state is ResolutionState.PRESENTED


def test_another_text_than_the_voted_one_is_not_presented_without_a_reason(app):
    scene = Resolving().drafted()
    edit(scene, OTHERWISE)
    with pytest.raises(resolutions.TextDiffers):
        scene.presented()
    edit(scene, OTHERWISE, "Sửa lỗi kỹ thuật theo Thông báo kết luận")
    version = scene.presented().resolution.versions[-1]
    recorded = parse_canonical(version.changes)
    assert recorded["needs_reason"] is True
    assert {change["place"].partition(",")[0] for change in recorded["changes"]} == {"Điều 2"}


def test_a_reason_is_kept_only_where_the_text_differs(app):
    scene = Resolving().drafted()
    edit(scene, MORE_BASES, "Không cần")
    assert scene.resolution.versions[-1].reason == ""


@pytest.mark.parametrize(
    "text",
    [
        {**TEXT, "subject": ""},
        {**TEXT, "articles": []},
        {**TEXT, "recipients": []},
        {**TEXT, "bases": ["Quyết định của ai đó"]},
    ],
)
def test_an_incomplete_text_is_not_presented(app, text):
    scene = Resolving().drafted()

    def written_and_presented() -> None:
        edit(scene, text, "Sửa")
        scene.presented()

    with pytest.raises((resolutions.TextIncomplete, draft_texts.TextRefused)):
        written_and_presented()
    assert scene.resolution.state is ResolutionState.DRAFTING


def test_hostile_text_is_refused_and_nothing_is_written(app):
    scene = Resolving().drafted()
    for hostile in ("\u202e đảo ngược", "a\x00b", "x" * 11_000):
        text = {**TEXT, "articles": [{"heading": "Mục tiêu", "intro": hostile, "clauses": []}]}
        with pytest.raises(draft_texts.TextRefused):
            edit(scene, text, "Sửa")
    assert len(scene.resolution.versions) == 1


def test_the_signer_is_the_head_or_a_deputy_in_office(app):
    scene = Resolving().voted()
    for nobody in (scene.who["a"].person_id, scene.who["clerk"].person_id, 99_999):
        with pytest.raises(resolutions.NoSigner):
            scene.drafted(signer_id=nobody)
    assert scene.drafted(signer_id=scene.who["deputy"].person_id).resolution.signer_post == "Phó Thủ tướng Chính phủ"


def test_the_printed_form_says_in_whose_name_the_deputy_signs(app):
    scene = Resolving().voted()
    scene.drafted(signer_id=scene.who["deputy"].person_id, urgency=Urgency.EXPRESS)
    sheet = resolutions.sheet_of(scene.resolution, scene.resolution.versions[-1], scene.now)
    assert sheet.authority == ("TM. CHÍNH PHỦ", "KT. THỦ TƯỚNG", "PHÓ THỦ TƯỚNG")
    assert sheet.urgency == "HỎA TỐC"


@both
def test_what_is_presented_is_not_changed_any_more_but_returned(app):
    scene = Resolving().drafted().presented()
    with pytest.raises(WrongState):
        edit(scene, MORE_BASES)
    with pytest.raises(WrongState):
        scene.presented()
    resolutions.return_resolution(scene.who["head"], scene.resolution_id, "Bổ sung căn cứ", scene.later(22))
    assert (scene.resolution.state, scene.resolution.reason) == (ResolutionState.DRAFTING, "Bổ sung căn cứ")
    edit(scene, MORE_BASES)
    assert scene.presented().resolution.files[-1].version.number == 2


def test_a_return_needs_a_reason_and_comes_from_the_signer(app):
    scene = Resolving().drafted().presented()
    with pytest.raises(resolutions.ReasonMissing):
        resolutions.return_resolution(scene.who["head"], scene.resolution_id, " ", scene.later(22))
    with pytest.raises(NotFound):
        resolutions.return_resolution(scene.who["deputy"], scene.resolution_id, "Không", scene.later(22))


def test_a_form_that_breaks_the_layout_is_not_presented(app, monkeypatch):
    scene = Resolving().drafted()
    monkeypatch.setattr("app.gateways.paper.head.MOTTO", "Độc lập – Tự do – Hạnh phúc")
    with pytest.raises(resolutions.LayoutRefused):
        scene.presented()
    assert scene.resolution.state is ResolutionState.DRAFTING


@pytest.mark.parametrize("who", ["head", "a", "records", "auditor"])
def test_only_clerks_draft(app, who):
    scene = Resolving().voted()
    with pytest.raises(NotAllowed):
        resolutions.draft_resolution(scene.who[who], scene.poll_id, scene.later(15))


@pytest.mark.parametrize("who", ["admin", "guest", "under_a"])
def test_a_draft_is_not_there_for_outsiders(app, who):
    scene = Resolving().drafted()
    with pytest.raises(NotFound):
        resolutions.present_resolution(scene.who[who], scene.resolution_id, scene.later(18))


def test_members_see_a_resolution_once_it_is_signed(app):
    scene = Resolving().up_to("presented")
    with pytest.raises(NotFound):
        resolutions.locked(scene.who["a"], scene.resolution_id)
    db.session.rollback()
    assert resolutions.locked(scene.signed().who["a"], scene.resolution_id)
    db.session.rollback()


def test_every_step_counts_up_the_live_state_of_the_meeting(app):
    scene = Resolving().up_to("drafted")
    before = db.session.get_one(Meeting, scene.meeting_id).version
    scene.presented().signed().numbered().sealed().promulgated()
    assert db.session.get_one(Meeting, scene.meeting_id).version == before + 5


def test_an_unstructured_draft_is_read_from_its_file(app):
    scene = Resolving()
    db.session.execute(db.text("DROP TRIGGER draft_text_no_DELETE"))
    db.session.query(DraftText).delete()
    db.session.commit()
    scene.drafted()
    assert parse_text(scene.resolution.versions[0].text)["articles"] == TEXT["articles"]
