"""Asks the authorities whether certificates that signed, and those in use, were revoked: again until they answer."""

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from app.gateways import revocation, signing
from app.gateways.revocation import Answer, Standing
from app.tasks.upkeep import nightly_slots
from app.workflows import certificate_rounds, revocation_evidence
from app.workflows.certificate_rounds import InUse
from app.workflows.engine.rights import SYSTEM, Actor
from app.workflows.engine.transaction import end_reading
from app.workflows.revocation_evidence import Waiting

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
    answers = list(_answers(revocation_evidence.waiting(job["body_id"], _now()), revocation_evidence.keep_answer))
    _require_all(answers)


def ask_again(job: dict[str, Any]) -> None:
    """Ask about one certificate, however old its signatures are. Running twice is harmless: with every answer there
    nobody is asked."""
    asked = revocation_evidence.asked_again(job["certificate_id"])
    _require_all(list(_answers(asked, revocation_evidence.keep_answer)))


def go_round(job: dict[str, Any]) -> None:
    """Ask about every certificate on which a key or seal stands, lately used or not. Running twice is harmless: what
    is revoked here already is in use no more.

    What an authority has revoked is suspended at once, each in a transaction of its own.
    """
    answers = list(_answers(certificate_rounds.in_use(job["body_id"]), _heed))
    _require_all(answers)


def _answers(
    asked: Sequence[Waiting | InUse], heed: Callable[[Actor, int, Answer, dt.datetime], object]
) -> Iterator[Standing]:
    for each in asked:
        issuer = signing.issuer_of(each.der, signing.trusted())
        if issuer is None or not revocation.can_ask(issuer):
            continue
        answer = revocation.ask(each.der, issuer, _now())
        for problem in answer.problems:
            log.warning("certificate %s: no answer about its standing: %s", each.certificate_id, problem)
        heed(SYSTEM, each.certificate_id, answer, _now())
        yield answer.standing


def _heed(actor: Actor, certificate_id: int, answer: Answer, now: dt.datetime) -> None:
    if answer.standing is Standing.REVOKED:
        certificate_rounds.heed(actor, certificate_id, answer.since or now, now)


def _require_all(answers: Sequence[Standing]) -> None:
    if silent := sum(standing in (Standing.UNKNOWN, Standing.UNREACHABLE) for standing in answers):
        raise NotAnswered(silent)


def slots(body_id: int, now: dt.datetime) -> Iterator[tuple[str, dict[str, int | str]]]:
    """One for each newest signature without an answer; once an hour for those that have waited for so long."""
    found = revocation_evidence.newest_waiting(body_id, now)
    end_reading()
    if found:
        last, first = found
        yield f"{last}", {"body_id": body_id}
        if first < now - HOUR:
            yield f"{now:%Y%m%dT%H}", {"body_id": body_id}


def round_slots(body_id: int, now: dt.datetime) -> Iterator[tuple[str, dict[str, int | str]]]:
    """Once a night, and once more in the hour before each meeting."""
    yield from nightly_slots(body_id, now)
    soon = certificate_rounds.beginning(body_id, now)
    end_reading()
    for meeting_id, starts_at in soon:
        yield f"{meeting_id}:{starts_at:%Y%m%dT%H%M}", {"body_id": body_id}


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
