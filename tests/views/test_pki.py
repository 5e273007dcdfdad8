"""What the own authority publishes: openssl reads the lists and the answers, and revoked keys are in them."""

import base64
import datetime as dt
import subprocess
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from app.extensions import db
from app.gateways import signing
from app.models import CertificateRevocation, Job, RecoveryKind, SealKey, SigningKey
from app.tasks import pki as pki_tasks
from app.views import pki
from app.workflows import keys, revocations, seals
from tests.cabinet import NOW
from tests.gateways.signing_cases import as_pem

REQUEST, RESPONSE = pki.ASKS, pki.ANSWERS


@pytest.fixture(autouse=True)
def fresh(monkeypatch, gateways):
    """Nobody has asked yet, and the authority of all tests forgets afterwards what was revoked."""
    authority = gateways["PUBLISHER"]._authority
    monkeypatch.setattr(pki, "pace", pki.Pace())
    monkeypatch.setattr(pki, "KEPT_FOR", 0.0)
    monkeypatch.setattr(authority, "_crl", authority._crl)


@pytest.fixture
def stranger(app):
    return app.test_client()


@pytest.fixture
def replaced(app, people):
    """Member a, whose key two people have agreed to replace."""
    asked = keys.request_recovery(people["clerk"], people["a"].person_id, RecoveryKind.REPLACE, "Mất máy", NOW)
    key = keys.active_key(people["a"].person_id)
    keys.approve_recovery(people["records"], asked.id, NOW)
    return key.certificate


def openssl(folder, *command, **files):
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return subprocess.run(["openssl", *command], cwd=folder, capture_output=True, check=False)


def request_for(folder, certificate_der):
    issuing = as_pem("x509", signing.trusted()[0])
    made = openssl(folder, "ocsp", "-issuer", "issuing", "-cert", "person", "-reqout", "request",
                   issuing=issuing, person=as_pem("x509", certificate_der))  # fmt: skip
    assert made.returncode == 0, made.stderr
    return (folder / "request").read_bytes()


def status_of(answer):
    assert (answer.status_code, answer.mimetype) == (200, RESPONSE)
    return ocsp.load_der_ocsp_response(answer.data).certificate_status


def test_openssl_reads_the_list_that_the_application_serves(tmp_path, stranger):
    authorities = [stranger.get(f"/pki/{name}.cer") for name in ("issuing", "root")]
    assert [answer.mimetype for answer in authorities] == [pki.CERTIFICATE] * 2
    chain = as_pem("x509", *(answer.data for answer in authorities))
    for name in ("issuing", "root"):
        answer = stranger.get(f"/pki/{name}.crl")
        assert answer.mimetype == pki.LIST
        read = openssl(tmp_path, "crl", "-inform", "DER", "-in", "crl", "-CAfile", "ca", "-noout",
                       crl=answer.data, ca=chain)  # fmt: skip
        assert b"verify OK" in read.stderr


def test_a_key_that_is_replaced_is_revoked_here_and_outside(tmp_path, stranger, replaced):
    assert db.session.get(CertificateRevocation, replaced.id).at == NOW
    asked = request_for(tmp_path, replaced.der)
    sent = {"content_type": REQUEST, "data": asked}
    assert status_of(stranger.post("/pki/ocsp", **sent)) is ocsp.OCSPCertStatus.GOOD  # not published yet
    pki_tasks.publish({"body_id": 1})
    assert status_of(stranger.post("/pki/ocsp", **sent)) is ocsp.OCSPCertStatus.REVOKED
    looked_up = stranger.get("/pki/ocsp/" + quote(base64.b64encode(asked).decode(), safe=""))
    assert status_of(looked_up) is ocsp.OCSPCertStatus.REVOKED
    entry = x509.load_der_x509_crl(stranger.get("/pki/issuing.crl").data).get_revoked_certificate_by_serial_number(
        int(replaced.serial, 16)
    )
    assert entry.revocation_date_utc == NOW


def test_publishing_twice_changes_nothing(replaced):
    pki_tasks.publish({"body_id": 1})
    once = signing.publisher().revocation_list("issuing")
    pki_tasks.publish({"body_id": 1})
    assert signing.publisher().revocation_list("issuing") == once


def test_a_revocation_tells_the_owner_and_the_list_once(people, replaced):
    jobs = db.session.query(Job).filter_by(name=revocations.PUBLISH)
    assert [job.payload for job in jobs] == [{"body_id": 1}]
    key = db.session.query(SigningKey).filter_by(certificate_id=replaced.id).one()
    revocations.revoke(people["records"], key.certificate, "lần nữa", NOW + dt.timedelta(days=1))
    db.session.commit()
    assert (jobs.count(), db.session.get(CertificateRevocation, replaced.id).at) == (1, NOW)


def test_a_suspended_seal_is_revoked(app, people):
    from tests.resolving import Resolving

    scene = Resolving().equipped()
    seal = db.session.query(SealKey).one()
    seals.suspend_seal(scene.who["records"], seal.id, scene.now)
    assert db.session.get(CertificateRevocation, seal.certificate_id).at == scene.now


@pytest.mark.parametrize("path", ["/pki/other.crl", "/pki/other.cer", "/pki/issuing.key", "/pki/", "/pki/root.der"])
def test_nothing_else_is_published(stranger, path):
    assert stranger.get(path).status_code == 404


@pytest.mark.parametrize("sent", [b"", b"x" * 100, b"0" * 5000])
def test_what_is_no_request_gets_an_answer_that_says_so(stranger, sent):
    answer = stranger.post("/pki/ocsp", data=sent, content_type=REQUEST)
    said = ocsp.load_der_ocsp_response(answer.data)
    assert said.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    assert stranger.get("/pki/ocsp/***").status_code == 200


def test_a_form_of_another_page_is_not_an_ocsp_request(stranger):
    assert stranger.post("/pki/ocsp", data={"a": "b"}).status_code == 415
    assert stranger.post("/pki/ocsp", data=b"0", content_type="text/plain").status_code == 415


def test_programs_send_no_form_token(app, stranger, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    assert stranger.post("/pki/ocsp", data=b"0", content_type=REQUEST).status_code == 200
    assert stranger.post("/xac-minh/", data=b"0", content_type=REQUEST).status_code == 400  # nobody else is let through


def test_one_network_has_a_measure(stranger, monkeypatch):
    monkeypatch.setattr(pki, "MOST", 3)
    codes = [stranger.get("/pki/issuing.crl").status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]


def test_without_the_authority_the_answer_is_honest(stranger):
    signing.publish_by(None)
    assert stranger.get("/pki/issuing.crl").status_code == 503
    assert stranger.post("/pki/ocsp", data=b"0", content_type=REQUEST).status_code == 503
    assert stranger.get("/pki/issuing.cer").status_code == 200  # this is known without it


def test_nobody_gets_a_cookie(stranger):
    assert "Set-Cookie" not in stranger.get("/pki/issuing.crl").headers
