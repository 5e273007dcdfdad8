"""Record screens of the auditor: what happened, and what was refused."""

import json
from typing import Any

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_babel import lazy_gettext as _
from markupsafe import Markup

from app.models import AuditEntry, Refusal
from app.views.record_facts import act_word, fact_word, reason_word, subject_word
from app.views.record_rows import RecordInterface
from app.views.record_words import digest
from app.views.records import RecordView

AUDIT = "Oversight"


def recorded(payload: Any) -> Any:
    """The data of a fact as it was recorded."""
    return Markup('<pre class="rec-json">{}</pre>').format(json.dumps(payload, ensure_ascii=False, indent=2))


class AuditRecords(RecordView):
    """Facts, newest first."""

    route_base = "/records/audit"
    datamodel = RecordInterface(AuditEntry, joined=("actor",))
    list_title, show_title = _("Audit log"), _("Entry of the audit log")
    list_columns = ["id", "at", "fact", "actor.full_name", "subject_type", "subject_id"]
    show_columns = ["id", "at", "fact", "actor.full_name", "subject_type", "subject_id", "payload", "sha256"]
    search_columns = ["actor.full_name", "at", "subject_id"]
    order_columns = ["id", "at"]
    title_column = "fact"
    words = {"fact": fact_word, "subject_type": subject_word, "payload": recorded, "sha256": digest}
    label_columns = {
        "id": _("Number"), "at": _("Time"), "fact": _("What happened"), "actor.full_name": _("By whom"),
        "subject_type": _("About"), "subject_id": _("Number of the subject"), "payload": _("Data as recorded"),
        "sha256": _("SHA-256"),
    }  # fmt: skip


class RefusalRecords(RecordView):
    """Refused acts, newest first."""

    route_base = "/records/refusals"
    datamodel = RecordInterface(Refusal, joined=("actor",))
    list_title, show_title = _("Refused acts"), _("Refused act")
    list_columns = ["id", "at", "act", "code", "actor.full_name", "subject_type", "subject_id"]
    show_columns = list_columns
    search_columns = ["actor.full_name", "at", "subject_id"]
    order_columns = ["id", "at"]
    title_column = "act"
    words = {"act": act_word, "code": reason_word, "subject_type": subject_word}
    label_columns = {
        "id": _("Number"), "at": _("Time"), "act": _("What was tried"), "code": _("Why it was refused"),
        "actor.full_name": _("By whom"), "subject_type": _("About"), "subject_id": _("Number of the subject"),
    }  # fmt: skip


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(AuditRecords, "AuditRecords", label=_("Audit log"), category=AUDIT, category_label=_("Audit"))
    appbuilder.add_view(RefusalRecords, "RefusalRecords", label=_("Refused acts"), category=AUDIT)
