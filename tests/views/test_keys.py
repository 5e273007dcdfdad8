"""The own key: what it says of itself, and taking a new one with password and PIN after two people agreed."""

import datetime as dt

import pytest

from app.extensions import db
from app.models import CertificateRevocation, KeyState, RecoveryKind, SigningKey
from app.workflows import keys
from app.workflows.engine.transaction import own_transaction
from tests.cabinet import PASSWORD

NEW_PIN = "718293"


@pytest.fixture
def confirmed(scene):
    """Two people have confirmed a new key for one member."""
    who = scene.who
    asked = keys.request_recovery(who["clerk"], who["a"].person_id, RecoveryKind.REPLACE, "Mất thiết bị", scene.now)
    keys.approve_recovery(who["records"], asked.id, scene.now)
    return scene


def key_of(scene, state=KeyState.ACTIVE):
    rows = db.session.query(SigningKey).filter_by(person_id=scene.who["a"].person_id, state=state)
    return rows.one_or_none()


def enrol(browser, password=PASSWORD, pin=NEW_PIN, again=None):
    return browser.post("/keys/enrol", password=password, pin=pin, pin_again=pin if again is None else again)


def test_the_page_names_certificate_serial_and_validity(at, scene):
    text = at("a").get("/keys/").text
    certificate = key_of(scene).certificate
    for words in ("Phạm Văn Ba", certificate.serial, f"{certificate.not_after:%Y}"):
        assert words in text
    assert 'name="pin"' not in text


def test_whoever_has_no_key_is_told_so(at, scene):
    answer = at("clerk").get("/keys/")
    assert answer.status_code == 200
    assert 'id="key-h"' not in answer.text


@pytest.mark.parametrize(("days", "warned"), [(31, False), (29, True), (1, True)])
def test_the_end_of_a_certificate_is_announced_thirty_days_before(at, scene, clock, days, warned):
    end = key_of(scene).certificate.not_after
    clock.now = end - dt.timedelta(days=days)
    shown = f"{end.astimezone(dt.timezone(dt.timedelta(hours=7))):%d/%m/%Y}"
    assert at("a").get("/keys/").text.count(shown) == (2 if warned else 1)


def test_a_revoked_certificate_is_not_called_active(at, scene):
    assert "ec-chip--ok" in at("a").get("/keys/").text
    with own_transaction() as session:
        key = session.query(SigningKey).filter_by(person_id=scene.who["a"].person_id).one()
        session.add(CertificateRevocation(certificate_id=key.certificate_id, at=scene.now, reason="Mất thiết bị"))
    text = at("a").get("/keys/").text
    assert "ec-chip--bad" in text
    assert "ec-chip--ok" not in text


def test_a_locked_key_says_until_when(at, scene, clock):
    with own_transaction() as session:
        key = session.query(SigningKey).filter_by(person_id=scene.who["a"].person_id).one()
        key.failed_tries, key.locked_until = 5, clock.now + dt.timedelta(minutes=15)
    assert "08:15 30/07/2026" in at("a").get("/keys/").text
    clock.move(minutes=14)
    at("a").get("/keys/")
    clock.move(minutes=2)
    assert "08:15 30/07/2026" not in at("a").get("/keys/").text


def test_a_new_key_is_taken_with_password_and_a_pin_said_twice(at, confirmed):
    old = key_of(confirmed, KeyState.SUSPENDED)
    assert enrol(at("a")).status_code == 303
    fresh = key_of(confirmed)
    assert fresh.certificate_id != old.certificate_id
    assert db.session.get_one(SigningKey, old.id).state is KeyState.REPLACED
    assert 'name="pin"' not in at("a").get("/keys/").text
    poll = confirmed.open().open_poll()
    sent = {"choice": "agree", "nonce": "A" * 22}
    assert at("a").send(f"/polls/{poll.id}/prepare", **sent).status_code == 200
    assert at("a").send(f"/polls/{poll.id}/sign", nonce="A" * 22, pin=NEW_PIN).status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "field"),
    [
        ({"password": "wrong"}, 403, "password"),
        ({"again": "718294"}, 422, "pin_again"),
        ({"pin": "123456"}, 422, "pin"),
        ({"pin": "12345"}, 422, "pin"),
    ],
)
def test_a_refused_enrolment_says_why_at_its_field_and_keeps_nothing(at, confirmed, form, status, field):
    answer = enrol(at("a"), **form)
    assert answer.status_code == status
    assert f'id="{field}-e"' in answer.text
    assert "718293" not in answer.text
    assert key_of(confirmed) is None


def test_nobody_takes_a_key_that_two_people_have_not_confirmed(at, scene):
    answer = enrol(at("a"))
    assert answer.status_code == 403
    assert key_of(scene) is not None
    assert db.session.query(SigningKey).filter_by(state=KeyState.REPLACED).count() == 0


def test_a_confirmed_key_of_somebody_else_is_nobodys(at, confirmed):
    assert enrol(at("b")).status_code == 403
    assert enrol(at("clerk")).status_code == 403
