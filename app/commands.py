"""What is done from the shell: deployment, demo data, replay, verification of a file."""

import datetime as dt
import json
from io import BufferedReader
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_babel import get_locale, gettext
from flask_migrate import upgrade
from sqlalchemy.exc import SQLAlchemyError

from app import security
from app.gateways.signing.errors import SigningError

VERDICTS = {"valid": 0, "invalid": 1, "undetermined": 2}  # exit codes


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
        commands_witness,
        create_app,
    )
    from app.demo import loader, replay

    app.cli.command("sync-roles")(_say_synchronised)
    app.cli.command("docs")(_write_docs)
    app.cli.add_command(_verify)
    commands_key.register(app)
    commands_roll.register(app)
    commands_setup.register(app)
    commands_backup.register(app)
    commands_doctor.register(app)
    commands_vapid.register(app)
    commands_audit.register(app)
    commands_witness.register(app)
    commands_tsa.register(app)
    app.cli.add_command(replay.command_for(create_app))
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

    upgrade(directory=str(Path(current_app.root_path).parent / "migrations"))
    sync_roles()
    loader.say_loaded()


def _write_docs() -> None:
    """Write the pages of docs/ that follow from the code: lifecycles and rights."""
    from app import handbook

    for path in handbook.write(Path(current_app.root_path).parent / "docs"):
        click.echo(path)


@click.command("verify")
@click.argument("file", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="Answer with state, reasons, signers and hash as JSON.")
@with_appcontext
def _verify(file: BufferedReader, as_json: bool) -> None:
    """Say whether a PDF is a Resolution of ours, or evidence holds: exit code 0 valid, 1 invalid, 2 undetermined."""
    from app.gateways import bundles, pades
    from app.workflows import verification

    if bundles.is_bundle(file.peek(4)):
        account = bundles.examine(Path(file.name), str(get_locale()), as_json=as_json)
        click.echo(account.said or gettext("The evidence could not be examined."))
        raise SystemExit(VERDICTS[account.state])

    try:
        verdict = verification.verify(file.read(pades.Limits().size + 1), dt.datetime.now(dt.UTC))
    except (SQLAlchemyError, SigningError) as trouble:  # not a word about the file follows from this
        said = gettext("The records cannot be asked, so nothing is said about the file: %(why)s", why=str(trouble))
        click.echo(said.partition("\n")[0], err=True)
        raise SystemExit(VERDICTS["undetermined"]) from trouble
    told = verdict.as_json()
    click.echo(json.dumps(told, ensure_ascii=False, indent=2) if as_json else "\n".join(verdict.lines()))
    raise SystemExit(VERDICTS[verdict.state])
