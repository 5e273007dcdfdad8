"""`flask roll`: the people of a body come in from a workbook, and the accounts' first passwords go out once."""

import datetime as dt
import getpass
import hashlib
from pathlib import Path
from typing import NoReturn

import click
from flask import Flask
from flask.cli import AppGroup
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.commands_setup import require_writable, write_private
from app.extensions import db
from app.gateways import workbook
from app.models import Body, Office
from app.workflows import founding, roll_sheets, roll_template, terminal
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import end_reading
from app.workflows.roll_import import Imported, RollRefused, Source, import_roll, preview_roll
from app.workflows.roll_sheets import Fault
from app.workflows.rules.calendar import hanoi_date

group = AppGroup("roll", help="The people of a body.")
language = click.option("--lang", type=click.Choice(["vi", "en"]), default="vi", help="Language of the sentences.")


def register(app: Flask) -> None:
    """Add the commands to `flask`."""
    app.cli.add_command(group)


@group.command("template")
@click.argument("path", type=click.Path(path_type=Path))
@language
def _template(path: Path, lang: str) -> None:
    """Write the empty workbook of a roll to PATH."""
    with force_locale(lang):
        require_writable(path.parent)
        path.write_bytes(roll_template.template(dt.datetime.now(dt.UTC)))
        click.echo(path)


@group.command("import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--passwords", type=click.Path(path_type=Path), help="New file (0600) for the first passwords.")
@click.option("--as", "clerk", help="User name of whoever keeps the roll; not needed before anybody does.")
@click.option("--administrator", help="User name of an administrator, for new accounts; likewise.")
@click.option("--body", "code", default="", help="Code of the body, where there are several.")
@language
def _import(
    path: Path, dry_run: bool, passwords: Path | None, clerk: str, administrator: str, code: str, lang: str
) -> None:
    """Enter what the workbook PATH has and the roll has not; all of it or nothing."""
    with force_locale(lang):
        now = dt.datetime.now(dt.UTC)
        body_id = body_named(code)
        roll, digest = _understood(path)
        keeper, maker = _actors(body_id, clerk, administrator, now)
        made = Source(digest, getpass.getuser())
        end_reading()
        try:
            if dry_run:
                return _tell(preview_roll(keeper, maker, body_id, roll, now, made), dry_run=True)
            _require_place(passwords, maker, roll)
            told = import_roll(keeper, maker, body_id, roll, now, made)
        except RollRefused as refused:
            _refuse(refused.faults)
        except WorkflowError as refused:
            raise click.ClickException(str(refused)) from refused
        if passwords is not None and told.passwords:
            write_private(passwords, "".join(f"{name}\t{word}\n" for name, word in told.passwords.items()))
        _tell(told, dry_run=False)


def body_named(code: str) -> int:
    """The body with this code, or the only one there is; the command ends otherwise."""
    bodies = db.session.execute(select(Body.id, Body.code)).all()
    chosen = [each.id for each in bodies if not code or each.code == code]
    if len(chosen) != 1:
        codes = ", ".join(each.code for each in bodies) or "–"
        raise click.ClickException(_("Name one body with --body: %(codes)s (flask setup founds one).", codes=codes))
    return int(chosen[0])


def _understood(path: Path) -> tuple[roll_sheets.Roll, str]:
    """What the workbook says, and its digest; the command ends with every fault that it has."""
    if path.stat().st_size > workbook.LARGEST:
        raise click.ClickException(str(workbook.SENTENCES[workbook.Fault.TOO_LARGE]))
    content = path.read_bytes()
    try:
        roll, faults = roll_sheets.understand(workbook.read(content))
    except workbook.WorkbookRefused as refused:
        _refuse([Fault(refused.sheet or path.name, refused.row, refused.column, str(refused))])
    if faults:
        _refuse(faults)
    return roll, hashlib.sha256(content).hexdigest()


def _actors(body_id: int, clerk: str, administrator: str, now: dt.datetime) -> tuple[Actor, Actor | None]:
    """Those in whose name it is done: people who give their passwords, or the founder while there is nobody."""
    keeper, maker = identified(clerk, now), identified(administrator, now)
    if not founding.has_keepers(body_id, hanoi_date(now)):
        keeper = keeper or founding.founder(body_id, Office.CLERK)
        maker = maker or founding.founder(body_id, Office.ADMINISTRATOR)
    if keeper is None:
        raise click.ClickException(_("Somebody keeps this roll already; say who you are: --as USERNAME"))
    return keeper, maker


def identified(username: str, now: dt.datetime) -> Actor | None:
    """The person of a user name, after the password; None for no name."""
    if not username:
        return None
    try:
        return terminal.identify(username, click.prompt(_("Password of %(name)s", name=username), hide_input=True), now)
    except WorkflowError as refused:
        raise click.ClickException(str(refused)) from refused


def _require_place(passwords: Path | None, maker: Actor | None, roll: roll_sheets.Roll) -> None:
    """The passwords are told once: without a place for them no account is made."""
    if maker is not None and passwords is None and any(line["username"] for line in roll.people):
        raise click.ClickException(_("Name a new file for the first passwords: --passwords FILE"))
    if passwords is None:
        return
    if passwords.exists() or not passwords.absolute().parent.is_dir():
        raise click.ClickException(_("%(path)s is there already, or its folder is not.", path=passwords))
    require_writable(passwords.parent)


def _refuse(faults: list[Fault]) -> NoReturn:
    for fault in faults:
        click.echo(str(fault), err=True)
    raise click.ClickException(_("The workbook is wrong in %(count)s places. Nothing was changed.", count=len(faults)))


def _tell(told: Imported, *, dry_run: bool) -> None:
    for note in told.notes:
        click.echo(str(note))
    words = {
        "organisations": _("Organisations"), "people": _("People"), "accounts": _("Accounts"),
        "addresses": _("Contact addresses"), "posts": _("Posts"), "aides": _("Aides"),
    }  # fmt: skip
    for what, word in words.items():
        added, kept = told.added.get(what, 0), told.kept.get(what, 0)
        click.echo(_("%(what)s: %(added)s added, %(kept)s on record", what=word, added=added, kept=kept))
    click.echo(_("Nothing was changed: this was a preview.") if dry_run else _("Done."))
