"""What the sign-in page of a demonstration shows beside the form; nothing of it anywhere else."""

import datetime as dt
from typing import Any

from flask import current_app
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import Appointment, Office, Person, SeatRole
from app.views.actor import now
from app.workflows.engine.words import word
from app.workflows.rules.calendar import hanoi_date

PASSWORD = "Ecabinet@2019"  # noqa: S105 - shown on the page, for invented people only
PIN = "240619"


def demo_panel() -> dict[str, Any]:
    """The accounts with their common password and PIN in demo mode, else nothing."""
    if not current_app.config["DEMO"]:
        return {}
    note = _("All people and papers here are invented.")
    return {
        "demo_accounts": _accounts(hanoi_date(now())), "demo_password": PASSWORD, "demo_pin": PIN, "demo_note": note,
    }  # fmt: skip


def _accounts(on: dt.date) -> list[dict[str, Any]]:
    """Invented people who can sign in, by rank; `first` marks one of each office, which are enough for a tour."""
    rows = db.session.execute(
        select(User.username, Person.full_name, Appointment.post, Appointment.office)
        .join(Person, Person.user_id == User.id)
        .outerjoin(Appointment, (Appointment.person_id == Person.id) & Appointment.in_force(on))
        .where(User.active.is_(True), Person.fictional.is_(True))
        .order_by(Appointment.rank.is_(None), Appointment.rank, User.username)
    )
    lines: dict[str, dict[str, Any]] = {}
    offices: set[Office | None] = set()
    for username, name, post, office in rows:
        if username not in lines:
            label = f"{name} – {post or word(SeatRole.GUEST)}"
            lines[username] = {"username": username, "label": label, "first": office not in offices}
        offices.add(office)
    return list(lines.values())
