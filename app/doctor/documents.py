"""The store of documents: it takes a file, or at least answers; and what documents need for the long term."""

import datetime as dt
from collections.abc import Iterator

from flask import current_app
from flask_babel import lazy_gettext as _

from app.doctor.findings import Finding, error, note, ok, warning
from app.metrics import readiness
from app.workflows import preservation
from app.workflows.preservation import Lack

SHOWN = 5  # numbers in one sentence


def store() -> Iterator[Finding]:
    """The same question as that of the probe."""
    found = readiness.documents()
    if found.state is readiness.State.OK:
        yield ok("documents", _("The document store answers."))
    else:
        yield error("documents", found.said)


def place() -> Iterator[Finding]:
    """Several machines need one store; an S3 address needs https."""
    config = current_app.config
    if config["STORAGE_URL"] and config["S3_ENDPOINT"].startswith("http://"):
        yield warning("documents.place", _("Documents travel to the store without TLS (ECABINET_S3_ENDPOINT)."))
    elif config["STORAGE_URL"]:
        yield ok("documents.place", _("Documents lie in %(url)s.", url=config["STORAGE_URL"]))
    else:
        yield ok(
            "documents.place",
            _("Documents lie in %(path)s; all web processes must be on this machine.", path=config["STORAGE"]),
        )


def long_term() -> Iterator[Finding]:
    """Long-term forms that should have been made or renewed, with the reason why they were not."""
    now, code = dt.datetime.now(dt.UTC), "documents.long_term"
    found = preservation.overdue(now)
    if not found:
        yield ok(code, _("Every promulgated Resolution has its long-term form, and none waits for its renewal."))
    for lack in dict.fromkeys(each.lack for each in found):
        late = [each for each in found if each.lack is lack]
        ended = any(each.ends is not None and each.ends < now for each in late)
        level = error if ended else note if lack is Lack.NO_STAMPER else warning
        numbers = ", ".join(f"{each.number} ({each.since:%d/%m/%Y})" for each in late[:SHOWN])
        yield level(code, _(
            "%(n)s Resolutions wait for their long-term form or its renewal, since: %(numbers)s. %(why)s",
            n=len(late), numbers=numbers, why=preservation.SAID[lack],
        ))  # fmt: skip
        if ended:
            yield error(code, _("Of some the newest document time stamp proves nothing more: its certificate ended."))


CHECKS = (store, place, long_term)
