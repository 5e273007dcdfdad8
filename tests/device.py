"""A browser of the tests: every request sees the application as a fresh one would, and signing in is one word."""

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import User
from werkzeug.test import TestResponse

from app.extensions import db
from app.workflows import login
from app.workflows.login_tries import account_of
from tests.cabinet import PASSWORD

JSON = {"Accept": "application/json"}


class Device(FlaskClient):
    """A client whose requests run in a context of their own, whatever context the test itself is in.

    Without that, what a request keeps for itself (who is signed in, whose rights) would leak into the next one, and
    the rows a test has loaded would hide what a request has written.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        db.session.rollback()
        with self.application.app_context():
            answer = super().open(*args, **kwargs)
        db.session.rollback()
        return answer

    def sign_in(self, name: str, password: str = PASSWORD, **kwargs: Any) -> TestResponse:
        """Fill in the form, as a person does."""
        form = {"username": name, "password": password, **kwargs.pop("form", {})}
        if self.application.config["WTF_CSRF_ENABLED"]:
            form["csrf_token"] = self.form_token()
        return self.post("/login/", data=form, **kwargs)

    def enter_as(self, name: str) -> "Device":
        """A signed-in device without the price of a password, on the real clock."""
        from app.views.actor import now
        from app.views.living import TOKEN

        user = db.session.query(User).filter_by(username=name).one()
        account = account_of(user.id)
        at = now()
        with self.application.app_context():
            token = login.begin(account.actor, account, None, "test", at)
        with self.session_transaction() as cookie:
            cookie.clear()
            cookie.update({TOKEN: token, "_user_id": str(account.user_id), "_fresh": True})
        return self

    def form_token(self, page: str = "/login/") -> str:
        """The form token that a page carries."""
        return re.search(r'name="csrf-token" content="([^"]+)"', self.get(page).text)[1]

    def cookie(self, application: Flask) -> str:
        """The session cookie as it travels, to be replayed."""
        found = self.get_cookie(application.config["SESSION_COOKIE_NAME"])
        return found.value if found else ""
