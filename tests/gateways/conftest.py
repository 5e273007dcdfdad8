"""Fixtures of gateway tests: an S3-compatible server of the run's own."""

from collections.abc import Iterator

import pytest

from tests.gateways.storage_cases import ACCESS, S3Server


@pytest.fixture(scope="session")
def one_s3_server() -> Iterator[S3Server]:
    server = S3Server()
    yield server
    server.stop()


@pytest.fixture
def s3_server(one_s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server, with credentials for it in the environment."""
    for name, value in ACCESS.items():
        monkeypatch.setenv(name, value)
    return one_s3_server
