"""Fixtures of backup tests: one backup of each kind of database, made once, and an empty installation beside it."""

from collections.abc import Iterator

import pytest

from app import backup
from app.extensions import db
from app.gateways import signing, storage
from tests.backup.sites import LATER, Saved, Target, copied, fill

KINDS = ["sqlite", "postgresql"]


def _saved(request: pytest.FixtureRequest, gateways, tmp_path_factory, kind: str) -> Saved:
    home = request.getfixturevalue(f"{kind}_home")
    store = storage.MemoryStorage()
    signing.use(*gateways["SIGNER"])
    storage.use(store)
    folder = tmp_path_factory.mktemp(kind) / "backup"
    with home.application.app_context():
        home.refresh()
        found = fill()
        db.session.remove()
        manifest = backup.take(folder, LATER)
        home.refresh()
        db.session.remove()
    return Saved(kind, folder, manifest, found, store)


@pytest.fixture(scope="session")
def saved_sqlite(request, gateways, tmp_path_factory) -> Saved:
    return _saved(request, gateways, tmp_path_factory, "sqlite")


@pytest.fixture(scope="session")
def saved_postgresql(request, gateways, tmp_path_factory) -> Saved:
    return _saved(request, gateways, tmp_path_factory, "postgresql")


@pytest.fixture(scope="session")
def target_sqlite(gateways, tmp_path_factory) -> Target:
    return Target("sqlite", tmp_path_factory.mktemp("target"), gateways, None)


@pytest.fixture(scope="session")
def target_postgresql(gateways, tmp_path_factory, postgres_server) -> Target:
    return Target("postgresql", tmp_path_factory.mktemp("target"), gateways, postgres_server)


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    return request.param


@pytest.fixture
def saved(request, kind) -> Saved:
    return request.getfixturevalue(f"saved_{kind}")


@pytest.fixture
def target(request, kind, gateways) -> Iterator[Target]:
    """Empty, and inside its application."""
    with request.getfixturevalue(f"target_{kind}").empty() as found:
        yield found


@pytest.fixture
def folder(saved, tmp_path):
    return copied(saved, tmp_path / "copy")


@pytest.fixture
def sqlite_folder(saved_sqlite, tmp_path):
    return copied(saved_sqlite, tmp_path / "copy")


@pytest.fixture
def sqlite_target(target_sqlite, gateways):
    with target_sqlite.empty() as found:
        yield found
