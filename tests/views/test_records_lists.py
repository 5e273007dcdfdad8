"""Every generated list: for whom it exists, how many statements it takes, and what odd addresses do to it."""

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from app.extensions import db
from app.models import (
    Absence,
    AgendaItem,
    Appointment,
    AuditEntry,
    Body,
    Document,
    DocumentVersion,
    Job,
    KeyRecovery,
    LoginSession,
    Meeting,
    MemberStaff,
    Organisation,
    Person,
    Poll,
    Refusal,
    RuleSet,
    Seat,
    SigningKey,
)
from app.security import SCREENS
from app.views.record_rows import RecordInterface
from app.views.records import RecordView
from tests.cabinet import PEOPLE

ROLES = {"van_phong": "clerk", "van_thu": "records", "kiem_toan": "auditor", "quan_tri": "admin",
         "thanh_vien": "chairman", "khach": "guest"}  # fmt: skip


def screens(app) -> dict[str, RecordView]:
    return {type(view).__name__: view for view in app.appbuilder.baseviews if isinstance(view, RecordView)}


def test_smoke(app, at):
    for name, view in screens(app).items():
        for role, person in ROLES.items():
            answer = at(person).get(f"{view.route_base}/")
            expected = 200 if ("can_list", name) in SCREENS[role] else 403
            assert answer.status_code == expected, (name, role, answer.status_code)
