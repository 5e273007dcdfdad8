"""Keys in devices and at providers: each one that stands is asked for its certificate; no PIN is used."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _

from app.doctor.findings import Finding, error, ok, warning
from app.gateways import signing
from app.gateways.signing import SigningError
from app.installation import UNSOUND_PROVIDERS
from app.metrics.patience import together
from app.workflows import key_places
from app.workflows.engine.transaction import end_reading
from app.workflows.key_places import Outside
from app.workflows.rules.canonical import digest

PATIENCE = 25.0  # seconds for all of them together
CODE = "keys.outside"
FINE = "fine"
NOT_THAT = _("The device or provider shows another certificate than the registered one; nothing will be signed.")


def file() -> Iterator[Finding]:
    """The file that names them, where this process reads it: a path that is none, a secret that others can read."""
    if problem := current_app.extensions.get(UNSOUND_PROVIDERS):
        yield error(CODE, _("ECABINET_SIGNING_PROVIDERS cannot be used: %(problem)s", problem=problem))


def outside() -> Iterator[Finding]:
    """Whether every key outside of this software answers, with the certificate that is registered."""
    standing = key_places.outside_keys()
    end_reading()
    answers = together({each.key_ref: partial(_answer, each) for each in standing}, PATIENCE)
    silent = _("No answer within %(s)d seconds.", s=PATIENCE)
    troubled = [each for each in standing if answers[each.key_ref] is not FINE]
    for each in troubled:
        why = silent if answers[each.key_ref] is None else answers[each.key_ref]
        yield warning(CODE, _("Key %(key)s of %(owner)s: %(why)s", key=each.key_ref, owner=each.owner, why=why))
    if standing and not troubled:
        said = _("%(n)s keys in devices and at providers answer with the registered certificate.", n=len(standing))
        yield ok(CODE, said)


def _answer(key: Outside) -> Any:
    """What is wrong with it, in a sentence, or that nothing is."""
    try:
        certificate = signing.signer().certificate(key.key_ref)
    except SigningError as refused:
        return refused.message
    return FINE if digest(certificate) == key.certificate_sha256 else NOT_THAT


CHECKS = (file, outside)
