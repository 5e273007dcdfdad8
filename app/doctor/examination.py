"""Asks every check in its order; one that stumbles or hangs is itself a finding."""

from collections.abc import Callable, Iterable

from flask_babel import lazy_gettext as _

from app.doctor import (
    background,
    certificates,
    clocks,
    data,
    delivery,
    disks,
    documents,
    front,
    keys,
    log,
    messages,
    places,
    roles,
    secrecy,
    votes,
    witness,
)
from app.doctor.findings import Finding, Level, error
from app.metrics.patience import together

Check = Callable[[], Iterable[Finding]]
PATIENCE = 30.0  # seconds for one check

CHECKS: dict[str, Check] = {
    f"{module.__name__.rpartition('.')[2]}.{check.__name__}": check
    for module in (
        secrecy, front, data, roles, messages, background, keys, places, certificates, documents, disks, clocks,
        delivery, votes, log, witness,
    )
    for check in module.CHECKS
}


OF_TABLES = frozenset(  # without a database there is one finding, not one for each of these
    {secrecy.demo, data.durable, data.owner, data.grants, data.guards, *roles.CHECKS, background.beats,
     background.jobs, disks.database, clocks.database, *votes.CHECKS, log.sequencer, log.waiting, *witness.CHECKS,
     certificates.ending, certificates.stamping, certificates.rounds, certificates.unproven, places.outside,
     documents.long_term}
)  # fmt: skip


def examine() -> list[Finding]:
    """Every check in its order, one after the other. Needs an application context."""
    absent = any(finding.code == data.ABSENT for finding in _examined("data.reachable", data.reachable))
    checks = {name: check for name, check in CHECKS.items() if not (absent and check in OF_TABLES)}
    return [finding for name, check in checks.items() for finding in _examined(name, check)]


def exit_status(findings: Iterable[Finding]) -> int:
    """0 when everything is well, 1 with warnings, 2 with errors; what is left out by choice is no warning."""
    return max((STATUS[finding.level] for finding in findings), default=0)


STATUS = {Level.OK: 0, Level.NOTE: 0, Level.WARNING: 1, Level.ERROR: 2}


def _examined(name: str, check: Check) -> list[Finding]:
    try:
        found: list[Finding] | None = together({f"doctor-{name}": lambda: list(check())}, PATIENCE)[f"doctor-{name}"]
    except Exception as problem:
        said = _("This could not be examined: %(problem)s.", problem=type(problem).__name__)
        return [error(name, said)]
    return [error(name, _("There was no answer within %(s)s seconds.", s=PATIENCE))] if found is None else found
