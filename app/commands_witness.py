"""`flask witness`: the program of the witness (`python -m app.witness`), under the roof of the other commands."""

import os
import sys
from pathlib import Path

import click
from flask import Flask

import app as package

ANYTHING = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


def register(app: Flask) -> None:
    """Add the command to `flask`."""
    app.cli.add_command(_witness)


@click.command("witness", context_settings=ANYTHING)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def _witness(arguments: tuple[str, ...]) -> None:
    """Countersign a log on another host; the same as python -m app.witness (--help there)."""
    os.chdir(Path(package.__path__[0]).parent)
    os.execv(sys.executable, [sys.executable, "-m", "app.witness", *arguments])  # noqa: S606 - it becomes that program
