"""A provider of keys beside those in memory, for tests of what is signed with tokens and at remote providers."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from app.gateways import signing
from app.gateways.signing.choice import SignerByKey

if TYPE_CHECKING:
    from tests.gateways.signer_contract import Bench

SINCE = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


@pytest.fixture(params=["pkcs11", "csc v1", "csc v2"])
def bench(
    request: pytest.FixtureRequest, app: Flask, gateways: dict[str, Any], tmp_path: Path
) -> Iterator["Bench"]:
    """All certified by the one authority."""
    from tests.gateways.signer_contract import BENCHES

    memory, chain = gateways["SIGNER"]
    folder = tmp_path / "bench"
    folder.mkdir()
    with BENCHES[request.param](folder, memory._authority, SINCE) as found:
        signing.use(SignerByKey(memory, {found.provider: found.signer}), chain)
        yield found
