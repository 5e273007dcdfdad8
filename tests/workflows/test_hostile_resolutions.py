"""What somebody who knows Resolutions well tries: other bytes, lost keys, offices that ended, clocks behind."""

import datetime as dt
from contextlib import contextmanager

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from app.gateways import signing, storage
from app.models import Appointment, CertificateRevocation, DocumentSignature, Refusal, Resolution, ResolutionState
from app.workflows import (
    copies,
    document_signing,
    documents,
    evidence,
    issuing,
    keys,
    promulgation,
    public_documents,
    resolutions,
    seals,
)
from app.workflows.engine.errors import NotAllowed, NotFound
from app.workflows.engine.rights import Actor, actor_for
from app.workflows.engine.transaction import own_transaction
from app.workflows.engine.visibility import seen, visible
from app.workflows.prepared import NotPrepared
from app.workflows.rules.calendar import hanoi_date
from tests.cabinet import PIN, TODAY
from tests.conftest import both, nonce_of
from tests.resolving import TEXT, Resolving
from tests.workflows.test_issuing import next_one
from tests.workflows.test_resolutions import edit

TOMORROW = TODAY + dt.timedelta(days=1)


def stored() -> dict[str, bytes]:
    files = storage.store().files
    return files


@contextmanager
def exchanged(sha256: str, content: bytes):
    """Somebody with the disk in hand puts other bytes under a hash."""
    genuine = stored()[sha256]
    stored()[sha256] = content
    try:
        yield
    finally:
        stored()[sha256] = genuine


@contextmanager
def after_the_pin(monkeypatch, module, happening):
    """What happens when the key has worked and nothing is written yet."""
    real = module.keys.unlock

    def unlock(*args):
        cms = real(*args)
        happening()
        return cms

    with monkeypatch.context() as patch:
        patch.setattr(module.keys, "unlock", unlock)
        yield


def other_form(scene) -> bytes:
    """Another Resolution of ours, printed for the same signer."""
    resolution = scene.resolution
    sheet = resolutions.sheet_of(resolution, resolution.versions[-1], scene.now)
    changed = {**TEXT, "articles": [{"heading": "", "intro": "Giao Bộ Y tế toàn bộ.", "clauses": []}]}
    return resolutions.paper.resolution(changed, sheet)


def end_office(name_or_id, scene, on=TODAY):
    """The appointments of a person end; from that day on he is nobody."""
    person = scene.who[name_or_id].person_id
    with own_transaction() as session:
        session.execute(update(Appointment).where(Appointment.person_id == person).values(valid_to=on))
    return person


# -- bytes ----------------------------------------------------------------------------------------------------------


def test_bytes_exchanged_in_the_store_are_not_signed(app):
    scene = Resolving().up_to("presented")
    with exchanged(scene.resolution.files[-1].sha256, other_form(scene)), pytest.raises(documents.StoreRefused):
        scene.signed()
    assert scene.resolution.state is ResolutionState.PRESENTED
    assert db.session.query(Refusal).filter_by(act="sign_resolution", code="altered").count() == 1
    assert keys.active_key(scene.who["head"].person_id).failed_tries == 0
    assert scene.signed().resolution.state is ResolutionState.SIGNED


def test_another_signed_document_of_the_same_person_is_not_sealed_in_its_place(app):
    scene = Resolving().up_to("numbered")
    other = next_one()
    foreign = stored()[other.resolution.files[-1].sha256]
    with exchanged(scene.resolution.files[-1].sha256, foreign), pytest.raises(documents.StoreRefused):
        scene.sealed()
    assert scene.resolution.state is ResolutionState.NUMBERED
    assert scene.sealed().resolution.state is ResolutionState.SEALED


def test_exchanged_bytes_are_not_handed_out(app):
    scene = Resolving().up_to("promulgated")
    file = scene.resolution.files[-1]
    with exchanged(file.sha256, stored()[file.sha256] + b"\n"):
        with pytest.raises(storage.Altered):
            copies.open_copy(scene.who["a"], scene.resolution_id)
        with pytest.raises(storage.Altered):
            copies.picture(file.sha256, 1)


def test_exchanged_bytes_are_never_called_valid_in_public(app):
    first = Resolving().up_to("promulgated")
    second = next_one().numbered().sealed(nonce="s2").promulgated()
    public_documents._judged.cache_clear()
    other = stored()[second.resolution.files[-1].sha256]
    with exchanged(first.resolution.files[-1].sha256, other):
        assert public_documents.verdict_of(first.resolution, first.later(90)).state == "invalid"
    assert public_documents.verdict_of(first.resolution, first.later(90)).state == "valid"


def test_a_row_slipped_in_after_promulgation_changes_no_document(app):
    scene = Resolving().up_to("promulgated")
    sealed, version = scene.resolution.files[-1].sha256, scene.resolution.versions[-1].sha256
    slipped = storage.store().put(other_form(scene), 10_000_000)
    with own_transaction() as session:
        session.execute(text(
            "INSERT INTO resolution_version (body_id, resolution_id, number, text, sha256, changes, reason, at)"
            " SELECT body_id, resolution_id, 9, text, :sha, changes, '', at FROM resolution_version"
        ), {"sha": "0" * 64})  # fmt: skip
        session.execute(text(
            "INSERT INTO resolution_file (body_id, resolution_id, version_id, stage, sha256, size, pages, at)"
            " SELECT body_id, resolution_id, version_id, 'sealed', :sha, :size, 1, at FROM resolution_file LIMIT 1"
        ), {"sha": slipped.sha256, "size": slipped.size})  # fmt: skip
    db.session.expire_all()
    assert resolutions.current_file(scene.resolution).sha256 == sealed
    assert public_documents.file_of(scene.resolution).sha256 == sealed
    assert resolutions.current_version(scene.resolution).sha256 == version
    assert b"%PDF" in evidence.bundle_of(scene.who["auditor"], scene.poll_id, scene.later(90))


# -- between the PIN and the commit -----------------------------------------------------------------------------------


@both
def test_a_key_suspended_after_the_pin_signs_nothing(app, monkeypatch):
    scene = Resolving().up_to("presented")
    head = scene.who["head"].person_id
    suspend = lambda: keys.suspend_key(scene.who["admin"], head, "password_reset", scene.later(30))  # noqa: E731
    with after_the_pin(monkeypatch, document_signing, suspend), pytest.raises(keys.KeySuspended):
        scene.signed()
    assert scene.resolution.state is ResolutionState.PRESENTED


@both
def test_a_key_suspended_after_the_pin_recalls_nothing(app, monkeypatch):
    scene = Resolving().up_to("promulgated")
    head = scene.who["head"].person_id
    suspend = lambda: keys.suspend_key(scene.who["admin"], head, "password_reset", scene.later(62))  # noqa: E731
    with after_the_pin(monkeypatch, promulgation, suspend), pytest.raises(keys.KeySuspended):
        scene.recalled()
    assert scene.resolution.state is ResolutionState.PROMULGATED


def test_a_certificate_revoked_after_the_pin_signs_and_recalls_nothing(app, monkeypatch):
    scene = Resolving().up_to("presented")
    certificate = keys.active_key(scene.who["head"].person_id).certificate_id

    def revoke():
        with own_transaction() as session:
            session.add(CertificateRevocation(certificate_id=certificate, at=scene.later(20), reason="mất"))

    with after_the_pin(monkeypatch, document_signing, revoke), pytest.raises(keys.CertificateNotUsable):
        scene.signed()
    assert scene.resolution.state is ResolutionState.PRESENTED


def test_a_seal_suspended_after_the_pin_seals_nothing(app, monkeypatch):
    scene = Resolving().up_to("numbered")
    seal = seals.standing_seal(1).id
    suspend = lambda: seals.suspend_seal(scene.who["records"], seal, scene.later(40))  # noqa: E731
    with after_the_pin(monkeypatch, issuing, suspend), pytest.raises(seals.NoSeal):
        scene.sealed()
    assert scene.resolution.state is ResolutionState.NUMBERED


# -- who --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["records", "auditor", "deputy", "secretary"])
def test_the_nonce_of_a_signature_opens_nothing_to_others(app, who):
    scene = Resolving().up_to("sealed")
    sha256 = resolutions.presented_file(scene.resolution).sha256
    with pytest.raises((NotAllowed, resolutions.NotTheSigner)):
        document_signing.sign_resolution(
            scene.who[who], scene.resolution_id, sha256, nonce_of("sign"), PIN, scene.later(60)
        )


@pytest.mark.parametrize("who", ["head", "auditor", "clerk", "a"])
def test_the_nonce_of_a_seal_opens_nothing_to_others(app, who):
    scene = Resolving().up_to("sealed")
    with pytest.raises(NotAllowed):
        issuing.seal_resolution(scene.who[who], scene.resolution_id, nonce_of("seal"), PIN, scene.later(60))


def test_what_was_sent_to_an_organisation_is_closed_to_those_who_left_it(app):
    scene = Resolving().up_to("promulgated")
    deputy = scene.who["under_a"]
    assert seen(deputy, Resolution, scene.resolution_id)
    person = end_office("under_a", scene)
    former = actor_for(person, TODAY)
    with pytest.raises(NotFound):
        seen(former, Resolution, scene.resolution_id)
    with pytest.raises(NotFound):
        copies.open_copy(former, scene.resolution_id)
    with pytest.raises(NotFound):
        promulgation.acknowledge(former, scene.resolution_id, scene.later(90))


def test_a_signer_who_left_office_sees_no_draft_any_more_but_what_he_signed(app):
    scene = Resolving().equipped().voted().drafted(signer_id=None)
    scene.resolution_id  # noqa: B018
    draft = Resolving().voted().drafted(signer_id=scene.who["deputy"].person_id)
    signed = Resolving().voted().drafted(signer_id=scene.who["deputy"].person_id).presented()
    signed.signed(who="deputy", nonce="d")
    former = actor_for(end_office("deputy", scene), TODAY)
    with pytest.raises(NotFound):
        seen(former, Resolution, draft.resolution_id)
    assert seen(former, Resolution, signed.resolution_id)


def test_nobody_and_the_clock_have_no_receipts_of_their_own(app):
    scene = Resolving().up_to("promulgated")
    assert promulgation.own_dispatches(Actor(None), scene.resolution) == []


def test_a_recalled_document_is_not_taken_out_with_the_evidence(app):
    scene = Resolving().up_to("promulgated")
    before = evidence.bundle_of(scene.who["a"], scene.poll_id, scene.later(55))
    assert b"resolution/resolution.pdf" in before
    scene.recalled()
    taken = evidence.bundle_of(scene.who["a"], scene.poll_id, scene.later(90))
    assert b"resolution/resolution.pdf" not in taken
    assert b"resolution/resolution.pdf" in evidence.bundle_of(scene.who["auditor"], scene.poll_id, scene.later(90))


@pytest.mark.parametrize("who", ["guest", "admin", "under_a"])
@pytest.mark.parametrize("stage", ["drafted", "presented", "signed", "sealed"])
def test_whoever_has_no_part_sees_nothing_before_the_promulgation(app, who, stage):
    scene = Resolving().up_to(stage)
    actor = scene.who[who]
    with pytest.raises(NotFound):
        seen(actor, Resolution, scene.resolution_id)


def test_the_same_office_in_another_body_is_no_office_here(app):
    from app.models import Office

    scene = Resolving().up_to("promulgated")
    for office in Office:
        foreign = Actor(None, frozenset({(2, office)}))
        assert not db.session.query(Resolution).filter(visible(foreign, Resolution)).count()
        with pytest.raises(NotFound):
            issuing.allot_number(foreign, scene.resolution_id, scene.later(60))


# -- posts and days -------------------------------------------------------------------------------------------------


def test_a_number_is_never_dated_before_the_signature(app):
    scene = Resolving().up_to("signed")
    scene.now -= dt.timedelta(days=1)
    with pytest.raises(issuing.ClockBehind):
        scene.numbered()
    assert scene.resolution.number is None


def test_a_clock_that_falls_back_over_new_year_opens_no_old_series_again(app):
    first = Resolving().up_to("signed")
    second = next_one()
    first.now = dt.datetime(2027, 1, 1, 1, 0, tzinfo=dt.UTC)
    first.numbered()
    second.now = dt.datetime(2026, 12, 31, 10, 0, tzinfo=dt.UTC)
    with pytest.raises(issuing.ClockBehind):
        second.numbered()


def test_whose_post_changed_since_it_was_presented_does_not_sign_by_the_old_one(app):
    scene = Resolving().equipped().voted().drafted(signer_id=None)
    deputy = Resolving().voted().drafted(signer_id=scene.who["deputy"].person_id).presented()
    person = scene.who["deputy"].person_id
    with own_transaction() as session:
        session.execute(
            update(Appointment).where(Appointment.person_id == person).values(
                office="head", post="Thủ tướng Chính phủ"
            )
        )  # fmt: skip
    with pytest.raises(resolutions.NoSigner):
        deputy.signed(who="deputy", nonce="d")
    assert deputy.resolution.signatures == []


def test_whose_post_changed_since_the_draft_is_not_presented_with_the_old_one(app):
    scene = Resolving().equipped().voted().drafted()
    person = scene.who["head"].person_id
    with own_transaction() as session:
        session.execute(update(Appointment).where(Appointment.person_id == person).values(post="Quyền Thủ tướng"))
    with pytest.raises(resolutions.NoSigner):
        scene.presented()


# -- recall ---------------------------------------------------------------------------------------------------------


def test_a_recall_prepared_for_one_resolution_recalls_no_other(app):
    first = Resolving().up_to("promulgated")
    second = next_one().numbered().sealed(nonce="s2").promulgated()
    head, nonce = first.who["head"], nonce_of("r")
    promulgation.prepare_recall(head, first.resolution_id, "Sai", nonce, first.later(60))
    with pytest.raises(NotPrepared):
        promulgation.sign_recall(head, second.resolution_id, nonce, PIN, first.later(61))
    assert second.resolution.state is ResolutionState.PROMULGATED


def test_what_another_person_prepared_is_nobody_elses_recall(app):
    scene = Resolving().up_to("promulgated")
    promulgation.prepare_recall(scene.who["head"], scene.resolution_id, "Sai", nonce_of("r"), scene.later(60))
    for who in ("deputy", "clerk", "records", "auditor"):
        with pytest.raises((NotAllowed, NotPrepared)):
            promulgation.sign_recall(scene.who[who], scene.resolution_id, nonce_of("r"), PIN, scene.later(61))


def test_a_recall_that_names_another_resolution_is_not_carried_out(app):
    """The bytes decide, not the row by which they were found."""
    scene = Resolving().up_to("promulgated")
    head, nonce = scene.who["head"], nonce_of("r")
    prepared = promulgation.prepare_recall(head, scene.resolution_id, "Sai", nonce, scene.later(60))
    other = prepared.statement.replace(b'"resolution_id":%d' % scene.resolution_id, b'"resolution_id":99')
    with own_transaction() as session:
        session.execute(text(
            "INSERT INTO prepared_statement (body_id, kind, poll_id, person_id, nonce, statement, sha256, expires_at)"
            " SELECT body_id, kind, poll_id, person_id, :nonce, :other, :sha, expires_at FROM prepared_statement"
            " WHERE nonce = :like"
        ), {"nonce": nonce_of("r2"), "other": other, "sha": "1" * 64, "like": nonce})  # fmt: skip
    with pytest.raises(NotPrepared):
        promulgation.sign_recall(head, scene.resolution_id, nonce_of("r2"), PIN, scene.later(61))
    assert scene.resolution.state is ResolutionState.PROMULGATED


# -- outside ----------------------------------------------------------------------------------------------------------


def test_no_outside_call_is_made_inside_a_transaction(app, monkeypatch):
    """Printing, measuring, the store and the signer are asked while nothing is open."""
    from app.gateways import pades, paper

    inside = []

    def watch(owner, name):
        real = getattr(owner, name)

        def called(*args, **kwargs):
            if db.session().in_transaction() or db.session().info.get("act"):
                inside.append(name)
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, called)

    for owner, names in (
        (paper, ("resolution", "check_layout", "page_count")), (pades, ("reserve", "complete", "verdict")),
        (signing.signer(), ("sign_document", "sign", "enrol")), (storage.store(), ("put", "open")),
    ):  # fmt: skip
        for name in names:
            watch(owner, name)
    scene = Resolving.__new__(Resolving)
    inside.clear()
    Resolving.__init__(scene)
    scene.equipped().voted()
    inside.clear()
    scene.drafted().presented().signed().numbered().sealed().promulgated().recalled()
    assert inside == []


@both
def test_the_database_refuses_a_second_signature_of_each_kind(app):
    scene = Resolving().up_to("sealed")
    first = scene.resolution.signatures[0]
    with pytest.raises(Exception, match=r"(?i)unique"), own_transaction() as session:
        session.add(
            DocumentSignature(
                body_id=1, resolution_id=scene.resolution_id, role=first.role, file_id=first.file_id,
                statement_id=first.statement_id, nonce="other", name="x", post="x",
            )
        )  # fmt: skip


def test_hanoi_midnight_dates_the_number(app):
    scene = Resolving().up_to("signed")
    scene.now = dt.datetime(2026, 7, 30, 17, 0, tzinfo=dt.UTC)  # 31 July in Hanoi
    assert scene.numbered().resolution.number.issued_on == hanoi_date(scene.now) == dt.date(2026, 7, 31)


def test_what_is_not_clean_is_neither_reason_nor_text(app):
    scene = Resolving().up_to("drafted")
    for odd in ("\u202etxet", "x\x00y", "x" * 2001, "\ud800"):
        with pytest.raises(Exception):  # noqa: B017, PT011
            resolutions.abandon_resolution(scene.who["clerk"], scene.resolution_id, odd, scene.later(20))
    with pytest.raises(Exception):  # noqa: B017, PT011
        edit(scene, {**TEXT, "subject": "a\u200bb"})
    assert scene.resolution.state is ResolutionState.DRAFTING


def test_a_secretary_who_left_the_office_drafts_and_sees_nothing_any_more(app):
    scene = Resolving().equipped().voted()
    former = actor_for(end_office("secretary", scene), TODAY)
    with pytest.raises((NotAllowed, NotFound)):
        resolutions.draft_resolution(former, scene.poll_id, scene.later(15))
    scene.drafted()
    with pytest.raises(NotFound):
        resolutions.abandon_resolution(former, scene.resolution_id, "Bỏ", scene.later(16))


REPLACED = {
    "issued_number": ("number", "7"), "resolution_file": ("sha256", "'x'"), "resolution_version": ("reason", "'x'"),
    "document_signature": ("name", "'x'"), "resolution": ("subject", "'khác'"), "dispatch": ("name", "'x'"),
    "audit_entry": ("fact", "'x'"), "ballot": ("choice", "'disagree'"), "signed_statement": ("sha256", "'x' || id"),
    "seal_key": ("key_ref", "'x'"), "draft_text": ("sha256", "'x'"),
}  # fmt: skip


@pytest.mark.parametrize("table", REPLACED)
def test_a_row_is_not_replaced_by_a_new_one_with_its_number(app, table):
    """SQLite's own way past triggers: INSERT OR REPLACE deletes the old row, by default without asking them."""
    Resolving().up_to("promulgated")
    changed, value = REPLACED[table]
    columns = [row[1] for row in db.session.execute(text(f"PRAGMA table_info({table})"))]
    taken = ", ".join(value if name == changed else name for name in columns)
    before = db.session.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608
    with pytest.raises(DBAPIError):
        db.session.execute(text(f"INSERT OR REPLACE INTO {table} SELECT {taken} FROM {table}"))  # noqa: S608
    db.session.rollback()
    assert db.session.execute(text(f"SELECT * FROM {table}")).all() == before  # noqa: S608
