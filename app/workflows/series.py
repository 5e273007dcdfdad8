"""Runs of numbers (dãy số): the row of a series is locked while a number is allotted, so that none is given twice."""

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from app.extensions import db
from app.models import NumberSeries


def locked_series(body_id: int, type_symbol: str, normative: bool, year: int) -> NumberSeries:
    """The series of body, type, kind and Hanoi year (rule:R26), held until the commit; made when it is the first."""
    key = {"body_id": body_id, "type": type_symbol, "normative": normative, "year": year}
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    db.session.execute(insert(NumberSeries).values(**key, last_number=0).on_conflict_do_nothing())
    rows = select(NumberSeries).filter_by(**key).with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(rows).one()
