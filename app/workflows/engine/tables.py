"""Plain statements: what every request asks is built once, and answered without loading an object."""

from typing import Any

from sqlalchemy import Table


def table(model: type[Any]) -> Table:
    """The table behind a model, for a statement that wants columns and no objects."""
    found: Table = model.__table__
    return found
