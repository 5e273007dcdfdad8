"""A password that somebody else has made opens one door: the page on which its owner chooses another one."""

import pytest

from app.extensions import db
from app.models import Person
from app.workflows import accounts
from app.workflows.engine.rights import Actor
from app.workflows.identity import add_person
from tests.cabinet import NOW, PASSWORD

NEW = "Ruby-Tim!Xuong7"
USERNAME = "moi.vao"


@pytest.fixture
def given(people):
    person = add_person(people["clerk"], 1, "Tạ Thị Mới", NOW)
    return accounts.create_account(people["admin"], person.id, USERNAME, "moi@example.vn", "van_phong", NOW)[1]


def signed_in(app, password):
    device = app.test_client()
    device.sign_in(USERNAME, password)
    return device


def choose(device, given, wanted=NEW):
    return device.post("/password/change", data={"password": given, "new": wanted, "new_again": wanted})


def test_every_other_page_leads_to_the_choice_of_an_own_password(app, given):
    device = signed_in(app, given)
    for path in ("/", "/meetings/", "/keys/", "/notices/"):
        answer = device.get(path)
        assert (answer.status_code, answer.location) == (303, "/password/")
    assert "người khác cấp" in device.get("/password/").text
    assert device.post("/keys/enrol", data={"pin": "240619", "pin_again": "240619"}).location == "/password/"
    refused = device.get("/meetings/", headers={"Accept": "application/json"})
    assert (refused.status_code, refused.json["code"]) == (403, "password_given")


def test_leaving_and_coming_back_does_not_help(app, given):
    device = signed_in(app, given)
    assert device.post("/logout/").status_code == 303
    assert device.get("/password/").status_code == 302
    assert signed_in(app, given).get("/meetings/").location == "/password/"


def test_with_an_own_password_everything_opens_and_the_given_one_nothing(app, given):
    device = signed_in(app, given)
    assert choose(device, given).status_code == 303
    assert device.get("/meetings/").status_code == 200
    assert signed_in(app, given).get("/password/").status_code == 302
    assert signed_in(app, NEW).get("/meetings/").status_code == 200


def test_the_given_password_is_not_an_own_one(app, given):
    device = signed_in(app, given)
    assert choose(device, given, wanted="yeu").status_code == 422
    assert device.get("/meetings/").location == "/password/"


def test_after_a_reset_it_is_a_given_one_again(app, people, given):
    choose(signed_in(app, given), given)
    person_id = db.session.query(Person.id).filter_by(full_name="Tạ Thị Mới").scalar()
    again = accounts.reset_password(people["admin"], person_id, NOW)
    assert signed_in(app, again).get("/meetings/").location == "/password/"


def test_whoever_has_an_own_password_is_led_nowhere(app):
    device = app.test_client()
    device.sign_in("a", PASSWORD)
    assert device.get("/meetings/").status_code == 200


def test_who_was_given_a_password_is_told_from_facts_alone(people, given):
    assert isinstance(people["admin"], Actor)
    by_name = {person.full_name: person.user_id for person in db.session.query(Person) if person.user_id}
    assert accounts.keeps_given_password(by_name["Tạ Thị Mới"])
    assert not accounts.keeps_given_password(by_name["Phạm Văn Ba"])
