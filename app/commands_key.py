"""`flask key`: two people of the Government Office let members take a key, and register a seal kept elsewhere."""

import datetime as dt
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup
from flask_appbuilder.security.sqla.models import User
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.commands_roll import body_named, identified, language
from app.extensions import db
from app.gateways import signing
from app.models import KeyRecovery, Person, RecoveryKind
from app.workflows import keys, outside_keys, outside_seals
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import NOBODY, Actor
from app.workflows.engine.transaction import end_reading
from app.workflows.outside_keys import Offered
from app.workflows.own_key import may_enrol

group = AppGroup("key", help="Signing keys.")


def register(app: Flask) -> None:
    """Add the command to `flask`."""
    app.cli.add_command(group)


@group.command("enrol")
@click.argument("usernames", nargs=-1, required=True)
@click.option("--asked-by", required=True, help="User name of the first of the two people.")
@click.option("--confirmed-by", default="", help="User name of the second; otherwise the request waits for one.")
@click.option("--reason", default="", help="Why; otherwise: the first key.")
@click.option("--key", "key_ref", default="", help="A key of a signing device or provider: pkcs11:NAME, csc:NAME.")
@click.option("--here", is_flag=True, help="The owner takes the key at this terminal, with password and PIN.")
@language
def _enrol(
    usernames: tuple[str, ...], asked_by: str, confirmed_by: str, reason: str, key_ref: str, here: bool, lang: str
) -> None:
    """Let the owners of these accounts take a signing key, in the application or --here.

    With --key the owner registers a key that a device or a provider of remote signing holds.
    """
    with force_locale(lang):
        now = dt.datetime.now(dt.UTC)
        if key_ref and not here:
            raise click.ClickException(_("A key of a device or provider is registered by its owner --here."))
        if here and (len(usernames) != 1 or not confirmed_by):
            raise click.ClickException(_("At the terminal one owner takes a key at a time, after both have confirmed."))
        people = [_person(username) for username in usernames]
        first, second = identified(asked_by, now), identified(confirmed_by, now)
        if first is None:
            raise click.ClickException(_("Two people confirm a key: --asked-by and --confirmed-by."))
        failed = 0
        for username, person_id in zip(usernames, people, strict=True):
            failed += not _allow(first, second, username, person_id, reason or _("First signing key"), now)
        if here and not failed:
            (_register if key_ref else _take)(usernames[0], now, key_ref)
        raise SystemExit(1 if failed else 0)


@group.command("enrol-seal")
@click.argument("key_ref", metavar="[KEY]", default="")
@click.option("--asked-by", required=True, help="User name of somebody who keeps the seal.")
@click.option("--confirmed-by", required=True, help="User name of the second of the two people.")
@click.option("--picture", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="PNG of the seal; otherwise that of the seal before stays.")  # fmt: skip
@click.option("--body", "code", default="", help="Code of the body, where there are several.")
@language
def _enrol_seal(key_ref: str, asked_by: str, confirmed_by: str, picture: Path | None, code: str, lang: str) -> None:
    """Register the organisation's seal whose key a device or a provider holds: pkcs11:NAME, csc:NAME.

    Without KEY a key is made here, which replaces one that was kept elsewhere.
    """
    with force_locale(lang):
        now = dt.datetime.now(dt.UTC)
        body_id, drawn = body_named(code), picture.read_bytes() if picture else None
        first, second = identified(asked_by, now) or NOBODY, identified(confirmed_by, now)
        try:
            if key_ref:
                found = outside_seals.offered(first, second, body_id, key_ref, now)
                _show(found)
                click.confirm(_("Is this the certificate of the seal?"), abort=True)
                pin = click.prompt(_("PIN of this key"), hide_input=True)
                seal = outside_seals.register(first, second, body_id, found, pin, drawn, dt.datetime.now(dt.UTC))
            else:
                pin = click.prompt(_("New PIN of the seal, six digits"), hide_input=True, confirmation_prompt=True)
                seal = outside_seals.replace_here(first, second, body_id, pin, drawn, dt.datetime.now(dt.UTC))
        except WorkflowError as refused:
            raise click.ClickException(str(refused)) from refused
        place = signing.place(signing.provider_of(seal.key_ref))
        click.echo(_("The seal is registered. Its key is kept as: %(place)s", place=place))


def _person(username: str) -> int:
    person_id = db.session.scalar(select(Person.id).join(User, User.id == Person.user_id).where(
        User.username == username.lower()))  # fmt: skip
    if person_id is None:
        raise click.ClickException(_("There is no account “%(name)s” with a person.", name=username))
    return int(person_id)


def _allow(
    first: Actor, second: Actor | None, username: str, person_id: int, reason: str, now: dt.datetime
) -> bool:
    """Ask in the name of the first and confirm in that of the second; a waiting request is not asked for twice."""
    try:
        asked = _waiting(person_id)
        if asked is None and may_enrol(Actor(person_id)):
            click.echo(_("%(name)s: was confirmed before; the owner has not taken the key yet", name=username))
            return True
        if asked is None:
            asked = keys.request_recovery(first, person_id, RecoveryKind.REPLACE, reason, now).id
        if second is None:
            click.echo(_("%(name)s: asked for; a second person confirms in the application", name=username))
        else:
            keys.approve_recovery(second, asked, now)
            click.echo(_("%(name)s: confirmed; the owner takes the key with a PIN of his own", name=username))
    except WorkflowError as refused:
        click.echo(f"{username}: {refused}", err=True)
        return False
    finally:
        end_reading()
    return True


def _waiting(person_id: int) -> int | None:
    """A request for a new key that nobody has confirmed yet."""
    waiting = select(KeyRecovery.id).where(
        KeyRecovery.person_id == person_id, KeyRecovery.kind == RecoveryKind.REPLACE, KeyRecovery.approved_at.is_(None)
    )
    return db.session.scalar(waiting.order_by(KeyRecovery.id.desc()).limit(1))


def _register(username: str, now: dt.datetime, key_ref: str) -> None:
    """The owner sees the certificate, says that it is the own one, and proves it with the PIN of the key."""
    owner = identified(username, now) or NOBODY
    try:
        found = outside_keys.offered(owner, key_ref, now)
        _show(found)
        click.confirm(_("Is this your own certificate?"), abort=True)
        pin = click.prompt(_("PIN of this key"), hide_input=True)
        outside_keys.register(owner, found, pin, now)
    except WorkflowError as refused:
        raise click.ClickException(str(refused)) from refused
    click.echo(_("%(name)s has a signing key now.", name=username))


def _show(found: Offered) -> None:
    """Whose certificate it is, from whom, until when."""
    facts = found.facts
    click.echo(_("The key is kept as: %(place)s", place=found.place))
    click.echo(_("Issued to: %(name)s, %(title)s, %(organisation)s", name=facts.name, title=facts.title or "–",
                 organisation=facts.organisation or "–"))  # fmt: skip
    click.echo(_("Issued by: %(issuer)s, serial number %(serial)s", issuer=facts.issuer, serial=facts.serial))
    click.echo(_("Valid until: %(day)s", day=f"{facts.not_after:%d/%m/%Y}"))
    click.echo(f"SHA-256: {facts.sha256}")


def _take(username: str, now: dt.datetime, _key_ref: str) -> None:
    owner = identified(username, now) or NOBODY
    pin = click.prompt(_("New PIN of %(name)s, six digits", name=username), hide_input=True, confirmation_prompt=True)
    try:
        keys.enrol_own_key(owner, pin, now)
    except WorkflowError as refused:
        raise click.ClickException(str(refused)) from refused
    click.echo(_("%(name)s has a signing key now.", name=username))
