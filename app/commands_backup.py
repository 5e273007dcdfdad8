"""flask backup and flask restore: how they are asked, and what they say."""

import datetime as dt
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from app import backup, installation
from app.backup import keys
from app.backup.manifest import Manifest
from app.extensions import db
from app.gateways.storage import StorageError
from app.gateways.witness import pinned
from app.models import Body
from app.workflows import witnessing
from app.workflows.engine.rights import SYSTEM

FOLDER = click.Path(path_type=Path, file_okay=False)


def register(app: Flask) -> None:
    """Add the commands to `flask`."""
    app.cli.add_command(_backup)
    app.cli.add_command(_restore)


@click.command("backup")
@click.argument("folder", type=FOLDER)
@click.option("--with-keys", "keys_folder", type=FOLDER, help="Copy the signing keys too, into this other folder.")
@click.option("--i-keep-the-keys-apart", "apart", is_flag=True, help="Confirms --with-keys.")
@with_appcontext
def _backup(folder: Path, keys_folder: Path | None, apart: bool) -> None:
    """Save database, documents and the list of certificates into a new folder; the keys are not among them."""
    with _faults_told("No backup was made"):
        if keys_folder is not None:
            if not apart:
                raise backup.Broken("whoever has the keys and a PIN signs; confirm with --i-keep-the-keys-apart")
            keys.refuse_beside(folder, keys_folder)
        manifest = backup.take(folder, dt.datetime.now(dt.UTC), Console())
        copied = keys.save(current_app, keys_folder) if keys_folder else 0
    _tell(manifest)
    click.echo(f"Seal {manifest.seal}: write it down away from the backup; flask restore --seal asks for it.")
    if keys_folder:
        click.echo(f"Keys: {copied} files in {keys_folder}. Take them to another place than the backup, now.")
    else:
        click.echo("The signing keys are not in it.")


@click.command("restore")
@click.argument("folder", type=FOLDER)
@click.option("--seal", default="", help="The seal that was written down when the backup was made.")
@click.option("--with-keys", "keys_folder", type=FOLDER, help="Put back the signing keys from this other folder.")
@with_appcontext
def _restore(folder: Path, seal: str, keys_folder: Path | None) -> None:
    """Bring a backup back into an empty database, and prove all of it before anybody is served."""
    with _faults_told("Nothing was restored that may be served"):
        if keys_folder:
            click.echo(f"Keys: {keys.restore(current_app, keys_folder)} files")
            installation.choose_gateways(current_app)
        restored = backup.restore(current_app, folder, dt.datetime.now(dt.UTC), seal, Console())
    manifest = restored.manifest
    _tell(manifest)
    click.echo("Every file, document, certificate, signature, vote, Resolution and log entry was proved.")
    if not restored.own_authorities:
        click.echo(
            "This installation has no authorities of its own yet: signatures were judged by those of the backup."
        )
        click.echo(f"Compare with what you wrote down: {' '.join(manifest.authorities)}")
    click.echo(f"Recovery point: {_newest(manifest)}. What happened after it is not here.")
    click.echo(f"Recovery time: {restored.seconds:.1f} s. Everybody signs in anew.")
    for said in compare_with_witnesses(dt.datetime.now(dt.UTC)):
        click.echo(said)


def compare_with_witnesses(now: dt.datetime) -> Iterator[str]:
    """What each witness says of the log that came back; kept, so that no vote is opened over a gap."""
    body_id = db.session.scalar(select(func.min(Body.id)))
    for witness in pinned.witnesses() if body_id else ():
        seen = witnessing.look(witness)
        witnessing.keep_report(SYSTEM, body_id, witness.name, seen, now)
        yield str(witnessing.sentence(seen, witness.name))


class Console:
    """One line for each step; on a terminal it counts."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()

    def __call__(self, step: str, done: int, total: int) -> None:
        if done >= total:
            click.echo(f"\r{step}: done ({total})\x1b[K" if self._live else f"{step}: done ({total})", err=True)
        elif self._live:
            click.echo(f"\r{step}: {100 * done // total} %\x1b[K", nl=False, err=True)


@contextmanager
def _faults_told(consequence: str) -> Iterator[None]:
    """One sentence and exit status 1 for whatever goes wrong with the world."""
    try:
        yield
    except backup.Broken as broken:
        raise click.ClickException(f"{consequence}: {broken}.") from broken
    except StorageError as refused:
        raise click.ClickException(
            f"{consequence}: the document store refuses ({refused.code}); see the log."
        ) from refused
    except (OSError, sqlite3.Error, SQLAlchemyError) as fault:
        said = str(fault).partition("\n")[0]
        raise click.ClickException(f"{consequence}: {said}.") from fault


def _tell(manifest: Manifest) -> None:
    rows, size = sum(manifest.tables.values()), sum(facts["size"] for facts in manifest.files.values())
    click.echo(
        f"Backup of {manifest.taken_at}: {len(manifest.tables)} tables with {rows} rows, {len(manifest.polls)} votes,"
        f" {len(manifest.documents)} documents, {size / 1_000_000:.1f} MB; newest entry of the log {_newest(manifest)}."
    )


def _newest(manifest: Manifest) -> str:
    return f"{manifest.audit['id']} of {manifest.audit['at']}" if manifest.audit else "none"
