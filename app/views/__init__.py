"""Pages and JSON: thin adapters that parse, call one act, and render."""

from flask import Flask
from flask_appbuilder import AppBuilder


def register(app: Flask, appbuilder: AppBuilder) -> None:
    """Put every page on the map, one line per room, in alphabetical order."""
    from app.views import (
        absences,
        api_document,
        api_slips,
        chain,
        cockpit,
        deadline_calendar,
        digests,
        draft_text,
        errors,
        evidence,
        exports,
        hall,
        health,
        issuing,
        keys,
        meetings,
        minutes,
        notices,
        papers,
        passkeys,
        password,
        pin_fields,
        pki,
        polls,
        protection,
        records_menu,
        reports,
        resolution_recall,
        resolution_signing,
        resolution_text,
        resolutions,
        shell,
        signed_acts,
        slip_advice,
        slip_boards,
        slip_chain,
        slip_compose,
        slip_draft_text,
        slip_evidence,
        slip_next_draft,
        slip_office,
        slip_reports,
        slip_synthesis,
        slip_templates,
        slip_turnaround,
        slips,
        verification,
    )

    protection.register(app, appbuilder)  # before every page
    absences.register(app, appbuilder)
    api_document.register(app, appbuilder)
    api_slips.register(app, appbuilder)
    chain.register(app, appbuilder)
    cockpit.register(app, appbuilder)
    deadline_calendar.register(app, appbuilder)
    digests.register(app, appbuilder)
    draft_text.register(app, appbuilder)
    errors.register(app, appbuilder)
    evidence.register(app, appbuilder)
    exports.register(app, appbuilder)
    minutes.register(app, appbuilder)
    hall.register(app, appbuilder)
    health.register(app, appbuilder)
    issuing.register(app, appbuilder)
    keys.register(app, appbuilder)
    meetings.register(app, appbuilder)
    notices.register(app, appbuilder)
    papers.register(app, appbuilder)
    passkeys.register(app, appbuilder)
    password.register(app, appbuilder)
    pin_fields.register(app, appbuilder)
    pki.register(app, appbuilder)
    polls.register(app, appbuilder)
    records_menu.register(app, appbuilder)
    reports.register(app, appbuilder)
    resolution_recall.register(app, appbuilder)
    resolution_signing.register(app, appbuilder)
    resolution_text.register(app, appbuilder)
    resolutions.register(app, appbuilder)
    shell.register(app, appbuilder)
    signed_acts.register(app, appbuilder)
    slips.register(app, appbuilder)
    slip_boards.register(app, appbuilder)
    slip_chain.register(app, appbuilder)
    slip_compose.register(app, appbuilder)
    slip_draft_text.register(app, appbuilder)
    slip_office.register(app, appbuilder)
    slip_reports.register(app, appbuilder)
    slip_next_draft.register(app, appbuilder)
    slip_synthesis.register(app, appbuilder)
    slip_templates.register(app, appbuilder)
    slip_turnaround.register(app, appbuilder)
    slip_advice.register(app, appbuilder)
    slip_evidence.register(app, appbuilder)
    verification.register(app, appbuilder)
