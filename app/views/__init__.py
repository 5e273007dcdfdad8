"""Pages and JSON: thin adapters that parse, call one act, and render."""

from flask import Flask
from flask_appbuilder import AppBuilder


def register(app: Flask, appbuilder: AppBuilder) -> None:
    """Put every page on the map, one line per room, in alphabetical order."""
    from app.views import absences, errors, evidence, keys, meetings, papers, polls, protection, shell

    protection.register(app, appbuilder)  # before every page
    absences.register(app, appbuilder)
    errors.register(app, appbuilder)
    evidence.register(app, appbuilder)
    keys.register(app, appbuilder)
    meetings.register(app, appbuilder)
    papers.register(app, appbuilder)
    polls.register(app, appbuilder)
    shell.register(app, appbuilder)
