"""The report on paper and in a workbook says the same figures, each in its own manner."""

import datetime as dt
from decimal import Decimal
from io import BytesIO

import pytest
from flask import Flask
from flask_babel import force_locale
from openpyxl import load_workbook

from app.gateways.paper import page_texts
from app.gateways.paper import weekly as print_weekly
from app.gateways.sheets import Kind
from app.models import Outcome, PollState
from app.workflows import agenda, meetings, weekly, weekly_tables
from app.workflows.rules.timetable import Week
from tests.cabinet import TODAY, actors
from tests.conftest import Scene
from tests.resolving import Resolving

WEEK = Week.of(TODAY)
MONDAY = WEEK.ends_at + dt.timedelta(hours=7)


@pytest.fixture
def report(app: Flask) -> weekly.WeeklyReport:
    scene = Resolving().up_to("promulgated")
    end = scene.later(60 * 95)
    agenda.close_item(scene.who["secretary"], scene.item_id, end)
    meetings.end_meeting(scene.who["secretary"], scene.meeting_id, end)
    return weekly.weekly_report(actors()["head"], WEEK, MONDAY)


def paper_of(report):
    with force_locale("en"):
        return " ".join(" ".join(page_texts(print_weekly(weekly_tables.sheet_of(report)))).split())


def book_of(report):
    with force_locale("en"):
        return load_workbook(BytesIO(weekly_tables.workbook_of(report)))


def test_the_paper_says_sessions_votes_and_decisions(report):
    text = paper_of(report)
    for told in (
        "Week 31 of 2026 (from ngày 27 tháng 7 năm 2026 to ngày 02 tháng 8 năm 2026)", "Sessions held: 1, ended: 1.",
        "Time planned for the ended ones: 2 h, used: 1 h 35 min.", "Votes: 1, of which adopted: 1, not adopted: 0.",
        "40 s at the fastest", "I. Sessions held", "Phiên họp thường kỳ", "100.0%", report.decisions[0].number,
        "IV. Opinion slips closed Không có.", "V. Invitations without an answer Không có.",
    ):  # fmt: skip
        assert told in text


def test_on_paper_all_columns_but_words_stand_in_the_middle(report):
    """The number of the row, begin, items done, time planned and used; not the title and the kind of the meeting."""
    with force_locale("en"):
        assert weekly_tables.sheet_of(report).tables[0].middle == (0, 3, 4, 5, 6)
    cell = book_of(report)["Sessions held"]["D4"]
    assert (cell.value, cell.alignment.horizontal) == ("1/1", "center")


def test_the_workbook_says_the_same_as_typed_values(report):
    book = book_of(report)
    assert book.sheetnames == [
        "Sessions held", "Votes and outcomes", "Resolutions promulgated", "Opinion slips closed",
        "Invitations without an answer",
    ]  # fmt: skip
    session = [cell.value for cell in book["Sessions held"][4]]
    assert session[0] == "Phiên họp thường kỳ"
    assert str(session[2]) == "2026-07-30 09:00:00"
    assert session[4:] == [dt.timedelta(hours=2), dt.timedelta(minutes=95)]
    vote = [cell.value for cell in book["Votes and outcomes"][4]]
    assert vote[1:] == [5, 5, 5, 1, 0, 0, "Adopted"]
    decision = [cell.value for cell in book["Resolutions promulgated"][4]]
    assert decision[2:] == [dt.timedelta(seconds=seconds) for seconds in (20, 5, 5, 10, 40)]
    assert [cell.value for cell in book["Invitations without an answer"][3]][:2] == ["Full name", "Post"]


def test_what_is_not_published_is_a_dash_and_an_empty_cell(app):
    scene = Scene()
    poll = scene.open().open_poll()
    scene.vote("a", poll.id, "disagree")
    report = weekly.weekly_report(actors()["head"], WEEK, MONDAY)
    text = paper_of(report)
    assert "Thông qua dự thảo Nghị quyết? – – – – – – Voting open" in text
    assert "Without a published result: 1; the report shows no figures of these." in text
    row = [cell.value for cell in book_of(report)["Votes and outcomes"][4]]
    assert row[1:] == [None] * 6 + ["Voting open"]


def test_the_until_signed_column_counts_from_the_close_of_the_vote(report):
    (row,) = weekly_tables.sheet_of(report).tables[2].rows
    assert len(row) == len(weekly_tables.sheet_of(report).tables[2].head) == 8


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (-5, "0 s"), (59, "59 s"), (60, "1 min"), (125, "2 min 5 s"), (3600, "1 h"), (4860, "1 h 21 min"),
     (86399, "23 h 59 min"), (86400, "1 d"), (97200, "1 d 3 h")],
)  # fmt: skip
def test_a_span_is_said_in_two_units_at_most(app, seconds, words):
    with force_locale("en"):
        assert weekly_tables.shown(Kind.SPAN, dt.timedelta(seconds=seconds)) == words


def test_a_share_is_said_with_one_digit_and_the_comma_of_the_language(app):
    with force_locale("vi"):
        assert weekly_tables.shown(Kind.SHARE, Decimal(25) / 27) == "92,6%"
        assert weekly_tables.shown(Kind.SHARE, None) == "–"


def test_every_table_has_words_for_every_outcome_and_state(app):
    vote = weekly.Vote(1, "q", "m", PollState.OPEN, MONDAY, None, None)
    assert all(
        str(weekly_tables._standing(weekly.Vote(1, "q", "m", state, MONDAY, outcome, None)))
        for state in PollState for outcome in (None, *Outcome)
    )  # fmt: skip
    assert all(field.of(vote) is None or field.kind is Kind.TEXT for field in weekly_tables.TABLES[1].fields)
