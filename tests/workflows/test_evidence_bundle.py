"""What the bundles hold, made by the application from what was really voted and signed, judged by the tool alone."""

import json

import pytest
from flask import current_app

from app.extensions import db
from app.gateways import timestamp
from app.models import AuditEntry, Ballot, EvidenceKind, Refusal, SignatureEvidence, SigningKey
from app.tasks import sequencer
from app.workflows import evidence, poll_acts, polls, resolution_evidence
from app.workflows.engine.errors import NotAllowed, NotFound
from app.workflows.engine.transaction import own_transaction
from app.workflows.evidence import GUIDE
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.evidence import bundle, manifest, read_bundle
from tests.authenticator import Authenticator, record_of
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
    passkey = record_of(Authenticator(), first.statement.statement)
    proofs = [
        (first, EvidenceKind.TIME_STAMP, stamp(first.statement.cms)), (first, EvidenceKind.PASSKEY, passkey),
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
        "ballots/0001-M01.tsr": proofs[0][2], "ballots/0001-M01.passkey.json": passkey,
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


def repacked(data, **changes):
    """The bundle of a Resolution with other files (None: without it), under a manifest that fits."""
    files = {**read_bundle(data), **changes}
    kind = json.loads(files.pop("manifest.json"))
    files = {name: content for name, content in files.items() if content is not None}
    subject = {part: kind[part] for part in ("ctx", "resolution_id")}
    return bundle({**files, "manifest.json": manifest(files, subject)})


def recorded(data, change):
    """The same bundle with another record of the Resolution."""
    record = json.loads(read_bundle(data)["resolution.json"])
    change(record)
    return repacked(data, **{"resolution.json": canonical(record)})


def told(data, **options):
    return [(note, facts) for _step, notes, _before in tool.examine(data, **options).steps for note, facts in notes]


def test_a_recall_is_an_honest_extension_of_the_evidence_of_a_resolution(resolving):
    before = evidence_of(resolving)
    resolving.recalled()
    after = evidence_of(resolving)
    assert judged(after) == judged(after, older=before) == []
    assert {"recall.json", "recall.p7s"} <= set(read_bundle(after))
    at = json.loads(read_bundle(after)["resolution.json"])["ended_at"]
    assert ("ended", {"before": "promulgated", "after": "recalled", "at": at}) in told(after, older=before)
    assert {code for _step, code in judged(before, older=after)} == {"older_missing", "older_record"}


def test_a_replacement_is_an_honest_extension_too(resolving):
    before = evidence_of(resolving)
    new = Resolving().voted().drafted(replaces_id=resolving.resolution_id).presented().signed(nonce="n2").numbered()
    new.sealed(nonce="s2").promulgated()
    after = evidence_of(resolving)
    assert judged(after) == judged(after, older=before) == []
    assert json.loads(read_bundle(after)["resolution.json"])["state"] == "replaced"
    assert {code for _step, code in judged(before, older=after)} == {"older_record"}


OTHERWISE = {
    "number": lambda was: was.update(number="02/NQ-CP", register={**was["register"], "text": "02/NQ-CP"}),
    "subject": lambda was: was.update(subject="Về việc khác"),
    "promulgated_at": lambda was: was.update(promulgated_at="2026-01-01T00:00:00Z"),
    "register": lambda was: was["register"].update(issued_on="2026-01-01"),
    "signatures": lambda was: was["signatures"][0].update(name="Người khác"),
    "versions": lambda was: was["versions"][0].update(reason="Lý do khác"),
    "verdict": lambda was: was["verdict"].update(at="2026-01-01T00:00:00Z"),
    "poll": lambda was: was["poll"].update(poll_hash="sha256:" + "0" * 64),
}


def test_no_other_record_is_extended_by_a_recall(resolving):
    before = evidence_of(resolving)
    resolving.recalled()
    after = evidence_of(resolving)
    for field, change in OTHERWISE.items():
        found = tool.examine(after, older=recorded(before, change)).problems
        assert {each.code for _step, each in found} == {"older_record"}, field
        assert field in [each.facts["field"] for _step, each in found]
    pdf = read_bundle(before)["resolution.pdf"] + b" "
    other = recorded(repacked(before, **{"resolution.pdf": pdf}), lambda was: was.update(file_sha256=digest(pdf)))
    assert {"older_changed", "older_record"} == {code for _step, code in judged(after, older=other)}


def test_what_a_record_says_of_its_end_goes_with_the_signed_recall(resolving):
    before = evidence_of(resolving)
    resolving.recalled()
    after = evidence_of(resolving)
    end = "2099-01-01T00:00:00Z"
    wrong = {
        "no recall": repacked(after, **{"recall.json": None, "recall.p7s": None}),
        "recalled by nobody": recorded(before, lambda was: was.update(state="recalled", ended_at=end)),
        "never ended": recorded(after, lambda was: was.update(ended_at=None)),
        "stands again": recorded(after, lambda was: was.update(state="promulgated", ended_at=None)),
        "replaced instead": recorded(after, lambda was: was.update(state="replaced")),
        "ended before": recorded(after, lambda was: was.update(ended_at="2000-01-01T00:00:00Z")),
        "another number": recorded(after, OTHERWISE["number"]),
        "ended by nothing": recorded(before, lambda was: was.update(ended_at=end)),
    }
    for how, data in wrong.items():
        assert "resolution_state" in {code for _step, code in judged(data)}, how
    assert judged(recorded(before, lambda was: was.update(state="replaced", ended_at=end))) == []


def test_after_a_recall_a_participant_has_the_signed_recall_instead_of_the_document(resolving):
    before = taken(resolving, "a", resolving.poll_id)
    resolving.recalled()
    after = taken(resolving, "a", resolving.poll_id)
    names = {name for name in read_bundle(after) if name.startswith("resolution/")}
    assert names == {"resolution/recall.json", "resolution/recall.p7s"}
    assert judged(after) == judged(after, older=before) == []
    assert ("withdrawn", {"name": "resolution/resolution.pdf"}) in told(after, older=before)
    recall = json.loads(read_bundle(after)["resolution/recall.json"])
    forged = polled(after, **{"resolution/recall.json": canonical({**recall, "reason": "Lý do khác"})})
    assert ("documents", "signature_wrong") in judged(forged, older=before)
    other = polled(after, **{"resolution/recall.json": canonical({**recall, "file_sha256": "0" * 64})})
    assert {"older_missing", "signature_wrong"} <= {code for _step, code in judged(other, older=before)}
    dropped = polled(after, **{"resolution/recall.json": None, "resolution/recall.p7s": None})
    assert "older_missing" in {code for _step, code in judged(dropped, older=before)}
    half = polled(taken(resolving, "auditor", resolving.poll_id), **{"resolution/resolution.pdf": None})
    assert "older_missing" in {code for _step, code in judged(half, older=before)}


def polled(data, **changes):
    """The bundle of a vote with other files, under a manifest that fits."""
    files = {name: each for name, each in {**read_bundle(data), **changes}.items() if each is not None}
    del files["manifest.json"]
    poll = json.loads(files["poll.json"])
    subject = {"ctx": "vn.ecabinet.evidence.v1", "poll_id": poll["poll_id"],
               "poll_hash": f"sha256:{digest(files['poll.json'])}"}  # fmt: skip
    return bundle({**files, "manifest.json": manifest(files, subject)})


@both
def test_where_each_key_is_kept_is_fixed_before_the_vote_and_signed_with_every_ballot(scene):
    key = db.session.query(SigningKey).filter_by(person_id=scene.who["b"].person_id).one()
    key.provider = "pkcs11"  # as if it had been enrolled in a device: what is recorded at the opening stands
    sha256 = key.certificate.sha256
    db.session.commit()
    poll_id = voted(scene, {"head": "agree", "deputy": "agree", "a": "agree"})
    polls.close_poll(scene.who["secretary"], poll_id, now=scene.now)
    polls.publish_poll(scene.who["secretary"], poll_id, now=scene.now)
    db.session.get_one(SigningKey, key.id).provider = "csc"
    db.session.commit()
    data = taken(scene, "a", poll_id)
    files = read_bundle(data)
    roll = json.loads(files["poll.json"])["roll"]
    assert [entry["key_place"] for entry in roll] == ["software"] * 3 + ["pkcs11", "software"]
    kept = {each["certificate_sha256"]: each["place"] for each in json.loads(files["key-places.json"])["keys"]}
    assert kept[sha256] == "pkcs11"
    assert set(kept) == {entry["certificate_sha256"] for entry in roll}
    assert judged(data) == []
    said = [(note, facts) for note, facts in told(data) if note.startswith("places")]
    assert said == [("places", {"number": 4, "place": "software"}), ("places", {"number": 1, "place": "pkcs11"}),
                    ("places_signed", {})]  # fmt: skip
    keys = [{"certificate_sha256": each, "place": "software"} for each in sorted(kept)]
    moved = polled(data, **{"key-places.json": canonical({"v": 1, "ctx": "vn.ecabinet.key-places.v1", "keys": keys})})
    assert judged(moved) == [("keys", "key_place")]


def test_of_a_resolution_the_place_of_a_key_is_the_word_of_the_system_and_the_tool_says_so(resolving):
    data = evidence_of(resolving)
    said = [note for note, _facts in told(data) if note.startswith("places")]
    assert said == ["places", "places_told"]
    kept = json.loads(read_bundle(data)["key-places.json"])
    signers = {each["certificate_sha256"] for each in json.loads(read_bundle(data)["resolution.json"])["signatures"]}
    assert {each["certificate_sha256"] for each in kept["keys"]} == signers
    fewer = repacked(data, **{"key-places.json": canonical({**kept, "keys": kept["keys"][1:]})})
    assert judged(fewer) == [("keys", "key_unlisted")]


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
        more = {"more": 1} if name == "resolution.json" else {}
        files[name] = canonical({**json.loads(files[name]), "file_sha256": "0" * 64, **more})
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
    odd[data.index(read_bundle(data)["result.json"])] ^= 1  # between two files there are bytes that nobody reads
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
