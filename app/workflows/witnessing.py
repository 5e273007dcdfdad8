"""The witnesses: whether what they countersigned is the log here, and their cosignatures under its checkpoints.

A witness is asked with nothing open. What it says counts only as far as it is signed: by the log itself and by the
witness. One that is away, slow or untrue leaves “no confirmation of the witness yet”, and nothing waits for it.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from app.extensions import db
from app.gateways.handover import Unreachable
from app.gateways.witness import pinned
from app.gateways.witness.client import Behind, Declined, Witness
from app.gateways.witness.notes import LOG, Key, Note
from app.models import (
    Checkpoint,
    CheckpointCosignature,
    DeclaredGap,
    DeclaredGapConsent,
    WitnessFinding,
    WitnessReport,
)
from app.workflows import installation_log
from app.workflows.engine.errors import Subject, WorkflowError
from app.workflows.engine.rights import SYSTEM, Actor
from app.workflows.engine.transaction import Fact, end_reading, record, use_case
from app.workflows.rules import checkpoint as notes

AGREES, EMPTY, AHEAD, DIFFERS, CONFLICT, SILENT = WitnessFinding
DOUBTFUL = (AHEAD, DIFFERS, CONFLICT)
FRESH = dt.timedelta(hours=1)  # a comparison that is older does not open a vote
AT_ONCE = 20  # checkpoints that are sent one after the other
LOOKS = 3  # after somebody else was faster
LONGEST_SAID = 300


@dataclass(frozen=True)
class WitnessContradicted(Fact):
    """What a witness countersigned is not what is here; `finding` as in the table."""

    witness: str
    finding: WitnessFinding
    known_size: int
    own_size: int


@dataclass(frozen=True)
class WitnessAgreed(Fact):
    """After a contradiction the witness confirms the log again."""

    witness: str
    known_size: int


class NotCompared(WorkflowError):
    code = "log_not_compared"
    http_status = 503
    message = _("The log is just being compared with its witness. Please try again in a minute.")


class NoLogKey(WorkflowError):
    code = "no_log_key"
    http_status = 503
    message = _(
        "The key of the log is not here, or is not the one that signed its checkpoints, so the log cannot be compared"
        " with its witness. The administrator has to put its public key back."
    )


class LogDoubtful(WorkflowError):
    code = "log_doubtful"
    message = _("No vote can be opened. %(why)s The head of the body and the auditor decide how to go on.")


@dataclass(frozen=True)
class Seen:
    """What a witness said, compared with the log here; `note` and `about` where it does not fit."""

    finding: WitnessFinding
    known_size: int = 0
    own_size: int = 0
    note: str = ""
    about: str = ""
    said: str = ""


def look(witness: Witness) -> Seen:
    """Ask a witness what it knows and compare; nothing is open meanwhile, nothing is written."""
    log = _log_key()
    end_reading()
    if log is None:
        return Seen(SILENT, said="the key that signed the log is not here")
    try:
        conflict, latest = witness.conflict(log.name, log), witness.latest(log.name, log)
    except (Unreachable, Declined) as problem:
        return Seen(SILENT, said=str(problem)[:LONGEST_SAID])
    own = installation_log.size()
    end_reading()
    if conflict:
        known, other = conflict
        return Seen(CONFLICT, known.checkpoint.size, own, known.raw.decode() + "\n" + other.raw.decode(),
                    _sha256(known.text + other.text))  # fmt: skip
    if latest is None:
        return Seen(EMPTY, 0, own)
    size, root = latest.checkpoint.size, latest.checkpoint.root
    here = installation_log.head(size).root if size <= own else b""
    end_reading()
    if here == root:
        return Seen(AGREES, size, own)
    return Seen(AHEAD if size > own else DIFFERS, size, own, latest.raw.decode(), _sha256(latest.text))


@dataclass(frozen=True)
class Comparison:
    """What a witness says now, in a sentence; `doubtful` unless it fits or two people have declared the gap."""

    witness: str
    seen: Seen
    said: Any
    doubtful: bool

    def as_json(self) -> dict[str, Any]:
        """Name, code of the finding, the sizes, the sentence, and whether the gap is undeclared."""
        sizes = {"known_size": self.seen.known_size, "own_size": self.seen.own_size}
        told = {"witness": self.witness, "finding": self.seen.finding.value, **sizes}
        return {**told, "said": str(self.said), "doubtful": self.doubtful}


def compare() -> list[Comparison]:
    """Every witness asked now; nothing is written."""
    found = []
    for witness in pinned.witnesses():
        seen = look(witness)
        doubtful = seen.finding in DOUBTFUL and not is_declared(witness.name, seen.about)
        found.append(Comparison(witness.name, seen, sentence(seen, witness.name), doubtful))
        end_reading()
    return found


def attend(witness: Witness, body_id: int, now: dt.datetime) -> Seen:
    """Compare, keep what was found, and get the cosignatures that are missing. Safe to run side by side.

    Nothing is sent to a witness that knows another log: two contradictory checkpoints would be a conflict.
    """
    seen = look(witness)
    for _turn in range(LOOKS):
        if seen.finding not in (AGREES, EMPTY):
            break
        try:
            _submit(witness, seen.known_size, now)
            break
        except Behind:  # another worker was faster, or the operator let it go on from elsewhere
            seen = look(witness)
        except Unreachable as problem:
            seen = Seen(SILENT, said=str(problem)[:LONGEST_SAID])
        except Declined:
            seen = look(witness)
    keep_report(SYSTEM, body_id, witness.name, seen, now)
    return seen


def refresh(body_id: int, now: dt.datetime) -> None:
    """Compare with every witness that was not asked lately, so that a vote can be opened; some seconds at most."""
    stale = [witness for witness in pinned.witnesses() if not _fresh(witness.name, now)]
    end_reading()
    for witness in stale:
        keep_report(SYSTEM, body_id, witness.name, look(witness.hurried()), now)


@use_case
def keep_report(actor: Actor, body_id: int, witness: str, seen: Seen, now: dt.datetime) -> WitnessReport:
    """Write down what was found; that it does not fit, or fits again, is a fact of its own."""
    before = last_report(witness, telling=True)
    row = WitnessReport(
        body_id=body_id, witness=witness, finding=seen.finding, known_size=seen.known_size, own_size=seen.own_size,
        about=seen.about, note=seen.note, said=seen.said, at=now,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    if seen.finding in DOUBTFUL and (before is None or before.about != seen.about):
        sizes = {"known_size": seen.known_size, "own_size": seen.own_size}
        record(actor, WitnessContradicted.about(row, witness=witness, finding=seen.finding, **sizes), now)
    elif seen.finding in (AGREES, EMPTY) and before is not None and before.finding in DOUBTFUL:
        record(actor, WitnessAgreed.about(row, witness=witness, known_size=seen.known_size), now)
    return row


def last_report(witness: str, telling: bool = False) -> WitnessReport | None:
    """The last comparison with a witness; with `telling` the last one in which it answered."""
    rows = select(WitnessReport).where(WitnessReport.witness == witness)
    rows = rows.where(WitnessReport.finding != SILENT) if telling else rows
    return db.session.scalar(rows.order_by(WitnessReport.id.desc()).limit(1))


def doubts() -> list[WitnessReport]:
    """Of each pinned witness the last report, where it does not fit and two people have not declared the gap."""
    found = [last_report(witness.name, telling=True) for witness in pinned.witnesses()]
    doubtful = [report for report in found if report and report.finding in DOUBTFUL]
    return [report for report in doubtful if not is_declared(report.witness, report.about)]


def is_declared(witness: str, about: str) -> bool:
    """Whether two people have declared this very state of this witness."""
    gap = select(DeclaredGap.id).join(DeclaredGapConsent).join(WitnessReport, WitnessReport.id == DeclaredGap.report_id)
    same = gap.where(WitnessReport.witness == witness, WitnessReport.about == about)
    return db.session.scalar(same.limit(1)) is not None


def require_sound(subject: Subject, now: dt.datetime) -> None:
    """Refuse unless the log was lately compared with every witness, and is what they countersigned.

    A witness that gave no answer was asked, too: nothing waits for it. Our own key is no such matter: without it
    nobody can tell an old log from the right one, as on a machine where a backup came back without the keys.
    """
    if pinned.witnesses() and _log_key() is None:
        raise NoLogKey(subject)
    if any(not _fresh(witness.name, now) for witness in pinned.witnesses()):
        raise NotCompared(subject)
    for report in doubts():
        raise LogDoubtful(subject, why=sentence(report))


def sentence(report: WitnessReport | Seen, witness: str = "") -> Any:
    """What a comparison found, for people."""
    name = report.witness if isinstance(report, WitnessReport) else witness
    sizes = {"name": name, "known": report.known_size, "own": report.own_size}
    if report.finding is AHEAD:
        return _(
            "The witness %(name)s confirmed %(known)s entries of the log and only %(own)s are here: at least"
            " %(missing)s entries are missing, as after the restore of an old backup.",
            missing=report.known_size - report.own_size, **sizes,
        )  # fmt: skip
    if report.finding is DIFFERS:
        return _(
            "The log here is not the one of which the witness %(name)s confirmed %(known)s entries: up to %(missing)s"
            " of them are missing here, as after the restore of an old backup.",
            missing=report.known_size - common(name, report.known_size), **sizes,
        )  # fmt: skip
    if report.finding is SILENT:
        return _("The witness %(name)s gives no answer that can be believed: %(said)s.", name=name, said=report.said)
    return {
        AGREES: _("The witness %(name)s confirms the log up to entry %(known)s.", **sizes),
        EMPTY: _("The witness %(name)s has not confirmed anything yet.", **sizes),
        CONFLICT: _(
            "The witness %(name)s holds two signed checkpoints of %(known)s entries each that contradict each other.",
            **sizes,
        ),
    }[report.finding]  # fmt: skip


def common(witness: str, known_size: int) -> int:
    """How many entries are certainly the same: those under the last cosignature kept here that still fits."""
    rows = (
        select(Checkpoint.size, Checkpoint.root)
        .join(CheckpointCosignature)
        .where(CheckpointCosignature.witness == witness, Checkpoint.size <= known_size)
    )
    found = db.session.execute(rows.order_by(Checkpoint.size.desc()).limit(1)).one_or_none()
    if found is None or found.size > installation_log.size():
        return 0
    return found.size if installation_log.head(found.size).root.hex() == found.root else 0


class ConfirmationState(StrEnum):
    """What is known of a witness and a checkpoint."""

    SIGNED = "signed"
    FORMER = "former"  # kept when it was verified; the key of that witness is not pinned any more
    AWAITED = "awaited"
    BROKEN = "broken"  # there is a line, and it does not hold


@dataclass(frozen=True)
class Confirmation:
    """A witness and a checkpoint; `at` is the time that the witness itself signed (of a former one: when it came)."""

    witness: str
    state: ConfirmationState
    at: dt.datetime | None = None


def confirmations(checkpoint: Checkpoint) -> list[Confirmation]:
    """Of a checkpoint, those who cosigned it and those who have not yet; none where there is no witness."""
    text = notes.Note.parse(checkpoint.note).text
    keys = {each.name: notes.VerifierKey.parse(str(each.key)) for each in pinned.witnesses()}
    kept = [_confirmation(each, text, keys.get(each.witness)) for each in checkpoint.cosignatures]
    known = {each.witness for each in kept}
    return kept + [Confirmation(name, ConfirmationState.AWAITED) for name in keys if name not in known]


def confirmations_of(mark: installation_log.Mark | None) -> list[Confirmation]:
    """The same of what is printed and shown of a checkpoint."""
    return confirmations(db.session.get_one(Checkpoint, mark.checkpoint_id)) if mark is not None else []


def _confirmation(kept: CheckpointCosignature, text: str, key: notes.VerifierKey | None) -> Confirmation:
    """The signature is verified anew each time that somebody is told of it."""
    if key is None:
        return Confirmation(kept.witness, ConfirmationState.FORMER, kept.at)
    try:
        at = notes.cosigned_at(notes.Signature.parse(kept.line), text, key)
        return Confirmation(kept.witness, ConfirmationState.SIGNED, dt.datetime.fromtimestamp(at, dt.UTC))
    except (ValueError, OverflowError):
        return Confirmation(kept.witness, ConfirmationState.BROKEN)


def last_confirmations() -> list[tuple[str, dt.datetime | None]]:
    """Of each pinned witness, when its newest cosignature was kept here; None for none."""
    kept = select(CheckpointCosignature.witness, func.max(CheckpointCosignature.at))
    found = {row[0]: row[1] for row in db.session.execute(kept.group_by(CheckpointCosignature.witness)).all()}
    return [(witness.name, found.get(witness.name)) for witness in pinned.witnesses()]


def unconfirmed(witness: str) -> int | None:
    """The last checkpoint, when this witness has not cosigned it; None otherwise."""
    last = installation_log.last_checkpoint()
    if last is None or any(each.witness == witness for each in last.cosignatures):
        return None
    return last.id


def _submit(witness: Witness, known: int, now: dt.datetime) -> None:
    for checkpoint_id, size, note in _wanting(witness.name, known):
        proof = installation_log.consistency_proof(known, size) if known != size else []
        end_reading()
        made = witness.submit(known, proof, note)
        installation_log.keep_cosignature(SYSTEM, checkpoint_id, witness.name, made.line, now)
        known = size


def _wanting(witness: str, known: int) -> Sequence[tuple[int, int, bytes]]:
    """Checkpoints that this witness can still cosign, the smallest first: number, size and note."""
    has = select(CheckpointCosignature.checkpoint_id).where(CheckpointCosignature.witness == witness)
    rows = select(Checkpoint.id, Checkpoint.size, Checkpoint.note).where(
        Checkpoint.size >= known, Checkpoint.id.not_in(has), Checkpoint.size <= installation_log.size()
    )
    found = db.session.execute(rows.order_by(Checkpoint.size.desc()).limit(AT_ONCE)).all()
    end_reading()
    return [(row.id, row.size, row.note.encode()) for row in reversed(found)]


def _fresh(witness: str, now: dt.datetime) -> bool:
    """Whether the last comparison is of this hour; one from the future is not, when the clock was set back."""
    last = last_report(witness)
    return last is not None and abs(now - last.at) < FRESH


def _log_key() -> Key | None:
    """The pinned key of the log; None where there is none, and where another one signed the checkpoints."""
    key, last = installation_log.public_key(), installation_log.last_checkpoint()
    if key is None:
        return None
    found = Key(key.name, LOG, key.public)
    return found if last is None or Note.parse(last.note.encode()).signed_by(found) else None


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()
