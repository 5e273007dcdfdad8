"""Which figures this process keeps, and how they are read."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.exposition import generate_latest

from app.metrics.state import Database

__all__ = ["BALLOTS", "CONTENT_TYPE", "DURATION", "REQUESTS", "SIGNING", "count_sockets", "exposition"]

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)  # 2 s is the longest that a vote may take

registry = CollectorRegistry()
ProcessCollector(registry=registry)
GCCollector(registry=registry)
registry.register(Database())

REQUESTS = Counter(
    "ecabinet_http_requests", "Requests answered, by rule of the address, method and status.",
    ("route", "method", "status"), registry=registry,
)  # fmt: skip
DURATION = Histogram(
    "ecabinet_http_request_seconds", "Seconds until the answer was ready.", ("route", "method"), buckets=SECONDS,
    registry=registry,
)  # fmt: skip
BALLOTS = Counter("ecabinet_ballots", "Ballots committed by this process; changed ones count again.", registry=registry)
SIGNING = Histogram(
    "ecabinet_signing_seconds", "Seconds that the signer took, the waiting for its turn included.", ("act", "outcome"),
    buckets=SECONDS, registry=registry,
)  # fmt: skip
SOCKETS = Gauge("ecabinet_socket_clients", "Sockets that are open in this process.", registry=registry)


def count_sockets(count: Callable[[], int]) -> None:
    """Whoever holds sockets says once how many there are; it is asked when the figures are read."""
    SOCKETS.set_function(count)


def exposition() -> bytes:
    """Everything in the text format of Prometheus. Needs an application context; one query to the database."""
    return generate_latest(registry)
