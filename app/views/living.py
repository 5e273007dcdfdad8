"""Which session stands behind a request: the cookie names it, a row keeps it alive, quiet makes it lock."""

from typing import Any

from flask import Flask, current_app, flash, g, jsonify, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import login_user, logout_user

from app.gateways.passkeys import relying_party
from app.views.actor import now
from app.views.addresses import same_site, same_site_referrer
from app.views.guards import wants_json
from app.workflows import login
from app.workflows.accounts import keeps_given_password
from app.workflows.login import Living

TOKEN = "token"  # noqa: S105 - the name under which the cookie carries it
USER = "_user_id"  # and whose session it is, in the words of flask-login
GIVEN = "given"  # in the cookie as long as the password is one that somebody else has made
SESSIONLESS = frozenset(  # the public page: the same for everybody, whoever is signed in on the device; and machines
    {"VerificationView.start", "VerificationView.document", "VerificationView.check", "VerificationView.check_document",
     "HealthView.live", "HealthView.ready", "HealthView.figures",
     "PkiView.certificate", "PkiView.revocations", "PkiView.ask", "PkiView.look_up", "CalendarFeedView.file"}
)  # fmt: skip
BY_ITSELF = frozenset({"SlipView.received"})  # what a page sends although nobody touched it
FOR_PROGRAMS = frozenset({"PkiView.ask"})  # what no form can send, and what changes nothing
OPEN_WHILE_LOCKED = SESSIONLESS | frozenset(
    {"SignInView.locked", "SignInView.unlock", "SignInView.ask_passkey", "SignInView.unlock_by_passkey",
     "SignInView.lock", "SignInView.logout", "SignInView.language"}
)  # fmt: skip
OPEN_WITH_GIVEN = OPEN_WHILE_LOCKED | frozenset({"PasswordView.own", "PasswordView.change", "SignInView.login"})


def register(app: Flask) -> None:
    """Watch the session of every request."""
    app.before_request(watch)


def living() -> Living | None:
    """The living session behind the cookie, a locked one included; looked up once per request."""
    if "living" not in g:
        token = session.get(TOKEN)
        g.living = login.session_of(token, now()) if isinstance(token, str) else None
    found: Living | None = g.living
    return found


def passkey_offer(found: Living | None) -> dict[str, str] | None:
    """How a script opens the locked screen of this session with a passkey; None where the person has none in use."""
    party = relying_party()
    if found is None or not found.passkey or party is None:
        return None
    ask, answer = url_for("SignInView.ask_passkey"), url_for("SignInView.unlock_by_passkey")
    return {"ask": ask, "answer": answer, "origin": party.origin}


def watch() -> Any:
    """Before every page: forget an ended session, stop at a locked one, note that somebody is there.

    `g.here` is then the session, which is all that an act wants to know; the account is only loaded to be shown.
    """
    if is_static() or request.endpoint in SESSIONLESS:
        return None
    found = living()
    if found is None:
        forget()
    elif found.locked:
        return None if request.endpoint in OPEN_WHILE_LOCKED else stopped()
    elif session.get(GIVEN) and request.endpoint not in OPEN_WITH_GIVEN:
        return sent_to_choose()
    else:
        if session.get(USER) == str(found.user_id):
            g.here = found
        if by_hand():
            login.stay(found, now())
    return None


def begin(token: str) -> None:
    """Give this browser a new session: nothing of the one before stays but the language."""
    clear()
    session[TOKEN] = token
    g.pop("living")
    found = living()
    if found:
        login_user(current_app.extensions["appbuilder"].sm.get_user_by_id(found.user_id))
        if keeps_given_password(found.user_id):
            session[GIVEN] = True


def sent_to_choose() -> Any:
    """The answer to whoever signed in with a password that somebody else has made: first choose an own one."""
    message = _("This password was made for you by others. Choose your own before you go on.")
    if wants_json():
        return jsonify(code="password_given", message=message, field=None, details={}), 403
    flash(message, "info")
    return redirect(url_for("PasswordView.own"), 303)


def forget() -> None:
    """Take the name of an ended session out of the cookie; the form token stays, so that a form is told why."""
    if session.pop(TOKEN, None) is not None:
        logout_user()
    g.living = None
    g.pop("here", None)
    g.pop("actor", None)


def clear() -> None:
    """Empty the cookie of everything but the language."""
    language = session.get("locale")
    forget()
    session.clear()
    if language:
        session["locale"] = language


def stopped() -> Any:
    """The answer of a locked screen: 423 for scripts, the lock page for people."""
    if wants_json():
        message = _("The screen is locked. Enter your password to go on.")
        return jsonify(code="session_locked", message=message, field=None, details={}), 423
    here = same_site(request.full_path.rstrip("?")) if request.method == "GET" else same_site_referrer()
    return redirect(url_for("SignInView.locked", next=here), 303 if request.method == "POST" else 302)


def by_hand() -> bool:
    """Whether a person did this; what a page fetches by itself keeps no screen awake."""
    if request.method != "GET":
        return request.endpoint not in BY_ITSELF
    return request.headers.get("Sec-Fetch-Dest", "document") != "empty" and not wants_json()


def is_static() -> bool:
    """Style sheets, scripts and pictures: the same for everybody."""
    return request.endpoint == "static" or (request.endpoint or "").endswith(".static")
