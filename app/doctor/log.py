"""The log of the installation: the sequencer at work, nothing waiting to be entered for long, the key out of reach."""

import datetime as dt
from collections.abc import Iterator

from flask import current_app
from flask_babel import lazy_gettext as _

from app import installation
from app.doctor.findings import Finding, error, ok, warning
from app.extensions import db
from app.gateways import log_key, signing
from app.models import Heartbeat
from app.tasks.sequencer import BEAT
from app.workflows import sequencing

FRESH = dt.timedelta(seconds=60)  # a sequencer at work notes it four times a minute
LATE = dt.timedelta(seconds=60)  # entries follow their facts within a second


def sequencer() -> Iterator[Finding]:
    """Whether any web process enters what was committed."""
    beat, now = db.session.get(Heartbeat, BEAT), dt.datetime.now(dt.UTC)
    if beat is None:
        yield error("log.sequencer", _("Nobody has ever seen the sequencer at work: nothing is entered into the log."))
    elif now - beat.at > FRESH:
        waited = int((now - beat.at).total_seconds())
        said = _("The sequencer was last seen %(s)d s ago: nothing is entered into the log. Start a web process.",
                 s=waited)  # fmt: skip
        yield error("log.sequencer", said)
    else:
        yield ok("log.sequencer", _("The sequencer is at work."))


def waiting() -> Iterator[Finding]:
    """How long the oldest fact has been waiting for its entry."""
    count, since = sequencing.backlog()
    waited = dt.datetime.now(dt.UTC) - since if since else dt.timedelta()
    if waited > LATE:
        said = _(
            "%(count)d facts are not in the log, the oldest of them for %(minutes)d minutes: look at the log of the web"
            " processes.", count=count, minutes=int(waited.total_seconds() / 60),
        )  # fmt: skip
        yield error("log.waiting", said)
    else:
        yield ok("log.waiting", _("No fact has been waiting for the log for more than a minute."))


def key() -> Iterator[Finding]:
    """Who signs the heads of the log: in a production the signer, and the account of the pages cannot read the key."""
    code, standing, file = "log.key", log_key.key(), installation.log_key_file(current_app)
    if not standing.public:
        said = _("There is no key of the log, so no checkpoint is signed; make it: flask audit key")
        yield warning(code, said)
    elif standing.private and (current_app.config["PRODUCTION"] or current_app.config["SIGNER_SOCKET"]):
        said = _("This account can read the key of the log, %(path)s; it belongs to the signer.", path=file)
        yield warning(code, said)
    elif standing.private:
        yield ok(code, _("The key of the log is in this process."))
    elif standing.signs:
        yield _of_signer(code, standing.public)
    else:
        yield warning(code, _("Only the public half of the key of the log is here, so no checkpoint is signed."))


def _of_signer(code: str, pinned: str) -> Finding:
    try:
        found = installation.signer_of_heads(current_app).log_key()
    except signing.SigningError:
        return error(code, _("The signer gives no key of the log, so no checkpoint is signed."))
    if found != pinned:
        said = _("The signer's key of the log, %(found)s, is not the one that is pinned here.", found=found)
        return error(code, said)
    return ok(code, _("The key of the log is with the signer."))


CHECKS = (sequencer, waiting, key)
