"""Where keys live: what their references say of it, and how results name it."""
from typing import Any

from flask_babel import lazy_gettext as _

SOFTWARE, DEVICE, REMOTE = "software", "pkcs11", "csc"
PLACES: dict[str, Any] = {
    SOFTWARE: _("server-held key"),
    DEVICE: _("signing device (PKCS#11)"),
    REMOTE: _("remote signature"),
}


def provider_of(key_ref: str) -> str:
    """software, pkcs11 or csc: a reference outside of our own keys names its provider before a colon."""
    provider, colon, _name = key_ref.partition(":")
    return provider if colon and provider in PLACES else SOFTWARE


def place(provider: str) -> Any:
    """The words for the place of a key (translated when shown)."""
    return PLACES.get(provider, PLACES[SOFTWARE])
