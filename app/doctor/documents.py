"""The store of documents: it takes a file, or at least answers."""

from collections.abc import Iterator

from flask import current_app
from flask_babel import lazy_gettext as _

from app.doctor.findings import Finding, error, ok, warning
from app.metrics import readiness


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


CHECKS = (store, place)
