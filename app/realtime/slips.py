"""Socket messages about slips, to the screens of those who are asked. They only tell; a page then asks for its list."""

import datetime as dt
from typing import Any

from app.realtime import announcing
from app.workflows.audiences import slip_recipients
from app.workflows.slip_facts import SlipAnswered


def announce(fact: dict[str, Any]) -> None:
    """The number of the slip, to each member who is asked; of an answer, to the screens of its member alone.

    Harmless when run twice: a screen asks for its list, and draws the same.
    """
    message = {"fact": fact["fact"], "slip_id": fact["subject_id"], "version": fact["version"]}
    for person_id in _told(fact):
        announcing.to_person(person_id, message)


def _told(fact: dict[str, Any]) -> list[int]:
    if fact["fact"] == SlipAnswered.__name__:
        return [fact["actor_id"]] if fact["actor_id"] else []
    return sorted(slip_recipients(fact, dt.datetime.fromisoformat(fact["at"])))
