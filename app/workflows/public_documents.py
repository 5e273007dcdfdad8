"""Public verification (tra cứu công khai): what everybody may know of a promulgated document, or of a file at hand."""

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import defer, joinedload, selectinload

from app.extensions import db
from app.gateways import pades, signing
from app.models import DocumentSignature, Resolution, ResolutionFile, SignedStatement
from app.workflows import authority_answers, resolutions, verification
from app.workflows.engine.visibility import OUT

TOKEN = re.compile(r"[0-9a-f]{32}")
Ends = tuple[tuple[str, dt.datetime], ...]  # serial numbers, and since when they do not count
KEPT = 16  # verdicts in memory, with the files they are about


@dataclass(frozen=True)
class Checked:
    """A file that somebody sent: what is thought of it, and the promulgated document that it is or was made from.

    `identical`: to the byte the file that was promulgated. `claimed`: the document whose page it was sent to.
    """

    verdict: pades.Verdict
    document: Resolution | None
    claimed: Resolution | None
    identical: bool


def document_by_token(token: str) -> Resolution | None:
    """The document behind a code; None before its promulgation and for every wrong code alike."""
    if not TOKEN.fullmatch(token):
        return None
    rows = select(Resolution).where(Resolution.token == token, Resolution.state.in_(OUT))
    statement = selectinload(Resolution.signatures).joinedload(DocumentSignature.statement)
    statement = statement.options(defer(SignedStatement.statement), defer(SignedStatement.cms))  # each a whole PDF
    rows = rows.options(
        joinedload(Resolution.body), joinedload(Resolution.number),
        selectinload(Resolution.files), statement.joinedload(SignedStatement.certificate),
    )  # fmt: skip
    return db.session.scalars(rows).one_or_none()


def successor_of(resolution: Resolution) -> Resolution | None:
    """The promulgated document that replaces this one."""
    rows = select(Resolution).where(Resolution.replaces_id == resolution.id, Resolution.state.in_(OUT))
    return db.session.scalars(rows.options(joinedload(Resolution.number))).first()


def file_of(resolution: Resolution) -> ResolutionFile:
    """The file that was promulgated."""
    return resolutions.signed_file(resolution)


def verdict_of(resolution: Resolution, now: dt.datetime) -> pades.Verdict:
    """What is to be thought of the stored file; read each time, judged once a minute while it stays the same."""
    expected, revoked = verification.expected_of(resolution), verification.revocations_of(resolution)
    minute, known = now.replace(second=0, microsecond=0), tuple(sorted(revoked.items()))
    ends = tuple(sorted(authority_answers.revoked().items()))
    return verification.of_copy(file_of(resolution), lambda content: _judged(content, expected, known, ends, minute))


@lru_cache(maxsize=KEPT)
def _judged(
    content: bytes, expected: tuple[pades.Expected, ...], revoked: Ends, stampers_revoked: Ends, at: dt.datetime
) -> pades.Verdict:
    """`at` is the minute that has begun: far less than the clocks of two machines may differ."""
    return pades.verdict(
        content, expected, signing.trusted(), at, dict(revoked), stampers_revoked=dict(stampers_revoked)
    )


def check_file(pdf: bytes, token: str | None, now: dt.datetime) -> Checked:
    """The verdict on a file from outside, held against the document of the page it was sent to, or against all.

    It is read in a confined process and kept nowhere. What is not promulgated is as unknown as a stranger's paper.
    """
    claimed = document_by_token(token) if token else None
    verdict, made_from = verification.recognise(pdf, now, claimed)
    identical = made_from is not None and file_of(made_from).sha256 == verdict.sha256
    return Checked(verdict, made_from, claimed, identical)
