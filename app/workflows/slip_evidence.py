"""The evidence of an opinion slip (hồ sơ chứng cứ của phiếu lấy ý kiến): everything that was signed, as one file."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.gateways import signing, timestamp
from app.models import Person, SignedStatement, Slip, SlipDeemed, SlipState
from app.workflows import installation_log, key_places, log_proofs, slip_closing, slip_rows, slip_sealed, stored_proofs
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import end_reading, record, record_refusal, use_case
from app.workflows.engine.visibility import seen
from app.workflows.evidence import EvidenceTaken
from app.workflows.rules.ballot import roll_code
from app.workflows.rules.calendar import iso_utc
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.evidence import KEY_PLACES, STAMP, bundle
from app.workflows.rules.evidence import key_places as places_file
from app.workflows.rules.slip import parse_slip_definition
from app.workflows.rules.slip_evidence import RECORDS, slip_bundle_files, slip_records

SLIP_BUNDLE = "slip_bundle"
OVER = frozenset({SlipState.CLOSED, SlipState.REPORTED, SlipState.DECIDED, SlipState.RECALLED})
GUIDE = Path(__file__).parent / "HOW-TO-VERIFY-A-SLIP.md"


class SlipEvidenceTooEarly(WorkflowError):
    code = "slip_evidence_too_early"
    message = _("The evidence of a slip is handed out after it is closed or recalled.")


def may_take(actor: Actor, slip: Slip) -> bool:
    """After the end, those who see what everybody answered: the Government Office, head and deputies, auditors."""
    return slip.state in OVER and actor.may(Right.SLIP_BOARD, slip)


def part(actor: Actor, slip_id: int) -> bytes:
    """The same as part of something whose handing out is recorded itself; made with nothing open."""
    slip = seen(actor, Slip, slip_id)
    actor.require(Right.SLIP_BOARD, slip)
    if slip.state not in OVER:
        raise SlipEvidenceTooEarly(slip)
    material = _material(slip)
    end_reading()
    return bundle(material.files())


def bundle_of(actor: Actor, slip_id: int, now: dt.datetime) -> bytes:
    """The evidence of a slip that is over as a zip, the same bytes from the same data; who took it is recorded.

    Everything is verified before: each signature, the log, and the result by both counts. A slip that was recalled has
    its answers and no result.
    """
    end_reading()
    try:
        made = part(actor, slip_id)
    except WorkflowError as refusal:
        record_refusal(SLIP_BUNDLE, actor, refusal)
        raise
    _taken(actor, slip_id, digest(made), now)
    return made


@use_case
def _taken(actor: Actor, slip_id: int, sha256: str, now: dt.datetime) -> None:
    record(actor, EvidenceTaken.about(seen(actor, Slip, slip_id), kind=SLIP_BUNDLE, sha256=sha256), now)


@dataclass(frozen=True)
class _Material:
    """What was read of a slip, all of it verified."""

    checked: slip_sealed.SealedSlip
    certificates: dict[str, bytes]
    beside: dict[str, list[tuple[str, bytes]]]
    more: dict[str, bytes]

    def files(self) -> dict[str, bytes]:
        told = {**self.more, "HOW-TO-VERIFY.md": GUIDE.read_bytes()}
        return slip_bundle_files(
            self.checked.definition, self.checked.answers, self.certificates, self.checked.leaves, self.checked.result,
            self.beside, told,
        )  # fmt: skip


def _material(slip: Slip) -> _Material:
    checked = slip_sealed.checked(slip)
    statements = [answer.statement for answer in slip_rows.answers_of(slip.id)]
    try:
        beside = stored_proofs.proofs_beside(statements)
    except ValueError as fault:
        raise slip_sealed.SlipBroken(slip, fault=str(fault)) from fault
    more = {
        RECORDS: _records(slip, checked.definition), KEY_PLACES: _places(slip, checked.definition),
        **log_proofs.files_about(installation_log.entry_of(installation_log.OF_SLIP, slip.id)),
    }  # fmt: skip
    if checked.result is not None:
        more["computation.json"] = canonical(slip_closing.recounted(slip))
    return _Material(checked, _certificates(slip, statements, beside), beside, more)


def _certificates(
    slip: Slip, statements: list[SignedStatement], beside: dict[str, list[tuple[str, bytes]]]
) -> dict[str, bytes]:
    """Those of the roll and of the answers, and the authorities behind them and behind the time stamps."""
    held = [entry.certificate.der for entry in slip.recipients if entry.certificate]
    held += [statement.certificate.der for statement in statements]
    stamped = any(end == STAMP for proofs in beside.values() for end, _content in proofs)
    found = {digest(der): der for der in (*held, *signing.trusted(), *(timestamp.trusted() if stamped else ()))}
    return dict(sorted(found.items()))


def _places(slip: Slip, definition: bytes) -> bytes:
    """Where the keys of the roll are kept: what was frozen, as far as it was."""
    frozen = {
        entry["certificate_sha256"]: entry.get("key_place") for entry in parse_slip_definition(definition)["roll"]
    }
    today = key_places.places_by_hash(entry.certificate for entry in slip.recipients if entry.certificate)
    return places_file({sha256: frozen.get(sha256) or place for sha256, place in today.items()})


def _records(slip: Slip, definition: bytes) -> bytes:
    """Who was deemed to agree and by which source; each later deadline and who gave it."""
    code = parse_slip_definition(definition)["rule_set"]["code"]
    rows = db.session.scalars(select(SlipDeemed).where(SlipDeemed.slip_id == slip.id))
    silent = {row.member_id: row for row in rows}
    deemed = [
        {"member": roll_code(entry.roll_index), "rule_set": code, "source": silent[entry.member_id].source,
         "at": iso_utc(silent[entry.member_id].at)}
        for entry in slip.recipients if entry.member_id in silent
    ]  # fmt: skip
    extensions = [
        {"before": iso_utc(each.old_deadline_at), "after": iso_utc(each.new_deadline_at), "reason": each.reason,
         "by": _name(each.by_id), "at": iso_utc(each.at)}
        for each in slip.extensions
    ]  # fmt: skip
    return slip_records(definition, deemed, extensions)


def _name(person_id: int | None) -> str | None:
    person = db.session.get(Person, person_id) if person_id is not None else None
    return person.full_name if person else None
