"""A session lives in a row: what ends it, what locks it, and that no cookie outlives it."""

import datetime as dt

import pytest
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select, update

from app.extensions import db
from app.models import AuditEntry, LoginSession
from app.views import actor as clock
from app.views import living as sessions
from app.views import sign_in
from app.workflows import login
from app.workflows.engine.rights import SYSTEM
from tests.cabinet import PASSWORD
from tests.conftest import both
from tests.device import JSON

PRIVATE = "/meetings/"


@pytest.fixture
def later(monkeypatch):
    """Let so many minutes pass for sign-in and sessions."""
    passed = dt.timedelta()
    real = clock.now

    def go(minutes):
        nonlocal passed
        passed += dt.timedelta(minutes=minutes)

    for module in (sessions, sign_in):
        monkeypatch.setattr(module, "now", lambda: real() + passed)
    return go


@pytest.fixture
def device(app):
    found = app.test_client()
    found.sign_in("a")
    return found


def replay(app, cookie, path=PRIVATE):
    """The status that somebody gets who stole a cookie."""
    thief = app.test_client()
    thief.set_cookie(app.config["SESSION_COOKIE_NAME"], cookie)
    return thief.get(path, headers=JSON).status_code


@both
def test_a_stolen_cookie_opens_nothing_after_sign_out(app, device):
    stolen = device.cookie(app)
    assert replay(app, stolen) == 200  # the control: it did open something
    answer = device.post("/logout/")
    assert (answer.status_code, answer.location) == (303, "/login/")
    assert replay(app, stolen) == 401
    assert device.get(PRIVATE, headers=JSON).status_code == 401
    assert db.session.query(AuditEntry).filter_by(fact="SignedOut").count() == 1


@pytest.mark.parametrize("because", ["password_changed", "account_closed", "role_removed"])
def test_a_cookie_opens_nothing_after_its_sessions_were_ended(app, device, because):
    stolen = device.cookie(app)
    user_id = db.session.scalar(select(User.id).where(User.username == "a"))
    login.end_sessions(SYSTEM, user_id, because, clock.now())
    assert replay(app, stolen) == 401


def test_a_closed_account_is_out_at_once(app, device):
    db.session.execute(update(User).where(User.username == "a").values(active=False))
    db.session.commit()
    assert device.get(PRIVATE, headers=JSON).status_code == 401


def test_signing_out_takes_a_form_and_not_a_link(app, device):
    assert device.get("/logout/").status_code == 405
    assert device.get(PRIVATE).status_code == 200


def test_two_devices_are_independent(app, device):
    other = app.test_client()
    other.sign_in("a")
    device.post("/logout/")
    assert other.get(PRIVATE).status_code == 200


def test_a_session_planted_before_the_sign_in_is_not_the_one_after(app):
    attacker = app.test_client()
    attacker.get("/login/")
    planted = attacker.cookie(app)
    victim = app.test_client()
    victim.set_cookie(app.config["SESSION_COOKIE_NAME"], planted)
    victim.sign_in("a")
    assert replay(app, planted) == 401
    with victim.session_transaction() as cookie:
        first = (cookie["token"], cookie.get("csrf_token"))
    victim.sign_in("a")
    with victim.session_transaction() as cookie:
        assert cookie["token"] != first[0]


def test_a_cookie_without_a_living_row_is_nobody(app):
    """A forged cookie needs the secret key; even with it, a name alone opens nothing."""
    device = app.test_client()
    for forged in ({"_user_id": "1"}, {"_user_id": "1", "token": "x"}, {"_user_id": "1", "token": 7}, {"token": None}):
        with device.session_transaction() as cookie:
            cookie.clear()
            cookie.update(forged)
        assert device.get(PRIVATE, headers=JSON).status_code == 401


def test_the_token_of_one_does_not_stand_for_another(app, device):
    with device.session_transaction() as cookie:
        cookie["_user_id"] = str(int(cookie["_user_id"]) + 1)
    assert device.get(PRIVATE, headers=JSON).status_code == 401


def test_an_altered_cookie_is_nobody(app, device):
    cookie = device.cookie(app)
    assert replay(app, cookie[:-2] + ("AA" if cookie[-2:] != "AA" else "BB")) == 401


def test_a_session_ends_after_twelve_hours_of_work(app, device, later):
    for _ in range(71):
        later(10)
        assert device.get(PRIVATE).status_code == 200
    later(10)
    assert device.get(PRIVATE, headers=JSON).status_code == 401


def test_quiet_locks_the_screen_for_pages_and_scripts(app, device, later):
    later(16)
    page = device.get("/meetings/?page=2")
    assert (page.status_code, page.location) == (302, "/locked?next=/meetings/?page%3D2")
    script = device.get(PRIVATE, headers=JSON)
    assert (script.status_code, script.json["code"]) == (423, "session_locked")
    form = device.post("/keys/enrol", headers={"Referer": "http://localhost/keys/"})
    assert (form.status_code, form.location) == (303, "/locked?next=/keys/")


def test_the_password_returns_to_the_same_page(app, device, later):
    later(16)
    page = device.get(device.get("/meetings/?page=2").location)
    assert page.status_code == 200
    assert 'value="a"' in page.text
    assert 'value="/meetings/?page=2"' in page.text
    answer = device.post("/unlock", data={"password": PASSWORD, "next": "/meetings/?page=2"})
    assert (answer.status_code, answer.location) == (303, "/meetings/?page=2")
    assert device.get(PRIVATE).status_code == 200


def test_a_dialog_unlocks_without_leaving_the_page(app, device, later):
    assert device.post("/lock", json={}).status_code == 200
    assert device.get(PRIVATE, headers=JSON).status_code == 423
    wrong = device.post("/unlock", json={"password": "wrong"})
    assert (wrong.status_code, wrong.json["code"], wrong.json["details"]["tries_left"]) == (403, "password_wrong", 4)
    assert device.post("/unlock", json={"password": PASSWORD}).status_code == 200
    assert device.get(PRIVATE, headers=JSON).status_code == 200


def test_the_fifth_wrong_password_signs_the_screen_out(app, device):
    device.post("/lock", json={})
    for _ in range(4):
        assert device.post("/unlock", data={"password": "wrong"}).status_code == 403
    answer = device.post("/unlock", data={"password": "wrong", "next": "/meetings/"})
    assert (answer.status_code, answer.location) == (303, "/login/?next=/meetings/")
    assert device.post("/unlock", json={"password": PASSWORD}).json["code"] == "signed_out"
    assert db.session.scalar(select(LoginSession.revoked_because)) == "unlock_refused"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"password": 7}', b'{"password": null}', b'{"x": "y"}', b"\xff"])
def test_an_odd_unlocking_is_refused_cleanly(app, device, body):
    device.post("/lock", json={})
    answer = device.post("/unlock", data=body, content_type="application/json", headers=JSON)
    assert answer.status_code in (400, 422)
    assert device.get(PRIVATE, headers=JSON).status_code == 423


def test_a_locked_screen_can_be_left(app, device):
    device.post("/lock", json={})
    assert device.post("/logout/").status_code == 303
    assert device.get("/locked").location == "/login/?next=/"


def test_only_a_person_keeps_the_screen_awake(app, device, later):
    for _ in range(3):
        later(6)
        device.get(PRIVATE, headers={"Sec-Fetch-Dest": "empty"})
        if _ < 2:
            device.get(PRIVATE, headers=JSON)
    assert device.get(PRIVATE, headers=JSON).status_code == 423


def test_reading_keeps_the_screen_awake(app, device, later):
    for _ in range(4):
        later(10)
        assert device.post("/awake", json={}).status_code == 200
    assert device.get(PRIVATE).status_code == 200


def test_static_files_ask_for_no_session(app, device, monkeypatch):
    monkeypatch.setattr(login, "session_of", lambda *_: pytest.fail("a query for a static file"))
    answer = device.get("/static/ec/tokens.css")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] != "no-store"
    answer.close()


def test_the_cookie_is_guarded_by_its_attributes(app, gateways, tmp_path):
    from app import create_app
    from tests.conftest import SETTINGS

    header = app.test_client().sign_in("a").headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    guarded = {
        **SETTINGS,
        **gateways,
        "SESSION_COOKIE_SECURE": True,
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/x",
    }
    header = create_app(**guarded).test_client().get("/login/").headers["Set-Cookie"]
    assert header.startswith("__Host-ecabinet=")
    assert "Secure" in header
    assert "Path=/;" in header + ";"
    assert "Domain" not in header
