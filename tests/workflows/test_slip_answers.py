"""Answers to slips: the exact bytes, the signature, the one count, a change, a draft, and every way to be refused."""

import datetime as dt
import io
import ssl
import subprocess

import pytest
from sqlalchemy import update

from app import wiring
from app.extensions import db
from app.gateways import signing
from app.gateways.signing.errors import CertificateFault, CertificateRefused
from app.models import (
    AuditEntry,
    CertificateRevocation,
    EvidenceKind,
    Job,
    JobState,
    Notice,
    Passkey,
    Refusal,
    SignatureEvidence,
    SignedStatement,
    SigningKey,
    SlipAnswer,
    SlipAttachment,
    SlipDraft,
    SlipLeaf,
    SlipRecipient,
    Urgency,
)
from app.tasks import execution
from app.workflows import (
    checks,
    keys,
    notices,
    signed_casts,
    slip_answers,
    slip_closing,
    slip_deliveries,
    slip_drafts,
    slip_issue,
    slip_rounds,
    slip_rows,
)
from app.workflows.engine.errors import NotFound, WorkflowError
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import fact_of, own_transaction
from app.workflows.poll_passkeys import AboutPasskeys
from app.workflows.rules.merkle import Frontier, leaf_hash
from app.workflows.rules.passkey import ballot_challenge
from app.workflows.rules.slip import parse_answer
from app.workflows.slip_facts import SlipAnswered
from tests.cabinet import MEMBERS, NOW, PIN
from tests.conftest import both, nonce_of
from tests.servers import program
from tests.slipping import CONSENT, DEADLINE, LATE, REASON, SlipScene, said
from tests.superuser import as_superuser
from tests.workflows.test_documents import pdf
from tests.workflows.test_passkeys import enrolled


@pytest.fixture
def slip(app):
    return SlipScene()


@pytest.fixture
def open_slip(slip):
    return slip.issue()


def code_of(act, *args, **kwargs):
    with pytest.raises(WorkflowError) as refused:
        act(*args, **kwargs)
    return refused.value.code


def prepared(slip, name, slip_id, choice="agree", at=NOW, **more):
    nonce = nonce_of(f"{name}{choice}{at}")
    return slip_answers.prepare_answer(slip.who[name], slip_id, said(choice, **more), nonce, now=at)


def signed(slip, name, statement, at=NOW, signer=None):
    key = keys.active_key(slip.who[signer or name].person_id)
    return signing.signer().sign(key.key_ref, PIN, statement, at)


@both
def test_an_answer_is_signed_counted_once_and_entered_into_the_log(slip, open_slip, tmp_path):
    receipt = slip.answer("a", open_slip, "disagree", text="Chưa đủ căn cứ", reservation=True)
    assert (receipt.leaf_seq, receipt.choice.value) == (1, "disagree")
    again = slip_answers.sign_answer(slip.who["a"], open_slip, nonce_of(f"a-disagree-{open_slip}"), "000000", now=NOW)
    assert again == receipt == slip_rows.receipt_of(db.session.get_one(SlipAnswer, receipt.answer_id))
    stored = db.session.query(SignedStatement).one()
    told = parse_answer(stored.statement)
    assert (told["answers"][0]["text"], told["reservation"], told["seen"]["size"]) == ("Chưa đủ căn cứ", True, 1)
    leaves = db.session.query(SlipLeaf).order_by(SlipLeaf.seq).all()
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf_hash(leaf.data))
        assert (leaf.leaf_hash, leaf.root) == (leaf_hash(leaf.data).hex(), frontier.root().hex())
    for name, content in (("s.json", stored.statement), ("s.p7s", stored.cms)):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "ca.pem").write_text("\n".join(map(_pem, signing.trusted())))
    checked = subprocess.run(
        [program("openssl", "openssl"), "cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "s.p7s",
         "-content", tmp_path / "s.json", "-CAfile", tmp_path / "ca.pem", "-purpose", "any",
         "-attime", str(int(NOW.timestamp())), "-out", tmp_path / "out"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr
    assert slip_answers.verify_answer(slip.who["a"], open_slip) is None
    fact = db.session.query(AuditEntry).filter_by(fact="SlipAnswered").one()
    assert set(fact.payload) == {"body_id", "subject_type", "subject_id", "version", "answer_id"}


def _pem(der):
    return ssl.DER_cert_to_PEM_cert(der)


@both
def test_the_same_request_brings_the_same_bytes_and_another_one_under_its_nonce_is_refused(slip, open_slip):
    first = prepared(slip, "a", open_slip)
    assert prepared(slip, "a", open_slip).statement == first.statement
    other = said("disagree")
    assert code_of(slip_answers.prepare_answer, slip.who["a"], open_slip, other, first.nonce, now=NOW) == "nonce_reused"
    late = NOW + dt.timedelta(minutes=2, seconds=1)
    again, act = said("agree"), slip_answers.prepare_answer
    assert code_of(act, slip.who["a"], open_slip, again, first.nonce, now=late) == "not_prepared"
    assert code_of(slip_answers.sign_answer, slip.who["a"], open_slip, first.nonce, PIN, now=late) == "not_prepared"


@both
def test_a_change_is_a_new_signed_answer_and_all_are_kept(slip, open_slip):
    first = slip.answer("a", open_slip, "agree")
    second = slip.answer("a", open_slip, "other", text="Ý kiến khác")
    kept = slip_rows.answers_of(open_slip, slip.who["a"].person_id)
    assert [answer.id for answer in kept] == [first.answer_id, second.answer_id]
    assert kept[1].supersedes_id == first.answer_id
    assert slip_rows.standing_of(open_slip, slip.who["a"].person_id).id == second.answer_id
    assert second.said["supersedes"] == f"sha256:{first.statement_sha256}"


@both
def test_two_answers_prepared_over_one_standing_one_wins_and_the_other_gets_its_receipt(slip, open_slip):
    one, other = prepared(slip, "a", open_slip, "agree"), prepared(slip, "a", open_slip, "disagree")
    receipt = slip_answers.cast_answer(
        slip.who["a"], open_slip, one.statement, signed(slip, "a", one.statement), now=NOW
    )
    with pytest.raises(WorkflowError) as refused:
        slip_answers.cast_answer(slip.who["a"], open_slip, other.statement, signed(slip, "a", other.statement), now=NOW)
    assert (refused.value.code, refused.value.http_status) == ("another_answer_stands", 409)
    assert refused.value.details["receipt"] == receipt


@both
def test_the_clock_decides_at_reading_and_at_writing(slip, open_slip):
    before = DEADLINE - dt.timedelta(seconds=1)
    in_time = prepared(slip, "a", open_slip, at=before)
    cms = signed(slip, "a", in_time.statement, before)
    act = slip_answers.cast_answer
    assert code_of(act, slip.who["a"], open_slip, in_time.statement, cms, now=DEADLINE) == "slip_over"
    assert code_of(prepared, slip, "b", open_slip, at=LATE) == "slip_over"
    assert db.session.query(SlipAnswer).count() == 0
    assert slip_answers.cast_answer(slip.who["a"], open_slip, in_time.statement, cms, now=before).leaf_seq == 1


@both
@pytest.mark.parametrize("name", ["under_a", "clerk", "guest", "admin", "auditor"])
def test_nobody_answers_who_is_not_asked(slip, open_slip, name):
    """A deputy, a clerk, a guest, an administrator: whether they see the slip or not."""
    act = slip_answers.prepare_answer
    found = code_of(act, slip.who[name], open_slip, said("agree"), nonce_of(name), now=NOW)
    assert found in ("not_allowed", "not_found")


@both
def test_an_answer_signed_by_another_or_altered_or_never_shown_is_refused(slip, open_slip):
    shown = prepared(slip, "a", open_slip)
    act, who = slip_answers.cast_answer, slip.who["a"]
    wrong = signed(slip, "a", shown.statement, signer="b")
    assert code_of(act, who, open_slip, shown.statement, wrong, now=NOW) == "bad_answer_signature"
    altered = shown.statement.replace(b"agree", b"other")
    assert code_of(act, who, open_slip, altered, signed(slip, "a", altered), now=NOW) == "not_prepared"
    good = signed(slip, "a", shown.statement)
    assert code_of(act, slip.who["b"], open_slip, shown.statement, good, now=NOW) == "bad_answer_signature"
    assert code_of(act, who, open_slip, b"{}", good, now=NOW) == "bad_answer_signature"
    assert db.session.query(SlipAnswer).count() == 0
    assert {row.code for row in db.session.query(Refusal)} >= {"bad_answer_signature", "not_prepared"}


@both
def test_a_certificate_revoked_or_a_key_suspended_meanwhile_is_seen_under_the_lock(slip, open_slip):
    cases = {"a": "certificate_refused", "b": "key_suspended"}
    for name, code in cases.items():
        shown = prepared(slip, name, open_slip)
        cms = signed(slip, name, shown.statement)
        with own_transaction() as session:
            person = slip.who[name].person_id
            if name == "a":
                held = session.get(SlipRecipient, (open_slip, person)).certificate_id
                session.add(CertificateRevocation(certificate_id=held, at=NOW, reason="Mất thiết bị"))
            else:
                session.execute(update(SigningKey).where(SigningKey.person_id == person).values(state="suspended"))
        assert code_of(slip_answers.cast_answer, slip.who[name], open_slip, shown.statement, cms, now=NOW) == code


@both
@pytest.mark.parametrize(
    ("odd", "code"),
    [
        (said("agree", reservation=True), "nothing_to_reserve_in_slip"),
        (slip_answers.Said([]), "bad_answer"),
        (slip_answers.Said([{"question": 1}]), "bad_answer"),
        (said("agree", text="x" * 10_001), "bad_answer"),
        (said("agree", text="ẩn\u200bẩn"), "hidden_signs"),
        (said("agree", text="ngược\u202e"), "hidden_signs"),
        (said("agree", uploads=(1,)), "unknown_attachment"),
        (said("agree", uploads=tuple(range(11))), "too_many_attachments"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_clear_words_and_the_draft_stays(slip, open_slip, odd, code):
    slip_drafts.save_draft(slip.who["a"], open_slip, {"text": "đã gõ"}, 0, now=NOW)
    assert code_of(slip_answers.prepare_answer, slip.who["a"], open_slip, odd, nonce_of("x"), now=NOW) == code
    assert slip_drafts.draft_of(slip.who["a"], open_slip).content == {"text": "đã gõ"}


@both
def test_a_draft_is_kept_tells_conflicts_and_goes_when_the_answer_counts(slip, open_slip):
    who = slip.who["a"]
    assert slip_drafts.save_draft(who, open_slip, {"text": "một"}, 0, now=NOW, device="iPad").version == 1
    with pytest.raises(WorkflowError) as refused:
        slip_drafts.save_draft(who, open_slip, {"text": "hai"}, 0, now=NOW, device="điện thoại")
    assert (refused.value.code, refused.value.details["content"]) == ("draft_conflict", {"text": "một"})
    assert slip_drafts.save_draft(who, open_slip, {"text": "hai"}, 1, now=NOW).version == 2
    assert code_of(slip_drafts.save_draft, who, open_slip, {"text": "x" * 1_000_000}, 2, now=NOW) == "draft_too_long"
    assert slip_drafts.draft_of(slip.who["b"], open_slip) is None
    with pytest.raises(WorkflowError):
        slip_answers.sign_answer(who, open_slip, prepared(slip, "a", open_slip).nonce, "000000", now=NOW)
    assert slip_drafts.draft_of(who, open_slip).content == {"text": "hai"}
    slip.answer("a", open_slip)
    assert db.session.query(SlipDraft).count() == 0
    assert code_of(slip_drafts.save_draft, who, open_slip, {"text": "muộn"}, 0, now=LATE) == "slip_over"


@both
def test_a_file_goes_through_the_gate_and_is_named_in_the_signed_answer(slip, open_slip):
    who = slip.who["a"]
    content = pdf("Ý kiến")
    upload = slip_drafts.attach_file(who, open_slip, "y-kien.pdf", io.BytesIO(content), now=NOW)
    assert slip_drafts.attach_file(who, open_slip, "y-kien.pdf", io.BytesIO(content), now=NOW).id == upload.id
    receipt = slip.answer("a", open_slip, uploads=(upload.id,))
    assert receipt.said["attachments"] == [{"name": "y-kien.pdf", "sha256": upload.sha256, "size": upload.size}]
    assert db.session.query(SlipAttachment).one().answer_id == receipt.answer_id
    for name in ("a", "clerk", "auditor"):
        assert slip_drafts.open_attachment(slip.who[name], upload.id)[1].read().startswith(b"%PDF")
    with pytest.raises(NotFound):
        slip_drafts.open_attachment(slip.who["b"], upload.id)
    other = said("agree", uploads=(upload.id,))
    act = slip_answers.prepare_answer
    assert code_of(act, slip.who["b"], open_slip, other, nonce_of("b"), now=NOW) == "unknown_attachment"


@both
def test_after_a_recall_or_a_new_round_the_answer_is_refused_in_clear_words(slip, open_slip):
    in_flight = prepared(slip, "a", open_slip)
    cms = signed(slip, "a", in_flight.statement)
    second = slip_rounds.new_round(slip.who["clerk"], open_slip, now=NOW).id
    slip_closing.recall_slip(slip.who["clerk"], open_slip, REASON, now=NOW)
    act, who = slip_answers.cast_answer, slip.who["a"]
    assert code_of(act, who, open_slip, in_flight.statement, cms, now=NOW) == "slip_recalled"
    slip.approve(second)
    slip_issue.issue_slip(slip.who["deputy"], second, now=NOW)
    with pytest.raises(WorkflowError) as refused:
        act(who, open_slip, in_flight.statement, cms, now=NOW)
    assert (refused.value.code, "02/PLYK-VPCP" in str(refused.value)) == ("round_over", True)
    assert slip.answer("a", second).leaf_seq == 1


@both
def test_a_rule_set_may_allow_no_change(slip):
    slip.rule(answer_change_allowed=False)
    slip_id = slip.issue()
    slip.answer("a", slip_id)
    assert code_of(prepared, slip, "a", slip_id, "disagree") == "no_change_of_answer"


@pytest.fixture
def asking(slip):
    """A slip that asks for passkeys, and the one that a has."""
    device = enrolled("a")[0]
    made = slip.approved(CONSENT, passkey_demanded=True)
    return slip_issue.issue_slip(slip.who["deputy"], made.id, NOW, AboutPasskeys.DEMAND).id, device


@both
def test_where_a_passkey_is_asked_for_it_confirms_the_same_bytes_and_is_kept_beside_the_signature(slip, asking):
    slip_id, device = asking
    who, act = slip.who["a"], slip_answers.sign_answer
    assert code_of(prepared, slip, "b", slip_id) == "slip_passkey_missing"
    shown = prepared(slip, "a", slip_id)
    assert code_of(act, who, slip_id, shown.nonce, PIN, NOW) == "slip_passkey_needed"
    other = device.answer(ballot_challenge(b"another text"))
    assert code_of(act, who, slip_id, shown.nonce, PIN, NOW, other) == "passkey_other_text"
    cms = signed(slip, "a", shown.statement)
    without = slip_answers.cast_answer
    assert code_of(without, who, slip_id, shown.statement, cms, now=NOW) == "slip_passkey_needed"
    receipt = act(who, slip_id, shown.nonce, PIN, NOW, device.answer(ballot_challenge(shown.statement)))
    assert receipt.passkey
    assert db.session.query(SignatureEvidence).filter_by(kind=EvidenceKind.PASSKEY).count() == 1
    assert slip_answers.verify_answer(who, slip_id) is None


def test_without_the_guard_an_answer_without_its_passkey_would_count(slip, asking, monkeypatch):
    """The control of the test above."""
    monkeypatch.setattr(signed_casts, "require_passkey", lambda *_: None)
    slip_id, _device = asking
    statement = prepared(slip, "a", slip_id).statement
    receipt = slip_answers.cast_answer(slip.who["a"], slip_id, statement, signed(slip, "a", statement), now=NOW)
    assert not receipt.passkey


@both
def test_a_count_that_falls_is_recorded_and_the_answer_counts(slip, asking):
    slip_id, device = asking
    mine = slip.who["a"].person_id
    with own_transaction() as session:
        session.query(Passkey).filter_by(person_id=mine).update({"sign_count": 7})
    shown = prepared(slip, "a", slip_id)
    answer = device.answer(ballot_challenge(shown.statement), count=3)
    assert slip_answers.sign_answer(slip.who["a"], slip_id, shown.nonce, PIN, NOW, answer).passkey
    passkey = db.session.query(Passkey).filter_by(person_id=mine).one()
    assert (passkey.sign_count, passkey.count_fell_at, passkey.last_used_at) == (7, NOW, NOW)
    told = db.session.query(AuditEntry).filter_by(fact="PasskeyCountFell").one()
    assert (told.payload["known"], told.payload["told"], told.payload["person_id"]) == (7, 3, mine)


@both
@pytest.mark.parametrize(("minutes", "good"), [(-1, False), (1, True)])
def test_a_revocation_that_became_known_later_counts_from_its_time_on(slip, open_slip, minutes, good):
    slip.answer("a", open_slip)
    with own_transaction() as session:
        used = session.get(SlipRecipient, (open_slip, slip.who["a"].person_id)).certificate_id
        at = NOW + dt.timedelta(minutes=minutes)
        session.add(CertificateRevocation(certificate_id=used, at=at, reason="Mất thiết bị"))
    found = slip_answers.verify_answer(slip.who["a"], open_slip)
    assert found == (None if good else CertificateRefused(CertificateFault.REVOKED).message)


@both
def test_a_confirmation_that_is_taken_away_behind_the_triggers_is_found(request, slip, asking):
    slip_id, device = asking
    shown = prepared(slip, "a", slip_id)
    answer = device.answer(ballot_challenge(shown.statement))
    slip_answers.sign_answer(slip.who["a"], slip_id, shown.nonce, PIN, NOW, answer)
    assert checks.examine().broken == []
    db.session.remove()
    with as_superuser(request) as execute:
        execute("DELETE FROM signature_evidence WHERE kind = 'passkey'")
    assert [str(each) for each in checks.examine().broken] == [f"slip:{slip_id}"]


@both
def test_it_is_noted_on_which_device_a_slip_has_arrived_and_was_opened(slip, open_slip):
    who, note = slip.who["a"], slip_deliveries.note_delivery
    later = NOW + dt.timedelta(minutes=1)
    assert [note(who, open_slip, "iPad", seen, at) for seen, at in ((False, NOW), (False, later), (True, later))] == [
        True, False, True,
    ]  # fmt: skip
    assert note(who, open_slip, "điện thoại", True, later)
    kept = slip_deliveries.deliveries_of(open_slip)
    assert [(row.device, row.received_at, row.seen_at) for row in kept] == [
        ("iPad", NOW, later), ("điện thoại", later, later)
    ]  # fmt: skip
    assert note(who, open_slip, "máy tính", False, later)
    assert note(who, open_slip, "máy tính", True, NOW)  # it asked first, and was let in second
    assert slip_deliveries.deliveries_of(open_slip)[-1] == (who.person_id, "máy tính", later, later)
    assert code_of(note, slip.who["clerk"], open_slip, "máy", True, NOW) == "not_allowed"
    slip_closing.recall_slip(slip.who["clerk"], open_slip, REASON, now=NOW)
    assert not note(slip.who["b"], open_slip, "iPad", True, later)


@both
def test_of_deliveries_in_one_second_the_boards_are_told_once_and_of_none_too_early(slip, open_slip):
    def note(name: str, device: str, **later: int) -> None:
        slip_deliveries.note_delivery(slip.who[name], open_slip, device, False, NOW + dt.timedelta(**later))

    def told() -> list[tuple[dt.datetime, JobState]]:
        db.session.rollback()
        jobs = db.session.query(Job).filter_by(name=slip_deliveries.TELL).order_by(Job.id)
        assert all(job.payload == {"slip_id": open_slip} for job in jobs)
        return [(job.due_at, job.state) for job in jobs]

    second, due, done = dt.timedelta(seconds=1), JobState.DUE, JobState.DONE
    note("a", "iPad")
    note("b", "iPad", milliseconds=400)
    assert told() == [(NOW, due)]
    execution.drain(NOW)
    note("head", "iPad", milliseconds=500)
    note("a", "iPhone", milliseconds=900)
    note("a", "iPhone", milliseconds=950)  # nothing new
    assert told() == [(NOW, done), (NOW + second, due)]
    execution.drain(NOW)
    assert told() == [(NOW, done), (NOW + second, due)]
    execution.drain(NOW + second)
    note("deputy", "iPad", seconds=9)
    assert told() == [(NOW, done), (NOW + second, done), (NOW + 9 * second, due)]


@both
@pytest.mark.parametrize("urgency", [Urgency.NORMAL, Urgency.EXPRESS])
def test_every_member_is_told_of_the_issue_and_what_is_urgent_goes_through_quiet_hours(slip, urgency):
    slip_id = slip.issue(urgency=urgency)
    entry = db.session.query(AuditEntry).filter_by(fact="SlipIssued").one()
    told = notices.tell(SYSTEM, fact_of(entry.id))
    assert told == len(MEMBERS) - 1  # but to the one who issued it
    found = db.session.query(Notice).filter_by(kind="SlipIssued").all()
    assert {row.person_id for row in found} == {slip.who[name].person_id for name in MEMBERS if name != "deputy"}
    assert {row.urgent for row in found} == {urgency is Urgency.EXPRESS}
    assert found[0].details["slip"] == slip.slip(slip_id).matter
    assert SlipAnswered in wiring.STAMPED
