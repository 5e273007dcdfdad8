"""The own password: changing it asks for the old one and ends every other session."""

from typing import Any

from flask import Flask, flash, redirect, render_template, request, session, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_login import current_user

from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.living import GIVEN, living
from app.views.parsing import NOTHING_YET, BadField
from app.views.sign_in import address
from app.workflows import accounts, login
from app.workflows.engine.errors import WorkflowError
from app.workflows.login_tries import SHORTEST, SessionOver, WeakPassword


class PasswordsDiffer(BadField):
    code = "passwords_differ"
    message = lazy_gettext("The two new passwords are not the same.")


class PasswordView(BaseView):
    """Everybody changes the own password alone; administrators reset those of others."""

    route_base = "/password"
    default_view = "own"

    @expose("/")
    @signed_in
    def own(self) -> str:
        return _page()

    @expose("/change", methods=["POST"])
    @signed_in
    def change(self) -> Any:
        at, found = now(), living()
        if found is None:
            raise SessionOver(NOTHING_YET)
        try:
            wanted = request.form.get("new", "")
            if wanted != request.form.get("new_again", ""):
                raise PasswordsDiffer("new_again")
            login.unlock(found, request.form.get("password", ""), address(), at)
            accounts.change_own_password(current_actor(), current_user.id, wanted, found.session_id, at)
        except WorkflowError as refusal:
            return _page(refusal), refusal.http_status
        session.pop(GIVEN, None)
        flash(_("Your password is changed. Every other device was signed out."), "success")
        return redirect(url_for("PasswordView.own"), 303)


def _page(refusal: WorkflowError | None = None) -> str:
    field = "new" if isinstance(refusal, WeakPassword) else refusal and refusal.field
    problem = str(refusal) if refusal else None
    return render_template("ec/password.html", shortest=SHORTEST, problem=problem, problem_field=field)


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(PasswordView)
