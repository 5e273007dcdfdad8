"""What is done from the shell: deployment, demo data, replay."""

import click
from flask import Flask, current_app

from app import security


def register(app: Flask) -> None:
    """Add the commands to `flask`."""
    app.cli.command("sync-roles")(_say_synchronised)


def sync_roles() -> None:
    """Make permissions and roles say what the code says; run at every deployment."""
    manager = current_app.appbuilder.sm
    manager.add_role(manager.auth_role_admin)  # FAB grants it everything, so nobody ever holds it
    current_app.appbuilder.add_permissions(update_perms=True)
    security.sync_roles(manager)



def _say_synchronised() -> None:
    """Make permissions and roles say what the code says; run at every deployment."""
    sync_roles()
    click.echo("roles synchronised")
