"""Long-term forms: how often they are renewed, and how long before the certificate of their stamp ends."""

import datetime as dt
from dataclasses import dataclass

FIRST_TRIES = dt.timedelta(hours=1)  # after the promulgation it is tried every few minutes, then once an hour
BETWEEN_TRIES = dt.timedelta(minutes=1)
FRESH = dt.timedelta(hours=24)  # an older answer about an authority is asked for again before it is relied on

LEAST = dt.timedelta(days=1)  # between two renewals


@dataclass(frozen=True)
class Renewal:
    """`every` since the last one, and `lead` before the certificate of the authority that stamped ends."""

    every: dt.timedelta
    lead: dt.timedelta


RENEWALS = (  # from that Hanoi date on
    (dt.date(2019, 1, 1), Renewal(dt.timedelta(days=365), dt.timedelta(days=60))),
)


def renewal_on(day: dt.date) -> Renewal:
    """What is in force on a Hanoi date; ValueError before the first one."""
    found = [renewal for since, renewal in RENEWALS if since <= day]
    if not found:
        raise ValueError(f"no renewal of long-term forms was in force on {day}")
    return found[-1]


def due_at(made_at: dt.datetime, ends: dt.datetime | None, renewal: Renewal) -> dt.datetime:
    """When a long-term form that was made then is renewed (rule:R48); at once without a stamp. All times aware.

    `ends` is when the certificate of its newest document time stamp ends, None where it has none. Where that is nearer
    than the lead, a new stamp of the same authority ends then too: it is asked for after half of the time that is left,
    not again and again.
    """
    if ends is None:
        return made_at
    in_time = ends - renewal.lead
    if in_time < made_at + LEAST:
        in_time = made_at + max((ends - made_at) / 2, LEAST)
    return min(made_at + renewal.every, in_time)
