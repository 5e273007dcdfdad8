"""A meeting with everything that can happen to one, for tests that look at every turn of it."""

import io
from collections.abc import Iterator

from app.models import DocumentKind, ItemKind, Presence, Reply, SeatRole, Secrecy
from app.tasks import relay
from app.workflows import agenda, attendance, documents, meetings, poll_acts, polls
from tests.cabinet import PIN
from tests.conftest import Scene, nonce_of
from tests.gateways.upload_corpus import paper


def stages(scene: Scene) -> Iterator[str]:
    """Lead a meeting through its life and stop at each turn."""
    yield "being prepared"
    version = _papers(scene)
    scene.draft(document_version_id=version)
    scene.invite()
    yield "invited"
    _answers(scene)
    yield "answered"
    scene.check_in("head", "a", "chairman").check_in("deputy", presence=Presence.REMOTE)
    meetings.open_meeting(scene.who["secretary"], scene.meeting_id, now=scene.now)
    yield "opened"
    agenda.open_item(scene.who["secretary"], scene.item_id, now=scene.now)
    yield "item under way"
    yield from _vote(scene)
    relay.drain(scene.now)
    yield "told"
    meetings.adjourn_meeting(scene.who["secretary"], scene.meeting_id, "Nghỉ trưa", now=scene.now)
    yield "adjourned"
    meetings.resume_meeting(scene.who["secretary"], scene.meeting_id, now=scene.now)
    agenda.close_item(scene.who["secretary"], scene.item_id, now=scene.now)
    meetings.end_meeting(scene.who["secretary"], scene.meeting_id, now=scene.now)
    yield "ended"


def _papers(scene: Scene) -> int:
    clerk = scene.who["clerk"]
    meetings.add_seat(clerk, scene.meeting_id, scene.who["guest"].person_id, SeatRole.GUEST, now=scene.now)
    draft = documents.add_paper(
        clerk, scene.item_id, "Dự thảo Nghị quyết", DocumentKind.DRAFT_RESOLUTION, now=scene.now
    )
    documents.add_paper(
        clerk,
        scene.item_id,
        "Báo cáo giấy",
        DocumentKind.REPORT,
        now=scene.now,
        secrecy=Secrecy.SECRET,
        paper_number="7",
    )
    documents.add_paper(clerk, scene.item_id, "Tờ trình", DocumentKind.SUBMISSION, now=scene.now)
    agenda.add_item(clerk, scene.meeting_id, "Tình hình quý III", ItemKind.REPORT, now=scene.now)
    content = io.BytesIO(paper("Nội dung thử"))
    return documents.add_version(clerk, draft.id, "du-thao.pdf", content, now=scene.now).id


def _answers(scene: Scene) -> None:
    substitute = scene.who["under_a"].person_id
    attendance.answer_invitation(scene.who["deputy"], scene.meeting_id, Reply.REMOTE, now=scene.now)
    attendance.ask_absence(scene.who["b"], scene.meeting_id, "Đi công tác", now=scene.now)
    asked = attendance.ask_absence(
        scene.who["a"], scene.meeting_id, "Đi họp Quốc hội", now=scene.now, substitute_id=substitute
    )
    attendance.decide_absence(scene.who["head"], asked.id, True, now=scene.now)


def _vote(scene: Scene) -> Iterator[str]:
    secretary, head = scene.who["secretary"], scene.who["head"]
    first = polls.put_to_vote(secretary, scene.item_id, now=scene.now)
    yield "vote opened"
    scene.vote("head", first.id, "agree", remark="Nhất trí")
    scene.vote("deputy", first.id, "disagree", reservation=True)
    yield "voted"
    polls.close_poll(secretary, first.id, now=scene.now)
    yield "vote closed, equal"
    poll_acts.prepare_tie_confirmation(head, first.id, nonce_of("tie"), now=scene.now)
    poll_acts.sign_act(head, first.id, nonce_of("tie"), PIN, now=scene.now)
    polls.publish_poll(secretary, first.id, now=scene.now)
    yield "published"
    poll_acts.prepare_annulment(head, first.id, "Nhầm phiên bản", nonce_of("annul"), now=scene.now)
    poll_acts.sign_act(head, first.id, nonce_of("annul"), PIN, now=scene.now)
    yield "annulled"
    second = polls.put_to_vote(secretary, scene.item_id, now=scene.now)
    for name, choice in {"head": "agree", "deputy": "agree", "a": "disagree", "chairman": "other"}.items():
        scene.vote(name, second.id, choice)
    polls.close_poll(secretary, second.id, now=scene.now)
    polls.publish_poll(secretary, second.id, now=scene.now)
    yield "voted again"
