"""The text of a calendar is RFC 5545, as another program's reader finds."""

import datetime as dt
import unicodedata

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows.rules.ical import Event, calendar, fold

AT = dt.datetime(2026, 8, 3, 10, tzinfo=dt.UTC)
PLAIN = Event("slip-1@example.vn", AT, "Trả lời phiếu", AT)


def read(*events):
    return icalendar.Calendar.from_ical(calendar("Lịch", events, "e-Cabinet 1"))


def first(*events):
    return read(*events).walk("VEVENT")[0]


def test_an_event_comes_back_as_it_was_written():
    event = first(Event(
        "meeting-7@example.vn", AT, "Phiên họp; nội dung 1, 2\\3", AT, ends=AT + dt.timedelta(hours=2),
        description="Dòng một\nDòng hai", location="Phòng họp số 1", url="https://example.vn/meetings/7", sequence=4,
        warn=dt.timedelta(hours=4),
    ))  # fmt: skip
    assert str(event["SUMMARY"]) == "Phiên họp; nội dung 1, 2\\3"
    assert str(event["DESCRIPTION"]) == "Dòng một\nDòng hai"
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (AT, AT + dt.timedelta(hours=2))
    assert (str(event["UID"]), int(event["SEQUENCE"]), str(event["STATUS"])) == ("meeting-7@example.vn", 4, "CONFIRMED")
    (alarm,) = event.walk("VALARM")
    assert alarm["TRIGGER"].dt == -dt.timedelta(hours=4)


def test_a_whole_day_and_a_cancelled_event_say_so():
    assert first(Event("d", dt.date(2026, 9, 2), "Quốc khánh", AT))["DTSTART"].dt == dt.date(2026, 9, 2)
    gone = first(Event("c", AT, "Phiên họp", AT, cancelled=True, warn=dt.timedelta(hours=4)))
    assert str(gone["STATUS"]) == "CANCELLED"
    assert gone.walk("VALARM") == []


def test_the_calendar_has_what_the_standard_demands():
    found = read(PLAIN)
    assert (str(found["VERSION"]), str(found["METHOD"])) == ("2.0", "PUBLISH")
    assert found["PRODID"]
    assert {"UID", "DTSTAMP"} <= set(found.walk("VEVENT")[0])
    assert calendar("Lịch", [PLAIN], "x") == calendar("Lịch", [PLAIN], "x")


def test_letters_come_composed_and_controls_not_at_all():
    event = first(Event("n", AT, unicodedata.normalize("NFD", "Nghị quyết") + "\x00\x1b\r\nBEGIN:VEVENT", AT))
    assert str(event["SUMMARY"]) == "Nghị quyết\nBEGIN:VEVENT"
    assert len(read(PLAIN).walk("VEVENT")) == 1


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        calendar("Lịch", [Event("z", dt.datetime(2026, 8, 3), "x", AT)], "x")  # noqa: DTZ001 - that is the matter


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=300))
def test_no_line_is_longer_than_75_octets_and_none_is_lost(text):
    folded = fold(text)
    lines = folded.split(b"\r\n")
    assert lines[-1] == b""
    assert all(len(line) <= 75 for line in lines)
    assert folded[:-2].replace(b"\r\n ", b"").decode() == text


@given(st.text(max_size=200))
def test_no_title_breaks_out_of_its_line(text):
    found = read(Event("t", AT, text, AT), PLAIN)
    assert len(found.walk("VEVENT")) == 2
