"""Who is asking and what time it is, for every page, JSON answer and socket."""

import datetime as dt

from flask import g
from flask_login import current_user

from app.workflows.engine.rights import NOBODY, Actor, actor_of
from app.workflows.rules.calendar import hanoi_date


def now() -> dt.datetime:
    """The server's clock, aware UTC; acts take it as a parameter."""
    return dt.datetime.now(dt.UTC)


def current_actor() -> Actor:
    """The signed-in person with the capacities of today (Hanoi date), looked up once per request."""
    if not current_user.is_authenticated:
        return NOBODY
    if "actor" not in g:
        g.actor = actor_of(current_user.id, on=hanoi_date(now()))
    actor: Actor = g.actor
    return actor
