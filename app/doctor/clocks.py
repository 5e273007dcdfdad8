"""Time: this clock is kept right, agrees with that of the database, and knows Hanoi."""

import datetime as dt
import shutil
import subprocess
import zoneinfo
from collections.abc import Iterator

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from app.doctor.findings import Finding, error, ok, warning
from app.extensions import db

MOST = dt.timedelta(seconds=2)
NO_TIME = dt.timedelta()
SECONDS = 5.0
# program, arguments, and what its answer contains while the clock is kept right
KEEPERS = (
    ("timedatectl", ("show", "--property=NTPSynchronized", "--value"), "yes"),
    ("chronyc", ("-n", "tracking"), "Leap status     : Normal"),
)


def synchronised() -> Iterator[Finding]:
    """Whether a time service keeps this clock right."""
    answers = [_said(program, arguments) for program, arguments, _right in KEEPERS]
    if any(right in answer for answer, (_program, _arguments, right) in zip(answers, KEEPERS, strict=True)):
        yield ok("clock.synchronised", _("A time service keeps the clock right."))
    else:
        said = _("No time service keeps the clock right, as far as timedatectl and chronyc know; install chrony.")
        yield warning("clock.synchronised", said)


def database() -> Iterator[Finding]:
    """The difference to the clock of the database."""
    if db.engine.dialect.name != "postgresql":
        return
    with db.engine.connect() as connection:
        connection.scalar(select(1))  # the way is known before the watch starts
        before = dt.datetime.now(dt.UTC)
        there: dt.datetime = connection.scalar(select(func.clock_timestamp()))
        after = dt.datetime.now(dt.UTC)
    yield compared(there - (before + (after - before) / 2), (after - before) / 2)


def compared(apart: dt.timedelta, doubt: dt.timedelta = NO_TIME) -> Finding:
    """How far the clocks are apart, give or take `doubt`: a slow answer is no wrong clock."""
    seconds = abs(apart.total_seconds())
    if abs(apart) - doubt >= MOST:
        return error(
            "clock.database", _("The clocks of this machine and of the database are %(s).1f s apart.", s=seconds)
        )
    return ok("clock.database", _("The clock agrees with that of the database (%(s).3f s).", s=seconds))


def zones() -> Iterator[Finding]:
    """The data of the time zones."""
    try:
        zoneinfo.ZoneInfo("Asia/Ho_Chi_Minh")
    except zoneinfo.ZoneInfoNotFoundError:
        yield error("clock.zones", _("The time zone of Hanoi is unknown here; install tzdata."))
    else:
        yield ok("clock.zones", _("The time zone of Hanoi is known."))


def _said(program: str, arguments: tuple[str, ...]) -> str:
    """What a program of the machine answers; "" when it is not there or fails."""
    path = shutil.which(program)
    if path is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program with fixed arguments
            [path, *arguments], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


CHECKS = (synchronised, database, zones)
