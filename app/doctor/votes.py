"""Votes: what waits to be published was counted twice, and both counts agree."""

from collections.abc import Iterator

from flask_babel import lazy_gettext as _

from app.doctor.findings import Finding, error, ok
from app.workflows import recounts


def recounted() -> Iterator[Finding]:
    """Closed votes whose second count contradicts the first: a fault of the program or of the data."""
    if differing := list(recounts.differing()):
        polls = ", ".join(map(str, differing))
        said = _("The second count of these votes differs from the first one: %(polls)s.", polls=polls)
        yield error("votes.recount", said)
    else:
        yield ok("votes.recount", _("Both counts of every vote that waits to be published agree."))


CHECKS = (recounted,)
