"""What is done from the shell: deployment, demo data, replay."""

from pathlib import Path

import click
from flask import Flask, current_app
from flask_migrate import upgrade

from app import security


def register(app: Flask) -> None:
    """Add the commands to `flask`."""
    from app import (
        commands_audit,
        commands_backup,
        commands_doctor,
        commands_key,
        commands_roll,
        commands_setup,
        commands_tsa,
        commands_vapid,
        commands_verify,
        commands_witness,
        create_app,
    )
    from app.demo import loader, replay, slip_replay

    app.cli.command("sync-roles")(_say_synchronised)
    app.cli.command("docs")(_write_docs)
    commands_key.register(app)
    commands_roll.register(app)
    commands_setup.register(app)
    commands_backup.register(app)
    commands_doctor.register(app)
    commands_vapid.register(app)
    commands_verify.register(app)
    commands_audit.register(app)
    commands_witness.register(app)
    commands_tsa.register(app)
    app.cli.add_command(replay.command_for(create_app))
    app.cli.add_command(slip_replay.command_for(create_app))
    app.cli.add_command(loader.group)
    loader.group.command("prepare")(_prepare_demo)


def sync_roles() -> None:
    """Make permissions and roles say what the code says; run at every deployment."""
    manager = current_app.extensions["appbuilder"].sm
    manager.add_role(manager.auth_role_admin)  # the framework's break-glass role: it opens nothing, nobody holds it
    security.sync_roles(manager)


def _say_synchronised() -> None:
    """Make permissions and roles say what the code says; run at every deployment."""
    sync_roles()
    click.echo("roles synchronised")


def _prepare_demo() -> None:
    """Migrate the database, synchronise the roles, load the demo: all that `make run` needs, in one start."""
    from app.demo import loader
    from app.demo.saying import Saying

    saying = Saying()
    saying.begin("Tables of the database")
    upgrade(directory=str(Path(current_app.root_path).parent / "migrations"))
    saying.begin("Roles and the screens that they open")
    sync_roles()
    loader.say_loaded(saying)


def _write_docs() -> None:
    """Write the pages of docs/ that follow from the code: lifecycles and rights."""
    from app import handbook

    for path in handbook.write(Path(current_app.root_path).parent / "docs"):
        click.echo(path)
