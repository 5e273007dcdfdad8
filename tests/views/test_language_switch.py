"""Vietnamese unless somebody chose English: libraries speak it too, and no page mixes the two."""

import re

import pytest
from flask import Flask
from flask_babel import force_locale, gettext
from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import DataRequired, Length

from tests.views.brackets import data, spoken

FOREIGN = re.compile(r"[^\W\d_a-zA-Z]")
PAGES = ["/", "/meetings/", "/keys/", "/notices/", "/records/meetings/", "/records/meetings/add", "/records/people/"]


class Form(FlaskForm):
    """Says what WTForms says when something is wrong."""

    name = StringField(validators=[DataRequired()])
    code = StringField(validators=[Length(max=2)])
    rank = IntegerField()


def complaints(app: Flask, locale: str) -> list[str]:
    with app.test_request_context(method="POST", data={"code": "dài quá", "rank": "x"}), force_locale(locale):
        form = Form()
        form.validate()
        return [str(problem) for problems in form.errors.values() for problem in problems]


def test_the_form_library_complains_in_the_chosen_language(app):
    assert complaints(app, "vi") == [
        "Ô này bắt buộc nhập.", "Không được dài quá 2 ký tự.", "Số nguyên không hợp lệ.",
    ]  # fmt: skip
    assert complaints(app, "en") == [
        "This field is required.", "Field cannot be longer than 2 characters.", "Not a valid integer value.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "message", ["No records found", "Access is Denied", "Are you sure you want to delete this item?"]
)
def test_the_record_library_speaks_the_chosen_language(app, message):
    """Its own catalogues have no Vietnamese."""
    with app.test_request_context():
        with force_locale("en"):
            assert gettext(message) == message
        with force_locale("vi"):
            assert FOREIGN.search(gettext(message))


def test_a_worker_without_a_request_speaks_vietnamese(app):
    assert gettext("Sign in") == "Đăng nhập"


def test_a_page_is_vietnamese_until_somebody_chooses_english(at, scene):
    scene.invite()
    clerk = at("clerk")
    assert '<html lang="vi"' in clerk.get("/records/meetings/").text
    assert "Phiên họp" in clerk.get("/records/meetings/").text
    clerk.post("/language/en")
    assert '<html lang="en"' in clerk.get("/records/meetings/").text
    known = data()
    mixed = {
        text: path
        for path in PAGES
        for text in spoken(clerk.get(path).text)
        if FOREIGN.search(known.sub(" ", text)) and "Tiếng Việt" not in text
    }
    assert mixed == {}
    clerk.post("/language/vi")
    assert '<html lang="vi"' in clerk.get("/").text


def test_an_unknown_language_changes_nothing(at):
    person = at("a")
    person.post("/language/xx")
    assert '<html lang="vi"' in person.get("/").text
