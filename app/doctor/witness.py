"""The witness of the log: is there one, does it answer, and did it confirm the log that is here."""

from collections.abc import Iterator

from flask_babel import lazy_gettext as _

from app.doctor.findings import Finding, error, note, ok, warning
from app.gateways.witness import pinned
from app.models import WitnessFinding
from app.workflows import witnessing


def compared() -> Iterator[Finding]:
    """Every witness is asked now; nothing is written."""
    for witness in pinned.witnesses():
        seen = witnessing.look(witness)
        said = witnessing.sentence(seen, witness.name)
        if seen.finding in witnessing.DOUBTFUL:
            declared = witnessing.is_declared(witness.name, seen.about)
            yield warning("witness", said) if declared else error("witness", said)
        elif seen.finding is WitnessFinding.SILENT:
            yield warning("witness", said)
        else:
            yield ok("witness", said)
    if not pinned.witnesses():
        said = _("No witness (ECABINET_WITNESSES): nobody outside would notice that the log was rewritten or cut off.")
        yield note("witness", said)


CHECKS = (compared,)
