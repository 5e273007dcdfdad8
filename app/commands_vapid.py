"""The key of push messages, made once for an installation."""

import os
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup

from app.gateways.push import generate_vapid_key

group = AppGroup("vapid", help="The key under which push messages are sent.")


def register(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("create")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def create(file: Path) -> None:
    """Write a new key into FILE, readable by its owner alone; a file that exists is left as it is."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as refusal:
        raise click.ClickException(f"{file} was not written: {refusal.strerror}") from refusal
    with os.fdopen(handle, "wb") as target:
        target.write(generate_vapid_key())
    click.echo(f"ECABINET_VAPID_KEY={file.absolute()}")
