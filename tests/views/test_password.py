"""Changing the own password: the old one is asked for, the other devices are signed out, the key stays."""

import pytest

from app.extensions import db
from app.models import AuditEntry, KeyState
from app.workflows import keys
from tests.cabinet import PASSWORD

NEW = "Ruby-Tim!Xuong7"
GOOD = {"password": PASSWORD, "new": NEW, "new_again": NEW}


@pytest.fixture
def a(app):
    return app.test_client().enter_as("a")


def signs_in(app, password):
    device = app.test_client()
    device.sign_in("a", password)
    return device.get("/keys/").status_code == 200


def test_the_new_password_signs_in_and_every_other_device_is_out(app, a):
    other = app.test_client().enter_as("a")
    assert a.post("/password/change", data=GOOD).status_code == 303
    assert a.get("/password/").status_code == 200
    assert other.get("/password/").status_code == 302
    assert not signs_in(app, PASSWORD)
    assert signs_in(app, NEW)
    assert db.session.query(AuditEntry).filter_by(fact="PasswordChanged").count() == 1


def test_the_signing_key_is_untouched(people, a):
    a.post("/password/change", data=GOOD)
    assert keys.active_key(people["a"].person_id).state is KeyState.ACTIVE


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({**GOOD, "password": "sai"}, 403, "Mật khẩu không đúng"),
        ({**GOOD, "new_again": "khác"}, 422, "Hai mật khẩu mới không giống nhau."),
        ({**GOOD, "new": "yeu", "new_again": "yeu"}, 422, "ký tự"),
        ({**GOOD, "new": "", "new_again": ""}, 422, "ký tự"),
    ],
)
def test_a_refused_change_says_why_and_changes_nothing(app, a, form, status, said):
    answer = a.post("/password/change", data=form)
    assert (answer.status_code, said in answer.text) == (status, True)
    assert signs_in(app, PASSWORD)


def test_the_fifth_wrong_password_ends_the_session(a):
    for _ in range(5):
        a.post("/password/change", data={**GOOD, "password": "sai"})
    assert a.get("/password/").status_code == 302
