"""What is done from the shell: deployment, demo data, replay."""

from pathlib import Path

import click
from flask import Flask, current_app

from app import security


def register(app: Flask) -> None:
    """Add the commands to `flask`."""
    from app import create_app
    from app.demo import loader, replay

    app.cli.command("sync-roles")(_say_synchronised)
    app.cli.command("docs")(_write_docs)
    app.cli.add_command(replay.command_for(create_app))
    app.cli.add_command(loader.group)


def sync_roles() -> None:
    """Make permissions and roles say what the code says; run at every deployment."""
    appbuilder = current_app.extensions["appbuilder"]
    appbuilder.sm.add_role(appbuilder.sm.auth_role_admin)  # FAB grants it everything, so nobody ever holds it
    appbuilder.add_permissions(update_perms=True)
    security.sync_roles(appbuilder.sm)


def _say_synchronised() -> None:
    """Make permissions and roles say what the code says; run at every deployment."""
    sync_roles()
    click.echo("roles synchronised")


def _write_docs() -> None:
    """Write the pages of docs/ that follow from the code: lifecycles and rights."""
    from app import handbook

    for path in handbook.write(Path(current_app.root_path).parent / "docs"):
        click.echo(path)
