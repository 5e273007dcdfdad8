"""Pages of people whose key is in a token or at a provider: the PIN they may type, and where results say the key is."""

import datetime as dt
import json
import re
from io import BytesIO

import pytest
from sqlalchemy import update

from app.extensions import db
from app.gateways import pades, signing
from app.gateways.signing.choice import SignerByKey
from app.models import IssuedNumber, Refusal, SealKey, SigningKey
from app.views.pin_fields import OUTSIDE_PIN, PATIENCE
from app.workflows import outside_seals, seals
from app.workflows.engine.transaction import own_transaction
from tests.gateways.signer_contract import BENCHES
from tests.resolving import Resolving

NONCE = "A" * 22
SINCE = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


@pytest.fixture
def poll(scene):
    return scene.open().open_poll()


@pytest.fixture(params=["software", "pkcs11", "csc"])
def provider(request, scene):
    """Where the member's key is said to live; what the page does with the PIN hangs on that alone."""
    with own_transaction() as session:
        own = SigningKey.person_id == scene.who["a"].person_id
        session.execute(update(SigningKey).where(own).values(provider=request.param))
    return request.param


def test_the_field_takes_what_the_key_takes(at, poll, provider):
    page = at("a").get(f"/polls/{poll.id}").text
    six = 'pattern="[0-9]{6}" maxlength="6"'
    assert (six in page) == (provider == "software")
    assert (f'pattern="{OUTSIDE_PIN}"' in page) == (provider != "software")
    assert (f'data-patience="{PATIENCE}"' in page) == (provider == "csc")


@pytest.mark.parametrize("pin", ["12345678", "Pin-2019", "1234"])
def test_a_pin_of_another_form_is_tried_where_the_key_is_elsewhere(at, poll, provider, pin):
    """Here the try itself fails, since the key of the tests is in memory; what counts is that it was made or not."""
    assert at("a").send(f"/polls/{poll.id}/prepare", choice="agree", nonce=NONCE).status_code == 200
    answer = at("a").send(f"/polls/{poll.id}/sign", nonce=NONCE, pin=pin)
    assert answer.json["code"] == ("pin_form" if provider == "software" else "pin_wrong")


@pytest.mark.parametrize("pin", ["", "123", "12 456", "có dấu", "1" * 65, "1234\n"])
def test_no_key_takes_such_a_pin(at, poll, provider, pin):
    assert at("a").send(f"/polls/{poll.id}/prepare", choice="agree", nonce=NONCE).status_code == 200
    assert at("a").send(f"/polls/{poll.id}/sign", nonce=NONCE, pin=pin).status_code == 422
    db.session.rollback()
    assert db.session.query(SigningKey).filter_by(person_id=1, failed_tries=1).count() == 0


WORDS = {"software": "khóa phía máy chủ", "pkcs11": "thiết bị ký (PKCS#11)", "csc": "ký số từ xa"}


def test_receipt_own_key_and_list_name_the_place(at, poll, provider):
    at("a").send(f"/polls/{poll.id}/prepare", choice="agree", nonce=NONCE)
    answer = at("a").send(f"/polls/{poll.id}/sign", nonce=NONCE, pin="240619")
    assert answer.json["receipt"]["key_label"] == WORDS[provider]
    again = at("a").send(f"/polls/{poll.id}/sign", nonce=NONCE, pin="240619")
    assert again.json["receipt"] == answer.json["receipt"]
    assert WORDS[provider] in at("a").get("/keys/").text
    assert at("a").get(f"/polls/{poll.id}/receipt").json["receipt"]["key_label"] == WORDS[provider]
    assert WORDS[provider] in at("clerk").get("/records/keys/").text


# -- the seal

TOKEN_PIN = "Con-dau.2026"


@pytest.fixture
def sealing(app, gateways, clock, tmp_path, monkeypatch):
    """A signed Resolution, and the seal of the body in a token."""
    memory, chain = gateways["SIGNER"]
    (tmp_path / "bench").mkdir()
    with BENCHES["pkcs11"](tmp_path / "bench", memory._authority, SINCE) as bench:
        signing.use(SignerByKey(memory, {"pkcs11": bench.signer}), chain)
        scene = Resolving().up_to("signed")
        who = scene.who["records"], scene.who["clerk"]
        found = outside_seals.offered(*who, 1, bench.enrol("Chính phủ", pin=TOKEN_PIN).key_ref, scene.now)
        outside_seals.register(*who, 1, found, TOKEN_PIN, None, scene.now)
        clock.now = scene.later(34)
        yield scene, bench


def issue(browser, scene, pin, nonce=NONCE):
    return browser.send(f"/resolutions/{scene.resolution_id}/issue", nonce=nonce, pin=pin)


def test_the_sheet_of_the_seal_takes_what_its_token_takes_and_names_it(at, sealing):
    scene, _bench = sealing
    page = at("records").get(f"/resolutions/{scene.resolution_id}/issue").text
    sheet = page.partition('id="sheet-issue"')[2]
    assert f'pattern="{OUTSIDE_PIN}"' in sheet
    assert 'pattern="[0-9]{6}"' not in sheet
    assert (WORDS["pkcs11"] in sheet, "thiết bị ký giữ con dấu" in sheet) == (True, True)
    shown = at("records").get("/records/seals/").text
    assert WORDS["pkcs11"] in shown
    seal = db.session.query(SealKey).order_by(SealKey.id.desc()).first()
    assert WORDS["pkcs11"] in at("auditor").get(f"/records/seals/{seal.id}").text


def test_a_resolution_is_sealed_with_the_pin_of_the_token_and_the_verdict_names_it(at, sealing):
    scene, _bench = sealing
    with_six = issue(at("records"), scene, "240619")
    assert (with_six.status_code, with_six.json["code"], with_six.json["details"]["number"]) == (
        403, "pin_wrong", "01/NQ-CP"
    )  # fmt: skip
    assert issue(at("records"), scene, "có dấu").json["code"] == "pin_form"
    assert issue(at("records"), scene, TOKEN_PIN).json == {"number": "01/NQ-CP", "state": "sealed"}
    page = at("records").get(f"/resolutions/{scene.resolution_id}/issue").text
    assert WORDS["pkcs11"] in page
    assert WORDS["software"] in page  # the Prime Minister's
    record = at("records").get(f"/resolutions/{scene.resolution_id}").text
    assert (WORDS["pkcs11"] in record, WORDS["software"] in record) == (True, True)


def test_a_token_that_is_out_is_told_and_the_number_stays(at, sealing):
    scene, bench = sealing
    name = seals.standing_seal(1).key_ref.partition(":")[2]
    out = bench.shelf.remove(name)
    answer = issue(at("records"), scene, TOKEN_PIN)
    assert (answer.status_code, answer.json["code"], answer.json["details"]["fault"]) == (
        409, "key_silent", "device_absent"
    )  # fmt: skip
    assert "chưa được kết nối" in answer.json["message"]
    assert db.session.query(IssuedNumber).count() == 1
    page = at("records").get(f"/resolutions/{scene.resolution_id}/issue").text
    assert "01/NQ-CP" in page
    assert page.count("Thiết bị ký chưa được kết nối") == 1, "why the last try failed"
    assert "Thiết bị ký chưa được kết nối" in at("auditor").get("/records/refusals/").text
    bench.shelf.put_back(out)
    assert issue(at("records"), scene, TOKEN_PIN).json == {"number": "01/NQ-CP", "state": "sealed"}
    assert {each.code for each in db.session.query(Refusal).filter_by(act="seal_resolution")} == {"device_absent"}


def test_whose_own_key_is_in_a_token_still_types_six_digits_for_a_seal_kept_here(at, clock, scene):
    """What the field takes hangs on the seal, and not on whoever presses."""
    signed = Resolving().up_to("signed")
    clock.now = signed.later(34)
    page = at("records").get(f"/resolutions/{signed.resolution_id}/issue").text.partition('id="sheet-issue"')[2]
    assert 'pattern="[0-9]{6}" maxlength="6"' in page
    assert issue(at("records"), signed, "Token-2026").json["code"] == "pin_form"
    assert db.session.query(IssuedNumber).count() == 0


def test_for_a_seal_at_a_provider_the_page_waits_longer_and_says_for_what(at, gateways, clock, tmp_path):
    memory, chain = gateways["SIGNER"]
    with BENCHES["csc v2"](tmp_path, memory._authority, SINCE) as bench:
        signing.use(SignerByKey(memory, {"csc": bench.signer}), chain)
        scene = Resolving().up_to("signed")
        who = scene.who["records"], scene.who["clerk"]
        found = outside_seals.offered(*who, 1, bench.enrol("Chính phủ", pin=TOKEN_PIN).key_ref, scene.now)
        outside_seals.register(*who, 1, found, TOKEN_PIN, None, scene.now)
        clock.now = scene.later(34)
        page = at("records").get(f"/resolutions/{scene.resolution_id}/issue").text
        assert f'data-patience="{PATIENCE}"' in page.partition('id="sheet-issue"')[2]
        (said,) = re.findall(r'"waiting": ("[^"]*")', page)
        assert "nhà cung cấp" in json.loads(said)
        assert issue(at("records"), scene, TOKEN_PIN).json["state"] == "sealed"


def test_the_screen_says_that_a_seal_kept_elsewhere_is_replaced_by_two(at, sealing):
    _scene, _bench = sealing
    kept = seals.standing_seal(1).id
    data = {"body_id": "1", "pin": "240619", "pin_again": "240619"}
    data["picture"] = (BytesIO(pades.seal_picture("Chính phủ")), "dau.png")
    answer = at("records").client.post("/records/seals/add", data=data, content_type="multipart/form-data")
    assert answer.status_code == 403
    assert "hai người" in answer.text
    assert seals.standing_seal(1).id == kept
