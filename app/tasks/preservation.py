"""Makes long-term forms of promulgated Resolutions as soon as everything is there, and renews them in time."""

import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any

from app.gateways import revocation, signing, storage, timestamp
from app.tasks import progress
from app.tasks.execution import Later
from app.workflows import authority_answers, preservation
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import end_reading
from app.workflows.preservation import Lacking
from app.workflows.rules.calendar import HANOI
from app.workflows.rules.preserving import BETWEEN_TRIES, FIRST_TRIES

log = logging.getLogger(__name__)


def begin(fact: dict[str, Any]) -> None:
    """Make the first form of a Resolution that was just promulgated. Running twice is harmless: one that is there
    stands until it is due.

    In the first hour what is missing is looked for again every minute; after that the hourly job takes over.
    """
    now = _now()
    try:
        _preserve(fact["subject_id"], now)
    except Lacking as lacking:
        if now < dt.datetime.fromisoformat(fact["at"]) + FIRST_TRIES:
            raise Later(now + BETWEEN_TRIES, str(lacking)) from lacking


def keep(job: dict[str, Any]) -> None:
    """Make and renew whatever is due. Running twice is harmless: what was renewed is not due any more.

    One Resolution that cannot be preserved now does not keep the others waiting.
    """
    now = _now()
    waiting = preservation.due(job["body_id"], now)
    for done, resolution_id in enumerate(waiting, start=1):
        try:
            _preserve(resolution_id, now)
        except Lacking as lacking:
            log.warning("Resolution %s has no new long-term form: %s", resolution_id, lacking)
        except storage.StorageError as failed:
            log.warning("Resolution %s has no new long-term form: %s", resolution_id, failed)
        progress.report(done, len(waiting) + 1)


def _preserve(resolution_id: int, now: dt.datetime) -> None:
    _ask(resolution_id, now)
    preservation.preserve(SYSTEM, resolution_id, now)


def _ask(resolution_id: int, now: dt.datetime) -> None:
    """Ask about authorities and about who stamped the time, as far as the configuration says whom."""
    body_id, certificates = preservation.asked_about(resolution_id, now)
    for certificate in certificates:
        issuer = signing.issuer_of(certificate, (*signing.trusted(), *timestamp.trusted()))
        if issuer is None or not revocation.can_ask(issuer):
            continue
        answer = revocation.ask(certificate, issuer, now)
        for problem in answer.problems:
            log.warning("no answer about the standing of an authority: %s", problem)
        authority_answers.keep(SYSTEM, body_id, certificate, answer, now)


def slots(body_id: int, now: dt.datetime) -> Iterator[tuple[str, dict[str, int | str]]]:
    """Once an hour while something is due."""
    due = preservation.waits(body_id, now)
    end_reading()
    if due:
        yield f"{now.astimezone(HANOI):%Y-%m-%d-%H}", {"body_id": body_id}


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
