"""The stored material of a slip, taken only when everything in it was verified again, to the byte."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.gateways.signing.errors import SigningError
from app.models import Slip, SlipAnswer, SlipDeemed, SlipLeaf, SlipState
from app.workflows import slip_closing, slip_copies, stored_proofs
from app.workflows.engine.errors import WorkflowError
from app.workflows.rules.ballot import roll_code
from app.workflows.rules.canonical import canonical
from app.workflows.rules.slip import check_answer, parse_answer, parse_slip_definition
from app.workflows.rules.slip_log import check_log, parse_leaf
from app.workflows.stored_proofs import Ended


class SlipBroken(WorkflowError):
    """The stored data contradict each other: nothing is made of them. `fault` says where, for the auditor."""

    code = "slip_broken"
    message = _("The stored data of this slip contradict each other, so nothing is handed out. Tell the auditor.")


@dataclass(frozen=True)
class SealedSlip:
    """Exact bytes of one slip: (statement, CMS) pairs in the order of the log, leaves likewise; `result` if counted."""

    definition: bytes
    leaves: list[bytes]
    answers: list[tuple[bytes, bytes]]
    result: bytes | None


def checked(slip: Slip) -> SealedSlip:
    """The material of an issued slip, every hash and signature verified and the result counted again.

    SlipBroken when anything differs from what is stored, to the byte. A slip under way is checked as far as it goes.
    """
    try:
        definition = parse_slip_definition(stored_proofs.as_frozen(slip.definition, slip.definition_sha256))
        leaves = _leaves(slip)
        log = [parse_leaf(leaf.data) for leaf in leaves]
        answers = _answers(slip)
        stored_proofs.check_logged("answer", [(each.leaf_seq, each.statement) for each in answers], log)
        pinned, ended = stored_proofs.pinned_in(definition, slip.recipients), stored_proofs.ended_in(slip.body_id)
        for answer in answers:
            _check_answer(answer, definition, pinned, ended)
        statements = [answer.statement for answer in answers]
        stored_proofs.check_confirmed(definition, statements, stored_proofs.proofs_beside(statements))
        slip_copies.check_copies(slip, definition, log, answers)
        if slip.state is not SlipState.ISSUED:
            check_log(log)
        if slip.result is not None:
            _check_result(slip, log)
    except (ValueError, LookupError, SigningError) as fault:
        raise SlipBroken(slip, fault=str(fault)) from fault
    return SealedSlip(
        definition=slip.definition or b"", leaves=[leaf.data for leaf in leaves], result=slip.result,
        answers=[(each.statement.statement, each.statement.cms) for each in answers],
    )  # fmt: skip


def _leaves(slip: Slip) -> list[SlipLeaf]:
    leaves = list(db.session.scalars(select(SlipLeaf).where(SlipLeaf.slip_id == slip.id).order_by(SlipLeaf.seq)))
    stored_proofs.check_leaves(leaves)
    return leaves


def _answers(slip: Slip) -> list[SlipAnswer]:
    rows = select(SlipAnswer).where(SlipAnswer.slip_id == slip.id).order_by(SlipAnswer.leaf_seq)
    return list(db.session.scalars(rows.options(joinedload(SlipAnswer.statement))))


def _check_answer(answer: SlipAnswer, definition: Mapping[str, Any], pinned: Mapping[str, bytes], ended: Ended) -> None:
    said = parse_answer(answer.statement.statement)
    check_answer(definition, said)
    if said["nonce"] != answer.nonce:
        raise ValueError(f"answer {answer.id} says otherwise than what was signed")
    stored_proofs.check_signed(answer.statement, pinned[said["member"]], ended)


def _check_result(slip: Slip, log: list[dict[str, Any]]) -> None:
    """Both counts say what is stored, and those who are deemed in the database are those of the close."""
    counted = slip_closing.count(slip)
    if (canonical(counted), counted["outcome"]) != (slip.result, slip.outcome and slip.outcome.value):
        raise ValueError("the stored result is not what the answers say")
    if odd := slip_closing.differences(slip):
        raise ValueError(f"the second count differs from the first one: {', '.join(odd)}")
    deemed = set(db.session.scalars(select(SlipDeemed.member_id).where(SlipDeemed.slip_id == slip.id)))
    codes = [roll_code(entry.roll_index) for entry in slip.recipients if entry.member_id in deemed]
    if codes != log[-1]["deemed"]:
        raise ValueError("those who are deemed to agree are not those of the log")
