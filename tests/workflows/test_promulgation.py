"""Promulgation, receipts, recall and replacement; and that no door leads to a promulgated document."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from app.gateways import signing
from app.models import Dispatch, Notice, ResolutionState, StatementKind
from app.tasks import relay
from app.workflows import keys, promulgation, resolutions
from app.workflows.engine.errors import NotAllowed, NotFound, WrongState
from app.workflows.prepared import NonceReused, NotPrepared
from app.workflows.rules.recall import parse_recall
from tests.cabinet import MEMBERS, PIN
from tests.conftest import both, nonce_of
from tests.resolving import Resolving
from tests.workflows.test_issuing import next_one


@both
def test_members_and_organisations_receive_it(app):
    scene = Resolving().up_to("promulgated")
    sent = scene.resolution.dispatches
    assert scene.resolution.state is ResolutionState.PROMULGATED
    assert {each.person_id for each in sent if each.person_id} == {scene.who[name].person_id for name in MEMBERS}
    assert {each.name for each in sent if each.organisation_id} == {"Văn phòng Chính phủ", "Bộ Xây dựng", "Bộ Y tế"}
    assert all(each.received_at is None for each in sent)


def test_recipients_can_be_chosen_but_not_invented(app):
    scene = Resolving().up_to("sealed")
    with pytest.raises(promulgation.NoSuchRecipient):
        scene.promulgated(organisation_ids=[999])
    chosen = promulgation.organisations_of(1)[1].id
    scene.promulgated(organisation_ids=[chosen])
    assert [each.organisation_id for each in scene.resolution.dispatches if each.organisation_id] == [chosen]


@both
def test_everybody_concerned_is_told(app):
    scene = Resolving().up_to("promulgated")
    relay.drain(scene.later(60))
    told = {notice.person_id for notice in db.session.query(Notice).filter_by(kind="ResolutionPromulgated")}
    assert {scene.who[name].person_id for name in (*MEMBERS, "under_a")} <= told
    assert scene.who["guest"].person_id not in told
    assert scene.who["admin"].person_id not in told


@both
def test_a_receipt_is_written_once_for_oneself_and_for_ones_organisation(app):
    scene = Resolving().up_to("promulgated")
    mine = promulgation.acknowledge(scene.who["a"], scene.resolution_id, scene.later(70))
    assert {each.name for each in mine} == {"Bộ trưởng Bộ Xây dựng", "Bộ Xây dựng"}
    promulgation.acknowledge(scene.who["a"], scene.resolution_id, scene.later(90))
    assert {each.received_at for each in mine} == {scene.later(70)}
    assert promulgation.acknowledge(scene.who["under_a"], scene.resolution_id, scene.later(99))[0].received_at


@pytest.mark.parametrize("who", ["guest", "admin"])
def test_who_received_nothing_confirms_nothing(app, who):
    scene = Resolving().up_to("promulgated")
    with pytest.raises(NotFound):
        promulgation.acknowledge(scene.who[who], scene.resolution_id, scene.later(70))


def test_only_the_records_office_promulgates_and_only_what_is_sealed(app):
    scene = Resolving().up_to("numbered")
    with pytest.raises(WrongState):
        scene.promulgated()
    scene.sealed()
    with pytest.raises(NotAllowed):
        promulgation.promulgate_resolution(scene.who["head"], scene.resolution_id, scene.later(50))


DOORS = (
    "UPDATE resolution SET subject = 'khác'",
    "UPDATE resolution SET state = 'drafting'",
    "UPDATE resolution SET promulgated_at = signed_at",
    "UPDATE resolution SET signer_id = 2",
    "UPDATE resolution SET token = 'x'",
    "DELETE FROM resolution",
    "UPDATE resolution_version SET text = '{}'",
    "DELETE FROM resolution_version",
    "UPDATE resolution_file SET sha256 = 'x'",
    "DELETE FROM resolution_file",
    "UPDATE document_signature SET name = 'x'",
    "DELETE FROM document_signature",
    "UPDATE issued_number SET number = 7",
    "DELETE FROM issued_number",
    "UPDATE number_series SET last_number = 0",
    "UPDATE number_series SET last_number = last_number + 2",
    "DELETE FROM number_series",
    "UPDATE dispatch SET name = 'x'",
    "DELETE FROM dispatch",
    "UPDATE seal_key SET key_ref = 'x'",
    "UPDATE signature_picture SET sha256 = 'x'",
    "UPDATE draft_text SET sha256 = 'x'",
)


@both
def test_the_database_opens_no_door_to_what_is_promulgated(app):
    scene = Resolving().up_to("promulgated")
    for door in DOORS:
        with pytest.raises(DBAPIError):
            db.session.execute(text(door))
        db.session.rollback()
    assert scene.resolution.state is ResolutionState.PROMULGATED


@both
def test_a_recall_is_signed_and_the_document_stays(app):
    scene = Resolving().up_to("promulgated").recalled()
    recall = scene.resolution.recall
    said = parse_recall(recall.statement)
    assert scene.resolution.state is ResolutionState.RECALLED
    assert (recall.kind, said["number"], said["reason"]) == (
        StatementKind.RESOLUTION_RECALL, "01/NQ-CP", "Ban hành nhầm phụ lục",
    )  # fmt: skip
    signing.check_detached(recall.cms, recall.statement, recall.certificate.der)
    assert said["file_sha256"] == scene.resolution.files[-1].sha256


def test_what_was_never_promulgated_is_not_recalled(app):
    scene = Resolving().up_to("sealed")
    with pytest.raises(WrongState):
        scene.recalled()


def test_a_recall_needs_the_head_a_reason_and_the_pin(app):
    scene = Resolving().up_to("promulgated")
    with pytest.raises(NotAllowed):
        promulgation.prepare_recall(scene.who["records"], scene.resolution_id, "Sai", nonce_of("r"), scene.later(60))
    with pytest.raises(resolutions.ReasonMissing):
        promulgation.prepare_recall(scene.who["head"], scene.resolution_id, "", nonce_of("r"), scene.later(60))
    promulgation.prepare_recall(scene.who["head"], scene.resolution_id, "Sai", nonce_of("r"), scene.later(60))
    with pytest.raises(keys.PinWrong):
        promulgation.sign_recall(scene.who["head"], scene.resolution_id, nonce_of("r"), "000000", scene.later(61))
    assert scene.resolution.state is ResolutionState.PROMULGATED


def test_a_prepared_recall_expires_and_is_used_once(app):
    scene = Resolving().up_to("promulgated")
    head = scene.who["head"]
    shown = promulgation.prepare_recall(head, scene.resolution_id, "Sai", nonce_of("r"), scene.later(60)).statement
    again = promulgation.prepare_recall(head, scene.resolution_id, "Sai", nonce_of("r"), scene.later(61))
    assert again.statement == shown
    with pytest.raises(NonceReused):
        promulgation.prepare_recall(head, scene.resolution_id, "Khác", nonce_of("r"), scene.later(60))
    with pytest.raises(NotPrepared):
        promulgation.sign_recall(head, scene.resolution_id, nonce_of("r"), PIN, scene.later(60 + 121))
    with pytest.raises(NotPrepared):
        promulgation.sign_recall(head, scene.resolution_id, nonce_of("never"), PIN, scene.later(60))


def test_the_same_recall_again_answers_with_what_was_done(app):
    scene = Resolving().up_to("promulgated").recalled()
    nonce = nonce_of(f"recall-{scene.resolution_id}")
    done = promulgation.sign_recall(scene.who["head"], scene.resolution_id, nonce, PIN, scene.later(70))
    assert done.state is ResolutionState.RECALLED


def test_recipients_say_that_they_saw_the_recall(app):
    scene = Resolving().up_to("promulgated").recalled()
    promulgation.acknowledge(scene.who["b"], scene.resolution_id, scene.later(90))
    seen = db.session.query(Dispatch).filter(Dispatch.recall_seen_at.is_not(None)).all()
    assert {each.name for each in seen} == {"Bộ trưởng Bộ Y tế", "Bộ Y tế"}


@both
def test_a_replacement_ends_the_old_one_when_it_is_promulgated(app):
    old = Resolving().up_to("promulgated")
    new = Resolving().voted().drafted(replaces_id=old.resolution_id).presented().signed(nonce="n2").numbered()
    new.sealed(nonce="s2")
    assert old.resolution.state is ResolutionState.PROMULGATED
    new.promulgated()
    assert old.resolution.state is ResolutionState.REPLACED
    assert old.resolution.ended_at == new.later(50)
    with pytest.raises(WrongState):
        old.recalled()


def test_only_a_promulgated_one_is_replaced_and_only_once(app):
    draft = Resolving().up_to("drafted")
    with pytest.raises(resolutions.NothingToReplace):
        Resolving().voted().drafted(replaces_id=draft.resolution_id)
    old = next_one().numbered().sealed(nonce="s").promulgated()
    Resolving().voted().drafted(replaces_id=old.resolution_id)
    with pytest.raises(resolutions.NothingToReplace):
        Resolving().voted().drafted(replaces_id=old.resolution_id)


def test_the_old_one_recalled_meanwhile_is_not_replaced(app):
    old = Resolving().up_to("promulgated")
    new = Resolving().voted().drafted(replaces_id=old.resolution_id).presented().signed(nonce="n2").numbered()
    new.sealed(nonce="s2")
    old.recalled()
    with pytest.raises(resolutions.NothingToReplace):
        new.promulgated()
    assert new.resolution.state is ResolutionState.SEALED
