"""Socket messages about slips: to the screens of those who are asked, and to boards. They only tell."""

import datetime as dt
from typing import Any

from app.realtime import announcing
from app.workflows.audiences import slip_recipients
from app.workflows.slip_facts import SlipAnswered
from app.workflows.slip_reminders import SlipReminded

ARRIVED = "SlipArrived"  # no fact of the log: deliveries are rows of their own


def announce(fact: dict[str, Any]) -> None:
    """The number of the slip, to each member who is asked; of an answer, to the screens of its member alone.

    Whoever watches the board hears of everything. Harmless when run twice: a screen asks, and draws the same.
    """
    message = {"fact": fact["fact"], "slip_id": fact["subject_id"], "version": fact["version"]}
    announcing.to_slip(fact["subject_id"], message)
    for person_id in _told(fact):
        announcing.to_person(person_id, message)


def arrived(job: dict[str, Any]) -> None:
    """To the boards of a slip: it has come further. Harmless when run twice: a board asks, and draws the same."""
    announcing.to_slip(job["slip_id"], {"fact": ARRIVED, "slip_id": job["slip_id"]})


def _told(fact: dict[str, Any]) -> list[int]:
    if fact["fact"] == SlipReminded.__name__:
        return []
    if fact["fact"] == SlipAnswered.__name__:
        return [fact["actor_id"]] if fact["actor_id"] else []
    return sorted(slip_recipients(fact, dt.datetime.fromisoformat(fact["at"])))
