"""What the tests run as a process of its own: it makes an installation ready, or serves it as `run.py` does.

A PIN and a password cost next to nothing here; everything else is what `make run` does.
"""

import datetime as dt
import os
import sys
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade

from app import create_app, installation, serve
from app.commands import sync_roles
from app.demo import loader
from app.gateways import signing

ROOT = Path(__file__).parents[1]
CHEAP = {
    "ARGON2_COST": signing.Argon2Cost(memory_kib=64, passes=1),
    "FAB_PASSWORD_HASH_METHOD": "pbkdf2:sha256:1000",
}


def application() -> Flask:
    """The application with the settings of its environment; only what is dear by design is cheap."""
    return create_app(**CHEAP)


def make(fill: Callable[[Flask], object]) -> None:
    """Tables, roles, and whoever lives in them."""
    app = application()
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        sync_roles()
        fill(app)


def make_demo() -> None:
    """The demo as `make run` loads it."""
    make(lambda _app: loader.load(dt.datetime.now(dt.UTC)))


def make_cabinet() -> None:
    """The small cabinet of five members, with keys in files and a certificate authority of its own."""
    make(_build_cabinet)


def _build_cabinet(app: Flask) -> None:
    from tests import cabinet

    key, authority = Path(app.config["INSTALLATION_KEY"]), Path(app.config["AUTHORITY"])
    signing.create_installation_key(key)
    since = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    signing.Authority.create(authority, since, demo=True, installation_key=key.read_bytes())
    installation.choose_gateways(app)
    cabinet.build(app)


def serve_it() -> int:
    app = application()
    installation.require_ready(app)
    return serve.embedded(app, int(os.environ["PORT"]))


DEEDS: dict[str, Callable[[], int | None]] = {"demo": make_demo, "cabinet": make_cabinet, "serve": serve_it}

if __name__ == "__main__":
    sys.exit(DEEDS[sys.argv[1]]())
