"""What a date means here: Hanoi days, the official way to write them, UTC in signed objects."""

import datetime as dt
import re

# A fixed offset: Hanoi has had no other since 1975, and no time zone file needs to be installed.
HANOI = dt.timezone(dt.timedelta(hours=7), "Asia/Ho_Chi_Minh")
_UTC_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_MONTHS_WITH_ZERO = 2


def hanoi_date(moment: dt.datetime) -> dt.date:
    """The calendar day in Hanoi; ValueError for a moment without a time zone."""
    return _aware(moment).astimezone(HANOI).date()


def official_date(day: dt.date) -> str:
    """Decree 30/2020/NĐ-CP: "ngày 05 tháng 01 năm 2020", a leading zero for days below 10 and months 1 and 2."""
    return f"ngày {day.day:02d} tháng {month_text(day.month)} năm {day.year}"


def month_text(month: int) -> str:
    """A month as an official document writes it: "01", "02", "3" … "12" (Decree 30/2020/NĐ-CP)."""
    return f"{month:02d}" if month <= _MONTHS_WITH_ZERO else str(month)


def iso_utc(moment: dt.datetime) -> str:
    """Whole seconds in UTC, "2026-11-21T02:00:03Z", fractions cut off; ValueError without a time zone."""
    return _aware(moment).astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_utc(text: str) -> dt.datetime:
    """The inverse of `iso_utc`; ValueError for any other spelling."""
    if not _UTC_TEXT.fullmatch(text):
        raise ValueError(f"not a UTC time in whole seconds: {text!r}")
    return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)


def _aware(moment: dt.datetime) -> dt.datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone has no date")
    return moment
