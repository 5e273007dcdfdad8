"""Sign-in, lock, sign-out and language: the only pages that answer without a signed-in person."""

from typing import Any

from flask import current_app, flash, jsonify, redirect, render_template, request, session, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app.views import living as sessions
from app.views.actor import now
from app.views.addresses import same_site, same_site_referrer
from app.views.demo_panel import demo_panel
from app.views.guards import signed_in, wants_json
from app.views.parsing import json_object
from app.views.signing_requests import PARTS_OF_ANSWER, passkey_answer
from app.workflows import login as acts
from app.workflows import passkey_unlock
from app.workflows.login import WrongCredentials, WrongPassword
from app.workflows.login_tries import SessionOver, TooManyTries, account_of
from app.workflows.rules.passwords import LONGEST


class SignInView(BaseView):
    """Everything here goes through app.workflows.login; a locked screen reaches these addresses and no others."""

    route_base = ""
    default_view = "login"

    @expose("/login/", methods=["GET"])
    def login(self) -> Any:
        to = same_site(request.args.get("next"))
        found = sessions.living()
        if found and not found.locked:
            return redirect(to)
        return render_template("ec/login.html", next=to, **demo_panel())

    @expose("/login/", methods=["POST"])
    def enter(self) -> Any:
        name, to = request.form.get("username", ""), same_site(request.form.get("next") or request.args.get("next"))
        try:
            token = acts.sign_in(name, request.form.get("password", ""), address(), device(), now())
        except (WrongCredentials, TooManyTries) as refusal:
            if wants_json():
                raise
            kept = {"username": name[:64], "problem": str(refusal), "next": to}
            return render_template("ec/login.html", **kept, **demo_panel()), refusal.http_status
        before = sessions.living()
        if before:
            acts.sign_out(before, now())
        sessions.begin(token)
        return redirect(to, 303)

    @expose("/logout/", methods=["POST"])
    def logout(self) -> Response:
        found = sessions.living()
        if found:
            acts.sign_out(found, now())
        sessions.clear()
        return redirect(url_for("SignInView.login"), 303)

    @expose("/locked", methods=["GET"])
    def locked(self) -> Any:
        to = same_site(request.args.get("next"))
        found = sessions.living()
        if found is None:
            return redirect(url_for("SignInView.login", next=to))
        return lock_page(found, to) if found.locked else redirect(to)

    @expose("/lock", methods=["POST"])
    def lock(self) -> Any:
        found = sessions.living()
        if found:
            acts.lock_screen(found, now())
        return jsonify() if wants_json() else redirect(url_for("SignInView.locked", next=same_site_referrer()), 303)

    @expose("/unlock", methods=["POST"])
    def unlock(self) -> Any:
        if request.is_json:
            return self._unlock_for_script(json_object("password").text("password", LONGEST))
        to, found = same_site(request.form.get("next")), sessions.living()
        if found is None:
            return redirect(url_for("SignInView.login", next=to), 303)
        try:
            acts.unlock(found, request.form.get("password", ""), address(), now())
        except WrongPassword as refusal:
            return lock_page(found, to, str(refusal)), refusal.http_status
        except SessionOver as refusal:
            sessions.clear()
            flash(str(refusal), "danger")
            return redirect(url_for("SignInView.login", next=to), 303)
        return redirect(to, 303)

    def _unlock_for_script(self, password: str) -> Any:
        found = sessions.living()
        if found is None:
            return _signed_out()
        try:
            acts.unlock(found, password, address(), now())
        except SessionOver:
            sessions.clear()
            raise
        return jsonify()

    @expose("/unlock/passkey", methods=["POST"])
    def ask_passkey(self) -> Any:
        """What the browser asks its authenticator in order to open this screen."""
        json_object()
        found = sessions.living()
        return _signed_out() if found is None else jsonify(passkey_unlock.begin(found, now()))

    @expose("/unlock/passkey/answer", methods=["POST"])
    def unlock_by_passkey(self) -> Any:
        answer, found = passkey_answer(json_object(*PARTS_OF_ANSWER)), sessions.living()
        if found is None:
            return _signed_out()
        try:
            passkey_unlock.unlock(found, answer, address(), now())
        except SessionOver:
            sessions.clear()
            raise
        return jsonify()

    @expose("/awake", methods=["POST"])
    @signed_in
    def awake(self) -> Response:
        """Somebody reads without asking for anything; that was noted before this answer (app/views/living.py)."""
        return jsonify()

    @expose("/language/<string:code>", methods=["POST"])
    def language(self, code: str) -> Response:
        if code not in current_app.config["LANGUAGES"]:
            raise NotFound
        session["locale"] = code
        return redirect(same_site(request.form.get("next")) if "next" in request.form else same_site_referrer(), 303)


def address() -> str:
    """The caller's network address; that of the last trusted proxy is left out by config.PROXIES, never by a header."""
    return (request.remote_addr or "")[:64]


def device() -> str:
    """What the browser calls itself."""
    return request.user_agent.string[:200]


def lock_page(found: acts.Living, to: str, problem: str | None = None) -> str:
    """The lock as a page of its own."""
    account = account_of(found.user_id)
    name, offer = account.username if account else "", sessions.passkey_offer(found)
    return render_template("ec/locked.html", next=to, problem=problem, username=name, passkey=offer)


def _signed_out() -> Any:
    message = _("You have been signed out. Please sign in again.")
    return jsonify(code="signed_out", message=message, field=None, details={}), 401
