"""Which screens exist for which kind of user; what they may do there is decided by engine/rights.py."""

from flask_appbuilder.security.manager import BaseSecurityManager
from flask_appbuilder.security.sqla.manager import SecurityManager as FabSecurityManager

SCREENS: dict[str, set[tuple[str, str]]] = {
    "thanh_vien": set(),
    "van_phong": set(),
    "van_thu": set(),
    "kiem_toan": set(),
    "quan_tri": set(),
    "khach": set(),
}


class SecurityManager(FabSecurityManager):
    """FAB's accounts and roles."""


def sync_roles(manager: BaseSecurityManager) -> None:
    """Make the roles say exactly what the table says; run at every deployment (flask sync-roles)."""
    for name, screens in SCREENS.items():
        role = manager.add_role(name)
        for granted in list(role.permissions):
            if (granted.permission.name, granted.view_menu.name) not in screens:
                manager.del_permission_role(role, granted)
        for permission, view in screens:
            manager.add_permission_role(role, manager.add_permission_view_menu(permission, view))
