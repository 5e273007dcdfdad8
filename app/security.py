"""Which screens exist for which kind of user, and what of the framework's own sign-in is left: nothing that commits."""

from typing import Any

from flask import g
from flask_appbuilder import AppBuilder
from flask_appbuilder.security.manager import BaseSecurityManager
from flask_appbuilder.security.sqla.manager import SecurityManager as FabSecurityManager
from flask_appbuilder.security.sqla.models import Role
from flask_appbuilder.views import UtilView
from flask_login import current_user
from sqlalchemy import select

from app.extensions import db
from app.views.living import living
from app.views.sign_in import SignInView

Screen = tuple[str, str]  # permission, view


def _opens(view: str, group: str, *verbs: str) -> set[Screen]:
    """List and page of a record screen, its place in the menu (no group: none), and what else is offered there."""
    menu = {("menu_access", view), ("menu_access", group)} if group else set()
    return menu | {(f"can_{verb}", view) for verb in ("list", "show", *verbs)}


PICK = {("can_pick", "PickView")}
MEETINGS_READ = (
    _opens("MeetingRecords", "Meetings") | _opens("ItemRecords", "Meetings") | _opens("PaperRecords", "Meetings")
    | _opens("VersionRecords", "") | _opens("PollRecords", "Meetings") | _opens("SeatRecords", "")
)  # fmt: skip
ABSENCES_READ = _opens("AbsenceRecords", "Meetings")
MEETINGS_PREPARE = MEETINGS_READ | ABSENCES_READ | (
    _opens("MeetingRecords", "Meetings", "add", "edit") | _opens("ItemRecords", "Meetings", "add", "edit", "delete")
    | _opens("PaperRecords", "Meetings", "add", "edit", "delete") | _opens("VersionRecords", "", "add")
    | _opens("PollRecords", "Meetings", "add", "edit") | _opens("SeatRecords", "", "add", "delete")
)  # fmt: skip
ROLL_READ = (
    _opens("PersonRecords", "Government") | _opens("AppointmentRecords", "Government")
    | _opens("OrganisationRecords", "Government") | _opens("BodyRecords", "Government")
)  # fmt: skip
ROLL_KEEP = ROLL_READ | (
    _opens("PersonRecords", "Government", "add", "edit")
    | _opens("AppointmentRecords", "Government", "add", "edit", "delete")
    | _opens("OrganisationRecords", "Government", "add", "edit") | _opens("StaffRecords", "Government", "add", "edit")
)  # fmt: skip
REGISTERS_READ = (
    _opens("OutgoingRecords", "Registers") | _opens("SealRecords", "Registers") | _opens("SpecimenRecords", "Registers")
)  # fmt: skip
REGISTERS_KEEP = REGISTERS_READ | {("menu_access", "IssueQueue")} | (
    _opens("SealRecords", "Registers", "add", "suspend") | _opens("SpecimenRecords", "Registers", "add")
)  # fmt: skip
SLIPS_READ = _opens("SlipRecords", "Slips") | {("menu_access", "SlipQueue")}
SLIPS_PREPARE = SLIPS_READ | {("menu_access", "SlipNew")}
RULES_READ = (
    _opens("RuleSetRecords", "Meetings") | _opens("SlipRuleSetRecords", "Meetings")
    | _opens("CalendarRecords", "Meetings")
)  # fmt: skip
TRIPS_READ = _opens("TripRecords", "Meetings")
TRIPS_KEEP = _opens("TripRecords", "Meetings", "add", "edit", "delete")
REMINDERS_READ = _opens("SlipReminderRecords", "Slips") - {("can_show", "SlipReminderRecords")}
RULES_KEEP = RULES_READ | (
    _opens("RuleSetRecords", "Meetings", "add", "edit") | _opens("SlipRuleSetRecords", "Meetings", "add", "edit")
    | _opens("CalendarRecords", "Meetings", "add", "edit", "delete")
)  # fmt: skip
KEYS_RECOVER = _opens("KeyRecords", "Keys") | _opens("RecoveryRecords", "Keys", "add", "approve")
KEYS_CONFIRM = _opens("RecoveryRecords", "", "approve")
GAPS_DECIDE = _opens("GapRecords", "", "add", "confirm")

SCREENS: dict[str, set[Screen]] = {
    "thanh_vien": KEYS_CONFIRM | GAPS_DECIDE,  # whoever may be the second person; rights decide, so no menu
    "van_phong": MEETINGS_PREPARE | RULES_KEEP | SLIPS_PREPARE | REMINDERS_READ | TRIPS_KEEP
    | ROLL_KEEP | KEYS_RECOVER | _opens("OutgoingRecords", "Registers") | PICK,
    "van_thu": MEETINGS_READ | REGISTERS_KEEP | KEYS_RECOVER | PICK,
    "kiem_toan": MEETINGS_READ | ABSENCES_READ | ROLL_READ | REGISTERS_READ | RULES_READ | SLIPS_READ | REMINDERS_READ
    | TRIPS_READ
    | _opens("AuditRecords", "Oversight") | _opens("RefusalRecords", "Oversight")
    | _opens("UnansweredRecords", "Oversight")
    | _opens("WitnessRecords", "Oversight") | _opens("GapRecords", "Oversight", "add", "confirm"),
    "quan_tri": _opens("AccountRecords", "Security", "add", "edit")
    | _opens("JobRecords", "Security", "retry", "cancel") | _opens("DeliveryRecords", "Security", "retry")
    | _opens("SessionRecords", "Security", "revoke") | _opens("UnansweredRecords", "Oversight", "ask") | PICK,
    "khach": set(),
}  # fmt: skip


class SecurityManager(FabSecurityManager):
    """The framework's accounts and roles, with our sign-in: sessions are rows, and roles only open screens."""

    def register_views(self) -> None:
        """Our sign-in and nothing else; accounts are kept by acts (app/workflows/accounts.py)."""
        self.auth_view = self.appbuilder.add_view_no_menu(SignInView())

    def load_user(self, pk: Any) -> Any:
        """The account of the cookie, as long as its session lives and its screen is not locked."""
        found = living()
        if found is None or found.locked or str(found.user_id) != str(pk):
            return None
        return super().load_user(pk)

    def auth_user_db(self, username: str, password: str) -> None:
        """Nobody signs in here: app/workflows/login.py counts the tries and this would not."""

    def update_user_auth_stat(self, user: Any, success: bool = True) -> None:
        """Nothing: the tries and sessions are rows of their own, and only acts commit."""

    def validate_api_key(self, api_key_string: str) -> None:
        """Nobody: there are no keys that stand for a person."""

    def has_access(self, permission_name: str, view_name: str) -> bool:
        """Whether this screen exists for the signed-in person; one query per request."""
        return (permission_name, view_name) in self._screens()

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        """No screen is open to visitors."""
        return False

    def get_user_menu_access(self, menu_names: list[str] | None = None) -> set[str]:
        """The menu entries of the signed-in person, out of the same query."""
        return {view for permission, view in self._screens() if permission == "menu_access"}

    def _screens(self) -> set[Screen]:
        if not current_user.is_authenticated:
            return set()
        known: tuple[int, set[Screen]] | None = g.get("screens")
        if known is None or known[0] != current_user.id:
            known = g.screens = (current_user.id, self._load_screens(current_user.id))
        return known[1]

    def _load_screens(self, user_id: int) -> set[Screen]:
        """What the roles of an account open; Admin opens nothing, whoever was given it."""
        pairs = select(self.permission_model.name, self.viewmenu_model.name).select_from(self.user_model)
        pairs = pairs.join(self.user_model.roles).join(Role.permissions)
        pairs = pairs.join(self.permissionview_model.permission).join(self.permissionview_model.view_menu)
        mine = pairs.where(self.user_model.id == user_id, Role.name != self.auth_role_admin)
        return {(permission, view) for permission, view in db.session.execute(mine)}


class Builder(AppBuilder):
    """The framework without its language switch by GET and its menu for programs."""

    def _add_admin_views(self) -> None:
        self._indexview = self.add_view_no_menu(self.indexview)
        self.add_view_no_menu(UtilView)
        self.sm.register_views()


def sync_roles(manager: BaseSecurityManager) -> None:
    """Make the roles say exactly what the table says; run at every deployment (flask sync-roles)."""
    for name, screens in SCREENS.items():
        role = manager.add_role(name)
        for granted in list(role.permissions):
            if (granted.permission.name, granted.view_menu.name) not in screens:
                manager.del_permission_role(role, granted)
        for permission, view in screens:
            manager.add_permission_role(role, manager.add_permission_view_menu(permission, view))
