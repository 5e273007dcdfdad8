"""`flask audit verify`: the whole log is recomputed, and the first row that is not as it was entered is named."""

import json

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from app import installation
from app.gateways import log_key
from app.gateways.signing import KeyUnavailable
from app.workflows import checks, witnessing
from app.workflows.log_checks import Account
from app.workflows.rules.calendar import iso_utc

WHOLE, BROKEN, UNKNOWN = 0, 1, 2  # exit codes
group = AppGroup("audit", help="The log of the installation.")


def register(app: Flask) -> None:
    """Add the command to `flask`."""
    app.cli.add_command(group)


@group.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@click.option("--lang", type=click.Choice(["vi", "en"]), default="vi", help="Language of the sentences.")
@with_appcontext
def _verify(as_json: bool, lang: str) -> None:
    """Recompute audit rows, log, votes, checkpoints and signatures: exit code 0 whole, 1 broken, 2 cannot be asked.

    Every witness is asked, too: a log that is not the one it confirmed is broken unless two people declared the gap.
    """
    with force_locale(lang):
        try:
            account, outside = checks.examine(), witnessing.compare()
        except SQLAlchemyError as trouble:
            said = _("The records cannot be asked, so nothing is said about them: %(why)s", why=str(trouble))
            click.echo(said.partition("\n")[0], err=True)
            raise SystemExit(UNKNOWN) from trouble
        if as_json:
            told = account.as_json() | {"witnesses": [each.as_json() for each in outside]}
            click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        else:
            click.echo("\n".join([*_lines(account), *(str(each.said) for each in outside)]))
    raise SystemExit(BROKEN if account.broken or any(each.doubtful for each in outside) else WHOLE)


@group.command("key")
@with_appcontext
def _key() -> None:
    """Make the key that signs the checkpoints, or ask the signer for its own, where an installation has none yet."""
    path = installation.log_key_file(current_app)
    try:
        made = installation.make_log_key(current_app)
    except KeyUnavailable as missing:
        raise click.ClickException(_("The signer does not answer, so there is no key of the log yet.")) from missing
    path = path if path.exists() else path.with_suffix(log_key.PUBLIC)
    click.echo(_("Made: %(path)s", path=path) if made else _("%(path)s is there already.", path=path))


def _lines(account: Account) -> list[str]:
    lines = [
        _("Entries of the log: %(n)d, root %(root)s", n=account.entries, root=account.root),
        _("Facts: %(n)d, not entered yet: %(waiting)d", n=account.facts, waiting=account.waiting),
        _("Votes: %(n)d", n=account.polls),
        _("Slips: %(n)d", n=account.slips),
        _("Checkpoints: %(n)d, cosignatures of witnesses: %(m)d", n=account.checkpoints, m=account.cosignatures),
    ]
    for each in account.broken:
        at = iso_utc(each.at) if each.at else "–"
        lines.append(_("BROKEN: table %(table)s, id %(id)s, time %(at)s: %(why)s", table=each.table, id=each.key, at=at,
                       why=each.sentence))  # fmt: skip
    said = _("Not everything is as it was entered.") if account.broken else _("Everything is as it was entered.")
    return [*lines, said]
