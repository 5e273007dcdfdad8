"""No open doors: every address is guarded or on a short list, and so are the sockets; roles open what exists."""

import inspect

import pytest
from flask import Flask
from flask_appbuilder import BaseView
from flask_appbuilder.security.sqla.models import User

from app.extensions import csrf, db, socketio
from app.security import SCREENS
from app.views.living import FOR_PROGRAMS, OPEN_WHILE_LOCKED, SESSIONLESS
from tests.device import JSON
from tests.views.test_csrf import filled_in

PUBLIC = {
    "static", "appbuilder.static",  # the same files for everybody
    "SignInView.login", "SignInView.enter", "SignInView.logout", "SignInView.language",  # before and after a session
    "SignInView.locked", "SignInView.lock", "SignInView.unlock",
    "SignInView.ask_passkey", "SignInView.unlock_by_passkey",  # a locked session asks for its own password or passkey
    "PushView.worker",  # the script that shows push messages: browsers ask for it whether somebody is signed in or not
    "UtilView.back",  # leads to a page that the same browser has already seen
    *SESSIONLESS,  # the public page and the machines: they look at nobody's session
    "VerificationView.start", "VerificationView.check",  # the page behind the code on a document
    "VerificationView.document", "VerificationView.check_document",
}  # fmt: skip


def endpoints(app: Flask) -> set[str]:
    return {rule.endpoint for rule in app.url_map.iter_rules()}


def guarded(app: Flask, endpoint: str) -> bool:
    view = app.view_functions[endpoint]
    return bool(getattr(view, "_permission_name", None) or getattr(view, "_signed_in", False))


def test_every_address_is_guarded_or_listed(app):
    assert {endpoint for endpoint in endpoints(app) if not guarded(app, endpoint)} == PUBLIC


def test_the_check_would_find_an_open_door(app):
    app.view_functions["open_door"] = lambda: "anybody"
    try:
        assert not guarded(app, "open_door")
    finally:
        del app.view_functions["open_door"]


@pytest.mark.parametrize("headers", [JSON, {}], ids=["script", "page"])
def test_a_visitor_gets_nowhere(app, headers):
    """What the marks promise is tried: a permission name without its decorator would pass the test above."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint in PUBLIC:
            continue
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = app.test_client().open(filled_in(rule), method=method, headers=headers)
            led_away = answer.status_code in (302, 303) and (answer.location or "").startswith("/login/")
            assert led_away or answer.status_code == 401, (method, rule.rule, answer.status_code)


def test_a_locked_screen_gets_nowhere_either(app):
    device = app.test_client().enter_as("clerk")
    device.post("/lock", json={})
    for rule in app.url_map.iter_rules():
        if rule.endpoint in OPEN_WHILE_LOCKED | {"static", "appbuilder.static"}:
            continue
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = device.open(filled_in(rule), method=method, headers=JSON)
            assert (method, rule.rule, answer.status_code) == (method, rule.rule, 423)


def test_what_a_locked_screen_reaches_is_public_anyway():
    assert OPEN_WHILE_LOCKED <= PUBLIC


def test_every_screen_of_a_role_exists(app):
    """A typing error in the table would open nothing and tell nobody."""
    views = {view.class_permission_name: view for view in app.appbuilder.baseviews if isinstance(view, BaseView)}
    menu = {entry.name for group in app.appbuilder.menu.get_list() for entry in [group, *group.childs]}
    unknown = [
        (role, permission, view)
        for role, screens in SCREENS.items()
        for permission, view in screens
        if (view not in menu if permission == "menu_access" else permission not in _permissions(views.get(view)))
    ]
    assert unknown == []


def _permissions(view: BaseView | None) -> set[str]:
    return set(view.base_permissions) if view is not None else set()


def test_every_guarded_screen_is_open_to_some_role(app):
    """A screen that no role has would be a door nobody knows of."""
    granted = set().union(*SCREENS.values())
    views = [view for view in app.appbuilder.baseviews if isinstance(view, BaseView)]
    needed = {
        (f"can_{(view.method_permission_name or {}).get(name, method._permission_name)}", view.class_permission_name)
        for view in views
        for name, method in inspect.getmembers(view, callable)
        if hasattr(method, "_permission_name") and hasattr(method, "_urls")
        and f"{view.endpoint}.{name}" in endpoints(app)
    }  # fmt: skip
    assert sorted(needed - granted) == []


def test_nobody_holds_the_role_of_the_framework(app):
    held = {role.name for user in db.session.query(User) for role in user.roles}
    assert held == set(SCREENS)
    assert app.appbuilder.sm.get_public_role() is None  # visitors have no role either


def test_no_screen_of_an_administrator_shows_meetings_votes_or_papers():
    content = ("Meeting", "Item", "Paper", "Version", "Poll", "Seat", "Absence", "Audit", "RuleSet", "Key", "Recovery")
    assert [view for _permission, view in SCREENS["quan_tri"] if view.startswith(content)] == []


def test_no_view_is_exempt_from_the_form_token(app):
    assert csrf._exempt_views == set()


def test_only_what_no_form_can_send_needs_no_token(app):
    assert {"PkiView.ask"} == FOR_PROGRAMS


def test_only_the_public_page_and_machines_look_at_no_session():
    views = {"CalendarFeedView", "HealthView", "PkiView", "VerificationView"}
    assert {endpoint.partition(".")[0] for endpoint in SESSIONLESS} == views


def test_sockets_have_one_namespace_and_one_origin(app):
    """Who may connect is tried over the wire in tests/realtime."""
    assert socketio.server.eio.cors_allowed_origins is None  # the same origin; an empty list would mean any
    namespaces = [namespace for namespace in socketio.server.namespace_handlers if namespace != "*"]
    assert namespaces == ["/meetings"]
