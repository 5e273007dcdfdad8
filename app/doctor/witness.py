"""The witness of the log: is there one, does it answer, and did it confirm the log that is here."""

from collections.abc import Iterator

from flask_babel import lazy_gettext as _

from app.doctor.findings import Finding, error, note, ok, warning
from app.models import WitnessFinding
from app.workflows import witnessing


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


CHECKS = (compared,)
