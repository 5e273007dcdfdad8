"""What faults begin with: a cluster with every safeguard of the disk, and a Government in the middle of a vote."""

from collections.abc import Iterator

import pytest

from tests.faults.production import Furnished, Production
from tests.servers import PostgresServer


@pytest.fixture(scope="package")
def durable() -> Iterator[PostgresServer]:
    server = PostgresServer(durable=True)
    yield server
    server.stop()


@pytest.fixture(scope="package")
def voting(durable: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    return Furnished(durable, tmp_path_factory.mktemp("government"))


@pytest.fixture
def production(voting: Furnished) -> Iterator[Production]:
    """A copy of it that a test may break."""
    made = Production(voting)
    yield made
    made.stop()
