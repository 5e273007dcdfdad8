"""The report on slips counts every asking once, and its drill-down holds exactly the rows that were counted."""

import datetime as dt
from decimal import Decimal
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from app.extensions import db
from app.models import Organisation
from app.workflows import slip_closing
from app.workflows.engine.errors import NotAllowed
from app.workflows.engine.rights import SYSTEM
from app.workflows.rules.turnaround import Promptness
from app.workflows.slip_turnaround import Grouping, Period, turnaround
from app.workflows.slip_turnaround_tables import workbook_of
from tests.cabinet import MEMBERS, NOW
from tests.conftest import both
from tests.slipping import DEADLINE, LATE, SlipScene

AUGUST = Period(dt.date(2026, 8, 1), dt.date(2026, 8, 31))
HOUR = dt.timedelta(hours=1)
ON_TIME, EXTENDED, SILENT = Promptness


@pytest.fixture
def slip(app):
    return SlipScene()


@pytest.fixture
def counted(slip):
    """One slip that a and b answered in time, and an extended one that a answered in time and b too late for it."""
    lead = db.session.scalar(select(Organisation.id).where(Organisation.abbreviation == "BYT"))
    first, second = slip.issue(), slip.issue(organisation_id=lead)
    slip.answer("a", first, at=NOW + HOUR)
    slip.answer("a", first, "disagree", at=NOW + 5 * HOUR)
    slip.answer("b", first, at=NOW + 3 * HOUR)
    slip.answer("a", second, at=NOW + HOUR)
    slip_closing.extend_slip(slip.who["clerk"], second, dt.date(2026, 8, 4), "Thêm thời gian", NOW + 4 * HOUR)
    slip.answer("b", second, at=DEADLINE + HOUR)
    slip_closing.close_slip(SYSTEM, first, LATE)
    slip_closing.close_slip(SYSTEM, second, LATE + dt.timedelta(days=1))
    return slip


def report(slip, by=Grouping.MEMBER, key=None, period=AUGUST, name="head"):
    return turnaround(slip.who[name], period, by, key)


@both
def test_members_are_counted_by_their_first_answer_and_the_first_deadline(counted):
    found = report(counted)
    rows = {row.key: row.figures for row in found.rows}
    a, b = (rows[counted.who[name].person_id] for name in ("a", "b"))
    assert (a.asked, a.on_time, a.extended, a.silent, a.middle) == (2, 2, 0, 0, HOUR)
    assert (b.asked, b.on_time, b.extended, b.silent) == (2, 1, 1, 0)
    assert b.longest == DEADLINE + HOUR - NOW
    assert rows[counted.who["chairman"].person_id].silent == 2
    assert (found.slips, found.whole.asked, found.whole.on_time) == (2, 2 * len(MEMBERS), 3)
    assert found.whole.share == Decimal(3) / 10


@pytest.mark.parametrize("by", list(Grouping))
def test_the_rows_add_up_to_the_whole_and_each_leads_to_its_own_askings(counted, by):
    found = report(counted, by)
    for name in ("asked", "on_time", "extended", "silent"):
        assert sum(getattr(row.figures, name) for row in found.rows) == getattr(found.whole, name)
    for row in found.rows:
        behind = report(counted, by, row.key)
        assert (behind.whole, len(behind.askings)) == (row.figures, row.figures.asked)
    together = [each for row in found.rows for each in report(counted, by, row.key).askings]
    assert sorted((each.slip_id, each.member_id) for each in together) == sorted(
        (each.slip_id, each.member_id) for each in found.askings
    )


def test_ministries_are_those_of_the_members_and_lead_ministries_those_of_the_matters(counted):
    ministries = {row.name: row.figures.asked for row in report(counted, Grouping.MINISTRY).rows}
    assert ministries == {"Bộ Xây dựng": 2, "Bộ Y tế": 2, "Văn phòng Chính phủ": 2, "": 4}
    assert {row.name: row.figures.asked for row in report(counted, Grouping.LEAD).rows} == {"": 5, "Bộ Y tế": 5}


def test_the_period_is_that_of_the_close_and_running_slips_are_not_counted(counted):
    counted.issue()
    monday = Period(dt.date(2026, 8, 3), dt.date(2026, 8, 3))
    assert report(counted, period=monday).slips == 1
    assert report(counted, period=Period(dt.date(2026, 7, 1), dt.date(2026, 8, 2))).slips == 0
    assert report(counted).slips == 2
    for first, last in ((dt.date(2026, 8, 2), dt.date(2026, 8, 1)), (dt.date(2000, 1, 1), dt.date(2026, 8, 1))):
        with pytest.raises(ValueError, match="no period"):
            Period(first, last)


@pytest.mark.parametrize("name", ["a", "records", "auditor", "admin", "guest"])
def test_nobody_else_reads_the_report(slip, name):
    with pytest.raises(NotAllowed, match=r"."):
        report(slip, name=name)


def test_the_workbook_holds_the_sums_and_every_asking(counted):
    found = report(counted)
    book = load_workbook(BytesIO(workbook_of(found, NOW)))
    sums, askings = book.worksheets
    assert sums.max_row - 3 == len(found.rows)
    assert askings.max_row - 3 == len(found.askings) == 2 * len(MEMBERS)
    assert sum(sums.cell(row, 2).value for row in range(4, sums.max_row + 1)) == found.whole.asked
