"""What the bundles hold, made by the application from what was really voted and signed, judged by the tool alone."""

import json

import pytest
from flask import current_app

from app.extensions import db
from app.gateways import timestamp
from app.models import AuditEntry, Ballot, EvidenceKind, Refusal, SignatureEvidence
from app.tasks import sequencer
from app.workflows import evidence, poll_acts, polls, resolution_evidence
from app.workflows.engine.errors import NotAllowed, NotFound
from app.workflows.engine.transaction import own_transaction
from app.workflows.evidence import GUIDE
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.evidence import bundle, manifest, read_bundle
from tests.cabinet import PIN
from tests.conftest import both, nonce_of
from tests.evidence.bundles import stamp, stamping, tool
from tests.resolving import Resolving
from tests.workflows.test_evidence import published, taken, voted


def judged(data, **options):
    return [(step, problem.code) for step, problem in tool.examine(data, **options).problems]


@both
def test_the_tool_finds_what_the_application_made_right(scene):
    poll_id = voted(scene)
    scene.vote("a", poll_id, "agree")
    polls.close_poll(scene.who["secretary"], poll_id, now=scene.now)
    polls.publish_poll(scene.who["secretary"], poll_id, now=scene.now)
    bundle_ = taken(scene, "auditor", poll_id)
    assert judged(bundle_) == []
    files = read_bundle(bundle_)
    assert files["HOW-TO-VERIFY.md"] == GUIDE.read_bytes()
    assert files["tally.pdf"] == evidence.tally_record(scene.who["a"], poll_id, now=scene.now)
    steps = json.loads(files["computation.json"])
    assert (steps["outcome"], steps["counts"]["agree"], steps["majority"]["needed"]) == ("adopted", 4, 3)
    assert {"member": "M03", "ballot": 5, "choice": "agree"} in steps["standing"]
    assert taken(scene, "auditor", poll_id) == bundle_


@both
def test_ties_and_annulments_are_found_right_too(scene):
    poll_id = voted(scene, {"head": "agree", "deputy": "agree", "a": "disagree", "b": "disagree"})
    polls.close_poll(scene.who["secretary"], poll_id, now=scene.now)
    poll_acts.prepare_tie_confirmation(scene.who["head"], poll_id, nonce_of("t"), now=scene.now)
    poll_acts.sign_act(scene.who["head"], poll_id, nonce_of("t"), PIN, now=scene.now)
    polls.publish_poll(scene.who["secretary"], poll_id, now=scene.now)
    before = taken(scene, "auditor", poll_id)
    assert judged(before) == []
    poll_acts.prepare_annulment(scene.who["head"], poll_id, "Nhầm câu hỏi", nonce_of("a"), now=scene.now)
    poll_acts.sign_act(scene.who["head"], poll_id, nonce_of("a"), PIN, now=scene.now)
    assert judged(taken(scene, "auditor", poll_id), older=before) == []


@both
def test_what_is_kept_beside_a_signature_is_beside_it_in_the_bundle(scene, monkeypatch):
    poll_id = published(scene)
    before = taken(scene, "auditor", poll_id)
    first, second = db.session.query(Ballot).order_by(Ballot.leaf_seq).limit(2)
    proofs = [
        (first, EvidenceKind.TIME_STAMP, stamp(first.statement.cms)), (first, EvidenceKind.PASSKEY, b"{}"),
        (second, EvidenceKind.REVOCATION, b"\x30\x05\x0a\x01\x00"),
        (second, EvidenceKind.REVOCATION, b"\x30\x02\x30\x00"),
        (second, EvidenceKind.REVOCATION, b"\x30\x03\x30\x01\x00"),
    ]  # fmt: skip
    rows = [
        SignatureEvidence(
            statement_id=ballot.statement_id, kind=kind, content=content, sha256=digest(content), at=scene.now
        )
        for ballot, kind, content in proofs
    ]
    with own_transaction() as session:
        session.add_all(rows)
    db.session.rollback()
    files = read_bundle(taken(scene, "auditor", poll_id))
    added = {name: files[name] for name in set(files) - set(read_bundle(before))}
    assert added == {
        "ballots/0001-M01.tsr": proofs[0][2], "ballots/0001-M01.passkey.json": b"{}",
        "ballots/0002-M02.ocsp": proofs[2][2], "ballots/0002-M02.crl": proofs[3][2],
        "ballots/0002-M02.2.crl": proofs[4][2],
    }  # fmt: skip
    found = judged(bundle(files))
    assert {code for step, code in found if step == "time_stamps"} == {"time_stamp_wrong"}  # its authority is not known
    monkeypatch.setattr(timestamp, "trusted", lambda: (stamping().root,))
    again = judged(taken(scene, "auditor", poll_id))
    assert [step for step, _code in again if step == "time_stamps"] == []


@both
def test_the_place_of_the_vote_in_the_log_of_the_installation_is_proved(scene):
    poll_id = published(scene)
    before = taken(scene, "auditor", poll_id)
    sequencer.work()
    after = taken(scene, "auditor", poll_id)
    assert judged(after, older=before) == []
    assert {"checkpoint.txt", "keys.json", "inclusion.json"} <= set(read_bundle(after))
    assert taken(scene, "auditor", poll_id) == after
    keys = json.loads(read_bundle(after)["keys.json"])
    assert judged(after, log_key=keys["log"]) == []


@pytest.fixture
def resolving(app):
    return Resolving().up_to("promulgated")


def evidence_of(scene, name="auditor"):
    return resolution_evidence.bundle_of(scene.who[name], scene.resolution_id, now=scene.later(90))


def test_the_evidence_of_a_vote_holds_with_its_resolution_and_extends_the_one_before(app):
    scene = Resolving().equipped().voted()
    before = taken(scene, "auditor", scene.poll_id)
    scene.drafted().presented().signed().numbered().sealed().promulgated()
    after = taken(scene, "auditor", scene.poll_id)
    assert judged(after, older=before) == []
    assert "older_missing" in {code for _step, code in judged(before, older=after)}
    pdf = read_bundle(after)["resolution/resolution.pdf"]
    changed = {**read_bundle(after), "resolution/resolution.pdf": pdf.replace(b"/Rotate 0", b"/Rotate 9") + b" "}
    about = json.loads(changed["resolution/changes.json"])
    changed["resolution/changes.json"] = canonical(
        {**about, "file_sha256": digest(changed["resolution/resolution.pdf"])}
    )
    poll = json.loads(changed["poll.json"])
    subject = {
        "ctx": "vn.ecabinet.evidence.v1",
        "poll_id": poll["poll_id"],
        "poll_hash": f"sha256:{digest(changed['poll.json'])}",
    }
    del changed["manifest.json"]
    found = judged(bundle({**changed, "manifest.json": manifest(changed, subject)}))
    assert ("documents", "resolution_covered") in found


def test_an_auditor_takes_the_evidence_of_a_resolution(resolving):
    data = evidence_of(resolving)
    assert evidence_of(resolving) == data
    assert judged(data) == []
    files = read_bundle(data)
    about = json.loads(files["resolution.json"])
    resolution = resolving.resolution
    assert (about["number"], about["register"]["text"], about["register"]["cancelled"]) == (
        "01/NQ-CP",
        "01/NQ-CP",
        None,
    )
    assert about["file_sha256"] == digest(files["resolution.pdf"]) == resolution.files[-1].sha256
    assert about["poll"]["bundle_sha256"] == digest(taken(resolving, "auditor", resolving.poll_id))
    assert [each["role"] for each in about["signatures"]] == ["signature", "seal"]
    assert files["versions/0001.json"] == resolution.versions[0].text
    entry = db.session.query(AuditEntry).filter_by(fact="EvidenceTaken", subject_type="resolution").all()[-1]
    assert (entry.payload["kind"], entry.payload["sha256"]) == ("resolution_bundle", digest(data))


def test_the_evidence_of_a_resolution_is_for_auditors_and_waits_for_the_promulgation(app):
    scene = Resolving().up_to("sealed")
    with pytest.raises(resolution_evidence.NotPromulgated):
        evidence_of(scene)
    for name in ("head", "a", "clerk", "secretary", "records"):
        with pytest.raises(NotAllowed):
            evidence_of(scene, name)
    for name in ("admin", "guest"):
        with pytest.raises(NotFound):
            evidence_of(scene, name)
    scene.promulgated()
    assert evidence_of(scene)
    assert resolution_evidence.may_take(scene.who["auditor"], scene.resolution)
    assert not resolution_evidence.may_take(scene.who["head"], scene.resolution)
    assert "not_promulgated" in {row.code for row in db.session.query(Refusal)}


def test_a_recalled_resolution_keeps_its_evidence_with_the_recall(resolving):
    before = evidence_of(resolving)
    resolving.recalled()
    after = evidence_of(resolving)
    assert judged(after) == []
    assert {"recall.json", "recall.p7s"} <= set(read_bundle(after))
    assert {code for _step, code in judged(after, older=before)} == {"older_changed"}  # the record tells of the recall


@pytest.mark.parametrize(
    ("name", "code"),
    [("resolution.pdf", "resolution_hash"), ("versions/0001.json", "resolution_hash"), ("resolution.json", "shape"),
     ("recall.p7s", "signature_wrong"), ("recall.json", "resolution_recall")],
)  # fmt: skip
def test_a_tampered_bundle_of_a_resolution_is_found(app, name, code):
    scene = Resolving().up_to("recalled")
    files = read_bundle(evidence_of(scene))
    kind = json.loads(files.pop("manifest.json"))
    if name.endswith(".json") and not name.startswith("versions"):
        files[name] = canonical({**json.loads(files[name]), "file_sha256": "0" * 64, "more": 1})
    elif name == "recall.p7s":
        files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])
    else:
        files[name] += b" "
    subject = {part: kind[part] for part in ("ctx", "resolution_id")}
    assert code in {found for _step, found in judged(bundle({**files, "manifest.json": manifest(files, subject)}))}


def test_the_command_judges_a_bundle_like_a_document(scene, tmp_path):
    poll_id = published(scene)
    data, run = taken(scene, "auditor", poll_id), current_app.test_cli_runner()
    odd = bytearray(data)
    odd[len(odd) // 2] ^= 1
    for code, (state, content) in enumerate({"valid": data, "invalid": bytes(odd)}.items()):
        (file := tmp_path / f"{state}.zip").write_bytes(content)
        plain, told = (run.invoke(args=["verify", str(file), *more]) for more in ((), ("--json",)))
        assert (plain.exit_code, told.exit_code) == (code, code), plain.output
        machine = json.loads(told.output)
        assert (machine["state"], machine["kind"], machine["format"]) == (state, "evidence", 1)
        assert set(machine) == {"format", "kind", "state", "indication", "steps", "problems"}
        piped = run.invoke(args=["verify", "-", "--json"], input=content)
        assert (piped.exit_code, json.loads(piped.output)) == (code, machine)
        assert plain.output.startswith(" 1. [")
    (newer := tmp_path / "newer.zip").write_bytes(data[:4])
    assert run.invoke(args=["verify", str(newer)]).exit_code == 1
