"""What the rows of a slip repeat of what was frozen, signed, logged or recorded: pages show it, so it says the same.

Each check raises ValueError, which names what differs.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import (
    ApprovalAct,
    AuditEntry,
    Opinion,
    OpinionGroup,
    OpinionReply,
    OpinionTable,
    Slip,
    SlipAnswer,
    SlipAttachment,
    SlipDecision,
    SlipDeemed,
    SlipRecipient,
    SlipState,
)
from app.workflows import slips
from app.workflows.engine.transaction import plain
from app.workflows.rules.ballot import roll_code
from app.workflows.rules.calendar import iso_utc
from app.workflows.rules.canonical import canonical, clean_text, digest, parse_canonical, tagged_digest
from app.workflows.rules.opinions import Opinion as Written
from app.workflows.rules.opinions import opinions_in
from app.workflows.rules.passkey import PIN, PIN_AND_PASSKEY
from app.workflows.rules.slip import main_question, parse_answer
from app.workflows.rules.slip_log import CLOSED, EXTENDED, RECALLED, deadline_of
from app.workflows.slip_facts import (
    ExplanationsSubmitted,
    ExplanationsTakenBack,
    SlipApproved,
    SlipDecided,
    SlipReturned,
    SlipStepApproved,
    SlipSubmitted,
    SlipWithdrawn,
)

ON_THE_ROLL = ("index", "member", "name", "post", "abbreviation", "head", "certificate_sha256")
ACTS = {
    SlipSubmitted.__name__: ApprovalAct.SUBMITTED, SlipStepApproved.__name__: ApprovalAct.APPROVED,
    SlipApproved.__name__: ApprovalAct.APPROVED, SlipReturned.__name__: ApprovalAct.RETURNED,
    SlipWithdrawn.__name__: ApprovalAct.WITHDRAWN,
}  # fmt: skip


EXPLAINED = (ExplanationsSubmitted.__name__, ExplanationsTakenBack.__name__)


def check_copies(
    slip: Slip, definition: Mapping[str, Any], log: Sequence[Mapping[str, Any]], answers: Sequence[SlipAnswer]
) -> None:
    """Every row of an issued slip against its definition, its log, its answers and the facts that tell of it."""
    _same("what is asked", _asked(slip), _frozen(definition))
    _same("the roll", _roll(slip), [{name: entry[name] for name in ON_THE_ROLL} for entry in definition["roll"]])
    _check_times(slip, log)
    _check_answers(slip, definition, answers)
    _check_facts(slip)
    if slip.result is not None:
        _check_silence(slip, definition)
        _check_opinions(slip)


def _same(name: str, kept: Any, wanted: Any) -> None:
    if kept != wanted:
        raise ValueError(f"{name}: the rows say otherwise than what was sealed")


def _asked(slip: Slip) -> dict[str, Any]:
    main, rules = slips.main_question(slip), slip.rule_set
    return {
        "number": slip.number_text, "round": slip.round, "matter": slip.matter, "legal_basis": slip.legal_basis,
        "previous": f"sha256:{slip.previous.definition_sha256}" if slip.previous else None,
        "urgency": slip.urgency.value, "issued_at": slip.issued_at and iso_utc(slip.issued_at),
        "evidence": PIN_AND_PASSKEY if slip.passkey_demanded else PIN,
        "rule_set": (rules.code, clean_text(rules.legal_source)) if rules else None,
        "questions": [
            {"index": row.position, "kind": row.kind.value, "text": row.text, "options": list(row.options),
             "main": row is main}
            for row in slip.questions
        ],
        "papers": [(row.version.number, row.version.sha256, row.version.pages, row.draft) for row in slip.papers],
    }  # fmt: skip


def _frozen(definition: Mapping[str, Any]) -> dict[str, Any]:
    names = "number", "round", "matter", "legal_basis", "previous", "urgency", "issued_at", "evidence", "questions"
    rules, papers = definition["rule_set"], definition["papers"]
    return {name: definition[name] for name in names} | {
        "rule_set": (rules["code"], rules["legal_source"]),
        "papers": [(each["version"], each["sha256"], each["pages"], each["draft"]) for each in papers],
    }


def _roll(slip: Slip) -> list[dict[str, Any]]:
    return [
        {
            "index": entry.roll_index, "member": roll_code(entry.roll_index), "name": clean_text(entry.name),
            "post": clean_text(entry.post), "abbreviation": clean_text(entry.abbreviation), "head": entry.is_head,
            "certificate_sha256": digest(entry.certificate.der) if entry.certificate else None,
        }
        for entry in slip.recipients
    ]  # fmt: skip


def _check_times(slip: Slip, log: Sequence[Mapping[str, Any]]) -> None:
    """Deadline, extensions and end are those of the log."""
    _same("the deadline", slip.deadline_at and iso_utc(slip.deadline_at), deadline_of(log))
    kept = [(iso_utc(each.old_deadline_at), iso_utc(each.new_deadline_at), each.reason) for each in slip.extensions]
    moved = [(entry["before"], entry["after"], entry["reason"]) for entry in log if entry["kind"] == EXTENDED]
    _same("the extensions", kept, moved)
    end = log[-1]
    _same("the recall", slip.state is SlipState.RECALLED, end["kind"] == RECALLED)
    _same("the close", slip.result is not None, end["kind"] == CLOSED)
    ended_at = slip.closed_at if end["kind"] == CLOSED else slip.ended_at
    if end["kind"] in (CLOSED, RECALLED):
        _same("the reason of the end", slip.reason, end["reason"])
        if end["at"] != log[-2]["at"]:  # the log never goes back, whatever the clock does
            _same("the time of the end", ended_at and iso_utc(ended_at), end["at"])


def _check_answers(slip: Slip, definition: Mapping[str, Any], answers: Sequence[SlipAnswer]) -> None:
    """Each answer is of the member who signed it, says what was signed, and carries the files that it names."""
    codes = {entry.member_id: roll_code(entry.roll_index) for entry in slip.recipients}
    files, main = _files(slip), main_question(definition)
    signed = {answer.id: tagged_digest(answer.statement.statement) for answer in answers}
    for answer in answers:
        said, place = parse_answer(answer.statement.statement), f"answer {answer.id}"
        chosen = said["answers"][main - 1]["choice"] if main else None
        _same(f"{place}: the member", (codes.get(answer.member_id), answer.statement.person_id),
              (said["member"], answer.member_id))  # fmt: skip
        _same(f"{place}: the choice", answer.choice and answer.choice.value, chosen)
        _same(f"{place}: what it supersedes", signed.get(answer.supersedes_id or 0), said["supersedes"])
        _same(f"{place}: the time", answer.answered_at, answer.statement.signed_at)
        _same(f"{place}: the files", files[answer.id], [
            (answer.member_id, each["name"], each["sha256"], each["size"]) for each in said["attachments"]
        ])  # fmt: skip


def _files(slip: Slip) -> Mapping[int, list[tuple[int, str, str, int]]]:
    """Of each answer the files beside it, in their order: member, name, hash and size."""
    rows = select(SlipAttachment).join(SlipAnswer, SlipAnswer.id == SlipAttachment.answer_id)
    rows = rows.where(SlipAnswer.slip_id == slip.id).options(joinedload(SlipAttachment.upload))
    found = defaultdict[int, list[tuple[int, str, str, int]]](list)
    for row in db.session.scalars(rows.order_by(SlipAttachment.answer_id, SlipAttachment.position)):
        found[row.answer_id].append((row.upload.member_id, row.upload.name, row.upload.sha256, row.upload.size))
    return found


def _check_silence(slip: Slip, definition: Mapping[str, Any]) -> None:
    """Whoever is deemed to agree is so by the rule set of the slip, from its close on."""
    wanted = (slip.rule_set_id, definition["rule_set"]["legal_source"], slip.closed_at)
    for row in db.session.scalars(select(SlipDeemed).where(SlipDeemed.slip_id == slip.id)):
        _same(f"the silence of {row.member_id}", (row.rule_set_id, clean_text(row.source), row.at), wanted)


def _check_opinions(slip: Slip) -> None:
    """The list of opinions holds every text of the standing answers, and nothing else (rule:R64)."""
    codes = {entry.member_id: roll_code(entry.roll_index) for entry in slip.recipients}
    listed = [
        Written(codes[row.member_id], row.question, row.article, row.choice and row.choice.value, row.text)
        for row in db.session.scalars(select(Opinion).where(Opinion.slip_id == slip.id))
    ]
    wanted = opinions_in(parse_canonical(slip.result or b"")["answers"])
    _same("the opinions", sorted(listed, key=_in_order), sorted(wanted, key=_in_order))


def _in_order(one: Written) -> tuple[int, int, str]:
    return one.question, one.article, one.member


def _check_facts(slip: Slip) -> None:
    """Approval, explanations and decision are those of the facts, which the log of the installation holds."""
    names = [*ACTS, SlipDecided.__name__, *EXPLAINED]
    rows = select(AuditEntry).where(AuditEntry.subject_type == Slip.__tablename__, AuditEntry.subject_id == slip.id)
    facts = list(db.session.scalars(rows.where(AuditEntry.fact.in_(names)).order_by(AuditEntry.id)))
    acts = [
        (ACTS[fact.fact], fact.at, fact.actor_id, fact.payload.get("reason") or fact.payload.get("remark", ""))
        for fact in facts if fact.fact in ACTS
    ]  # fmt: skip
    kept = [(row.act, row.at, row.person_id, row.remark) for row in slip.approvals]
    _same("the way of approval", kept, acts)
    _check_explanations(slip, [fact for fact in facts if fact.fact in EXPLAINED])
    _check_decision(slip, [fact.payload for fact in facts if fact.fact == SlipDecided.__name__])


def _check_explanations(slip: Slip, told: Sequence[AuditEntry]) -> None:
    """A table that stands as submitted says what was submitted, and when."""
    last = told[-1] if told and told[-1].fact == ExplanationsSubmitted.__name__ else None
    table = db.session.get(OpinionTable, slip.id)
    _same("the time of the explanations", table and table.submitted_at, last and last.at)
    if last is not None:
        _same("the explanations", digest(canonical(_explained(slip))), last.payload["sha256"])


def _explained(slip: Slip) -> list[list[Any]]:
    """Every row of the table as it was submitted: number, opinions with the leading one first, what was answered."""
    rows = (
        select(Opinion.id, Opinion.question, Opinion.article, OpinionGroup.leader_id)
        .join(OpinionGroup, OpinionGroup.opinion_id == Opinion.id)
        .join(SlipRecipient, (SlipRecipient.slip_id == Opinion.slip_id)
              & (SlipRecipient.member_id == Opinion.member_id))
        .where(Opinion.slip_id == slip.id)
        .order_by(Opinion.question, Opinion.article, SlipRecipient.roll_index)
    )  # fmt: skip
    groups: dict[tuple[int, int, int], list[int]] = {}
    for number, question, article, leader in db.session.execute(rows):
        groups.setdefault((question, article, leader), []).append(number)
    replies = {row.leader_id: row for row in db.session.scalars(select(OpinionReply).filter_by(slip_id=slip.id))}
    return [
        [place, sorted(opinions, key=leader.__ne__), *_said(replies.get(leader))]
        for place, ((_question, _article, leader), opinions) in enumerate(groups.items(), start=1)
    ]


def _said(reply: OpinionReply | None) -> tuple[str | None, str, str, str]:
    if reply is None:
        return None, "", "", ""
    return reply.stance and reply.stance.value, reply.explanation, reply.path, reply.quote


def _check_decision(slip: Slip, told: Iterable[Mapping[str, Any]]) -> None:
    decided = db.session.get(SlipDecision, slip.id)
    kept = [] if decided is None else [
        plain({"way": decided.way, "reason": decided.reason, "tie_confirmed": decided.tie_confirmed,
               "resubmit_on": decided.resubmit_on})
    ]  # fmt: skip
    names = "way", "reason", "tie_confirmed", "resubmit_on"
    _same("the decision", kept, [{name: fact[name] for name in names} for fact in told])
