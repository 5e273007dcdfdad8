"""The evidence of a Resolution that stands on a slip: the slip's own inside, judged by the tool alone."""

import json

import pytest
from flask import Flask

from app.extensions import db
from app.models import AuditEntry
from app.tasks import sequencer
from app.workflows import promulgation, resolution_evidence, slip_evidence
from app.workflows.engine.errors import NotAllowed, NotFound
from app.workflows.resolution_evidence import BASIS
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.evidence import bundle, manifest, read_bundle
from tests.cabinet import PIN
from tests.conftest import both, nonce_of
from tests.deciding import Deciding
from tests.evidence.bundles import tool
from tests.slipping import LATE


@pytest.fixture
def scene(app: Flask) -> Deciding:
    """One asked for something, the draft was mended, and the head signed it."""
    found = Deciding().equipped().issued()
    found.answer("head", found.slip_id)
    found.answer("a", found.slip_id, "disagree", text="Chưa rõ nguồn vốn", reservation=True)
    return found.closed({}).reported_as_it_is().decided().promulgated()


def taken(scene, name="auditor"):
    return resolution_evidence.bundle_of(scene.who[name], scene.resolution_id, LATE)


def judged(data, **options):
    return [(step, problem.code) for step, problem in tool.examine(data, **options).problems]


def repacked(data, **changes):
    """The same bundle with other files (None: without it), under a manifest that fits."""
    files = {**read_bundle(data), **changes}
    told = json.loads(files.pop("manifest.json"))
    files = {name: content for name, content in files.items() if content is not None}
    subject = {part: told[part] for part in ("ctx", "resolution_id", "slip_id", "slip_hash") if part in told}
    return bundle({**files, "manifest.json": manifest(files, subject)})


def recorded(data, **changes):
    record = json.loads(read_bundle(data)["resolution.json"])
    for part, fields in changes.items():
        record[part] = {**record[part], **fields} if isinstance(fields, dict) else fields
    return repacked(data, **{"resolution.json": canonical(record)})


def with_slip(data, inside):
    """Another bundle of a slip inside, named as it is."""
    return recorded(repacked(data, **{BASIS: inside}), slip={"bundle_sha256": digest(inside)})


@both
def test_the_auditor_takes_one_file_that_proves_slip_decision_and_resolution(scene):
    data = taken(scene)
    assert taken(scene) == data
    account = tool.examine(data)
    assert [problem.said(1) for _step, problem in account.problems] == []
    said = " ".join(account.lines(0))
    assert "Phiếu số 01/PLYK-VPCP: thông qua" in said
    files = read_bundle(data)
    about = json.loads(files["resolution.json"])
    assert (about["slip"]["slip_id"], about["decision"]["way"]) == (scene.slip_id, "submit")
    assert about["slip"]["bundle_sha256"] == digest(files[BASIS])
    assert files[BASIS] == slip_evidence.bundle_of(scene.who["auditor"], scene.slip_id, LATE)
    entries = db.session.query(AuditEntry).filter_by(fact="EvidenceTaken", subject_type="resolution").all()
    assert {entry.payload["sha256"] for entry in entries} == {digest(data)}


def test_it_is_for_auditors_alone(scene):
    for name in ("head", "a", "clerk", "records"):
        with pytest.raises(NotAllowed):
            taken(scene, name)
    for name in ("admin", "guest"):
        with pytest.raises(NotFound):
            taken(scene, name)
    assert resolution_evidence.may_take(scene.who["auditor"], scene.resolution)
    assert not resolution_evidence.may_take(scene.who["head"], scene.resolution)


def test_it_grows_with_the_log_and_with_a_recall_and_is_still_the_same(scene):
    before = taken(scene)
    sequencer.work()
    after = taken(scene)
    assert json.loads(read_bundle(after)["resolution.json"])["slip"] != json.loads(
        read_bundle(before)["resolution.json"]
    )["slip"]
    assert judged(after, older=before) == []
    head, number, nonce = scene.who["head"], scene.resolution_id, nonce_of("recall")
    promulgation.prepare_recall(head, number, "Sai phụ lục", nonce, LATE)
    promulgation.sign_recall(head, number, nonce, PIN, LATE)
    recalled = taken(scene)
    assert judged(recalled, older=after) == []
    assert ("older", "older_record") in judged(after, older=recalled)


def test_every_change_of_the_slip_inside_is_named(scene):
    data = taken(scene)
    inside = read_bundle(data)[BASIS]
    answers = sorted(name for name in read_bundle(inside) if name.startswith("answers/"))
    for name in ("slip.json", "log.json", "result.json", "records.json", *answers):
        content = read_bundle(inside)[name]
        other = b"1" if content[-9:-8] == b"0" else b"0"
        changed = repacked(inside, **{name: content[:-9] + other + content[-8:]})
        assert "basis_inside" in {code for _step, code in judged(with_slip(data, changed))}, name
        gone = repacked(inside, **{name: None})
        assert "basis_inside" in {code for _step, code in judged(with_slip(data, gone))}, name


def test_what_does_not_go_together_is_refused(scene):
    data = taken(scene)
    inside = read_bundle(data)[BASIS]

    def code(changed):
        return {code for _step, code in judged(changed)}

    assert "resolution_hash" in code(repacked(data, **{BASIS: inside + b" "}))
    assert "file_needed" in code(repacked(data, **{BASIS: None}))
    assert "basis_other" in code(with_slip(data, data))  # a Resolution inside of a Resolution
    assert "basis_other" in code(with_slip(data, b"PK"))
    assert "basis_other" in code(recorded(data, slip={"slip_id": 99}))
    assert "basis_other" in code(recorded(data, slip={"slip_hash": f"sha256:{'0' * 64}"}))
    assert "basis_decision" in code(recorded(data, decision={"at": "2026-08-03T09:59:59Z"}))  # before the close
    assert "basis_decision" in code(recorded(data, decision={"at": "2036-08-03T09:59:59Z"}))  # after it came out
    assert code(recorded(data, decision={"way": "return"}))
    assert code(recorded(data, decision={"post": ""}))
    first = json.loads(read_bundle(data)["versions/0001.json"])
    first["articles"][0]["heading"] = "Mục tiêu khác"
    record = json.loads(read_bundle(data)["resolution.json"])
    record["versions"][0]["sha256"] = digest(canonical(first))
    swapped = repacked(data, **{"versions/0001.json": canonical(first), "resolution.json": canonical(record)})
    assert "basis_text" in code(swapped)
