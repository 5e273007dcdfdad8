"""Fills the database of the rehearsal for the tests: a Government of five, whose PINs cost next to nothing."""

import datetime as dt
import sys

from flask import Flask

from app import installation
from app.demo.founding import found
from app.demo.presets import G2025_10
from app.extensions import db
from app.installation import DEMO_MARK
from app.models import Setting
from tests import house
from tests.cabinet import PASSWORD, PIN


def main() -> None:
    """Tables, roles, people, keys, and the mark of a demo."""
    house.make(_found)


def _found(app: Flask) -> None:
    since = dt.datetime.now(dt.UTC) - house.DAY
    house.make_keys(app, since)
    installation.make_log_key(app)
    db.session.add(Setting(name=DEMO_MARK, value=True))
    db.session.commit()
    found(house.with_fewer_members(G2025_10), since, PASSWORD, PIN)


if __name__ == "__main__":
    sys.exit(main())
