"""Pages and JSON: thin adapters that parse, call one act, and render."""

from flask import Flask
from flask_appbuilder import AppBuilder


def register(app: Flask, appbuilder: AppBuilder) -> None:
    """Put every page on the map, one line per room, in alphabetical order."""
    from app.views import errors, evidence

    errors.register(app, appbuilder)
    evidence.register(app, appbuilder)
