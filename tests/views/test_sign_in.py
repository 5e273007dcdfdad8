"""The sign-in page: who enters, where it leads, which hosts it answers to, and what stays out of reach."""

import pytest
from sqlalchemy import func, select

from app.extensions import db
from app.models import LoginSession, LoginTry, Refusal
from app.views.addresses import same_site
from tests.cabinet import PASSWORD
from tests.device import JSON

ELSEWHERE = [
    "http://evil.vn", "https://evil.vn/", "//evil.vn", "///evil.vn", "////evil.vn", "/\\evil.vn", "\\\\evil.vn",
    "\\/evil.vn", "/\t/evil.vn", "/\n/evil.vn", "\t//evil.vn", " //evil.vn", "http:evil.vn", "http:/evil.vn",
    "http:///evil.vn", "https:evil.vn", "HTTP://EVIL.VN", "javascript:alert(1)", "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "ftp://evil.vn",
    "http://localhost@evil.vn", "http://localhost:80@evil.vn", "http://localhost.evil.vn", "//localhost@evil.vn",
    "http://evil.vn#localhost", "http://evil.vn?localhost", "http://[::1", "http://localhost\\@evil.vn", "//evil.vn/..",
    "/\u202e//evil.vn", "/\x00/evil.vn", "\ufeff//evil.vn", "//%65vil.vn", "https://localhost:99999999",
    "evil.vn", "../evil.vn", "http://127.0.0.1", "mailto:a@evil.vn", "//\u2028evil.vn", "x" * 3000, "/" + "x" * 3000,
    "/login/?next=/login/", "/logout/", "/unlock", "/language/en",
]  # fmt: skip


def test_the_right_password_leads_to_where_one_wanted_to_go(app):
    device = app.test_client()
    answer = device.get("/meetings/")
    assert (answer.status_code, answer.location) == (302, "/login/?next=/meetings/")
    answer = device.sign_in("a", form={"next": "/meetings/?page=2"})
    assert (answer.status_code, answer.location) == (303, "/meetings/?page=2")
    assert device.get("/meetings/").status_code == 200


def test_a_wrong_password_keeps_the_name_and_tells_nothing(app):
    device = app.test_client()
    known, unknown = device.sign_in("a", "wr0ngWord"), device.sign_in("nobody", "wr0ngWord")
    assert known.status_code == unknown.status_code == 401
    assert 'value="a"' in known.text
    assert "wr0ngWord" not in known.text
    assert device.get("/", headers=JSON).status_code == 401
    assert db.session.query(Refusal).filter_by(act="sign_in").count() == 2


def test_a_locked_name_gets_429_in_words(app):
    device = app.test_client()
    for _ in range(5):
        device.sign_in("a", "wrong")
    answer = device.sign_in("a")
    assert answer.status_code == 429
    assert device.sign_in("b").status_code == 303


def test_a_header_about_forwarding_buys_no_further_tries(app):
    device = app.test_client()
    for number in range(30):
        spoofed = {"X-Forwarded-For": f"203.0.113.{number}", "X-Real-Ip": "203.0.113.1", "Forwarded": "for=203.0.113.1"}
        device.sign_in(f"name{number}", "wrong", headers=spoofed)
    assert device.sign_in("b", headers={"X-Forwarded-For": "203.0.113.99"}).status_code == 429
    assert device.sign_in("b", environ_base={"REMOTE_ADDR": "198.51.100.9"}).status_code == 303
    assert set(db.session.scalars(select(LoginTry.address))) == {"127.0.0.1", "198.51.100.9"}


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_address_leads_away_or_in_circles(app, target):
    with app.test_request_context("/", base_url="http://localhost"):
        assert same_site(target) == "/"


@pytest.mark.parametrize("target", ELSEWHERE[:12])
def test_a_sign_in_never_redirects_away(app, target):
    answer = app.test_client().sign_in("a", form={"next": target})
    assert (answer.status_code, answer.location) == (303, "/")


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/meetings/12", "/meetings/12"), ("/meetings/?a=b&c=d", "/meetings/?a=b&c=d"), ("/m#part", "/m"), ("/", "/"),
        ("http://localhost/polls/3?x=1", "/polls/3?x=1"), ("http://localhost", "/"), ("", "/"), (None, "/"),
        ("/xac-minh/%C4%91", "/xac-minh/%C4%91"),
    ],
)  # fmt: skip
def test_addresses_of_this_site_are_kept(app, target, path):
    with app.test_request_context("/", base_url="http://localhost"):
        assert same_site(target) == path


@pytest.mark.parametrize("host", ["evil.vn", "localhost.evil.vn", "evil.vn:80", "localhost@evil.vn", "xlocalhost"])
@pytest.mark.parametrize("path", ["/login/?next=http://evil.vn/phish", "/", "/meetings/", "/nowhere"])
def test_another_host_is_not_served(app, host, path):
    answer = app.test_client().get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text
    assert answer.location is None


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Original-Host", "X-Host", "X-Original-Url", "X-Rewrite-Url"])
def test_no_header_stands_for_the_host_or_the_path(app, header):
    answer = app.test_client().get("/meetings/", headers={header: "evil.vn"})
    assert answer.location == "/login/?next=/meetings/"


def test_a_person_who_is_signed_in_is_led_on(app):
    device = app.test_client().enter_as("a")
    assert device.get("/login/?next=/meetings/").location == "/meetings/"


def test_signing_in_again_ends_the_session_before(app):
    device = app.test_client()
    device.sign_in("a")
    device.sign_in("b")
    ended = db.session.scalars(select(LoginSession.revoked_because).order_by(LoginSession.id)).all()
    assert ended == ["signed_out", None]


@pytest.mark.parametrize(
    "path",
    ["/api/v1/security/login", "/api/v1/security/refresh", "/api/v1/security/users/", "/register/form",
     "/resetmypassword/form", "/resetpassword/form", "/users/list/", "/users/add", "/roles/list/", 
     "/userinfoeditview/form", "/lang/en", "/api/v1/menu/", "/api/v1/_openapi", "/swagger/v1"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["get", "post"])
def test_the_sign_in_of_the_framework_is_not_there(app, path, method):
    assert getattr(app.test_client().enter_as("admin"), method)(path).status_code == 404


def test_the_framework_itself_signs_nobody_in(app):
    manager = app.appbuilder.sm
    assert manager.auth_user_db("a", PASSWORD) is None
    assert manager.validate_api_key("sst_x") is None
    assert db.session.scalar(select(func.count()).select_from(LoginTry)) == 0


def test_whoever_was_given_the_role_of_the_framework_sees_no_screen_by_it(app):
    from flask_appbuilder.security.sqla.models import User

    manager = app.appbuilder.sm
    user = db.session.query(User).filter_by(username="guest").one()
    user.roles = [manager.find_role("Admin")]
    manager.add_permission_role(user.roles[0], manager.add_permission_view_menu("can_list", "AnyView"))
    db.session.commit()
    assert manager._load_screens(user.id) == set()
    user.roles[0].name = "other"
    db.session.flush()
    assert ("can_list", "AnyView") in manager._load_screens(user.id)


def test_the_demo_panel_appears_in_demo_mode_only(app, monkeypatch):
    device = app.test_client()
    assert PASSWORD not in device.get("/login/").text
    monkeypatch.setitem(app.config, "DEMO", True)
    assert PASSWORD in device.get("/login/").text


@pytest.mark.parametrize(("code", "status"), [("en", 303), ("vi", 303), ("fr", 404), ("../en", 404), ("", 404)])
def test_the_language_is_chosen_by_a_form(app, code, status):
    device = app.test_client()
    assert device.post(f"/language/{code}").status_code == status
    expected = code if status == 303 else "vi"
    assert f'<html lang="{expected}"' in device.get("/login/").text


def test_the_language_outlives_the_sign_in(app):
    device = app.test_client()
    device.post("/language/en")
    device.sign_in("a")
    with device.session_transaction() as cookie:
        assert cookie["locale"] == "en"


@pytest.mark.parametrize(
    "form",
    [{}, {"username": "a"}, {"password": "x"}, {"username": "a" * 70_000, "password": "x"}, {"username": "\0"},
     {"username": ["a", "b"], "password": ["x", "y"]}, {"username": "a", "password": "đ" * 500}],
)  # fmt: skip
def test_an_odd_form_is_a_refused_sign_in(app, form):
    assert app.test_client().post("/login/", data=form).status_code == 401
