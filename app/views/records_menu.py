"""Which record screens there are, in the order of the menu."""

from flask import Flask
from flask_appbuilder import AppBuilder

from app.views import (
    record_picks,
    records_accounts,
    records_agenda,
    records_attendance,
    records_audit,
    records_calendar,
    records_deliveries,
    records_identity,
    records_jobs,
    records_keys,
    records_meetings,
    records_member_staff,
    records_organisations,
    records_outgoing,
    records_papers,
    records_polls,
    records_rule_sets,
    records_seals,
    records_slip_reminders,
    records_slips,
    records_trips,
    records_unanswered,
    records_witness,
)
from app.views.record_forms import speak_vietnamese
from app.views.record_words import chip, size
from app.workflows.engine.words import word

IN_ORDER = (
    records_meetings, records_agenda, records_papers, records_polls, records_attendance,
    records_slips, records_identity, records_organisations, records_member_staff,
    records_rule_sets, records_calendar, records_trips, records_slip_reminders, records_outgoing, records_seals,
    records_keys,
    records_accounts, records_jobs, records_deliveries, records_audit, records_unanswered,
    records_witness, record_picks,
)  # fmt: skip


def register(app: Flask, appbuilder: AppBuilder) -> None:
    """Put every record screen on the map and in the menu."""
    speak_vietnamese()
    app.jinja_env.filters.update(state_chip=chip, code_word=word, byte_size=size)
    for room in IN_ORDER:
        room.register(app, appbuilder)
