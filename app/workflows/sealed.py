"""Whether what is stored of a vote still is what was signed and counted: read it, verify it, count it again."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.gateways import pades, passkeys, signing, storage, timestamp
from app.gateways.signing.errors import BadSignature, CertificateRefused, SigningError
from app.models import (
    Ballot,
    Certificate,
    CertificateRevocation,
    EvidenceKind,
    Poll,
    PollState,
    Resolution,
    SignatureEvidence,
    SignedStatement,
)
from app.workflows import installation_log, key_places, log_proofs, recounts, witnessing
from app.workflows.engine.errors import Detached, Subject, WorkflowError
from app.workflows.rules.ballot import parse_act, parse_ballot, parse_definition
from app.workflows.rules.canonical import canonical, digest, parse_canonical
from app.workflows.rules.evidence import STAMP, ending
from app.workflows.rules.log import parse_leaf
from app.workflows.rules.merkle import Frontier, leaf_hash
from app.workflows.rules.passkey import ballot_challenge, demands_passkey, parse_assertion_record
from app.workflows.rules.recount import contradictions
from app.workflows.rules.result import result_of
from app.workflows.time_stamps import Stamps

Ended = Mapping[int, dt.datetime]  # by certificate


class EvidenceBroken(WorkflowError):
    """The stored data contradict each other: no document is made of them. `fault` says where, for the auditor."""

    code = "evidence_broken"
    message = _("The stored data of this vote contradict each other, so nothing is handed out. Tell the auditor.")


@dataclass(frozen=True)
class Sealed:
    """Exact bytes of one vote: (statement, CMS) pairs in the order of the log, certificates and leaves likewise.

    `result` is the one that counts, None for an annulled vote, and `computation` how the second count came to it;
    `place` is where the body issues its documents. `beside` are the further proofs of a statement by its SHA-256, each
    with the ending of its file: time stamps, passkey assertions, answers about revocation. `proofs` are files
    that show the place of the vote in the log of the installation; `stamps` says how the ballots' time stamps stood
    when somebody asked; `mark` is the first checkpoint over the vote, or None, and `witnesses` what is known of theirs.
    """

    place: str
    definition: bytes
    leaves: Sequence[bytes]
    ballots: Sequence[tuple[bytes, bytes]]
    acts: Sequence[tuple[bytes, bytes]]
    certificates: Sequence[bytes]
    result: bytes | None
    computation: bytes | None = None
    beside: Mapping[str, Sequence[tuple[str, bytes]]] = field(default_factory=dict)
    proofs: Mapping[str, bytes] = field(default_factory=dict)
    resolution: "Issued | None" = None
    stamps: Stamps | None = None
    kept: Mapping[str, int] = field(default_factory=dict)  # where the keys of the ballots live: provider, how many
    places: Mapping[str, str] = field(default_factory=dict)  # the same of every certificate that signs, by its SHA-256
    mark: installation_log.Mark | None = None
    witnesses: Sequence[witnessing.Confirmation] = ()


@dataclass(frozen=True)
class Issued:
    """The Resolution that came of the vote, once it is out: exact bytes, and the signatures its file must carry."""

    about: Subject
    text: bytes
    changes: bytes
    reason: str
    number: str
    file_sha256: str
    signatures: Sequence[pades.Expected]
    revoked: Mapping[str, dt.datetime]
    promulgated_at: dt.datetime
    recall: tuple[bytes, bytes] | None

    def content(self) -> bytes:
        """The document from the store, judged as on the day of its promulgation; EvidenceBroken unless it is valid."""
        try:
            pdf = storage.read(self.file_sha256)
        except storage.NotStored as missing:
            raise EvidenceBroken(self.about, fault="the Resolution is not in the store") from missing
        except storage.Altered as altered:
            raise EvidenceBroken(self.about, fault="the Resolution is not the file whose hash is kept") from altered
        verdict = pades.verdict(pdf, self.signatures, signing.trusted(), self.promulgated_at, self.revoked)
        if verdict.state != "valid":
            codes = ", ".join(reason.code for reason in verdict.reasons)
            raise EvidenceBroken(self.about, fault=f"the Resolution is not validly signed: {codes}")
        return pdf


def checked(poll: Poll) -> Sealed:
    """The material of a vote that is over, every hash and signature verified and the result counted again.

    EvidenceBroken when anything differs from what is stored, to the byte.
    """
    try:
        ended = _ended(poll.body_id)
        definition, ballots, pinned = _cast(poll, ended)
        acts = [act for act in (poll.tie_confirmation, poll.annulment) if act is not None]  # as they came about
        for act in acts:
            parse_act(act.statement)
            _check_signed(act, act.certificate.der, ended)
        counts = poll.state is not PollState.ANNULLED
        result = _recounted(poll, definition, ballots) if counts else None
        computation = _computation(poll, result) if result else None
        cast = [ballot.statement for ballot in ballots]
        beside = proofs_beside([*cast, *acts])
        check_confirmed(definition, cast, beside)
        resolution, proofs = _issued(poll, ended), log_proofs.files_of(poll)
        mark = installation_log.mark_of_poll(poll.id)
    except (ValueError, LookupError, SigningError) as fault:
        raise EvidenceBroken(poll, fault=str(fault)) from fault
    certificates = {digest(der): der for der in (*pinned.values(), *(act.certificate.der for act in acts))}
    stamped = any(end == STAMP for files in beside.values() for end, _content in files)
    certificates |= {digest(der): der for der in (*signing.trusted(), *(timestamp.trusted() if stamped else ()))}
    return Sealed(
        place=poll.meeting.body.place, definition=poll.definition or b"", result=result,
        leaves=[leaf.data for leaf in poll.leaves], certificates=[der for _sha, der in sorted(certificates.items())],
        ballots=[(each.statement.statement, each.statement.cms) for each in ballots],
        acts=[(act.statement, act.cms) for act in acts], resolution=resolution, computation=computation, beside=beside,
        proofs=proofs,
        kept=key_places.counted(ballot.statement.certificate_id for ballot in ballots),
        places=_places(poll, definition, acts),
        mark=mark, witnesses=witnessing.confirmations_of(mark),
    )  # fmt: skip


def check_running(poll: Poll) -> None:
    """The same for a vote that is not over: definition, log and every ballot so far, and nothing is counted."""
    try:
        _cast(poll, _ended(poll.body_id))
    except (ValueError, LookupError, SigningError) as fault:
        raise EvidenceBroken(poll, fault=str(fault)) from fault


def _cast(poll: Poll, ended: Ended) -> tuple[dict[str, Any], list[Ballot], dict[str, bytes]]:
    """Definition, ballots and pinned certificates, after each was held against the others."""
    definition = _definition(poll)
    ballots = _ballots(poll)
    _check_log(poll, ballots)
    pinned = _pinned(poll, definition)
    for ballot in ballots:
        _check_ballot(ballot, pinned, ended)
    return definition, ballots, pinned


def _definition(poll: Poll) -> dict[str, Any]:
    stored = poll.definition or b""
    if digest(stored) != poll.definition_sha256:
        raise ValueError("the definition is not the one whose hash was frozen")
    return parse_definition(stored)


def _check_log(poll: Poll, ballots: Sequence[Ballot]) -> None:
    """Every leaf's own hash, and the root after it, follow from the leaf data; its ballots are those that are kept."""
    frontier = Frontier()
    for leaf in poll.leaves:
        hashed = leaf_hash(leaf.data)
        frontier.append(hashed)
        if (leaf.leaf_hash, leaf.root) != (hashed.hex(), frontier.root().hex()):
            raise ValueError(f"entry {leaf.seq} of the log has another hash")
    logged = [entry for entry in (parse_leaf(leaf.data) for leaf in poll.leaves) if entry["kind"] == "ballot"]
    kept = [(each.leaf_seq, digest(each.statement.statement), digest(each.statement.cms)) for each in ballots]
    if kept != [(entry["seq"], entry["statement_sha256"], entry["cms_sha256"]) for entry in logged]:
        raise ValueError("the ballots are not those of the log")


def _ballots(poll: Poll) -> list[Ballot]:
    rows = select(Ballot).where(Ballot.poll_id == poll.id).order_by(Ballot.leaf_seq)
    return list(db.session.scalars(rows.options(joinedload(Ballot.statement))))


def _pinned(poll: Poll, definition: Mapping[str, Any]) -> dict[str, bytes]:
    """Certificates by roll code, exactly those whose hashes the definition froze."""
    stored = {digest(entry.certificate.der): entry.certificate.der for entry in poll.roll if entry.certificate}
    return {
        entry["member"]: stored[entry["certificate_sha256"]]
        for entry in definition["roll"]
        if entry["certificate_sha256"]
    }


def _places(poll: Poll, definition: Mapping[str, Any], acts: Sequence[SignedStatement]) -> dict[str, str]:
    """Where the keys of roll and acts are kept; of the roll what was frozen, as far as it was."""
    frozen = {entry["certificate_sha256"]: entry.get("key_place") for entry in definition["roll"]}
    held = [*(entry.certificate for entry in poll.roll if entry.certificate), *(act.certificate for act in acts)]
    today = key_places.places_by_hash(held)
    return {sha256: frozen.get(sha256) or place for sha256, place in today.items()}


def _check_ballot(ballot: Ballot, pinned: Mapping[str, bytes], ended: Ended) -> None:
    statement = parse_ballot(ballot.statement.statement)
    if (statement["choice"], statement["place"], statement["nonce"]) != (ballot.choice, ballot.place, ballot.nonce):
        raise ValueError(f"ballot {ballot.id} says otherwise than what was signed")
    _check_signed(ballot.statement, pinned[statement["member"]], ended)


def _check_signed(signed: SignedStatement, certificate: bytes, ended: Ended) -> None:
    if digest(signed.statement) != signed.sha256:
        raise ValueError(f"statement {signed.id} has another hash")
    try:
        signing.check_detached(signed.cms, signed.statement, certificate)
    except BadSignature as bad:
        raise ValueError(f"statement {signed.id}: signature refused ({bad.reason})") from bad
    try:
        revoked = _revoked_before(signed, ended)
        signing.check_certificate(certificate, signed.signed_at, signing.trusted(), revoked=revoked)
    except CertificateRefused as refused:
        raise ValueError(f"statement {signed.id}: certificate refused ({refused.reason})") from refused


def _revoked_before(signed: SignedStatement, ended: Ended) -> list[str]:
    """The number of the certificate, when it was revoked before it signed."""
    since = ended.get(signed.certificate_id)
    return [signed.certificate.serial] if since is not None and since <= signed.signed_at else []


def _ended(body_id: int) -> Ended:
    """Since when each revoked certificate of a body does not count; there are few."""
    rows = select(CertificateRevocation.certificate_id, CertificateRevocation.at)
    of_body = rows.join(Certificate, Certificate.id == CertificateRevocation.certificate_id)
    return {row[0]: row[1] for row in db.session.execute(of_body.where(Certificate.body_id == body_id))}


def _recounted(poll: Poll, definition: Mapping[str, Any], ballots: Sequence[Ballot]) -> bytes:
    """The result that counts, after both stored ones were found to follow from the signed data."""
    log = [parse_leaf(leaf.data) for leaf in poll.leaves]
    given = [
        {
            "statement": parse_ballot(ballot.statement.statement), "sha256": ballot.statement.sha256,
            "cms_sha256": digest(ballot.statement.cms), "leaf_seq": ballot.leaf_seq,
        }
        for ballot in ballots
    ]  # fmt: skip
    confirmation = poll.tie_confirmation and parse_act(poll.tie_confirmation.statement)
    counted = result_of(definition, log, given, log[-1]["at"])
    if (canonical(counted), counted["outcome"]) != (poll.result, poll.outcome):
        raise ValueError("the stored result is not what the ballots say")
    if confirmation is None:
        return canonical(counted)
    confirmed = result_of(definition, log, given, log[-1]["at"], confirmation=confirmation)
    if (canonical(confirmed), confirmed["outcome"]) != (poll.confirmed_result, poll.confirmed_outcome):
        raise ValueError("the confirmed result is not what ballots and confirmation say")
    return canonical(confirmed)


def _computation(poll: Poll, result: bytes) -> bytes:
    """The second count, which must say the same as the first one (rule:R45)."""
    second = recounts.recounted(poll)
    if odd := contradictions(parse_canonical(result), second):
        raise ValueError(f"the second count differs from the first one: {', '.join(odd)}")
    return canonical(second)


def proofs_beside(statements: Sequence[SignedStatement]) -> dict[str, list[tuple[str, bytes]]]:
    """What else proves these statements by their SHA-256: (ending of its file, content), in the order it was kept.

    ValueError when a proof has another hash than was kept with it.
    """
    named = {statement.id: statement.sha256 for statement in statements}
    rows = select(SignatureEvidence).where(SignatureEvidence.statement_id.in_(named)).order_by(SignatureEvidence.id)
    found: dict[str, list[tuple[str, bytes]]] = {}
    for row in db.session.scalars(rows):
        if digest(row.content) != row.sha256:
            raise ValueError(f"the proof {row.id} of statement {row.statement_id} has another hash")
        found.setdefault(named[row.statement_id], []).append((ending(row.kind.value, row.content), row.content))
    return found


def check_confirmed(
    definition: Mapping[str, Any], statements: Sequence[SignedStatement],
    beside: Mapping[str, Sequence[tuple[str, bytes]]],
) -> None:  # fmt: skip
    """Each kept answer of a passkey confirms its statement, and where one was asked for it is there (rule:R35).

    ValueError otherwise.
    """
    ends = ending(EvidenceKind.PASSKEY.value, b"")
    for signed in statements:
        kept = [content for end, content in beside.get(signed.sha256, ()) if end == ends]
        if not kept and demands_passkey(definition):
            raise ValueError(f"statement {signed.id} is not confirmed by a passkey")
        for told in map(parse_assertion_record, kept):
            try:
                party = passkeys.party_in(told.client_data_json)
                passkeys.check_assertion(party, *told, ballot_challenge(signed.statement))
            except passkeys.PasskeyRefused as refused:
                raise ValueError(f"statement {signed.id}: passkey refused ({refused.fault})") from refused


def issued_as(resolution: Resolution) -> Issued | None:
    """A promulgated Resolution, whatever it stands on, as `checked` finds it; nothing before it came out."""
    try:
        return _issued_as(resolution, _ended(resolution.body_id))
    except (ValueError, SigningError) as fault:
        raise EvidenceBroken(resolution, fault=str(fault)) from fault


def _issued(poll: Poll, ended: Ended) -> Issued | None:
    """What was promulgated of this vote; nothing before, and nothing of a draft that was given up."""
    rows = select(Resolution).where(Resolution.poll_id == poll.id, Resolution.promulgated_at.is_not(None))
    resolution = db.session.scalars(rows).one_or_none()
    return _issued_as(resolution, ended) if resolution is not None else None


def _issued_as(resolution: Resolution, ended: Ended) -> Issued | None:
    if resolution.promulgated_at is None or resolution.number is None:
        return None
    file = resolution.signatures[-1].file  # the seal is the last one
    if digest(file.version.text) != file.version.sha256:
        raise ValueError(f"the text of Resolution {resolution.id} has another hash")
    for signature in resolution.signatures:
        if digest(signature.statement.statement) != signature.statement.sha256:
            raise ValueError(f"statement {signature.statement_id} has another hash")
    recall = resolution.recall
    if recall is not None:
        _check_signed(recall, recall.certificate.der, ended)
    return Issued(
        about=Detached.of(resolution), text=file.version.text, changes=file.version.changes,
        reason=file.version.reason, number=resolution.number.text, file_sha256=file.sha256,
        signatures=[
            pades.Expected(each.role.value, each.statement.certificate.der, each.statement.signed_at)
            for each in resolution.signatures
        ],
        revoked={
            each.statement.certificate.serial: each.statement.signed_at
            for each in resolution.signatures
            if _revoked_before(each.statement, ended)
        },
        promulgated_at=resolution.promulgated_at, recall=recall and (recall.statement, recall.cms),
    )  # fmt: skip
