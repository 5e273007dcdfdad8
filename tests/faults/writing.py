"""Somebody who comes and goes, over and over, in a process of its own on SQLite; each act is said once it is done.

With “early” as last word it is said before it is done, and after a few acts it stands still in between: that is the
negative control.
"""

import datetime as dt
import os
import signal
import sys
from itertools import count

from sqlalchemy import select

from app.extensions import db
from app.models import Presence, Seat
from app.workflows import attendance
from app.workflows.engine.rights import actor_for
from app.workflows.rules.calendar import hanoi_date
from tests import house

A_FEW = 3  # acts


def main(person_id: int, meeting_id: int, early: bool) -> None:
    """Say which of one's acts is done: a number, counted from one."""
    with house.application().app_context():
        actor = actor_for(person_id, hanoi_date(dt.datetime.now(dt.UTC)))
        seat = select(Seat.presence).where(Seat.person_id == person_id, Seat.meeting_id == meeting_id)
        presence = db.session.scalar(seat)
        db.session.rollback()
        for number in count(1):
            presence = Presence.REMOTE if presence is Presence.IN_ROOM else Presence.IN_ROOM  # never a no-op
            if early:
                say(number)
                if number == A_FEW:
                    signal.pause()
            attendance.confirm_presence(actor, meeting_id, presence, dt.datetime.now(dt.UTC))
            if not early:
                say(number)


def say(number: int) -> None:
    os.write(sys.stdout.fileno(), b"%d\n" % number)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] == ["early"])
