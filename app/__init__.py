"""create_app(): the only function that knows every part.

It imports them late: a program of this package that is no application, such as the signer, loads none of them.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask
    from flask_appbuilder import AppBuilder


def create_app(config: str = "config", **overrides: object) -> "Flask":
    """Build one application; `overrides` replace settings of the configuration module (the tests use them).

    NotReady for a setting that is no address.
    """
    from flask import Flask

    from app.extensions import csrf, db, migrate
    from app.settings import require_addresses

    app = Flask(__name__)
    app.config.from_object(config)
    app.config.update(overrides)
    require_addresses(app.config)
    db.init_app(app)
    migrate.init_app(app, db)
    csrf.init_app(app)
    _init_sockets(app)
    import_module("app.models")
    from app import installation, logs, metrics, security, wiring

    logs.register(app)  # before every page and every refusal
    metrics.register(app)
    installation.choose_gateways(app)
    metrics.watch_signer()
    with app.app_context():
        appbuilder = security.Builder(security_manager_class=security.SecurityManager)
        appbuilder.init_app(app, db.session)
        _register_adapters(app, appbuilder)
    wiring.connect()
    _bind_queues(app)
    return app


def ready_app(serving: bool = True) -> "Flask":
    """The application of a program, which ends here with one sentence when there is something wrong with its settings.

    Without `serving` for the commands of `flask`: they make ready what everything else serves.
    """
    from app.settings import NotReady

    try:
        app = create_app()
        if serving:
            import_module("app.installation").require_ready(app)
    except NotReady as reason:
        sys.exit(str(reason))
    return app


def _register_adapters(app: "Flask", appbuilder: "AppBuilder") -> None:
    from app import commands, metrics
    from app.realtime import connect, listening
    from app.views import register

    register(app, appbuilder)
    connect.register()
    metrics.count_sockets(lambda: len(listening.lines))
    commands.register(app)


def _init_sockets(app: "Flask") -> None:
    """Same origin only; small messages, one after the other for each socket, so that nobody can start a flood."""
    from app.extensions import socketio
    from app.realtime.listening import PING, PONG

    socketio.init_app(
        app, async_mode="threading", async_handlers=False, cors_allowed_origins=None, max_http_buffer_size=16384,
        namespaces=["/meetings"], ping_interval=PING, ping_timeout=PONG,
    )  # fmt: skip


def _bind_queues(app: "Flask") -> None:
    """Where hints are sent; without Redis nothing is ever sent."""
    from app.extensions import celery

    if app.config["REDIS_URL"]:
        celery.conf.update(app.config["CELERY"], broker_url=app.config["REDIS_URL"])
