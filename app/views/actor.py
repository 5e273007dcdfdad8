"""Who is asking and what time it is, for every page, JSON answer and socket."""

import datetime as dt

from flask import g
from flask_login import current_user

from app.workflows.engine.rights import NOBODY, Actor, actor_for, actor_of
from app.workflows.rules.calendar import hanoi_date


def now() -> dt.datetime:
    """The server's clock, aware UTC; acts take it as a parameter."""
    return dt.datetime.now(dt.UTC)


def current_actor() -> Actor:
    """The signed-in person with the capacities of today (Hanoi date), looked up once per request."""
    if "actor" in g:
        found: Actor = g.actor
        return found
    here, today = g.get("here"), hanoi_date(now())
    if here is not None:  # app/views/living.py has looked at the session
        g.actor = actor_for(here.person_id, today, here.name) if here.person_id else NOBODY
    elif current_user.is_authenticated:
        g.actor = actor_of(current_user.id, on=today)
    else:
        return NOBODY
    made: Actor = g.actor
    return made
