"""The doctor on keys in tokens and at providers: each that stands is asked, and what does not answer is named."""

import datetime as dt
import threading

import pytest

from app.doctor import examination, places
from app.doctor.findings import Level
from app.gateways import signing
from app.gateways.signing.choice import SignerByKey
from app.models import RecoveryKind
from app.workflows import keys, outside_keys, outside_seals
from tests.cabinet import NOW, PEOPLE, PIN
from tests.gateways.signer_contract import BENCHES
from tests.operations.levels import patient_with
from tests.resolving import Resolving

SINCE = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


@pytest.fixture
def kept(app, gateways, tmp_path):
    """A member's key at a provider, and the seal in a token; the two benches."""
    memory, chain = gateways["SIGNER"]
    folders = [tmp_path / name for name in ("token", "provider")]
    for folder in folders:
        folder.mkdir()
    with (
        BENCHES["pkcs11"](folders[0], memory._authority, SINCE) as token,
        BENCHES["csc v2"](folders[1], memory._authority, SINCE) as provider,
    ):
        signing.use(SignerByKey(memory, {"pkcs11": token.signer, "csc": provider.signer}), chain)
        scene = Resolving().equipped()
        office, member = (scene.who["records"], scene.who["clerk"]), scene.who["a"]
        found = outside_seals.offered(*office, 1, token.enrol("Chính phủ").key_ref, NOW)
        outside_seals.register(*office, 1, found, PIN, None, NOW)
        asked = keys.request_recovery(scene.who["clerk"], member.person_id, RecoveryKind.REPLACE, "Từ xa", NOW)
        keys.approve_recovery(scene.who["records"], asked.id, NOW)
        mine = outside_keys.offered(member, provider.enrol(PEOPLE["a"].name).key_ref, NOW)
        outside_keys.register(member, mine, PIN, NOW)
        yield token, provider


def found():
    return [(finding.level, str(finding.words)) for finding in places.outside()]


def test_where_every_key_is_here_nothing_is_said(app):
    assert found() == []
    assert "places.outside" in examination.CHECKS


def test_keys_that_answer_are_counted(kept):
    ((level, words),) = found()
    assert (level, "2" in words) == (Level.OK, True)


def test_a_token_that_is_out_and_a_provider_that_is_off_are_named_with_their_owner(kept):
    token, provider = kept
    out = token.shelf.remove("token-0")
    provider.server.spoil = lambda handler, method, told: handler.send(503, b"down")
    (first, said), (second, also) = found()
    assert (first, second) == (Level.WARNING, Level.WARNING)
    assert ("csc:khoa-0" in said, PEOPLE["a"].name in said) == (True, True)
    assert ("pkcs11:token-0" in also, "Chính phủ" in also) == (True, True)
    token.shelf.put_back(out)
    provider.server.spoil = None
    assert [level for level, _words in found()] == [Level.OK]


def test_another_certificate_than_the_registered_one_is_named(kept):
    token, _provider = kept
    other = token.enrol("Chính phủ").key_ref.partition(":")[2]
    token.signer._keys["token-0"] = token.signer._keys[other]
    ((level, words),) = found()
    assert (level, "pkcs11:token-0" in words) == (Level.WARNING, True)


def test_a_provider_that_hangs_is_not_waited_for(kept, monkeypatch):
    _token, provider = kept
    monkeypatch.setattr(places, "PATIENCE", 0.5)
    patient_with(monkeypatch, hanging=1)
    over = threading.Event()
    provider.server.spoil = lambda _handler, _method, told: over.wait() and told
    try:
        ((level, words),) = found()
    finally:
        over.set()
    assert (level, "csc:khoa-0" in words) == (Level.WARNING, True)
