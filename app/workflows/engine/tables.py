"""Plain statements: what every request asks is built once, and answered without loading an object."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, insert

from app.extensions import db


def table(model: type[Any]) -> Table:
    """The table behind a model, for a statement that wants columns and no objects."""
    found: Table = model.__table__
    return found


def insert_all(model: type[Any], rows: list[dict[str, Any]]) -> Sequence[int]:
    """Insert the rows and give their numbers, in their order."""
    made = insert(table(model)).returning(table(model).c.id, sort_by_parameter_order=True)
    return db.session.execute(made, rows).scalars().all()
