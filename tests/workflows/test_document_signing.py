"""The person's signature on a Resolution: whose, over which file, once, and never said before it is a fact."""

import datetime as dt
from dataclasses import replace
from hashlib import sha256

import pytest
from sqlalchemy import select

from app.extensions import db
from app.gateways import pades, signing, storage
from app.gateways.signing.errors import KeyUnavailable
from app.models import (
    CertificateRevocation,
    DocumentSignature,
    KeyState,
    Refusal,
    ResolutionState,
    SignatureRole,
    SigningKey,
)
from app.workflows import document_signing, documents, keys, poll_acts, resolution_sources, resolutions, seals
from app.workflows.engine.errors import NotAllowed, NotFound, WrongState
from tests.cabinet import PIN
from tests.conftest import both, nonce_of
from tests.resolving import TEXT, Resolving
from tests.workflows.test_resolutions import OTHERWISE, annul, edit


def content(scene: Resolving) -> bytes:
    with storage.store().open(scene.resolution.files[-1].sha256) as file:
        return file.read()


def test_the_signed_file_carries_one_good_signature_of_the_signer(app):
    scene = Resolving().up_to("signed")
    signature = scene.resolution.signatures[0]
    assert (scene.resolution.state, signature.role) == (ResolutionState.SIGNED, SignatureRole.SIGNATURE)
    pinned = pades.Expected("signature", signature.statement.certificate.der, signature.statement.signed_at)
    judged = pades.verdict(content(scene), [pinned], signing.trusted(), scene.later(31))
    assert (judged.state, judged.reasons) == ("valid", ())
    assert signature.statement.person_id == scene.who["head"].person_id


@both
def test_the_kept_bytes_are_those_that_were_signed(app):
    signature = Resolving().up_to("signed").resolution.signatures[0].statement
    der = signature.certificate.der
    signing.check_document(signature.cms, sha256(signature.statement).digest(), der)
    with pytest.raises(signing.BadSignature):
        signing.check_document(signature.cms, sha256(signature.statement + b" ").digest(), der)


@both
def test_the_same_nonce_answers_with_what_was_done(app):
    scene = Resolving().up_to("signed")
    scene.signed()
    assert db.session.query(DocumentSignature).count() == 1
    with pytest.raises(WrongState):
        scene.signed(nonce="another")


def test_only_the_person_it_was_presented_to_signs(app):
    scene = Resolving().equipped().voted()
    scene.drafted(signer_id=scene.who["deputy"].person_id).presented()
    with pytest.raises(resolutions.NotTheSigner):
        scene.signed()
    assert scene.signed(who="deputy").resolution.state is ResolutionState.SIGNED


@pytest.mark.parametrize(("who", "error"), [("clerk", NotAllowed), ("records", NotAllowed), ("a", NotFound)])
def test_nobody_else_signs(app, who, error):
    scene = Resolving().up_to("presented")
    with pytest.raises(error):
        scene.signed(who=who)


@both
def test_a_wrong_pin_is_charged_and_leaves_nothing(app):
    scene = Resolving().up_to("presented")
    with pytest.raises(keys.PinWrong) as wrong:
        scene.signed(pin="000000")
    assert wrong.value.details["tries_left"] == 4
    assert (scene.resolution.state, scene.resolution.signatures) == (ResolutionState.PRESENTED, [])
    assert len(scene.resolution.files) == 1


def test_another_file_than_the_one_that_was_read_is_not_signed(app):
    scene = Resolving().up_to("presented")
    read = resolutions.presented_file(scene.resolution).sha256
    resolutions.return_resolution(scene.who["head"], scene.resolution_id, "Sửa", scene.later(20))
    edit(scene, {**TEXT, "bases": [*TEXT["bases"], "Căn cứ Luật Ban hành văn bản"]})
    scene.presented()
    with pytest.raises(resolutions.FileChanged):
        document_signing.sign_resolution(
            scene.who["head"], scene.resolution_id, read, nonce_of("x"), PIN, scene.later(30)
        )


def test_a_vote_annulled_while_it_lay_before_the_signer_is_no_ground_any_more(app):
    scene = Resolving().up_to("presented")
    annul(scene)
    with pytest.raises(resolution_sources.NotPublished):
        scene.signed()


def test_a_vote_whose_resolution_is_signed_is_not_annulled(app):
    scene = Resolving().up_to("signed")
    with pytest.raises(poll_acts.polls.ResolutionStands):
        annul(scene)


def test_a_difference_is_signed_only_when_the_comparison_was_seen(app):
    scene = Resolving().equipped().voted().drafted()
    edit(scene, OTHERWISE, "Theo kết luận của Thủ tướng")
    scene.presented()
    with pytest.raises(document_signing.ChangesUnseen):
        scene.signed()
    assert scene.signed(changes_seen=True).resolution.state is ResolutionState.SIGNED


def test_a_certificate_that_expires_between_preview_and_pin_signs_nothing(app):
    scene = Resolving().up_to("presented")
    scene.now += dt.timedelta(days=6 * 365)
    with pytest.raises((keys.CertificateNotUsable, NotAllowed)):
        scene.signed()
    assert scene.resolution.signatures == []


def test_a_revoked_certificate_signs_nothing(app):
    scene = Resolving().up_to("presented")
    key = keys.active_key(scene.who["head"].person_id)
    db.session.add(CertificateRevocation(certificate_id=key.certificate_id, at=scene.now, reason="mất thiết bị"))
    db.session.commit()
    with pytest.raises(keys.CertificateNotUsable):
        scene.signed()


def test_a_suspended_key_signs_nothing(app):
    scene = Resolving().up_to("presented")
    db.session.query(SigningKey).filter_by(person_id=scene.who["head"].person_id).update({"state": KeyState.SUSPENDED})
    db.session.commit()
    with pytest.raises(keys.KeySuspended):
        scene.signed()


def test_without_a_specimen_signature_nothing_is_signed(app):
    scene = Resolving().voted().drafted().presented()
    with pytest.raises(seals.NoPicture):
        scene.signed()


def test_a_signer_that_does_not_answer_leaves_the_resolution_presented(app, monkeypatch):
    scene = Resolving().up_to("presented")

    def down(*_args: object) -> bytes:
        raise KeyUnavailable

    monkeypatch.setattr(signing.signer(), "sign_document", down)
    with pytest.raises(keys.SigningUnavailable):
        scene.signed()
    monkeypatch.undo()
    assert scene.signed().resolution.state is ResolutionState.SIGNED


def test_a_store_that_is_full_leaves_the_resolution_presented(app, monkeypatch):
    scene = Resolving().up_to("presented")

    def full(*_args: object) -> storage.Stored:
        raise storage.StorageFull

    with monkeypatch.context() as broken:
        broken.setattr(storage.store(), "put", full)
        with pytest.raises(documents.StoreRefused) as refusal:
            scene.signed()
    assert (refusal.value.code, refusal.value.http_status, refusal.value.field) == ("storage_full", 507, None)
    assert db.session.scalars(select(Refusal.code)).all()[-1] == "storage_full"
    assert scene.resolution.state is ResolutionState.PRESENTED
    assert scene.signed().resolution.state is ResolutionState.SIGNED


def test_a_key_replaced_between_signing_and_writing_is_noticed(app, monkeypatch):
    scene = Resolving().up_to("presented")
    real = document_signing.make
    monkeypatch.setattr(
        document_signing, "make", lambda *args: replace(real(*args), certificate_id=real(*args).certificate_id + 1)
    )
    with pytest.raises(resolutions.FileChanged):
        scene.signed()


@pytest.mark.parametrize("nonce", ["", "short", "có dấu", "A" * 200, None])
def test_an_odd_nonce_is_refused(app, nonce):
    scene = Resolving().up_to("presented")
    read = resolutions.presented_file(scene.resolution).sha256
    with pytest.raises(document_signing.BadNonce):
        document_signing.sign_resolution(scene.who["head"], scene.resolution_id, read, nonce, PIN, scene.later(30))
