"""Numbers, signatures and seals asked for at once, on PostgreSQL; each guard is also taken away once."""

import threading
from collections import Counter

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.inspection import inspect

from app.extensions import db
from app.models import (
    DocumentSignature,
    IssuedNumber,
    NumberSeries,
    Refusal,
    Resolution,
    ResolutionState,
    SignedStatement,
    StatementKind,
)
from app.workflows import document_signing, issuing, poll_acts, promulgation, resolutions
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import use_case
from tests.cabinet import PIN
from tests.concurrency.crowd import at_once
from tests.conftest import nonce_of, on_postgresql
from tests.resolving import Resolving

pytestmark = on_postgresql
MANY = 50


def copied(row, **changed):
    """The same row again under a new id."""
    columns = [column.key for column in inspect(type(row)).column_attrs if column.key != "id"]
    return type(row)(**{name: getattr(row, name) for name in columns} | changed)


@use_case
def _multiply(_actor, resolution: Resolution, count: int) -> list[int]:
    """As many signed Resolutions, each of a meeting of its own."""
    made = []
    for number in range(count):
        meeting = copied(resolution.meeting)
        db.session.add(meeting)
        db.session.flush()
        item = copied(resolution.item, meeting_id=meeting.id)
        db.session.add(item)
        db.session.flush()
        poll = copied(resolution.poll, meeting_id=meeting.id, item_id=item.id)
        db.session.add(poll)
        db.session.flush()
        places = {"meeting_id": meeting.id, "item_id": item.id, "poll_id": poll.id}
        made.append(copied(resolution, token=f"{number:032x}", **places))
    db.session.add_all(made)
    db.session.flush()
    return [each.id for each in made]


@pytest.fixture
def signed(app) -> Resolving:
    return Resolving().up_to("signed")


def codes(answers):
    return Counter(getattr(answer, "code", "done") for answer in answers)


def number_all(app, scene, ids):
    records = scene.who["records"]
    db.session.remove()
    return at_once(app, [lambda one=one: issuing.allot_number(records, one, scene.later(35)) for one in ids])


def test_fifty_numbers_at_once_leave_no_gap_and_no_double(app, signed):
    ids = _multiply(SYSTEM, signed.resolution, MANY)
    answers = number_all(app, signed, ids)
    assert codes(answers) == {"done": MANY}
    assert sorted(db.session.scalars(select(IssuedNumber.number))) == list(range(1, MANY + 1))
    assert db.session.query(NumberSeries).one().last_number == MANY


def test_without_the_lock_of_the_series_the_constraints_still_refuse_a_double(app, signed, monkeypatch):
    """The negative control: the counter row is read without being held."""
    ids = _multiply(SYSTEM, signed.resolution, 8)
    gate = threading.Barrier(len(ids))
    issuing.allot_number(signed.who["records"], signed.resolution_id, signed.later(34))

    def unlocked(*_key):
        series = db.session.query(NumberSeries).one()
        gate.wait(timeout=30)
        return series

    monkeypatch.setattr(issuing, "locked_series", unlocked)
    with pytest.raises(IntegrityError):
        number_all(app, signed, ids)
    monkeypatch.undo()
    db.session.rollback()
    assert sorted(db.session.scalars(select(IssuedNumber.number))) == [1, 2]


def test_one_resolution_gets_one_number_however_often_it_is_asked_for(app, signed):
    answers = number_all(app, signed, [signed.resolution_id] * 20)
    assert codes(answers) == {"done": 20}
    assert db.session.query(IssuedNumber).count() == 1


def test_two_devices_of_the_signer_make_one_signature(app):
    scene = Resolving().up_to("presented")
    head, sha256 = scene.who["head"], resolutions.presented_file(scene.resolution).sha256
    db.session.remove()

    def sign(device):
        return lambda: document_signing.sign_resolution(
            head, scene.resolution_id, sha256, nonce_of(device), PIN, scene.later(30)
        )

    answers = at_once(app, [sign("ipad"), sign("laptop"), sign("ipad")])
    assert codes(answers)["done"] >= 1
    assert set(codes(answers)) <= {"done", "wrong_state"}
    assert db.session.query(DocumentSignature).count() == 1
    assert [file.stage.value for file in scene.resolution.files] == ["presented", "signed"]


def test_of_two_people_who_sign_at_once_the_one_it_was_presented_to_has_signed(app):
    """The other one is told whose it is, whichever of them was faster; the file carries one signature."""
    scene = Resolving().up_to("presented")
    people, sha256 = scene.who, resolutions.presented_file(scene.resolution).sha256
    acts = [
        lambda who=people[name], name=name: document_signing.sign_resolution(
            who, scene.resolution_id, sha256, nonce_of(name), PIN, scene.later(30)
        )
        for name in ("deputy", "head", "deputy")
    ]
    db.session.remove()
    answers = codes(at_once(app, acts))
    assert answers.pop("done") == 1
    assert set(answers) <= {"not_found", "not_the_signer"}  # before it is signed, others do not see it
    signed = db.session.query(SignedStatement).filter_by(kind=StatementKind.DOCUMENT_SIGNATURE).one()
    assert signed.person_id == people["head"].person_id
    assert [file.stage.value for file in scene.resolution.files] == ["presented", "signed"]
    assert db.session.query(Refusal).filter(Refusal.act == "sign_resolution").count() == 2


def test_without_the_lock_of_the_row_the_constraint_refuses_the_second_signature(app, monkeypatch):
    """The negative control: everybody has looked before anybody writes."""
    scene, gate = Resolving().up_to("presented"), threading.Barrier(2)
    head, sha256 = scene.who["head"], resolutions.presented_file(scene.resolution).sha256

    def unlocked(_actor, resolution_id):
        resolution = db.session.get_one(Resolution, resolution_id)
        gate.wait(timeout=30)
        return resolution

    monkeypatch.setattr(resolutions, "locked", unlocked)
    db.session.remove()
    acts = [
        lambda device=device: document_signing.sign_resolution(
            head, scene.resolution_id, sha256, nonce_of(device), PIN, scene.later(30)
        )
        for device in ("ipad", "laptop")
    ]
    with pytest.raises(IntegrityError):
        at_once(app, acts)
    db.session.rollback()
    assert db.session.query(DocumentSignature).count() == 1


def test_two_officers_seal_once(app):
    scene = Resolving().up_to("numbered")
    records = scene.who["records"]
    db.session.remove()
    acts = [
        lambda device=device: issuing.seal_resolution(
            records, scene.resolution_id, nonce_of(device), PIN, scene.later(40)
        )
        for device in ("one", "two")
    ]
    answers = at_once(app, acts)
    assert codes(answers) == {"done": 1, "wrong_state": 1}
    assert len(scene.resolution.signatures) == 2


def test_signing_and_returning_at_once_have_one_winner(app):
    scene = Resolving().up_to("presented")
    head, sha256 = scene.who["head"], resolutions.presented_file(scene.resolution).sha256
    db.session.remove()
    acts = [
        lambda: document_signing.sign_resolution(
            head, scene.resolution_id, sha256, nonce_of("s"), PIN, scene.later(30)
        ),
        lambda: resolutions.return_resolution(head, scene.resolution_id, "Chưa ký", scene.later(30)),
    ]
    answers = at_once(app, acts)
    assert codes(answers) == {"done": 1, "wrong_state": 1}
    assert scene.resolution.state in (ResolutionState.SIGNED, ResolutionState.DRAFTING)


def test_annulling_the_vote_and_signing_on_its_ground_at_once_have_one_winner(app):
    scene = Resolving().up_to("presented")
    head, sha256, nonce = scene.who["head"], resolutions.presented_file(scene.resolution).sha256, nonce_of("annul")
    poll_acts.prepare_annulment(head, scene.poll_id, "Nhầm", nonce, scene.later(29))
    db.session.remove()
    acts = [
        lambda: document_signing.sign_resolution(
            head, scene.resolution_id, sha256, nonce_of("s"), PIN, scene.later(30)
        ),
        lambda: poll_acts.sign_act(head, scene.poll_id, nonce, PIN, scene.later(30)),
    ]
    answers = at_once(app, acts)
    assert codes(answers)["done"] == 1
    assert set(codes(answers)) <= {"done", "not_published", "resolution_stands"}
    annulled = scene.poll.annulled_at is not None
    assert annulled != (scene.resolution.state is ResolutionState.SIGNED)


def test_promulgated_and_stopped_at_once_have_one_winner(app):
    scene = Resolving().up_to("sealed")
    head, records = scene.who["head"], scene.who["records"]
    db.session.remove()
    acts = [
        lambda: promulgation.promulgate_resolution(records, scene.resolution_id, scene.later(50)),
        lambda: issuing.stop_resolution(head, scene.resolution_id, "Dừng", scene.later(50)),
    ]
    assert codes(at_once(app, acts)) == {"done": 1, "wrong_state": 1}
    assert len(scene.resolution.dispatches) in (0, 8)
    assert (scene.resolution.number.cancellation is None) == bool(scene.resolution.dispatches)


def test_one_draft_from_a_vote_however_many_clerks_begin(app):
    scene = Resolving().voted()
    clerk, secretary = scene.who["clerk"], scene.who["secretary"]
    db.session.remove()
    acts = [
        lambda who=who: resolutions.draft_resolution(who, scene.poll_id, scene.later(15))
        for who in (clerk, secretary, clerk, secretary)
    ]
    assert codes(at_once(app, acts)) == {"done": 1, "already_drafted": 3}
    assert db.session.query(Resolution).count() == 1


def test_everybody_confirms_receipt_at_once(app):
    scene = Resolving().up_to("promulgated")
    who = [scene.who[name] for name in ("head", "deputy", "a", "b", "chairman", "under_a")]
    db.session.remove()
    acts = [
        lambda one=one: promulgation.acknowledge(one, scene.resolution_id, scene.later(70)) for one in who for _ in "12"
    ]
    assert codes(at_once(app, acts)) == {"done": 12}
    assert all(each.received_at for each in scene.resolution.dispatches)


def test_promulgated_by_two_at_once_is_sent_once(app):
    scene = Resolving().up_to("sealed")
    records = scene.who["records"]
    db.session.remove()
    acts = [lambda: promulgation.promulgate_resolution(records, scene.resolution_id, scene.later(50)) for _ in "1234"]
    assert codes(at_once(app, acts)) == {"done": 1, "wrong_state": 3}
    assert len(scene.resolution.dispatches) == 8


def test_a_recall_signed_on_two_devices_at_once_is_one_recall(app):
    scene = Resolving().up_to("promulgated")
    head, nonce = scene.who["head"], nonce_of("r")
    promulgation.prepare_recall(head, scene.resolution_id, "Sai", nonce, scene.later(60))
    db.session.remove()
    acts = [lambda: promulgation.sign_recall(head, scene.resolution_id, nonce, PIN, scene.later(61)) for _ in "12"]
    answers = codes(at_once(app, acts))
    assert answers["done"] >= 1
    assert set(answers) <= {"done", "wrong_state"}
    assert scene.resolution.state is ResolutionState.RECALLED


def test_recalled_and_replaced_at_once_have_one_winner(app):
    old = Resolving().up_to("promulgated")
    new = Resolving().voted().drafted(replaces_id=old.resolution_id).presented().signed(nonce="n").numbered()
    new.sealed(nonce="s")
    head, records, nonce = old.who["head"], old.who["records"], nonce_of("r")
    promulgation.prepare_recall(head, old.resolution_id, "Sai", nonce, old.later(60))
    db.session.remove()
    acts = [
        lambda: promulgation.sign_recall(head, old.resolution_id, nonce, PIN, old.later(61)),
        lambda: promulgation.promulgate_resolution(records, new.resolution_id, new.later(61)),
    ]
    answers = codes(at_once(app, acts))
    assert answers["done"] == 1
    assert set(answers) <= {"done", "wrong_state", "nothing_to_replace"}
    recalled = old.resolution.state is ResolutionState.RECALLED
    assert recalled != (new.resolution.state is ResolutionState.PROMULGATED)


def test_sealed_and_stopped_at_once_leave_no_half_document(app):
    scene = Resolving().up_to("numbered")
    head, records = scene.who["head"], scene.who["records"]
    db.session.remove()
    acts = [
        lambda: issuing.seal_resolution(records, scene.resolution_id, nonce_of("seal"), PIN, scene.later(40)),
        lambda: issuing.stop_resolution(head, scene.resolution_id, "Dừng", scene.later(40)),
    ]
    answers = codes(at_once(app, acts))
    assert answers["done"] >= 1
    assert set(answers) <= {"done", "wrong_state"}
    assert scene.resolution.state is ResolutionState.ABANDONED
    assert len(scene.resolution.files) == len(scene.resolution.signatures) + 1
