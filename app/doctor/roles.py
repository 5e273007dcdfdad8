"""The roles of the screens say what the code says."""

from collections.abc import Iterator

from flask import current_app
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.doctor.findings import Finding, error, ok
from app.extensions import db
from app.security import SCREENS, Screen


def in_step() -> Iterator[Finding]:
    """What each role opens, against the table."""
    stored = _stored()
    off = sorted(name for name, screens in SCREENS.items() if stored.get(name) != screens)
    if off:
        said = _("The roles %(names)s differ from the program; run: flask sync-roles", names=", ".join(off))
        yield error("roles", said)
    else:
        yield ok("roles", _("The roles open what the program says."))


def break_glass() -> Iterator[Finding]:
    """Nobody holds the framework's role for everything."""
    manager = current_app.extensions["appbuilder"].sm
    holders = select(manager.user_model.id).join(manager.user_model.roles)
    with db.engine.connect() as connection:
        held = connection.execute(holders.where(manager.role_model.name == manager.auth_role_admin)).first()
    if held:
        yield error("roles.admin", _("Somebody holds the framework's role Admin; take it away from him."))
    else:
        yield ok("roles.admin", _("Nobody holds the framework's role Admin."))


def _stored() -> dict[str, set[Screen]]:
    """Permission and view of every role that the table names; a role that is not there is left out."""
    manager = current_app.extensions["appbuilder"].sm
    role = manager.role_model
    pairs = select(role.name, manager.permission_model.name, manager.viewmenu_model.name).select_from(role)
    pairs = pairs.outerjoin(role.permissions)
    pairs = pairs.outerjoin(manager.permissionview_model.permission).outerjoin(manager.permissionview_model.view_menu)
    found: dict[str, set[Screen]] = {}
    with db.engine.connect() as connection:
        for name, permission, view in connection.execute(pairs.where(role.name.in_(list(SCREENS)))):
            found.setdefault(name, set()).update({(permission, view)} if permission else set())
    return found


CHECKS = (in_step, break_glass)
