"""`flask tsa` gives stamps that openssl believes; the settings of an authority are looked at before anybody serves."""

import datetime as dt
import hashlib
import threading

import click
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import load_der_x509_certificate

from app import create_app, installation
from app.commands_tsa import serve
from app.gateways import posting, revocation, signing, timestamp
from app.gateways.timestamp import Asked, OverHttp, demo_authority, demo_stamper
from app.settings import NotReady
from tests.conftest import SETTINGS
from tests.gateways.stamp_cases import Root, openssl_verifies

SINCE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DIGEST = hashlib.sha256(b"a signature value").digest()
QUERY = "application/timestamp-query"


@pytest.fixture(scope="module")
def authority() -> signing.Authority:
    return signing.Authority.create(None, SINCE, demo=True)


def test_the_demo_stamps_its_past_and_its_present_with_a_certificate_that_says_demo(authority, tmp_path):
    stamper = demo_stamper(authority)
    for at in (SINCE + dt.timedelta(minutes=1), dt.datetime.now(dt.UTC)):
        token, stamp = stamper.stamp(DIGEST, at)
        assert "DEMO" in stamp.authority
        assert abs(stamp.time - at) < dt.timedelta(seconds=1)
        assert openssl_verifies(tmp_path, token, DIGEST, authority.chain()[1], at)[0]


def test_the_command_answers_over_http_and_refuses_what_is_no_request(authority):
    server = serve(demo_authority(authority), "127.0.0.1:0")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    try:
        now = dt.datetime.now(dt.UTC)
        assert Asked(OverHttp(url), authority.chain()).stamp(DIGEST, now)[1].authority == timestamp.NAME
        post = posting.Post(posting.anywhere)
        assert post(url, b"x", {"Content-Type": "text/plain"}).status == 415
        assert post(url, bytes(5000), {"Content-Type": QUERY}).status == 413
        with pytest.raises(click.ClickException):
            serve(demo_authority(authority), f"127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()


def test_an_address_without_authorities_stops_whatever_would_serve(gateways, tmp_path):
    pem = tmp_path / "tsa-ca.pem"
    settings = {**SETTINGS, **gateways, "TSA_URL": "http://tsa.example/stamp", "TSA_POLICY": ""}
    try:
        for content, policy in ((None, ""), (b"", ""), (b"no certificate", ""), (root(), "no policy")):
            if content is not None:
                pem.write_bytes(content)
            app = create_app(**settings | {"TSA_CA": str(pem), "TSA_POLICY": policy})
            assert timestamp.stamper() is None
            with pytest.raises(NotReady, match="ECABINET_TSA_URL"):
                installation.require_ready(app)
        pem.write_bytes(root())
        app = create_app(**settings | {"TSA_CA": str(pem), "TSA_POLICY": "1.2.3"})
        assert installation.unsound_stamper(app) == ""
        assert timestamp.stamper() is not None
        assert len(timestamp.trusted()) == 1
    finally:
        timestamp.use(None)


def test_where_authorities_of_stamps_are_asked_stands_beside_them(gateways, tmp_path):
    pem, made = tmp_path / "tsa-ca.pem", Root.make(SINCE)
    pem.write_bytes(load_der_x509_certificate(made.certificate).public_bytes(serialization.Encoding.PEM))
    settings = {**SETTINGS, **gateways, "TSA_URL": "http://tsa.example/stamp", "TSA_CA": str(pem), "TSA_POLICY": ""}
    try:
        create_app(**settings)
        assert not revocation.can_ask(made.certificate)
        (tmp_path / "tsa-ca.places").write_text("crl http://tsa.example/list.crl\n")
        create_app(**settings)
        assert revocation.can_ask(made.certificate)
        assert made.certificate not in signing.trusted()
        (tmp_path / "tsa-ca.places").write_text("ftp://tsa.example/\n")
        with pytest.raises(NotReady, match=r"tsa-ca\.places"):
            installation.require_ready(create_app(**settings))
    finally:
        timestamp.use(None)


def root() -> bytes:
    return load_der_x509_certificate(Root.make(SINCE).certificate).public_bytes(serialization.Encoding.PEM)
