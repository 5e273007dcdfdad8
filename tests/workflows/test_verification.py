"""What the records expect of a file decides its verdict: the file itself, an altered copy, or a stranger's paper."""

import datetime as dt
import json
from pathlib import Path

import pytest
from flask import current_app
from sqlalchemy.exc import OperationalError

from app.extensions import db
from app.gateways import storage
from app.gateways.signing import KeyUnavailable
from app.models import CertificateRevocation
from app.workflows import resolutions, verification
from tests.gateways import upload_corpus
from tests.gateways.hostile_changes import page_added
from tests.gateways.signed_corpus import AT, GOOD, Editor
from tests.resolving import Resolving

NAMES = {
    "format", "kind", "state", "indication", "sha256", "reasons", "signers", "revisions", "pages", "level", "stamps",
}  # fmt: skip


def content(scene: Resolving) -> bytes:
    with storage.store().open(resolutions.current_file(scene.resolution).sha256) as source:
        return source.read()


def codes(pdf: bytes, scene: Resolving) -> list[str]:
    return [reason.code for reason in verification.verify(pdf, scene.later(3600)).reasons]


@pytest.fixture
def sealed(app):
    return Resolving().up_to("promulgated")


def test_a_promulgated_resolution_is_valid(sealed):
    found = verification.verify(content(sealed), sealed.later(60))
    assert (found.state, found.reasons) == ("valid", ())
    assert [signer.role for signer in found.signers] == ["signature", "seal"]


def test_a_resolution_that_is_only_signed_lacks_its_seal(app):
    scene = Resolving().equipped().drafted().presented().signed()
    assert codes(content(scene), scene) == ["seal_missing", "no_pins"]


def test_an_altered_copy_is_recognised_and_refused(sealed):
    altered = page_added(Editor(content(sealed))).done()
    found = verification.verify(altered, sealed.later(60))
    assert [reason.code for reason in found.reasons] == ["changed_after_seal", "pages_changed"]
    assert [signer.state for signer in found.signers] == ["valid", "valid"]


def test_what_others_signed_is_left_open_and_is_no_resolution_of_ours(sealed):
    elsewhere = verification.verify(GOOD, AT)
    assert elsewhere.state == "undetermined"
    assert {reason.code for reason in elsewhere.reasons} == {"no_pins", "certificate_unknown_issuer"}
    assert verification.verify_as(sealed.resolution, GOOD, AT).reasons[0].code == "wrong_signer"
    assert codes(upload_corpus.paper("Kính trình."), sealed) == ["unsigned"]


def test_a_certificate_revoked_before_the_signature_does_not_count(sealed):
    pdf = content(sealed)
    certificate = sealed.resolution.signatures[0].statement.certificate
    at = sealed.resolution.signatures[0].statement.signed_at - dt.timedelta(seconds=1)
    db.session.add(CertificateRevocation(certificate_id=certificate.id, at=at, reason="mất khóa"))
    db.session.flush()
    assert verification.revocations_of(sealed.resolution) == {certificate.serial: at}
    db.session.rollback()
    assert codes(pdf, sealed) == []


def test_the_command_tells_the_verdict_by_its_exit_code(sealed, tmp_path):
    run, pdf = current_app.test_cli_runner(), content(sealed)
    for code, (state, content_) in enumerate(
        {"valid": pdf, "invalid": pdf + b"\n", "undetermined": bytes((20 << 20) + 1)}.items()
    ):
        (file := tmp_path / f"{state}.pdf").write_bytes(content_)
        plain, told = (run.invoke(args=["verify", str(file), *more]) for more in ((), ("--json",)))
        assert (plain.exit_code, told.exit_code) == (code, code), plain.output
        machine = json.loads(told.output)
        assert machine["state"] == state
        assert set(machine) == NAMES
        assert (machine["format"], machine["kind"]) == (1, "document")
        assert machine["indication"] == {"valid": "TOTAL-PASSED", "invalid": "TOTAL-FAILED"}.get(state, "INDETERMINATE")
        assert machine["sha256"] in plain.output
    assert run.invoke(args=["verify", str(tmp_path / "nowhere.pdf")]).exit_code not in (0, 1)


@pytest.mark.parametrize("trouble", [OperationalError("SELECT", {}, Exception("no table")), KeyUnavailable()])
def test_the_command_leaves_open_what_it_cannot_ask_the_records(app, tmp_path, monkeypatch, trouble):
    def fail(*_anything):
        raise trouble

    (file := tmp_path / "good.pdf").write_bytes(GOOD)
    monkeypatch.setattr(verification, "with_file", fail)
    run = current_app.test_cli_runner()
    result = run.invoke(args=["verify", str(file)])
    assert (result.exit_code, "Traceback" in result.output) == (2, False)
    told = run.invoke(args=["verify", "--json", str(file)])
    machine = json.loads(told.output)
    assert (told.exit_code, machine["state"], set(machine)) == (2, "undetermined", NAMES)
    assert [reason["code"] for reason in machine["reasons"]] == ["records_unavailable"]


def test_the_command_reads_a_pipe_and_speaks_the_language_it_is_asked_for(sealed):
    run, pdf = current_app.test_cli_runner(), content(sealed)
    piped = run.invoke(args=["verify", "-", "--lang", "en"], input=pdf)
    assert (piped.exit_code, piped.output.split(":")[0]) == (0, "Valid")
    assert run.invoke(args=["verify", "-"], input=pdf).output.split(":")[0] == "Hợp lệ"
    altered = run.invoke(args=["verify", "-", "--lang", "en", "--json"], input=pdf + b"\n")
    assert (altered.exit_code, json.loads(altered.output)["reasons"][0]["sub_indication"]) == (1, "FORMAT_FAILURE")
    assert run.invoke(args=["verify", "-"], input=b"").exit_code == 1
    assert run.invoke(args=["verify", "-", "--lang", "fr"], input=pdf).exit_code == 2


def test_the_json_of_the_docs_has_the_names_of_the_json(sealed):
    """docs/verification.md: what programs may rely on."""
    page = (Path(current_app.root_path).parent / "docs/verification.md").read_text(encoding="utf-8")
    shown = json.loads(page.split("```json")[1].split("```")[0])
    altered = current_app.test_cli_runner().invoke(args=["verify", "-", "--json"], input=content(sealed) + b"\n")
    whole = current_app.test_cli_runner().invoke(args=["verify", "-", "--json"], input=content(sealed))
    told = json.loads(whole.output)
    assert set(shown) == set(told)
    assert set(shown["reasons"][0]) == set(json.loads(altered.output)["reasons"][0])
    for one, other in ((shown["signers"][0], told["signers"][0]), (shown["pages"][0], told["pages"][0])):
        assert set(one) == set(other)
    assert set(shown["pages"][0]["places"][0]) == set(told["pages"][0]["places"][0])
