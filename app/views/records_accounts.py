"""Record screens of the administrator: accounts and signed-in devices; nothing of meetings, votes or papers."""

from typing import Any

from flask import Flask, flash, make_response, redirect
from flask_appbuilder import AppBuilder, expose, has_access
from flask_appbuilder.models.filters import BaseFilter
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import StringField

from app.models import LoginSession, Person
from app.views.actor import current_actor, now
from app.views.record_fields import Box, ChoiceField, PickField, needed
from app.views.record_rows import RecordInterface
from app.views.record_words import NOTHING
from app.views.records import Answer, RecordView, Step, Steps
from app.workflows import accounts
from app.workflows.engine.rights import Actor, Right

ADMINISTRATION = "Security"
RESETTING = _(
    "Every device is signed out, the signing key is suspended until two people confirm a new one, and the passkeys are "
    "suspended until their owner adds them anew. Go on?"
)
ENDED = {
    "revoked": _("by an administrator"), "role_changed": _("screens changed"), "deactivated": _("account closed"),
    "password_reset": _("password reset"), "signed_out": _("signed out"), "restored": _("restored from a backup"),
}  # fmt: skip


class HasAccount(BaseFilter):
    """Only people who can sign in at all."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(Person.user_id.is_not(None))


def screens(roles: Any) -> Any:
    """The screens of an account in words."""
    return ", ".join(str(accounts.ROLES.get(role.name, role.name)) for role in roles or ()) or NOTHING


class AccountRecords(RecordView):
    """Accounts by person."""

    route_base = "/records/accounts"
    datamodel = RecordInterface(Person, joined=("user", "user.roles"), orders={"full_name": "sort_key"})
    further_filters = [["user_id", HasAccount, None]]
    acts = {"add": accounts.create_account, "edit": accounts.set_role}
    list_title, show_title = _("Accounts"), _("Account")
    add_title, edit_title = _("Create an account"), _("Choose the screens")
    list_columns = ["full_name", "user.username", "user.roles", "user.active"]
    show_columns = ["full_name", "user.username", "user.email", "user.roles", "user.active", "user.last_login"]
    add_columns = ["person_id", "username", "email", "role"]
    edit_columns = ["role"]
    search_columns = ["full_name", "user.username"]
    order_columns = ["full_name"]
    base_order = ("full_name", "asc")
    title_column = "full_name"
    words = {"user.roles": screens}
    label_columns = {
        "person_id": _("Person"), "full_name": _("Full name"), "user.username": _("User name"),
        "username": _("User name"), "email": _("E-mail"), "user.email": _("E-mail"), "role": _("Screens"),
        "user.roles": _("Screens"), "user.active": _("Can sign in"), "user.last_login": _("Last signed in"),
    }  # fmt: skip
    add_form_extra_fields = {
        "person_id": PickField("people", Person, _("Person"), [needed()]),
        "username": StringField(_("User name"), [needed()], widget=Box()),
        "email": StringField(_("E-mail"), [needed()], widget=Box()),
        "role": ChoiceField(_("Screens"), [needed()], choices=list(accounts.ROLES.items())),
    }
    edit_form_extra_fields = {
        "role": ChoiceField(_("Screens"), [needed()], choices=list(accounts.ROLES.items())),
    }
    method_permission_name = {"close": "edit", "reopen": "edit", "reset": "edit"}

    def initial(self, row: Person) -> dict[str, Any]:
        return {"role": row.user.roles[0].name if row.user and row.user.roles else None}

    def saved(self, made: Any) -> Answer:
        """A new account shows its password once; it is nowhere else."""
        return self._told(*made) if isinstance(made, tuple) else redirect(self.landing(made))

    def steps(self, row: Person, actor: Actor) -> Steps:
        if row.id == actor.person_id or row.user is None or not actor.may(Right.ACCOUNT_MANAGE, row):
            return []
        here = f"{self.route_base}/{row.id}"
        reset = Step(_("Reset the password"), f"{here}/reset", confirm=RESETTING)
        if not row.user.active:
            return [reset, Step(_("Open the account again"), f"{here}/reopen")]
        sure = _("Nobody will be able to sign in with this account. Go on?")
        return [reset, Step(_("Close the account"), f"{here}/close", confirm=sure)]

    @expose("/<int:pk>/close", methods=["POST"])
    @has_access
    def close(self, pk: int) -> Answer:
        accounts.deactivate_account(current_actor(), pk, now=now())
        flash(gettext("The account is closed."), "success")
        return redirect(self.show_url(pk))

    @expose("/<int:pk>/reopen", methods=["POST"])
    @has_access
    def reopen(self, pk: int) -> Answer:
        accounts.activate_account(current_actor(), pk, now=now())
        flash(gettext("The account is open again."), "success")
        return redirect(self.show_url(pk))

    @expose("/<int:pk>/reset", methods=["POST"])
    @has_access
    def reset(self, pk: int) -> Answer:
        password = accounts.reset_password(current_actor(), pk, now=now())
        return self._told(self.row(pk), password)

    def _told(self, person: Person, password: str) -> Answer:
        page = self.page("records/password.html", gettext("Password"), {}, person=person, password=password,
                         back=self.show_url(person.id))  # fmt: skip
        answer = make_response(page)
        answer.headers["Cache-Control"] = "no-store"
        return answer


class SessionRecords(RecordView):
    """Signed-in devices; an administrator may sign one out."""

    route_base = "/records/sessions"
    datamodel = RecordInterface(LoginSession, joined=("user",))
    list_title, show_title = _("Signed-in devices"), _("Signed-in device")
    list_columns = ["user.username", "device", "created_at", "last_seen_at", "revoked_at"]
    show_columns = [*list_columns, "locked_at", "revoked_because"]
    search_columns = ["user.username", "device", "created_at"]
    order_columns = ["created_at", "last_seen_at", "revoked_at"]
    base_order = ("last_seen_at", "desc")
    title_column = "user.username"
    words = {"revoked_because": lambda code: ENDED.get(code, code or NOTHING)}
    label_columns = {
        "user.username": _("User name"), "device": _("Device"), "created_at": _("Signed in at"),
        "last_seen_at": _("Last seen"), "locked_at": _("Screen locked at"), "revoked_at": _("Ended at"),
        "revoked_because": _("Why it ended"),
    }  # fmt: skip
    method_permission_name = {"revoke": "revoke"}

    def steps(self, row: LoginSession, actor: Actor) -> Steps:
        if row.revoked_at is not None:
            return []
        sure = _("Sign this device out?")
        return [Step(_("Sign the device out"), f"{self.route_base}/{row.id}/revoke", confirm=sure)]

    @expose("/<int:pk>/revoke", methods=["POST"])
    @has_access
    def revoke(self, pk: int) -> Answer:
        accounts.revoke_session(current_actor(), pk, now=now())
        flash(gettext("The device is signed out."), "success")
        return redirect(self.show_url(pk))


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    label = _("Administration")
    appbuilder.add_view(AccountRecords, "AccountRecords", label=_("Accounts"), category=ADMINISTRATION,
                        category_label=label)  # fmt: skip
    appbuilder.add_view(SessionRecords, "SessionRecords", label=_("Signed-in devices"), category=ADMINISTRATION)
