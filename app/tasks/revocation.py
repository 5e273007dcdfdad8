"""Asks the authorities whether certificates that signed were revoked, until an answer lies beside each signature."""

import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any

from app.gateways import revocation, signing
from app.gateways.revocation import Standing
from app.workflows import revocation_evidence
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import end_reading

log = logging.getLogger(__name__)

HOUR = dt.timedelta(hours=1)


class NotAnswered(Exception):
    """Some authority gave no answer that can be kept; the next try asks about those certificates alone."""


def ask(job: dict[str, Any]) -> None:
    """Ask about every certificate with signatures without an answer. Running twice is harmless: what has one is
    passed over, and an answer that is the same is written once.

    One certificate after the other, each answer in a transaction of its own. Where the configuration names nobody to
    ask, the signatures stay without an answer, and the doctor counts them.
    """
    silent = 0
    for each in revocation_evidence.waiting(job["body_id"], _now()):
        issuer = signing.issuer_of(each.der, signing.trusted())
        if issuer is None or not revocation.can_ask(issuer):
            continue
        answer = revocation.ask(each.der, issuer, _now())
        for problem in answer.problems:
            log.warning("certificate %s: no answer about its standing: %s", each.certificate_id, problem)
        revocation_evidence.keep_answer(SYSTEM, each.certificate_id, answer, _now())
        silent += answer.standing in (Standing.UNKNOWN, Standing.UNREACHABLE)
    if silent:
        raise NotAnswered(f"{silent} certificates")


def slots(body_id: int, now: dt.datetime) -> Iterator[tuple[str, dict[str, int | str]]]:
    """One for each newest signature without an answer; once an hour for those that have waited for so long."""
    found = revocation_evidence.newest_waiting(body_id, now)
    end_reading()
    if found:
        last, first = found
        yield f"{last}", {"body_id": body_id}
        if first < now - HOUR:
            yield f"{now:%Y%m%dT%H}", {"body_id": body_id}


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
