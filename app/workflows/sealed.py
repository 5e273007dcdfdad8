"""Whether what is stored of a vote still is what was signed and counted: read it, verify it, count it again."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.gateways import pades, signing, storage, timestamp
from app.gateways.signing.errors import SigningError
from app.models import (
    Ballot,
    Poll,
    PollState,
    Resolution,
    SignedStatement,
)
from app.workflows import installation_log, key_places, log_proofs, recounts, stored_proofs, witnessing
from app.workflows.engine.errors import Detached, Subject, WorkflowError
from app.workflows.rules.ballot import parse_act, parse_ballot, parse_definition
from app.workflows.rules.canonical import canonical, digest, parse_canonical
from app.workflows.rules.evidence import STAMP
from app.workflows.rules.log import parse_leaf
from app.workflows.rules.recount import contradictions
from app.workflows.rules.result import result_of
from app.workflows.stored_proofs import Ended
from app.workflows.time_stamps import Stamps


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
        ended = stored_proofs.ended_in(poll.body_id)
        definition, ballots, pinned = _cast(poll, ended)
        acts = [act for act in (poll.tie_confirmation, poll.annulment) if act is not None]  # as they came about
        for act in acts:
            parse_act(act.statement)
            stored_proofs.check_signed(act, act.certificate.der, ended)
        counts = poll.state is not PollState.ANNULLED
        result = _recounted(poll, definition, ballots) if counts else None
        computation = _computation(poll, result) if result else None
        cast = [ballot.statement for ballot in ballots]
        beside = stored_proofs.proofs_beside([*cast, *acts])
        stored_proofs.check_confirmed(definition, cast, beside)
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
        _cast(poll, stored_proofs.ended_in(poll.body_id))
    except (ValueError, LookupError, SigningError) as fault:
        raise EvidenceBroken(poll, fault=str(fault)) from fault


def _cast(poll: Poll, ended: Ended) -> tuple[dict[str, Any], list[Ballot], dict[str, bytes]]:
    """Definition, ballots and pinned certificates, after each was held against the others."""
    definition = parse_definition(stored_proofs.as_frozen(poll.definition, poll.definition_sha256))
    ballots = _ballots(poll)
    stored_proofs.check_leaves(poll.leaves)
    log = [parse_leaf(leaf.data) for leaf in poll.leaves]
    stored_proofs.check_logged("ballot", [(each.leaf_seq, each.statement) for each in ballots], log)
    pinned = stored_proofs.pinned_in(definition, poll.roll)
    for ballot in ballots:
        _check_ballot(ballot, pinned, ended)
    return definition, ballots, pinned


def _ballots(poll: Poll) -> list[Ballot]:
    rows = select(Ballot).where(Ballot.poll_id == poll.id).order_by(Ballot.leaf_seq)
    return list(db.session.scalars(rows.options(joinedload(Ballot.statement))))


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
    stored_proofs.check_signed(ballot.statement, pinned[statement["member"]], ended)


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


def issued_as(resolution: Resolution) -> Issued | None:
    """A promulgated Resolution, whatever it stands on, as `checked` finds it; nothing before it came out."""
    try:
        return _issued_as(resolution, stored_proofs.ended_in(resolution.body_id))
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
        stored_proofs.check_signed(recall, recall.certificate.der, ended)
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
            if stored_proofs.revoked_before(each.statement, ended)
        },
        promulgated_at=resolution.promulgated_at, recall=recall and (recall.statement, recall.cms),
    )  # fmt: skip
