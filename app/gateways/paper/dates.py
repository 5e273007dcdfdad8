"""Decides how dates, times and figures are written in an official document."""

import datetime as dt

HANOI = dt.timezone(dt.timedelta(hours=7), "Asia/Ho_Chi_Minh")  # no other offset since 1975
MARCH = 3


def long_date(day: dt.date) -> str:
    """ngày 05 tháng 01 năm 2020: a leading zero for days below 10 and for months 1 and 2 (Decree 30/2020/NĐ-CP)."""
    return f"ngày {day.day:02} tháng {month(day)} năm {day.year}"


def month(day: dt.date) -> str:
    """01, 02, 3 … 12."""
    return f"{day.month:02}" if day.month < MARCH else str(day.month)


def short_date(day: dt.date) -> str:
    return f"{day:%d/%m/%Y}"


def moment(value: str) -> dt.datetime:
    """An ISO 8601 moment as Hanoi time; a moment without an offset is refused."""
    read = dt.datetime.fromisoformat(value)
    if read.tzinfo is None:
        raise ValueError(f"{value} names no time zone")
    return read.astimezone(HANOI)


def clock(at: dt.datetime) -> str:
    """08 giờ 10 phút 05 giây, ngày 24/06/2019."""
    return f"{at:%H} giờ {at:%M} phút {at:%S} giây, ngày {short_date(at)}"


def decimal(number: str) -> str:
    """A decimal point becomes the Vietnamese comma."""
    return number.replace(".", ",")


def share(part: int, whole: int) -> str:
    """Percent with one digit, rounded half up without floating point."""
    tenths = (part * 2000 + whole) // (2 * whole)
    return f"{tenths // 10},{tenths % 10}"
