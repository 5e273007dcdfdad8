"""Who hears which fact. The whole fan-out of the system is these two tables."""

from app.workflows.engine import outbox

HANDLERS: dict[str, outbox.Handler] = {}

HEARD_BY: dict[type, list[str]] = {}


def connect() -> None:
    """Fill the outbox's tables; each application does it at its start."""
    outbox.handlers.update(HANDLERS)
    outbox.heard_by.update(HEARD_BY)
