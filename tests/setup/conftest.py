"""An application on an empty, migrated database, and the shell in front of it."""

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.commands import sync_roles
from app.extensions import db
from app.gateways import signing, storage
from app.workflows.rules.calendar import hanoi_date
from tests.conftest import SETTINGS
from tests.setup.books import ANSWERS, as_json

Shell = Callable[..., Result]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with tables and roles, and nobody in it."""
    path = tmp_path_factory.mktemp("migrated") / "empty.db"
    application = create_app(**SETTINGS, SQLALCHEMY_DATABASE_URI=f"sqlite:///{path}", STORE=storage.MemoryStorage())
    with application.app_context():
        upgrade(directory="migrations")
        sync_roles()
        db.session.remove()
        db.engine.dispose()
    return path


@pytest.fixture
def bare(migrated: Path, tmp_path: Path) -> Iterator[Flask]:
    """An empty installation whose keys are made in its own folder; `SIGNER` is not set."""
    shutil.copy(migrated, tmp_path / "db")
    folders = {name: tmp_path / "var" / name.lower() for name in ("KEYS", "AUTHORITY", "INSTALLATION_KEY", "TRUSTED")}
    application = create_app(
        **SETTINGS, **folders, ARGON2_COST=signing.Argon2Cost(memory_kib=64, passes=1), STORE=storage.MemoryStorage(),
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'db'}",
    )  # fmt: skip
    with application.app_context():
        yield application
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def shell(bare: Flask, tmp_path: Path) -> Shell:
    """Run a command of `flask`; what it asks for is answered line by line from `typed`."""

    def run(*arguments: object, typed: str = "") -> Result:
        db.session.remove()
        command = [str(each) for each in arguments]
        result = bare.test_cli_runner().invoke(args=command, input=typed)
        db.session.remove()
        return result

    return run


@pytest.fixture
def founded(shell: Shell, tmp_path: Path) -> dict[str, str]:
    """A founded installation: the first administrator's password, and the halves it came in."""
    answer = shell("setup", "--file", as_json(tmp_path, ANSWERS), "--codes", tmp_path / "codes")
    assert answer.exit_code == 0, answer.output
    halves = [(tmp_path / "codes" / f"{number}.txt").read_text().split()[-1] for number in (1, 2)]
    return {"password": "".join(halves), "first": halves[0], "second": halves[1]}


def today() -> dt.date:
    return hanoi_date(dt.datetime.now(dt.UTC))
