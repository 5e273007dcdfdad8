"""Ballots and answers to slips are cast alike: examined before the lock, judged under it, kept with their passkeys."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import Row, select, update

from app.extensions import db
from app.gateways import signing
from app.gateways.signing.errors import BadSignature, CertificateFault, CertificateRefused
from app.models import (
    CertificateRevocation,
    EvidenceKind,
    KeyState,
    Passkey,
    SignatureEvidence,
    SignedStatement,
    StatementKind,
)
from app.workflows import passkey_assertions
from app.workflows.engine.errors import Detached, Subject, WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.tables import insert_all, table
from app.workflows.engine.transaction import record
from app.workflows.keys import CertificateNotUsable, KeySuspended
from app.workflows.passkey_assertions import Answer, Confirmed, PasskeyNeeded, require_in_use
from app.workflows.passkeys import PasskeyCountFell
from app.workflows.rules.canonical import digest
from app.workflows.rules.passkey import count_fell

Outcome = TypeVar("Outcome")
Held = Mapping[int, Row[Any]]  # passkeys that confirmed something, by number


class Asking(Subject, Protocol):
    """A vote or a slip, which may ask for a passkey beside the PIN."""

    @property
    def passkey_demanded(self) -> Any: ...


@dataclass(frozen=True)
class Form:
    """The prescribed form of a signed text: `parse` raises ValueError for any other, `odd` is the sentence for it."""

    parse: Callable[[bytes], dict[str, Any]]
    odd: object


@dataclass(frozen=True)
class Cast:
    """A ballot or an answer as it arrived, and what was found out about it with no transaction open.

    `said` is what the text says, empty unless the signature is good. `problem` is why it is not, `certificate_id` the
    certificate it was checked against (0: none is pinned), `unusable` what speaks against that certificate at `now`
    whatever the database says. `passkey` is the confirmation that came with it, or why that one is not good.
    """

    actor: Actor
    member_id: int
    statement: bytes
    sha256: str
    cms: bytes
    said: dict[str, Any]
    certificate_id: int
    problem: object | None
    unusable: CertificateRefused | None
    passkey: Confirmed | WorkflowError | None
    now: dt.datetime


@dataclass(frozen=True)
class Sent:
    """What came in: the exact bytes, the detached CMS over them, and what a passkey answered about the same bytes."""

    actor: Actor
    statement: bytes
    cms: bytes
    now: dt.datetime
    answer: Answer | None = None


def examined(about: Subject, form: Form, sent: Sent, pinned: tuple[int, bytes] | None) -> Cast:
    """All that can be said of it before its transaction; nothing may be open. `pinned`: number and DER, if any."""
    said, problem, unusable = dict[str, Any](), None, None
    if pinned is not None:
        said, problem = _read(form, sent.statement, sent.cms, pinned[1])
        unusable = _unusable(pinned[1], sent.now)
    return Cast(
        actor=sent.actor, member_id=sent.actor.person_id or 0, statement=sent.statement, sha256=digest(sent.statement),
        cms=sent.cms, said=said, certificate_id=pinned[0] if pinned else 0, problem=problem, unusable=unusable,
        passkey=sent.answer and _confirmed(about, sent, sent.answer), now=sent.now,
    )  # fmt: skip


def require_confirmation(
    actor: Actor, about: Asking, statement: bytes, answer: Answer | None, needed: type[PasskeyNeeded]
) -> None:
    """Before anything is signed: the answer of a passkey is good, and it is there where one is demanded."""
    if answer is None and about.passkey_demanded:
        raise needed(about)
    if answer is not None:
        passkey_assertions.judge(actor, Detached.of(about), statement, answer)


def fault_of(form: Form, signed: SignedStatement, at: dt.datetime) -> object | None:
    """“Kiểm tra chữ ký”: check what was counted at a time again; None when the signature is good, else the reason.

    What a passkey confirmed is checked with it. A revocation counts from its time on, whenever it became known.
    """
    _said, problem = _read(form, signed.statement, signed.cms, signed.certificate.der)
    refused = _unusable(signed.certificate.der, at, _revoked_by(signed, at))
    kept = passkey_assertions.evidence_of(signed.sha256)
    unconfirmed = passkey_assertions.check_kept(kept, signed.statement) if kept is not None else None
    return problem or (refused and refused.message) or unconfirmed


def first_of_each(casts: Iterable[Cast]) -> dict[int, Cast]:
    """By member, what is counted now; a second one of the same member goes alone, when the first is counted."""
    first: dict[int, Cast] = {}
    for cast in casts:
        first.setdefault(cast.member_id, cast)
    return first


def in_their_order(
    casts: Iterable[Cast], first: Mapping[int, Cast], outcomes: Mapping[int, Outcome]
) -> list[Outcome | None]:
    """What came of each; None for one that must go alone."""
    return [outcomes[cast.member_id] if cast is first[cast.member_id] else None for cast in casts]


def require_certificate(about: Subject, cast: Cast, revoked_at: dt.datetime | None, key_state: KeyState | None) -> None:
    """Revocation and suspension as they stand under the lock; the rest was found out before."""
    unusable = cast.unusable
    if unusable is None and revoked_at and revoked_at <= cast.now:
        unusable = CertificateRefused(CertificateFault.REVOKED)
    if unusable is not None:
        raise CertificateNotUsable(about, reason=unusable.message, fault=str(unusable.reason)) from unusable
    if key_state is KeyState.SUSPENDED:
        raise KeySuspended(about)


def require_passkey(about: Asking, cast: Cast, held: Held, needed: type[PasskeyNeeded]) -> None:
    """A confirmation that came is good, whether one was demanded or not (rule:R35)."""
    if isinstance(cast.passkey, WorkflowError):
        raise cast.passkey
    if cast.passkey is not None:
        require_in_use(about, held[cast.passkey.passkey_id])
    elif about.passkey_demanded:
        raise needed(about)


def hold_passkeys(casts: Iterable[Cast]) -> Held:
    """How the passkeys that confirmed these stand, held until the end; mostly there is none to ask for."""
    used = [cast.passkey.passkey_id for cast in casts if isinstance(cast.passkey, Confirmed)]
    if not used:
        return {}
    key = table(Passkey).c
    columns = (key.id, key.body_id, key.sign_count, key.removed_at, key.suspended_at)
    held = select(*columns).where(key.id.in_(used)).order_by(key.id).with_for_update()
    return {row.id: row for row in db.session.execute(held)}


def keep_statements(body_id: int, kind: StatementKind, casts: Sequence[Cast], held: Held) -> Sequence[int]:
    """The exact bytes and their signatures, with what passkeys confirmed beside them; their numbers, in their order."""
    rows = [
        {
            "body_id": body_id, "kind": kind, "person_id": cast.member_id, "statement": cast.statement,
            "sha256": cast.sha256, "cms": cast.cms, "certificate_id": cast.certificate_id, "signed_at": cast.now,
        }
        for cast in casts
    ]  # fmt: skip
    statement_ids = insert_all(SignedStatement, rows)
    _keep_confirmations(casts, statement_ids, held)
    return statement_ids


def _keep_confirmations(casts: Sequence[Cast], statement_ids: Sequence[int], held: Held) -> None:
    """Beside the statements: what passkeys confirmed; and of each passkey that it was used, and how it counts."""
    given = [
        (cast, cast.passkey, statement_id)
        for cast, statement_id in zip(casts, statement_ids, strict=True)
        if isinstance(cast.passkey, Confirmed)
    ]
    if given:
        insert_all(SignatureEvidence, [
            {"statement_id": statement_id, "kind": EvidenceKind.PASSKEY, "content": confirmed.content,
             "sha256": digest(confirmed.content), "at": cast.now}
            for cast, confirmed, statement_id in given
        ])  # fmt: skip
    for cast, confirmed, _statement_id in given:
        _note_use(cast, confirmed, held[confirmed.passkey_id])


def _note_use(cast: Cast, confirmed: Confirmed, known: Row[Any]) -> None:
    """A count that did not rise is noted and told; it proves no copy, so what it confirmed counts (rule:R36)."""
    values: dict[str, Any] = {"last_used_at": cast.now, "sign_count": max(known.sign_count, confirmed.sign_count)}
    if count_fell(known.sign_count, confirmed.sign_count):
        values["count_fell_at"] = cast.now
        about = Detached(Passkey.__tablename__, known.id, None, known.body_id)
        fell = PasskeyCountFell.about(
            about, person_id=cast.member_id, known=known.sign_count, told=confirmed.sign_count
        )
        record(cast.actor, fell, cast.now)
    key = table(Passkey)
    db.session.execute(update(key).where(key.c.id == known.id).values(**values))


def _confirmed(about: Subject, sent: Sent, answer: Answer) -> Confirmed | WorkflowError:
    """What the passkey confirmed, or why not; what is counted already is not asked again."""
    try:
        return passkey_assertions.judge(sent.actor, about, sent.statement, answer)
    except WorkflowError as refusal:
        return refusal


def _read(form: Form, statement: bytes, cms: bytes, certificate_der: bytes) -> tuple[dict[str, Any], object | None]:
    """What these bytes say, and why they are no text of this form signed with that certificate; None when they are."""
    try:
        said = form.parse(statement)
        signing.check_detached(cms, statement, certificate_der)
    except BadSignature as bad:
        return {}, bad.message
    except ValueError:
        return {}, form.odd
    return said, None


def _unusable(certificate_der: bytes, now: dt.datetime, revoked: Sequence[str] = ()) -> CertificateRefused | None:
    """What speaks against the certificate at that time; a revocation of what is being cast is looked at when it
    counts. `revoked`: serial numbers."""
    try:
        signing.check_certificate(certificate_der, now, signing.trusted(), revoked=revoked)
    except CertificateRefused as refused:
        return refused
    return None


def _revoked_by(signed: SignedStatement, at: dt.datetime) -> list[str]:
    """The number of its certificate, if it was revoked by then."""
    known = select(CertificateRevocation.at).where(CertificateRevocation.certificate_id == signed.certificate_id)
    since = db.session.scalar(known)
    return [signed.certificate.serial] if since is not None and since <= at else []
