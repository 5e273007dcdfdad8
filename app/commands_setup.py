"""`flask setup`: an empty, migrated database becomes an installation, with two people before the terminal."""

import contextlib
import datetime as dt
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_babel import force_locale, lazy_gettext
from flask_babel import gettext as _

from app import installation
from app.gateways import signing
from app.workflows import founding

LARGEST = 1 << 16
FORGET = "\033[H\033[2J\033[3J"  # to a terminal: the screen and what has scrolled off it
ASKED = {
    "name": lazy_gettext("Name of the body, as it stands on its documents"),
    "code": lazy_gettext("Code of the body, as it stands in numbers of documents"),
    "kind": lazy_gettext("Kind of the body (government or province)"),
    "place": lazy_gettext("Place, as it stands before the date"),
    "administrator": lazy_gettext("First administrator: full name"),
    "post": lazy_gettext("First administrator: post"),
    "username": lazy_gettext("First administrator: user name"),
    "email": lazy_gettext("First administrator: e-mail"),
    "witness": lazy_gettext("Witness, who gets the second half of the first password: full name"),
}


def register(app: Flask) -> None:
    """Add the command to `flask`."""
    app.cli.add_command(_setup)


@click.command("setup")
@click.option("--file", "source", type=click.File("rb"), help="JSON file with the answers, instead of questions.")
@click.option("--codes", type=click.Path(path_type=Path), help="Folder for the two halves of the first password, "
              "each in a file of its own (0600); otherwise they are shown one after the other.")  # fmt: skip
@click.option("--lang", type=click.Choice(["vi", "en"]), default="vi", help="Language of questions and sentences.")
@with_appcontext
def _setup(source: BinaryIO | None, codes: Path | None, lang: str) -> None:
    """Found the installation: body, rules, keys of the installation, first administrator by two people."""
    with force_locale(lang):
        try:
            _found(source, codes)
        except founding.FoundingRefused as refused:
            lines = [f"{field}: {said}" if field else str(said) for field, said in refused.reasons]
            raise click.ClickException("\n".join(lines)) from refused


def _found(source: BinaryIO | None, codes: Path | None) -> None:
    if current_app.config["DEMO"]:
        raise click.ClickException(_("This is demo mode; the demo founds itself: make run"))
    founding.require_empty()
    if codes is None and not sys.stdout.isatty():
        raise click.ClickException(_("There is no terminal here to show the halves on: name a folder with --codes."))
    made = founding.charter(_read(source) if source else _ask())
    now = dt.datetime.now(dt.UTC)
    _prepare_keys(made.name, now)
    if codes is not None:
        _require_writable(codes)
    founded = founding.found(made, now)
    _hand_over(made, founded.halves, codes)
    click.echo(_("Founded: %(name)s. Next: flask roll import FILE.xlsx", name=made.name))


def _read(source: BinaryIO) -> dict[str, Any]:
    """The answers of a JSON file: one object of texts."""
    content = source.read(LARGEST + 1)
    try:
        values = json.loads(content.decode()) if len(content) <= LARGEST else None
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise click.ClickException(_("This file is not one JSON object in UTF-8."))
    return values


def _ask() -> dict[str, Any]:
    return {name: click.prompt(str(question)) for name, question in ASKED.items()}


def _prepare_keys(name: str, now: dt.datetime) -> None:
    """The authority that everybody's certificates come from: here, or pinned as the signer tells it."""
    config = current_app.config
    if config.get("SIGNER"):
        return
    try:
        if config["SIGNER_SOCKET"]:
            chain = signing.RemoteSigner(Path(config["SIGNER_SOCKET"])).chain()
        else:
            folder, key = Path(config["AUTHORITY"]), Path(config["INSTALLATION_KEY"])
            signing.found_authority(folder, key, now, name=name)
            chain = signing.Authority.load(folder, key.read_bytes()).chain()
        signing.pin_authorities(Path(config["TRUSTED"]), chain)
        installation.make_log_key(current_app)
    except signing.KeyUnavailable as missing:
        raise click.ClickException(
            _("The signer does not answer, or its keys are missing. First, there: python -m app.signer init; then "
              "start it.")
        ) from missing  # fmt: skip
    for certificate in chain:
        click.echo(_("Trusted certificate, SHA-256: %(sha)s", sha=hashlib.sha256(certificate).hexdigest()))


def _require_writable(codes: Path) -> None:
    """Before anything is founded: the halves are told once, so their folder must take them."""
    with contextlib.suppress(OSError):  # what is then missing is said below
        codes.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in (1, 2):
        if os.path.lexists(codes / f"{number}.txt"):
            raise click.ClickException(_("%(path)s is there already.", path=codes / f"{number}.txt"))
    require_writable(codes)


def require_writable(folder: Path) -> None:
    """ClickException when this account can make no file in `folder`."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as refusal:
        said = _("This account can write nothing in %(folder)s.", folder=folder.absolute())
        raise click.ClickException(said) from refusal


def _hand_over(made: founding.Charter, halves: tuple[str, str], codes: Path | None) -> None:
    """Each half for one pair of eyes: in a file of its own, or on the screen while the other one looks away."""
    for number, (person, half) in enumerate(zip((made.administrator, made.witness), halves, strict=True), start=1):
        said = _("%(person)s: half %(number)s of the first password of “%(username)s”: %(half)s", person=person,
                 number=number, username=made.username, half=half)  # fmt: skip
        if codes is not None:
            write_private(codes / f"{number}.txt", said + "\n")
            continue
        click.pause(_("%(person)s alone before the screen now? Press a key.", person=person))
        click.echo(said)
        click.pause(_("Written down? Press a key; the screen is cleared."))
        click.echo(FORGET, nl=False)


def write_private(path: Path, text: str) -> None:
    """A new file that its owner alone reads; FileExistsError when there is one."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
