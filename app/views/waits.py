"""What waits for the person who asks, looked up once per request: menu, start page and the page of a slip agree."""

from flask import g

from app.views.actor import current_actor, now
from app.workflows.inbox import Task, TaskKind, waiting_for


def waiting_tasks() -> list[Task]:
    """Everything that waits for the asking person, as the badge of the start page counts it."""
    if "tasks" not in g:
        g.tasks = waiting_for(current_actor(), now())
    found: list[Task] = g.tasks
    return found


def waiting_slip_ids() -> list[int]:
    """The slips among it, the nearest deadline first: as many as the badge of the slips says."""
    return [task.subject_id for task in waiting_tasks() if task.kind is TaskKind.OPINION]
