"""Certificates: whose end is near, which authorities outside are believed, and what is still unproven."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from flask import current_app
from flask_babel import lazy_gettext as _

from app.doctor.findings import Finding, error, note, ok, warning
from app.gateways import signing
from app.installation import UNSOUND_CAS
from app.workflows import certificate_rounds, expiry, revocation_evidence
from app.workflows.engine.transaction import end_reading
from app.workflows.rules.expiry import STEPS

AUTHORITY_SOON = dt.timedelta(days=180)  # a new authority is founded, certified and brought to everybody in that time
ROUND_OVERDUE = dt.timedelta(days=3)
SHOWN = 5  # names in one sentence


def authorities() -> Iterator[Finding]:
    """The end of each authority that is believed, the own ones and those outside."""
    now = _now()
    try:
        trusted = signing.trusted()
    except signing.SigningError:
        return  # that there are no keys is said elsewhere
    for der in trusted:
        facts = signing.certificate_facts(der)
        said = {"name": facts.name, "day": f"{facts.not_after:%d/%m/%Y}", "sha256": facts.sha256[:16]}
        if facts.not_after < now:
            yield error(
                "certificates.authority", _("The authority %(name)s ended on %(day)s (SHA-256 %(sha256)s…).", **said)
            )
        elif facts.not_after < now + AUTHORITY_SOON:
            yield warning(
                "certificates.authority", _("The authority %(name)s ends on %(day)s (SHA-256 %(sha256)s…).", **said)
            )
        else:
            yield ok("certificates.authority", _("%(name)s is believed until %(day)s (SHA-256 %(sha256)s…).", **said))


def outside() -> Iterator[Finding]:
    """The folder of authorities outside."""
    folder = current_app.config["TRUSTED_CAS"]
    if problem := current_app.extensions.get(UNSOUND_CAS):
        yield error("certificates.outside", _("ECABINET_TRUSTED_CAS cannot be used: %(problem)s", problem=problem))
    elif folder:
        count = sum(len(found) for found in signing.read_authorities(Path(folder)).values())
        yield ok("certificates.outside", _("%(n)s certificates of authorities outside are believed.", n=count))
    else:
        yield note("certificates.outside", _("Certificates of authorities outside are not accepted."))


def published() -> Iterator[Finding]:
    """The own authority's list of revoked certificates can be had and is current."""
    try:
        crl = x509.load_der_x509_crl(signing.publisher().revocation_list("issuing"))
    except signing.SigningError:
        yield warning("certificates.list", _("The own authority does not say which certificates are revoked."))
        return
    ends = crl.next_update_utc or _now()
    at = f"{ends:%d/%m/%Y %H:%M} UTC"
    yield ok("certificates.list", _("The list of revoked certificates is good until %(at)s.", at=at))


def ending() -> Iterator[Finding]:
    """Certificates of people and seals that end within a month."""
    found = expiry.ending(_now())
    people = ", ".join(f"{each.subject} ({each.not_after:%d/%m/%Y})" for each in found[:SHOWN])
    count = len(found)
    end_reading()
    if count:
        yield warning("certificates.ending", _("%(n)s certificates end soon: %(people)s.", n=count, people=people))
    else:
        yield ok("certificates.ending", _("No certificate of a person or a seal ends within a month."))


def stamping() -> Iterator[Finding]:
    """The certificates behind the time stamps: that of the authority, as the newest stamp has it, and those above."""
    now, code = _now(), "certificates.time_stamps"
    for facts in expiry.stampers():
        said = {"name": facts.name, "day": f"{facts.not_after:%d/%m/%Y}"}
        if facts.not_after < now:
            yield error(code, _("%(name)s, behind the time stamps, ended on %(day)s.", **said))
        elif facts.not_after < now + dt.timedelta(days=max(STEPS)):
            yield warning(code, _("%(name)s, behind the time stamps, ends on %(day)s.", **said))
        else:
            yield ok(code, _("%(name)s, behind the time stamps, ends on %(day)s.", **said))


def rounds() -> Iterator[Finding]:
    """Whether the certificates in use were asked about lately, each with an answer."""
    last = certificate_rounds.last_round()
    end_reading()
    code = "certificates.round"
    if last is None:
        yield note(code, _("No round over the certificates in use has got all its answers yet."))
        return
    at = f"{last:%d/%m/%Y %H:%M} UTC"
    old = last < _now() - ROUND_OVERDUE
    said = _("At %(at)s the authorities that can be asked answered for every certificate in use.", at=at)
    yield (warning if old else ok)(code, said)


def unproven() -> Iterator[Finding]:
    """Signatures beside which there is no answer of an authority yet."""
    count = revocation_evidence.count_waiting(_now() - dt.timedelta(hours=1))
    given_up = revocation_evidence.count_given_up(_now())
    end_reading()
    if count:
        yield warning("certificates.unproven", _(
            "%(n)s signatures have waited for over an hour for word whether their certificate was revoked.", n=count
        ))  # fmt: skip
    if given_up:
        yield note("certificates.unproven", _(
            "%(n)s older signatures never got an answer; an administrator can have the authorities asked again "
            "under “Missing answers about revocation”.", n=given_up,
        ))  # fmt: skip
    if not (count or given_up):
        yield ok("certificates.unproven", _("Beside each signature lies what the authority says of its certificate."))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


CHECKS = (authorities, outside, published, ending, stamping, rounds, unproven)
