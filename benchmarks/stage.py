"""Where benchmarks run: a durable PostgreSQL of their own, with the small cabinet of the tests in it."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.commands import sync_roles
from app.extensions import db
from app.gateways import signing, storage
from tests import cabinet
from tests.conftest import SETTINGS
from tests.servers import PostgresServer

DATABASE = "ecab_bench"


@contextmanager
def on_postgresql() -> Iterator[tuple[Flask, PostgresServer, str]]:
    """fsync on, synchronous commits, checksums; the application serves as the role that owns nothing."""
    server = PostgresServer(durable=True)
    try:
        server.create_database(DATABASE)
        authority = signing.Authority.create(None, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), demo=True)
        settings = {
            **SETTINGS, "SIGNER": (signing.MemorySigner(authority), authority.chain()),
            "STORE": storage.MemoryStorage(), "APP_ROLE": "ecab_app",
        }  # fmt: skip
        owner = create_app(**settings, SQLALCHEMY_DATABASE_URI=server.url(DATABASE, "ecab_owner"))
        with owner.app_context():
            upgrade(directory="migrations")
            sync_roles()
            cabinet.build(owner)
            db.session.remove()
            db.engine.dispose()
        application = create_app(**settings, SQLALCHEMY_DATABASE_URI=server.url(DATABASE))
        with application.app_context():
            yield application, server, DATABASE
            db.session.remove()
            db.engine.dispose()
    finally:
        server.stop()
