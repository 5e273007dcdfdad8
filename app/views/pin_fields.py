"""The field where a signer types the PIN: what it takes depends on where the key lives."""

from typing import Any

from flask import Flask
from flask_appbuilder import AppBuilder
from flask_babel import gettext as _
from markupsafe import Markup

from app.gateways.signing.places import DEVICE, REMOTE, SOFTWARE
from app.views.actor import current_actor
from app.workflows import key_places

SIX_DIGITS = Markup('inputmode="numeric" pattern="[0-9]{6}" maxlength="6"')
OUTSIDE_PIN = r"[!-~]{4,64}"
PATIENCE = 75  # seconds that a page waits for a signature of a provider: more than the proxy in front of it


def own_provider() -> str:
    """Where the key of whoever is signed in lives."""
    return key_places.own_provider(current_actor().person_id or 0)


def pin_field(provider: str = SOFTWARE) -> Any:
    """The attributes of the input, for `js/pin.js` too."""
    if provider == SOFTWARE:
        return SIX_DIGITS
    rule = _("The PIN has at least 4 letters, digits or signs.")
    patience = Markup(' data-patience="{}"').format(PATIENCE) if provider == REMOTE else ""
    return Markup('pattern="{}" maxlength="64" data-rule="{}"{}').format(OUTSIDE_PIN, rule, patience)


def pin_help(provider: str = SOFTWARE) -> str:
    """What stands below the field."""
    said = {
        SOFTWARE: _("6 digits. The PIN is not kept anywhere."),
        DEVICE: _("The PIN of your signing device. It is not kept anywhere."),
        REMOTE: _("The PIN or one-time password of your signing provider. It is not kept anywhere. If the provider's"
                  " application asks, confirm there at once."),
    }  # fmt: skip
    return said[provider]


def seal_pin_help(provider: str = SOFTWARE) -> str:
    """The same below the field for the PIN of a seal."""
    if provider == DEVICE:
        return _("The PIN of the signing device that holds the seal. It is not kept anywhere.")
    return pin_help(provider)


def waiting_words(provider: str) -> str:
    """What is said while a signature is made; nothing where it takes no time."""
    if provider != REMOTE:
        return ""
    return _(
        "The signing provider is asked. If its application shows a question, confirm it; this page waits for about"
        " a minute."
    )


def register(app: Flask, _appbuilder: AppBuilder) -> None:
    app.jinja_env.globals.update(
        own_provider=own_provider, pin_field=pin_field, pin_help=pin_help, seal_pin_help=seal_pin_help,
        waiting_words=waiting_words,
    )  # fmt: skip
