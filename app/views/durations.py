"""How a span of time is said: seconds while they matter, then minutes, hours and days."""

from flask_babel import format_decimal
from flask_babel import gettext as _

SECONDS, MINUTES, HOURS = 100, 100 * 60, 48 * 3600  # up to here a span is said in this unit


FEW = 10  # seconds, of which a tenth matters where it is asked for


def span(seconds: float, *, exact: bool = False) -> str:
    """A span rounded to the unit in which people would say it: “52 giây”, “12 phút”, “3 giờ”, “4 ngày”.

    `exact` says a few seconds with a tenth: “0,3 giây”.
    """
    if exact and seconds < FEW:
        return _("%(n)s s", n=format_decimal(round(seconds, 1)))
    if seconds < SECONDS:
        return _("%(n)s s", n=round(seconds))
    if seconds < MINUTES:
        return _("%(n)s min", n=round(seconds / 60))
    if seconds < HOURS:
        return _("%(n)s h", n=round(seconds / 3600))
    return _("%(n)s days", n=round(seconds / 86400))


def clock(seconds: float) -> str:
    """A running clock: 00:31, 1:02:03, beyond a day with the days before it."""
    whole = max(0, int(seconds))
    days, hours, minutes, rest = whole // 86400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    if days:
        return _("%(n)s days", n=days) + f" {hours:02}:{minutes:02}:{rest:02}"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"
