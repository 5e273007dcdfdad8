"""Pages of people whose key is in a token or at a provider: the PIN they may type, and where results say the key is."""

import pytest
from sqlalchemy import update

from app.extensions import db
from app.models import SigningKey
from app.views.pin_fields import OUTSIDE_PIN, PATIENCE
from app.workflows.engine.transaction import own_transaction

NONCE = "A" * 22


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
