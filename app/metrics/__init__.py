"""How a running process does: figures for Prometheus, and whether it is ready.

Each process counts for itself and is asked for itself, on its own loopback port; Prometheus adds up. Labels carry
routes, codes and the names of queues, never anything of a person or of a meeting.
"""

from flask import Flask

from app.metrics import ballots, requests
from app.metrics.figures import CONTENT_TYPE, count_sockets, exposition
from app.metrics.signing import watch_signer

__all__ = ["CONTENT_TYPE", "count_sockets", "exposition", "register", "watch_signer"]


def register(app: Flask) -> None:
    """Count the requests of this application and the ballots of this process."""
    requests.register(app)
    ballots.register()
