"""The witness of the log: is there one, does it answer, and did it confirm the log that is here."""

import datetime as dt
from collections.abc import Iterator

from flask_babel import format_datetime
from flask_babel import lazy_gettext as _

from app.doctor.findings import Finding, error, note, ok, warning
from app.models import WitnessFinding
from app.workflows import installation_log, witnessing


def compared() -> Iterator[Finding]:
    """Every witness is asked now; nothing is written."""
    found = witnessing.compare()
    for each in found:
        if each.doubtful:
            yield error("witness", each.said)
        elif each.seen.finding in (WitnessFinding.AGREES, WitnessFinding.EMPTY):
            yield ok("witness", each.said)
        else:
            yield warning("witness", each.said)
    if not found:
        said = _("No witness (ECABINET_WITNESSES): nobody outside would notice that the log was rewritten or cut off.")
        yield note("witness", said)


def confirmed() -> Iterator[Finding]:
    """Of each witness, when it last signed, and whether the newest checkpoint waits for it."""
    last, now = installation_log.last_checkpoint(), dt.datetime.now(dt.UTC)
    for name, at in witnessing.last_confirmations():
        when = format_datetime(at, "HH:mm dd/MM/yyyy") if at else _("never")
        waits = last is not None and witnessing.unconfirmed(name) is not None and now - last.at > witnessing.FRESH
        if waits:
            said = _("The witness %(name)s has not signed under the newest checkpoint for more than an hour; it last"
                     " did: %(when)s.", name=name, when=when)  # fmt: skip
            yield warning("witness.confirmed", said)
        else:
            yield ok("witness.confirmed", _("The witness %(name)s last signed: %(when)s.", name=name, when=when))


CHECKS = (compared, confirmed)
